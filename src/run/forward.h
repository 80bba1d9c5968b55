/*
 * Hand a request on to a FastCGI application (FastCGI 1.0, responder role).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FORWARD_H
#define RUN_FORWARD_H

#include "policy/settings.h"
#include "run/body.h"
#include "run/exchange.h"
#include "run/response.h"

/* Connections and the health of addresses, shared by workers; thread-safe. */
struct forward_pool;

struct forward_pool *forward_pool_new(void);
/* Closes every idle connection.  NULL allowed. */
void forward_pool_free(struct forward_pool *);

/*
 * Send variables and body to one of app->forward, and its answer through
 * response_feed and sink->move.  pool may be NULL (CGI: nothing is kept).
 * Everything that goes wrong ends in response_fail (502, 503 with Retry-After,
 * 504, 500) and the log.  idempotent: the request may be sent again when a
 * kept connection turns out to be stale.
 */
void forward_run(struct forward_pool *, const struct settings *,
		 struct exchange *, char **variables, struct body *,
		 struct response *, bool idempotent);

#endif
