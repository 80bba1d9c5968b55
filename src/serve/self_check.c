/*
 * [app] self-check: what corswrap found, for users without a shell on the
 * server.
 *
 * A user with only FTP and a browser cannot run `corswrap -t`, cannot see
 * which user programs run as, and gets only a 500 if they cannot read the log.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/self_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/text.h"
#include "run/body.h"
#include "run/env.h"
#include "run/script.h"

/* ---- the request ---- */

/* The value of corswrap-check in the query; absent: it is not there. */
static struct slice
token_of(const struct exchange *x)
{
	const struct slice name = SLICE("corswrap-check=");
	struct slice query =
	    slice_from(variables_find(x->variables, "QUERY_STRING"));

	while (query.len > 0) {
		size_t len = text_find(query, '&');
		struct slice part = slice_of(query.ptr, len);
		if (slice_starts(part, name))
			return slice_after(part, name.len);
		query = slice_after(query, len + 1);
	}
	return SLICE_NONE;
}

/* The time must not depend on the bytes of the token; its length is no
 * secret. */
static bool
is_equal(struct slice a, struct slice b)
{
	unsigned char difference = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		difference |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
	return difference == 0;
}

bool
self_check_asked(const struct settings *settings, const struct exchange *x,
		 const struct request *request)
{
	return settings->app.self_check != NULL &&
	       slice_eq(request->method, SLICE("GET")) &&
	       is_equal(token_of(x), slice_from(settings->app.self_check));
}

/* ---- the report ---- */

static void
put_quoted(FILE *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char quoted[TEXT_QUOTED_BYTE_MAX];
		size_t len = text_quote_byte(text.ptr[i], quoted);
		fwrite(quoted, 1, len, out);
	}
}

/* Write the path, and the file's mode in octal, owner, and our access to it. */
static void
put_file(FILE *out, const char *what, const char *path)
{
	struct stat status;

	fprintf(out, "%s: ", what);
	put_quoted(out, slice_from(path));
	if (stat(path, &status) != 0) {
		fprintf(out, ": %s\n", strerror(errno));
		return;
	}
	fprintf(out,
		"\n    mode %04o, owner %ld, group %ld; this user may%s%s%s\n",
		(unsigned)(status.st_mode & 07777), (long)status.st_uid,
		(long)status.st_gid, access(path, R_OK) == 0 ? " read" : "",
		access(path, W_OK) == 0 ? " write" : "",
		access(path, X_OK) == 0 ? " execute" : "");
}

static void
put_policy(FILE *out, const struct settings *settings, bool fastcgi)
{
	const struct load_options options = {
	    .use = fastcgi ? LOAD_FASTCGI : LOAD_CGI, .warnings = true};
	struct diag_list *diags = diag_list_new();

	put_file(out, "policy", settings->file);
	for (size_t i = 0; i < settings->policies->count; i++) {
		struct slice name = settings->policies->policies[i]->spec.name;
		fprintf(out, "    [cors%s", name.len > 0 ? " " : "");
		put_quoted(out, name);
		fprintf(out, "]\n");
	}
	if (diags == NULL) {
		fprintf(out, "diagnostics: no memory\n");
		return;
	}
	settings_release(settings_load(settings->file, &options, diags));
	if (diag_total(diags) == 0)
		fprintf(out, "diagnostics: no errors or warnings\n");
	else
		fprintf(out, "diagnostics:\n");
	diag_print(diags, out);
	diag_list_free(diags);
}

static void
put_variable(FILE *out, const char *variable)
{
	static const char *const secret[] = {"HTTP_AUTHORIZATION=",
					     "HTTP_COOKIE=",
					     "HTTP_PROXY_AUTHORIZATION=",
					     "REDIRECT_HTTP_AUTHORIZATION=",
					     "QUERY_STRING=",
					     "REQUEST_URI="};

	fprintf(out, "    ");
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (strncmp(variable, secret[i], strlen(secret[i])) == 0) {
			fprintf(out, "%s...\n", secret[i]);
			return;
		}
	put_quoted(out, slice_from(variable));
	fprintf(out, "\n");
}

static void
put_script(FILE *out, const struct settings *settings, struct exchange *x,
	   const struct script *script)
{
	struct body none = {0};
	struct env env;

	if (script->argv == NULL) {
		fprintf(out,
			"program: not started, the request is forwarded\n");
	} else {
		put_file(out, "program", script->argv[0]);
		if (script->path != NULL &&
		    strcmp(script->path, script->argv[0]) != 0)
			put_file(out, "script", script->path);
		fprintf(out, "directory: ");
		put_quoted(out, slice_from(script->directory == NULL
					       ? "."
					       : script->directory));
		fprintf(out, "\n");
	}
	if (env_build(settings, x, script, &none, &env) != 0)
		return;
	fprintf(out, "variables:\n");
	for (char **v = env.variables; *v != NULL; v++)
		put_variable(out, *v);
	env_free(&env);
}

static void
put_program(FILE *out, const struct settings *settings, struct exchange *x,
	    const struct request *request)
{
	static const char *const names[] = {"SCRIPT_FILENAME",
					    "PATH_TRANSLATED"};
	struct script script = {0};
	int status = script_resolve(settings, x, request, &script);

	if (status == 0) {
		put_script(out, settings, x, &script);
		script_free(&script);
		return;
	}
	fprintf(out, "program: cannot run, the response would be %d: %s\n",
		status,
		x->outcome.failure == NULL ? "the log says why"
					   : x->outcome.failure);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *named = variables_find(x->variables, names[i]);
		if (named != NULL)
			put_file(out, names[i], named);
	}
}

static void
put_all(FILE *out, const struct settings *settings, struct exchange *x,
	const struct request *request)
{
	const char *software = variables_find(x->variables, "SERVER_SOFTWARE");

	fprintf(out, "corswrap %s, self-check\n\n", PACKAGE_VERSION);
	put_policy(out, settings, x->fastcgi);
	fprintf(out, "\nserver: ");
	put_quoted(out, slice_from(software == NULL ? "not named" : software));
	fprintf(out, ", %s\nuser %ld, group %ld\n\n",
		x->fastcgi ? "FastCGI" : "CGI", (long)geteuid(),
		(long)getegid());
	put_program(out, settings, x, request);
}

static int
send_text(struct exchange *x, const char *text, size_t len)
{
	char header[200];
	int n = snprintf(header, sizeof(header),
			 "Status: 200 OK\r\n"
			 "Content-Type: text/plain; charset=utf-8\r\n"
			 "X-Content-Type-Options: nosniff\r\n"
			 "Cache-Control: no-store\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 len);

	x->outcome.body_bytes += len;
	return x->out->write(x->out, header, (size_t)n) < 0
		   ? -1
		   : x->out->write(x->out, text, len);
}

int
self_check_answer(const struct settings *settings, struct exchange *x,
		  const struct request *request)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = memory_stream(&text, &len);
	int result = 1;

	if (out == NULL)
		return 1;
	put_all(out, settings, x, request);
	/* If it fails, memory was short, and the text is cut off. */
	if (fclose(out) == 0) {
		x->outcome.status = 200;
		x->outcome.failure = NULL;
		result = send_text(x, text, len);
	}
	free(text);
	return result;
}
