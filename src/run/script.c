/*
 * Which program runs.
 *
 * The script that a server names is a path made from a URL: it is split,
 * resolved to its real path, and must then be under a root, component by
 * component.  What is executed is the resolved path, so that a link changed
 * meanwhile changes nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/script.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/executable.h"
#include "run/first_line.h"
#include "run/log.h"

static const char check_path[] = "check the path that the server passes on";

/* All strings of a struct script, as one allocation. */
struct memory {
	char named[PATH_MAX]; /* as the server names it, without PATH_INFO */
	char real[PATH_MAX];
	char folder[PATH_MAX];
	char name[PATH_MAX];
	char info[PATH_MAX];
	char translated[PATH_MAX];
	char *argv[];
};

struct resolving {
	const struct settings *settings;
	struct exchange *exchange;
	const struct request *request;
	struct script *out;
	struct memory *memory;
	bool
	    made; /* the path is not the SCRIPT_FILENAME that the server sent */
};

static const char *
variable(const struct exchange *exchange, const char *name)
{
	return variables_find(exchange->variables, name);
}

static int
refuse(const struct resolving *r, int status, const char *id, const char *todo,
       const char *text, const char *path)
{
	char quoted[512]; /* short enough to leave room for the cause */

	(void)log_quote(slice_from(path), quoted, sizeof(quoted));
	log_event(r->exchange->log, LOG_LEVEL_ERROR, id, r->request, todo,
		  "%s: %s", quoted, text);
	r->exchange->outcome.failure = id;
	return status;
}

/*
 * Refuse corswrap itself (by device and inode), and a script with corswrap in
 * its #! line: a wrapper that runs itself never ends.  0, or the status of the
 * refusal.
 */
static int
check_self(const struct resolving *r, const char *path)
{
	char interpreter[FIRST_LINE_MAX];
	struct first_line line;
	struct stat files[2];
	size_t count = 0;

	if (stat(path, &files[count]) == 0)
		count++;
	first_line_read(&line, path);
	if (first_line_interpreter(&line, interpreter) &&
	    stat(interpreter, &files[count]) == 0)
		count++;
	switch (executable_is_any(r->exchange->self, files, count)) {
	case EXECUTABLE_OWN:
		return refuse(r, 500, "self",
			      "name the legacy program in exec or [handlers]",
			      "this is corswrap itself", path);
	case EXECUTABLE_UNKNOWN:
		return refuse(r, 500, "self", "start corswrap by its full path",
			      "this may be corswrap itself, whose own path is "
			      "not known",
			      path);
	default:
		return 0;
	}
}

/* The same for `exec`.  It is the same file for each request, so it is checked
 * again only when it has changed. */
static int
check_self_again(const struct resolving *r, const char *path)
{
	struct scratch *s = r->exchange->scratch;
	struct file_state now;
	struct stat st;
	int status;

	if (stat(path, &st) != 0)
		return 0; /* starting it will fail, and say why */
	now = file_state_of(&st);
	if (s->other_of == r->settings && file_same_state(&s->other, &now))
		return 0;
	status = check_self(r, path);
	if (status != 0)
		return status;
	s->other = now;
	s->other_of = r->settings;
	return 0;
}

static bool
copy(char *to, const char *from)
{
	size_t len = strlen(from);

	if (len >= PATH_MAX)
		return false;
	memcpy(to, from, len + 1);
	return true;
}

static void
set_folder(struct resolving *r, const char *path)
{
	char *slash;

	r->out->directory = r->settings->app.directory;
	if (r->out->directory != NULL || !copy(r->memory->folder, path))
		return;
	slash = strrchr(r->memory->folder, '/');
	if (slash == NULL)
		return;
	slash[slash == r->memory->folder] = '\0';
	r->out->directory = r->memory->folder;
}

/*
 * mod_proxy_fcgi's "proxy:fcgi://host:port/path" and
 * "proxy:unix:/socket|fcgi://host/path": what comes after the authority, up to
 * the query that mod_rewrite leaves there (php-fpm undoes the same).
 */
