/*
 * Which program runs.
 *
 * The script that a server names is a path made from a URL: it is taken apart,
 * resolved to what it really is, and must then lie under a root, component by
 * component.  What is executed is the resolved path, so that a link changed
 * meanwhile changes nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "script.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

/* All strings of a struct script, in one piece. */
struct memory {
	char named[PATH_MAX];  /* as the server says, cut to the script */
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
};

static const char *
variable(const struct exchange *exchange, const char *name)
{
	size_t len = strlen(name);

	for (char **v = exchange->variables; *v != NULL; v++)
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v + len + 1;
	return NULL;
}

static int
refuse(const struct resolving *r, int status, const char *id, const char *todo,
    const char *text, const char *path)
{
	char quoted[1024];

	(void)log_quote(slice_from(path), quoted, sizeof(quoted));
	log_event(r->exchange->log, LOG_LEVEL_ERROR, id, r->request, todo,
	    "%s: %s", quoted, text);
	r->exchange->outcome.failure = id;
	return status;
}

/* Ourselves, by device and inode: a wrapper that runs itself never ends. */
static bool
is_self(const char *path)
{
	struct stat own, other;

	return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
	    own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static int
refuse_self(const struct resolving *r, const char *path)
{
	return refuse(r, 500, "self",
	    "name the legacy program in exec or [handlers]",
	    "this is corswrap itself", path);
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

/* mod_proxy_fcgi's "proxy:fcgi://host:port/path" and
 * "proxy:unix:/socket|fcgi://host/path": what comes after the authority. */
static const char *
strip_proxy(const char *path)
{
	const char *at;

	if (strncmp(path, "proxy:", 6) != 0)
		return path;
	at = strstr(path, "://");
	at = at == NULL ? NULL : strchr(at + 3, '/');
	return at == NULL ? "" : at;
}

/*
 * Cut the named path where it becomes a file; the tail is PATH_INFO.  A file
 * in the middle ends it ("img.jpg/x.php" is img.jpg: php's trap).
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
			    "let the user that runs corswrap into the folder",
			    strerror(errno), m->named);
		if (errno != ENOENT && errno != ENOTDIR)
			return refuse(r, 404, "script-missing", NULL,
			    strerror(errno), m->named);
		char *slash = strrchr(m->named, '/');
		if (slash == NULL || slash == m->named)
			return refuse(r, 404, "script-missing",
			    "check the path that the server passes on",
			    "no such script", m->named);
		/* What was cut moves in front of what was cut before. */
		size_t cut = (size_t)(slash - m->named);
		memmove(m->info + (len - cut), m->info, full - len + 1);
		memcpy(m->info, slash, len - cut);
		m->named[cut] = '\0';
		len = cut;
	}
	if (!S_ISREG(st.st_mode))
		return refuse(r, S_ISDIR(st.st_mode) ? 404 : 403,
		    "script-no-file", NULL, "not a regular file", m->named);
	return 0;
}

/* Under the folder, at a component boundary: /srv/cgi is not /srv/cgi-old. */
static bool
is_under(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(folder, path, len) == 0 && path[len] == '/';
}

static int
check_root(struct resolving *r)
{
	const struct app *app = &r->settings->app;
	char real[PATH_MAX];

	if (realpath(r->memory->named, r->memory->real) == NULL)
		return refuse(r, 404, "script-missing", NULL, strerror(errno),
		    r->memory->named);
	for (size_t i = 0; i < app->root_count; i++)
		if (realpath(app->root[i], real) != NULL &&
		    is_under(real, r->memory->real))
			return 0;
	if (app->root_count == 0 && !r->exchange->fastcgi &&
	    r->settings->folder != NULL &&
	    realpath(r->settings->folder, real) != NULL &&
	    is_under(real, r->memory->real))
		return 0;
	return refuse(r, 403, "outside-root",
	    "add its folder to root in [app] if it is meant to run",
	    "not under any root", r->memory->real);
}

static const struct handler *
handler_of(const struct app *app, const char *path)
{
	const char *base = strrchr(path, '/');
	const char *dot = base == NULL ? NULL : strrchr(base, '.');

	for (size_t i = 0; dot != NULL && i < app->handler_count; i++)
		if (strcmp(app->handlers[i].extension, dot) == 0)
			return &app->handlers[i];
	return NULL;
}

