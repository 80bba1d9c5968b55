/*
 * Arrays that grow while they are filled, on the heap or in an arena.
 *
 *	struct item *items; size_t count, room;
 *
 *	if (!array_grow(&items, count, &room, sizeof(*items)))
 *		return false;
 *	items[count++] = item;
 *
 * At first the pointer is NULL and room is 0.  Room doubles, so that filling n
 * places copies fewer than 2n items in all.  Code that decides a request does
 * not use these: it must not allocate (src/cors).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/arena.h"

/*
 * Make room for one more than count items of size bytes.  array is the address
 * of the pointer to the first item.  The pointer and *room change if the array
 * has to grow.  False: out of memory (errno ENOMEM), and nothing has changed.
 * Free the pointer with free(3).
 */
bool array_grow(void *array, size_t count, size_t *room, size_t size);

/* The same for `need` items in total, to add several at once. */
bool array_reserve(void *array, size_t need, size_t *room, size_t size);

/* As array_grow, with memory of the arena, so the pointer is not freed.  The
 * old copies stay in the arena; all copies together are less than twice as
 * large as the last one. */
bool array_grow_in(struct arena *, void *array, size_t count, size_t *room,
		   size_t size);

#endif
