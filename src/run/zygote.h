/*
 * A zygote: an interpreter process that has compiled a script, waits before the
 * first statement, and forks for each request.  HACKING.md lists the messages.
 *
 * A zygote has no lock.  Once it is ready, several threads may order forks, use
 * them and call zygote_is_stale at the same time, but no other function may be
 * called on it meanwhile.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ZYGOTE_H
#define RUN_ZYGOTE_H

#include <stdint.h>

#include "run/child.h"
#include "run/interpreter.h"
#include "run/watch.h"

/*
 * How to start a zygote.  The caller owns all of this; zygote_start copies what
 * it needs.  For php-cgi (`server` of the interpreter is set) the process only
 * reports its files, which are also those of every server (php.h) that is
 * started later; it does not fork, and waits until `control` is closed.
 */
struct zygote_spec {
	const struct interpreter *interpreter;
	char *const *env;
	const char *directory; /* NULL: that of this process */
	uint64_t files;	       /* soft limit of open files; 0: that of this
				* process */
	/* [warm] `watch`, NULL-terminated: files whose change makes the zygote
	 * stale, in addition to the script, the interpreter and all files that
	 * are loaded. */
	const char *const *watch;
	/* `loaded` of the program's last zygote, so that these files are
	 * watched before they are read; or NULL. */
	const char *loaded;
};

enum zygote_news {
	ZYGOTE_COMPILING, /* the report is not complete yet */
	ZYGOTE_READY,	  /* it can be forked */
	ZYGOTE_UNFIT,	  /* the script cannot run warm; `obstacle` is why */
	/* It may have read an older version of a file than the one that is
	 * watched: the file was changed just before or during the start, or was
	 * not watched yet when it was read.  Start another zygote a little
	 * later, with `loaded` of this one. */
	ZYGOTE_YOUNG,
	ZYGOTE_DEAD /* it has exited, or is about to */
};

struct zygote {
	struct child process;
	int control; /* a socket for orders to it and its report; -1: closed */
	int out;     /* its standard output, on which it must not write */
	int err;     /* its standard error, for the caller to read */
	int64_t started; /* ms since 1970 */
	struct watch *watch;
	char obstacle[512]; /* untrusted: quote it before it is logged */
	char *loaded; /* its files: paths, each with a NUL, the last with two */
	size_t loaded_len;
	size_t loaded_room;
	bool surprised; /* one of these files was not watched in time */
	char *report;	/* entries so far; HACKING.md has the format */
	size_t report_len;
	size_t report_room;
};

/*
 * Start the process, which compiles the script; does not wait for that.  Free
 * the zygote with zygote_free.  NULL: errno and *stage say why.
 *
 * It exits when the last descriptor of `control` is closed: each running fork
 * has a duplicate (`parent` of struct child), so it outlives them.  If this
 * process dies, all of these are closed, and the zygote terminates its forks.
 */
struct zygote *zygote_start(const struct zygote_spec *,
			    enum child_stage *stage);

/* The reason for a failure of zygote_start or php_start, from its errno. */
const char *zygote_start_fault(int error);

/* Read the report.  Call it when `control` is readable, as long as it returns
 * ZYGOTE_COMPILING.  Does not block. */
enum zygote_news zygote_read(struct zygote *);

/* Close `control`, so that it exits after its last fork.  Does not wait. */
void zygote_close_orders(struct zygote *);

/*
 * Close everything, wait until the process has ended, and free z.  After two
 * seconds it is killed; a request that runs in a fork of it then goes on, but
 * its exit status is unknown.  NULL allowed.
 */
void zygote_free(struct zygote *);

/* Has one of the files changed that it was made of?  Calls stat(2) for each. */
bool zygote_is_stale(const struct zygote *);

/* Order a fork.  Returns a socket to it, close-on-exec, which the caller must
 * pass to a function below or close; the fork exits when it is closed.  -1 with
 * errno: the zygote accepts no order now.  Does not block. */
int zygote_fork(struct zygote *);

/*
 * Send a fork its request: the descriptors and the environment of spec.  argv
 * and directory are those of the zygote.  Waits until `until` (clock_ms) at
 * most.
 *
 * 0: *out is the fork, which still has to accept the request (zygote_taken).
 * -1: the fork has been ended and the socket closed; the request has not begun.
 */
int zygote_hand(struct zygote *, int socket, const struct child_spec *spec,
		uint64_t until, struct child *out);

/*
 * Wait until the fork has accepted the request, and set the limits of spec for
 * it.  0: it waits for zygote_go, zygote_go_and_tell or zygote_discard.  -1: as
 * for zygote_hand.
 */
int zygote_taken(int socket, const struct child_spec *spec, uint64_t until,
		 struct child *);

/* Let the program begin: from here on the request must not be run again.
 * Closes the socket.  The caller waits for the child (child_reap). */
void zygote_go(int socket);

/* The same, but the socket stays open: when the program ends, it writes to it
 * which modules it has loaded, as names for [warm] `load`, each with a NUL. */
void zygote_go_and_tell(int socket);

/* Kill and reap the fork, which has not begun, and close the socket. */
void zygote_discard(int socket, struct child *);

#endif
