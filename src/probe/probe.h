/*
 * corscheck probe: the exchange with a live server.
 *
 * http.c sends one request (the one place that knows libcurl), probe.c does
 * what a browser would do and lets src/explain look at the responses, for
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

/* NULL: no memory.  seconds: how long an answer may take. */
struct probe_client *probe_client_new(long seconds);
void probe_client_free(struct probe_client *);

enum probe_fault {
	PROBE_ANSWERED,
	PROBE_NETWORK,
	PROBE_CERTIFICATE,
	PROBE_NO_CERTIFICATES, /* this machine has none to check it with */
	PROBE_TLS,	       /* what is not the certificate's fault */
	PROBE_TIMEOUT
};

/* Bounds of what is taken from a server. */
enum {
	PROBE_HEADER_MAX = 256 * 1024, /* as Chromium's */
	PROBE_BODY_MAX = 64 * 1024     /* DESIGN.md section 4 */
};

/*
 * Send one request and wait for the header block of its answer.  No redirect is
 * followed, no cookie kept, no password looked up; of the body PROBE_BODY_MAX
 * bytes are read and thrown away.  *out lives in the explanation's arena; *why
 * is what went wrong, printable.
 */
enum probe_fault probe_send(struct probe_client *, struct explanation *,
			    const struct url *, struct slice method,
			    const struct fetch_fields *, struct response *out,
			    const char **why);

/* ---- probe.c ---- */

/*
 * The whole story with the server itself: preflight and request as they are
 * needed, redirects followed; then findings (explain_find), unless it could not
 * be reached.
 */
void probe(struct explanation *, struct probe_client *);

#endif
