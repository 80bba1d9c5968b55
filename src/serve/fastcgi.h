/*
 * One connection of one worker: libfcgi does the protocol, this makes a sink
 * and a source of it.  fastcgi.c is the one file that includes <fcgiapp.h>.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FASTCGI_H
#define FASTCGI_H

#include "fastcgi/params.h"
#include "run/exchange.h"

struct fastcgi;

/*
 * Once, before any thread: start libfcgi and take back the signal handlers that
 * it installs.  The caller has blocked the signals it cares for.
 */
int fastcgi_start(void);

/* Memory comes from and goes to the scratch.  NULL: no memory. */
struct fastcgi *fastcgi_new(struct scratch *);
/* Closes the connection if there is one. */
void fastcgi_free(struct fastcgi *);

/*
 * Take over a connected socket (blocking, close-on-exec); fastcgi_next reads
 * the first request.
 */
void fastcgi_open(struct fastcgi *, int fd);
/*
 * The same for a request that libfcgi must not see (parameters past the
 * bounds): the sink works, there are no variables and there is no body.
 */
void fastcgi_open_raw(struct fastcgi *, int fd, unsigned id);

enum fastcgi_next {
	FASTCGI_CLOSED,	 /* no further request: the connection is closed */
	FASTCGI_REQUEST, /* variables, sink and source are ready */
	FASTCGI_LARGE,	 /* as REQUEST, but past the bounds: answer 400 */
	FASTCGI_ROLE	 /* of another role: has been refused, call finish */
};

/*
 * Read the parameters of the next request; blocks.  checked: the bounds are
 * known to hold (peek_look saw the whole of them).
 */
enum fastcgi_next fastcgi_next(struct fastcgi *, bool checked);

/*
 * In place of fastcgi_next, for a request that is READY and not strange: takes
 * it from the socket, without libfcgi and without allocating.
 */
enum fastcgi_next fastcgi_take(struct fastcgi *, const struct peek *);

/*
 * The next request of a connection that has been kept, without libfcgi: one
 * read, if it comes in one piece; blocks.  workers is what GET_VALUES is told.
 * stay: requests come on other connections too.
 */
enum fastcgi_next fastcgi_again(struct fastcgi *, unsigned workers, bool stay);

/*
 * A parameter of the request holds NULs (peek_look says so): they become \x01,
 * so that the string is as long as what was sent, and as malformed.
 */
void fastcgi_mend(struct fastcgi *, size_t index, size_t len);

/* The parameters, "NAME=value", NULL-terminated; until fastcgi_finish. */
char **fastcgi_variables(struct fastcgi *);
struct sink *fastcgi_sink(struct fastcgi *);
struct source *fastcgi_source(struct fastcgi *);

/* Milliseconds that a read of the body or a write may take (0: no bound), and
 * what ends those that somebody else interrupts (line.h). */
void fastcgi_bound(struct fastcgi *, uint64_t milliseconds, int stop_fd);

/*
 * The answer is made: read what is left of the body and throw it away, within
 * bounds; blocks, to be watched.  True: it has ended as it should.
 */
bool fastcgi_drain(struct fastcgi *);
/*
 * Send the rest of the answer and END_REQUEST; blocks, to be watched.  True:
 * the connection stays open for another fastcgi_next (the client wants it so,
 * keep is true, and nothing went wrong); else it is closed.
 */
bool fastcgi_finish(struct fastcgi *, bool keep);

#endif
