/*
 * The main thread of the responder: signals, reload, the watch over its
 * workers, and the end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/os.h"
#include "run/child.h"
#include "run/forward.h"
#include "run/warm.h"
#include "serve/listen.h"
#include "serve/pool.h"
#include "serve/worker.h"

enum {
	TICK = 1000,	   /* ms between two calls of watch */
	FULL_TICK = 20,	   /* the same when no worker waits in accept */
	FULL_FOR = 1000,   /* ms for which all workers count as busy */
	STOP_TICK = 10,	   /* ms between two wakes when stopping */
	REST = 2000,	   /* ms after which a burst of clients is over */
	LINGER = 1000,	   /* ms for clients that have connected already */
	LAST_GRACE = 1000, /* ms to wait longer than stopping should take */
	FDS_OF_WORKER = 8, /* descriptors that a busy worker may need */
	FDS_OF_US = 64,
	ARENAS = 1, /* of malloc: with one per thread, memory would grow */
	LISTENERS = 64
};

struct responder {
	struct pool pool;
	struct reload *reload;
	int signal_fd;
	bool stop;
	uint64_t looked;     /* clock_ms_coarse of the last watch_acceptors */
	uint64_t cpu;	     /* clock_cpu_ns then */
	bool watching;	     /* every worker has been busy lately */
	uint64_t full_until; /* ms: until when that is so */
	uint64_t trim;	     /* ms: when to give memory back; 0: never */
};

/* ---- signals ---- */

/* So that a wake ends a blocking call instead of being ignored. */
static void
on_wake(int number)
{
	(void)number;
}

void
server_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGHUP);
}

/* All signals are blocked, except those of faults, and the wake in workers,
 * which inherit this mask. */
static int
set_signals(struct responder *s)
{
	const int faults[] = {SIGSEGV, SIGBUS,	SIGFPE, SIGILL,
			      SIGTRAP, SIGABRT, SIGSYS, POOL_WAKE};
	struct sigaction wake = {.sa_handler = on_wake};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t taken, blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&blocked, faults[i]);
	server_signals(&taken);
	if (pthread_sigmask(SIG_SETMASK, &blocked, NULL) != 0 ||
	    sigaction(POOL_WAKE, &wake, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0)
		return -1;
	s->signal_fd = os_signals(&taken);
	return s->signal_fd < 0 ? -1 : 0;
}

static void
reload_now(struct responder *s)
{
	if (log_reopen(s->pool.log) != 0)
		log_event(s->pool.log, LOG_LEVEL_ERROR, "log-file", NULL,
			  "make it writable by the user that runs corswrap",
			  "cannot open the log file: %s", strerror(errno));
	reload_look(s->reload, clock_ms_coarse(), true);
}

static void
take_signals(struct responder *s)
{
	int number;

	while ((number = os_signal_next(s->signal_fd)) != 0) {
		if (number == SIGHUP) {
			if (!s->stop)
				reload_now(s);
		} else if (!s->stop) {
			s->stop = true;
			log_event(s->pool.log, LOG_LEVEL_INFO, "stopping", NULL,
				  NULL, "signal %d: finishing running requests",
				  number);
		}
	}
}

/* ---- the watch ---- */

/* Is a client waiting because no worker is free to accept? */
static bool
client_waits(const struct server_options *o, const struct pool *pool)
{
	struct pollfd fds[LISTENERS];
	size_t count = o->fd_count < LISTENERS ? o->fd_count : LISTENERS;

	if (pool->queued > 0)
		return true;
	if (pool->accepting > 0)
		return false;
	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = o->fds[i], .events = POLLIN};
	return poll(fds, (nfds_t)count, 0) > 0;
}

/* Find the idle connection that is to be closed first; under the lock. */
static struct worker *
idlest(struct pool *pool)
{
	struct worker *found = NULL;
	uint64_t first = UINT64_MAX;

	for (struct worker *w = pool->workers; w != NULL; w = w->next) {
		uint64_t until =
		    atomic_load_explicit(&w->until, memory_order_relaxed);

		if (atomic_load(&w->phase) != PHASE_BUSY && until < first) {
			first = until;
			found = w;
		}
	}
	return found;
}

/* Every worker is or was busy: if a client waits, close the connection that has
 * been idle longest. */
static void
watch_full(struct responder *s, uint64_t now)
{
	struct pool *pool = &s->pool;
	struct worker *idle;
	bool waiting = false;

	if (pool->busy >= pool->limit || !s->watching)
		s->full_until = now + FULL_FOR;
	s->watching = pool->watched = now < s->full_until;
	if (pool->busy >= pool->limit)
		waiting = client_waits(pool->options, pool);
	atomic_store(&pool->backlog_waiting, waiting);
	if (waiting && (idle = idlest(pool)) != NULL)
		worker_wake(idle, now, true);
}

/*
 * How many workers should accept?  One more if clients wait although the
 * acceptors are blocked, or use a whole processor each (otherwise more of them
 * would only compete for it).  One less if there was always one.
 */
