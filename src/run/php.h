/*
 * A php-cgi that serves FastCGI to this process alone: one request at a time,
 * over one connection that is kept.  The name of its socket is removed before
 * it starts, so that no other process can connect.
 *
 * A php has no lock: one thread at a time may use it.
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
	ino_t pipe;    /* the inode of err, for ending.h */
	bool begun;    /* BEGIN_REQUEST has been sent in advance */
	bool fresh;    /* it has not served a request yet */
	unsigned left; /* requests until it exits by itself */
	uint64_t used; /* clock_ms: it started, or ended a request */
};

/*
 * Start the program of spec; its in, out and err are ignored.  Does not wait
 * until it is ready.  It is killed when the calling thread ends (child.h, the
 * parent-death signal).  Free it with php_free.  NULL: errno and *stage say
 * why.
 */
struct php *php_start(const struct child_spec *spec, enum child_stage *stage);

/* Does the process run? */
bool php_lives(const struct php *);

/* Has it started, so that it reads a request at once? */
bool php_ready(const struct php *);

/*
 * Send the parameters of a request without their end, and wait, until `until`
 * (clock_ms) at most, for it to read them.  0: the request begins when the
 * caller sends the end of the parameters.  -1: it did not read them, and must
 * be ended.
 */
int php_offer(struct php *, char *const *variables, uint64_t until);

/* End the process, if it runs, and free everything.  Waits for some
 * milliseconds, for 200 if the process is stopped.  NULL allowed. */
void php_free(struct php *);

#endif
