/*
 * A FastCGI connection, in the order of a request's life: parameters, body,
 * response, end.
 *
 * Everything that the client sends passes through one buffer, in which bytes
 * after a body wait for the next request.  A read never takes more from the
 * socket than that buffer holds or the caller wants, so no byte is lost
 * between two requests.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "serve/connection_private.h"

enum {
	/* Unread body that is discarded so that the client reads the response
	 * (a socket closed with unread input is reset, and a web server that
	 * cannot send all of the body sends its own error instead). */
	DRAIN_MAX = 1024 * 1024 * 1024,
	DRAIN_LONG =
	    1024 * 1024 /* bytes after which the slot is lent to others */
};

static struct connection *
of_sink(struct sink *sink)
{
	return (struct connection *)(void *)((char *)sink -
					     offsetof(struct connection, sink));
}

static struct connection *
of_source(struct source *source)
{
	return (
	    struct connection *)(void *)((char *)source -
					 offsetof(struct connection, source));
}

/* ---- parameters ---- */

/*
 * Discard input before a close: with unread input that would be a reset, and
 * the client would lose what we have sent (the end of a request that it
 * aborted, or the response to an earlier one).
 */
static void
discard_input(struct connection *c)
{
	char rest[4096];

	while (recv(c->client.fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		continue;
}

/* An empty body ends right after the parameters.  If that end has arrived, take
 * it now: then connection_drain need not wait for it, and the response need not
 * be sent before that wait. */
static void
take_empty_body(struct connection *c)
{
	struct fcgi_header h;

	if (c->skip > 0 || connection_available(c) < FCGI_HEADER_LEN)
		return;
	h = fcgi_header_get(connection_input(c));
	if (h.version != FCGI_VERSION_1 || h.type != FCGI_STDIN ||
	    h.id != c->params.id || h.content > 0)
		return;
	c->at += FCGI_HEADER_LEN;
	c->skip = h.padding;
	c->ended = true;
}

/* Reset what belongs to one request.  The parameters are complete, or at least
 * the id of the request is known. */
static enum connection_event
begin(struct connection *c, enum connection_event event)
{
	c->unread = event == CONNECTION_LARGE;
	c->refused = event == CONNECTION_ROLE;
	c->broken = c->gone = c->aborted = false;
	c->bad = c->draining = false;
	c->ended = c->told = false;
	c->exit_status = 0;
	c->body_from = c->body_time = c->body_count = 0;
	c->left = 0;
	c->skip = c->params.skip;
	c->sink.poll_fd = c->client.fd;
	c->sink.poll_events = POLLIN | OS_POLLRDHUP;
	output_begin(&c->output, c->params.id);
	if (event == CONNECTION_REQUEST)
		take_empty_body(c);
	return event;
}

void
connection_close(struct connection *c)
{
	output_begin(&c->output, 0);
	close(c->client.fd);
	c->client.fd = c->sink.poll_fd = -1;
}

static enum connection_event
close_early(struct connection *c)
{
	connection_close(c);
	return CONNECTION_CLOSED;
}

/* Parse what has arrived of the next request. */
static enum connection_event
parse(struct connection *c)
{
	struct params *p = &c->params;
	enum params_event event;
	size_t used;

	do {
		event = params_parse(p, c->workers, connection_input(c),
				     connection_available(c), &used);
		c->at += used;
	} while (event == PARAMS_REPLY &&
		 connection_reply(c, p->reply, p->reply_len));
	switch (event) {
	case PARAMS_MORE:
		return CONNECTION_MORE;
	case PARAMS_READY:
		return begin(c, CONNECTION_REQUEST);
	case PARAMS_LARGE:
		return begin(c, CONNECTION_LARGE);
	case PARAMS_ROLE:
		(void)connection_reply(c, p->reply, p->reply_len);
		return begin(c, CONNECTION_ROLE);
	case PARAMS_REPLY:
	case PARAMS_BAD:
		break;
	}
	discard_input(c);
	return close_early(c);
}

bool
connection_has_begun(const struct connection *c)
{
	return c->params.begun || c->params.skip > 0 ||
	       connection_available(c) > 0;
}

enum connection_event
connection_read(struct connection *c, unsigned workers)
{
	enum connection_event event;

	c->workers = workers;
	while ((event = parse(c)) == CONNECTION_MORE) {
		ssize_t n = connection_receive(c, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0)
			return close_early(c);
	}
	return event;
}

/* Poll for the first bytes of the next request for a moment (spin.h).  Returns
 * what recv(2) does. */
static ssize_t
spin_for_request(struct connection *c)
{
	struct spin *spin = &c->scratch->spin_server;
	int rounds = spin_rounds(spin);
	ssize_t n = -1;

	if (rounds == 0)
		return -1;
	while (rounds-- > 0 && n < 0) {
		(void)sched_yield();
		n = connection_receive(c, MSG_DONTWAIT);
	}
	spin_ended(spin, n > 0);
	return n;
}

enum connection_event
connection_read_next(struct connection *c, unsigned workers, bool spin)
{
	enum connection_event event;

	params_init(&c->params);
	c->params.skip = c->skip; /* padding that the last request left */
	c->workers = workers;
	while ((event = parse(c)) == CONNECTION_MORE &&
	       !connection_has_begun(c)) {
		ssize_t n = spin ? spin_for_request(c) : -1;

		/* Wait; the main thread may end that with a signal. */
		if (n < 0)
			n = connection_receive(c, 0);
		if (n <= 0)
			return close_early(c);
	}
	return event == CONNECTION_MORE ? connection_read(c, workers) : event;
}

/* ---- the response ---- */

static ssize_t
source_read(struct source *source, void *to, size_t len)
{
	struct connection *c = of_source(source);

	return c->unread || len == 0 ? 0 : connection_read_body(c, to, len);
}

static int
sink_write(struct sink *sink, const void *bytes, size_t len)
{
	return output_write(&of_sink(sink)->output, bytes, len);
}

static int
sink_flush(struct sink *sink)
{
	return output_flush(&of_sink(sink)->output);
}

static ssize_t
sink_move(struct sink *sink, int fd, size_t max)
{
	return output_move(&of_sink(sink)->output, fd, max);
}

static int
sink_write_stderr(struct sink *sink, const void *bytes, size_t len)
{
	return output_stderr(&of_sink(sink)->output, bytes, len);
}

static bool
has_hung_up(struct connection *c)
{
	c->gone = !client_half_closed(&c->client);
	if (!c->gone)
		c->sink.poll_events =
		    0; /* now only POLLHUP: it no longer reads, either */
	return c->gone;
}

/*
 * Input has arrived while the program runs: the end of the connection,
 * FCGI_ABORT_REQUEST (HAProxy), the end of a body whose CONTENT_LENGTH bytes
 * were read, or the next request of a client that does not wait.  Once such
 * requests fill the input, polling can only report the end.
 */
static bool
sink_gone(struct sink *sink)
{
	struct connection *c = of_sink(sink);
	ssize_t n;

	if (c->gone)
		return true;
	if ((sink->poll_events & POLLIN) == 0)
		return has_hung_up(c);
	if (connection_is_full(c)) {
		sink->poll_events = OS_POLLRDHUP;
		return false;
	}
	n = connection_receive(c, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == 0)
		return has_hung_up(c);
	c->aborted = n > 0 && connection_is_aborted(c);
	c->gone = n < 0 || c->aborted;
	return c->gone;
}

static void
sink_set_exit(struct sink *sink, int status)
{
	of_sink(sink)->exit_status = status;
}

static void
sink_set_broken(struct sink *sink)
{
	of_sink(sink)->broken = true;
}

/* ---- the end ---- */

void
connection_end_early(struct connection *c)
{
	c->params.keep = false;
	connection_tell_end(c);
}

/* A long body is being discarded, and arrives so fast that reading it never
 * waits.  So send the response now, and lend the slot to other requests. */
static void
let_others(struct connection *c)
{
	connection_tell_end(c);
	if (c->client.lend != NULL)
		(void)c->client.lend(c->client.owner, POLLIN, 0);
}

bool
connection_drain(struct connection *c, uint64_t until, bool unread)
{
	char room[4096];
	size_t drained = 0;
	bool sent = false;
	ssize_t n = 1;

	if (c->unread || c->refused || c->broken || c->gone)
		return false;
	c->draining = true;
	c->rest = unread;
	c->drain_until = until;
	while (n > 0 && !c->ended && !c->broken && drained < DRAIN_MAX) {
		n = connection_read_body(c, room, sizeof(room));
		drained += n > 0 ? (size_t)n : 0;
		if (unread && drained > DRAIN_LONG && !sent) {
			sent = true;
			let_others(c);
		}
	}
	return c->ended;
}

/*
 * The server must not take this for a complete response.  Leaving out
 * END_REQUEST is not enough: without a Content-Length nginx, HAProxy, lighttpd
 * and mod_proxy_fcgi take the end of the connection for the end of the
 * response.
 */
static void
break_off(struct connection *c)
{
	(void)output_break(&c->output);
	discard_input(c);
	connection_close(c);
}

/* The client has closed the connection.  With TCP it may have closed its
 * sending side alone: then a reset shows it that the response is incomplete. */
static void
reset(struct connection *c)
{
	const struct linger now = {1, 0};

	discard_input(c);
	(void)setsockopt(c->client.fd, SOL_SOCKET, SO_LINGER, &now,
			 sizeof(now));
	connection_close(c);
}

/*
 * The request was not read to its end: the server may still be sending it, and
 * a close would reset the connection before it has read the response.  So
 * discard the rest, until it closes or its time is over.
 */
static void
close_unread(struct connection *c)
{
	char rest[4096];
	ssize_t n = 1;

	shutdown(c->client.fd, SHUT_WR);
	if (c->client.lend != NULL)
		(void)c->client.lend(c->client.owner, POLLIN, 0);
	while (n != 0 && clock_ms() < c->client.until) {
		n = recv(c->client.fd, rest, sizeof(rest), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR &&
		    (errno != EAGAIN ||
		     client_wait(&c->client, POLLIN, c->client.until) != 0))
			break;
	}
	connection_close(c);
}

bool
connection_finish(struct connection *c, bool keep)
{
	bool sent;

	if (c->broken && c->gone && !c->aborted) {
		reset(c);
		return false;
	}
	if (c->broken && !c->gone) {
		break_off(c);
		return false;
	}
	if (c->refused) {
		close_unread(c);
		return false;
	}
	/* END_REQUEST is also sent to a client that has aborted. */
	if (c->gone || (c->told && !c->ended))
		discard_input(c);
	sent = c->told || output_end(&c->output, (unsigned)c->exit_status) == 0;
	if (c->unread && sent) {
		close_unread(c);
		return false;
	}
	if (sent && keep && c->params.keep && c->ended && !c->gone)
		return true;
	connection_close(c);
	return false;
}

/* ---- the connection ---- */

struct connection *
connection_new(struct scratch *scratch, const struct client *waiting)
{
	/* Not calloc: most of it is buffers, and little of them is ever used.
	 */
	struct connection *c = malloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->client = (struct client){
	    .fd = -1,
	    .stop_fd = -1,
	    .until = DEADLINE_NEVER,
	    .will_wait = waiting->will_wait,
	    .lend = waiting->lend,
	    .owner = waiting->owner,
	};
	c->scratch = scratch;
	c->source = (struct source){.read = source_read, .fd = -1};
	c->sink = (struct sink){
	    .write = sink_write,
	    .flush = sink_flush,
	    .move = sink_move,
	    .write_stderr = sink_write_stderr,
	    .poll_fd = -1,
	    .poll_events = POLLIN | OS_POLLRDHUP,
	    .gone = sink_gone,
	    .set_exit = sink_set_exit,
	    .set_broken = sink_set_broken,
	};
	output_init(&c->output, &c->client, scratch);
	return c;
}

void
connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	if (c->client.fd >= 0)
		connection_close(c);
	free(c);
}

void
connection_open(struct connection *c, int fd)
{
	c->client.fd = fd;
	c->client.lost = false;
	c->client.owed = 0;
	c->at = c->have = 0;
	params_init(&c->params);
}

int
connection_fd(const struct connection *c)
{
	return c->client.fd;
}

char **
connection_variables(struct connection *c)
{
	return c->params.list;
}

struct sink *
connection_sink(struct connection *c)
{
	return &c->sink;
}

struct source *
connection_source(struct connection *c)
{
	return &c->source;
}

void
connection_bound(struct connection *c, uint64_t patience, uint64_t until,
		 int stop_fd)
{
	c->client.patience = patience;
	c->client.until = until;
	c->client.stop_fd = stop_fd;
}

void
connection_bound_body(struct connection *c, uint64_t from, uint64_t ms)
{
	c->body_from = from;
	c->body_time = ms;
}
