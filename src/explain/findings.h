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
	/* Send one request, and follow no redirect.  False: there was no
	 * response.  *out lives in the explanation's arena. */
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

/* Write the headers with which a browser describes page and URL in every
 * request (Fetch Metadata).  Returns their number; 0: the URL is not
 * trustworthy. */
enum { EXPLAIN_METADATA = 3 };
size_t explain_metadata(const struct explanation *,
			struct fetch_field out[EXPLAIN_METADATA]);

/* The fields, with another Origin unless `origin` is absent, and those of
 * explain_metadata; in the arena. */
struct fetch_fields explain_fields(struct explanation *,
				   const struct fetch_fields *,
				   struct slice origin);

/* ---- server.c ---- */

/* May the request be sent again, because it was GET or HEAD, which change
 * nothing on a server, and was not redirected? */
bool explain_repeats_request(const struct explanation *);
/* Look for a cache that serves another page's response, with one more request;
 * then rewrite the fixes of all findings and of the verdict for the server that
 * responds, unless that is corswrap (one more preflight may be sent).  live
 * NULL: no request is sent. */
void explain_cure(struct explanation *, const struct live_server *live);

/* ---- findings.c ---- */

/* Find the mistakes in all responses, and then call explain_cure.  live: also
 * send up to five requests that change nothing on a server; NULL: no request is
 * sent.  redirect: the first Location of the request, or absent. */
void explain_find(struct explanation *, const struct live_server *live,
		  struct slice redirect);

/* ---- read.c ---- */

/*
 * After explain_begin: the verdict and the findings from pasted responses:
 * header blocks as curl -i, curl -v or a browser's developer tools show them,
 * the preflight's first if there are two.  NULL: the explanation is complete,
 * or memory is out; else the error in the text.
 */
const char *explain_answers(struct explanation *, struct slice text);

#endif
