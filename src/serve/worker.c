/*
 * A worker: accept a connection, handle its requests, repeat.
 *
 * Threads are made when they are needed and end when too many wait.  A
 * preflight must be cheap: accept, read, write and close on a new connection;
 * only read and write on a kept one, and no lock.
 *
 * A web server sends the parameters of a request at once; a client that does
 * not is slow, broken or hostile, and must not keep others from being served:
 * after a moment its worker gives its slot to another one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/answer.h"
#include "run/socket_address.h"
#include "run/warm.h"
#include "serve/pool.h"
#include "serve/respond.h"
#include "serve/worker.h"

enum {
	PAUSE = 50, /* ms to wait for descriptors, memory or programs */
	FINISH_TIME =
	    5000, /* ms for the client to read a response of our own */
	/* ms that a client may take (DESIGN.md section 3, idle-timeout): */
	PARAMETERS = 5000,  /* from the first byte on, or until it comes */
	OTHERS_WAIT = 1000, /* the same while other clients wait */
	PATIENCE = 2,	    /* ms before the slot is given away */
	LOOK = 250	    /* ms between looks at whether others wait */
};

/* ---- settings ---- */

/*
 * The current settings, held by setting `using`: the main thread stores new
 * settings first and then reads `using`, a worker does the reverse, so at
 * least one of the two sees the other's change (both in sequentially
 * consistent order).
 */
static struct settings *
use_settings(struct worker *w)
{
	struct settings *s;

	do {
		s = atomic_load(&w->pool->current);
		atomic_store(&w->using, s);
	} while (atomic_load(&w->pool->current) != s);
	return s;
}

static void
drop_settings(struct worker *w)
{
	atomic_store_explicit(&w->using, NULL, memory_order_release);
}

/* ---- accepting ---- */

/* May this peer connect?  For unix sockets the mode of the file decides. */
static bool
peer_allowed(struct worker *w, const union socket_address *a)
{
	const struct server *server = &use_settings(w)->server;
	char text[INET6_ADDRSTRLEN] = "";
	bool allowed = !server->has_peers;

	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	else if (a->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	else
		allowed = true;
	for (size_t i = 0; !allowed && i < server->peer_count; i++)
		allowed = network_has(&server->peers[i], slice_from(text));
	if (!allowed)
		log_event(
		    w->pool->log, LOG_LEVEL_INFO, "peer-refused", NULL,
		    "add its address to `peers` if it is a web server of yours",
		    "%s may not connect", text);
	drop_settings(w);
	return allowed;
}

/* The listening socket that has a connection; if there is only one, that one.
 */
static int
ready_socket(const struct server_options *o)
{
	struct pollfd fds[64];
	size_t count = o->fd_count < 64 ? o->fd_count : 64;

	if (count == 1)
		return o->fds[0];
	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = o->fds[i], .events = POLLIN};
	if (poll(fds, (nfds_t)count, -1) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents != 0)
			return o->fds[i];
	errno = EAGAIN;
	return -1;
}

/* Accept a connection from a peer that is allowed.  -1 with errno. */
static int
accept_connection(struct worker *w)
{
	int listener = ready_socket(w->pool->options);
	union socket_address a;
	socklen_t len = sizeof(a);
	int fd = -1;

	if (listener < 0)
		return -1;
	a.any.sa_family = AF_UNSPEC;
	fd = os_accept(listener, &a.any, &len);
	if (fd < 0 && errno == EAGAIN && !pool_is_stopping(w->pool)) {
		/* an inherited socket that does not block */
		struct pollfd wait = {.fd = listener, .events = POLLIN};

		poll(&wait, 1, -1);
		errno = EAGAIN;
	}
	if (fd < 0 || a.any.sa_family == AF_UNIX || peer_allowed(w, &a))
		return fd;
	close(fd);
	errno = EINTR;
	return -1;
}

/* Should this worker accept?  Waits until there is a slot.  Under the lock. */
static bool
may_accept(struct worker *w)
{
	struct pool *pool = w->pool;

	for (;;) {
		if (pool_is_stopping(pool) &&
		    (pool->options->own == NULL ||
		     atomic_load(&pool->accept_closed)))
			return false;
		if (pool->accept_error != 0)
			return false;
		if (pool->busy + pool->queued < pool->limit &&
		    pool->accepting < pool->acceptors)
			return true;
		if (pool->accepting + pool->parked >= POOL_SPARE &&
		    atomic_load(&w->left) == 0)
			return false;
		pool->parked++;
		pthread_cond_wait(&pool->room, &pool->lock);
		pool->parked--;
	}
}