static void
watch_acceptors(struct responder *s, uint64_t now)
{
	struct pool *pool = &s->pool;
	uint64_t cpu = clock_cpu_ns(), cpu_time = (cpu - s->cpu) / 1000000;
	uint64_t time = (now - s->looked) * pool->acceptors;

	atomic_store(&pool->backlog_waiting, false);
	if (pool->accepting == 0 && client_waits(pool->options, pool)) {
		if (pool->accepted == 0 || cpu_time * 10 >= time * 9)
			pool_promote(pool);
	} else if (pool->promotions == 0 && pool->acceptors > 1) {
		pool->acceptors--;
	}
	pool->promotions = pool->accepted = 0;
	s->looked = now;
	s->cpu = cpu;
}

/*
 * After a burst of clients: return the memory of its threads to the system.
 * The C library does not do that while memory above it is in use.
 */
static void
give_back(struct responder *s, bool ended, uint64_t now)
{
	if (ended)
		s->trim = now + REST;
	if (s->trim == 0 || now < s->trim)
		return;
	s->trim = 0;
	os_trim_memory();
}

static void
watch(struct responder *s)
{
	struct pool *pool = &s->pool;
	uint64_t now = clock_ms_coarse();

	pthread_mutex_lock(&pool->lock);
	for (struct worker *w = pool->workers; w != NULL; w = w->next)
		worker_wake(w, now, s->stop);
	if (pool->watched && !s->stop)
		watch_full(s, now);
	else if (!s->stop)
		watch_acceptors(s, now);
	pthread_mutex_unlock(&pool->lock);
	give_back(s, pool_join(pool), now);
}

/* ---- the loop ---- */

/* How many ms to sleep. */
static int
pause_for(struct responder *s)
{
	uint64_t now = clock_ms_coarse(), due = reload_due(s->reload, now);
	uint64_t tick = TICK;

	pthread_mutex_lock(&s->pool.lock);
	if (s->pool.watched || s->pool.accepting == 0)
		tick = FULL_TICK;
	pthread_mutex_unlock(&s->pool.lock);
	if (due <= now)
		return 0;
	return (int)(due - now < tick ? due - now : tick);
}

static void
sleep_for(struct responder *s, int milliseconds)
{
	struct pollfd fds[2] = {
	    {.fd = s->signal_fd, .events = POLLIN},
	    {.fd = s->pool.poke.fd, .events = POLLIN},
	};

	if (poll(fds, 2, milliseconds) <= 0)
		return;
	if (fds[1].revents != 0)
		wakeup_clear(&s->pool.poke);
	if (fds[0].revents != 0)
		take_signals(s);
}

static int
accept_error(struct responder *s)
{
	int error;

	pthread_mutex_lock(&s->pool.lock);
	error = s->pool.accept_error;
	pthread_mutex_unlock(&s->pool.lock);
	if (error != 0)
		log_event(s->pool.log, LOG_LEVEL_ERROR, "accept-failed", NULL,
			  "check what created the socket",
			  "cannot accept connections any more: %s",
			  strerror(error));
	return error;
}

static int
run(struct responder *s)
{
	while (!s->stop) {
		sleep_for(s, pause_for(s));
		watch(s);
		if (accept_error(s) != 0)
			return 1;
		if (!s->stop)
			reload_look(s->reload, clock_ms_coarse(), false);
	}
	return 0;
}

/* ---- the end ---- */

/* Remove our socket; clients that have connected are still served.  An
 * inherited socket is left for its other users. */
static void
leave_socket(struct responder *s)
{
	const struct server_options *o = s->pool.options;
	int flags;

	if (o->own == NULL)
		return;
	flags = fcntl(o->fds[0], F_GETFL);
	if (flags >= 0)
		fcntl(o->fds[0], F_SETFL, flags | O_NONBLOCK);
	listen_remove(o->own, o->fds[0]);
}

/* Interrupt the workers that wait in accept; all: every worker.  Returns how
 * many have not ended yet. */
static unsigned
wake_workers(struct responder *s, bool all)
{
	struct pool *pool = &s->pool;
	unsigned threads;

	pthread_mutex_lock(&pool->lock);
	for (struct worker *w = pool->workers; w != NULL; w = w->next)
		if (w->accepting || all)
			pthread_kill(w->thread, POOL_WAKE);
	pthread_cond_broadcast(&pool->room);
	threads = pool->threads;
	pthread_mutex_unlock(&pool->lock);
	return threads;
}

static void
end_programs(struct responder *s)
{
	log_event(s->pool.log, LOG_LEVEL_WARNING, "drain-timeout", NULL,
		  "raise drain-timeout if requests may take longer",
		  "terminating what is still running");
	wakeup_send(&s->pool.stop);
}

