/*
 * What forwarded requests have in common: the health of each application's
 * address, and connections that are kept.  Private to forward_connect.c and
 * forward_pool.c.
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

/* The peer of an address as written; NULL: no pool, or no memory (nothing is
 * remembered then, which every call below takes). */
struct forward_peer *forward_pool_peer(struct forward_pool *,
				       const char *address);

/* ---- health ---- */

/*
 * May it be tried?  Not while it rests after a failure; when that is over one
 * request tries, and the others still go elsewhere until it is known to live.
 * It rests for one second, and after each such request in vain for twice the
 * time, up to eight.
 */
bool forward_peer_try(struct forward_pool *, struct forward_peer *);
/* It could not be reached.  True: it could before (log it). */
bool forward_peer_failed(struct forward_pool *, struct forward_peer *);
/* It was reached.  True: it could not before. */
bool forward_peer_alive(struct forward_pool *, struct forward_peer *);
/* It could not be reached the last time. */
bool forward_peer_fails(const struct forward_peer *);

/* ---- connections ---- */

/*
 * A kept connection of which no end has been seen, or -1.  fresh: -1 in any
 * case, and one that was kept is closed, because it may be the very one that
 * keeps the application's process from taking the new one.
 */
int forward_peer_acquire(struct forward_pool *, struct forward_peer *,
			 bool fresh);

/*
 * A request has waited long on a new connection (again: and still does): it
 * may be that all processes of the application are held by connections that
 * are kept.  One is closed, or, if none is kept just now, the next one that is
 * given back.  Ends with forward_peer_served, once.
 */
void forward_peer_stuck(struct forward_pool *, struct forward_peer *,
			bool again);
void forward_peer_served(struct forward_pool *, struct forward_peer *);
/* Keep the connection, if fewer than keep are kept and none is to be closed for
 * a request that waits; else it is closed. */
void forward_peer_release(struct forward_pool *, struct forward_peer *, int fd,
			  unsigned keep);

/* Close all that are kept: one of them turned out to be useless. */
void forward_peer_forget(struct forward_pool *, struct forward_peer *);

#endif
