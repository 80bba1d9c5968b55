/*
 * Finding a connection for a forwarded request: a kept one or a new one, to the
 * first address that accepts it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/log.h"
#include "run/socket_address.h"

enum {
	STEP = 100,	     /* ms between looks at the clock */
	BACKLOG_STEP = 10,   /* ms between tries while backlogs are full */
	BACKLOG_WAIT = 3000, /* ms in all, without a connect-timeout */
	PATIENCE = 20	     /* ms before a request counts as stuck */
};

/* ---- one connection ---- */

/*
 * Wait until fd is writable (-1: none), ms have passed, or there is a reason to
 * give up.  0: writable, or the time is over; -1 with errno: give up.
 */
static int
wait_for(int fd, int ms, const struct forward_watch *watch)
{
	struct pollfd fds[3] = {
	    {.fd = fd, .events = POLLOUT},
	    {.fd = watch->stop_fd, .events = POLLIN},
	    {.fd = watch->client == NULL ? -1 : watch->client->poll_fd,
	     .events =
		 watch->client == NULL ? 0 : watch->client->poll_events}};

	if (poll(fds, 3, ms) < 0)
		return errno == EINTR ? 0 : -1;
	if (fds[1].revents != 0) {
		errno = ESHUTDOWN;
		return -1;
	}
	if (watch->client != NULL && fds[2].revents != 0 &&
	    watch->client->gone(watch->client)) {
		errno = ECANCELED;
		return -1;
	}
	return 0;
}

/* The time to wait in ms, at most step. */
static int
time_left(uint64_t until, int step)
{
	uint64_t now = clock_ms();

	if (now >= until)
		return 0;
	return until - now < (uint64_t)step ? (int)(until - now) : step;
}

/* connect has returned EINPROGRESS: wait for its result.  0: connected; -1 with
 * errno. */
