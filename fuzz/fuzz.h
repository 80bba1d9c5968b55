/*
 * Shared by the fuzz targets.  One source of each target serves libFuzzer,
 * AFL++ (both call LLVMFuzzerTestOneInput) and replay.c, which links them all
 * and goes through the corpora in every test run.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(target)                                                    \
	int LLVMFuzzerTestOneInput(const uint8_t *, size_t);                   \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
#else
#define FUZZ_TARGET(target)                                                    \
	int fuzz_##target(const uint8_t *, size_t);                            \
	int fuzz_##target(const uint8_t *data, size_t size)
#endif

/* A condition for every input: otherwise the input is a finding. */
#define CHECK(condition)                                                       \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

__attribute__((noreturn)) static inline void
fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* Those of cmocka's names that the kits of t/ use. */
#define UNIT_COUNT(array) (sizeof(array) / sizeof(*(array)))
#define assert_true(condition) CHECK(condition)
#define assert_non_null(pointer) CHECK((pointer) != NULL)
#define assert_int_equal(a, b) CHECK((a) == (b))
#define assert_ptr_equal(a, b) CHECK((a) == (b))
#define assert_memory_equal(a, b, len) CHECK(memcmp((a), (b), (len)) == 0)
#define fail() fuzz_fail(__FILE__, __LINE__, "this is not reached")

static inline struct slice
fuzz_slice(const uint8_t *data, size_t size)
{
	return slice_of((const char *)data, size);
}

/* Cut off the text up to the byte, and the byte; the rest if it is not
 * there. */
static inline struct slice
fuzz_until(struct slice *rest, char stop)
{
	const char *end =
	    rest->len == 0 ? NULL : memchr(rest->ptr, stop, rest->len);
	struct slice taken = *rest;

	if (end != NULL)
		taken.len = (size_t)(end - rest->ptr);
	*rest = slice_after(*rest, end == NULL ? taken.len : taken.len + 1);
	return taken;
}

/* Cut off the first byte; 0 if there is none. */
static inline unsigned
fuzz_byte(struct slice *rest)
{
	unsigned c = 0;

	if (rest->len > 0) {
		c = (unsigned char)rest->ptr[0];
		*rest = slice_after(*rest, 1);
	}
	return c;
}

/* A copy that is a C string; free it. */
static inline char *
fuzz_text(struct slice s)
{
	char *text = malloc(s.len + 1);

	CHECK(text != NULL);
	if (s.len > 0)
		memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return text;
}

enum { FUZZ_VARIABLES_MAX = 64 };

/* "NAME=value" with NUL between them, as variables; fuzz_variables_free. */
static inline size_t
fuzz_variables(struct slice *rest, char *variables[FUZZ_VARIABLES_MAX + 1])
{
	size_t n = 0;

	while (rest->len > 0 && n < FUZZ_VARIABLES_MAX)
		variables[n++] = fuzz_text(fuzz_until(rest, '\0'));
	variables[n] = NULL;
	return n;
}

static inline void
fuzz_variables_free(char **variables)
{
	for (; *variables != NULL; variables++)
		free(*variables);
}

#endif
