/*
 * The fix of an explanation, as a change of the text of the policy.
 *
 * Pure, except for the loader of policies, which opens no file here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_EDIT_H
#define EXPLAIN_EDIT_H

#include "explain/explanation.h"

/*
 * *edited: the policy, changed so that the request of the question is allowed:
 * words are added to lists, `credentials` is set; everything else is unchanged.
 * In memory of the arena.  Absent: the request is allowed already, no such
 * change is certain (the page's origin is null, the path is closed, the script
 * has to change, the new policy would have errors).  False: out of memory.
 */
bool explain_edit(struct arena *, const struct question *, struct slice policy,
		  struct slice *edited);

/* A line that two texts do not have in common. */
struct line_change {
	unsigned line;	     /* of the new text, from 1 */
	struct slice before; /* absent: the line is new */
	struct slice after;
};

/* List the lines of the second text that were changed or added; no line may
 * have been deleted.  Returns how many, at most max. */
size_t edit_changes(struct slice before, struct slice after,
		    struct line_change *, size_t max);

#endif