static bool
strip_proxy(struct resolving *r)
{
	char *named = r->memory->named, *at, *query;

	if (strncmp(named, "proxy:", 6) != 0)
		return true;
	at = strstr(named, "://");
	at = at == NULL ? NULL : strchr(at + 3, '/');
	if (at == NULL)
		return false;
	query = strchr(at, '?');
	if (query != NULL)
		*query = '\0';
	memmove(named, at, strlen(at) + 1);
	r->made = true;
	return true;
}

/* The named path exists, after its tail was cut off: is it a regular file?  0,
 * or the status of the refusal. */
static int
is_script(const struct resolving *r, const struct stat *st)
{
	struct memory *m = r->memory;

	if (S_ISREG(st->st_mode))
		return 0;
	if (m->info[0] == '\0' || !S_ISDIR(st->st_mode))
		return refuse(r, S_ISDIR(st->st_mode) ? 404 : 403,
			      "script-no-file", check_path,
			      "not a regular file", m->named);
	/* There is room: the tail was cut off here. */
	memcpy(m->named + strlen(m->named), m->info, strlen(m->info) + 1);
	return refuse(r, 404, "script-missing", check_path, "no such script",
		      m->named);
}

/*
 * Cut the named path after the first component that is a file; the tail is
 * PATH_INFO.  ("img.jpg/x.php" names the program img.jpg: a well-known trap of
 * php.)
 */
static int
split(struct resolving *r)
{
	struct memory *m = r->memory;
	size_t full = strlen(m->named);
	size_t len = full;
	struct stat st;

	while (stat(m->named, &st) != 0) {
		if (errno == EACCES)
			return refuse(r, 403, "script-unreadable",
				      "make the folder accessible to the user "
				      "that runs corswrap",
				      strerror(errno), m->named);
		if (errno != ENOENT && errno != ENOTDIR)
			return refuse(r, 404, "script-missing", check_path,
				      strerror(errno), m->named);
		char *slash = strrchr(m->named, '/');
		if (slash == NULL || slash == m->named)
			return refuse(r, 404, "script-missing", check_path,
				      "no such script", m->named);
		/* Move the last component to the front of the tail. */
		size_t cut = (size_t)(slash - m->named);
		memmove(m->info + (len - cut), m->info, full - len + 1);
		memcpy(m->info, slash, len - cut);
		m->named[cut] = '\0';
		len = cut;
	}
	return is_script(r, &st);
}

/* The length of a folder's path without slashes at its end. */
static size_t
folder_length(const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return len;
}

/* Is the path in the folder?  /srv/cgi-old/x is not in /srv/cgi. */
static bool
is_under(const char *folder, const char *path)
{
	size_t len = folder_length(folder);

	return strncmp(folder, path, len) == 0 && path[len] == '/';
}

/* realpath(3) may leave two slashes at the beginning, as musl does: the path
 * would then be under no root. */
static bool
real_path(const char *name, char real[PATH_MAX])
{
	if (realpath(name, real) == NULL)
		return false;
	if (real[0] == '/' && real[1] == '/')
		memmove(real, real + 1, strlen(real));
	return true;
}

static int
check_root(struct resolving *r)
{
	const struct app *app = &r->settings->app;
	char real[PATH_MAX];

	if (!real_path(r->memory->named, r->memory->real))
		return refuse(r, 404, "script-missing", check_path,
			      strerror(errno), r->memory->named);
	for (size_t i = 0; i < app->root_count; i++)
		if (real_path(app->root[i], real) &&
		    is_under(real, r->memory->real))
			return 0;
	if (app->root_count == 0 && !r->exchange->fastcgi &&
	    r->settings->folder != NULL &&
	    real_path(r->settings->folder, real) &&
	    is_under(real, r->memory->real))
		return 0;
	return refuse(r, 403, "outside-root",
		      "add its folder to root in [app] if it is meant to run",
		      "not under any root", r->memory->real);
}

