/*
 * The health of addresses and the connections that are kept to them.
 *
 * A kept connection occupies a process of php-fpm, which serves no other
 * connection meanwhile.  Hence three rules:
 * - The connection released last is used first, so that surplus ones grow old.
 * - A thread closes old ones, even if no request comes.
 * - For a request that waits too long on a new connection, a kept one is
 *   closed.  (To close every connection that is released while a request waits
 *   would be simpler, but a busy responder would never recover: the next
 *   request then waits on a new connection as well.)
 *
 * A forwarded request takes the lock twice, for a few instructions: fields
 * that each request reads are atomic, and no system call is made under the
 * lock.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/os_condition.h"

enum {
	REST_FIRST = 1000, /* ms after a first failure */
	REST_MOST = 8000,
	IDLE_MOST = 5000, /* ms that a connection is kept unused */
	STACK = 65536	  /* of the thread that closes them */
};

struct kept {
	int fd;
	uint64_t since;
};

struct forward_peer {
	struct forward_peer *next; /* this and the address never change, and */
	char *address;		   /* are read without the lock */
	atomic_uint failures;	   /* in a row; written under the lock */
	uint64_t rests_until;
	bool trying;	   /* a request tries it after a rest */
	unsigned stuck;	   /* requests that wait long on a new connection */
	unsigned owed;	   /* connections to be closed for them */
	struct kept *kept; /* oldest first */
	size_t count;
	size_t room;
};

struct forward_pool {
	pthread_mutex_t lock; /* for all below */
	struct forward_peer *_Atomic peers;
	/* the thread that closes old connections; runs while there are any */
	pthread_t closer;
	pthread_cond_t change;
	bool closing; /* the thread is in its loop */
	bool joinable;
	bool ending; /* the pool is about to be freed */
};

struct forward_pool *
forward_pool_new(void)
{
	struct forward_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	(void)pthread_mutex_init(&pool->lock, NULL);
	os_condition_init(&pool->change);
	return pool;
}

static void
peer_free(struct forward_peer *peer)
{
	for (size_t i = 0; i < peer->count; i++)
		(void)close(peer->kept[i].fd);
	free(peer->kept);
	free(peer->address);
	free(peer);
}

