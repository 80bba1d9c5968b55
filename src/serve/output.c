/*
 * The response to a FastCGI request, on its way to the client.
 *
 * Measured with 1 GiB from a pipe to a unix socket, in seconds, on one day: a
 * read and a write for each record 1.4, or 0.6 from a large pipe; splice from
 * that, with headers written separately, 0.65; the way used here 0.37.  The
 * program holds its pipe's lock while it writes, and a splice spins on that
 * lock: so the content is taken in one go into a pipe of our own, and sent
 * from there.  A second pipe joins header and content, so that a record is a
 * single buffer of the socket and a single wake-up.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/os.h"

enum {
	/* Writes from this size on go out as records of their own. */
	WRITE_MIN = 16384,
	/* Output up to this size is collected in the buffer. */
	SMALL_OUTPUT = 4096,

	/* ms before the first call of client->lend, and between later ones */
	CLIENT_BRIEF = 2,
	CLIENT_TICK = 20,
	/* ms, wait_until_taken */
	TAKEN_MAX = 1000,
	TAKEN_STEP = 10,
	TAKEN_PAUSE = 50,

	PIPE_WIDE =
	    1024 * 1024,   /* the limit for unprivileged users (pipe(7)) */
	PIPE_FULL = 49152, /* bytes in an ordinary one: limits how far a
			      program runs ahead */
	PAGE = 4096,
	/* With its header it fits into an ordinary pipe (16 pages) and into a
	 * buffer of a socket (17). */
	PIECE = 15 * PAGE,
	TAKE = 4 * PIECE, /* bytes to take from the program in one go */
	TAKE_ROOM = 64 * PAGE
};

/* ---- waiting for a client ---- */

/* How many ms to wait while the worker still holds its slot.  left: ms until
 * the deadline, or -1. */
static int
brief(int left, bool first)
{
	int ms = first ? CLIENT_BRIEF : CLIENT_TICK;

	return left < 0 || left > ms ? ms : left;
}

/*
 * The kernel ends a poll early when the process is stopped and continued
 * (Ctrl-Z, cpulimit, a debugger, a frozen container).  Input that arrived
 * meanwhile counts, however long that took, so the socket is checked before
 * the clock.
 */
