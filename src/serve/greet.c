/*
 * The beginning of a connection.
 *
 * A web server sends the parameters of a request at once; whoever does not is
 * slow, broken or hostile, and must not keep others from being served: after
 * a moment of patience its worker gives its place away.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi/protocol.h"
#include "serve/outlet.h"
#include "serve/pool.h"

enum {
	STARE = 131072, /* the most that is looked at */
	PATIENCE = 2,	/* ms before the place is lent */
	STALL = 250	/* ms without a byte before libfcgi may try */
};

struct greeter {
	struct worker *worker;
	int fd;
	int epoll;
	bool closed;	  /* by the client */
	size_t seen;	  /* bytes */
	uint64_t started; /* ms */
	uint64_t first;	  /* byte; 0: none yet */
	uint64_t last;	  /* new bytes */
	struct peek *peek;
};

/* Look again, at more than there usually is if need be. */
static void
look(struct greeter *g)
{
	struct scratch *scratch = &g->worker->scratch;
	ssize_t n;

	if (buffer_need(&scratch->peeked, &scratch->peeked_cap, PEEK_GLANCE) <
	    0) {
		g->closed = true;
		return;
	}
	n = recv(g->fd, scratch->peeked, PEEK_GLANCE, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		g->closed = true;
	if (n <= 0)
		return;
	g->seen = (size_t)n;
	*g->peek = peek_look(scratch->peeked, g->seen);
	if (g->peek->state != PEEK_MORE || g->seen < PEEK_GLANCE ||
	    buffer_need(&scratch->io, &scratch->io_cap, STARE) < 0)
		return;
	n = recv(g->fd, scratch->io, STARE, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return;
	g->seen = (size_t)n;
	*g->peek = peek_look(scratch->io, g->seen);
}

/* Answer GET_VALUES and the like, which libfcgi would sit on until more
 * bytes come. */
static bool
manage(struct greeter *g)
{
	unsigned char record[WIRE_HEADER + PEEK_MANAGEMENT_MAX + 255];
	unsigned char answer[PEEK_ANSWER_MAX];
	ssize_t n = recv(g->fd, record, g->peek->used, MSG_DONTWAIT);
	size_t len;

	if (n != (ssize_t)g->peek->used)
		return false;
	len = peek_answer(record, (size_t)n, g->worker->pool->limit, answer);
	g->seen = 0;
	g->peek->state = PEEK_MORE;
	return send(g->fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)len;
}

/* Is the matter settled?  Management records are answered on the way. */
static bool
settled(struct greeter *g, enum greeting *greeting)
{
	do {
		look(g);
		if (g->closed)
			break;
	} while (g->peek->state == PEEK_MANAGEMENT && manage(g));
	*greeting = GREETING_CLOSE;
	if (g->closed)
		return true;
	switch (g->peek->state) {
	case PEEK_MORE:
		return false;
	case PEEK_READY:
		*greeting = GREETING_WHOLE;
		break;
	case PEEK_LARGE:
		*greeting = GREETING_LARGE;
		break;
	case PEEK_ROLE:
		outlet_refuse(g->fd, g->peek->id);
		break;
	case PEEK_MANAGEMENT:
	case PEEK_BAD:
		break;
	}
	return true;
}

/* Wait for new bytes; those that have been seen do not count.  True: these
 * were the last ones. */
static bool
wait_for_more(struct greeter *g, uint64_t milliseconds)
{
	struct epoll_event event;

	return epoll_wait(g->epoll, &event, 1, (int)milliseconds) == 1 &&
	       (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

/* How long it may still take; 0: no longer. */
static uint64_t
time_left(const struct greeter *g, uint64_t now)
{
	struct pool *pool = g->worker->pool;
	uint64_t allowed = POOL_PARAMETERS, from = g->first;

	if (g->first == 0) {
		allowed = POOL_FIRST_BYTE;
		from = g->started;
	} else if (atomic_load_explicit(&pool->hungry, memory_order_relaxed)) {
		/* others wait: no more than for a silent one */
		allowed = POOL_FIRST_BYTE;
	}
	return now - from >= allowed ? 0 : allowed - (now - from);
}

/* Parameters that do not fit into the socket's buffer never become whole there;
 * libfcgi must read them, watched. */
static bool
is_stalled(const struct greeter *g, uint64_t now)
{
	return g->peek->begun && now - g->last >= STALL;
}

static enum greeting
wait_whole(struct greeter *g)
{
	enum greeting greeting;
	uint64_t now = clock_ms_coarse();
	uint64_t left;
	bool lent = false;

	g->started = g->last = now;
	while ((left = time_left(g, now)) > 0) {
		size_t seen = g->seen;

		if (!lent && now - g->started >= PATIENCE) {
			worker_lend(g->worker);
			lent = true;
		}
		if (!lent)
			left = PATIENCE;
		else if (g->peek->begun && left > STALL)
			left = STALL;
		bool last = wait_for_more(g, left);
		if (settled(g, &greeting))
			return greeting;
		if (last)
			break;
		now = clock_ms_coarse();
		if (g->seen != seen)
			g->last = now;
		if (g->seen > 0 && g->first == 0)
			g->first = now;
		if (is_stalled(g, now))
			return GREETING_BLIND;
	}
	return GREETING_CLOSE;
}

/*
 * No descriptor is left for an epoll: look every few milliseconds.  Closing
 * would lose a request whose bytes are only late.
 */
static enum greeting
wait_without(struct greeter *g)
{
	enum greeting greeting = GREETING_CLOSE;
	bool done = false;
	uint64_t now = clock_ms_coarse();

	g->started = g->last = now;
	worker_lend(g->worker);
	while (!done && time_left(g, now) > 0) {
		poll(NULL, 0, PATIENCE);
		done = settled(g, &greeting);
		now = clock_ms_coarse();
		if (g->seen > 0 && g->first == 0)
			g->first = now;
	}
	if (!done)
		greeting = GREETING_CLOSE;
	if (greeting != GREETING_CLOSE)
		worker_reclaim(g->worker);
	return greeting;
}

/* With an edge-triggered epoll, which alone tells new bytes from old ones on
 * every kind of socket. */
static enum greeting
wait_slowly(struct greeter *g)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
	};
	enum greeting greeting = GREETING_CLOSE;

	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g->epoll < 0)
		return wait_without(g);
	if (epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->fd, &event) == 0)
		greeting = wait_whole(g);
	close(g->epoll);
	if (greeting != GREETING_CLOSE)
		worker_reclaim(g->worker);
	return greeting;
}

enum greeting
greet(struct worker *worker, int fd, struct peek *peek)
{
	struct greeter g = {.worker = worker, .fd = fd, .peek = peek};
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	enum greeting greeting;

	*peek = (struct peek){.state = PEEK_MORE};
	if (settled(&g, &greeting))
		return greeting;
	/* Connected and about to send: the ordinary case. */
	if (g.seen == 0 && poll(&wait, 1, PATIENCE) > 0 &&
	    settled(&g, &greeting))
		return greeting;
	return wait_slowly(&g);
}
