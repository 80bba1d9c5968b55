/*
 * The fields of a connection, for its two files: connection.c, and
 * connection_body.c, which reads the body and what comes between its records.
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

	bool unread;  /* too many parameters: the request is not read further */
	bool refused; /* another role: END_REQUEST has been sent */
	bool broken;  /* the response is incomplete */
	bool gone;    /* the client has closed or aborted */
	bool aborted; /* FCGI_ABORT_REQUEST has come: the client still reads */
	bool ended;   /* the body has ended */
	bool bad; /* the body was cut off: no record can be found after it */
	bool draining; /* the response is complete; connection_drain runs */
	bool told;     /* the whole response was sent before the body ended */
	bool rest;     /* draining, and no program has read the body */

	/* How long the body may take: deadline_at_rate. */
	uint64_t body_from;
	uint64_t body_time;
	uint64_t body_count;
	uint64_t drain_until; /* clock_ms */

	size_t left; /* content of the body's current record, still to come */
	size_t skip; /* bytes to be ignored before the next record */
	size_t at;   /* bytes of input that have been taken */
	size_t have; /* bytes of input that have come */
	struct output output;
	unsigned char input[CONNECTION_INPUT];
	struct params params;
};

_Static_assert((int)CONNECTION_INPUT > (int)PARAMS_INPUT,
	       "a management record fits");

/* The input that has not been taken yet. */
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

/* Is the whole buffer filled with input that has not been taken yet? */
static inline bool
connection_is_full(const struct connection *c)
{
	return c->at == 0 && c->have == CONNECTION_INPUT;
}

/* Read into the buffer, which must not be full.  Returns what recv(2) does. */
ssize_t connection_receive(struct connection *, int flags);

/* Send a reply that is no part of the response, without waiting.  False: the
 * client does not take it. */
bool connection_reply(struct connection *, const unsigned char *, size_t len);

/*
 * Read at most len bytes of the body; waits until there are some.  0: it has
 * ended; -1 with errno: it was cut off, or as client_wait.  While draining, the
 * response is sent before the first wait.
 */
ssize_t connection_read_body(struct connection *, void *to, size_t len);

/*
 * Is there an ABORT_REQUEST for this request in the input that has not been
 * taken yet?  One that comes after BEGIN_REQUEST is for the next request.
 */
bool connection_is_aborted(const struct connection *);

/* Send the whole response now, although the body has not ended. */
void connection_tell_end(struct connection *);

#endif
