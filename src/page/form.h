/*
 * The data of an HTML form: application/x-www-form-urlencoded
 * (https://url.spec.whatwg.org/#urlencoded-parsing), from a query or a body.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FORM_H
#define FORM_H

#include "base/arena.h"
#include "base/slice.h"

/* More fields than our pages have: a form with more is invalid. */
enum { FORM_FIELDS_MAX = 64 };

struct form_field {
	struct slice name;
	struct slice value; /* present, perhaps empty */
};

struct form {
	struct form_field at[FORM_FIELDS_MAX];
	size_t count;
};

enum form_fault { FORM_GOOD, FORM_TOO_MANY, FORM_NO_MEMORY };

/*
 * Parse the text.  All bytes are valid: as in browsers, a "%" without two
 * hexadecimal digits is kept, and the result may have any bytes, even NUL.
 * Names and values live in the arena.
 */
enum form_fault form_parse(struct arena *, struct slice text, struct form *);

/* The value of the first field of that name; absent: there is none. */
struct slice form_get(const struct form *, struct slice name);

#endif
