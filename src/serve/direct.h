/*
 * A FastCGI request that is read and answered without libfcgi: a new
 * connection's first one, if its parameters lie in the socket whole, and every
 * further one of a kept connection.
 *
 * libfcgi allocates some forty times a request; a preflight paid more for that
 * than for all the rest of the work.  And what it has read behind a request is
 * lost with its buffer: the next one, or an ABORT_REQUEST.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef DIRECT_H
#define DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fastcgi/params.h"
#include "run/exchange.h"
#include "serve/line.h"
#include "serve/outlet.h"

struct direct {
	struct scratch *scratch; /* `peeked` is what has come */
	struct line line;
	unsigned id;
	bool keep;   /* the client wants the connection kept */
	bool ended;  /* the body is */
	bool bad;    /* it was cut short: nothing behind it can be told apart */
	size_t have; /* bytes in `peeked` */
	size_t at;   /* of them taken */
	size_t left; /* of the content of the body's current record */
	size_t skip; /* of its padding, or of a record that is none of ours */
	char **list; /* the parameters, NULL-terminated */
	struct outlet out;
};

/* A new connection; scratch stays the same from one to the next. */
void direct_open(struct direct *, int fd);

/*
 * Take a request that is READY and not strange from the socket, up to its
 * body.  False: that failed.
 */
bool direct_take(struct direct *, const struct peek *);

/*
 * Read the next request of a kept connection; blocks until its parameters are
 * whole.  Management records (GET_VALUES) are answered on the way.  READY: the
 * parameters are in `list`; LARGE and ROLE: the id is known; BAD: the
 * connection has ended, or is of no use.  stay: the server is at work, so that
 * its next request may be about to come (base/spin.h).
 */
enum peek_state direct_next(struct direct *, unsigned workers, bool stay);

/*
 * The body: what is there, at most len; blocks, as SO_RCVTIMEO says.  0 at its
 * end; -1: cut short or aborted (errno ECONNABORTED, ETIMEDOUT, ...).
 */
ssize_t direct_read(struct direct *, void *to, size_t len);

enum direct_news {
	DIRECT_NOTHING,
	DIRECT_GONE, /* the client has closed, or aborted the request */
	DIRECT_DEAF  /* more has come than is kept: no news will be seen */
};

/*
 * Does what has come since the body was read tell anything?  Does not block; the
 * bytes are kept for direct_read and direct_next.
 */
enum direct_news direct_hear(struct direct *);
/* The same of a socket that libfcgi reads: nothing is taken from it. */
enum direct_news direct_glance(int fd);

/* Throw away what is left of the body, about most bytes; blocks.  True: it has
 * ended. */
bool direct_drain(struct direct *, size_t most);

/* A record of FCGI_STDERR; of length 0 it is the end of that stream.  -1: as
 * bulk.h. */
int direct_complain(struct direct *, const void *bytes, size_t len);

#endif
