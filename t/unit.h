/*
 * cmocka with one TAP line for each row of a table.
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

#include <cmocka.h>

#define UNIT_COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Append a test for each row; rows have a member `name`. */
#define UNIT_ROWS(tests, n, rows, function)                               \
	for (size_t unit_i = 0; unit_i < UNIT_COUNT(rows); unit_i++)      \
		(tests)[(n)++] = (struct CMUnitTest)                      \
		{                                                         \
			.name = (rows)[unit_i].name,                      \
			.test_func = (function),                          \
			.initial_state = (void *)(uintptr_t)&(rows)[unit_i] \
		}

/* One group a program: two print two plans, which TAP does not allow. */
static inline int
unit_run(struct CMUnitTest *tests, size_t count)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("unit", tests, count, NULL, NULL);
}

#endif