int
client_wait(const struct client *c, short events, uint64_t until)
{
	enum client_lend lend = CLIENT_WAIT_ON;
	const struct deadline ends = {.at = until};
	uint64_t began = clock_ms();
	struct pollfd p[2] = {{.fd = c->fd, .events = events},
			      {.fd = c->stop_fd, .events = POLLIN}};

	if (c->will_wait != NULL)
		c->will_wait(c->owner);
	if (c->lend == NULL)
		lend = CLIENT_LENT;
	for (bool first = true;; first = false) {
		int left = deadline_wait(&ends);
		int n =
		    poll(p, 2, lend == CLIENT_LENT ? left : brief(left, first));

		if (n > 0 && p[0].revents != 0)
			return 0;
		if (n > 0) {
			errno = ECANCELED;
			return -1;
		}
		if (n == 0 && left == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (n < 0 && errno != EINTR) {
			errno = ECONNABORTED;
			return -1;
		}
		if (lend == CLIENT_WAIT_ON)
			lend = c->lend(c->owner, events, clock_ms() - began);
		if (lend == CLIENT_REFUSED) {
			errno = EBUSY;
			return -1;
		}
	}
}

bool
client_half_closed(const struct client *c)
{
	struct pollfd p = {.fd = c->fd};
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(name);

	return poll(&p, 1, 0) == 0 &&
	       getsockname(c->fd, (struct sockaddr *)&name, &len) == 0 &&
	       name.ss_family == AF_UNIX;
}

static int
wait_to_write(const struct client *c)
{
	uint64_t ends =
	    c->patience == 0 ? DEADLINE_NEVER : clock_ms() + c->patience;

	return client_wait(c, POLLOUT, ends < c->until ? ends : c->until);
}

/* A write has failed, with so many bytes left.  Waits if the socket is full.
 * 0: retry; -1 with errno: nothing more can be sent. */
static int
write_again(struct client *c, size_t left)
{
	if (errno == EINTR || (errno == EAGAIN && wait_to_write(c) == 0))
		return 0;
	c->lost = true;
	c->owed = left;
	if (errno != EPIPE && errno != ETIMEDOUT && errno != EBUSY &&
	    errno != ECANCELED)
		errno = ECONNRESET;
	return -1;
}

/* After a record that was cut off, another one would be taken for its content.
 */
static int
is_lost(const struct client *c)
{
	if (c->lost)
		errno = ECONNRESET;
	return c->lost;
}

/* ---- records ---- */

static size_t
length_of(const struct iovec *v, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += v[i].iov_len;
	return len;
}

static int
send_vector(struct client *to, struct iovec *v, size_t count)
{
	if (is_lost(to))
		return -1;
	while (count > 0) {
		struct msghdr message = {.msg_iov = v,
					 .msg_iovlen = (os_piece_count)count};
		ssize_t n =
		    sendmsg(to->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			if (write_again(to, length_of(v, count)) < 0)
				return -1;
			continue;
		}
		while (count > 0 && (size_t)n >= v->iov_len) {
			n -= (ssize_t)v->iov_len;
			v++;
			count--;
		}
		if (count > 0) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static int
send_bytes(struct client *to, const unsigned char *bytes, size_t len)
{
	if (is_lost(to))
		return -1;
	while (len > 0) {
		ssize_t n =
		    send(to->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (write_again(to, len) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Send the bytes as a record, without copying them. */
static int
send_record(struct output *o, unsigned type, const char *bytes, size_t len)
{
	unsigned char header[FCGI_HEADER_LEN];
	/* sendmsg takes no const; it does not write there */
	struct iovec v[2] = {{header, sizeof(header)},
			     {(void *)(uintptr_t)bytes, len}};

	fcgi_header_put(header, type, o->id, len);
	return send_vector(o->to, v, len > 0 ? 2 : 1);
}

/* splice(2) has no flag of its own for the socket's side. */
static void
set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL,
		      blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void
splice_end(struct output *o)
{
	struct splice *s = &o->splice;

	if (s->works) {
		set_blocking(o->to->fd, true);
		close(s->taken[0]);
		close(s->taken[1]);
		close(s->record[0]);
		close(s->record[1]);
	}
	*s = (struct splice){.looked = false};
}

/* ---- the buffer ---- */

void
output_init(struct output *o, struct client *to, struct scratch *scratch)
{
	o->to = to;
	o->scratch = scratch;
	o->splice = (struct splice){.looked = false};
	output_begin(o, 0);
}

void
output_begin(struct output *o, unsigned id)
{
	splice_end(o);
	o->id = id;
	o->len = 0;
	o->used_stderr = false;
}

int
output_flush(struct output *o)
{
	size_t len = o->len;

	if (len == 0)
		return 0;
	fcgi_header_put(o->bytes, FCGI_STDOUT, o->id, len);
	o->len = 0;
	return send_bytes(o->to, o->bytes, FCGI_HEADER_LEN + len);
}

static int
send_large(struct output *o, const char *p, size_t len)
{
	if (output_flush(o) < 0)
		return -1;
	while (len > 0) {
		size_t n = len < OUTPUT_RECORD ? len : OUTPUT_RECORD;

		if (send_record(o, FCGI_STDOUT, p, n) < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

int
output_write(struct output *o, const void *bytes, size_t len)
{
	const char *p = bytes;

	if (len >= WRITE_MIN)
		return send_large(o, p, len);
	while (len > OUTPUT_BUFFER - o->len) {
		size_t n = OUTPUT_BUFFER - o->len;

		memcpy(o->bytes + FCGI_HEADER_LEN + o->len, p, n);
		o->len += n;
		p += n;
		len -= n;
		if (output_flush(o) < 0)
			return -1;
	}
	memcpy(o->bytes + FCGI_HEADER_LEN + o->len, p, len);
	o->len += len;
	return 0;
}

int
output_stderr(struct output *o, const void *bytes, size_t len)
{
	if (len == 0 || len > OUTPUT_RECORD)
		return 0;
	o->used_stderr = true;
	return send_record(o, FCGI_STDERR, bytes, len);
}

/* Has the peer of a unix socket not read all that was sent, or that of a TCP
 * socket not received it?  (With TCP it is unknown what the peer has read.) */
static bool
is_unread(int fd)
{
	return os_unsent(fd) > 0;
}

/*
 * Wait until the server has passed on what was sent, or for TAKEN_MAX.  If
 * lighttpd reads the end of the connection together with the first bytes of a
 * response, it counts them and sends that as the Content-Length; nginx
 * discards the response.
 */
static void
wait_until_taken(const struct client *to)
{
	uint64_t until = clock_ms() + TAKEN_MAX;
	struct pollfd end = {.fd = to->fd};

	/* Lend the slot, so that other clients need not wait. */
	if (to->lend != NULL)
		(void)to->lend(to->owner, POLLIN, 0);
	while (is_unread(to->fd) && clock_ms() < until)
		if (poll(&end, 1, TAKEN_STEP) > 0)
			return;
	(void)poll(&end, 1, TAKEN_PAUSE);
}

/* Make room in the full socket.  If the system does not allow that, let a
 * close reset the connection (TCP). */
static void
make_room(int fd)
{
	const struct linger reset = {1, 0};
	socklen_t len = sizeof(int);
	int size;

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	/* Linux doubles the value. */
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size));
}

/*
 * nginx also takes a response that ends within a record for complete, if it
 * has no Content-Length; and if the client is slow the response may be cut
 * there.  So the record is filled up.  Zeros after its end are an invalid
 * record, too.
 */
static int
break_lost(struct client *to)
{
	static const struct linger never = {0, 0};
	static const unsigned char zeros[4096];
	size_t left = to->owed + FCGI_HEADER_LEN;

	make_room(to->fd);
	while (left > 0) {
		size_t len = left < sizeof(zeros) ? left : sizeof(zeros);
		ssize_t n =
		    send(to->fd, zeros, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EINTR)
			return -1;
		left -= n > 0 ? (size_t)n : 0;
	}
	return setsockopt(to->fd, SOL_SOCKET, SO_LINGER, &never, sizeof(never));
}

int
output_break(struct output *o)
{
	static const unsigned char none[FCGI_HEADER_LEN];

	splice_end(o);
	if (!o->to->lost && output_flush(o) == 0) {
		wait_until_taken(o->to);
		if (send_bytes(o->to, none, sizeof(none)) == 0)
			return 0;
	}
	return break_lost(o->to);
}

int
output_end(struct output *o, unsigned exit_status)
{
	size_t len = o->len, padding = -len & 7;
	unsigned char *from = o->bytes + FCGI_HEADER_LEN, *p = from + len;

	splice_end(o);
	/* The end of FCGI_STDERR, if it was used. */
	if (o->used_stderr && send_record(o, FCGI_STDERR, NULL, 0) < 0)
		return -1;
	if (len > 0) {
		from -= fcgi_header_put(o->bytes, FCGI_STDOUT, o->id, len);
		o->bytes[offsetof(FCGI_Header, paddingLength)] =
		    (unsigned char)padding;
		memset(p, 0, padding);
		p += padding;
	}
	o->len = 0;
	p += fcgi_header_put(p, FCGI_STDOUT, o->id, 0);
	p += fcgi_end_put(p, o->id, exit_status, FCGI_REQUEST_COMPLETE);
	return send_bytes(o->to, from, (size_t)(p - from));
}

/* ---- splicing ---- */

/* Prepare for much output.  False: it cannot be spliced. */
static bool
splice_begin(struct output *o, int fd)
{
	struct splice *s = &o->splice;

	if (!os_pipe_resize(fd, PIPE_WIDE) ||
	    os_pipe_nonblocking(s->taken) != 0)
		return false;
	if (os_pipe_nonblocking(s->record) != 0) {
		close(s->taken[0]);
		close(s->taken[1]);
		return false;
	}
	(void)os_pipe_resize(s->taken[1], TAKE_ROOM);
	set_blocking(o->to->fd, false);
	return true;
}

/* Is fd a pipe with so much in it that splicing it is faster than copying?
 * The result stays true for the rest of the output. */
static bool
splice_wanted(struct output *o, int fd)
{
	struct splice *s = &o->splice;
	int have;

	if (!s->looked && ioctl(fd, FIONREAD, &have) == 0 &&
	    have >= PIPE_FULL) {
		s->looked = true;
		s->works = splice_begin(o, fd);
	}
	return s->works;
}

/* This cannot happen with our own pipes: the record that was begun is
 * incomplete, so the connection can no longer be used. */
static int
cannot_splice(void)
{
	errno = ECONNRESET;
	return -1;
}

/* Move len bytes from one of our pipes to the client; after them, `more` bytes
 * of the same record are still to come. */
static int
pass_on(int from, struct client *to, size_t len, size_t more)
{
	while (len > 0) {
		ssize_t n = os_splice_to_socket(from, to->fd, len, more > 0);

		if (n > 0)
			len -= (size_t)n;
		else if (n == 0)
			return cannot_splice();
		else if (write_again(to, len + more) < 0)
			return -1;
	}
	return 0;
}

/*
 * Send a record of the content that was taken.  Content that begins within a
 * page needs one page more than the pipe for a record has: *skew is the offset
 * in a page at which the next one begins.
 */
static int
splice_record(struct output *o, size_t len, size_t *skew)
{
	struct splice *s = &o->splice;
	unsigned char header[FCGI_HEADER_LEN];
	size_t in = sizeof(header);

	fcgi_header_put(header, FCGI_STDOUT, o->id, len);
	if (write(s->record[1], header, sizeof(header)) != sizeof(header))
		return cannot_splice();
	*skew = 0;
	while (len > 0) {
		ssize_t n = os_splice(s->taken[0], s->record[1], len);
		if (n <= 0)
			return cannot_splice();
		len -= (size_t)n;
		if (pass_on(s->record[0], o->to, in + (size_t)n, len) != 0)
			return -1;
		in = 0;
		if (len > 0)
			*skew = len % PAGE;
	}
	return 0;
}

static ssize_t
splice_move(struct output *o, int fd, size_t max)
{
	size_t most = max > 0 && max < TAKE ? max : TAKE, skew = 0;
	ssize_t taken = os_splice(fd, o->splice.taken[1], most);

	for (ssize_t left = taken; left > 0;) {
		size_t n = PIECE - skew;
		if (n > (size_t)left)
			n = (size_t)left;
		if (splice_record(o, n, &skew) != 0)
			return -1;
		left -= (ssize_t)n;
	}
	return taken;
}

/* Small output goes through the buffer, so that a small response and
 * END_REQUEST are one write; other output bypasses it. */
static ssize_t
copy_output(struct output *o, int fd, size_t max)
{
	size_t len = max > 0 && max < OUTPUT_RECORD ? max : OUTPUT_RECORD;
	struct scratch *s = o->scratch;
	char *content;
	ssize_t n;

	if (buffer_need(&s->io, &s->io_cap, FCGI_HEADER_LEN + OUTPUT_RECORD) <
	    0)
		return -1;
	content = s->io + FCGI_HEADER_LEN;
	n = read(fd, content, len);
	if (n <= 0)
		return n;
	if (n <= SMALL_OUTPUT)
		return output_write(o, content, (size_t)n) < 0 ? -1 : n;
	if (output_flush(o) < 0)
		return -1;
	fcgi_header_put(s->io, FCGI_STDOUT, o->id, (size_t)n);
	return send_bytes(o->to, (unsigned char *)s->io,
			  FCGI_HEADER_LEN + (size_t)n) < 0
		   ? -1
		   : n;
}

ssize_t
output_move(struct output *o, int fd, size_t max)
{
	if (!splice_wanted(o, fd))
		return copy_output(o, fd, max);
	return output_flush(o) < 0 || is_lost(o->to) ? -1
						     : splice_move(o, fd, max);
}
