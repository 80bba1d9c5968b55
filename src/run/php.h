/*
 * One php-cgi that serves FastCGI to this process alone: one request at a
 * time, over a connection that is kept, on a socket whose name is removed
 * before another process can use it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_PHP_H
#define RUN_PHP_H

#include <stdbool.h>
#include <stdint.h>

#include "run/child.h"

struct php {
	struct php *next; /* for lists of the caller */
	struct child process;
	int connection;
	int err;       /* its standard error, non-blocking */
	ino_t pipe;    /* the inode of that */
	bool begun;    /* BEGIN_REQUEST has been sent in advance */
	bool fresh;    /* it has served none */
	unsigned left; /* requests until it ends itself */
	uint64_t used; /* ms: started, or given back */
};

/*
 * Start the program of spec; its in, out and err are ignored.  NULL: errno and
 * *stage say why.  It ends with the calling thread at the latest.
 */
struct php *php_start(const struct child_spec *spec, enum child_stage *stage);

/* Does it run? */
bool php_lives(const struct php *);

/* Has it started, so that it can take a request at once? */
bool php_ready(const struct php *);

/*
 * Send the parameters of a request, but not their end, and wait until it has
 * read them; until: ms, clock_ms.  The request has not begun then; the next
 * bytes on its connection begin it.  -1: it did not read them and must be
 * ended.
 */
int php_offer(struct php *, char *const *variables, uint64_t until);

/* End it, if it has not ended, and free it.  Takes some milliseconds.  NULL
 * allowed. */
void php_free(struct php *);

#endif