void
forward_pool_free(struct forward_pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	(void)pthread_cond_signal(&pool->change);
	(void)pthread_mutex_unlock(&pool->lock);
	if (pool->joinable)
		(void)pthread_join(pool->closer, NULL);
	for (struct forward_peer *peer = pool->peers, *next; peer != NULL;
	     peer = next) {
		next = peer->next;
		peer_free(peer);
	}
	(void)pthread_cond_destroy(&pool->change);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static struct forward_peer *
peer_new(struct forward_pool *pool, const char *address)
{
	struct forward_peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->address = strdup(address);
	if (peer->address == NULL) {
		free(peer);
		return NULL;
	}
	peer->next = pool->peers;
	pool->peers = peer;
	return peer;
}

static struct forward_peer *
peer_find(struct forward_pool *pool, const char *address)
{
	struct forward_peer *peer = pool->peers;

	while (peer != NULL && strcmp(peer->address, address) != 0)
		peer = peer->next;
	return peer;
}

/* There are few peers, and they live as long as the pool; one that is no
 * longer in the policy uses a few bytes. */
struct forward_peer *
forward_pool_peer(struct forward_pool *pool, const char *address)
{
	struct forward_peer *peer;

	if (pool == NULL)
		return NULL;
	peer = peer_find(pool, address);
	if (peer != NULL)
		return peer;
	(void)pthread_mutex_lock(&pool->lock);
	peer = peer_find(pool, address);
	if (peer == NULL)
		peer = peer_new(pool, address);
	(void)pthread_mutex_unlock(&pool->lock);
	return peer;
}

/* ---- health ---- */

static uint64_t
rest_time(unsigned failures)
{
	uint64_t rest = REST_FIRST;

	while (--failures > 0 && rest < REST_MOST)
		rest *= 2;
	return rest < REST_MOST ? rest : REST_MOST;
}

bool
forward_peer_try(struct forward_pool *pool, struct forward_peer *peer)
{
	bool may = true;
	uint64_t now;

	if (peer == NULL || peer->failures == 0)
		return true;
	now = clock_ms();
	(void)pthread_mutex_lock(&pool->lock);
	if (peer->failures > 0) {
		may = now >= peer->rests_until;
		if (may) {
			peer->rests_until = now + rest_time(peer->failures);
			peer->trying = true;
		}
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return may;
}

bool
forward_peer_failed(struct forward_pool *pool, struct forward_peer *peer)
{
	uint64_t now = clock_ms();
	bool news;

	if (peer == NULL)
		return true;
	(void)pthread_mutex_lock(&pool->lock);
	news = peer->failures == 0;
	/* Requests that failed at the same time count as one failure. */
	if (news || peer->trying || now >= peer->rests_until)
		peer->failures++;
	peer->trying = false;
	peer->rests_until = now + rest_time(peer->failures);
	(void)pthread_mutex_unlock(&pool->lock);
	return news;
}

bool
forward_peer_alive(struct forward_pool *pool, struct forward_peer *peer)
{
	bool news;

	if (peer == NULL || peer->failures == 0)
		return false;
	(void)pthread_mutex_lock(&pool->lock);
	news = peer->failures > 0;
	peer->failures = 0;
	peer->trying = false;
	(void)pthread_mutex_unlock(&pool->lock);
	return news;
}

bool
forward_peer_fails(const struct forward_peer *peer)
{
	return peer != NULL && peer->failures > 0;
}

/* ---- connections ---- */

/* False: the application has closed a kept connection, or has sent bytes that
 * belong to no request. */
static bool
is_quiet(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

/* Close connections that have been kept too long; they are the first ones in
 * the list. */
static void
expire(struct forward_peer *peer, uint64_t now)
{
	size_t old = 0;

	while (old < peer->count && now - peer->kept[old].since >= IDLE_MOST)
		(void)close(peer->kept[old++].fd);
	if (old == 0)
		return;
	peer->count -= old;
	memmove(peer->kept, peer->kept + old,
		peer->count * sizeof(*peer->kept));
}

/* clock_ms when the oldest connection will be too old; UINT64_MAX: none is
 * kept. */
static uint64_t
next_expiry(const struct forward_pool *pool)
{
	uint64_t due = UINT64_MAX;

	for (const struct forward_peer *p = pool->peers; p != NULL; p = p->next)
		if (p->count > 0 && p->kept[0].since + IDLE_MOST < due)
			due = p->kept[0].since + IDLE_MOST;
	return due;
}

static void *
close_old(void *ctx)
{
	struct forward_pool *pool = ctx;
	uint64_t due;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->ending && (due = next_expiry(pool)) != UINT64_MAX) {
		uint64_t now = clock_ms();

		os_condition_wait(&pool->change, &pool->lock,
				  due > now ? due - now : 0);
		for (struct forward_peer *p = pool->peers; p != NULL;
		     p = p->next)
			expire(p, clock_ms());
	}
	pool->closing = false;
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Start the thread unless it runs; the caller holds the lock.  False: it could
 * not be started. */
static bool
start_closer(struct forward_pool *pool)
{
	pthread_attr_t attributes;

	if (pool->closing)
		return true;
	/* The thread has left its loop, so this does not block. */
	if (pool->joinable)
		(void)pthread_join(pool->closer, NULL);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	pool->joinable = pool->closing =
	    pthread_create(&pool->closer, &attributes, close_old, pool) == 0;
	(void)pthread_attr_destroy(&attributes);
	return pool->closing;
}

/* Take the connection that was kept last; -1: none is kept. */
static int
pop_kept(struct forward_pool *pool, struct forward_peer *peer)
{
	int fd = -1;

	(void)pthread_mutex_lock(&pool->lock);
	if (peer->count > 0)
		fd = peer->kept[--peer->count].fd;
	(void)pthread_mutex_unlock(&pool->lock);
	return fd;
}

int
forward_peer_acquire(struct forward_pool *pool, struct forward_peer *peer,
		     bool fresh)
{
	int fd;

	if (peer == NULL)
		return -1;
	while ((fd = pop_kept(pool, peer)) >= 0) {
		bool quiet = is_quiet(fd);
		if (quiet && !fresh)
			return fd;
		(void)close(fd);
		if (quiet)
			break;
	}
	return -1;
}

void
forward_peer_stuck(struct forward_pool *pool, struct forward_peer *peer,
		   bool again)
{
	int fd = -1;

	if (peer == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	if (!again)
		peer->stuck++;
	if (peer->count > 0)
		fd = peer->kept[--peer->count].fd;
	else if (peer->owed < peer->stuck)
		peer->owed++;
	(void)pthread_mutex_unlock(&pool->lock);
	if (fd >= 0)
		(void)close(fd);
}

void
forward_peer_served(struct forward_pool *pool, struct forward_peer *peer)
{
	if (peer == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	peer->stuck--;
	if (peer->owed > peer->stuck)
		peer->owed = peer->stuck;
	(void)pthread_mutex_unlock(&pool->lock);
}

void
forward_peer_release(struct forward_pool *pool, struct forward_peer *peer,
		     int fd, unsigned keep)
{
	uint64_t now = clock_ms();

	if (peer == NULL) {
		(void)close(fd);
		return;
	}
	(void)pthread_mutex_lock(&pool->lock);
	if (peer->owed > 0) {
		peer->owed--;
	} else if (peer->count < keep &&
		   array_grow(&peer->kept, peer->count, &peer->room,
			      sizeof(*peer->kept)) &&
		   start_closer(pool)) {
		peer->kept[peer->count++] = (struct kept){fd, now};
		fd = -1;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (fd >= 0)
		(void)close(fd);
}

void
forward_peer_forget(struct forward_pool *pool, struct forward_peer *peer)
{
	if (peer == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	while (peer->count > 0)
		(void)close(peer->kept[--peer->count].fd);
	(void)pthread_mutex_unlock(&pool->lock);
}
