/*
 * Common mistakes in responses of a live server (src/probe) or in pasted
 * responses; and the fixes in the configuration of the server that sent them.
 *
 * Pure: the caller's function sends requests to the live server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_FINDINGS_H
#define EXPLAIN_FINDINGS_H

#include "explain/explanation.h"

/* The live server, for further requests. */
struct live_server {
	void *ctx;
	/* Send one request, follow no redirect.  False: there was no response.
	 * *out lives in the explanation's arena. */
	bool (*send)(void *ctx, struct explanation *, const struct url *,
		     struct slice method, const struct fetch_fields *,
		     struct response *out);
};

static inline bool
live_send(const struct live_server *live, struct explanation *e,
	  const struct url *url, struct slice method,
	  const struct fetch_fields *fields, struct response *out)
{
	return live->send(live->ctx, e, url, method, fields, out);
}

/* ---- metadata.c ---- */

/* The headers by which a browser describes page and URL in every request
 * (Fetch Metadata). */
enum { EXPLAIN_METADATA = 3 };
size_t explain_metadata(const struct explanation *,
			struct fetch_field out[EXPLAIN_METADATA]);

/* The fields that are shown, with another Origin if one is given (else
 * SLICE_NONE), and those that every browser adds; in the arena. */
struct fetch_fields explain_fields(struct explanation *,
				   const struct fetch_fields *,
				   struct slice origin);

/* ---- server.c ---- */

/* May the request be sent again?  GET and HEAD change nothing on a server. */
bool explain_repeats_request(const struct explanation *);
/* Look for a cache that serves another page's response, with one more
 * request; then rewrite the fixes of all findings and of the verdict for
 * the server that responds, unless that is corswrap (one more preflight may
 * be sent).  live is NULL: no request is sent. */
void explain_cure(struct explanation *, const struct live_server *live);

/* ---- findings.c ---- */

/* Check all the responses.  live: also send up to three requests without
 * side effects; NULL: no request is sent.  redirect: the first Location of
 * the request, or absent. */
void explain_find(struct explanation *, const struct live_server *live,
		  struct slice redirect);

/* ---- read.c ---- */

/*
 * The verdict from pasted responses: header blocks as curl -i, curl -v or a
 * browser's developer tools show them, the preflight's first if there are two.
 * NULL: the explanation is complete; else the error in the text.
 */
const char *explain_answers(struct explanation *, struct slice text);

#endif
