/*
 * JSON values as json.c makes them, for json_read.c too.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_JSON_H
#define ONEFILE_JSON_H

#include <jansson.h>

#include "base/slice.h"

enum kind {
	KIND_NULL,
	KIND_TRUE,
	KIND_FALSE,
	KIND_INTEGER,
	KIND_REAL,
	KIND_STRING,
	KIND_ARRAY,
	KIND_OBJECT
};

struct json {
	enum kind kind;
	json_int_t integer;
	struct slice text; /* of a string, followed by NUL; of a real number, as
			      it was read */
	struct member *at; /* of an array or an object, in their order */
	size_t count;
	size_t room;
};

struct member {
	struct slice key; /* absent in an array */
	json_t *value;
};

/* The words of the first three kinds. */
extern const char *const json_words[];

/* A new value; NULL: no memory.  It is never freed (include/jansson.h). */
json_t *json_new(enum kind);

/* A copy with a NUL behind it; absent: no memory. */
struct slice json_copy(struct slice);

/* Add a member; key: absent in an array.  0; -1: value is NULL, or no
 * memory. */
int json_append(json_t *, struct slice key, json_t *value);
/* The same for an object; replaces a member of that name.  The key must live as
 * long as the object. */
int json_set(json_t *, struct slice key, json_t *value);

#endif