/* Wait for the workers.  False: some do not end. */
static bool
drain(struct responder *s)
{
	const struct settings *now = atomic_load(&s->pool.current);
	uint64_t start = clock_ms_coarse(), t = start;
	uint64_t drained = start + now->server.drain_timeout;
	uint64_t killed = drained + now->app.kill_grace + LAST_GRACE;
	bool ended = false;

	atomic_store(&s->pool.stopping, true);
	leave_socket(s);
	/* Programs are ended first; a client that neither sends nor reads is
	 * disconnected when the time for that is over. */
	while (wake_workers(s, t >= killed) > 0 && t < killed + LAST_GRACE) {
		t = clock_ms_coarse();
		watch(s);
		if (t >= start + LINGER)
			atomic_store(&s->pool.accept_closed, true);
		if (t >= drained && !ended) {
			ended = true;
			end_programs(s);
		}
		sleep_for(s, STOP_TICK);
	}
	(void)pool_join(&s->pool);
	return t < killed + LAST_GRACE;
}

/* ---- the beginning ---- */

static unsigned
workers_wanted(const struct server_options *o, const struct settings *settings)
{
	return o->workers > 0 ? o->workers : settings->server.workers;
}

/*
 * Raise the limit of descriptors for that many workers, as far as allowed.
 * Programs get the old limit: those that use select(2) fail with more than
 * 1024.
 */
static void
raise_fd_limit(struct pool *pool, unsigned workers)
{
	struct rlimit limit;
	rlim_t want =
	    ((rlim_t)workers + POOL_EXTRA) * FDS_OF_WORKER + FDS_OF_US;
	rlim_t had;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	had = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		pool->file_limit = had;
}

/*
 * Accepted connections inherit TCP_NODELAY (without it the end of a streamed
 * response would wait for the client).  With several sockets each must be
 * non-blocking: another process may accept the connection first.
 */
static void
prepare_sockets(const struct server_options *o)
{
	int on = 1;

	for (size_t i = 0; i < o->fd_count; i++) {
		setsockopt(o->fds[i], IPPROTO_TCP, TCP_NODELAY, &on,
			   sizeof(on));
		fcntl(o->fds[i], F_SETFD, FD_CLOEXEC);
		if (o->fd_count > 1) {
			int flags = fcntl(o->fds[i], F_GETFL);

			if (flags >= 0)
				fcntl(o->fds[i], F_SETFL, flags | O_NONBLOCK);
		}
	}
}

static int
prepare(struct responder *s, struct settings *settings)
{
	struct pool *pool = &s->pool;

	s->signal_fd = -1;
	pool->stop = pool->poke = (struct wakeup){-1, -1};
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->slot, NULL);
	pthread_cond_init(&pool->room, NULL);
	pool->metrics = metrics_new();
	pool->forward = forward_pool_new();
	pool->warm = warm_new(pool->log);
	if (pool->metrics == NULL || pool->warm == NULL)
		return -1;
	metrics_show_workers(pool->metrics, &pool->busy, &pool->limit);
	s->reload = reload_new(pool, settings);
	if (s->reload == NULL)
		return -1;
	if (wakeup_open(&pool->stop) != 0 || wakeup_open(&pool->poke) != 0 ||
	    set_signals(s) != 0)
		return -1;
	pool->reaper = reaper_new(pool->log, pool->metrics, pool->stop.fd);
	if (pool->reaper == NULL)
		return -1;
	os_limit_arenas(ARENAS);
	raise_fd_limit(pool, workers_wanted(pool->options, settings));
	prepare_sockets(pool->options);
	child_prepare();
	return 0;
}

static int
start(struct responder *s)
{
	int result;

	pthread_mutex_lock(&s->pool.lock);
	result = pool_start_worker(&s->pool);
	pthread_mutex_unlock(&s->pool.lock);
	return result;
}

static void
clean_up(struct responder *s, struct settings *settings)
{
	struct pool *pool = &s->pool;

	if (s->reload != NULL)
		reload_free(s->reload);
	else
		settings_release(settings);
	reaper_free(pool->reaper);
	warm_free(pool->warm);
	forward_pool_free(pool->forward);
	metrics_free(pool->metrics);
	file_close(&s->signal_fd);
	wakeup_close(&pool->stop);
	wakeup_close(&pool->poke);
	pthread_cond_destroy(&pool->room);
	pthread_cond_destroy(&pool->slot);
	pthread_mutex_destroy(&pool->lock);
}

int
server_run(const struct server_options *options, struct settings *settings,
	   struct log *log)
{
	struct responder s = {
	    .pool = {.options = options, .work = worker_run, .log = log},
	};
	int status = 1;

	if (prepare(&s, settings) == 0 && start(&s) == 0)
		status = run(&s);
	else
		log_event(log, LOG_LEVEL_ERROR, "start-failed", NULL, NULL,
			  "%s: cannot start: %s", options->program,
			  strerror(errno));
	if (s.reload != NULL && !drain(&s)) {
		log_event(log, LOG_LEVEL_ERROR, "drain-timeout", NULL, NULL,
			  "requests remain that do not end");
		/* their threads still use all that would be freed */
		_exit(1);
	}
	clean_up(&s, settings);
	return status;
}
