/*
 * A worker: accept a connection, answer its requests, and again.
 *
 * Threads are made when they are needed and end when too many wait.  What a
 * preflight costs is kept small: of a new connection accept, a look, read,
 * write and close; of a kept one read and write alone, and no lock.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/answer.h"
#include "serve/pool.h"
#include "serve/respond.h"

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	STACK = 2 * 1024 * 1024,
#else
	STACK = 256 * 1024,
#endif
	PAUSE = 50,	   /* ms, when descriptors or memory are out */
	FINISH_TIME = 5000 /* ms for an answer of our own to be taken */
};

union peer_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* ---- settings ---- */

/*
 * The settings of now, held by standing in `using`: the main thread stores new
 * ones first and looks at `using` then, we the other way round, so one of the
 * two sees the other (both in sequentially consistent order).
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

/* May this peer connect?  Unix sockets have file modes for it. */
static bool
peer_allowed(struct worker *w, const union peer_address *a)
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

/* The listening socket that has a connection; of one alone, that one. */
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

/* A connection, or -1 with errno. */
static int
accept_connection(struct worker *w)
{
	int listener = ready_socket(w->pool->options);
	union peer_address a;
	socklen_t len = sizeof(a);
	int fd = -1;

	if (listener < 0)
		return -1;
	a.any.sa_family = AF_UNSPEC;
	fd = accept4(listener, &a.any, &len, SOCK_CLOEXEC);
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

/* Shall this worker accept?  Waits until there is a place.  Under the lock. */
static bool
may_accept(struct pool *pool)
{
	for (;;) {
		if (pool_is_stopping(pool) && (pool->options->own == NULL ||
					       atomic_load(&pool->deserted)))
			return false;
		if (pool->accept_error != 0)
			return false;
		if (pool->busy + pool->queued < pool->limit &&
		    pool->accepting < pool->acceptors)
			return true;
		if (pool->accepting + pool->parked >= POOL_SPARE)
			return false;
		pool->parked++;
		pthread_cond_wait(&pool->room, &pool->lock);
		pool->parked--;
	}
}

/* accept has failed.  False: it will not get better.  Under the lock. */
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
			    "cannot accept: %s; will try on", strerror(error));
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
		pool_poke(pool);
		return false;
	default:
		/* EINTR: woken; or the client's own failure (accept(2)) */
		return error != EAGAIN || !pool_is_stopping(pool);
	}
}

/* The next connection, with a place to answer it; -1: end the thread. */
static int
next_connection(struct worker *w)
{
	struct pool *pool = w->pool;
	int fd = -1;
	bool go_on = true;

	pthread_mutex_lock(&pool->lock);
	worker_leave_place(w);
	while (fd < 0 && go_on && may_accept(pool)) {
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
		worker_take_place(w);
		pool->accepted++;
	}
	pthread_mutex_unlock(&pool->lock);
	return fd;
}

/* ---- answering ---- */

/* An exchange and whose it is. */
struct conversation {
	struct exchange x;
	struct worker *worker;
};

static void
exchange_will_block(struct exchange *x)
{
	worker_will_block(((struct conversation *)(void *)x)->worker);
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
		  "let the web server refuse such requests",
		  "more than 64K or 500 parameters in a request");
	answer_error(x, NULL, 400, "The request has too many parameters.",
		     NULL);
	metrics_count(x->metrics, settings, &x->outcome);
	log_access(x->log, settings, &unread, &x->outcome);
}

/*
 * Answer the request that has been read.  Returns how many milliseconds its end
 * may take: where a program ran, as long as it might stay silent; an answer of
 * ours is small.
 */
static uint64_t
answer(struct worker *w, bool large)
{
	struct pool *pool = w->pool;
	struct settings *settings = use_settings(w);
	uint64_t idle = settings->app.idle_timeout;
	struct conversation c;

	c.worker = w;
	c.x.variables = large ? NULL : fastcgi_variables(w->connection);
	c.x.fastcgi = true;
	c.x.nph = false;
	c.x.server_script = SLICE_NONE;
	c.x.in = fastcgi_source(w->connection);
	c.x.out = fastcgi_sink(w->connection);
	c.x.scratch = &w->scratch;
	c.x.log = pool->log;
	c.x.metrics = pool->metrics;
	c.x.pool = pool->forward;
	c.x.stop_fd = pool->stop_fd;
	c.x.file_limit = pool->file_limit;
	c.x.will_block = exchange_will_block;
	fastcgi_bound(w->connection, idle, pool->stop_fd);
	if (large)
		answer_large(&c.x, settings);
	else
		respond(settings, &c.x);
	w->keep_time = settings->server.idle_timeout;
	w->ran = c.x.outcome.ran;
	drop_settings(w);
	return w->ran && idle > FINISH_TIME ? idle : FINISH_TIME;
}

