/*
 * The executable of this process, and programs found by name.
 *
 * Linux reports both the path by which a process was started and its
 * executable.  POSIX reports neither, so argv[0] is used there.  The process
 * that starts us sets it; a client of the web server cannot.
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

/* Do not copy it: path may point into it. */
struct executable {
	const char *path; /* by which it was started, with symbolic links not
			     resolved (after fexecve(3) they are); NULL:
			     unknown */
	bool remembered;
	dev_t device; /* if remembered */
	ino_t inode;
	char room[EXECUTABLE_PATH];
};

/*
 * Find the path of this process's executable.  argv0 is argv[0] of main (it may
 * be NULL); it is used where the system does not report the path, and is a path
 * or a name to look for in PATH.  False: the path is unknown.
 */
bool executable_find(struct executable *, const char *argv0);

/* Remember which file the executable is, because an update may replace or
 * remove it while this process runs. */
void executable_remember(struct executable *);

enum executable_match {
	EXECUTABLE_OTHER,
	EXECUTABLE_OWN,
	EXECUTABLE_UNKNOWN /* our own executable is unknown */
};

/* Is one of these files our own executable? */
enum executable_match executable_is_any(const struct executable *,
					const struct stat *files, size_t count);

/*
 * Write the absolute path of a program to buf, with a NUL.  executable_at takes
 * a path (a name without '/' is in the working folder), executable_in_path
 * looks for a name in PATH.  False: there is no such executable file, or its
 * path does not fit into cap bytes.
 */
bool executable_at(const char *path, char *buf, size_t cap);
bool executable_in_path(const char *name, char *buf, size_t cap);

#endif
