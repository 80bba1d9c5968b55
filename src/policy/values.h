/*
 * The values that keys of a policy take, read from their text; no function
 * here knows a key or reports an error.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef VALUES_H
#define VALUES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* Read yes, no, on, off, true or false.  False: another text. */
bool value_boolean(struct slice, bool *);
/* A kind of number: its units, and its name in messages. */
struct measure {
	const char *name;
	const char *grammar; /* NULL: only digits */
	uint64_t factor;     /* of a number without unit */
	struct unit {
		const char *word;
		uint64_t factor;
	} units[5]; /* from the smallest; the last has no word */
};
extern const struct measure value_duration; /* in milliseconds */
extern const struct measure value_size;	    /* in bytes */
extern const struct measure value_count;

/* Read digits and a unit; UINT64_MAX if it is more than that.  False:
 * malformed. */
bool value_number(const struct measure *, struct slice, uint64_t *);

enum { VALUE_TEXT = 24 }; /* bytes, NUL included */
/* Write a number that value_number can read, in the largest unit that needs no
 * fraction. */
void value_number_write(const struct measure *, uint64_t number,
			char buf[static VALUE_TEXT]);
/* Correct "5 s", "10sec" or "64kb", in buf.  False: the unit is unknown. */
bool value_number_fix(const struct measure *, struct slice,
		      char buf[static VALUE_TEXT]);

/*
 * Split as sh does, with its quotes and backslashes, but with no expansion and
 * no operators (POSIX, Shell Command Language, 2.2).  NULL: *words holds the
 * words (NULL-terminated, memory from the arena); else what is wrong.
 */
const char *value_words(struct arena *, struct slice, char *const **words);

/*
 * The name in the NULL-terminated list that a misspelt word probably means: at
 * most three keystrokes away, where letter case and "_" for "-" do not count.
 * NULL: no name is near enough.
 */
const char *value_nearest(struct slice, const char *const *names);

#endif
