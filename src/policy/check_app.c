/*
 * What only [app] and [server] as a whole, the rest of the policy and the
 * command line can tell.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned
app_line(const struct loader *loader, const char *key)
{
	return loader
	    ->app_lines[keys_find(SECTION_APP, false, slice_from(key))];
}

static unsigned
server_line(const struct loader *loader, const char *key)
{
	return loader
	    ->server_lines[keys_find(SECTION_SERVER, false, slice_from(key))];
}

/* The line of a section without NAME, or the first. */
static unsigned
section_line(const struct loader *loader, enum section_kind kind)
{
	for (size_t i = 0; i < loader->count; i++)
		if (loader->sections[i].kind == kind &&
		    !loader->sections[i].stray)
			return loader->sections[i].line;
	return 1;
}

void
app_read(struct loader *loader)
{
	for (size_t i = 0; i < loader->count; i++) {
		struct section *section = &loader->sections[i];
		struct app other_app = settings_app_default;
		struct server other_server = settings_server_default;
		unsigned other_lines[KEYS_MAX] = {0};
		bool stray = section->stray;

		if (section->kind == SECTION_APP)
			keys_read(loader, section, keys_app,
				  stray ? &other_app : &loader->settings->app,
				  stray ? other_lines : loader->app_lines);
		else if (section->kind == SECTION_SERVER)
			keys_read(loader, section, keys_server,
				  stray ? &other_server
					: &loader->settings->server,
				  stray ? other_lines : loader->server_lines);
	}
}

static void
check_exec(struct loader *loader)
{
	unsigned exec = app_line(loader, "exec");
	unsigned forward = app_line(loader, "forward");

	if (exec == 0 || forward == 0)
		return;
	if (loader->settings->app.exec != NULL &&
	    loader->settings->app.forward_count > 0)
		loader_error(
		    loader, exec > forward ? exec : forward, "exec-and-forward",
		    NULL,
		    "\"%s\" stands beside \"%s\" (line %u); a request goes to "
		    "one of them",
		    exec > forward ? "exec" : "forward",
		    exec > forward ? "forward" : "exec",
		    exec > forward ? forward : exec);
}

static void
check_status(struct loader *loader)
{
	unsigned path = server_line(loader, "status-path");
	unsigned clients = server_line(loader, "status-clients");

	if (path != 0 && (clients == 0))
		loader_error(
		    loader, path, "bad-value", NULL,
		    "\"status-path\" needs \"status-clients\": who may read "
		    "the counters");
	else if (clients != 0 && path == 0)
		loader_error(loader, clients, "bad-value", NULL,
			     "\"status-clients\" needs \"status-path\"");
}

/* Said of each key that `inject = prepend` cannot keep: it writes the headers
 * before it knows what the program prints, and is then gone. */
static void
prepend_conflict(struct loader *loader, unsigned line, const char *what,
		 const char *why)
{
	loader_error(
	    loader, line, "prepend-conflict", NULL,
	    "\"%s\" and \"inject = prepend\" (line %u) exclude each other: %s",
	    what, app_line(loader, "inject"), why);
}

static void
check_prepend_app(struct loader *loader)
{
	const struct app *app = &loader->settings->app;
	static const char *const keys[] = {
	    "max-header",	  "local-redirect", "connect-timeout",
	    "first-byte-timeout", "idle-timeout",   "total-timeout"};
	const char *gone = "the program then runs in corswrap's place";
	const char *unread = "the program's own headers are not read then";

	if (app->forward_count > 0)
		prepend_conflict(loader, app_line(loader, "forward"), "forward",
				 gone);
	if (app->lenient)
		prepend_conflict(loader, app_line(loader, "lenient"), "lenient",
				 unread);
	/* Whatever they are set to: they cannot be kept. */
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (app_line(loader, keys[i]) != 0)
			prepend_conflict(loader, app_line(loader, keys[i]),
					 keys[i], i < 2 ? unread : gone);
}

/* line: of the key in the draft, or of [cors], where it then stands. */
static unsigned
draft_line(const struct loader *loader, const struct draft *draft,
	   enum cors_key key)
{
	if (draft->lines[key] == 0 && loader->base != NULL)
		return loader->base->lines[key];
	return draft->lines[key];
}

static void
check_prepend_cors(struct loader *loader, const struct draft *draft)
{
	const char *unread = "the program's own headers are not read then";

	if (draft->keep_app_headers)
		prepend_conflict(loader,
				 draft_line(loader, draft, CORS_APP_HEADERS),
				 "app-headers = keep", unread);
	if (draft->forward_preflight)
		prepend_conflict(loader,
				 draft_line(loader, draft, CORS_PREFLIGHT),
				 "preflight = forward", unread);
	if (draft->expose.any && draft->credentials)
		prepend_conflict(
		    loader, draft_line(loader, draft, CORS_EXPOSE),
		    "expose = *",
		    "with credentials it becomes the names in "
		    "the program's headers, which are not read then");
}

