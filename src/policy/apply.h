/*
 * Applies the fixes of diagnostics to the text of a policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef APPLY_H
#define APPLY_H

#include "base/arena.h"
#include "policy/diagnostic.h"

/* Can the fix be applied without a person's decision?  Yes if `word`, the bytes
 * that the diagnostic is about, can only mean this; no if the fix is a guessed
 * name, or https instead of http. */
bool fix_is_certain(const struct diag *, struct slice word);

/* The diagnostics whose fixes were applied. */
struct fixes {
	const struct diag **at;
	size_t count;
};

/*
 * Apply the certain fixes of the file's diagnostics to its text.  Returns the
 * new text, in memory of the arena; all other bytes are unchanged.  If two
 * fixes overlap, only the first is applied.  Absent: out of memory.
 */
struct slice fixes_apply(struct arena *, struct slice text, const char *file,
			 const struct diag_list *, struct fixes *made);

#endif