static int
set_words(struct resolving *r)
{
	const char *real = r->memory->real;
	const struct handler *handler =
	    app_handler(&r->settings->app, r->memory->named);
	size_t count = 0;
	int status = check_self(r, real);

	if (status == 0 && handler != NULL)
		status = check_self(r, handler->argv[0]);
	if (status != 0)
		return status;
	if (handler == NULL && access(real, X_OK) != 0)
		return refuse(
		    r, 403, "script-not-executable",
		    "chmod +x it, or name its interpreter in [handlers]",
		    "not executable", real);
	if (handler != NULL && access(real, R_OK) != 0)
		return refuse(r, 403, "script-unreadable",
			      "make it readable by the user that runs corswrap",
			      strerror(errno), real);
	if (handler != NULL)
		for (; handler->argv[count] != NULL; count++)
			r->out->argv[count] = handler->argv[count];
	r->out->argv[count++] = r->memory->real;
	r->out->argv[count] = NULL;
	set_folder(r, real);
	return 0;
}

/* Set SCRIPT_NAME, without the tail. */
static void
set_name(struct resolving *r, const char *script_name)
{
	struct memory *m = r->memory;
	size_t tail = strlen(m->info), len;

	if (script_name == NULL || !copy(m->name, script_name))
		return;
	len = strlen(m->name);
	if (tail > 0 && len >= tail &&
	    strcmp(m->name + len - tail, m->info) == 0)
		m->name[len - tail] = '\0';
	r->out->script_name = m->name;
}

/* Set PATH_INFO to the tail, and PATH_TRANSLATED to the file that it would name
 * (RFC 3875, 4.1.6). */
static void
set_info(struct resolving *r)
{
	struct memory *m = r->memory;
	const char *docroot = variable(r->exchange, "DOCUMENT_ROOT");
	size_t len = docroot == NULL ? 0 : folder_length(docroot);

	r->out->path_info = m->info;
	if (len > 0 && len + strlen(m->info) < sizeof(m->translated)) {
		memcpy(m->translated, docroot, len);
		memcpy(m->translated + len, m->info, strlen(m->info) + 1);
		r->out->path_translated = m->translated;
	}
}

/* Set the variables that replace those of the server.  With Apache's Action the
 * server's PATH_INFO named the script, so the program does not get it. */
static void
rewrite(struct resolving *r, const char *script_name, bool action)
{
	struct script *out = r->out;

	if (!action && !r->made && r->memory->info[0] == '\0')
		return;
	out->rewritten = true;
	out->script_filename = r->memory->named;
	set_name(r, script_name);
	if (r->memory->info[0] != '\0') {
		set_info(r);
	} else if (!action) {
		out->path_info = variable(r->exchange, "PATH_INFO");
		out->path_translated = variable(r->exchange, "PATH_TRANSLATED");
	}
}

/* Resolve the script that the server names, in memory->named. */
static int
resolve_named(struct resolving *r, const char *script_name, bool action)
{
	struct memory *m = r->memory;
	int status;

	if (!strip_proxy(r) || m->named[0] != '/')
		return refuse(r, 403, "script-path",
			      "the server must pass an absolute path",
			      "not an absolute path", m->named);
	m->info[0] = '\0';
	status = split(r);
	if (status == 0)
		status = check_root(r);
	if (status != 0)
		return status;
	rewrite(r, script_name, action);
	r->out->path = m->real;
	return 0;
}

/* The script is path below folder.  False: that is longer than any path. */
static bool
set_named(struct resolving *r, const char *folder, const char *path)
{
	size_t len = folder_length(folder);

	if (len + strlen(path) >= PATH_MAX)
		return false;
	memcpy(r->memory->named, folder, len);
	memcpy(r->memory->named + len, path, strlen(path) + 1);
	return true;
}

