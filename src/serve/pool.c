/*
 * Who may be woken, and who has a place to answer; see pool.h.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/pool.h"

#include <sched.h>
#include <unistd.h>

void
pool_poke(struct pool *pool)
{
	uint64_t one = 1;

	/* It can only fail when it has been poked already. */
	if (write(pool->poke_fd, &one, sizeof(one)) < 0)
		return;
}

/* ---- phases ---- */

void
worker_watch(struct worker *w, enum phase phase, uint64_t until)
{
	atomic_store_explicit(&w->until, until, memory_order_relaxed);
	atomic_store_explicit(&w->idle, phase == PHASE_IDLE,
			      memory_order_relaxed);
	atomic_store_explicit(&w->phase, phase, memory_order_release);
}

void
worker_unwatch(struct worker *w)
{
	unsigned phase = atomic_load_explicit(&w->phase, memory_order_relaxed);

	for (;;) {
		/* A signal is on its way: it arrives at the end of this system
		 * call, and so not in the midst of the next one that blocks. */
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
worker_wake(struct worker *w, uint64_t now, bool idle)
{
	unsigned phase = atomic_load(&w->phase);

	if (phase == PHASE_BUSY)
		return;
	if (now < atomic_load_explicit(&w->until, memory_order_relaxed) &&
	    !(idle && atomic_load_explicit(&w->idle, memory_order_relaxed)))
		return;
	if (!atomic_compare_exchange_strong(&w->phase, &phase, PHASE_TOUCHED))
		return;
	pthread_kill(w->thread, POOL_WAKE);
	atomic_store(&w->phase, PHASE_WOKEN);
}

/* ---- places ---- */

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
worker_promote(struct pool *pool)
{
	if (pool->busy + pool->queued >= pool->limit || pool_is_stopping(pool))
		return;
	pool->promotions++;
	if (pool->acceptors < POOL_SPARE / 2)
		pool->acceptors++;
	if (pool->parked > 0)
		pthread_cond_signal(&pool->room);
	else if (pool->threads < threads_max(pool))
		worker_start(pool);
}

/* Somebody must be there to accept while this worker is not.  Under the
 * lock. */
static void
want_acceptor(struct worker *w)
{
	w->promoted = true;
	if (w->pool->accepting == 0)
		worker_promote(w->pool);
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

/* Every place is taken: connections that are kept without need must make room
 * for new ones, which is for the main thread to see.  Under the lock. */
static void
note_full(struct pool *pool)
{
	if (pool->busy < pool->limit || pool->watched)
		return;
	pool->watched = true;
	pool_poke(pool);
}

void
worker_take_place(struct worker *w)
{
	struct pool *pool = w->pool;

	pool->queued++;
	note_full(pool);
	while (pool->busy >= pool->limit)
		pthread_cond_wait(&pool->place, &pool->lock);
	pool->queued--;
	pool->busy++;
	w->placed = true;
	note_full(pool);
}

void
worker_leave_place(struct worker *w)
{
	struct pool *pool = w->pool;

	if (!w->placed)
		return;
	w->placed = false;
	pool->busy--;
	if (pool->queued > 0)
		pthread_cond_signal(&pool->place);
	else if (pool->parked > 0 && pool->accepting == 0)
		pthread_cond_signal(&pool->room);
}

void
worker_lend(struct worker *w)
{
	pthread_mutex_lock(&w->pool->lock);
	worker_leave_place(w);
	want_acceptor(w);
	pthread_mutex_unlock(&w->pool->lock);
}

void
worker_reclaim(struct worker *w)
{
	if (w->placed)
		return;
	pthread_mutex_lock(&w->pool->lock);
	worker_take_place(w);
	pthread_mutex_unlock(&w->pool->lock);
}
