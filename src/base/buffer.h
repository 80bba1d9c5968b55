/*
 * Buffers that are reused and only grow: a pointer and the size in bytes, at
 * first NULL and 0.  Free the pointer with free(3).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>

/* Make *buf at least cap bytes large (cap > 0) and set *have to its size.  The
 * contents are lost if it has to grow (array_reserve keeps them).  0, or -1:
 * out of memory, and nothing has changed. */
int buffer_need(char **buf, size_t *have, size_t cap);

#endif
