/*
 * Corrected texts of diagnostics, put into the policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef APPLY_H
#define APPLY_H

#include "base/arena.h"
#include "policy/diagnostic.h"

/* May this fix be made without asking: it has a place, and there is one way to
 * mean what is written?  (A guessed name, or https in the place of http, is
 * somebody's decision.) */
bool fix_is_certain(const struct diag *);

/*
 * The text with the certain fixes of the file's diagnostics, in memory of the
 * arena; everything else keeps its bytes.  Of two that overlap the first is
 * made.  *count: how many were made.  Absent: memory is out.
 */
struct slice fixes_apply(struct arena *, struct slice text, const char *file,
			 const struct diag_list *, size_t *count);

#endif
