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

/* What stat(2) says of a file.  It differs for a file that was changed or
 * replaced, unless both happened within one tick of the file system's clock. */
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
 * Read the regular file at path, at most max bytes.  Errors: EFBIG past max,
 * and for a device that has bytes; ENODEV for a FIFO or a terminal, which would
 * block; EAGAIN for a file that changes during each of several attempts.  0:
 * *bytes holds *len bytes (free() them) and *status what fstat said of them; -1
 * with errno and *bytes NULL.
 */
int read_file(const char *path, size_t max, char **bytes, size_t *len,
	      struct stat *status);

/* Close it, unless it is -1, and make it -1. */
void file_close(int *fd);

/* The cause of a failed read_file, for a message, from its errno. */
const char *read_file_cause(int error);

#endif
