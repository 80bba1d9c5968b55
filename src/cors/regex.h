/*
 * Regular expressions over whole serialized origins (PCRE2).
 *
 * regex.c is the one file that includes <pcre2.h>.  Without it (configure
 * --without-pcre2; the static program) every pattern is an error.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REGEXP_H
#define REGEXP_H

#include "base/slice.h"

struct regex;         /* a compiled pattern, immutable, shared by workers */
struct regex_scratch; /* memory for matching; one for each worker */

/*
 * Compile pattern so that it only matches a whole subject (always anchored at
 * both ends).  NULL: error holds a short text of at most error_cap bytes, NUL
 * included.  Free with regex_free.
 */
struct regex *regex_compile(struct slice pattern, char *error,
    size_t error_cap);
void regex_free(struct regex *);

/* NULL when memory is out.  Free with regex_scratch_free (NULL allowed). */
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *);

/*
 * Does the whole subject match?  If a limit is reached (of steps, depth or
 * memory; these keep any match below 20 ms), or scratch is null, the result is
 * no (fail closed).  Allocates nothing.
 */
bool regex_match(const struct regex *, struct slice subject,
    struct regex_scratch *);

#endif
