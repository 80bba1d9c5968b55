/*
 * Forward a request to a FastCGI application (FastCGI 1.0, responder role).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FORWARD_H
#define RUN_FORWARD_H

#include "policy/settings.h"
#include "run/body.h"
#include "run/child.h"
#include "run/exchange.h"
#include "run/response.h"

/* Connections and the health of addresses, shared by workers; thread-safe. */
struct forward_pool;

struct forward_pool *forward_pool_new(void);
/* Closes every idle connection.  NULL allowed. */
void forward_pool_free(struct forward_pool *);

/*
 * Send variables and body to one of app->forward, and its response through
 * response_feed and sink->move.  pool may be NULL (CGI: no connection is
 * kept).  Every failure ends in response_fail (502, 503 with Retry-After, 504,
 * 500) and the log.  idempotent: the request may be sent again when a kept
 * connection turns out to be stale.
 */
void forward_run(struct forward_pool *, const struct settings *,
		 struct exchange *, char **variables, struct body *,
		 struct response *, bool idempotent);

/*
 * A process of ours that serves FastCGI to us alone.  It has taken a request's
 * parameters, but not their end, so it has not begun.
 */
struct forward_own {
	int fd;		     /* the connection */
	int err;	     /* its standard error */
	struct child *child; /* the process, with a pidfd */
	ino_t pipe;	     /* the inode of err (ending.h) */
	const char *name;    /* for the log */
};

/*
 * Let it begin, then as forward_run; its end, its timeouts and its client are
 * handled as for a program that was started for the request.  True: it can
 * take another request.  Else it has been ended, and child is empty.
 */
bool forward_own(const struct forward_own *, const struct settings *,
		 struct exchange *, struct body *, struct response *);

#endif
