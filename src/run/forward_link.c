/*
 * Finding a connection for a forwarded request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_connect.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/log.h"

enum {
	BACKLOG_STEP = 10,   /* ms between looks at full backlogs */
	BACKLOG_WAIT = 3000, /* ms in all, without a connect-timeout */
	PATIENCE = 20	     /* ms before it is taken for stuck */
};

/* What has come of the addresses so far. */
struct search {
	bool resting; /* try those that rest */
	uint64_t tried;
	bool busy; /* a backlog was full */
	bool late; /* a connection took too long */
	bool given_up;
	int error; /* the last one */
};

/* An address in a set.  Those from the 65th on are in it as soon as it is not
 * empty: such a list is asked in full once. */
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

/* It is we who cannot: no address is to blame. */
static bool
is_our_fault(int error)
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
		return "let this user write to the socket (php-fpm: "
		       "listen.owner, listen.mode)";
	case EAGAIN:
		return "let the application have more processes (php-fpm: "
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

/* Said once, until it can be reached again. */
static void
unreachable(struct forward_link *link, int error)
{
	if (forward_peer_failed(link->pool, link->peer))
		log_event(link->log, LOG_LEVEL_WARNING, "connect-failed", NULL,
			  hint(error), "%s: %s", link->address->text,
			  strerror(error));
}

static void
reached(struct forward_link *link)
{
	if (forward_peer_alive(link->pool, link->peer))
		log_event(link->log, LOG_LEVEL_INFO, "connected", NULL, NULL,
			  "%s: can be reached again", link->address->text);
}

static void
failed(struct forward_link *link, struct search *search, int error)
{
	search->error = error;
	/* Out of time, it may have been about to answer. */
	if (error == ECANCELED || error == ESHUTDOWN || is_our_fault(error) ||
	    (error == ETIMEDOUT && clock_ms() >= link->until))
		search->given_up = true;
	else if (error == EAGAIN)
		search->busy = true;
	else
		unreachable(link, error);
	if (error == ETIMEDOUT)
		search->late = true;
}

/* Milliseconds that connecting may take; 0: no bound. */
static uint64_t
time_to_connect(const struct forward_link *link)
{
	uint64_t now = clock_ms(), most = link->app->connect_timeout;
	uint64_t left = link->until > now ? link->until - now : 1;

	if (link->until == UINT64_MAX)
		return most;
	return most == 0 || left < most ? left : most;
}

/*
 * Whether an address that failed can be reached again is seen by a new
 * connection alone: kept ones may serve on, and keep it dead for ever.  Where
 * there is no other address it makes no difference.
 */
static bool
wants_fresh(const struct forward_link *link, const struct search *search)
{
	return link->fresh ||
	       (!search->resting && link->app->forward_count > 1 &&
		forward_peer_fails(link->peer));
}

/* True: there is a connection. */
static bool
try_address(struct forward_link *link, size_t i, struct search *search)
{
	link->address = &link->app->forward[i];
	link->peer = forward_pool_peer(link->pool, link->address->text);
	if (!search->resting && !forward_peer_try(link->pool, link->peer))
		return false;
	search->tried = with(search->tried, i);
	link->fd = forward_peer_take(link->pool, link->peer,
				     wants_fresh(link, search));
	link->kept = link->fd >= 0;
	link->stuck_at = 0;
	if (link->kept)
		return true;
	link->fd =
	    forward_dial(link->address, time_to_connect(link), &link->watch);
	if (link->fd < 0) {
		failed(link, search, errno);
		return false;
	}
	reached(link);
	link->patience = PATIENCE;
	link->stuck_at = clock_ms() + PATIENCE;
	return true;
}

static bool
try_all(struct forward_link *link, struct search *search)
{
	uint64_t not = link->asked | (search->resting ? search->tried : 0);

	for (size_t i = 0; i < link->app->forward_count; i++)
		if (!search->given_up && !is_in(not, i) &&
		    try_address(link, i, search))
			return true;
	return false;
}