/* accept has failed.  False: retrying does not help.  Under the lock. */
static bool
survive(struct pool *pool, int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		if (!pool->starved)
			log_event(
			    pool->log, LOG_LEVEL_ERROR, "accept-failed", NULL,
			    "raise the limit of open files, or lower `workers`",
			    "cannot accept connections: %s; retrying",
			    strerror(error));
		pool->starved = true;
		pthread_mutex_unlock(&pool->lock);
		poll(NULL, 0, PAUSE);
		pthread_mutex_lock(&pool->lock);
		return true;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		pool->accept_error = error;
		wakeup_send(&pool->poke);
		return false;
	default:
		/* EINTR: woken; or the client's own failure (accept(2)) */
		return error != EAGAIN || !pool_is_stopping(pool);
	}
}

/* Wait for the next connection, and take a slot for it.  -1: end the thread. */
static int
next_connection(struct worker *w)
{
	struct pool *pool = w->pool;
	int fd = -1;
	bool go_on = true;

	pthread_mutex_lock(&pool->lock);
	worker_leave_slot(w);
	while (fd < 0 && go_on && may_accept(w)) {
		int error;

		pool->accepting++;
		w->accepting = true;
		pthread_mutex_unlock(&pool->lock);
		fd = accept_connection(w);
		error = errno;
		pthread_mutex_lock(&pool->lock);
		w->accepting = false;
		pool->accepting--;
		if (fd < 0)
			go_on = survive(pool, error);
	}
	if (fd >= 0) {
		pool->starved = false;
		w->promoted = false;
		worker_take_slot(w);
		pool->accepted++;
	}
	pthread_mutex_unlock(&pool->lock);
	return fd;
}

/* ---- handling requests ---- */

/* An exchange, and its worker. */
struct conversation {
	struct exchange x; /* must be first: it is cast back */
	struct worker *worker;
};

static void
exchange_will_block(struct exchange *x)
{
	worker_will_block(((struct conversation *)(void *)x)->worker);
}

static void
exchange_will_run(struct exchange *x)
{
	worker_acquire_slot(((struct conversation *)(void *)x)->worker);
}

static void
answer_large(struct exchange *x, const struct settings *settings)
{
	static char *none[] = {NULL};
	static const struct request unread;

	x->variables = none;
	x->outcome =
	    (struct outcome){.policy = -1, .failure = "parameters-too-large"};
	log_event(x->log, LOG_LEVEL_WARNING, "parameters-too-large", NULL,
		  "make the web server refuse such requests",
		  "more than 64K or 500 parameters in a request");
	answer_error(x, NULL, 400, "The request has too many parameters.");
	metrics_count(x->metrics, settings, &x->outcome);
	log_access(x->log, settings, &unread, &x->outcome);
}

/* Set the time limits of the request.  Slow parameters count from their first
 * byte. */
static void
bound(struct worker *w, const struct app *app, struct exchange *x)
{
	uint64_t from = w->began > 0 ? w->began : clock_ms_coarse();

	w->began = 0;
	x->until = app->total_timeout > 0 ? from + app->total_timeout : 0;
	w->total = x->until > 0 ? x->until : DEADLINE_NEVER;
	connection_bound(w->connection, app->idle_timeout, w->total,
			 x->stop_fd);
	connection_bound_body(w->connection, from, app->body_timeout);
}

/*
 * Handle the request that has been read.  Returns how many milliseconds its
 * end may take: after a program, its idle-timeout; our own responses are
 * small.
 */
static uint64_t
answer(struct worker *w, bool large)
{
	struct pool *pool = w->pool;
	struct settings *settings = use_settings(w);
	uint64_t idle = settings->app.idle_timeout;
	struct conversation c;

	c.worker = w;
	c.x.variables = large ? NULL : connection_variables(w->connection);
	c.x.fastcgi = true;
	c.x.nph = false;
	c.x.server_script = SLICE_NONE;
	c.x.in = connection_source(w->connection);
	c.x.out = connection_sink(w->connection);
	c.x.scratch = &w->scratch;
	c.x.self = pool->options->self;
	c.x.log = pool->log;
	c.x.metrics = pool->metrics;
	c.x.pool = pool->forward;
	c.x.warm = pool->warm;
	c.x.warm_serve = warm_serve;
	c.x.warm_start = warm_start;
	c.x.reaper = pool->reaper;
	c.x.left = &w->left;
	c.x.stop_fd = pool->stop.fd;
	c.x.file_limit = pool->file_limit;
	c.x.will_block = exchange_will_block;
	c.x.will_run = exchange_will_run;
	bound(w, &settings->app, &c.x);
	if (large)
		answer_large(&c.x, settings);
	else
		respond(settings, &c.x);
	w->keep_time = settings->server.idle_timeout;
	w->ran = c.x.outcome.ran;
	if (c.x.outcome.status == 413 && !w->ran)
		connection_end_early(w->connection);
	drop_settings(w);
	return w->ran && idle > FINISH_TIME ? idle : FINISH_TIME;
}

