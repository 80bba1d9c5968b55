/*
 * The threads of the responder: starting, joining, waking, and their slots;
 * see pool.h.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/pool.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/log.h"

enum {
	READER_PATIENCE = 1000 /* ms for a client that does not read */
};

/* ---- phases ---- */

void
worker_idle(struct worker *w, uint64_t until)
{
	atomic_store_explicit(&w->until, until, memory_order_relaxed);
	atomic_store_explicit(&w->phase, PHASE_IDLE, memory_order_release);
}

void
worker_busy(struct worker *w)
{
	unsigned phase = atomic_load_explicit(&w->phase, memory_order_relaxed);

	for (;;) {
		/* A signal is on its way: it arrives at the end of this system
		 * call, so it cannot interrupt the next one that blocks. */
		if (phase == PHASE_TOUCHED || phase == PHASE_WOKEN)
			sched_yield();
		if (phase == PHASE_TOUCHED)
			phase = atomic_load(&w->phase);
		else if (atomic_compare_exchange_strong(&w->phase, &phase,
							PHASE_BUSY))
			return;
	}
}

void
worker_wake(struct worker *w, uint64_t now, bool forced)
{
	unsigned phase = atomic_load(&w->phase);

	if (phase == PHASE_BUSY)
		return;
	if (now < atomic_load_explicit(&w->until, memory_order_relaxed) &&
	    !forced)
		return;
	if (!atomic_compare_exchange_strong(&w->phase, &phase, PHASE_TOUCHED))
		return;
	pthread_kill(w->thread, POOL_WAKE);
	atomic_store(&w->phase, PHASE_WOKEN);
}

/* ---- threads ---- */

static void
worker_free(struct worker *w)
{
	connection_free(w->connection);
	scratch_free(&w->scratch);
	free(w);
}

void
pool_end_worker(struct worker *w)
{
	struct pool *pool = w->pool;

	pthread_mutex_lock(&pool->lock);
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->next = pool->dead;
	pool->dead = w;
	if (--pool->threads == 0)
		wakeup_send(&pool->poke);
	pthread_mutex_unlock(&pool->lock);
}

/* The worker is about to wait for its client (output.h). */
static void
will_wait(void *worker)
{
	worker_will_block(worker);
}

/*
 * The worker has waited for its client for that many ms.  While a client sends
 * a body, the slot is lent at once, because a worker can read without one.
 * While a client does not read, its program still runs, so the slot is lent
 * only after a second, or when others wait for one.
 */
static enum client_lend
lend(void *worker, short events, uint64_t waited)
{
	struct worker *w = worker;

	if (events == POLLOUT && waited < READER_PATIENCE && w->slotted &&
	    atomic_load(&w->pool->busy) < atomic_load(&w->pool->limit))
		return CLIENT_WAIT_ON;
	return worker_lend_slot(w) ? CLIENT_LENT : CLIENT_REFUSED;
}

