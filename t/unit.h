/*
 * cmocka with one TAP line for each row of a table, and buffers at whose edge
 * memory ends.
 *
 *	static const struct row { const char *name; ... } rows[] = { ... };
 *	static void test(void **state) { const struct row *row = *state; ... }
 *	int main(void) { struct CMUnitTest tests[N]; size_t n = 0;
 *		UNIT_ROWS(tests, n, rows, test); return unit_run(tests, n); }
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slice.h"

#define UNIT_COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Append a test for each row; rows have a member `name`. */
#define UNIT_ROWS(tests, n, rows, function)                                    \
	for (size_t unit_i = 0; unit_i < UNIT_COUNT(rows); unit_i++)           \
		(tests)[(n)++] = (struct CMUnitTest)                           \
		{                                                              \
			.name = (rows)[unit_i].name, .test_func = (function),  \
			.initial_state = (void *)(uintptr_t) & (rows)[unit_i]  \
		}

/* Append a test that is a function. */
#define UNIT_TEST(tests, n, function)                                          \
	((tests)[(n)++] = (struct CMUnitTest)cmocka_unit_test(function))

/* One group a program: two print two plans, which TAP does not allow. */
static inline int
unit_run(struct CMUnitTest *tests, size_t count)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("unit", tests, count, NULL, NULL);
}

/* The same bytes?  Prints both if not. */
static inline void
unit_assert_slice(struct slice got, const char *want)
{
	char text[8192];

	assert_non_null(got.ptr);
	assert_true(got.len < sizeof(text));
	memcpy(text, got.ptr, got.len);
	text[got.len] = '\0';
	assert_string_equal(text, want);
	assert_int_equal(got.len, strlen(want));
}

static inline size_t
unit_pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page) / page * page;
}

/*
 * A copy of the slice that ends where memory ends: a read of one byte more is
 * a crash, with any compiler and without a sanitizer.  Free: unit_unguard.
 */
static inline struct slice
unit_guard(struct slice s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = unit_pages(s.len);
	char *base = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(base != MAP_FAILED);
	assert_int_equal(mprotect(base + size, page, PROT_NONE), 0);
	if (s.len > 0)
		memcpy(base + size - s.len, s.ptr, s.len);
	return slice_of(base + size - s.len, s.len);
}

static inline void
unit_unguard(struct slice s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = unit_pages(s.len);
	/* The slice lies in its last page but for the guard. */
	uintptr_t end = (uintptr_t)s.ptr + s.len;

	assert_int_equal(munmap((void *)(end - size), size + page), 0);
}

/* The same with the end of memory in front: a read of the byte before. */
static inline struct slice
unit_guard_front(struct slice s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = unit_pages(s.len);
	char *base = mmap(NULL, page + size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(base != MAP_FAILED);
	assert_int_equal(mprotect(base, page, PROT_NONE), 0);
	if (s.len > 0)
		memcpy(base + page, s.ptr, s.len);
	return slice_of(base + page, s.len);
}

static inline void
unit_unguard_front(struct slice s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = unit_pages(s.len);

	assert_int_equal(munmap((void *)((uintptr_t)s.ptr - page), page + size),
			 0);
}

#endif
