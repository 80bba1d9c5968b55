/*
 * The text of a first policy, checked by the loader that will read it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/os.h"
#include "base/text.h"
#include "policy/settings.h"

/* ---- checking ---- */

/* Print errors, and warnings if wanted, as "corscheck: init: WHAT: ...".
 * False: there is an error. */
static bool
print_diags(const struct diag_list *diags, const char *what, bool warnings)
{
	bool good = true;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *d = diag_at(diags, i);
		bool is_error = d->severity == SEVERITY_ERROR;
		if (d->severity == SEVERITY_NOTE || (!is_error && !warnings))
			continue;
		good &= !is_error;
		fprintf(stderr, "corscheck: init: %s%s%s%s", what,
			*what == '\0' ? "" : ": ",
			is_error ? "" : "warning: ", d->message);
		if (d->fix != NULL)
			fprintf(stderr, " (did you mean \"%s\"?)", d->fix);
		fprintf(stderr, " [%s]\n", d->id);
	}
	return good;
}

static bool
text_is_good(const struct init_plan *plan, struct slice text, const char *what,
	     bool warnings)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = warnings};
	struct diag_list *diags = diag_list_new();
	bool good = false;

	if (diags != NULL)
		settings_release(settings_parse(
		    plan->policy != NULL ? plan->policy : "/policy.ini", text,
		    &options, diags));
	if (diags == NULL || diag_out_of_memory(diags))
		init_fail("no memory", "");
	else
		good = print_diags(diags, what, warnings);
	diag_list_free(diags);
	return good;
}

/* Has it no byte that ends the line, or begins a comment in it? */
static bool
fits_a_line(const char *word, bool blanks)
{
	for (const char *p = word; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
		if (*p == ' ' && (!blanks || p[1] == ';'))
			return false;
	}
	return *word != '\0' && *word != ';';
}

bool
init_word_is_good(const struct init_plan *plan, const char *key,
		  const char *word, const char *what)
{
	bool app = strcmp(key, "exec") == 0 || strcmp(key, "root") == 0 ||
		   strcmp(key, "forward") == 0;
	char *text = NULL;
	size_t len = 0;
	bool good = false;

	if (!fits_a_line(word, strcmp(key, "exec") == 0)) {
		fprintf(stderr,
			"corscheck: init: %s: is empty, or has a blank, a "
			"control byte or a comment in it\n",
			what);
		return false;
	}
	FILE *out = memory_stream(&text, &len);
	if (out == NULL)
		return init_fail("no memory", "");
	if (app)
		fprintf(out, "[app]\n%s = %s\n", key, word);
	fprintf(out, "[cors]\n");
	if (strcmp(key, "origins") != 0)
		fprintf(out, "origins = https://app.example.com\n");
	if (!app)
		fprintf(out, "%s = %s\n", key, word);
	if (fclose(out) == 0)
		good = text_is_good(plan, slice_of(text, len), what, true);
	else
		(void)init_fail("no memory", "");
	free(text);
	return good;
}

bool
init_policy_is_good(const struct init_plan *plan)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = memory_stream(&text, &len);
	bool good = false;

	if (out == NULL)
		return init_fail("no memory", "");
	init_policy_write(plan, out);
	if (fclose(out) == 0)
		good = text_is_good(plan, slice_of(text, len), "", false);
	else
		(void)init_fail("no memory", "");
	free(text);
	return good;
}

/* ---- writing ---- */

static void
write_list(FILE *out, const char *key, const struct words *words,
	   const char *example)
{
	if (words->count == 0)
		fprintf(out, "; %-11s = %s\n", key, example);
	/* One per line, so that each can be changed by itself. */
	for (size_t i = 0; i < words->count; i++)
		fprintf(out, "%-13s = %s\n", key, words->at[i]);
}

static void
write_exec(const struct init_plan *plan, FILE *out)
{
	fprintf(
	    out,
	    "; The program that runs, with its arguments.  It is not changed.\n"
	    "exec          = %s\n",
	    plan->app_value);
}

