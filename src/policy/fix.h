/*
 * Faults of origins, and corrected texts of origins, paths and hosts.
 *
 * A fix is valid itself, and never allows more than the policy says.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FIX_H
#define FIX_H

#include "base/arena.h"
#include "cors/origin.h"

/* origin_pattern_parse, and the A-labels of the host are checked by libidn2. */
enum origin_fault origin_pattern_check(struct slice, struct origin_pattern *);
/* The fault of the origin `text` in words, for a message. */
const char *origin_fault_text(enum origin_fault, struct slice text);

/* The corrected text, in memory of the arena.  NULL: the text is valid, its
 * meaning is unclear, or out of memory.  For several origins that are not
 * separated by blanks or commas: all of them, separated by blanks. */
const char *fix_origin(struct arena *, struct slice);
const char *fix_path(struct arena *, struct slice);
const char *fix_host(struct arena *, struct slice);
/* The same origin with https. */
const char *fix_insecure_origin(struct arena *, const struct origin_pattern *);

#endif
