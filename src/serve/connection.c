/*
 * A FastCGI connection, in the order of a request's life: parameters, body,
 * response, end.
 *
 * Everything that the client sends passes through one buffer, in which what
 * comes behind a body waits for the next request.  Reading never takes more
 * from the socket than that buffer holds or the caller asks for, so nothing is
 * lost between two requests.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/connection.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fastcgi/params.h"
#include "serve/output.h"

enum {
	/* Of parameters most requests have a few thousand bytes. */
	INPUT = 16384,
	/* Unread body that we throw away so that the client reads the response
	   (a socket closed with input unread is reset, and a web server that
	   cannot send all of it has no answer but its own). */
	DRAIN_MAX = 1024 * 1024 * 1024,
	DRAIN_LONG = 1024 * 1024 /* past it others may have the place */
};

struct connection {
	struct client client;
	struct sink sink;
	struct source source;
	struct scratch *scratch;
	unsigned workers; /* for FCGI_GET_VALUES */
	int exit_status;

	bool unread;   /* too large: the request is not read on */
	bool refused;  /* END_REQUEST has been sent */
	bool broken;   /* the response is not complete */
	bool gone;     /* the client has closed or aborted */
	bool ended;    /* the body has */
	bool bad;      /* it was cut short: what follows cannot be told apart */
	bool draining; /* the response is made */
	bool told;     /* and sent to its end, though the body has not ended */
	bool rest;     /* and content of the body may still come */

	/* How long the body may take: deadline_at_rate. */
	uint64_t body_from;
	uint64_t body_time;
	uint64_t body_count;
	uint64_t drain_until; /* clock_ms */

	size_t left; /* content of the body's current record, still to come */
	size_t skip; /* bytes to be ignored before the next record */
	size_t at;   /* bytes of the input that were taken */
	size_t have; /* of these that came */
	struct output output;
	unsigned char input[INPUT];
	struct params params;
};

_Static_assert((int)INPUT > (int)PARAMS_INPUT, "a management record fits");

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

/* ---- input ---- */

static const unsigned char *
input(const struct connection *c)
{
	return c->input + c->at;
}

static size_t
available(const struct connection *c)
{
	return c->have - c->at;
}

/* What recv(2) returns; the buffer must have room. */
static ssize_t
receive(struct connection *c, int flags)
{
	ssize_t n;

	if (c->at == c->have) {
		c->at = c->have = 0;
	} else if (c->have == INPUT) {
		memmove(c->input, input(c), available(c));
		c->have -= c->at;
		c->at = 0;
	}
	n = recv(c->client.fd, c->input + c->have, INPUT - c->have, flags);
	if (n > 0)
		c->have += (size_t)n;
	return n;
}

/* Records of ours between others; false: the client does not take it, so it
 * does not read what it asks for. */
static bool
reply(struct connection *c, const unsigned char *bytes, size_t len)
{
	return send(c->client.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)len;
}

/*
 * Throw away what has come, before a close: with input unread that would be a
 * reset, and a client would lose what we have sent: the end of a request that
 * it aborted, or the response to an earlier one.
 */
