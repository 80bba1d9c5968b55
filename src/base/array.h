/*
 * Arrays that grow while they are filled, on the heap or in an arena.
 *
 *	struct item *items; size_t count, room;
 *
 *	if (!array_grow(&items, count, &room, sizeof(*items)))
 *		return false;
 *	items[count++] = item;
 *
 * They begin as NULL with no room.  Room doubles, so that filling n places
 * copies fewer than 2n.  Not for the path of a request that is decided without
 * the heap (src/cors, src/fetch).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/arena.h"

/*
 * Room for one more than count places of size bytes.  array is the address of
 * the pointer to the first; it and *room change if the array has to move.
 * False: out of memory, and nothing has changed.  free(3) the pointer.
 */
bool array_grow(void *array, size_t count, size_t *room, size_t size);

/* The same for `need` places in all, for bytes that come in blocks. */
bool array_reserve(void *array, size_t need, size_t *room, size_t size);

/* As array_grow, with memory of the arena.  The arena keeps the old copies too:
 * in all less than twice the last. */
bool array_grow_in(struct arena *, void *array, size_t count, size_t *room,
		   size_t size);

#endif
