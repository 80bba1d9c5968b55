/*
 * The response to a FastCGI request: records, buffered so that a small response
 * and its end are one write, or spliced from the program's pipe.
 *
 * A client here is the other end of the connection: a web server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fastcgi/protocol.h"
#include "run/exchange.h"

/* What to do with the slot of a worker that waits for a slow client. */
enum client_lend {
	CLIENT_WAIT_ON, /* keep it for now */
	CLIENT_LENT,	/* it has been lent, however long the wait may take */
	CLIENT_REFUSED	/* too many clients are slow: disconnect this one */
};

/*
 * A client's socket.  It is read and written without blocking; if it is not
 * ready, client_wait is the only place where a worker sleeps for a client.
 */
struct client {
	int fd;
	/* Readable once everything must end (exchange.h); -1: never. */
	int stop_fd;
	uint64_t patience; /* ms that one write may wait; 0: no limit */
	uint64_t until;	   /* clock_ms when writes give up; DEADLINE_NEVER */
	bool lost;	   /* a write has failed: nothing more can be sent */
	size_t owed;	   /* bytes of that write that were not sent */
	/* Called before a wait, so that other clients are served meanwhile. */
	void (*will_wait)(void *owner);
	/* Called repeatedly during a wait, until it returns something else
	 * than CLIENT_WAIT_ON.  waited: ms so far. */
	enum client_lend (*lend)(void *owner, short events, uint64_t waited);
	void *owner;
};

/*
 * Wait until the socket is readable (POLLIN) or writable (POLLOUT), at most
 * until `until` (clock_ms).  0: it is; -1 with errno: ETIMEDOUT; EBUSY: too
 * many clients are slow; ECANCELED: everything must end; ECONNABORTED: poll(2)
 * has failed.
 */
int client_wait(const struct client *, short events, uint64_t until);

/*
 * The client has closed its sending side: does it still read?  For a unix
 * socket the kernel knows (a hang-up is both); for TCP it does not: such a
 * client counts as gone, as in nginx.
 */
bool client_half_closed(const struct client *);

enum {
	OUTPUT_BUFFER = 8192 - FCGI_HEADER_LEN,
	/* Padding, the end of STDOUT, and END_REQUEST. */
	OUTPUT_END = 8 + FCGI_HEADER_LEN + FCGI_END_LEN,
	OUTPUT_RECORD = 65528 /* content of a record: a multiple of 8 */
};

/* Pipes through which a program's output goes to the socket. */
struct splice {
	bool looked;   /* works has been decided */
	bool works;    /* the pipes exist, and are empty between calls */
	int taken[2];  /* content that was taken from the program */
	int record[2]; /* the header and the content of a record */
};

struct output {
	struct client *to;
	struct scratch *scratch; /* `io` is used by output_move */
	unsigned id;		 /* of the request */
	bool used_stderr;	 /* something went to FCGI_STDERR */
	struct splice splice;
	size_t len; /* of the buffered content, which begins behind a header */
	unsigned char bytes[FCGI_HEADER_LEN + OUTPUT_BUFFER + OUTPUT_END];
};

/* The client and the scratch must outlive it. */
void output_init(struct output *, struct client *, struct scratch *);
/* Start another response; the rest of the last one is discarded. */
void output_begin(struct output *, unsigned id);

/*
 * All functions that write: 0 or more; -1 with errno: EPIPE or ECONNRESET, the
 * client is gone; ETIMEDOUT, EBUSY, ECANCELED as for client_wait: it is
 * connected, but does not read.
 */

int output_write(struct output *, const void *bytes, size_t len);
int output_flush(struct output *);
/*
 * Move available bytes from a pipe or socket, at most max (0: no limit).
 * Returns how many, 0 at the end of fd, -1 with errno; EAGAIN: none are
 * available.
 */
ssize_t output_move(struct output *, int fd, size_t max);
/* Send a record of FCGI_STDERR.  Does nothing if len does not fit into one. */
int output_stderr(struct output *, const void *bytes, size_t len);
/* Send what is buffered, and then an invalid record (its version is 0), so
 * that the server treats the response as failed, even if it does not read at
 * the moment.  Send nothing after it. */
int output_break(struct output *);
/* Send what is buffered, and the end of the response. */
int output_end(struct output *, unsigned exit_status);

#endif
