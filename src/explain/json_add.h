/*
 * JSON that is whole or NULL: jansson's functions return an error if memory is
 * out, and what was to be added is missing then.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef JSON_ADD_H
#define JSON_ADD_H

#include <jansson.h>

/* Append the value, which is taken, to *array.  If that fails, or one of them
 * is NULL, *array is released and NULL from then on. */
static inline void
json_add(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

/* The same with a member of *object. */
static inline void
json_put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

#endif
