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

/* origin_pattern_parse, and two more checks of the host: libidn2 accepts its
 * A-labels, and a '*' within a label is not right below an ICANN suffix. */
enum origin_fault origin_pattern_check(struct slice, struct origin_pattern *);
/* The fault of the origin `text` in words, for a message. */
const char *origin_fault_text(enum origin_fault, struct slice text);

/* Correct a text: the result is in memory of the arena.  NULL: the text is
 * valid, its meaning is unclear, or out of memory.  fix_origin separates
 * several origins with blanks if they are separated by ";" or "|". */
const char *fix_origin(struct arena *, struct slice);
const char *fix_path(struct arena *, struct slice);
const char *fix_host(struct arena *, struct slice);
/* The same origin with https; NULL: that would be invalid, or out of memory. */
const char *fix_insecure_origin(struct arena *, const struct origin_pattern *);

#endif
