/*
 * Replaces jansson's header for WebAssembly, where there is no jansson.  It has
 * the calls that this tree makes, with jansson's names and meaning
 * (https://jansson.readthedocs.io/), so that the files that write and read JSON
 * are the same in both.  json.c and json_read.c have them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_JANSSON_H
#define ONEFILE_JANSSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct json json_t;
typedef long long json_int_t;

#define JSON_INTEGER_FORMAT "lld"

enum { JSON_ENSURE_ASCII = 0x40, JSON_ALLOW_NUL = 0x10 };
#define JSON_INDENT(n) ((size_t)(n)&0x1f)

typedef struct {
	int line;
	char text[160];
} json_error_t;

/* ---- making ---- */

/* NULL: no memory, or a string that is not UTF-8. */
json_t *json_object(void);
json_t *json_array(void);
json_t *json_string(const char *);
json_t *json_stringn(const char *, size_t);
json_t *json_integer(json_int_t);
json_t *json_boolean(int);
json_t *json_null(void);

/* Make a value of a format: { } and [ ] around others, s (s+ joins two), o, i,
 * I, b.  NULL: no memory, or a value is NULL. */
json_t *json_pack(const char *format, ...);

/* They take over the value.  0; -1: value is NULL, or no memory. */
int json_object_set_new(json_t *, const char *key, json_t *value);
int json_array_append_new(json_t *, json_t *value);

/* All memory is freed when the program ends, after one response. */
static inline void
json_decref(json_t *value)
{
	(void)value;
}

/* ---- reading ---- */

/* NULL: not JSON (RFC 8259), and *error is the cause.  As with JSON_ALLOW_NUL,
 * whatever the flags. */
json_t *json_loadb(const char *bytes, size_t len, size_t flags,
		   json_error_t *error);

/* A NULL value, or one of another type, has no members and no text. */
json_t *json_object_get(const json_t *, const char *key);
json_t *json_array_get(const json_t *, size_t);
size_t json_array_size(const json_t *);
const char *json_string_value(const json_t *);
size_t json_string_length(const json_t *);
json_int_t json_integer_value(const json_t *);
bool json_is_object(const json_t *);
bool json_is_array(const json_t *);
bool json_is_string(const json_t *);

#define json_array_foreach(array, i, value)                                    \
	for ((i) = 0; (i) < json_array_size(array) &&                          \
		      ((value) = json_array_get(array, i)) != NULL;            \
	     (i)++)

/* ---- writing ---- */

/* flags: JSON_INDENT and JSON_ENSURE_ASCII.  0; -1: value is NULL, or writing
 * failed. */
int json_dumpf(const json_t *, FILE *, size_t flags);

#endif