/* The same until no backlog is full. */
static bool
try_again(struct forward_link *link, struct search *search)
{
	uint64_t ms = link->app->connect_timeout;
	uint64_t until = clock_ms() + (ms == 0 ? BACKLOG_WAIT : ms);

	if (until > link->until)
		until = link->until;
	search->resting = false;
	while (search->busy && !search->given_up && clock_ms() < until) {
		if (forward_pause(BACKLOG_STEP, &link->watch) != 0) {
			search->error = errno;
			return false;
		}
		search->busy = search->late = false;
		if (try_all(link, search))
			return true;
	}
	return false;
}

static void
explain(const struct forward_link *link, const struct search *search,
	struct forward_failure *failure)
{
	*failure = (struct forward_failure){.error = search->error,
					    .status = 503,
					    .id = "unreachable",
					    .todo = hint(search->error),
					    .text = strerror(search->error)};
	if (search->error == ESHUTDOWN || search->error == ECANCELED) {
		failure->id = "stopped";
		failure->text = "ended because corswrap stops";
	} else if (is_our_fault(search->error)) {
		failure->id = "connect-failed";
	} else if (clock_ms() >= link->until) {
		failure->status = 504;
		failure->id = "total-timeout";
		failure->todo = hint(EAGAIN);
		failure->text = "takes no connection, and the time is over";
	} else if (search->busy) {
		failure->id = "backlog-full";
		failure->todo = hint(EAGAIN);
		failure->text = "takes no further connection";
	} else if (search->late) {
		failure->status = 504;
		failure->id = "connect-timeout";
		failure->todo = "find out why it takes no connection, or raise "
				"connect-timeout";
		failure->text = "no connection in time";
	}
}

int
forward_link_open(struct forward_link *link, struct forward_failure *failure)
{
	struct search search = {.resting = false};

	link->fd = -1;
	if (try_all(link, &search))
		return 0;
	if (!search.busy) {
		/* Asking those that rest is better than asking nobody. */
		search.resting = true;
		if (try_all(link, &search))
			return 0;
	}
	if (try_again(link, &search))
		return 0;
	explain(link, &search, failure);
	return -1;
}

void
forward_link_heard(struct forward_link *link)
{
	link->stuck_at = 0;
	if (link->stuck)
		forward_peer_served(link->pool, link->peer);
	link->stuck = false;
}

int
forward_link_patience(const struct forward_link *link)
{
	uint64_t now;

	if (link->stuck_at == 0)
		return -1;
	now = clock_ms();
	return now < link->stuck_at ? (int)(link->stuck_at - now) : 0;
}

void
forward_link_wait(struct forward_link *link)
{
	if (forward_link_patience(link) != 0)
		return;
	forward_peer_stuck(link->pool, link->peer, link->stuck);
	link->stuck = true;
	/* It may be at work, too: then there is less and less to be done. */
	link->patience =
	    link->patience < 1 << 20 ? 2 * link->patience : link->patience;
	link->stuck_at = clock_ms() + link->patience;
}

static size_t
index_of(const struct forward_link *link)
{
	return (size_t)(link->address - link->app->forward);
}

bool
forward_link_others(const struct forward_link *link)
{
	uint64_t asked = with(link->asked, index_of(link));

	for (size_t i = 0; i < link->app->forward_count; i++)
		if (!is_in(asked, i))
			return true;
	return false;
}

void
forward_link_busy(struct forward_link *link)
{
	link->asked = with(link->asked, index_of(link));
}

void
forward_link_useless(struct forward_link *link)
{
	if (link->kept) {
		/* The others are no younger. */
		forward_peer_forget(link->pool, link->peer);
		link->fresh = true;
	} else {
		unreachable(link, ECONNRESET);
		forward_link_busy(link);
	}
}

void
forward_link_close(struct forward_link *link, bool reusable)
{
	if (link->fd < 0)
		return;
	forward_link_heard(link);
	if (reusable)
		forward_peer_give(link->pool, link->peer, link->fd,
				  link->app->keep);
	else
		(void)close(link->fd);
	link->fd = -1;
}
