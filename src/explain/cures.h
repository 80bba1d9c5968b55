/*
 * Cures in the words of the server that answered.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_CURES_H
#define EXPLAIN_CURES_H

#include "explain/web_servers.h"

/* Is it corswrap's answer to a preflight? */
bool cures_is_corswrap(const struct response *);

/* Beside the ids of reasons and findings: a cache, of which vary-missing is. */
#define CURES_CACHE "cache"

/*
 * What to change there for a reason or a finding of this id, as server_cure has
 * it.  NULL: nothing that the server's own words would say better.
 */
const char *cures_find(struct explanation *, enum server_kind, const char *id);

#endif
