/*
 * Finding a connection for a forwarded request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "forward_link.h"

#include <errno.h>
#include <unistd.h>

#include "log.h"

enum {
	BACKLOG_STEP = 10,  /* ms between looks at full backlogs */
	BACKLOG_WAIT = 3000 /* ms in all, without a connect-timeout */
};

/* What has come of the addresses so far. */
struct search {
	const struct address *avoid;
	bool skip_rest; /* pass over those that rest */
	bool tried;
	bool busy; /* a backlog was full */
	bool late; /* a connection took too long */
	bool given_up;
	int error; /* the last one */
};

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
	forward_peer_served(link->pool, link->peer);
	link->waiting = false;
	search->error = error;
	if (error == ECANCELED || error == ESHUTDOWN)
		search->given_up = true;
	else if (error == EAGAIN)
		search->busy = true;
	else
		unreachable(link, error);
	if (error == ETIMEDOUT)
		search->late = true;
}

/* True: there is a connection. */
static bool
try_address(struct forward_link *link, const struct address *address,
	    struct search *search)
{
	link->address = address;
	link->peer = forward_pool_peer(link->pool, address->text);
	if (search->skip_rest && !forward_peer_try(link->pool, link->peer))
		return false;
	search->tried = true;
	link->fd = forward_peer_take(link->pool, link->peer);
	link->kept = link->fd >= 0;
	link->waiting = !link->kept;
	if (link->kept)
		return true;
	link->fd =
	    forward_dial(address, link->app->connect_timeout, &link->watch);
	if (link->fd < 0) {
		failed(link, search, errno);
		return false;
	}
	reached(link);
	return true;
}

static bool
try_all(struct forward_link *link, struct search *search)
{
	const struct app *app = link->app;

	for (size_t i = 0; i < app->forward_count && !search->given_up; i++)
		if (&app->forward[i] != search->avoid &&
		    try_address(link, &app->forward[i], search))
			return true;
	return false;
}

/* The same until no backlog is full. */
static bool
try_again(struct forward_link *link, struct search *search)
{
	uint64_t ms = link->app->connect_timeout;
	uint64_t until = forward_now() + (ms == 0 ? BACKLOG_WAIT : ms);

	while (search->busy && !search->given_up && forward_now() < until) {
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
explain(const struct search *search, struct forward_failure *failure)
{
	*failure = (struct forward_failure){.error = search->error,
					    .status = 503,
					    .id = "unreachable",
					    .todo = hint(search->error),
					    .text = strerror(search->error)};
	if (search->error == ESHUTDOWN || search->error == ECANCELED) {
		failure->id = "stopped";
		failure->text = "ended because corswrap stops";
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
forward_link_open(struct forward_link *link, const struct address *avoid,
		  struct forward_failure *failure)
{
	struct search search = {.skip_rest = true,
				.avoid = link->app->forward_count > 1 ? avoid
								      : NULL};

	link->fd = -1;
	if (try_all(link, &search))
		return 0;
	if (!search.tried) {
		/* All rest: asking them is better than not asking. */
		search.skip_rest = false;
		if (try_all(link, &search))
			return 0;
	}
	if (try_again(link, &search))
		return 0;
	explain(&search, failure);
	return -1;
}

void
forward_link_heard(struct forward_link *link)
{
	if (link->waiting)
		forward_peer_served(link->pool, link->peer);
	link->waiting = false;
}

void
forward_link_useless(struct forward_link *link)
{
	if (link->kept)
		forward_peer_forget(link->pool, link->peer);
	else
		unreachable(link, ECONNRESET);
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
