/*
 * Whole files into memory: policies and lists of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef READ_FILE_H
#define READ_FILE_H

#include <sys/stat.h>
#include <time.h>

#include "base/slice.h"

/* What stat(2) tells of a file: one that was changed or replaced differs, but
 * for two changes within a tick of its file system's clock. */
struct file_state {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed; /* in any way */
};

struct file_state file_state_of(const struct stat *);
/* The same file, unchanged?  Two that do not exist are the same. */
bool file_same_state(const struct file_state *, const struct file_state *);

/*
 * Read the regular file at path, at most max bytes (EFBIG past it, and for a
 * device that has bytes; ENODEV for a FIFO or a terminal, which are never waited
 * for).  A file that changes
 * while it is read is read again, a few times (EAGAIN when it does not come to
 * rest).  0: *bytes holds *len bytes (free() them) and *status what fstat said
 * of them; -1 with errno and *bytes NULL.
 */
int read_file(const char *path, size_t max, char **bytes, size_t *len,
	      struct stat *status);

/* Close it, unless it is -1, and make it -1. */
void file_close(int *fd);

/* The cause of a failed read_file, for a message, from its errno. */
const char *read_file_cause(int error);

#endif
