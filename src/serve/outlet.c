/*
 * The answer to a request that libfcgi has not read.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/outlet.h"

#include <string.h>
#include <sys/socket.h>

#include "serve/bulk.h"

int
outlet_flush(struct outlet *o, struct line line, unsigned id)
{
	struct iovec v = {o->bytes, WIRE_HEADER + o->len};

	if (o->len == 0)
		return 0;
	wire_header_put(o->bytes, WIRE_STDOUT, id, o->len);
	o->len = 0;
	return bulk_vector(line, &v, 1);
}

int
outlet_write(struct outlet *o, struct line line, unsigned id, const void *bytes,
	     size_t len)
{
	const char *p = bytes;

	while (len > OUTLET_CONTENT - o->len) {
		size_t n = OUTLET_CONTENT - o->len;

		memcpy(o->bytes + WIRE_HEADER + o->len, p, n);
		o->len += n;
		p += n;
		len -= n;
		if (outlet_flush(o, line, id) < 0)
			return -1;
	}
	memcpy(o->bytes + WIRE_HEADER + o->len, p, len);
	o->len += len;
	return 0;
}

/* All the bytes; false: the client does not take them. */
static bool
send_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

bool
outlet_end(int fd, unsigned id, unsigned exit_status, unsigned char *content,
	   size_t len)
{
	unsigned char *from = content, *p = content + len;
	size_t padding = -len & 7;

	if (len > 0) {
		from -= WIRE_HEADER;
		wire_header_put(from, WIRE_STDOUT, id, len);
		from[6] = (unsigned char)padding;
		memset(p, 0, padding);
		p += padding;
	}
	p += wire_header_put(p, WIRE_STDOUT, id, 0);
	p += wire_end_put(p, id, exit_status, WIRE_REQUEST_COMPLETE);
	return send_all(fd, from, (size_t)(p - from));
}

void
outlet_refuse(int fd, unsigned id)
{
	unsigned char end[WIRE_HEADER + WIRE_BODY];

	wire_end_put(end, id, 0, WIRE_UNKNOWN_ROLE);
	send(fd, end, sizeof(end), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
outlet_take_rest(int fd)
{
	char rest[256];

	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		continue;
}
