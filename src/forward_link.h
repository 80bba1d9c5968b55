/*
 * The connection of one forwarded request: a kept one or a new one, to the
 * first address that takes it.  Private to forward.c and forward_link.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FORWARD_LINK_H
#define FORWARD_LINK_H

#include "forward_pool.h"

struct forward_link {
	const struct app *app;
	struct forward_pool *pool;
	struct log *log;
	struct forward_watch watch;
	/* once open: */
	const struct address *address; /* the last one tried */
	struct forward_peer *peer;
	int fd;
	bool kept;    /* it had been kept */
	bool waiting; /* counted so by the peer */
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
 * Open, after app, pool, log and watch have been set.  Addresses are tried in
 * their order; those that rest after a failure are passed over, unless all do;
 * while a backlog is full it is tried again until connect-timeout is over.  An
 * address that has just failed (avoid, may be NULL) is passed over if there is
 * another.  -1: *failure says why.
 */
int forward_link_open(struct forward_link *, const struct address *avoid,
		      struct forward_failure *failure);

/* The application has answered with a first byte. */
void forward_link_heard(struct forward_link *);

/* It ended before it was of any use: let neither this address (if the
 * connection was new) nor other connections kept to it be used next. */
void forward_link_useless(struct forward_link *);

/* Close, or keep for another request. */
void forward_link_close(struct forward_link *, bool reusable);

#endif