static void
discard_input(struct connection *c)
{
	char rest[4096];

	while (recv(c->client.fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		continue;
}

/* ---- parameters ---- */

/* An empty body ends right behind the parameters: to know it now spares the
 * search for it later, and flushing the response before that. */
static void
take_empty_body(struct connection *c)
{
	struct fcgi_header h;

	if (c->skip > 0 || available(c) < FCGI_HEADER_LEN)
		return;
	h = fcgi_header_get(input(c));
	if (h.version != FCGI_VERSION_1 || h.type != FCGI_STDIN ||
	    h.id != c->params.id || h.content > 0)
		return;
	c->at += FCGI_HEADER_LEN;
	c->skip = h.padding;
	c->ended = true;
}

/* A request has been parsed, or is at least known by its id. */
static enum connection_event
begin(struct connection *c, enum connection_event event)
{
	c->unread = event == CONNECTION_LARGE;
	c->refused = event == CONNECTION_ROLE;
	c->broken = c->gone = c->bad = c->draining = false;
	c->ended = c->told = false;
	c->exit_status = 0;
	c->body_from = c->body_time = c->body_count = 0;
	c->left = 0;
	c->skip = c->params.skip;
	c->sink.poll_fd = c->client.fd;
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

/* What has come of the next request. */
static enum connection_event
parse(struct connection *c)
{
	struct params *p = &c->params;
	enum params_event event;
	size_t used;

	do {
		event =
		    params_parse(p, c->workers, input(c), available(c), &used);
		c->at += used;
	} while (event == PARAMS_REPLY && reply(c, p->reply, p->reply_len));
	switch (event) {
	case PARAMS_MORE:
		return CONNECTION_MORE;
	case PARAMS_READY:
		return begin(c, CONNECTION_REQUEST);
	case PARAMS_LARGE:
		return begin(c, CONNECTION_LARGE);
	case PARAMS_ROLE:
		(void)reply(c, p->reply, p->reply_len);
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
	return c->params.begun || c->params.skip > 0 || available(c) > 0;
}

enum connection_event
connection_read(struct connection *c, unsigned workers)
{
	enum connection_event event;

	c->workers = workers;
	while ((event = parse(c)) == CONNECTION_MORE) {
		ssize_t n = receive(c, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0)
			return close_early(c);
	}
	return event;
}

/* The first bytes of the next request, if they come soon.  Returns what recv(2)
 * does. */
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
		n = receive(c, MSG_DONTWAIT);
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

		/* A signal is the main thread's, which wants us elsewhere. */
		if (n < 0)
			n = receive(c, 0);
		if (n <= 0)
			return close_early(c);
	}
	return event == CONNECTION_MORE ? connection_read(c, workers) : event;
}

/* ---- the body ---- */

/* For good: behind what is no body its content would pass for records. */
static int
cut_short(struct connection *c, int error)
{
	c->bad = true;
	errno = error == ETIMEDOUT || error == EBUSY ? error : ECONNABORTED;
	return -1;
}

/* How long a read may wait for more of the body. */
static uint64_t
read_until(const struct connection *c)
{
	uint64_t until =
	    deadline_at_rate(c->body_from, c->body_time, c->body_count);

	if (!c->draining)
		return until < c->client.until ? until : c->client.until;
	/* A server that has the answer may neither send more nor close. */
	if (c->body_time > 0 && until > clock_ms() + c->body_time)
		until = clock_ms() + c->body_time;
	return until > c->drain_until && c->rest && c->body_count > 0
		   ? until
		   : c->drain_until;
}

/* After a read that returned n <= 0.  0: read again. */
static int
read_again(struct connection *c, ssize_t n)
{
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return cut_short(c, ECONNABORTED);
	/* The client may wait for the response before it ends its body. */
	if (c->draining && output_flush(&c->output) < 0) {
		c->broken = true; /* no END_REQUEST behind what is lost */
		return cut_short(c, errno);
	}
	return client_wait(&c->client, POLLIN, read_until(c)) < 0 ? cut_short(c, errno) : 0;
}

/* See that len bytes are in the input. */
static int
want_bytes(struct connection *c, size_t len)
{
	while (available(c) < len) {
		ssize_t n = receive(c, MSG_DONTWAIT);

		if (n <= 0 && read_again(c, n) < 0)
			return -1;
	}
	return 0;
}

/* Past padding, and records that are none of ours. */
static int
skip_bytes(struct connection *c)
{
	while (c->skip > 0) {
		size_t n;

		if (want_bytes(c, 1) < 0)
			return -1;
		n = available(c) < c->skip ? available(c) : c->skip;
		c->at += n;
		c->skip -= n;
	}
	return 0;
}

/* A management record may come at any time. */
static int
manage(struct connection *c, const struct fcgi_header *h)
{
	unsigned char answer[PARAMS_REPLY_MAX];
	size_t len;

	if (h->content > PARAMS_MANAGEMENT_MAX)
		return cut_short(c, ECONNABORTED);
	if (want_bytes(c, FCGI_HEADER_LEN + h->content) < 0)
		return -1;
	len = params_manage(input(c), c->workers, answer);
	c->at += FCGI_HEADER_LEN + h->content;
	c->skip = h->padding;
	return reply(c, answer, len) ? 0 : cut_short(c, ECONNABORTED);
}

/* One request at a time (FCGI_MPXS_CONNS is 0). */
static int
skip_another(struct connection *c, const struct fcgi_header *h)
{
	unsigned char end[FCGI_END_LEN];
	size_t len;

	c->at += FCGI_HEADER_LEN;
	c->skip = h->content + h->padding;
	if (h->type != FCGI_BEGIN_REQUEST)
		return 0;
	len = fcgi_end_put(end, h->id, 0, FCGI_CANT_MPX_CONN);
	return reply(c, end, len) ? 0 : cut_short(c, ECONNABORTED);
}

/*
 * Does an ABORT_REQUEST lie behind what was taken of the input?  One that is
 * behind the beginning of another request is not ours.
 */
static bool
is_aborted(const struct connection *c)
{
	size_t at = c->at + c->left + c->skip;

	while (at + FCGI_HEADER_LEN <= c->have) {
		struct fcgi_header h = fcgi_header_get(c->input + at);

		if (h.version != FCGI_VERSION_1 ||
		    (h.type == FCGI_BEGIN_REQUEST && h.id == c->params.id))
			return false;
		if (h.type == FCGI_ABORT_REQUEST && h.id == c->params.id)
			return true;
		at += FCGI_HEADER_LEN + h.content + h.padding;
	}
	return false;
}

/* The next record of the body. */
static int
next_record(struct connection *c)
{
	struct fcgi_header h;

	if (skip_bytes(c) < 0 || want_bytes(c, FCGI_HEADER_LEN) < 0)
		return -1;
	h = fcgi_header_get(input(c));
	if (h.version != FCGI_VERSION_1)
		return cut_short(c, ECONNABORTED);
	if (h.id == FCGI_NULL_REQUEST_ID)
		return manage(c, &h);
	if (h.id != c->params.id)
		return skip_another(c, &h);
	c->at += FCGI_HEADER_LEN;
	if (h.type != FCGI_STDIN) /* ABORT_REQUEST, or nonsense */
		return cut_short(c, ECONNABORTED);
	c->skip = h.padding;
	c->left = h.content;
	c->ended = h.content == 0;
	return c->ended ? skip_bytes(c) : 0;
}

/* len bytes have been read.  A caller that knows how long the body is reads no
 * more: an abort that lies behind it must be seen now. */
static ssize_t
have_read(struct connection *c, size_t len)
{
	c->body_count += len;
	c->left -= len;
	return c->left == 0 && is_aborted(c) ? cut_short(c, ECONNABORTED)
					     : (ssize_t)len;
}

/* Past what is in the input, content goes straight to the caller. */
static ssize_t
read_content(struct connection *c, void *to, size_t len)
{
	ssize_t n;

	do
		n = recv(c->client.fd, to, len, MSG_DONTWAIT);
	while (n <= 0 && read_again(c, n) == 0);
	return n > 0 ? have_read(c, (size_t)n) : -1;
}

/* At most len bytes of what is there; waits while nothing is. */
static ssize_t
read_body(struct connection *c, void *to, size_t len)
{
	if (c->bad)
		return cut_short(c, ECONNABORTED);
	while (c->left == 0 && !c->ended)
		if (next_record(c) < 0)
			return -1;
	if (c->ended)
		return is_aborted(c) ? cut_short(c, ECONNABORTED) : 0;
	if (len > c->left)
		len = c->left;
	if (available(c) == 0)
		return read_content(c, to, len);
	if (len > available(c))
		len = available(c);
	memcpy(to, input(c), len);
	c->at += len;
	return have_read(c, len);
}

static ssize_t
source_read(struct source *source, void *to, size_t len)
{
	struct connection *c = of_source(source);

	return c->unread || len == 0 ? 0 : read_body(c, to, len);
}

/* ---- the response ---- */

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

/*
 * Something has come while the program runs: the end of the connection,
 * FCGI_ABORT_REQUEST (HAProxy), the end of a body of which CONTENT_LENGTH was
 * read, or the next request of a client that does not wait.  Once the input is
 * full of the latter, there is nothing to be learned from polling any longer.
 */
static bool
sink_gone(struct sink *sink)
{
	struct connection *c = of_sink(sink);
	ssize_t n;

	if (c->gone)
		return true;
	if (c->at == 0 && c->have == INPUT) {
		sink->poll_fd = -1;
		return false;
	}
	n = receive(c, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	c->gone = n <= 0 || is_aborted(c);
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
	if (c->told || c->unread || c->refused || c->broken || c->gone)
		return;
	c->told = true;
	if (output_end(&c->output, (unsigned)c->exit_status) < 0)
		c->broken = true;
}

/* Much of a body comes that nobody wants, and so fast that reading it never
 * waits: the response is sent now, and the place lent. */
static void
let_others(struct connection *c)
{
	connection_end_early(c);
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
		n = read_body(c, room, sizeof(room));
		drained += n > 0 ? (size_t)n : 0;
		if (unread && drained > DRAIN_LONG && !sent) {
			sent = true;
			let_others(c);
		}
	}
	return c->ended;
}

/*
 * The server must not take this for a complete response.  No END_REQUEST is not
 * enough: nginx, HAProxy, lighttpd and mod_proxy_fcgi take the end of the
 * connection for it where there is no Content-Length.
 */
static void
break_off(struct connection *c)
{
	if (c->broken)
		(void)output_break(&c->output);
	discard_input(c);
	connection_close(c);
}

bool
connection_finish(struct connection *c, bool keep)
{
	bool sent;

	if (c->refused || (c->broken && !c->gone)) {
		break_off(c);
		return false;
	}
	if (c->told) {
		discard_input(c);
		connection_close(c);
		return false;
	}
	/* A client that has aborted is told the end all the same. */
	if (c->gone)
		discard_input(c);
	sent = output_end(&c->output, (unsigned)c->exit_status) == 0;
	if (c->unread) {
		shutdown(c->client.fd, SHUT_WR);
		discard_input(c);
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
	/* Not calloc: most of it is buffers, of which little is ever used. */
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
