/*
 * Borrowed bytes: a pointer and a length.
 *
 * All untrusted input (request variables, policy text, header blocks) is
 * handled as slices, because it may contain NUL and need not end with one.  A
 * slice with a null pointer is absent; one with a pointer and the length 0 is
 * present and empty.  CORS distinguishes them: an empty Origin is malformed, a
 * missing one is not.  (CGI does not: RFC 3875, 4.1.)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE_NONE ((struct slice){ NULL, 0 })
/* A slice of a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* The slice of a C string; absent for NULL. */
static inline struct slice
slice_from(const char *text)
{
	return (struct slice){ text, text == NULL ? 0 : strlen(text) };
}

static inline bool
slice_present(struct slice s)
{
	return s.ptr != NULL;
}

/* Are the bytes the same?  Absent and empty slices are equal. */
static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline size_t
size_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Compare bytes as memcmp does: <0, 0 or >0.  A prefix is less than the longer
 * slice. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t len = size_least(a.len, b.len);
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool
slice_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Are the bytes the same, ignoring ASCII case?  The locale does not matter. */
static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* The slice without its first n bytes; empty if it has fewer. */
static inline struct slice
slice_after(struct slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	/* Adding nothing to a null pointer is undefined in C11. */
	return (struct slice){ n == 0 ? s.ptr : s.ptr + n, s.len - n };
}

#endif
