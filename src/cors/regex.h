/*
 * Regular expressions over whole serialized origins (PCRE2).
 *
 * Only regex.c includes <pcre2.h>.  Without PCRE2 (configure --without-pcre2;
 * the static program) every pattern is an error.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REGEXP_H
#define REGEXP_H

#include "base/slice.h"

struct regex;         /* a compiled pattern, immutable, shared by workers */
struct regex_scratch; /* memory for matching; one for each worker */

/*
 * Compile a pattern that matches only a whole subject (it is always anchored at
 * both ends).  Free it with regex_free.  NULL: error has a short message, of at
 * most error_cap bytes with its NUL; if memory is out, errno is ENOMEM.
 */
struct regex *regex_compile(struct slice pattern, char *error,
    size_t error_cap);
/* Free a regex; NULL is allowed. */
void regex_free(struct regex *);

/* Memory for matching; free it with regex_scratch_free (NULL is allowed).
 * NULL: out of memory, or built without PCRE2. */
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *);

/*
 * Does the whole subject match?  False also if a limit of steps, depth or
 * memory is reached (they keep every match below 20 ms), if scratch is NULL, or
 * if the subject is "file://" and the pattern does not contain "file".
 * Allocates nothing.
 */
bool regex_match(const struct regex *, struct slice subject,
    struct regex_scratch *);

#endif
