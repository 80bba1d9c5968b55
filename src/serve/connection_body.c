/*
 * The body of a FastCGI request, and what may come between its records:
 * management, requests with other ids, padding, an abort.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "serve/connection_private.h"

/* ---- input ---- */

ssize_t
connection_receive(struct connection *c, int flags)
{
	ssize_t n;

	if (c->at == c->have) {
		c->at = c->have = 0;
	} else if (c->have == CONNECTION_INPUT) {
		memmove(c->input, connection_input(c), connection_available(c));
		c->have -= c->at;
		c->at = 0;
	}
	n = recv(c->client.fd, c->input + c->have, CONNECTION_INPUT - c->have,
		 flags);
	if (n > 0)
		c->have += (size_t)n;
	return n;
}

bool
connection_reply(struct connection *c, const unsigned char *bytes, size_t len)
{
	return send(c->client.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)len;
}

/* ---- the body ---- */

/*
 * Reading the body has failed.  It is not continued, because the content of an
 * invalid record would be taken for records.  There is one exception: if the
 * client was only slow, connection_drain reads more of the body, because a
 * server that cannot write the rest of it (mod_proxy_fcgi) does not read the
 * response.
 */
static int
cut_short(struct connection *c, int error)
{
	bool slow = error == ETIMEDOUT || error == EBUSY;

	c->bad = c->bad || !slow;
	errno = slow || error == ECANCELED ? error : ECONNABORTED;
	return -1;
}

/* How long a read may wait for more of the body. */
static uint64_t
read_until(const struct connection *c)
{
	uint64_t until = deadline_at_rate(c->body_from, c->body_time,
					  c->body_count, clock_ms());

	if (!c->draining)
		return until < c->client.until ? until : c->client.until;
	/* A server that has the response may neither send more nor close. */
	if (c->body_time > 0 && until > clock_ms() + c->body_time)
		until = clock_ms() + c->body_time;
	return until > c->drain_until && c->rest && c->body_count > 0
		   ? until
		   : c->drain_until;
}

void
connection_tell_end(struct connection *c)
{
	if (c->told || c->unread || c->refused || c->broken || c->gone)
		return;
	c->told = true;
	if (output_end(&c->output, (unsigned)c->exit_status) < 0)
		c->broken = true;
}

/* A read has returned n <= 0.  0: read again; -1 with errno. */
static int
read_again(struct connection *c, ssize_t n)
{
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return cut_short(c, ECONNABORTED);
	/* The client may wait for the response before it ends its body.
	 * HAProxy never ends one that is empty and was sent in chunks. */
	if (c->draining) {
		connection_tell_end(c);
		if (c->broken)
			return cut_short(c, errno);
	}
	return client_wait(&c->client, POLLIN, read_until(c)) < 0
		   ? cut_short(c, errno)
		   : 0;
}

/* Wait until the input has len bytes.  -1 with errno. */
static int
want_bytes(struct connection *c, size_t len)
{
	while (connection_available(c) < len) {
		ssize_t n = connection_receive(c, MSG_DONTWAIT);

		if (n <= 0 && read_again(c, n) < 0)
			return -1;
	}
	return 0;
}

/* Skip padding, and records of other requests. */
static int
skip_bytes(struct connection *c)
{
	while (c->skip > 0) {
		size_t n;

		if (want_bytes(c, 1) < 0)
			return -1;
		n = connection_available(c) < c->skip ? connection_available(c)
						      : c->skip;
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
	len = params_manage(connection_input(c), c->workers, answer);
	c->at += FCGI_HEADER_LEN + h->content;
	c->skip = h->padding;
	return connection_reply(c, answer, len) ? 0
						: cut_short(c, ECONNABORTED);
}

/* A record of another request: refuse to begin that, because a connection has
 * one request at a time (FCGI_MPXS_CONNS is 0). */
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
	return connection_reply(c, end, len) ? 0 : cut_short(c, ECONNABORTED);
}

bool
connection_is_aborted(const struct connection *c)
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

/*
 * Has the client stopped sending the body, because it has the whole response?
 * Then it aborts the request, or begins another one.
 */
static bool
is_given_up(struct connection *c, const struct fcgi_header *h)
{
	if (!c->told ||
	    (h->type != FCGI_BEGIN_REQUEST && h->type != FCGI_ABORT_REQUEST))
		return false;
	c->ended = true;
	return true;
}

/* The next record of the body. */
static int
next_record(struct connection *c)
{
	struct fcgi_header h;

	if (skip_bytes(c) < 0 || want_bytes(c, FCGI_HEADER_LEN) < 0)
		return -1;
	h = fcgi_header_get(connection_input(c));
	if (h.version != FCGI_VERSION_1)
		return cut_short(c, ECONNABORTED);
	if (h.id == FCGI_NULL_REQUEST_ID)
		return manage(c, &h);
	if (is_given_up(c, &h))
		return 0;
	if (h.id != c->params.id)
		return skip_another(c, &h);
	c->at += FCGI_HEADER_LEN;
	if (h.type != FCGI_STDIN) /* ABORT_REQUEST, or an invalid record */
		return cut_short(c, ECONNABORTED);
	c->skip = h.padding;
	c->left = h.content;
	c->ended = h.content == 0;
	return c->ended ? skip_bytes(c) : 0;
}

/* len bytes have been read.  A caller that knows the length of the body reads
 * no more after it, so look for an abort now. */
static ssize_t
have_read(struct connection *c, size_t len)
{
	c->body_count += len;
	c->left -= len;
	return c->left == 0 && connection_is_aborted(c)
		   ? cut_short(c, ECONNABORTED)
		   : (ssize_t)len;
}

/* The buffer is empty: read content directly to the caller's memory. */
static ssize_t
read_content(struct connection *c, void *to, size_t len)
{
	ssize_t n;

	do
		n = recv(c->client.fd, to, len, MSG_DONTWAIT);
	while (n <= 0 && read_again(c, n) == 0);
	return n > 0 ? have_read(c, (size_t)n) : -1;
}

ssize_t
connection_read_body(struct connection *c, void *to, size_t len)
{
	if (c->bad)
		return cut_short(c, ECONNABORTED);
	while (c->left == 0 && !c->ended)
		if (next_record(c) < 0)
			return -1;
	if (c->ended)
		return connection_is_aborted(c) ? cut_short(c, ECONNABORTED)
						: 0;
	if (len > c->left)
		len = c->left;
	if (connection_available(c) == 0)
		return read_content(c, to, len);
	if (len > connection_available(c))
		len = connection_available(c);
	memcpy(to, connection_input(c), len);
	c->at += len;
	return have_read(c, len);
}
