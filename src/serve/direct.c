/*
 * A FastCGI request that is read and answered without libfcgi.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/direct.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/bulk.h"

enum {
	/* Parameters at their bounds in the smallest of records. */
	MOST = 131072
};

void
direct_open(struct direct *d, int fd)
{
	d->line = (struct line){fd, -1};
	d->have = d->at = 0;
}

/* The parameters of what has been looked at become the list. */
static bool
list_parameters(struct direct *d, const struct peek *peek)
{
	struct scratch *s = d->scratch;
	size_t places = (peek->count + 1) * sizeof(char *);
	size_t want = places + peek->text;

	if (want < PEEK_GLANCE)
		want = PEEK_GLANCE; /* so that the next ones fit, too */
	if (buffer_need(&s->parameters, &s->parameters_cap, want) < 0)
		return false;
	d->list = (char **)(void *)s->parameters;
	peek_parameters(peek, s->peeked, s->parameters + places, d->list);
	d->id = peek->id;
	d->keep = peek->keep;
	d->ended = peek->whole > 0;
	d->bad = false;
	d->left = d->skip = d->out.len = 0;
	return true;
}

bool
direct_take(struct direct *d, const struct peek *peek)
{
	struct scratch *s = d->scratch;
	size_t len = peek->whole > 0 ? peek->whole : peek->used;
	size_t cap = PEEK_GLANCE;

	while (cap < len)
		cap *= 2; /* as grow does */
	d->have = d->at = 0;
	return buffer_need(&s->peeked, &s->peeked_cap, cap) == 0 &&
	       recv(d->line.fd, s->peeked, len, MSG_DONTWAIT) == (ssize_t)len &&
	       list_parameters(d, peek);
}

/* ---- the next request ---- */

/* Room for more of a request that is larger than usual. */
static bool
grow(struct scratch *s)
{
	size_t cap = s->peeked_cap * 2;

	return cap <= MOST &&
	       buffer_grow(&s->peeked, &s->peeked_cap, cap) == 0;
}

/* What the last request left: nothing, as a rule. */
static void
shift(struct direct *d)
{
	if (d->at < d->have)
		memmove(d->scratch->peeked, d->scratch->peeked + d->at,
			d->have - d->at);
	d->have -= d->at;
	d->at = 0;
}

static ssize_t
receive_now(struct direct *d, int flags)
{
	struct scratch *s = d->scratch;
	ssize_t n = recv(d->line.fd, s->peeked + d->have,
			 s->peeked_cap - d->have, flags);

	d->have += n > 0 ? (size_t)n : 0;
	return n;
}

/* More of it; blocks.  False: there is no more, or no room. */
static bool
receive(struct direct *d)
{
	if (d->have == d->scratch->peeked_cap && !grow(d->scratch))
		return false;
	return receive_now(d, 0) > 0;
}

/* The beginning of the next request, if it comes soon. */
static void
stay(struct direct *d)
{
	struct spin *stay = &d->scratch->spin_server;
	int looks = spin_rounds(stay);

	if (looks == 0)
		return;
	while (looks-- > 0 && d->have == 0) {
		(void)sched_yield();
		if (receive_now(d, MSG_DONTWAIT) == 0)
			break;
	}
	spin_ended(stay, d->have > 0);
}

/* For good: behind what is no body, its content would pass for records. */
static int
cut_short(struct direct *d, int error)
{
	d->bad = true;
	errno = error == EAGAIN ? ETIMEDOUT : ECONNABORTED;
	return -1;
}

/* Into `peeked`, until it has len bytes that were not taken. */
static int
want_bytes(struct direct *d, size_t len)
{
	if (d->at == d->have || d->at + len > d->scratch->peeked_cap)
		shift(d);
	while (d->have - d->at < len) {
		errno = 0;
		if (!receive(d) && !line_goes_on(d->line))
			return cut_short(d, errno);
	}
	return 0;
}

/* Past padding and what is none of ours. */
static int
skip(struct direct *d)
{
	while (d->skip > 0) {
		size_t n = d->have - d->at;

		if (n == 0) {
			if (want_bytes(d, 1) < 0)
				return -1;
			continue;
		}
		n = n < d->skip ? n : d->skip;
		d->at += n;
		d->skip -= n;
	}
	return 0;
}

static bool
manage(struct direct *d, const struct peek *peek, unsigned workers)
{
	unsigned char answer[PEEK_ANSWER_MAX];
	size_t len =
	    peek_answer(d->scratch->peeked, peek->used, workers, answer);

	d->at = peek->used;
	shift(d);
	return send(d->line.fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)len;
}

/*
 * What was sent about a request that had ended already: a server that gives up
 * cannot know that our END_REQUEST is on its way.  Such records are to be
 * ignored (FastCGI 1.0, section 3.3), or the next request would be lost.
 */
static int
skip_stale(struct direct *d)
{
	while (d->have - d->at >= WIRE_HEADER) {
		struct wire_header h = wire_header_get(
		    (unsigned char *)d->scratch->peeked + d->at);

		if (h.version != WIRE_VERSION || h.type != WIRE_ABORT_REQUEST ||
		    h.id == 0)
			break;
		d->at += WIRE_HEADER;
		d->skip = h.content + h.padding;
		if (skip(d) < 0)
			return -1;
	}
	shift(d);
	return 0;
}

