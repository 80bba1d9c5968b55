/*
 * What an HTML form sends: application/x-www-form-urlencoded
 * (https://url.spec.whatwg.org/#urlencoded-parsing), from a query or a body.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FORM_H
#define FORM_H

#include "base/arena.h"
#include "base/slice.h"

/* More fields than any page of ours has: a form that has more is not one. */
enum { FORM_FIELDS_MAX = 64 };

struct form_field {
	struct slice name;
	struct slice value; /* present, if maybe empty */
};

struct form {
	struct form_field at[FORM_FIELDS_MAX];
	size_t count;
};

enum form_fault { FORM_GOOD, FORM_TOO_MANY, FORM_NO_MEMORY };

/*
 * Take the text apart.  Any bytes do: as browsers, this leaves a "%" that no
 * two hexadecimal digits follow as it is, and what comes out may be anything,
 * NUL too.  Names and values live in the arena.
 */
enum form_fault form_parse(struct arena *, struct slice text, struct form *);

/* The value of the first field of that name; absent: there is none. */
struct slice form_get(const struct form *, struct slice name);

#endif
