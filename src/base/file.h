/*
 * Whole files into memory: policies and lists of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef READ_FILE_H
#define READ_FILE_H

#include <sys/stat.h>

#include "base/slice.h"

/*
 * Read the regular file at path, at most max bytes (EFBIG past it, and for a
 * device that has bytes; ENODEV for a FIFO or a terminal, which are never waited
 * for).  A file that changes
 * while it is read is read again, a few times (EAGAIN when it does not come to
 * rest).  0: *bytes holds *len bytes (free() them) and *status what fstat said
 * of them; -1 with errno.
 */
int read_file(const char *path, size_t max, char **bytes, size_t *len,
	      struct stat *status);

/* The cause of a failed read_file, for a message, from its errno. */
const char *read_file_cause(int error);

#endif
