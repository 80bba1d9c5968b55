/*
 * Large output on its way to the client.
 *
 * Measured with 1 GiB from a pipe to a unix socket: libfcgi 1.0 s, a read and a
 * write for each 64 KiB record 0.25 s, splice between hand-written headers
 * 0.17 s and half the CPU time, if the pipe is larger than its usual 64 KiB.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum {
	PIPE_WIDE = 1024 * 1024, /* what anybody may have (pipe(7)) */
	PIPE_FULL = 49152 /* bytes in an ordinary pipe: it is the brake */
};

/* A write to the client has failed: whatever the cause, it does not take it.
 * (EINTR too: the one signal that comes means that time is over, pool.h.) */
static int
client_lost(void)
{
	if (errno != EPIPE)
		errno = ECONNRESET;
	return -1;
}

int
bulk_vector(int to, struct iovec *v, int count)
{
	while (count > 0) {
		ssize_t n = writev(to, v, count);

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
bulk_records(int to, unsigned id, const void *bytes, size_t len)
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

size_t
bulk_waiting(struct bulk *b, int fd, size_t max)
{
	int have = 0;

	if ((b->looked && !b->splices) || ioctl(fd, FIONREAD, &have) != 0 ||
	    have < BULK_SPLICE_MIN)
		return 0;
	if (!b->looked) {
		b->looked = true;
		b->splices = fcntl(fd, F_GETPIPE_SZ) > 0;
		if (!b->splices)
			return 0;
	}
	if (have >= PIPE_FULL && !b->widened) {
		/* refused past the limits of a user: then as it is */
		b->widened = true;
		fcntl(fd, F_SETPIPE_SZ, PIPE_WIDE);
	}
	return max > 0 && max < (size_t)have ? max : (size_t)have;
}

/* The rest of a record whose header is out, by hand. */
static int
copy(int to, int fd, size_t len, char *room)
{
	while (len > 0) {
		ssize_t n = read(fd, room, len < BULK_ROOM ? len : BULK_ROOM);
		struct iovec v = {room, 0};

		if (n <= 0)
			return client_lost();
		v.iov_len = (size_t)n;
		if (bulk_vector(to, &v, 1) < 0)
			return -1;
		len -= (size_t)n;
	}
	return 0;
}

/* The content of a record.  The pipe has it, so splice only ever waits for the
 * client. */
static int
splice_content(struct bulk *b, int to, int fd, size_t len, char *room)
{
	while (len > 0 && b->splices) {
		ssize_t n = splice(fd, NULL, to, NULL, len, 0);

		if (n > 0)
			len -= (size_t)n;
		else if (n < 0 && errno == EINVAL)
			b->splices = false;
		else
			return client_lost();
	}
	return copy(to, fd, len, room);
}

ssize_t
bulk_splice(struct bulk *b, int to, unsigned id, int fd, size_t len, char *room)
{
	size_t left = len;

	while (left > 0) {
		size_t n = left < BULK_RECORD ? left : BULK_RECORD;
		unsigned char header[WIRE_HEADER];

		wire_header_put(header, WIRE_STDOUT, id, n);
		/* a stream socket takes eight bytes or none */
		if (send(to, header, WIRE_HEADER, MSG_MORE | MSG_NOSIGNAL) !=
		    WIRE_HEADER)
			return client_lost();
		if (splice_content(b, to, fd, n, room) < 0)
			return -1;
		left -= n;
	}
	return (ssize_t)len;
}
