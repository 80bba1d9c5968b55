/*
 * The environment of the program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/env.h"

#include <stdlib.h>

#include "base/text.h"

#define DEFAULT_PATH                                                           \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The name of a variable; empty if it has no `=`, and then it is dropped. */
static struct slice
name_of(const char *variable)
{
	const char *equals = strchr(variable, '=');

	return slice_of(variable,
			equals == NULL ? 0 : (size_t)(equals - variable));
}

static bool
is_name(struct slice name)
{
	if (name.len == 0 || ascii_is_digit(name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_')
			return false;
	}
	return true;
}

/* Variables that a client or a server must not set for the program: HTTP_PROXY
 * (httpoxy), those of corswrap and of systemd, and those of the loader. */
static bool
is_dropped(struct slice name)
{
	return !is_name(name) || slice_eq(name, SLICE("HTTP_PROXY")) ||
	       slice_starts(name, SLICE("CORSWRAP_")) ||
	       slice_starts(name, SLICE("REDIRECT_CORSWRAP_")) ||
	       slice_starts(name, SLICE("LISTEN_")) ||
	       slice_eq(name, SLICE("NOTIFY_SOCKET")) ||
	       slice_starts(name, SLICE("LD_")) ||
	       slice_eq(name, SLICE("FCGI_ROLE"));
}

struct builder {
	char **to;
	size_t count;
	char *at; /* free memory for new variables */
};

/* The index of a name, from `from` on, or the count. */
static size_t
find(const struct builder *b, size_t from, struct slice name)
{
	size_t i = from;

	while (i < b->count && (strncmp(b->to[i], name.ptr, name.len) != 0 ||
				b->to[i][name.len] != '='))
		i++;
	return i;
}

static bool
has(const struct builder *b, struct slice name)
{
	return find(b, 0, name) < b->count;
}

/* Remove every variable of that name. */
static void
unset(struct builder *b, struct slice name)
{
	size_t i = 0;

	while ((i = find(b, i, name)) < b->count)
		b->to[i] = b->to[--b->count];
}

static void
set(struct builder *b, char *variable)
{
	unset(b, name_of(variable));
	b->to[b->count++] = variable;
}

/* Set the variable, as "NAME=value" in the builder's memory; a value of NULL:
 * remove it. */
static void
set_made(struct builder *b, struct slice name, const char *value)
{
	char *made = b->at;
	size_t len;

	if (value == NULL) {
		unset(b, name);
		return;
	}
	len = strlen(value) + 1;
	memcpy(b->at, name.ptr, name.len);
	b->at += name.len;
	*b->at++ = '=';
	memcpy(b->at, value, len);
	b->at += len;
	set(b, made);
}

/* ---- new variables ---- */

static const char *
authorization(const struct settings *settings, const struct exchange *exchange)
{
	if (!settings->app.restore_authorization)
		return NULL;
	return variables_find(exchange->variables,
			      "REDIRECT_HTTP_AUTHORIZATION");
}

static size_t
made_size(const struct script *script, const char *auth)
{
	const char *values[] = {script->script_name, script->script_filename,
				script->path_info, script->path_translated,
				auth};
	size_t size = 192; /* names, CONTENT_LENGTH */

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		size += values[i] == NULL ? 0 : strlen(values[i]) + 1;
	return size;
}

static void
set_names(struct builder *b, const struct script *script)
{
	if (!script->rewritten)
		return;
	set_made(b, SLICE("SCRIPT_NAME"), script->script_name);
	set_made(b, SLICE("SCRIPT_FILENAME"), script->script_filename);
	set_made(b, SLICE("PATH_INFO"), script->path_info);
	set_made(b, SLICE("PATH_TRANSLATED"), script->path_translated);
	/* It describes the internal redirect to corswrap.  If there is a
	 * PATH_INFO, php-cgi would look for its script by it, and fail. */
	unset(b, SLICE("REDIRECT_URL"));
}

/* RFC 3875, 4.1.6: without a PATH_INFO there is no PATH_TRANSLATED, but
 * nginx and Caddy always join document root and PATH_INFO, even if that is
 * empty.
 */
static void
unset_path_translated(struct builder *b)
{
	size_t i = find(b, 0, SLICE("PATH_INFO"));

	if (i == b->count || b->to[i][sizeof("PATH_INFO=") - 1] == '\0')
		unset(b, SLICE("PATH_TRANSLATED"));
}

/* The body has been read whole: its length is known even if the client did not
 * send it.  Caddy says -1 for a body in chunks. */
static void
set_length(struct builder *b, const struct body *body)
{
	char length[TEXT_DECIMAL_MAX + 1];
	size_t i;

	if (body->length == 0) {
		i = find(b, 0, SLICE("CONTENT_LENGTH"));
		if (i < b->count && strcmp(b->to[i], "CONTENT_LENGTH=-1") == 0)
			unset(b, SLICE("CONTENT_LENGTH"));
		return;
	}
	length[text_put_decimal(length, body->length)] = '\0';
	set_made(b, SLICE("CONTENT_LENGTH"), length);
}

static char *
literal(const char *text)
{
	/* execve's argv and envp are not const for old callers' sake. */
	union {
		const char *in;
		char *out;
	} cast = {text};

	return cast.out;
}

/* php-cgi refuses to run without it.  nginx' $status, which shows a request
 * for an error_page, is "000" otherwise. */
static void
set_redirect_status(struct builder *b)
{
	static const char none[] = "REDIRECT_STATUS=000";
	size_t i = find(b, 0, SLICE("REDIRECT_STATUS"));

	if (i == b->count || strcmp(b->to[i], none) == 0)
		set(b, literal("REDIRECT_STATUS=200"));
}

/*
 * Variables that are the same in each request come first: a warm php-cgi has
 * them in its own environment, which it puts before a request's variables.
 */
static void
set_lasting(struct builder *b, const struct app *app)
{
	size_t from, count;

	for (size_t i = 0; app->env[i] != NULL; i++)
		unset(b, name_of(app->env[i]));
	from = b->count;
	for (size_t i = 0; app->env[i] != NULL; i++)
		set(b, app->env[i]);
	if (!has(b, SLICE("PATH")))
		set(b, literal(DEFAULT_PATH));
	count = b->count - from;
	/* The array has room for as many again. */
	memmove(b->to + count, b->to, b->count * sizeof(*b->to));
	memmove(b->to, b->to + b->count, count * sizeof(*b->to));
}

static void
set_defaults(struct builder *b, const struct app *app)
{
	set_lasting(b, app);
	/* RFC 3875, 4.1.7: it must be set, even if it is empty; HAProxy
	 * leaves an empty one out. */
	if (!has(b, SLICE("QUERY_STRING")))
		set(b, literal("QUERY_STRING="));
	set_redirect_status(b);
}

static size_t
count_of(char *const *list)
{
	size_t count = 0;

	while (list[count] != NULL)
		count++;
	return count;
}

int
env_build(const struct settings *settings, const struct exchange *exchange,
	  const struct script *script, const struct body *body, struct env *out)
{
	const char *auth = authorization(settings, exchange);
	size_t count = count_of(exchange->variables) +
		       2 * count_of(settings->app.env) + 17;
	struct builder b = {NULL, 0, NULL};

	out->variables = calloc(count, sizeof(char *));
	out->memory = malloc(made_size(script, auth));
	if (out->variables == NULL || out->memory == NULL) {
		env_free(out);
		return -1;
	}
	b.to = out->variables;
	b.at = out->memory;
	for (char **v = exchange->variables; *v != NULL; v++)
		if (!is_dropped(name_of(*v)))
			b.to[b.count++] = *v;
	if (auth != NULL)
		set_made(&b, SLICE("HTTP_AUTHORIZATION"), auth);
	set_names(&b, script);
	unset_path_translated(&b);
	set_length(&b, body);
	set_defaults(&b, &settings->app);
	b.to[b.count] = NULL;
	return 0;
}

void
env_free(struct env *env)
{
	free(env->variables);
	free(env->memory);
	*env = (struct env){NULL, NULL};
}