static void
write_git(const struct init_plan *plan, FILE *out)
{
	fprintf(out,
		"; git's own CGI program, for the repositories of a folder.\n"
		"exec          = /usr/lib/git-core/git-http-backend\n"
		"; A push may be large.\n"
		"max-body      = 1G\n"
		"\n[env]\n"
		"GIT_PROJECT_ROOT    = %s\n"
		"; Every repository there can be read.%s\n"
		"GIT_HTTP_EXPORT_ALL = 1\n"
		"; git refuses repositories of another user than its own. "
		" Leave this out where\n"
		"; others than you can put repositories there: their hooks "
		"would run.\n"
		"GIT_CONFIG_COUNT    = %d\n"
		"GIT_CONFIG_KEY_0    = safe.directory\n"
		"GIT_CONFIG_VALUE_0  = *\n",
		plan->app_value,
		plan->push ? ""
			   : "  To push, git wants users that the web\n"
			     "; server knows (corswrap-recipes(7)), or "
			     "--push of `corscheck init`.",
		plan->push ? 2 : 1);
	if (plan->push)
		fputs("; Who can reach it can push, into repositories that "
		      "the user may write to.\n"
		      "GIT_CONFIG_KEY_1    = http.receivepack\n"
		      "GIT_CONFIG_VALUE_1  = true\n",
		      out);
}

static void
write_forward(const char *address, FILE *out)
{
	fprintf(out,
		"; The FastCGI application behind it.\n"
		"forward       = %s\n",
		address);
}

/* A CGI program runs the scripts beside its policy, and the folder on this
 * machine is not the one to which they will be uploaded. */
static bool
is_uploaded(const struct init_plan *plan)
{
	return plan->server != NULL &&
	       strcmp(plan->server->name, "htaccess") == 0;
}

static void
write_scripts(const struct init_plan *plan, FILE *out)
{
	bool php = plan->app == INIT_APP_PHP, uploaded = is_uploaded(plan);

	fprintf(out, uploaded
			 ? "; The scripts that .htaccess hands to it, if they "
			   "lie in or below this folder.\n"
			 : "; The scripts that the web server names, if they "
			   "lie in or below this folder.\n");
	if (!uploaded && plan->app_value != NULL)
		fprintf(out, "root          = %s\n", plan->app_value);
	fprintf(out,
		"\n%s[handlers]\n"
		"; Scripts that are not executable are run by these.\n"
		"%s.pl  = /usr/bin/perl\n"
		"%s.php = /usr/bin/php-cgi\n",
		uploaded || php ? "" : "; ", uploaded ? "" : "; ",
		uploaded || php ? "" : "; ");
}

static void
write_app(const struct init_plan *plan, FILE *out)
{
	fprintf(out, "[app]\n");
	switch (plan->app) {
	case INIT_APP_EXEC:
		write_exec(plan, out);
		break;
	case INIT_APP_GIT:
		write_git(plan, out);
		break;
	case INIT_APP_FORWARD:
		write_forward(plan->app_value, out);
		break;
	case INIT_APP_PHP:
		if (plan->forward != NULL) {
			write_forward(plan->forward, out);
			break;
		}
		__attribute__((fallthrough));
	case INIT_APP_ROOT:
	case INIT_APP_UNSET:
		write_scripts(plan, out);
		break;
	}
}

/* Does the policy have a [server]? */
static bool
has_server(const struct init_plan *plan)
{
	return plan->log_file != NULL ||
	       (plan->server != NULL && plan->server->log != NULL);
}

/* Set log-file, if the server does not log standard error. */
static void
write_server(const struct init_plan *plan, FILE *out)
{
	const char *log = plan->server == NULL ? NULL : plan->server->log;

	if (!has_server(plan))
		return;
	fprintf(out, "\n[server]\n"
		     "; The web server does not keep what is written to "
		     "standard error.\n"
		     "log-file      = ");
	if (plan->log_file != NULL)
		fputs(plan->log_file, out);
	for (; plan->log_file == NULL && log != NULL && *log != '\0'; log++) {
		if (log[0] == '%' && log[1] == 's') {
			fputs(plan->name, out);
			log++;
		} else {
			fputc(*log, out);
		}
	}
	fputc('\n', out);
}

void
init_policy_write(const struct init_plan *plan, FILE *out)
{
	fprintf(out, "; A policy of corswrap.  corswrap.ini(5) has every key; "
		     "after a change run\n"
		     "; `corscheck lint` on it.\n"
		     "\n");
	write_app(plan, out);
	fprintf(out,
		"\n[cors]\n"
		"; The pages that may call: scheme, host and port, no path and "
		"no / at the end.\n"
		"; https://*.example.com covers every subdomain.\n");
	write_list(out, "origins", &plan->origins, "https://app.example.com");
	fprintf(out,
		"; Methods that they may use, beyond GET, HEAD and POST.\n");
	write_list(out, "methods", &plan->methods, "PUT DELETE");
	fprintf(
	    out,
	    "; Request headers that they may set; JSON needs Content-Type.\n");
	write_list(out, "headers", &plan->headers,
		   "Content-Type Authorization");
	fprintf(
	    out,
	    "; Response headers that they may read, beyond the usual "
	    "ones.\n"
	    "; expose      = X-Total-Count\n"
	    "; yes: requests may carry the visitor's cookies and passwords.\n"
	    "credentials   = %s\n"
	    "; How many seconds browsers may cache a preflight.\n"
	    "max-age       = 600\n",
	    plan->credentials ? "yes" : "no");
	write_server(plan, out);
}