static int
set_words(struct resolving *r)
{
	const char *real = r->memory->real;
	const struct handler *handler = handler_of(&r->settings->app,
	    r->memory->real);
	size_t count = 0;

	if (is_self(real))
		return refuse_self(r, real);
	if (handler != NULL && is_self(handler->argv[0]))
		return refuse_self(r, handler->argv[0]);
	if (handler == NULL && access(real, X_OK) != 0)
		return refuse(r, 403, "script-not-executable",
		    "chmod +x it, or name its interpreter in [handlers]",
		    "not executable", real);
	if (handler != NULL && access(real, R_OK) != 0)
		return refuse(r, 403, "script-unreadable",
		    "let the user that runs corswrap read it", strerror(errno),
		    real);
	if (handler != NULL)
		for (; handler->argv[count] != NULL; count++)
			r->out->argv[count] = handler->argv[count];
	r->out->argv[count++] = r->memory->real;
	r->out->argv[count] = NULL;
	set_folder(r, real);
	return 0;
}

/* SCRIPT_NAME without the tail, PATH_TRANSLATED of the tail (RFC 3875, 4.1.6)
 * where the document root is known. */
static void
rewrite(struct resolving *r, const char *script_name)
{
	struct memory *m = r->memory;
	const char *docroot = variable(r->exchange, "DOCUMENT_ROOT");
	size_t tail = strlen(m->info), len;
	struct script *out = r->out;

	out->rewritten = true;
	out->script_filename = m->named;
	if (script_name != NULL && copy(m->name, script_name)) {
		len = strlen(m->name);
		if (tail > 0 && len >= tail &&
		    strcmp(m->name + len - tail, m->info) == 0)
			m->name[len - tail] = '\0';
		out->script_name = m->name;
	}
	if (tail == 0)
		return;
	out->path_info = m->info;
	if (docroot != NULL && snprintf(m->translated, sizeof(m->translated),
		"%s%s", docroot, m->info) < (int)sizeof(m->translated))
		out->path_translated = m->translated;
}

/* A script that the server names. */
static int
resolve_named(struct resolving *r, const char *named, const char *script_name,
    bool always_rewrite)
{
	const char *path = strip_proxy(named);
	int status;

	if (path[0] != '/' || !copy(r->memory->named, path))
		return refuse(r, 403, "script-path",
		    "the server must pass an absolute path",
		    "not an absolute path", named);
	r->memory->info[0] = '\0';
	status = split(r);
	if (status == 0)
		status = check_root(r);
	if (status != 0)
		return status;
	if (always_rewrite || path != named || r->memory->info[0] != '\0') {
		rewrite(r, script_name);
		if (!always_rewrite && r->memory->info[0] == '\0')
			r->out->path_info = variable(r->exchange, "PATH_INFO");
	}
	r->out->path = r->memory->real;
	return 0;
}

static int
resolve_server(struct resolving *r)
{
	struct exchange *e = r->exchange;
	const char *name = variable(e, "SCRIPT_NAME");
	const char *named;

	if (slice_present(e->server_script))
		return resolve_named(r, e->server_script.ptr, name, false);
	if (e->fastcgi) {
		named = variable(e, "SCRIPT_FILENAME");
		if (named == NULL || named[0] == '\0')
			return refuse(r, 500, "no-script",
			    "pass SCRIPT_FILENAME, or set exec in [app]",
			    "the server names no script", "SCRIPT_FILENAME");
		return resolve_named(r, named, name, false);
	}
	named = variable(e, "PATH_TRANSLATED");
	/* Without REDIRECT_STATUS a client called us by our own URL with a
	 * path of its choice behind it (php's cgi.force_redirect). */
	if (variable(e, "REDIRECT_STATUS") == NULL || named == NULL)
		return refuse(r, 403, "direct-call",
		    "set exec in [app], or use Action in .htaccess",
		    "called directly, without a script to run", "-");
	return resolve_named(r, named, variable(e, "PATH_INFO"), true);
}

static int
resolve_exec(struct resolving *r)
{
	const struct app *app = &r->settings->app;

	if (is_self(app->exec[0]))
		return refuse_self(r, app->exec[0]);
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
	struct resolving r = { settings, exchange, request, out, NULL };
	int status;

	*out = (struct script){ 0 };
	if (app->forward_count > 0 && exchange->fastcgi) {
		out->path = "forward";
		return 0;
	}
	/* Not calloc: 24 KiB would be cleared for a few bytes. */
	r.memory = malloc(sizeof(struct memory) +
	    most_words(app) * sizeof(char *));
	if (r.memory == NULL)
		return 500;
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
	*script = (struct script){ 0 };
}
