/*
 * Hand a request on to a FastCGI application (FastCGI 1.0, responder role).
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
 * Send variables and body to one of app->forward, and its answer through
 * response_feed and sink->move.  pool may be NULL (CGI: nothing is kept).
 * Everything that goes wrong ends in response_fail (502, 503 with Retry-After,
 * 504, 500) and the log.  idempotent: the request may be sent again when a
 * kept connection turns out to be stale.
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
 * Let it begin, and do as forward_run; its end, its time and its client are
 * handled as those of a program that was started for the request.  True: it
 * can take another one.  Else it has been ended, and child is none any more.
 */
bool forward_own(const struct forward_own *, const struct settings *,
		 struct exchange *, struct body *, struct response *);

#endif