static struct worker *
worker_new(struct pool *pool)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->pool = pool;
	w->connection = connection_new(
	    &w->scratch,
	    &(struct client){.will_wait = will_wait, .lend = lend, .owner = w});
	if (w->connection == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

static void
link_worker(struct pool *pool, struct worker *w)
{
	w->link = &pool->workers;
	w->next = pool->workers;
	if (w->next != NULL)
		w->next->link = &w->next;
	pool->workers = w;
	pool->threads++;
}

/* The caller holds the lock, which the new thread takes first: so the worker is
 * in the list before its thread uses it. */
int
pool_start_worker(struct pool *pool)
{
	struct worker *w = worker_new(pool);
	int error =
	    w == NULL ? ENOMEM : thread_start(&w->thread, pool->work, w);

	if (error == 0) {
		link_worker(pool, w);
		pool->thread_failed = false;
		return 0;
	}
	if (w != NULL)
		worker_free(w);
	if (!pool->thread_failed)
		log_event(pool->log, LOG_LEVEL_ERROR, "thread-failed", NULL,
			  "lower `workers`, or raise the limits of the service",
			  "cannot start another worker: %s", strerror(error));
	pool->thread_failed = true;
	return -1;
}

bool
pool_join(struct pool *pool)
{
	struct worker *dead, *next;
	bool any;

	pthread_mutex_lock(&pool->lock);
	dead = pool->dead;
	pool->dead = NULL;
	pthread_mutex_unlock(&pool->lock);
	any = dead != NULL;
	for (; dead != NULL; dead = next) {
		next = dead->next;
		pthread_join(dead->thread, NULL);
		worker_free(dead);
	}
	return any;
}

/* ---- slots ---- */

bool
pool_is_stopping(const struct pool *pool)
{
	return atomic_load_explicit(&pool->stopping, memory_order_relaxed);
}

static unsigned
threads_max(const struct pool *pool)
{
	return pool->limit + POOL_EXTRA;
}

void
pool_promote(struct pool *pool)
{
	if (pool->busy + pool->queued >= pool->limit || pool_is_stopping(pool))
		return;
	pool->promotions++;
	if (pool->acceptors < POOL_SPARE / 2)
		pool->acceptors++;
	if (pool->parked > 0)
		pthread_cond_signal(&pool->room);
	else if (pool->threads < threads_max(pool))
		pool_start_worker(pool);
}

/* This worker will not accept soon: make another one accept, if none does.
 * Under the lock. */
static void
want_acceptor(struct worker *w)
{
	w->promoted = true;
	if (w->pool->accepting == 0)
		pool_promote(w->pool);
}

void
worker_will_block(struct worker *w)
{
	if (w->promoted)
		return;
	pthread_mutex_lock(&w->pool->lock);
	want_acceptor(w);
	pthread_mutex_unlock(&w->pool->lock);
}

/* Every slot is taken: idle kept connections must make room for new ones,
 * which the main thread does.  Under the lock. */
static void
note_full(struct pool *pool)
{
	if (pool->busy < pool->limit || pool->watched)
		return;
	pool->watched = true;
	wakeup_send(&pool->poke);
}

/* The worker no longer waits for a client: do not count its slot as lent. Under
 * the lock. */
static void
take_back(struct worker *w)
{
	if (!w->lent)
		return;
	w->lent = false;
	if (--w->pool->lent < POOL_EXTRA / 2)
		w->pool->crowded = false;
}

void
worker_take_slot(struct worker *w)
{
	struct pool *pool = w->pool;

	pool->queued++;
	note_full(pool);
	while (pool->busy >= pool->limit)
		pthread_cond_wait(&pool->slot, &pool->lock);
	pool->queued--;
	pool->busy++;
	w->slotted = true;
	take_back(w);
	note_full(pool);
}

void
worker_leave_slot(struct worker *w)
{
	struct pool *pool = w->pool;

	take_back(w);
	if (!w->slotted)
		return;
	w->slotted = false;
	pool->busy--;
	if (pool->queued > 0)
		pthread_cond_signal(&pool->slot);
	else if (pool->parked > 0 && pool->accepting == 0)
		pthread_cond_signal(&pool->room);
}

/* May one more worker lend its slot?  Not if too many have, or if no worker
 * would be left to accept.  Under the lock. */
static bool
may_lend(struct pool *pool)
{
	bool may = pool->lent < POOL_EXTRA &&
		   (!pool->thread_failed || pool->accepting + pool->parked > 0);

	if (!may && !pool->crowded) {
		pool->crowded = true;
		log_event(pool->log, LOG_LEVEL_WARNING, "slow-clients", NULL,
			  "turn on buffering of requests and responses in the "
			  "web server",
			  "%u clients are slow; further ones are refused",
			  pool->lent);
	}
	return may;
}

bool
worker_lend_slot(struct worker *w)
{
	struct pool *pool = w->pool;
	bool may = true;

	pthread_mutex_lock(&pool->lock);
	if (!w->lent) {
		worker_leave_slot(w);
		want_acceptor(w);
		may = may_lend(pool);
	}
	if (may && !w->lent) {
		w->lent = true;
		pool->lent++;
	}
	pthread_mutex_unlock(&pool->lock);
	return may;
}

void
worker_acquire_slot(struct worker *w)
{
	if (w->slotted)
		return;
	pthread_mutex_lock(&w->pool->lock);
	worker_take_slot(w);
	pthread_mutex_unlock(&w->pool->lock);
}