static int
too_long(const struct resolving *r, const char *path)
{
	return refuse(r, 404, "script-missing", check_path,
		      strerror(ENAMETOOLONG), path);
}

/* Resolve the script by SCRIPT_FILENAME, or by the variables that most servers
 * make it from. */
static int
resolve_parameters(struct resolving *r)
{
	const char *name = variable(r->exchange, "SCRIPT_NAME");
	const char *file = variable(r->exchange, "SCRIPT_FILENAME");
	const char *root = variable(r->exchange, "DOCUMENT_ROOT");

	if (file != NULL && file[0] != '\0') {
		if (!copy(r->memory->named, file))
			return too_long(r, file);
	} else if (root != NULL && root[0] == '/' && name != NULL &&
		   name[0] == '/') {
		r->made = true;
		if (!set_named(r, root, name))
			return too_long(r, name);
	} else {
		return refuse(r, 500, "no-script",
			      "pass SCRIPT_FILENAME, or set exec in [app]",
			      "the server names no script", "SCRIPT_FILENAME");
	}
	return resolve_named(r, name, false);
}

static int
resolve_server(struct resolving *r)
{
	struct exchange *e = r->exchange;
	const char *named = e->server_script.ptr;
	bool action = named == NULL;

	if (action && e->fastcgi)
		return resolve_parameters(r);
	if (action)
		named = variable(e, "PATH_TRANSLATED");
	/* Without REDIRECT_STATUS a client called our own URL, followed by
	 * a path of its choice (php's cgi.force_redirect). */
	if (named == NULL || (action && variable(e, "REDIRECT_STATUS") == NULL))
		return refuse(r, 403, "direct-call",
			      "set exec in [app], or use Action in .htaccess",
			      "called directly, without a script to run", "-");
	if (!copy(r->memory->named, named))
		return too_long(r, named);
	return resolve_named(
	    r, variable(e, action ? "PATH_INFO" : "SCRIPT_NAME"), action);
}

static int
resolve_exec(struct resolving *r)
{
	const struct app *app = &r->settings->app;
	int status = check_self_again(r, app->exec[0]);

	if (status != 0)
		return status;
	for (size_t i = 0; app->exec[i] != NULL; i++) {
		r->out->argv[i] = app->exec[i];
		r->out->argv[i + 1] = NULL;
	}
	r->out->path = app->exec[0];
	set_folder(r, app->exec[0]);
	return 0;
}

static size_t
most_words(const struct app *app)
{
	size_t most = 0;

	for (size_t i = 0; app->exec != NULL && app->exec[i] != NULL; i++)
		most = i + 1;
	for (size_t h = 0; h < app->handler_count; h++)
		for (size_t i = 0; app->handlers[h].argv[i] != NULL; i++)
			most = i + 1 > most ? i + 1 : most;
	return most + 2;
}

int
script_resolve(const struct settings *settings, struct exchange *exchange,
	       const struct request *request, struct script *out)
{
	const struct app *app = &settings->app;
	struct resolving r = {settings, exchange, request, out, NULL, false};
	int status;

	*out = (struct script){0};
	if (app->forward_count > 0 && exchange->fastcgi) {
		out->path = "forward";
		return 0;
	}
	/* Not calloc: 24 KiB would be cleared for a few bytes. */
	r.memory =
	    malloc(sizeof(struct memory) + most_words(app) * sizeof(char *));
	if (r.memory == NULL) {
		log_no_memory(exchange->log, request);
		exchange->outcome.failure = "no-memory";
		return 500;
	}
	out->memory = (char *)r.memory;
	out->argv = r.memory->argv;
	if (app->exec != NULL) {
		status = resolve_exec(&r);
	} else {
		status = resolve_server(&r);
		if (status == 0 && app->forward_count == 0)
			status = set_words(&r);
	}
	if (app->forward_count > 0)
		out->argv = NULL;
	if (status != 0)
		script_free(out);
	return status;
}

void
script_free(struct script *script)
{
	free(script->memory);
	*script = (struct script){0};
}