/* ---- the file ---- */

/*
 * Write the policy to a temporary file in its folder, which the caller removes.
 * with_user: with the user that programs run as, for lint.  False, with errno:
 * failed; `to` is empty if there is no file.
 */
static bool
write_beside(const struct init_plan *plan, bool with_user, char to[PATH_MAX])
{
	FILE *out = NULL;
	bool good;
	int fd = -1;

	if (snprintf(to, PATH_MAX, "%s/.corscheck-XXXXXX", plan->folder) <
	    PATH_MAX)
		fd = mkostemp(to, O_CLOEXEC);
	if (fd < 0) {
		*to = '\0';
		return false;
	}
	out = fdopen(fd, "w");
	if (out == NULL) {
		close(fd);
		return false;
	}
	init_policy_write(plan, out);
	if (with_user)
		fprintf(out, "%suser = %s\n",
			has_server(plan) ? "" : "[server]\n", plan->user);
	good = fflush(out) == 0 && ferror(out) == 0 && fchmod(fd, 0644) == 0 &&
	       fsync(fd) == 0;
	return fclose(out) == 0 && good;
}

/* Never replace another file; some file systems only support one of the
 * two. */
static bool
put(const char *temporary, const char *policy)
{
	return link(temporary, policy) == 0 ||
	       (errno != EEXIST && os_rename_new(temporary, policy) == 0);
}

bool
init_policy_create(const struct init_plan *plan)
{
	char temporary[PATH_MAX] = "";
	bool good = !plan->make_folder || mkdir(plan->folder, 0755) == 0 ||
		    errno == EEXIST;

	good = good && write_beside(plan, false, temporary) &&
	       put(temporary, plan->policy);
	if (!good)
		fprintf(stderr, "corscheck: init: %s: %s\n", plan->policy,
			strerror(errno));
	if (*temporary != '\0')
		unlink(temporary);
	return good;
}

/* ---- missing files ---- */

static bool
is_missing(const char *id)
{
	size_t len = strlen(id), end = strlen("-missing");

	return len > end && strcmp(id + len - end, "-missing") == 0;
}

/* Print lint's warnings about missing programs, folders and sockets of a
 * policy.  False: no memory. */
static bool
print_missing(const char *file)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();

	if (diags == NULL)
		return init_fail("no memory", "");
	settings_release(settings_load(file, &options, diags));
	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *d = diag_at(diags, i);
		if (is_missing(d->id))
			fprintf(stderr, "corscheck: init: warning: %s [%s]\n",
				d->message, d->id);
	}
	bool good = !diag_out_of_memory(diags) ||
		    init_fail("no memory for a warning", "");
	diag_list_free(diags);
	return good;
}

/* Is the file of a folder a program without the extension of a script? */
static bool
is_served(const char *folder, const char *name)
{
	static const char *const scripts[] = {".pl", ".py", ".sh", ".cgi"};
	char path[PATH_MAX];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (*name == '.' || len < 0 || (size_t)len >= sizeof(path))
		return false;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (text_ends(slice_from(name), slice_from(scripts[i])))
			return false;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & S_IXUSR) != 0;
}

/* The servers run scripts by their extensions and serve all other files as they
 * are.  Warn about programs without one, which ScriptAlias and fcgiwrap would
 * run. */
static void
warn_served(const struct init_plan *plan)
{
	DIR *dir = plan->app == INIT_APP_ROOT ? opendir(plan->app_value) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (is_served(plan->app_value, entry->d_name))
			fprintf(stderr,
				"corscheck: init: warning: --root: %s/%s is "
				"executable, but the server would serve it as "
				"a file: give it the extension .cgi, or a "
				"policy with --exec\n",
				plan->app_value, entry->d_name);
	if (dir != NULL)
		closedir(dir);
}

bool
init_warn_missing(const struct init_plan *plan)
{
	char temporary[PATH_MAX];
	bool good = true;

	/* The files are on the other machine. */
	if (is_uploaded(plan))
		return true;
	/* It is in [env], which lint does not check. */
	if (plan->app == INIT_APP_GIT && access(plan->app_value, F_OK) != 0)
		fprintf(stderr, "corscheck: init: warning: --git: %s: %s\n",
			plan->app_value, strerror(errno));
	warn_served(plan);
	if (write_beside(plan, true, temporary))
		good = print_missing(temporary);
	if (*temporary != '\0')
		unlink(temporary);
	return good;
}
