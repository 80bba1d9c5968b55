/*
 * Web servers and services: which one responded, and what to change in its
 * configuration.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_WEB_SERVERS_H
#define EXPLAIN_WEB_SERVERS_H

#include "explain/explanation.h"

enum server_kind {
	SERVER_UNKNOWN,
	SERVER_NGINX,
	SERVER_APACHE,
	SERVER_LIGHTTPD,
	SERVER_CADDY,
	SERVER_HAPROXY,
	SERVER_IIS,
	SERVER_EXPRESS,
	SERVER_S3,
	SERVER_CLOUDFRONT,
	SERVER_CLOUDFLARE,
	SERVER_KINDS
};

/* The mistake in its response. */
enum server_problem {
	PROBLEM_OPTIONS, /* of a preflight: status, or a CORS header */
	PROBLEM_ORIGIN,	 /* the origin is missing, another, or there twice */
	PROBLEM_VARY,	 /* it depends on Origin and has no Vary: Origin */
	PROBLEM_CACHE,	 /* a cache sends it to pages of other origins */
	PROBLEM_BACKEND, /* a proxy responds instead of its upstream */
	PROBLEM_METHOD,	 /* OPTIONS is 404 or 405: how it reaches corswrap,
			  * and PROBLEM_OPTIONS */
	PROBLEMS
};

/* Which server sent it, by Server, other header fields and its error pages. */
enum server_kind web_server_of(const struct response *);

/*
 * What to change in its configuration, with the page's origin, the method and
 * the headers filled in.  Directives are between backquotes, each a line of its
 * own.  NULL: its own configuration cannot fix it, or the origin, the method or
 * a header has a byte that must not be pasted into it.
 */
const char *server_cure(struct explanation *, enum server_kind,
			enum server_problem);

/*
 * Advice to send the CORS headers on every status, each once: with the
 * directives of the server that the response names, and those of HAProxy if it
 * names no server.
 */
const char *explain_set_headers(struct explanation *, const struct response *);

#endif
