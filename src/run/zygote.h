/*
 * One warm interpreter: a process that has compiled a script, waits before its
 * first statement, and forks for each request (HACKING.md has the
 * messages).
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
 * Of php-cgi (`server` of the interpreter) the process is one that reports and
 * then waits to be told to end; it has no forks, and its files are those of all
 * servers that are started after it.
 */
struct zygote_spec {
	const struct interpreter *interpreter;
	char *const *env;
	const char *directory; /* NULL: ours */
	uint64_t files;	       /* soft limit of open files; 0: ours */
	/* What makes it stale beside the script, what it loads, and the
	 * interpreter; `watch` of the policy. */
	const char *const *watch; /* NULL-terminated */
	/* What an earlier one has loaded (`loaded` of it, or NULL) */
	const char *loaded;
};

enum zygote_news {
	ZYGOTE_COMPILING, /* nothing yet */
	ZYGOTE_READY,	  /* it can be forked */
	ZYGOTE_UNFIT,	  /* something speaks against it: `obstacle` */
	/* It may have read other files than are there now: they were changed
	 * just before or meanwhile, or it was unknown that it would load them.
	 * Start again in a while, with its `loaded`. */
	ZYGOTE_YOUNG,
	ZYGOTE_DEAD /* it has ended */
};

struct zygote {
	struct child process;
	int control; /* orders to it, its report from it */
	int out;     /* what it writes while it compiles */
	int err;
	int64_t started; /* ms since 1970 */
	struct watch *watch;
	char obstacle[512]; /* unquoted, as the interpreter told it */
	char *loaded;	    /* paths, each with a NUL, the last with two */
	size_t loaded_len;
	size_t loaded_room;
	bool surprised; /* one of them was not in `loaded` of its start */
	char *report;
	size_t report_len;
	size_t report_room;
};

/*
 * Start it; it compiles from now on.  NULL: errno and *stage say why.  It ends
 * when `control` and every descriptor made of it are closed, and so do then the
 * programs that were forked of it.
 */
struct zygote *zygote_start(const struct zygote_spec *,
			    enum child_stage *stage);
/* Why a start failed (php_start, too), from its errno. */
const char *zygote_start_fault(int error);

/* `control` can be read: what has come.  Call it until there is news. */
enum zygote_news zygote_read(struct zygote *);

/* The last that is to be done with it: closes everything (what runs in a fork
 * of it runs on), ends it if it is stuck, and waits until it has ended. */
void zygote_close_orders(struct zygote *);
void zygote_free(struct zygote *);

/* Has one of its files changed? */
bool zygote_is_stale(const struct zygote *);

/* Order a fork.  A socket to it, close-on-exec; -1 with errno: it takes no
 * orders now. */
int zygote_fork(struct zygote *);

/*
 * Give a fork its request: descriptors, environment of spec; what a fork has
 * from its parent (argv, directory) is not looked at.  Waits until `until` (ms,
 * clock_ms).  0: *out takes it meanwhile (zygote_taken).  -1: it has been
 * ended, the socket is closed, and nothing of the request was touched.
 */
int zygote_hand(struct zygote *, int socket, const struct child_spec *spec,
		uint64_t until, struct child *out);

/*
 * Wait until it has the request, and set the limits of spec.  0: it waits for
 * zygote_go.  -1: as above.
 */
int zygote_taken(int socket, const struct child_spec *spec, uint64_t until,
		 struct child *);

/* The last byte: from here on it is a program that runs.  Closes the socket. */
void zygote_go(int socket);
/* The same; at its end it writes to the socket, which stays open, which modules
 * it has loaded meanwhile: names for `load`, each with a NUL. */
void zygote_go_and_tell(int socket);
/* Instead: end it. */
void zygote_discard(int socket, struct child *);

#endif
