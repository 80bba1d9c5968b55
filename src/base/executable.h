/*
 * Which file this process runs, and programs by their names.
 *
 * Linux reports both the path by which a process was started and its
 * executable.  POSIX reports neither; there argv[0] says it, which the process
 * that starts us sets, and no client of a web server can.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_EXECUTABLE_H
#define BASE_EXECUTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { EXECUTABLE_PATH = 4096 };

/* Not to be copied: path may point into it. */
struct executable {
	const char *path; /* by which it was started: of a symbolic link the
			     link's own; NULL: unknown */
	bool remembered;
	dev_t device; /* if it is remembered */
	ino_t inode;
	char room[EXECUTABLE_PATH];
};

/*
 * Find the path of this process's executable.  argv0 is the first argument of
 * main (it may be NULL), which is used where the system does not report the
 * path: a path, or else a name in PATH.  False: unknown.
 */
bool executable_find(struct executable *, const char *argv0);

/* For a process that runs for long: remember the file, which an update may
 * replace or remove. */
void executable_remember(struct executable *);

enum executable_match {
	EXECUTABLE_OTHER,
	EXECUTABLE_OWN,
	EXECUTABLE_UNKNOWN /* what our own is is not known */
};

/* Is one of these files our own executable? */
enum executable_match executable_is_any(const struct executable *,
					const struct stat *files, size_t count);

/*
 * The absolute path of a program in buf.  The first makes it of a path (a name
 * alone is one in the working folder), the second looks for a name in PATH.
 * False: there is no such file, or it may not be executed.
 */
bool executable_at(const char *path, char *buf, size_t cap);
bool executable_in_path(const char *name, char *buf, size_t cap);

#endif
