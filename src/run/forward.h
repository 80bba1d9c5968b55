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

/* NULL: no memory.  Starts no thread. */
struct forward_pool *forward_pool_new(void);
/* Closes every idle connection.  NULL allowed. */
void forward_pool_free(struct forward_pool *);

/*
 * Send variables and body to one of the addresses of app->forward, and relay
 * its response to the client.  pool may be NULL (CGI: no connection is
 * kept).  Every failure ends in response_fail (502, 503 with Retry-After, 504,
 * 500) and the log.  idempotent: the request may be sent again when a kept
 * connection turns out to be stale.
 */
void forward_run(struct forward_pool *, const struct settings *,
		 struct exchange *, char **variables, struct body *,
		 struct response *, bool idempotent);

/*
 * A FastCGI server that this process has started for itself alone (php.h).  It
 * has read the parameters of a request but not their end, so the request has
 * not begun.
 */
struct forward_own {
	int fd;		     /* the connection */
	int err;	     /* its standard error */
	struct child *child; /* the process, with a pidfd */
	ino_t pipe;	     /* the inode of err (ending.h) */
	const char *name;    /* for the log */
};

/*
 * Send the rest of the request, so that it begins, and relay the response.  The
 * exit of the server, timeouts and a client that disconnects are handled as if
 * the program had been started for this request.  True: the server can take
 * another request.  False: it has been terminated, and *child is empty.  The
 * caller closes fd and err.
 */
bool forward_own(const struct forward_own *, const struct settings *,
		 struct exchange *, struct body *, struct response *);

#endif
