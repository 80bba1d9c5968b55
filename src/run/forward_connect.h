/*
 * The connection for one forwarded request: a kept one or a new one, to the
 * first address that accepts it.  Private to forward.c and forward_connect.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FORWARD_CONNECT_H
#define RUN_FORWARD_CONNECT_H

#include "run/forward_pool.h"

/* What ends a wait for a connection early. */
struct forward_watch {
	int stop_fd;	     /* readable when corswrap stops; -1: never */
	struct sink *client; /* has disconnected; NULL: is not watched */
};

struct forward_connection {
	const struct app *app;
	struct forward_pool *pool;
	struct log *log;
	struct forward_watch watch;
	uint64_t until; /* ms, clock_ms: the request's end; UINT64_MAX: none */
	bool fresh;	/* use no kept connection */
	/* set by the functions below: */
	uint64_t excluded; /* a bit for each address not to be tried again */
	const struct address *address; /* the last one tried */
	struct forward_peer *peer;
	int fd;
	bool kept; /* fd is a kept connection, not a new one */
	/* clock_ms when the request counts as stuck; 0: it has a response, or
	 * uses a kept connection */
	uint64_t stuck_at;
	unsigned patience; /* ms from one such moment to the next; doubled */
	bool stuck;	   /* forward_peer_stuck has been called */
};

/* Why there is no connection. */
struct forward_failure {
	int error;  /* ECANCELED: the client is gone */
	int status; /* of the response */
	const char *id;
	const char *todo;
	const char *text;
};

/*
 * Connect, after app, pool, log, watch, until and fresh have been set.
 * Addresses are tried in their order, those that rest after a failure last;
 * while a backlog is full they are tried again until connect-timeout is over.
 * -1: *failure says why.
 *
 * fresh is for a request that may not be sent twice: whether a kept connection
 * still lives is known only after the request was sent.
 */
int forward_connect(struct forward_connection *,
		    struct forward_failure *failure);

/* The first byte of the response has arrived: the request is not stuck. */
void forward_connection_answered(struct forward_connection *);

/*
 * A new connection on which nothing comes may wait for a process of the
 * application that a kept connection holds.  _patience: milliseconds until
 * _check must be called, which then closes a kept one; -1: never.
 */
int forward_connection_patience(const struct forward_connection *);
void forward_connection_check(struct forward_connection *);

/* Is there another address that may still be tried? */
bool forward_connection_has_other(const struct forward_connection *);

/* The connection ended before the application responded.  If it was a kept one,
 * this request uses no kept one again.  If it was new, this request does not
 * try its address again, and the address rests (forward_peer_try). */
void forward_connection_failed(struct forward_connection *);

/* The application is overloaded: this request does not try its address
 * again. */
void forward_connection_overloaded(struct forward_connection *);

/* Close the connection; reusable: it may be kept for another request. */
void forward_connection_close(struct forward_connection *, bool reusable);

#endif
