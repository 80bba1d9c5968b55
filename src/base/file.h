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
 * Read the file at path, at most max bytes (EFBIG past it).  A file that
 * changes while it is read is read again, a few times (EAGAIN when it does not
 * come to rest).  0: *text holds the bytes (free(text->ptr) as a char *) and
 * *status what fstat said of them; -1 with errno.
 */
int read_file(const char *path, size_t max, char **bytes, size_t *len,
	      struct stat *status);

#endif
