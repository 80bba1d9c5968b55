/*
 * Fixes in the configuration of the server that responded.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_CURES_H
#define EXPLAIN_CURES_H

#include "explain/web_servers.h"

/* Is it corswrap's response to a preflight? */
bool cures_is_corswrap(const struct response *);

/* The body by which corswrap as a CGI program names the mistakes of its policy,
 * "12: [unknown-key]" a line, or "[no-policy]"; absent for any other
 * response. */
struct slice cures_policy_mistakes(const struct response *);

/* In addition to the ids of reasons and findings: a cache, the cause of
 * vary-missing. */
#define CURES_CACHE "cache"

/*
 * What to change there for a reason or a finding of this id, as server_cure
 * has it.  NULL: the server's directives would not help.
 */
const char *cures_find(struct explanation *, enum server_kind, const char *id);

#endif
