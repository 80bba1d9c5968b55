/*
 * Memory that is freed as a whole.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "unit.h"

static void
test_empty(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_non_null(arena);
	arena_free(arena);
	arena_free(NULL);
}

/* Pieces of all sizes: zeroed, aligned, not overlapping. */
static void
test_pieces(void **state)
{
	enum { COUNT = 2000 };
	static unsigned char *pieces[COUNT];
	static size_t sizes[COUNT];
	struct arena *arena = arena_new();
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		seed = seed * 1664525u + 1013904223u;
		sizes[i] = (seed >> 16) % (i % 100 == 0 ? 40000 : 200) + 1;
		pieces[i] = arena_alloc(arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t),
				 0);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], i & 0xff, sizes[i]);
	}
	for (int i = 0; i < COUNT; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], i & 0xff);
	arena_free(arena);
}

static void
test_nothing(void **state)
{
	struct arena *arena = arena_new();
	char *a = arena_alloc(arena, 0), *b = arena_alloc(arena, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_non_null(arena_array(arena, 0, 8));
	assert_non_null(arena_array(arena, 8, 0));
	arena_free(arena);
}

/* A large piece does not waste the rest of the current block. */
static void
test_large(void **state)
{
	struct arena *arena = arena_new();
	char *a = arena_alloc(arena, 16);
	char *large = arena_alloc(arena, (size_t)50 << 20);
	char *b = arena_alloc(arena, 16);

	(void)state;
	assert_non_null(large);
	assert_ptr_equal(b, a + 16);
	large[0] = large[((size_t)50 << 20) - 1] = 1;
	arena_free(arena);
}

static void
test_overflow(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	errno = 0;
	assert_null(arena_array(arena, SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(arena_alloc(arena, SIZE_MAX - 8));
	assert_int_equal(errno, ENOMEM);
	/* The arena works as before. */
	assert_non_null(arena_alloc(arena, 1));
	arena_free(arena);
}

static void
test_texts(void **state)
{
	struct arena *arena = arena_new();
	struct slice bytes = SLICE("a\0b"), copy;

	(void)state;
	assert_string_equal(arena_text(arena, SLICE("abc")), "abc");
	assert_string_equal(arena_text(arena, SLICE("")), "");
	assert_string_equal(arena_text(arena, SLICE_NONE), "");
	copy = arena_slice(arena, bytes);
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.ptr, "a\0b", 4);
	assert_ptr_not_equal(copy.ptr, bytes.ptr);
	copy = arena_lower(arena, SLICE("aZ\0\xc3"));
	assert_int_equal(copy.len, 4);
	assert_memory_equal(copy.ptr, "az\0\xc3", 5);
	assert_true(slice_present(arena_lower(arena, SLICE_NONE)));
	/* Texts are packed, and pieces after them are still aligned. */
	assert_int_equal(
	    (uintptr_t)arena_alloc(arena, 8) % alignof(max_align_t), 0);
	arena_free(arena);
}

static void
test_joined(void **state)
{
	struct arena *arena = arena_new();
	struct slice parts[] = {SLICE("/srv"),	SLICE("/"),
				SLICE_NONE,	SLICE(""),
				SLICE("x.ini"), {"", SIZE_MAX - 10}};

	(void)state;
	assert_string_equal(arena_join(arena, parts, 5), "/srv/x.ini");
	assert_string_equal(arena_join(arena, parts, 1), "/srv");
	assert_string_equal(arena_join(arena, parts, 0), "");
	assert_false(arena_failed(arena));
	/* 10 bytes and this many have no room for the NUL. */
	errno = 0;
	assert_null(arena_join(arena, parts, 6));
	assert_int_equal(errno, ENOMEM);
	/* It knows, whatever succeeds later. */
	assert_non_null(arena_text(arena, SLICE("abc")));
	assert_true(arena_failed(arena));
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_nothing),  cmocka_unit_test(test_large),
	    cmocka_unit_test(test_overflow), cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_joined),
	};

	return unit_run(tests, UNIT_COUNT(tests));
}
