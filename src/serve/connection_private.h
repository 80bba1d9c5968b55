/*
 * A connection as its two files see it: connection.c, and connection_body.c,
 * which reads the body and what comes between its records.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CONNECTION_PRIVATE_H
#define CONNECTION_PRIVATE_H

#include "fastcgi/params.h"
#include "serve/connection.h"

/* Most requests have a few thousand bytes of parameters. */
enum { CONNECTION_INPUT = 16384 };

struct connection {
	struct client client;
	struct sink sink;
	struct source source;
	struct scratch *scratch;
	unsigned workers; /* for FCGI_GET_VALUES */
	int exit_status;

	bool unread;  /* too large: the request is not read on */
	bool refused; /* END_REQUEST has been sent */
	bool broken;  /* the response is not complete */
	bool gone;    /* the client has closed or aborted */
	bool ended;   /* the body has */
	bool bad; /* it was cut off: the following records cannot be found */
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
	unsigned char input[CONNECTION_INPUT];
	struct params params;
};

_Static_assert((int)CONNECTION_INPUT > (int)PARAMS_INPUT,
	       "a management record fits");

/* Input that was not taken yet. */
static inline const unsigned char *
connection_input(const struct connection *c)
{
	return c->input + c->at;
}

static inline size_t
connection_available(const struct connection *c)
{
	return c->have - c->at;
}

/* Does it lie in the buffer whole, so that there is no room for more? */
static inline bool
connection_is_full(const struct connection *c)
{
	return c->at == 0 && c->have == CONNECTION_INPUT;
}

/* Read into the buffer, which must have room; what recv(2) returns. */
ssize_t connection_receive(struct connection *, int flags);

/* Send records between others; false: the client does not take them, although
 * it requested them. */
bool connection_reply(struct connection *, const unsigned char *, size_t len);

/*
 * At most len bytes of the body; waits until there are some.  0: it has ended;
 * -1 with errno: it was cut off, or as client_wait.  When the response is
 * complete (draining), it is sent before each wait.
 */
ssize_t connection_read_body(struct connection *, void *to, size_t len);

/*
 * Is there an ABORT_REQUEST in the input that was not taken yet?  One after
 * the beginning of another request is not ours.
 */
bool connection_is_aborted(const struct connection *);

/* Send the whole response now, although the body has not ended. */
void connection_tell_end(struct connection *);

#endif
