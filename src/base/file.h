/*
 * Reading whole files: policies and lists of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef READ_FILE_H
#define READ_FILE_H

#include <sys/stat.h>
#include <time.h>

#include "base/slice.h"

/* The state of a file by stat(2).  It is different after the file was changed
 * or replaced; except if two changes within one tick of the file system's clock
 * leave the size the same. */
struct file_state {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed; /* also permissions, names */
};

/* The state of a file that exists. */
struct file_state file_state_of(const struct stat *);
/* Is it the same file, and unchanged?  Two files that do not exist are the
 * same. */
bool file_same_state(const struct file_state *, const struct file_state *);

/*
 * Read the whole regular file at path; an empty device (/dev/null) is an empty
 * file.
 *
 * 0: *bytes points to *len bytes, which the caller frees with free(3); *status
 * is the result of fstat(2).  -1: errno is set and *bytes is NULL.  EFBIG: the
 * file has more than max bytes, or is a device that is not empty; ENODEV: it is
 * a FIFO or a terminal, which could block; EAGAIN: it changed during each of
 * several attempts; or an error of open(2), read(2) or malloc(3).
 */
int read_file(const char *path, size_t max, char **bytes, size_t *len,
	      struct stat *status);

/* Close *fd unless it is -1, and set it to -1. */
void file_close(int *fd);

/* The cause of a failed read_file for a message; error is its errno. */
const char *read_file_cause(int error);

#endif
