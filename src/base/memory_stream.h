/*
 * Streams into memory that fail if memory was out.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_MEMORY_STREAM_H
#define BASE_MEMORY_STREAM_H

#include <stddef.h>
#include <stdio.h>

/*
 * As open_memstream(3), but *text and *len are only set by fclose, and fclose
 * fails if any byte is missing because memory was out (musl's stream forgets
 * that).  Free *text with free(3), also then.  NULL: no memory; *text is NULL.
 */
FILE *memory_stream(char **text, size_t *len);

#endif
