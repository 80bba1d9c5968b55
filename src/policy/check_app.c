/*
 * Conflicts between keys of [app] and [server], with other sections and with
 * the way of starting.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

static unsigned
app_line(const struct loader *loader, const char *key)
{
	return keys_line(SECTION_APP, loader->app.lines, key);
}

static unsigned
server_line(const struct loader *loader, const char *key)
{
	return keys_line(SECTION_SERVER, loader->server.lines, key);
}

/* The line of the section without NAME, or the first line. */
static unsigned
section_line(const struct loader *loader, enum section_kind kind)
{
	for (size_t i = 0; i < loader->count; i++)
		if (loader->sections[i].kind == kind &&
		    !loader->sections[i].ignored)
			return loader->sections[i].line;
	return 1;
}

static void
check_exec(struct loader *loader)
{
	unsigned exec = app_line(loader, "exec");
	unsigned forward = app_line(loader, "forward");
	bool exec_later = exec > forward;

	if (loader->settings->app.exec == NULL ||
	    loader->settings->app.forward_count == 0)
		return;
	loader_error(
	    loader, exec_later ? exec : forward, "exec-and-forward", NULL,
	    "\"%s\" excludes \"%s\" (line %u); remove one of them",
	    exec_later ? "exec" : "forward", exec_later ? "forward" : "exec",
	    exec_later ? forward : exec);
}

static void
check_status(struct loader *loader)
{
	unsigned path = server_line(loader, "status-path");
	unsigned clients = server_line(loader, "status-clients");

	if (path != 0 && clients == 0)
		loader_error(
		    loader, path, "bad-value", NULL,
		    "\"status-path\" needs \"status-clients\": who may read "
		    "the counters");
	else if (clients != 0 && path == 0)
		loader_error(loader, clients, "bad-value", NULL,
			     "\"status-clients\" needs \"status-path\"");
}

/* ---- inject = prepend ---- */

/* With prepend corswrap writes its headers before the program prints anything,
 * and the program then replaces corswrap. */
static const char gone[] = "the program then runs in corswrap's place";
static const char unread[] = "the program's own headers are not read then";

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
	static const struct {
		const char *key;
		const char *why;
	} keys[] = {
	    {"max-header", unread},    {"local-redirect", unread},
	    {"connect-timeout", gone}, {"first-byte-timeout", gone},
	    {"idle-timeout", gone},    {"total-timeout", gone},
	};
	const struct app *app = &loader->settings->app;

	if (app->forward_count > 0)
		prepend_conflict(loader, app_line(loader, "forward"), "forward",
				 gone);
	if (app->lenient)
		prepend_conflict(loader, app_line(loader, "lenient"), "lenient",
				 unread);
	/* With any value. */
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (app_line(loader, keys[i].key) != 0)
			prepend_conflict(loader, app_line(loader, keys[i].key),
					 keys[i].key, keys[i].why);
}

/* The line of the key in the section, or in [cors], which it inherits from. */
static unsigned
inherited_line(const struct loader *loader, const struct cors_values *values,
	       enum cors_key key)
{
	if (values->lines[key] == 0 && loader->base != NULL)
		return loader->base->lines[key];
	return values->lines[key];
}

static void
check_prepend_cors(struct loader *loader, const struct cors_values *values)
{
	if (values->keep_app_headers)
		prepend_conflict(
		    loader, inherited_line(loader, values, CORS_APP_HEADERS),
		    "app-headers = keep", unread);
	if (values->forward_preflight)
		prepend_conflict(loader,
				 inherited_line(loader, values, CORS_PREFLIGHT),
				 "preflight = forward", unread);
	if (values->expose.any && values->credentials)
		prepend_conflict(
		    loader, inherited_line(loader, values, CORS_EXPOSE),
		    "expose = *",
		    "with credentials it becomes the names in "
		    "the program's headers, which are not read then");
}

/* ---- the start that the policy is loaded for ---- */

static void
check_fastcgi(struct loader *loader)
{
	const struct app *app = &loader->settings->app;

	/* Keys whose values are invalid have been reported. */
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

/* DESIGN.md section 3: under plain CGI scripts lie beside the policy. */
static void
set_default_root(struct loader *loader)
{
	struct app *app = &loader->settings->app;
	const char **root;

	if (app->root_count > 0)
		return;
	root = loader_array(loader, 1, sizeof(*root));
	if (root == NULL)
		return;
	root[0] = loader->settings->folder;
	app->root = root;
	app->root_count = 1;
}

void
check_app(struct loader *loader)
{
	check_exec(loader);
	check_status(loader);
	if (loader->settings->app.inject == INJECT_PREPEND) {
		check_prepend_app(loader);
		for (size_t i = 0; i < loader->cors_count; i++)
			check_prepend_cors(loader, &loader->cors[i]);
	}
	if (loader->options->use == LOAD_FASTCGI)
		check_fastcgi(loader);
	if (loader->options->use == LOAD_CGI)
		set_default_root(loader);
}
