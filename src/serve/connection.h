/*
 * A FastCGI connection of one worker: it reads one request after the other, and
 * has the source and the sink for each.
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

/* Make one without a socket.  It uses the scratch, which must outlive it.  The
 * functions and the owner of `waiting` are copied: they are called while the
 * worker waits for a client (output.h).  NULL: no memory. */
struct connection *connection_new(struct scratch *,
				  const struct client *waiting);
/* Close the socket, if there is one, and free everything.  NULL allowed. */
void connection_free(struct connection *);

/* Take over a connected socket (blocking, close-on-exec). */
void connection_open(struct connection *, int fd);
/* The socket, to be polled for POLLIN; -1: there is none. */
int connection_fd(const struct connection *);
void connection_close(struct connection *);

enum connection_event {
	CONNECTION_MORE,    /* the parameters are not complete */
	CONNECTION_REQUEST, /* variables, sink and source are ready */
	CONNECTION_LARGE,   /* too many parameters: only the sink is ready */
	CONNECTION_ROLE,    /* not for a responder, refused: only finish it */
	CONNECTION_CLOSED   /* no further request: the connection is closed */
};

/*
 * Read as much of the next request as has arrived, without waiting.  Replies
 * to management records are sent on the way; workers is the value for
 * FCGI_GET_VALUES.
 */
enum connection_event connection_read(struct connection *, unsigned workers);
/*
 * Begin the next request of a kept connection: the same, but wait for its first
 * byte.  A signal ends that wait and closes the connection.  spin: the server
 * is busy, so poll for a moment before sleeping (spin.h).
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
/* The body may take ms milliseconds after from (clock_ms), and more as bytes of
 * it arrive (deadline_at_rate). */
void connection_bound_body(struct connection *, uint64_t from, uint64_t ms);

/* Send the whole response now, although the body has not ended; the connection
 * is closed once the body has been read (connection_drain). */
void connection_end_early(struct connection *);

/*
 * The response is complete: read the rest of the body and discard it, until
 * `until` (clock_ms).  unread: no program has read the body, so much may come:
 * the response is sent first, and as soon as content comes, the body's own
 * deadline applies if that is later.  True: the body has ended correctly.
 */
bool connection_drain(struct connection *, uint64_t until, bool unread);
/*
 * Send the rest of the response and END_REQUEST.  True: the connection stays
 * open for another request (the client wants it so, keep is true, and nothing
 * went wrong); else it is closed.
 */
bool connection_finish(struct connection *, bool keep);

#endif
