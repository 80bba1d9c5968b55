/*
 * corscheck probe: the exchange with a live server.
 *
 * http.c sends one request; it is the only file that uses libcurl.  probe.c
 * does what a browser would do, and passes the responses to src/explain for
 * verdict and findings.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PROBE_H
#define PROBE_H

#include "explain/explanation.h"

/* ---- http.c ---- */

/* Connections that are kept from one request to the next. */
struct probe_client;

/* seconds: how long a response may take.  NULL: no memory. */
struct probe_client *probe_client_new(long seconds);
void probe_client_free(struct probe_client *);

enum probe_fault {
	PROBE_ANSWERED, /* there is a response */
	PROBE_NETWORK,	/* the server did not respond, or not in HTTP */
	PROBE_CERTIFICATE,
	PROBE_NO_CERTIFICATES, /* this machine has no certificates to check it
				  with */
	PROBE_TLS,	       /* TLS failed for another reason */
	PROBE_TIMEOUT
};

/* Limits for data from a server. */
enum {
	PROBE_HEADER_MAX = 256 * 1024, /* as Chromium's */
	PROBE_BODY_MAX = 64 * 1024     /* DESIGN.md section 4 */
};

/*
 * Send one request and wait for the header block of its response.  No redirect
 * is followed, no cookie kept, no password looked up; PROBE_BODY_MAX bytes of
 * the body are read and discarded.  *out lives in the explanation's arena.
 * *why, if there is no response: the error, printable.
 */
enum probe_fault probe_send(struct probe_client *, struct explanation *,
			    const struct url *, struct slice method,
			    const struct fetch_fields *, struct response *out,
			    const char **why);

/* ---- probe.c ---- */

/*
 * After explain_begin: the whole exchange with the server, with preflights and
 * redirects, and the verdict.  Then the findings (explain_find), if the request
 * is cross-origin, uses CORS, and the server could be reached.
 */
void probe(struct explanation *, struct probe_client *);

#endif
