/*
 * The values that keys of a policy take, read from their text; nothing here
 * knows a key or reports anything.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef VALUES_H
#define VALUES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* yes no on off true false. */
bool value_boolean(struct slice, bool *);
/* A number with ms, s, m or h, or seconds without; in milliseconds. */
bool value_duration(struct slice, uint64_t *);
/* A number with K, M or G, or bytes without. */
bool value_size(struct slice, uint64_t *);

/*
 * What "5 s", "10sec" or "64kb" should have been: written to buf, else false.
 * units is one of value_duration_units and value_size_units.
 */
extern const char *const value_duration_units[];
extern const char *const value_size_units[];
bool value_unit_fix(struct slice, const char *const *units, char *buf,
		    size_t cap);

/* As value_duration and value_size would read them, in the largest unit that
 * needs no fraction. */
enum { VALUE_TEXT = 24 };
void value_write_duration(uint64_t milliseconds, char buf[static VALUE_TEXT]);
void value_write_size(uint64_t bytes, char buf[static VALUE_TEXT]);

/*
 * Split as sh does, with its quotes and backslashes, but with no expansion and
 * no operators (POSIX, Shell Command Language, 2.2).  NULL: *words holds the
 * words (NULL-terminated, memory from the arena); else what is wrong.
 */
const char *value_words(struct arena *, struct slice, char *const **words);

/*
 * Which of the names (NULL-terminated) was meant: equal but for case and `_`,
 * or few keystrokes away.  NULL: none is near.
 */
const char *value_nearest(struct slice, const char *const *names);

#endif
