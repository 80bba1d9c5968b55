/*
 * Cures in the words of the server that answered.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_CURES_H
#define EXPLAIN_CURES_H

#include "explain/explanation.h"

/* Who answered, as far as it shows. */
enum server_kind {
	SERVER_UNKNOWN,
	SERVER_CORSWRAP,
	SERVER_NGINX,
	SERVER_APACHE,
	SERVER_LIGHTTPD,
	SERVER_CADDY,
	SERVER_IIS,
	SERVER_EXPRESS,
	SERVER_S3,
	SERVER_CLOUDFRONT,
	SERVER_CLOUDFLARE,
	SERVER_KINDS
};

/* By Server, other headers, and the error pages that each has. */
enum server_kind cures_server(const struct response *);
/* Is it corswrap's answer to a preflight? */
bool cures_is_corswrap(const struct response *);

/* Beside the ids of reasons and findings: a cache, of which vary-missing is. */
#define CURES_CACHE "cache"

/*
 * What to change there for a reason or a finding of this id; directives are
 * between backquotes, each a line of its own.  NULL: nothing that the server's
 * own words would say better.
 */
const char *cures_find(struct explanation *, enum server_kind, const char *id);

#endif
