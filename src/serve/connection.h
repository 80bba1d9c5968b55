/*
 * One FastCGI connection of one worker: reads its requests, the first and each
 * further one in the same way, and makes a source and a sink of them.
 *
 * HACKING.md, "Reading FastCGI", says why libfcgi does not do this here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "run/exchange.h"
#include "serve/output.h"

struct connection;

/* Memory comes from and goes to the scratch.  The functions of waiting are
 * called while the worker sleeps for a client.  NULL: no memory. */
struct connection *connection_new(struct scratch *,
				  const struct client *waiting);
/* Closes the connection if there is one. */
void connection_free(struct connection *);

/* Take over a connected socket (blocking, close-on-exec). */
void connection_open(struct connection *, int fd);
/* The socket, to be polled for POLLIN; -1: there is none. */
int connection_fd(const struct connection *);
void connection_close(struct connection *);

enum connection_event {
	CONNECTION_MORE,    /* the parameters are not complete */
	CONNECTION_REQUEST, /* variables, sink and source are ready */
	CONNECTION_LARGE,   /* past the bounds: sink alone; answer 400 */
	CONNECTION_ROLE,    /* of another role: refused; call finish */
	CONNECTION_CLOSED   /* no further request: the connection is closed */
};

/*
 * Read the next request as far as it has come, without waiting.  Management
 * records are answered on the way; workers is what FCGI_GET_VALUES is told.
 */
enum connection_event connection_read(struct connection *, unsigned workers);
/*
 * The same, but wait for its first byte; a signal ends that wait and closes the
 * connection.  spin: the server is busy, so its next request may be about to
 * come (spin.h).
 */
enum connection_event connection_read_next(struct connection *,
					   unsigned workers, bool spin);
/* Has anything of the request come that connection_read has not finished? */
bool connection_has_begun(const struct connection *);

/* The parameters, "NAME=value", NULL-terminated; until the next read. */
char **connection_variables(struct connection *);
struct sink *connection_sink(struct connection *);
struct source *connection_source(struct connection *);

/*
 * Bounds of reading the body and of writing: patience, milliseconds that one
 * write may wait (0: any time); until, a moment (clock_ms) past which neither
 * goes on (DEADLINE_NEVER); stop_fd, readable once everything must end.
 */
void connection_bound(struct connection *, uint64_t patience, uint64_t until,
		      int stop_fd);
/* The body may take so many ms from that moment on, and more as bytes of it
 * come (deadline_at_rate). */
void connection_bound_body(struct connection *, uint64_t from, uint64_t ms);

/* Send the response to its end now, though the body has not ended: the
 * connection is closed once that has been read (connection_drain). */
void connection_end_early(struct connection *);

/*
 * The response is made: read what is left of the body and throw it away, until
 * a moment (clock_ms).  unread: nobody has read the body, so that content may
 * come: the response is sent first, and once content comes the body's own bound
 * holds where it is later.  True: it has ended as it should.
 */
bool connection_drain(struct connection *, uint64_t until, bool unread);
/*
 * Send the rest of the response and END_REQUEST.  True: the connection stays
 * open for another request (the client wants it so, keep is true, and nothing
 * went wrong); else it is closed.
 */
bool connection_finish(struct connection *, bool keep);

#endif
