/*
 * The fix of an explanation, made in the text of the policy.
 *
 * Pure but for the loader of policies, which opens no file here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_EDIT_H
#define EXPLAIN_EDIT_H

#include "explain/explanation.h"

/*
 * The policy, changed so that the request of the question is allowed: words
 * are added to lists, `credentials` is set; nothing else is touched.  Absent:
 * no such change is certain (the page's origin is null, the path is closed,
 * the script has to change, lint would report the change), or out of memory.
 */
struct slice explain_edit(struct arena *, const struct question *,
			  struct slice policy);

/* A line that two texts do not have in common. */
struct line_change {
	unsigned line;	     /* of the new text, from 1 */
	struct slice before; /* absent: the line is new */
	struct slice after;
};

/* The lines of the second text that were changed or added (none may be
 * deleted); returns how many, at most max. */
size_t edit_changes(struct slice before, struct slice after,
		    struct line_change *, size_t max);

#endif
