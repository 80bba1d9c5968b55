/*
 * The answer to a request that libfcgi has not read: a buffer, so that a small
 * answer and its end are one write.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef OUTLET_H
#define OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "fastcgi/protocol.h"
#include "serve/line.h"

enum {
	OUTLET_CONTENT = 8192 - WIRE_HEADER,
	/* Padding and the end of an answer. */
	OUTLET_END = 8 + 2 * WIRE_HEADER + WIRE_BODY
};

struct outlet {
	size_t len; /* of the content, which begins at WIRE_HEADER */
	unsigned char bytes[WIRE_HEADER + OUTLET_CONTENT + OUTLET_END];
};

/* -1: as bulk.h.  Room is made by writing out what is there. */
int outlet_write(struct outlet *, struct line, unsigned id, const void *bytes,
		 size_t len);
int outlet_flush(struct outlet *, struct line, unsigned id);

/*
 * The end of an answer: a STDOUT record of len bytes of content (none for 0),
 * which has WIRE_HEADER bytes before it and OUTLET_END behind it to use, the
 * end of STDOUT, and END_REQUEST.  False: the client does not take it.
 */
bool outlet_end(int fd, unsigned id, unsigned exit_status,
		unsigned char *content, size_t len);

/* END_REQUEST for a request of another role, if it can be sent at once. */
void outlet_refuse(int fd, unsigned id);
/*
 * Throw away what has come, before a close: with input unread it would be a
 * reset, and a client that waits for the end of what it aborted would not get
 * it.
 */
void outlet_take_rest(int fd);

#endif
