/*
 * Arrays that grow while they are filled.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

enum { COUNT = 5000 };

static void
fill(struct arena *arena, bool in_arena)
{
	size_t *list = NULL, count = 0, room = 0, moves = 0;

	while (count < COUNT) {
		size_t before = room;
		assert_true(
		    in_arena ? array_grow_in(arena, &list, count, &room,
					     sizeof(*list))
			     : array_grow(&list, count, &room, sizeof(*list)));
		assert_true(room > count);
		moves += room != before;
		list[count] = count;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], i);
	assert_true(moves < 12); /* it doubles */
	if (!in_arena)
		free(list);
}

static void
test_heap(void **state)
{
	(void)state;
	fill(NULL, false);
}

static void
test_arena(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	fill(arena, true);
	arena_free(arena);
}

static void
test_reserve(void **state)
{
	char *bytes = NULL;
	size_t room = 0;

	(void)state;
	assert_true(array_reserve(&bytes, 3, &room, 1));
	assert_true(room >= 3);
	memcpy(bytes, "abc", 3);
	assert_true(array_reserve(&bytes, 100000, &room, 1));
	assert_true(room >= 100000);
	assert_memory_equal(bytes, "abc", 3);
	const char *before = bytes;
	assert_true(array_reserve(&bytes, 100, &room, 1));
	assert_ptr_equal(bytes, before);
	free(bytes);
}

/* More than possible: nothing is changed. */
static void
test_too_many(void **state)
{
	struct arena *arena = arena_new();
	uint64_t *list = NULL;
	size_t room = 0;

	(void)state;
	assert_true(array_grow(&list, 0, &room, sizeof(*list)));
	list[0] = 7;
	const uint64_t *before = list;
	size_t room_before = room;
	errno = 0;
	assert_false(array_reserve(&list, SIZE_MAX / 4, &room, sizeof(*list)));
	assert_int_equal(errno, ENOMEM);
	room = SIZE_MAX / 8;
	assert_false(array_grow(&list, room, &room, sizeof(*list)));
	assert_false(array_grow_in(arena, &list, room, &room, sizeof(*list)));
	assert_int_equal(room, SIZE_MAX / 8);
	room = room_before;
	assert_ptr_equal(list, before);
	assert_true(list[0] == 7);
	free(list);
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[8];
	size_t n = 0;

	UNIT_TEST(tests, n, test_heap);
	UNIT_TEST(tests, n, test_arena);
	UNIT_TEST(tests, n, test_reserve);
	UNIT_TEST(tests, n, test_too_many);
	return unit_run(tests, n);
}