/* Only a start as FastCGI responder needs these. */
static void
check_fastcgi(struct loader *loader)
{
	const struct app *app = &loader->settings->app;

	if (loader->options->use != LOAD_FASTCGI)
		return;
	if (app->exec == NULL && app->forward_count == 0 &&
	    app->root_count == 0 && app_line(loader, "exec") == 0 &&
	    app_line(loader, "forward") == 0 &&
	    loader->options->command == NULL)
		loader_error(
		    loader, section_line(loader, SECTION_APP), "missing-root",
		    NULL,
		    "neither \"exec\" nor \"forward\" is "
		    "set in [app]; \"root\" must then name the folders that "
		    "scripts may be under");
	if (loader->options->peers_needed &&
	    !loader->settings->server.has_peers &&
	    server_line(loader, "peers") == 0)
		loader_error(
		    loader, section_line(loader, SECTION_SERVER),
		    "missing-peers", NULL,
		    "the socket can be reached from "
		    "other machines; \"peers\" in [server] must name those "
		    "that may connect");
}

void
app_check(struct loader *loader)
{
	struct app *app = &loader->settings->app;

	check_exec(loader);
	check_status(loader);
	if (app->inject == INJECT_PREPEND) {
		check_prepend_app(loader);
		for (size_t i = 0; i < loader->draft_count; i++)
			check_prepend_cors(loader, &loader->drafts[i]);
	}
	check_fastcgi(loader);
	/* DESIGN.md section 3: under plain CGI scripts lie beside the policy.
	 */
	if (loader->options->use == LOAD_CGI && app->root_count == 0) {
		const char **root = loader_array(loader, 1, sizeof(*root));
		if (root == NULL)
			return;
		root[0] = loader->settings->folder;
		app->root = root;
		app->root_count = 1;
	}
}

/* "FOLDER/NAME", or NULL when memory is out. */
static char *
join(struct loader *loader, const char *folder, size_t len, const char *name)
{
	struct slice parts[] = {{folder, len}, SLICE("/"), slice_from(name)};
	char *path = arena_join(loader->arena, parts, 3);

	if (path == NULL)
		loader_no_memory(loader);
	return path;
}

static bool
is_program(const char *file)
{
	struct stat status;

	return stat(file, &status) == 0 && S_ISREG(status.st_mode) &&
	       access(file, X_OK) == 0;
}

/* As execvp looks for it: along PATH, empty parts being the current folder. */
static const char *
search_path(struct loader *loader, const char *cwd, const char *name)
{
	const char *path = getenv("PATH");

	if (path == NULL || path[0] == '\0')
		path = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t len = strcspn(path, ":");
		const char *folder =
		    arena_text(loader->scratch, slice_of(path, len));

		if (folder != NULL && folder[0] != '/')
			folder = join(loader, cwd, strlen(cwd), folder);
		const char *file =
		    folder == NULL ? NULL
				   : join(loader, folder, strlen(folder), name);
		if (file == NULL)
			return NULL;
		if (is_program(file))
			return file;
		if (path[len] == '\0')
			return NULL;
		path += len + 1;
	}
}

/* Where the shell would find the command. */
static const char *
find_command(struct loader *loader, const char *name)
{
	char cwd[PATH_MAX];

	if (name[0] == '/')
		return name;
	if (name[0] == '\0' || getcwd(cwd, sizeof(cwd)) == NULL)
		return NULL;
	if (strchr(name, '/') == NULL)
		return search_path(loader, cwd, name);
	return join(loader, cwd, strlen(cwd), name);
}

void
app_command(struct loader *loader)
{
	struct app *app = &loader->settings->app;
	char *const *command = loader->options->command;
	const char *file;

	if (command == NULL)
		return;
	file = find_command(loader, command[0]);
	if (file == NULL) {
		diag_report(loader->diags, SEVERITY_ERROR, NULL, 0, "bad-value",
			    NULL, "the command \"%s\" is not found in PATH",
			    loader_quote(loader, slice_from(command[0])));
		return;
	}
	size_t count = 0;
	while (command[count] != NULL)
		count++;
	char **words = loader_array(loader, count + 1, sizeof(*words));
	if (words == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		words[i] = arena_text(loader->arena,
				      slice_from(i == 0 ? file : command[i]));
	app->exec = words;
	app->forward = NULL;
	app->forward_count = 0;
}
