/*
 * Tells whether one of the files that a warm interpreter was made of has
 * changed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch;

/* A watch without files; free it with watch_free.  NULL: no memory. */
struct watch *watch_new(void);
/* NULL allowed. */
void watch_free(struct watch *);

/* The functions that add return false if there is no memory. */

/*
 * Watch the file; its state now is the one that later ones are compared with.
 * The file may be missing: then its appearance is the change.  If it is a
 * folder, a file that appears in it or vanishes is a change, and the contents
 * of its files are not.
 */
bool watch_add(struct watch *, const char *path);

/* Is the file watched by watch_add? */
bool watch_has(const struct watch *, const char *path);

/* Watch which folder the path names (a link on the way may change); changes in
 * the folder do not count. */
bool watch_add_place(struct watch *, const char *path);

/*
 * Watch a folder for files that must not appear in it: those named by the
 * watch_absent calls that follow.  It is a change, too, if one of them exists
 * already.  Other files in the folder do not count.
 */
bool watch_add_folder(struct watch *, const char *path);
bool watch_absent(struct watch *, const char *path);

/*
 * Has one of them changed since it was added?  Calls stat(2) for each; a file
 * has changed if its inode, its size or one of its times is another one.
 */
bool watch_changed(const struct watch *);

/* The resolution of a file system's times in ms: of one with fractions of a
 * second, and of any. */
enum { WATCH_TICK = 50, WATCH_SECONDS = 2000 };

/*
 * May a file of watch_add have changed at or after that time (ms since 1970),
 * at which the interpreter began to read them?  Then what it has read may be
 * older than the state that was added.  Changes up to a tick of the file
 * system's clock before that time count, too.
 */
bool watch_has_young(const struct watch *, int64_t since);

#endif
