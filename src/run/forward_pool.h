/*
 * Shared by forwarded requests: the health of each application's address, and
 * connections that are kept.  Private to forward_connect.c and forward_pool.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FORWARD_POOL_H
#define RUN_FORWARD_POOL_H

#include "policy/settings.h"
#include "run/exchange.h"
#include "run/forward.h"

/* One address, for all requests and all policies that name it. */
struct forward_peer;

/* The peer of an address, by its text in the policy.  It lives as long as the
 * pool.  NULL: no pool, or no memory; every function below accepts that, and
 * then remembers nothing. */
struct forward_peer *forward_pool_peer(struct forward_pool *,
				       const char *address);

/* ---- health ---- */

/*
 * May this request try the address?  Not while it rests after a failure.  Then
 * one request may, while others still use other addresses until that succeeds.
 * It rests for one second, and twice as long after each failed try, up to eight
 * seconds.
 */
bool forward_peer_try(struct forward_pool *, struct forward_peer *);
/* The address could not be reached.  True: that is new, so log it. */
bool forward_peer_failed(struct forward_pool *, struct forward_peer *);
/* The address was reached.  True: that is new, so log it. */
bool forward_peer_alive(struct forward_pool *, struct forward_peer *);
/* Has the last attempt to reach it failed? */
bool forward_peer_fails(const struct forward_peer *);

/* ---- connections ---- */

/*
 * A kept connection that is not known to have ended, or -1.  fresh: always -1,
 * and a kept one is closed, because it may occupy the application's process
 * that would accept the new one.
 */
int forward_peer_acquire(struct forward_pool *, struct forward_peer *,
			 bool fresh);

/*
 * A request has waited long on a new connection (again: and still does):
 * perhaps kept connections occupy all processes of the application.  One is
 * closed now; if none is kept, the next one that is released.  Call
 * forward_peer_served once when the wait ends.
 */
void forward_peer_stuck(struct forward_pool *, struct forward_peer *,
			bool again);
void forward_peer_served(struct forward_pool *, struct forward_peer *);
/* Keep the connection for another request.  It is closed instead if `keep` are
 * kept already, or if a stuck request needs the process that it occupies. */
void forward_peer_release(struct forward_pool *, struct forward_peer *, int fd,
			  unsigned keep);

/* Close all that are kept: one of them turned out to be broken. */
void forward_peer_forget(struct forward_pool *, struct forward_peer *);

#endif
