/*
 * Sets the folder and the name of the policy, and the path of corswrap, in
 * init's plan.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/executable.h"

bool
init_fail(const char *text, const char *more)
{
	fprintf(stderr, "corscheck: init: %s%s\n", text, more);
	return false;
}

/* A value becomes part of other programs' configurations; these bytes have
 * no special meaning in any of them. */
bool
init_is_plain(const char *path)
{
	return path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789/._+-~")] == '\0';
}

/* The absolute path of a folder, which may not exist yet if its parent
 * does. */
static bool
find_folder(struct init_plan *plan, const char *folder, char real[PATH_MAX])
{
	const char *slash = strrchr(folder, '/');
	const char *parent = slash == NULL ? "." : slash == folder ? "/" : NULL;
	const char *name = slash == NULL ? folder : slash + 1;
	size_t len;

	if (realpath(folder, real) != NULL)
		return true;
	if (errno != ENOENT)
		return false;
	if (parent == NULL)
		parent = arena_text(plan->arena,
				    slice_of(folder, (size_t)(slash - folder)));
	if (parent == NULL || *name == '\0' || strcmp(name, "..") == 0 ||
	    realpath(parent, real) == NULL)
		return false;
	len = strlen(real);
	if (len + strlen(name) + 2 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	snprintf(real + len, PATH_MAX - len, "%s%s", len == 1 ? "" : "/", name);
	plan->make_folder = true;
	return true;
}

/* The policy's absolute path, its folder and name; the policy must not
 * exist. */
bool
init_find_policy(struct init_plan *plan, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash == NULL ? file : slash + 1;
	const char *folder =
	    slash == NULL ? "."
	    : slash == file
		? "/"
		: arena_text(plan->arena,
			     slice_of(file, (size_t)(slash - file)));
	char real[PATH_MAX];
	struct stat st;
	size_t len;

	if (folder == NULL)
		return init_fail("no memory", "");
	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return init_fail("name a file, as app.ini, not a folder: ",
				 file);
	if (!find_folder(plan, folder, real)) {
		fprintf(stderr,
			"corscheck: init: %s: %s; make this folder "
			"first: mkdir -p %s\n",
			folder, strerror(errno), folder);
		return false;
	}
	if (lstat(file, &st) == 0)
		return init_fail(
		    "it is there already, and stays as it is; name "
		    "another file, or move it away: ",
		    file);
	plan->folder = arena_text(plan->arena, slice_from(real));
	len = strlen(real) + strlen(base) + 2;
	char *policy = arena_alloc(plan->arena, len);
	if (plan->folder == NULL || policy == NULL)
		return init_fail("no memory", "");
	snprintf(policy, len, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
		 base);
	plan->policy = policy;
	if (!init_is_plain(policy))
		return init_fail(
		    "servers read such a path in ways of their own; use "
		    "letters, digits and / . _ + - ~ alone: ",
		    policy);
	return true;
}

/* "api" of .htapi.ini, api.ini, api. */
bool
init_find_name(struct init_plan *plan)
{
	const char *base = strrchr(plan->policy, '/') + 1;
	size_t len = strlen(base);
	bool ini = len > 4 && strcmp(base + len - 4, ".ini") == 0;

	if (strncmp(base, ".ht", 3) == 0 && len > 7) {
		base += 3;
		len -= 3;
	}
	plan->name =
	    arena_text(plan->arena, slice_of(base, ini ? len - 4 : len));
	return plan->name != NULL || init_fail("no memory", "");
}

/* NAME beside this program, links resolved; false: it is not there, or servers
 * treat its path specially. */
static bool
find_beside(const char *argv0, const char *name, char path[static PATH_MAX])
{
	struct executable self;
	char *slash;

	if (!executable_find(&self, argv0) || realpath(self.path, path) == NULL)
		return false;
	slash = strrchr(path, '/');
	if (slash == NULL ||
	    (size_t)(slash + 1 - path) + strlen(name) >= PATH_MAX)
		return false;
	memcpy(slash + 1, name, strlen(name) + 1);
	return access(path, X_OK) == 0 && init_is_plain(path);
}

/* corswrap beside this program, or where it is installed. */
bool
init_find_corswrap(struct init_plan *plan, const char *argv0)
{
	char path[PATH_MAX];
	const char *found = BINDIR "/corswrap";

	if (plan->corswrap != NULL)
		return true;
	if (find_beside(argv0, "corswrap", path))
		found = path;
	plan->corswrap = arena_text(plan->arena, slice_from(found));
	return plan->corswrap != NULL || init_fail("no memory", "");
}
