/*
 * The sections and keys of a policy (DESIGN.md section 3), suggestions for
 * misspelt ones, and how their values are read.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef KEYS_H
#define KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct entry;
struct loader;

enum section_kind {
	SECTION_APP,
	SECTION_SERVER,
	SECTION_ENV,
	SECTION_HANDLERS,
	SECTION_CORS,
	SECTION_WARM,
	SECTION_LOST /* a header that cannot be identified */
};

/* How a value is read; where it goes is the key's offset in its section's
 * structure. */
enum value_kind {
	VALUE_BOOLEAN,	/* bool */
	VALUE_DURATION, /* uint64_t, milliseconds */
	VALUE_SIZE,	/* uint64_t */
	VALUE_LENGTH,	/* size_t, a size */
	VALUE_COUNT,	/* unsigned */
	VALUE_CHOICE, /* an enum whose members are in the order of the words */
	VALUE_SWITCH, /* bool: the second of two words */
	VALUE_SECONDS_LIMIT, /* struct limit, from a duration */
	VALUE_SIZE_LIMIT,    /* struct limit */
	VALUE_COUNT_LIMIT,   /* struct limit */
	VALUE_PATH,	     /* const char *, absolute */
	VALUE_OWN	     /* read by set */
};

struct key {
	const char *name;
	enum value_kind kind;
	size_t offset;
	uint64_t min, max;	  /* numbers; of durations in milliseconds */
	const char *const *words; /* VALUE_CHOICE, VALUE_SWITCH */
	/* VALUE_OWN: target is the section's structure. */
	void (*set)(struct loader *, void *target, const struct entry *);
	bool repeats;	 /* may be set again: lists, files, regexes */
	bool none;	 /* the word `none` means 0 (limits: not set) */
	bool unset;	 /* VALUE_CHOICE: an empty value is the first member of
			    the enum, which has no word */
	bool named_only; /* in [cors NAME] alone */
	size_t size;	 /* bytes at offset that [cors NAME] inherits; 0: not
			    inherited */
};

enum { KEYS_MAX = 32 }; /* in one section */

/* The keys of a section, ended by one without name; NULL if any name is valid
 * ([env], [handlers]) or the section is unknown. */
const struct key *keys_of(enum section_kind);
/* These tables; each is in the file that reads its keys. */
extern const struct key keys_app[];
extern const struct key keys_server[];
extern const struct key keys_cors[];
extern const struct key keys_warm[];

/* The index of a key in its section's table, or -1.  named: [cors NAME], which
 * has more keys than [cors]. */
int keys_find(enum section_kind, bool named, struct slice name);
/* The line of a key of that name (which the table must have); 0: not set. */
unsigned keys_line(enum section_kind, const unsigned lines[KEYS_MAX],
		   const char *name);
/* The key that this misspelt name probably means; NULL: unclear. */
const char *keys_nearest(enum section_kind, bool named, struct slice name);

/* The first section that has a key of that name, or SECTION_LOST. */
enum section_kind section_with_key(struct slice key);
/* "app", "server", "env", "handlers", "cors", "warm"; NULL for SECTION_LOST. */
const char *section_word(enum section_kind);
/* The section of that word, or SECTION_LOST. */
enum section_kind section_find(struct slice word);
/* The section that this misspelt word probably means, or SECTION_LOST. */
enum section_kind section_nearest(struct slice word);

#endif
