/*
 * Watching files by comparing the results of stat(2).
 *
 * inotify(7) would save these calls, but it reports a change some time after
 * it, has a limit for each user, and does not work on network file systems.
 * Two hundred calls of stat(2) take 0.1 ms.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"

enum kind {
	KIND_FILE,   /* any change counts */
	KIND_PLACE,  /* it counts if the path names another folder */
	KIND_FOLDER, /* if it has changed, look for the KIND_ABSENT after it */
	KIND_ABSENT  /* it counts if the file exists */
};

struct watched {
	enum kind kind;
	char *path;
	struct file_state state;
};

struct watch {
	struct watched *files;
	size_t count;
	size_t room;
};

struct watch *
watch_new(void)
{
	return calloc(1, sizeof(struct watch));
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		free(w->files[i].path);
	free(w->files);
	free(w);
}

static struct file_state
state_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? file_state_of(&st)
				    : (struct file_state){.exists = false};
}

static bool
same_place(const struct file_state *a, const struct file_state *b)
{
	return a->exists && b->exists && a->device == b->device &&
	       a->inode == b->inode;
}

static bool
add(struct watch *w, enum kind kind, const char *path)
{
	char *copy;

	if (!array_grow(&w->files, w->count, &w->room, sizeof(*w->files)))
		return false;
	copy = strdup(path);
	if (copy == NULL)
		return false;
	w->files[w->count++] = (struct watched){kind, copy, state_of(copy)};
	return true;
}

bool
watch_add(struct watch *w, const char *path)
{
	return add(w, KIND_FILE, path);
}

bool
watch_has(const struct watch *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->files[i].kind == KIND_FILE &&
		    strcmp(w->files[i].path, path) == 0)
			return true;
	return false;
}

bool
watch_add_place(struct watch *w, const char *path)
{
	return add(w, KIND_PLACE, path);
}

bool
watch_add_folder(struct watch *w, const char *path)
{
	return add(w, KIND_FOLDER, path);
}

bool
watch_absent(struct watch *w, const char *path)
{
	return add(w, KIND_ABSENT, path);
}

bool
watch_changed(const struct watch *w)
{
	bool look = true; /* at the KIND_ABSENT that follow */

	for (size_t i = 0; i < w->count; i++) {
		const struct watched *file = &w->files[i];
		struct file_state now;

		if (file->kind == KIND_ABSENT) {
			if (file->state.exists ||
			    (look && access(file->path, F_OK) == 0))
				return true;
			continue;
		}
		now = state_of(file->path);
		look = !file_same_state(&now, &file->state);
		if (look && (file->kind == KIND_FILE ||
			     (file->kind == KIND_PLACE &&
			      !same_place(&now, &file->state))))
			return true;
	}
	return false;
}

static int64_t
milliseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* Every user can set the modification time, but only the kernel sets the
 * change time. */
static bool
is_young(const struct file_state *s, int64_t since)
{
	int64_t tick = s->changed.tv_nsec == 0 ? WATCH_SECONDS : WATCH_TICK;

	return s->exists && milliseconds(&s->changed) >= since - tick;
}

bool
watch_has_young(const struct watch *w, int64_t since)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->files[i].kind == KIND_FILE &&
		    is_young(&w->files[i].state, since))
			return true;
	return false;
}
