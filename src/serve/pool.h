/*
 * What the threads of the responder share; private to server.c, worker.c and
 * reload.c.
 *
 * The main thread takes signals, loads policies and watches over connections
 * that are kept idle.  Workers accept connections and handle requests.  A
 * worker is in one of four states: waiting in accept, handling a request (it
 * then holds one of `limit` slots), waiting for a slow client (its slot is
 * lent to another worker: until the parameters or the body are there; if the
 * client does not read, until the next request), or parked.
 *
 * If responses take microseconds, several workers in turn are slower than a
 * single one: the kernel wakes those that wait in accept in turn, and each has
 * cold caches.  So usually one accepts and the others are parked, and before
 * it does anything that takes long it makes another one accept.  If that
 * happens often, several may wait in accept at once.
 *
 * Blocked calls are ended by a signal with an empty handler (a wake), never by
 * shutdown(2): the listening socket may be shared with other processes, and
 * the descriptor of a connection may have been reused by then.  A signal that
 * arrives too early has no effect, so wakes are repeated until they work; one
 * that arrives too late would interrupt the next blocking call, so `phase`
 * says when a signal may arrive.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef POOL_H
#define POOL_H

#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/exchange.h"
#include "run/metrics.h"
#include "run/reaper.h"
#include "run/thread.h"
#include "serve/connection.h"
#include "serve/server.h"

/*
 * The wake.  Workers cannot block it, and a call with a timeout that it
 * interrupts is not restarted (signal(7): not even with SA_RESTART).  So it
 * must be a signal that only we send: a terminal, a web server or the kernel
 * may send every other one.
 */
#define POOL_WAKE OS_SIGNAL_FREE

enum {
	POOL_EXTRA = 4096, /* threads that may wait for slow clients */
	POOL_SPARE = 8	   /* idle threads that are kept */
};

enum phase {
	PHASE_BUSY,    /* must not be woken */
	PHASE_IDLE,    /* between two requests of a kept connection */
	PHASE_TOUCHED, /* the main thread is about to wake it */
	PHASE_WOKEN    /* a signal was sent, and may still arrive */
};

struct pool;

struct worker {
	struct pool *pool;
	pthread_t thread;
	struct worker *next;
	struct worker **link; /* the pointer that points to this worker */
	bool accepting;	      /* waits in accept; under the lock */
	bool lent;	      /* has lent its slot; under the lock */
	bool slotted;	      /* holds a slot; only this worker uses it */
	bool promoted; /* another one accepts; only this worker uses it */
	atomic_uint phase;
	_Atomic uint64_t
	    until; /* clock_ms_coarse when the main thread ends IDLE */
	/* settings in use: they are not freed while they are set here */
	_Atomic(struct settings *) using;
	uint64_t began;	    /* clock_ms_coarse: slow parameters began; or 0 */
	uint64_t total;	    /* clock_ms: total-timeout; DEADLINE_NEVER: none */
	uint64_t answered;  /* clock_ms_coarse: the last response was made */
	uint64_t keep_time; /* ms that a connection is kept without a request */
	bool ran;	    /* the last request was handled by a program */
	/* programs that this thread has started, now with the reaper */
	atomic_uint left;
	struct scratch scratch;
	struct connection *connection;
};

struct pool {
	const struct server_options *options;
	void *(*work)(void *worker); /* what a worker's thread runs */
	struct log *log;
	struct metrics *metrics;
	struct forward_pool *forward; /* kept connections; NULL: none kept */
	struct warm *warm;	      /* warm interpreters */
	struct reaper *reaper;	      /* programs that outlive their response */
	struct wakeup stop;	      /* every program must be terminated now */
	uint64_t file_limit; /* the limit before we raised it; 0: not raised */
	struct wakeup poke;  /* wakes the main thread */
	_Atomic(struct settings *) current; /* for new requests */
	atomic_bool stopping;	     /* finish what runs, accept nothing new */
	atomic_bool accept_closed;   /* not even clients that had connected
					before */
	atomic_bool backlog_waiting; /* clients wait: keep no connection */

	pthread_mutex_t lock;	/* for all below */
	pthread_cond_t slot;	/* busy < limit, for workers that have a
				   connection */
	pthread_cond_t room;	/* an acceptor is needed */
	_Atomic unsigned limit; /* workers that may handle requests at a time;
				 * changed under the lock */
	unsigned acceptors;	/* workers that wait in accept together */
	unsigned promotions;	/* by pool_promote, since the last watch */
	unsigned accepted;	/* connections since then */
	unsigned threads;
	unsigned accepting;
	atomic_uint busy;   /* written under the lock */
	unsigned queued;    /* workers that wait for `slot` */
	unsigned parked;    /* workers that wait for `room` */
	unsigned lent;	    /* workers that have lent their slots */
	bool crowded;	    /* too many have; that was logged */
	bool watched;	    /* the main thread knows that all are busy */
	bool starved;	    /* accept had no descriptor or memory; logged */
	bool thread_failed; /* a thread could not be started; logged */
	int accept_error;   /* errno: the listening socket is useless */
	struct worker *workers;
	struct worker *dead; /* to be joined */
};

/* Is the responder stopping?  It may still accept clients that have connected
 * already (accept_closed). */
bool pool_is_stopping(const struct pool *);

/* Start one more thread; the caller holds the lock.  -1: failed, which is
 * logged. */
int pool_start_worker(struct pool *);
/* The last call of a worker's thread: pool_join frees the worker.  Takes the
 * lock. */
void pool_end_worker(struct worker *);
/* Join threads that have ended, and free their workers; were there any?  Takes
 * the lock. */
bool pool_join(struct pool *);
/* Let one more worker accept, a parked or a new one, unless every slot is taken
 * or the responder stops.  The caller holds the lock. */
void pool_promote(struct pool *);

/* Get a slot for a request, which may wait, and give it back; the caller holds
 * the lock. */
void worker_take_slot(struct worker *);
void worker_leave_slot(struct worker *);
/* This worker is going to block: make another one accept, if none does. */
void worker_will_block(struct worker *);
/*
 * Lend the slot while waiting for a slow client, and make another worker
 * accept meanwhile; get a slot (again), if none is held.  False: too many
 * clients are slow, so refuse this one.
 */
bool worker_lend_slot(struct worker *);
void worker_acquire_slot(struct worker *);

/* Call them before and after waiting for the next request of a kept connection.
 * The main thread may end that wait, and does so at `until`
 * (clock_ms_coarse). */
void worker_idle(struct worker *, uint64_t until);
void worker_busy(struct worker *);
/* End that wait, if there is one and `until` is over or forced is true; the
 * caller holds the lock. */
void worker_wake(struct worker *, uint64_t now, bool forced);

struct reload;

/* Make the settings current.  reload_free releases them, and all that replace
 * them.  NULL: no memory; the settings are still the caller's. */
struct reload *reload_new(struct pool *, struct settings *);
/* Free it, with all settings.  Every worker must have ended. */
void reload_free(struct reload *);
/* When reload_look must be called (clock_ms_coarse, as now); UINT64_MAX:
 * never. */
uint64_t reload_due(const struct reload *, uint64_t now);
/* If the policy has changed, load it; forced: load it in any case.  Before that
 * it waits 100 ms to see whether the files still change. */
void reload_look(struct reload *, uint64_t now, bool forced);

#endif
