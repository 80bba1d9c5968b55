/*
 * Corrected texts of diagnostics, put into the policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef APPLY_H
#define APPLY_H

#include "base/arena.h"
#include "policy/diagnostic.h"

/* May this fix of `word`, the bytes that the diagnostic is about, be applied
 * automatically, because the word can only mean this?  (A guessed name, or
 * https instead of http, needs a person's decision.) */
bool fix_is_certain(const struct diag *, struct slice word);

/* The diagnostics whose fixes were made. */
struct fixes {
	const struct diag **at;
	size_t count;
};

/*
 * The text with the certain fixes of the file's diagnostics, in memory of the
 * arena; everything else keeps its bytes.  If two overlap, only the first is
 * applied.  Absent: out of memory.
 */
struct slice fixes_apply(struct arena *, struct slice text, const char *file,
			 const struct diag_list *, struct fixes *made);

#endif
