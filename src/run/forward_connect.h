/*
 * The connection of one forwarded request: a kept one or a new one, to the
 * first address that takes it.  Private to forward.c and forward_link.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FORWARD_LINK_H
#define FORWARD_LINK_H

#include "run/forward_pool.h"

struct forward_link {
	const struct app *app;
	struct forward_pool *pool;
	struct log *log;
	struct forward_watch watch;
	uint64_t until; /* ms, monotonic: the request's end; UINT64_MAX: none */
	bool fresh;	/* take no kept connection */
	/* of itself: */
	uint64_t asked; /* a bit for each that shall not be again */
	const struct address *address; /* the last one tried */
	struct forward_peer *peer;
	int fd;
	bool kept;	   /* it had been kept */
	uint64_t stuck_at; /* when it will have waited long; 0: it waits not */
	unsigned patience; /* ms until then; doubled each time */
	bool stuck;	   /* counted so by the peer */
};

/* Why there is no connection. */
struct forward_failure {
	int error;  /* ECANCELED: the client is gone */
	int status; /* to answer with */
	const char *id;
	const char *todo;
	const char *text;
};

/*
 * Open, after app, pool, log, watch, until and fresh have been set.  Addresses
 * are tried in their order, those that rest after a failure last; while a
 * backlog is full it is tried again until connect-timeout is over.  -1:
 * *failure says why.
 *
 * A request that may not be sent twice asks for a fresh connection: whether a
 * kept one still lives is known only after the request was sent.
 */
int forward_link_open(struct forward_link *, struct forward_failure *failure);

/* The application has answered with a first byte. */
void forward_link_heard(struct forward_link *);

/*
 * Where nothing has come on a new connection for long: see that a process of
 * the application becomes free for it.  To be called when the time is over
 * that forward_link_patience has said: milliseconds, -1: for ever.
 */
int forward_link_patience(const struct forward_link *);
void forward_link_wait(struct forward_link *);

/* Is there an address that may still be asked, beside this one? */
bool forward_link_others(const struct forward_link *);

/* It ended before it was of any use.  An old connection: no old one is taken
 * for this request again.  A new one: this address is not, and rests. */
void forward_link_useless(struct forward_link *);

/* It has no room just now: this request does not ask it again. */
void forward_link_busy(struct forward_link *);

/* Close, or keep for another request. */
void forward_link_close(struct forward_link *, bool reusable);

#endif
