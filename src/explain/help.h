/*
 * The meaning of the id of a diagnostic, a reason, a finding or a line of the
 * log, and what to do: the entries of help.txt.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_HELP_H
#define EXPLAIN_HELP_H

#include "base/slice.h"

struct help_entry {
	const char *id;
	/* "error", "warning", "note", "reason", "finding", "log" */
	const char *kind;
	/* Lines for a terminal; the cause up to the first empty one. */
	const char *text;
};

/* All entries; after the last is one without id. */
const struct help_entry *help_entries(void);

/* The entry with this id, "case" or "[case]" as lint prints it; NULL: there is
 * none. */
const struct help_entry *help_find(struct slice id);

/* Its meaning: the first paragraph, which can have several lines. */
struct slice help_cause(const struct help_entry *);

#endif
