/*
 * Programs that still run after their response has ended.
 *
 * A response ends when the program closes its standard output (DESIGN.md
 * section 3), or when its client has all of it and disconnects; the program
 * may then finish its work, as under Apache's mod_cgi.  No worker waits for
 * it.  Instead one thread watches all such programs, reads what they still
 * write, and enforces their time limits.  It is started when the first program
 * is passed to it.
 *
 * reaper_take, reaper_end and reaper_leave may be called from several threads.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_REAPER_H
#define RUN_REAPER_H

#include <stdatomic.h>

#include "policy/settings.h"
#include "run/child.h"
#include "run/log.h"
#include "run/stderr.h"

struct metrics;
struct reaper;

/* The log and the metrics (NULL allowed) must outlive it.  stop_fd becomes
 * readable when every program must be terminated.  NULL: no memory or
 * descriptor. */
struct reaper *reaper_new(struct log *, struct metrics *, int stop_fd);

/* End the thread and free everything.  Programs that could not be terminated
 * are abandoned; all others must have ended.  NULL allowed. */
void reaper_free(struct reaper *);

/* A program for the reaper. */
struct reaper_program {
	struct child child;
	int out;	/* its output, which is discarded; -1: closed */
	int err;	/* its standard error, which is logged; -1: closed */
	ino_t pipes[2]; /* the inodes of both (ending.h) */
	const struct stderr_reader *messages; /* what err has brought; copied */
	const char *name;		      /* for the log; copied */
	const struct app *app;		      /* its time limits; copied */
	uint64_t started;		      /* clock_ms */
	uint64_t last;			      /* clock_ms when it last wrote */
	atomic_uint *left; /* decreased by 1 when it has ended, or is
			      abandoned; NULL: not counted */
};

/*
 * Take over a program that runs: the reaper closes its descriptors, reaps it,
 * and then subtracts it from the running programs of the metrics and from
 * *left.  Add it to *left before this call.  -1: no memory or thread; nothing
 * has changed.
 */
int reaper_take(struct reaper *, const struct reaper_program *);

struct ending;

/* The same for a program that is being terminated: the reaper takes the ending
 * over and does the remaining steps. */
int reaper_end(struct reaper *, const struct reaper_program *,
	       const struct ending *);

/* Take over a program that could not be terminated (ENDING_LEFT), to reap it
 * whenever it ends.  It is not counted.  Without memory this does nothing. */
void reaper_leave(struct reaper *, const struct child *, const char *name);

#endif