enum peek_state
direct_next(struct direct *d, unsigned workers, bool stays)
{
	struct scratch *s = d->scratch;
	struct peek peek;

	if (buffer_need(&s->peeked, &s->peeked_cap, PEEK_GLANCE) < 0)
		return PEEK_BAD;
	for (;;) {
		shift(d);
		if (stays && d->have == 0)
			stay(d);
		if (skip_stale(d) < 0)
			return PEEK_BAD;
		peek = peek_look(s->peeked, d->have);
		if (peek.state == PEEK_MANAGEMENT) {
			if (!manage(d, &peek, workers))
				return PEEK_BAD;
		} else if (peek.state != PEEK_MORE) {
			break;
		} else if (!receive(d)) {
			return PEEK_BAD;
		}
	}
	d->id = peek.id;
	d->out.len = 0;
	if (peek.state == PEEK_READY &&
	    (peek.strange || !list_parameters(d, &peek)))
		return PEEK_BAD;
	d->at = peek.whole > 0 ? peek.whole : peek.used;
	return peek.state;
}

/* ---- the body ---- */

/* One request at a time (FCGI_MPXS_CONNS is 0); records are sent whole. */
static int
refuse_another(struct direct *d, unsigned id)
{
	unsigned char end[WIRE_HEADER + WIRE_BODY];
	size_t len = wire_end_put(end, id, 0, WIRE_CANT_MPX_CONN);

	return send(d->line.fd, end, len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
		       (ssize_t)len
		   ? 0
		   : cut_short(d, 0);
}

/*
 * Does an ABORT_REQUEST lie behind what was taken of `peeked`?  One that is
 * behind the beginning of another request is not ours.
 */
static bool
is_aborted(const struct direct *d)
{
	size_t at = d->at + d->left + d->skip;

	while (at + WIRE_HEADER <= d->have) {
		struct wire_header h =
		    wire_header_get((unsigned char *)d->scratch->peeked + at);

		if (h.version != WIRE_VERSION || h.type == WIRE_BEGIN_REQUEST)
			return false;
		if (h.type == WIRE_ABORT_REQUEST && h.id == d->id)
			return true;
		at += WIRE_HEADER + h.content + h.padding;
	}
	return false;
}

/* The next record of the body. */
static int
next_record(struct direct *d)
{
	struct wire_header h;

	if (skip(d) < 0 || want_bytes(d, WIRE_HEADER) < 0)
		return -1;
	h = wire_header_get((unsigned char *)d->scratch->peeked + d->at);
	d->at += WIRE_HEADER;
	if (h.version != WIRE_VERSION ||
	    (h.id == d->id && h.type != WIRE_STDIN))
		return cut_short(d, 0); /* ABORT_REQUEST, or nonsense */
	d->skip = h.padding;
	if (h.id != d->id) {
		d->skip += h.content;
		return h.type == WIRE_BEGIN_REQUEST && h.id != 0
			   ? refuse_another(d, h.id)
			   : 0;
	}
	d->left = h.content;
	d->ended = h.content == 0;
	return d->ended ? skip(d) : 0;
}

/* len bytes have been read.  Whoever knows how long the body is comes for no
 * more: an abort that lies behind it is to be seen now. */
static ssize_t
have_read(struct direct *d, size_t len)
{
	d->left -= len;
	return d->left == 0 && is_aborted(d) ? cut_short(d, 0) : (ssize_t)len;
}

ssize_t
direct_read(struct direct *d, void *to, size_t len)
{
	size_t there;

	if (d->bad)
		return cut_short(d, 0);
	while (d->left == 0 && !d->ended)
		if (next_record(d) < 0)
			return -1;
	if (d->ended)
		return is_aborted(d) ? cut_short(d, 0) : 0;
	if (len > d->left)
		len = d->left;
	there = d->have - d->at;
	if (there == 0) {
		ssize_t n;

		do
			n = recv(d->line.fd, to, len, 0);
		while (n < 0 && line_goes_on(d->line));
		if (n <= 0)
			return cut_short(d, n < 0 ? errno : 0);
		return have_read(d, (size_t)n);
	}
	len = len < there ? len : there;
	memcpy(to, d->scratch->peeked + d->at, len);
	d->at += len;
	return have_read(d, len);
}

/*
 * The end of STDIN may come long after the last byte that CONTENT_LENGTH
 * counts, and so after the program's start: it is no news, but what follows it
 * is.
 */
enum direct_news
direct_hear(struct direct *d)
{
	ssize_t n;

	shift(d);
	if (d->have == d->scratch->peeked_cap)
		return DIRECT_DEAF;
	n = receive_now(d, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return DIRECT_NOTHING;
	if (n <= 0)
		return DIRECT_GONE;
	return is_aborted(d) ? DIRECT_GONE : DIRECT_NOTHING;
}

enum direct_news
direct_glance(int fd)
{
	unsigned char bytes[WIRE_HEADER];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return DIRECT_NOTHING;
	if (n <= 0 || (n >= 2 && bytes[1] == WIRE_ABORT_REQUEST))
		return DIRECT_GONE;
	return n >= 2 ? DIRECT_DEAF : DIRECT_NOTHING;
}

bool
direct_drain(struct direct *d, size_t most)
{
	char room[4096];
	size_t drained = 0;
	ssize_t n = 1;

	while (n > 0 && drained < most) {
		n = direct_read(d, room, sizeof(room));
		drained += n > 0 ? (size_t)n : 0;
	}
	return d->ended;
}

/* ---- complaints ---- */

int
direct_complain(struct direct *d, const void *bytes, size_t len)
{
	unsigned char header[WIRE_HEADER];
	/* writev takes no const; it does not write there */
	struct iovec v[2] = {{header, WIRE_HEADER},
			     {(void *)(uintptr_t)bytes, len}};

	wire_header_put(header, WIRE_STDERR, d->id, len);
	return bulk_vector(d->line, v, len > 0 ? 2 : 1);
}
