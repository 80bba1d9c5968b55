/*
 * Buffers that are kept from use to use and only ever grow: a pointer and how
 * many bytes it has, NULL and 0 at first.  free(3) the pointer.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>

/* Make *buf at least cap bytes (cap > 0); its contents are lost if it has to
 * grow (array_reserve keeps them).  -1: no memory, and *buf is unchanged. */
int buffer_need(char **buf, size_t *have, size_t cap);

#endif
