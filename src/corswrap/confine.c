/*
 * `landlock` of [server]: the rights that a responder keeps.
 *
 * Read: the system's libraries and tables, the policy and its origins-files,
 * the programs (their first lines are read for messages, and by [warm]). Write:
 * the log, the folder of bodies, the socket that is removed at the end. Folders
 * and not files: a policy, an origins-file and a log are replaced by renaming.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corswrap/confine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/os.h"
#include "base/text.h"
#include "run/body.h"

struct grants {
	struct arena *arena; /* of the folders' names */
	struct os_grant *all;
	size_t count;
	size_t room;
	bool failed; /* no memory */
};

static void
grant(struct grants *g, struct os_grant one)
{
	if (!array_reserve(&g->all, g->count + 1, &g->room, sizeof(*g->all))) {
		g->failed = true;
		return;
	}
	g->all[g->count++] = one;
}

static void
grant_path(struct grants *g, const char *path, unsigned may)
{
	if (path != NULL)
		grant(g, (struct os_grant){path, may, 0});
}

static void
grant_folder_of(struct grants *g, const char *file, unsigned may)
{
	const char *end = file == NULL ? NULL : strrchr(file, '/');
	const char *folder;

	if (end == NULL)
		return;
	folder = end == file ? "/"
			     : arena_text(g->arena,
					  slice_of(file, (size_t)(end - file)));
	if (folder == NULL)
		g->failed = true;
	grant_path(g, folder, may);
}

/* The folder of a file, since the file may be replaced; of a link, also that of
 * the file it leads to, where Landlock looks. */
static void
grant_folder(struct grants *g, const char *file, unsigned may)
{
	char *real = file == NULL ? NULL : realpath(file, NULL);

	grant_folder_of(g, file, may);
	if (real != NULL && strcmp(real, file) != 0)
		grant_folder_of(g, real, may);
	free(real);
}

static void
grant_system(struct grants *g)
{
	static const char *const read[] = {"/usr",	 "/lib",
					   "/lib64",	 "/lib32",
					   "/libx32",	 "/bin",
					   "/sbin",	 "/etc/passwd",
					   "/etc/group", "/etc/nsswitch.conf",
					   "/proc",	 "/dev/urandom"};

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		grant_path(g, read[i], OS_MAY_READ);
	grant_path(g, "/dev/null", OS_MAY_READ | OS_MAY_WRITE);
}

static void
grant_policy(struct grants *g, const struct settings *settings)
{
	const struct app *app = &settings->app;

	for (size_t i = 0; i < settings->source_count; i++)
		grant_folder(g, settings->sources[i].path, OS_MAY_READ);
	for (size_t i = 0; i < app->root_count; i++)
		grant_path(g, app->root[i], OS_MAY_READ);
	if (app->exec != NULL)
		grant_folder(g, app->exec[0], OS_MAY_READ);
	for (size_t i = 0; i < app->handler_count; i++)
		grant_folder(g, app->handlers[i].argv[0], OS_MAY_READ);
	for (size_t i = 0; i < app->forward_count; i++)
		if (app->forward[i].path == NULL)
			grant(g,
			      (struct os_grant){NULL, 0, app->forward[i].port});
}

/* Patterns of scripts: the folder up to the first part with a wildcard. */
static void
grant_warm(struct grants *g, const struct warm_policy *warm)
{
	for (size_t i = 0; warm->scripts[i] != NULL; i++) {
		struct slice fixed = slice_of(
		    warm->scripts[i], strcspn(warm->scripts[i], "*?[\\"));
		const char *path = arena_text(g->arena, fixed);

		if (path == NULL)
			g->failed = true;
		grant_folder(g, path, OS_MAY_READ);
	}
	for (size_t i = 0; warm->watch[i] != NULL; i++)
		grant_path(g, warm->watch[i], OS_MAY_READ);
}

void
confine(const struct settings *settings, const struct address *own,
	struct log *log)
{
	struct grants g = {0};

	if (!settings->server.landlock)
		return;
	g.arena = arena_new();
	g.failed = g.arena == NULL;
	if (!g.failed) {
		grant_system(&g);
		grant_policy(&g, settings);
		grant_warm(&g, &settings->warm);
		grant_folder(&g, settings->server.log_file, OS_MAY_WRITE);
		grant_path(&g, body_folder(), OS_MAY_READ | OS_MAY_WRITE);
		grant_folder(&g, own == NULL ? NULL : own->path,
			     OS_MAY_READ | OS_MAY_WRITE);
	}
	errno = ENOMEM;
	if (g.failed || os_confine(g.all, g.count) != 0)
		log_event(log, LOG_LEVEL_WARNING, "landlock", NULL,
			  "Linux 5.13 has it, if it is not switched off",
			  "it keeps all its rights to files: %s",
			  strerror(errno));
	free(g.all);
	arena_free(g.arena);
}
