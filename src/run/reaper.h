/*
 * Programs that run on after their response.
 *
 * A response ends when the program closes its standard output (DESIGN.md
 * section 3), or when its client has all of it and disconnects; the program
 * may then finish its work, as under Apache's mod_cgi.  No worker waits for
 * it: a thread of its own watches all of them, reads what they still write,
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

/* Programs that could not be ended are abandoned; all others must have
 * ended.  NULL allowed. */
void reaper_free(struct reaper *);

/* A program to be watched. */
struct reaper_program {
	struct child child;
	int out;	/* its output is read and dropped; -1: ended */
	int err;	/* and this is logged; -1: ended */
	ino_t pipes[2]; /* their inodes (ending.h) */
	const struct stderr_reader *messages; /* the bytes from it so far */
	const char *name;		      /* for the log; copied */
	const struct app *app;		      /* its time limits; copied */
	uint64_t started;		      /* ms */
	uint64_t last;	   /* ms, when it last wrote */
	atomic_uint *left; /* decreased by 1 when it has ended, or is
			      abandoned; NULL: not counted */
};

/*
 * Take over a program that runs, its descriptors and, on the metrics, its
 * place among the running.  left is not changed here.  -1: not possible,
 * nothing has changed.
 */
int reaper_take(struct reaper *, const struct reaper_program *);

struct ending;

/* The same for a program whose end has begun (ending.h), which is
 * continued. */
int reaper_end(struct reaper *, const struct reaper_program *,
	       const struct ending *);

/* Wait for the end of a program that cannot be ended (ending.h), to reap it,
 * whenever that comes. */
void reaper_leave(struct reaper *, const struct child *, const char *name);

#endif