static int
wait_until_connected(int fd, uint64_t until, const struct forward_watch *watch)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int ms, error;

	while (poll(&ready, 1, 0) <= 0) {
		ms = time_left(until, STEP);
		if (ms == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (wait_for(fd, ms, watch) != 0)
			return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
connect_to(int fd, const union socket_address *to, socklen_t len,
	   uint64_t until, const struct forward_watch *watch)
{
	int on = 1;

	if (to->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (;;) {
		if (connect(fd, &to->any, len) == 0 || errno == EISCONN)
			return 0;
		if (errno == EINPROGRESS || errno == EALREADY)
			return wait_until_connected(fd, until, watch);
		if (errno != EINTR)
			return -1;
	}
}

/*
 * A new connection, non-blocking and close-on-exec, within milliseconds (0: no
 * limit).  -1 with errno: EAGAIN: the backlog is full (at once), ETIMEDOUT,
 * ECANCELED: the client is gone, ESHUTDOWN: corswrap is shutting down, or why
 * it cannot be reached.
 */
static int
dial(const struct address *address, uint64_t milliseconds,
     const struct forward_watch *watch)
{
	uint64_t until =
	    milliseconds == 0 ? UINT64_MAX : clock_ms() + milliseconds;
	union socket_address to;
	socklen_t len;
	int fd, error;

	if (socket_address_make(address, &to, &len) != 0)
		return -1;
	fd = os_socket(to.any.sa_family, true);
	if (fd < 0)
		return -1;
	if (connect_to(fd, &to, len, until, watch) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* ---- which address ---- */

/* What is known from the addresses tried so far. */
struct search {
	bool resting;	/* also try those that are resting */
	uint64_t tried; /* a bit for each address */
	bool busy;	/* a backlog was full */
	bool late;	/* a connection took too long */
	bool given_up;	/* trying other addresses is useless */
	int error;	/* errno of the last failure */
};

/* Is an address in a set?  Addresses after the 64th are in every set that
 * is not empty, so that a longer list is tried only once. */
static bool
is_in(uint64_t set, size_t i)
{
	return i < 64 ? (set >> i & 1) != 0 : set != 0;
}

static uint64_t
with(uint64_t set, size_t i)
{
	return set | (uint64_t)1 << (i < 64 ? i : 63);
}

/* The error is local: it would be the same for every address. */
static bool
is_local(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	       error == ENOBUFS || error == EADDRNOTAVAIL;
}

static const char *
hint(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "start the application, or correct `forward`";
	case EACCES:
		return "make the socket writable by this user (php-fpm: "
		       "listen.owner, listen.mode)";
	case EAGAIN:
		return "give the application more processes (php-fpm: "
		       "pm.max_children) or a longer backlog";
	case EMFILE:
	case ENFILE:
		return "allow more open files (LimitNOFILE, ulimit -n)";
	case EADDRNOTAVAIL:
		return "keep connections (`keep`), or forward to a unix socket";
	default:
		return NULL;
	}
}

/* Logged once, until it can be reached again. */
static void
unreachable(struct forward_connection *c, int error)
{
	if (forward_peer_failed(c->pool, c->peer))
		log_event(c->log, LOG_LEVEL_WARNING, "connect-failed", NULL,
			  hint(error), "%s: %s", c->address->text,
			  strerror(error));
}

static void
reached(struct forward_connection *c)
{
	if (forward_peer_alive(c->pool, c->peer))
		log_event(c->log, LOG_LEVEL_INFO, "connected", NULL, NULL,
			  "%s: can be reached again", c->address->text);
}

static void
failed(struct forward_connection *c, struct search *search, int error)
{
	search->error = error;
	/* If the request has timed out, the address has not failed. */
	if (error == ECANCELED || error == ESHUTDOWN || is_local(error) ||
	    (error == ETIMEDOUT && clock_ms() >= c->until))
		search->given_up = true;
	else if (error == EAGAIN)
		search->busy = true;
	else
		unreachable(c, error);
	if (error == ETIMEDOUT)
		search->late = true;
}

/* Milliseconds that connecting may take; 0: no limit. */
static uint64_t
time_to_connect(const struct forward_connection *c)
{
	uint64_t now = clock_ms(), most = c->app->connect_timeout;
	uint64_t left = c->until > now ? c->until - now : 1;

	if (c->until == UINT64_MAX)
		return most;
	return most == 0 || left < most ? left : most;
}

/*
 * Only a new connection shows whether an address that failed can be reached
 * again: while kept ones still work, it would never be tried.  With a single
 * address it makes no difference.
 */
static bool
wants_fresh(const struct forward_connection *c, const struct search *search)
{
	return c->fresh || (!search->resting && c->app->forward_count > 1 &&
			    forward_peer_fails(c->peer));
}

/* Connect to one address, or use a kept connection to it.  True: c->fd is the
 * connection. */
static bool
try_address(struct forward_connection *c, size_t i, struct search *search)
{
	c->address = &c->app->forward[i];
	c->peer = forward_pool_peer(c->pool, c->address->text);
	if (!search->resting && !forward_peer_try(c->pool, c->peer))
		return false;
	search->tried = with(search->tried, i);
	c->fd = forward_peer_acquire(c->pool, c->peer, wants_fresh(c, search));
	c->kept = c->fd >= 0;
	c->stuck_at = 0;
	if (c->kept)
		return true;
	c->fd = dial(c->address, time_to_connect(c), &c->watch);
	if (c->fd < 0) {
		failed(c, search, errno);
		return false;
	}
	reached(c);
	c->patience = PATIENCE;
	c->stuck_at = clock_ms() + PATIENCE;
	return true;
}

static bool
try_all(struct forward_connection *c, struct search *search)
{
	uint64_t not = c->excluded | (search->resting ? search->tried : 0);

	for (size_t i = 0; i < c->app->forward_count; i++)
		if (!search->given_up && !is_in(not, i) &&
		    try_address(c, i, search))
			return true;
	return false;
}

/* While a backlog is full, try all addresses again, for connect-timeout. */
static bool
try_again(struct forward_connection *c, struct search *search)
{
	uint64_t ms = c->app->connect_timeout;
	uint64_t until = clock_ms() + (ms == 0 ? BACKLOG_WAIT : ms);

	if (until > c->until)
		until = c->until;
	search->resting = false;
	while (search->busy && !search->given_up && clock_ms() < until) {
		if (wait_for(-1, BACKLOG_STEP, &c->watch) != 0) {
			search->error = errno;
			return false;
		}
		search->busy = search->late = false;
		if (try_all(c, search))
			return true;
	}
	return false;
}

static void
explain(const struct forward_connection *c, const struct search *search,
	struct forward_failure *failure)
{
	*failure = (struct forward_failure){.error = search->error,
					    .status = 503,
					    .id = "unreachable",
					    .todo = hint(search->error),
					    .text = strerror(search->error)};
	if (search->error == ESHUTDOWN || search->error == ECANCELED) {
		failure->id = "stopped";
		failure->text = "terminated: corswrap is shutting down";
	} else if (is_local(search->error)) {
		failure->id = "connect-failed";
	} else if (clock_ms() >= c->until) {
		failure->status = 504;
		failure->id = "total-timeout";
		failure->todo = hint(EAGAIN);
		failure->text = "does not accept connections, and the time "
				"limit is reached";
	} else if (search->busy) {
		failure->id = "backlog-full";
		failure->todo = hint(EAGAIN);
		failure->text = "accepts no more connections";
	} else if (search->late) {
		failure->status = 504;
		failure->id = "connect-timeout";
		failure->todo = "find out why it does not accept connections, "
				"or raise connect-timeout";
		failure->text = "the connection timed out";
	}
}

int
forward_connect(struct forward_connection *c, struct forward_failure *failure)
{
	struct search search = {.resting = false};

	c->fd = -1;
	if (try_all(c, &search))
		return 0;
	if (!search.busy) {
		/* Trying resting addresses is better than failing. */
		search.resting = true;
		if (try_all(c, &search))
			return 0;
	}
	if (try_again(c, &search))
		return 0;
	explain(c, &search, failure);
	return -1;
}

void
forward_connection_answered(struct forward_connection *c)
{
	c->stuck_at = 0;
	if (c->stuck)
		forward_peer_served(c->pool, c->peer);
	c->stuck = false;
}

int
forward_connection_patience(const struct forward_connection *c)
{
	uint64_t now;

	if (c->stuck_at == 0)
		return -1;
	now = clock_ms();
	return now < c->stuck_at ? (int)(c->stuck_at - now) : 0;
}

void
forward_connection_check(struct forward_connection *c)
{
	if (forward_connection_patience(c) != 0)
		return;
	forward_peer_stuck(c->pool, c->peer, c->stuck);
	c->stuck = true;
	/* The application may also be busy with the request: check less often.
	 */
	c->patience = c->patience < 1 << 20 ? 2 * c->patience : c->patience;
	c->stuck_at = clock_ms() + c->patience;
}

static size_t
index_of(const struct forward_connection *c)
{
	return (size_t)(c->address - c->app->forward);
}

bool
forward_connection_has_other(const struct forward_connection *c)
{
	uint64_t excluded = with(c->excluded, index_of(c));

	for (size_t i = 0; i < c->app->forward_count; i++)
		if (!is_in(excluded, i))
			return true;
	return false;
}

void
forward_connection_overloaded(struct forward_connection *c)
{
	c->excluded = with(c->excluded, index_of(c));
}

void
forward_connection_failed(struct forward_connection *c)
{
	if (c->kept) {
		/* The others have been kept longer: they are broken, too. */
		forward_peer_forget(c->pool, c->peer);
		c->fresh = true;
	} else {
		unreachable(c, ECONNRESET);
		forward_connection_overloaded(c);
	}
}

void
forward_connection_close(struct forward_connection *c, bool reusable)
{
	if (c->fd < 0)
		return;
	forward_connection_answered(c);
	if (reusable)
		forward_peer_release(c->pool, c->peer, c->fd, c->app->keep);
	else
		(void)close(c->fd);
	c->fd = -1;
}
