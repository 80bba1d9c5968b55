/*
 * Arrays that grow while they are filled.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 8 };

/* The new room for `need` items: if possible at least twice the old room.  0:
 * too many (errno ENOMEM). */
static size_t
next_room(size_t room, size_t need, size_t size)
{
	size_t max = SIZE_MAX / size;

	if (need > max) {
		errno = ENOMEM;
		return 0;
	}
	room = room > max / 2 ? max : 2 * room;
	if (room < FIRST_ROOM && FIRST_ROOM <= max)
		room = FIRST_ROOM;
	return room < need ? need : room;
}

/* array is the address of a pointer of some type, which C does not allow to be
 * read or written as a void *. */
static void *
pointer_of(const void *array)
{
	void *pointer;

	memcpy(&pointer, array, sizeof(pointer));
	return pointer;
}

bool
array_reserve(void *array, size_t need, size_t *room, size_t size)
{
	void *memory;
	size_t more;

	if (need <= *room)
		return true;
	more = next_room(*room, need, size);
	if (more == 0)
		return false;
	memory = realloc(pointer_of(array), more * size);
	if (memory == NULL)
		return false;
	memcpy(array, &memory, sizeof(memory));
	*room = more;
	/* cppcheck-suppress memleak ; array points to it */
	return true;
}

bool
array_grow(void *array, size_t count, size_t *room, size_t size)
{
	return array_reserve(array, count + 1, room, size);
}

bool
array_grow_in(struct arena *arena, void *array, size_t count, size_t *room,
	      size_t size)
{
	void *memory;
	size_t more;

	if (count < *room)
		return true;
	more = next_room(*room, count + 1, size);
	if (more == 0 || (memory = arena_array(arena, more, size)) == NULL)
		return false;
	if (count > 0)
		memcpy(memory, pointer_of(array), count * size);
	memcpy(array, &memory, sizeof(memory));
	*room = more;
	return true;
}
