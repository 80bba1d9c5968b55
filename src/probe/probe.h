/*
 * corscheck probe: the exchange with a live server.
 *
 * http.c sends one request (the one place that knows libcurl), probe.c
 * does what a browser would do and lets browser_checks.c look at the answers,
 * findings.c looks for the mistakes that people make.
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

/* ---- metadata.c ---- */

/* What a browser says of page and URL in every request (Fetch Metadata). */
enum { PROBE_METADATA = 3 };
size_t probe_metadata(const struct explanation *,
		      struct fetch_field out[PROBE_METADATA]);

/* The fields that are shown, with another Origin if one is given (else
 * SLICE_NONE), and those that every browser adds; in the arena. */
struct fetch_fields probe_fields(struct explanation *,
				 const struct fetch_fields *,
				 struct slice origin);

/* ---- probe.c ---- */

/*
 * The whole story with the server itself: preflight and request as they are
 * needed, redirects followed; then findings (probe_find), unless it could not
 * be reached.
 */
void probe(struct explanation *, struct probe_client *);

/* ---- server.c ---- */

/* May the request be sent again?  GET and HEAD change nothing on a server. */
bool probe_repeats_request(const struct explanation *);
/* Look for a cache that hands out another page's answer, with one request more;
 * then put the cures of all findings and of the verdict into the words of the
 * server that answers, unless that is corswrap (one more preflight may ask).
 * No client: nothing is asked. */
void probe_cure(struct explanation *, struct probe_client *);

/* ---- findings.c ---- */

/* Ask three questions more, each without consequences, and look at all the
 * answers.  redirect: the first Location of the request, or absent. */
void probe_find(struct explanation *, struct probe_client *,
		struct slice redirect);

/* ---- read.c ---- */

/*
 * The same from answers that somebody pasted: header blocks as curl -i, curl -v
 * or a browser's developer tools show them, the preflight's first where there
 * are two.  NULL: the explanation is made; else what is wrong with the text.
 */
const char *read_answers(struct explanation *, struct slice text);

#endif
