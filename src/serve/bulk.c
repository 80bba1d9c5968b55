/*
 * Large output on its way to the client.
 *
 * Measured with 1 GiB from a pipe to a unix socket, in seconds, on one day:
 * a read and a write for each record 1.4, or 0.6 from a wide pipe; splice from
 * that, between headers written for themselves, 0.65; what is here 0.37.  The
 * program writes under its pipe's lock, for which a splice spins: so what is
 * there is taken in one go and handed on from a pipe of our own.  A second one
 * puts header and content together, which makes a record a single buffer of
 * the socket and a single wake-up.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi/protocol.h"

enum {
	PIPE_WIDE = 1024 * 1024, /* what anybody may have (pipe(7)) */
	PIPE_FULL = 49152,	 /* bytes in an ordinary one: it is the brake */
	PAGE = 4096,
	/* With its header what an ordinary pipe has room for (16 pages) and a
	 * buffer of a socket too (17). */
	PIECE = 15 * PAGE,
	TAKE = 4 * PIECE, /* in one go */
	TAKE_ROOM = 64 * PAGE
};

/* A write to the client has failed: whatever the cause, it does not take it.
 * (EINTR too, if line_goes_on has said no.) */
static int
client_lost(void)
{
	if (errno != EPIPE)
		errno = ECONNRESET;
	return -1;
}

int
bulk_vector(struct line to, struct iovec *v, int count)
{
	while (count > 0) {
		ssize_t n = writev(to.fd, v, count);

		if (n < 0 && line_goes_on(to))
			continue;
		if (n < 0)
			return client_lost();
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

int
bulk_records(struct line to, unsigned id, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		size_t n = len < BULK_RECORD ? len : BULK_RECORD;
		unsigned char header[WIRE_HEADER];
		struct iovec v[2];

		wire_header_put(header, WIRE_STDOUT, id, n);
		v[0] = (struct iovec){header, WIRE_HEADER};
		/* writev takes no const; it does not write there */
		v[1] = (struct iovec){(void *)(uintptr_t)p, n};
		if (bulk_vector(to, v, 2) < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* There is much to come.  False: it cannot be spliced. */
static bool
prepare(struct bulk *b, int fd)
{
	if (fcntl(fd, F_GETPIPE_SZ) <= 0 ||
	    pipe2(b->taken, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	if (pipe2(b->record, O_CLOEXEC | O_NONBLOCK) != 0) {
		close(b->taken[0]);
		close(b->taken[1]);
		return false;
	}
	/* refused past the limits of a user: then as they are */
	fcntl(fd, F_SETPIPE_SZ, PIPE_WIDE);
	fcntl(b->taken[1], F_SETPIPE_SZ, TAKE_ROOM);
	return true;
}

bool
bulk_wanted(struct bulk *b, int fd)
{
	int have;

	if (!b->looked && ioctl(fd, FIONREAD, &have) == 0 &&
	    have >= PIPE_FULL) {
		b->looked = true;
		b->splices = prepare(b, fd);
	}
	return b->splices;
}

void
bulk_end(struct bulk *b)
{
	if (b->splices) {
		close(b->taken[0]);
		close(b->taken[1]);
		close(b->record[0]);
		close(b->record[1]);
	}
	*b = (struct bulk){.looked = false};
}

/* From one of our pipes, which has it, to the client. */
static int
pass_on(int from, struct line to, size_t len, bool more)
{
	while (len > 0) {
		ssize_t n = splice(from, NULL, to.fd, NULL, len,
				   more ? SPLICE_F_MORE : 0);

		if (n < 0 && line_goes_on(to))
			continue;
		if (n <= 0)
			return client_lost();
		len -= (size_t)n;
	}
	return 0;
}

/*
 * A record of what was taken.  Content that begins within a page needs a page
 * more than the pipe for a record has: *skew is where in a page the next one
 * begins then.
 */
static int
send_record(struct bulk *b, struct line to, unsigned id, size_t len,
	    size_t *skew)
{
	unsigned char header[WIRE_HEADER];
	size_t in = WIRE_HEADER;

	wire_header_put(header, WIRE_STDOUT, id, len);
	if (write(b->record[1], header, WIRE_HEADER) != WIRE_HEADER)
		return client_lost();
	*skew = 0;
	while (len > 0) {
		ssize_t n = splice(b->taken[0], NULL, b->record[1], NULL, len,
				   SPLICE_F_NONBLOCK);
		if (n <= 0)
			return client_lost();
		len -= (size_t)n;
		if (pass_on(b->record[0], to, in + (size_t)n, len > 0) != 0)
			return -1;
		in = 0;
		if (len > 0)
			*skew = len % PAGE;
	}
	return 0;
}

ssize_t
bulk_move(struct bulk *b, struct line to, unsigned id, int fd, size_t max)
{
	size_t most = max > 0 && max < TAKE ? max : TAKE, skew = 0;
	ssize_t taken =
	    splice(fd, NULL, b->taken[1], NULL, most, SPLICE_F_NONBLOCK);

	for (ssize_t left = taken; left > 0;) {
		size_t n = PIECE - skew;
		if (n > (size_t)left)
			n = (size_t)left;
		if (send_record(b, to, id, n, &skew) != 0)
			return -1;
		left -= (ssize_t)n;
	}
	return taken;
}