static bool
may_keep(const struct pool *pool)
{
	return !pool_is_stopping(pool) &&
	       !atomic_load_explicit(&pool->backlog_waiting,
				     memory_order_relaxed);
}

/* Handle one request and end it; false: the connection is closed. */
static bool
answer_and_finish(struct worker *w, enum connection_event event)
{
	struct connection *c = w->connection;
	uint64_t time = FINISH_TIME, until;
	bool kept;

	w->total = DEADLINE_NEVER;
	worker_acquire_slot(w); /* it may have been lent meanwhile */
	if (event != CONNECTION_ROLE)
		time = answer(w, event == CONNECTION_LARGE);
	w->answered = clock_ms_coarse();
	until = w->answered + time;
	connection_bound(c, 0, until < w->total ? until : w->total,
			 w->pool->stop.fd);
	kept = connection_drain(c, until, !w->ran) && may_keep(w->pool);
	return connection_finish(c, kept);
}

/* ---- waiting for a request ---- */

/* Wait for more of the parameters.  False: the time is over. */
static bool
wait_for_bytes(struct worker *w, uint64_t milliseconds)
{
	struct pollfd p = {
	    .fd = connection_fd(w->connection),
	    .events = POLLIN,
	};

	return poll(&p, 1, (int)milliseconds) > 0;
}

/*
 * How many ms the parameters may still take; 0: the time is over.  from: when
 * their first byte came, or when the client connected if none has come.  A
 * silent client may be a web server that was stopped between connecting and
 * sending, whose request would be lost: so it has as long as others, unless
 * clients wait for its place.
 */
static uint64_t
time_left(struct worker *w, uint64_t from)
{
	uint64_t now = clock_ms_coarse(), allowed = PARAMETERS;

	if (atomic_load_explicit(&w->pool->backlog_waiting,
				 memory_order_relaxed))
		allowed = OTHERS_WAIT;
	return now - from >= allowed ? 0 : allowed - (now - from);
}

/*
 * The parameters have not come at once: wait for them, within limits.
 * Available input is read before the clock is checked, so a responder that was
 * stopped (SIGSTOP) loses no request.
 */
static enum connection_event
wait_for_parameters(struct worker *w)
{
	struct connection *c = w->connection;
	enum connection_event event = CONNECTION_MORE;
	uint64_t from = clock_ms_coarse(), left;
	bool begun = false;

	/* Usually the server has connected and is about to send. */
	for (int i = 0; i < 3 && event == CONNECTION_MORE; i++) {
		if (!wait_for_bytes(w, PATIENCE))
			break;
		event = connection_read(c, w->pool->limit);
	}
	if (event != CONNECTION_MORE)
		return event;
	if (!worker_lend_slot(w)) {
		connection_close(c);
		return CONNECTION_CLOSED;
	}
	while (event == CONNECTION_MORE) {
		if (!begun && connection_has_begun(c)) {
			begun = true;
			w->began = from = clock_ms_coarse();
		}
		left = time_left(w, from);
		if (left == 0) {
			connection_close(c);
			return CONNECTION_CLOSED;
		}
		(void)wait_for_bytes(w, left < LOOK ? left : LOOK);
		event = connection_read(c, w->pool->limit);
	}
	if (event != CONNECTION_CLOSED)
		worker_acquire_slot(w);
	return event;
}

static enum connection_event
first_request(struct worker *w, int fd)
{
	enum connection_event event;

	w->began = 0;
	connection_open(w->connection, fd);
	event = connection_read(w->connection, w->pool->limit);
	return event == CONNECTION_MORE ? wait_for_parameters(w) : event;
}

/* Wait for the next request of a kept connection. */
static enum connection_event
next_request(struct worker *w)
{
	/* Do not spin if programs run: they need the processor more. */
	bool spin = !w->ran && atomic_load(&w->pool->busy) > 1;
	enum connection_event event;

	worker_will_block(w);
	worker_idle(w, w->answered + w->keep_time);
	event = connection_read_next(w->connection, w->pool->limit, spin);
	worker_busy(w);
	return event == CONNECTION_MORE ? wait_for_parameters(w) : event;
}

static void
serve(struct worker *w, int fd)
{
	enum connection_event event = first_request(w, fd);

	while (event != CONNECTION_CLOSED && answer_and_finish(w, event))
		event = next_request(w);
}

void *
worker_run(void *argument)
{
	struct worker *w = argument;
	int fd;

	while ((fd = next_connection(w)) >= 0)
		serve(w, fd);
	/* If this thread ends, the kernel ends the programs that it started. */
	while (atomic_load(&w->left) > 0)
		(void)poll(NULL, 0, PAUSE);
	pool_end_worker(w);
	return NULL;
}
