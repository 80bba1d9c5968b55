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
	CONNECTION_LARGE, /* past the limits: only the sink; respond with 400 */
	CONNECTION_ROLE,  /* of another role: refused; call finish */
	CONNECTION_CLOSED /* no further request: the connection is closed */
};

/*
 * Read as much of the next request as has arrived, without waiting.  Replies
 * to management records are sent on the way; workers is the value for
 * FCGI_GET_VALUES.
 */
enum connection_event connection_read(struct connection *, unsigned workers);
/*
 * The same, but wait for its first byte; a signal ends that wait and closes the
 * connection.  spin: the server is busy, so its next request may be about to
 * come (spin.h).
 */
enum connection_event connection_read_next(struct connection *,
					   unsigned workers, bool spin);
/* Has a part of a request arrived that connection_read has not finished? */
bool connection_has_begun(const struct connection *);

/* The parameters, "NAME=value", NULL-terminated; until the next read. */
char **connection_variables(struct connection *);
struct sink *connection_sink(struct connection *);
struct source *connection_source(struct connection *);

/*
 * Limits for reading the body and for writing: patience, milliseconds that one
 * write may wait (0: no limit); until, the time (clock_ms) at which both stop
 * (or DEADLINE_NEVER); stop_fd, readable once everything must end.
 */
void connection_bound(struct connection *, uint64_t patience, uint64_t until,
		      int stop_fd);
/* The body may take so many ms from that time on, and more as bytes of it
 * arrive (deadline_at_rate). */
void connection_bound_body(struct connection *, uint64_t from, uint64_t ms);

/* Send the whole response now, although the body has not ended; the connection
 * is closed once the body has been read (connection_drain). */
void connection_end_early(struct connection *);

/*
 * The response is complete: read the rest of the body and discard it, until
 * that time (clock_ms).  unread: the body has not been read, so that content
 * may come: the response is sent first, and once content comes, the body's own
 * deadline applies if it is later.  True: it has ended correctly.
 */
bool connection_drain(struct connection *, uint64_t until, bool unread);
/*
 * Send the rest of the response and END_REQUEST.  True: the connection stays
 * open for another request (the client wants it so, keep is true, and nothing
 * went wrong); else it is closed.
 */
bool connection_finish(struct connection *, bool keep);

#endif
