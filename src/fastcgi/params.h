/*
 * Parse the beginning of a FastCGI request: BEGIN_REQUEST, PARAMS, and what may
 * come before and between them (management records, a request that the server
 * has given up, an attempt at a second request).
 *
 * Pure: the caller receives the bytes and sends the replies.  No byte is parsed
 * twice, so a client that sends a byte at a time costs no more than one that
 * sends all at once.  A length that a client announces is never allocated.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "fastcgi/protocol.h"

enum {
	/* Limits for one request (DESIGN.md section 4). */
	PARAMS_BYTES = 65536, /* as "NAME=value" with its NUL */
	PARAMS_COUNT = 500,
	/* A longer management record is an error. */
	PARAMS_MANAGEMENT_MAX = 1024,
	/* Bytes that the caller must be able to keep for the next call: a whole
	   management record, which is the longest thing taken in one piece. */
	PARAMS_INPUT = FCGI_HEADER_LEN + PARAMS_MANAGEMENT_MAX,
	PARAMS_REPLY_MAX = 128
};

enum params_event {
	PARAMS_MORE,  /* correct so far, not complete */
	PARAMS_REPLY, /* send `reply`, then parse on */
	PARAMS_READY, /* BEGIN_REQUEST and every parameter are there */
	PARAMS_ROLE,  /* another role than responder: `reply` refuses it */
	PARAMS_LARGE, /* the parameters exceed the limits */
	PARAMS_BAD    /* not FastCGI, or no beginning of a request */
};

enum params_stage { PARAMS_LENGTHS, PARAMS_NAME, PARAMS_VALUE };

struct params {
	bool begun; /* BEGIN_REQUEST has come: id and keep are valid */
	bool keep;  /* FCGI_KEEP_CONN */
	unsigned id;
	size_t count; /* parameters */
	size_t reply_len;
	unsigned char reply[PARAMS_REPLY_MAX];

	/* The state of the parser. */
	size_t content; /* of the current PARAMS record, still to come */
	size_t skip;	/* bytes to be ignored: padding, records of others */
	unsigned char length[8]; /* of a name and its value, as they came */
	unsigned length_have;
	enum params_stage stage;
	size_t left; /* of the name or value that is being copied */
	size_t used; /* of `text` */

	/* The result; only the used part is written. */
	char *list[PARAMS_COUNT + 1]; /* "NAME=value", NULL-terminated */
	char text[PARAMS_BYTES];
};

/* Start with a new request. */
void params_init(struct params *);

/*
 * Parse len more bytes.  *used of them have been taken; the caller keeps the
 * others and passes them again with the bytes that follow (at least
 * PARAMS_INPUT bytes in all if there are so many).  workers is the value for
 * FCGI_GET_VALUES.
 *
 * READY: `list` has the parameters; a NUL within one has become \x01, so that
 * the string keeps its length and stays invalid.  `skip` bytes of padding may
 * still follow.  Call params_init before the next request.
 */
enum params_event params_parse(struct params *, unsigned workers,
			       const void *bytes, size_t len, size_t *used);

/*
 * The reply to a whole management record (FastCGI 1.0, section 4):
 * GET_VALUES_RESULT with the number of workers, or UNKNOWN_TYPE.  Returns its
 * length.
 */
size_t params_manage(const void *record, unsigned workers,
		     unsigned char reply[static PARAMS_REPLY_MAX]);

#endif
