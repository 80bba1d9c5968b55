/*
 * Programs that go on when their answer is over.
 *
 * An answer ends where the program closes its standard output (DESIGN.md
 * section 3), or where its client has all of it and closes; the program may
 * then do what it has left to do, as under Apache's mod_cgi.  No worker waits
 * for it: a thread of its own watches all of them, reads what they still write,
 * and holds them to their time limits.  The thread is started for the first of
 * them.
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

/* stop_fd becomes readable when every program must be ended.  NULL: no memory.
 * Creates no thread. */
struct reaper *reaper_new(struct log *, struct metrics *, int stop_fd);

/* Forgets what could not be ended; all else must have ended.  NULL allowed. */
void reaper_free(struct reaper *);

/* A program to be watched. */
struct reaper_program {
	struct child child;
	int out;	/* what it writes is read and dropped; -1: ended */
	int err;	/* and this is logged; -1: ended */
	ino_t pipes[2]; /* their inodes (ending.h) */
	const struct stderr_reader *messages; /* what came of it so far */
	const char *name;		      /* for the log; copied */
	const struct app *app;		      /* its time limits; copied */
	uint64_t started;		      /* ms */
	uint64_t last;	   /* ms, when it was last heard of */
	atomic_uint *left; /* goes down by 1 when it has ended, or is left;
			      NULL: nobody counts */
};

/*
 * Take over a program that runs, its descriptors and, on the metrics, its place
 * among the running.  left is not touched here.  -1: not possible, nothing has
 * changed.
 */
int reaper_take(struct reaper *, const struct reaper_program *);

struct ending;

/* The same of a program whose end has begun (ending.h), which is gone on with. */
int reaper_end(struct reaper *, const struct reaper_program *,
	       const struct ending *);

/* Wait for the end of a program that cannot be ended (ending.h), to reap it,
 * whenever that comes. */
void reaper_leave(struct reaper *, const struct child *, const char *name);

#endif