static bool
may_keep(const struct pool *pool)
{
	return !pool_is_stopping(pool) &&
	       !atomic_load_explicit(&pool->hungry, memory_order_relaxed);
}

/* Answer one request and end it; false: the connection is closed. */
static bool
answer_and_finish(struct worker *w, enum fastcgi_next next)
{
	uint64_t time = FINISH_TIME;
	bool kept;

	if (next != FASTCGI_ROLE)
		time = answer(w, next == FASTCGI_LARGE);
	w->answered = clock_ms_coarse();
	worker_watch(w, PHASE_WATCHED, w->answered + time);
	kept = fastcgi_drain(w->connection) && next == FASTCGI_REQUEST &&
	       may_keep(w->pool);
	kept = fastcgi_finish(w->connection, kept);
	worker_unwatch(w);
	return kept;
}

/* The first request of a connection, whose beginning has been seen. */
static enum fastcgi_next
first_request(struct worker *w, const struct peek *peek)
{
	bool whole = peek->state == PEEK_READY;
	enum fastcgi_next next;

	if (!whole || !peek->body_ended)
		worker_will_block(w);
	if (whole && !peek->strange)
		return fastcgi_take(w->connection, peek);
	if (!whole)
		worker_watch(w, PHASE_WATCHED, clock_ms_coarse() + POOL_PARAMETERS);
	next = fastcgi_next(w->connection, whole);
	if (!whole)
		worker_unwatch(w);
	for (size_t i = 0; next == FASTCGI_REQUEST && i < peek->nul_count; i++)
		fastcgi_mend(w->connection, peek->nul[i].index,
			     peek->nul[i].len);
	return next;
}

/* The next one of a kept connection. */
static enum fastcgi_next
next_request(struct worker *w)
{
	/* Where programs answer they need the processor more than we do. */
	bool stay = !w->ran && atomic_load(&w->pool->busy) > 1;
	enum fastcgi_next next;

	worker_will_block(w);
	worker_watch(w, PHASE_IDLE, w->answered + w->keep_time);
	next = fastcgi_again(w->connection, w->pool->limit, stay);
	worker_unwatch(w);
	return next;
}

static void
converse(struct worker *w, const struct peek *peek)
{
	enum fastcgi_next next = first_request(w, peek);

	while (next != FASTCGI_CLOSED && answer_and_finish(w, next))
		next = next_request(w);
}

static void
serve(struct worker *w, int fd)
{
	struct peek peek;

	switch (greet(w, fd, &peek)) {
	case GREETING_WHOLE:
	case GREETING_BLIND:
		fastcgi_open(w->connection, fd);
		converse(w, &peek);
		break;
	case GREETING_LARGE:
		worker_will_block(w);
		fastcgi_open_raw(w->connection, fd, peek.id);
		answer_and_finish(w, FASTCGI_LARGE);
		break;
	case GREETING_CLOSE:
		close(fd);
		break;
	}
}

/* ---- threads ---- */

static void
worker_free(struct worker *w)
{
	fastcgi_free(w->connection);
	scratch_free(&w->scratch);
	free(w);
}

static void *
work(void *argument)
{
	struct worker *w = argument;
	struct pool *pool = w->pool;
	int fd;

	while ((fd = next_connection(w)) >= 0)
		serve(w, fd);
	pthread_mutex_lock(&pool->lock);
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->next = pool->dead;
	pool->dead = w;
	if (--pool->threads == 0)
		pool_poke(pool);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static struct worker *
worker_new(struct pool *pool)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->pool = pool;
	w->connection = fastcgi_new(&w->scratch);
	if (w->connection == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

static int
create_thread(struct worker *w)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	pthread_attr_setstacksize(&attributes, STACK);
	error = pthread_create(&w->thread, &attributes, work, w);
	pthread_attr_destroy(&attributes);
	return error;
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

/* The new thread waits for the lock before it looks at anything here. */
int
worker_start(struct pool *pool)
{
	struct worker *w = worker_new(pool);
	int error = w == NULL ? ENOMEM : create_thread(w);

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
worker_join(struct pool *pool)
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
