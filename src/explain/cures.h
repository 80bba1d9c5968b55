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

/* The lines of the body in which corswrap as a CGI program names the mistakes
 * of its policy: "12: [unknown-key]" or "[no-policy]".  Absent: another
 * response. */
struct slice cures_policy_mistakes(const struct response *);

/* An id for cures_find beside those of reasons and findings: vary-missing
 * because of a cache. */
#define CURES_CACHE "cache"

/*
 * What to change in the server's configuration for a reason or a finding of
 * this id, in the form of server_cure.  NULL: its directives would not help.
 */
const char *cures_find(struct explanation *, enum server_kind, const char *id);

#endif
