/*
 * Files that a warm interpreter was made of, and whether one has changed since.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch;

/* Empty.  NULL: no memory. */
struct watch *watch_new(void);
void watch_free(struct watch *);

/*
 * Watch the file, as it is now, there or not.  Of a folder, a file that comes
 * or goes in it is a change; a file in it that changes is not.  False: no
 * memory.
 */
bool watch_add(struct watch *, const char *path);

/* Is the file watched by watch_add? */
bool watch_has(const struct watch *, const char *path);

/* Watch which folder that path names, whatever happens in it. */
bool watch_add_place(struct watch *, const char *path);

/*
 * Watch the folder for one of the files that watch_absent names after it: none
 * may be in it, now or later.  Other files may come and go.
 */
bool watch_add_folder(struct watch *, const char *path);
bool watch_absent(struct watch *, const char *path);

/*
 * Has one of them changed since it was added?  A stat(2) for each: a
 * replacement, another size, and another time of the last change are seen.
 */
bool watch_changed(const struct watch *);

/* Milliseconds of a file system's clock: of one that counts fractions of a
 * second, and of any. */
enum { WATCH_TICK = 50, WATCH_SECONDS = 2000 };

/*
 * May one of them have been changed at or after that time (ms since 1970),
 * when they began to be read?  Then the bytes that were read may be older than
 * the state that was added.  A file system's clock runs in ticks, so a little
 * more counts.
 */
bool watch_has_young(const struct watch *, int64_t since);

#endif
