/*
 * Starting a program, and ending it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "policy/settings.h"
#include "run/log.h"

/* What to start.  The descriptors become 0, 1 and 2 of the program. */
struct child_spec {
	char *const *argv; /* [0] is the file */
	char *const *env;
	const char *directory; /* NULL: ours */
	int in;		       /* -1: /dev/null */
	int out;
	int err;
	const struct app *limits; /* cpu_limit and the like; may be NULL */
	uint64_t
	    files; /* soft limit of open files, unless limits say; 0: ours */
	bool prepared; /* this process has called child_prepare */
	/* What it gets when our thread dies without having ended it; 0: TERM */
	int death_signal;
};

/* At which step a start failed, to say what to do. */
enum child_stage {
	CHILD_STAGE_START, /* the process: EAGAIN, ENOMEM, EMFILE */
	CHILD_STAGE_SETUP, /* descriptors, limits */
	CHILD_STAGE_CHDIR,
	CHILD_STAGE_EXEC
};

struct child {
	pid_t pid; /* also its process group; 0: none */
	int pidfd; /* readable once it has ended; -1: none (Linux before 5.2) */
};

/*
 * Once, before any thread, and after what else sets signals: none is ignored in
 * this process any more, so that no program begins with one that is.  SIGPIPE
 * gets a handler that does nothing.  Without it every start resets all of them
 * (sixty system calls).
 */
void child_prepare(void);

/*
 * Start the program with vfork's cost: in a process group of its own, default
 * signals, empty mask, a parent-death signal (of the calling thread, which must
 * live until child_reap), descriptors 0 to 2 only.  -1: errno and *stage say
 * why; nothing is left behind.
 */
int child_start(const struct child_spec *, struct child *,
		enum child_stage *stage);

/*
 * Make this very process what child_start's programs begin as (signals,
 * descriptors, directory, limits), for an exec in place.  The process group
 * stays: Apache signals its own when it stops, and whoever has left it is
 * forgotten.  -1: errno and *stage say why.
 */
int child_enter(const struct child_spec *, enum child_stage *stage);

/*
 * A start has failed at stage with error: the cause and what to do about it in
 * the log (request may be NULL).  The status to answer with: 503 where it may
 * well work the next time, else 500.
 */
int child_report(struct log *, const struct request *, const char *file,
		 enum child_stage stage, int error);

/* Has it ended?  Waits up to ms (-1: for ever).  Does not reap. */
bool child_wait(const struct child *, int ms);

/* Reap; its wait status.  Blocks until it has ended. */
int child_reap(struct child *);

/* A signal to its whole process group, and to the program wherever it is. */
void child_kill(const struct child *, int sig);

/*
 * The group has been told to end (child_kill with SIGTERM): give it grace ms,
 * then KILL what is left of it.  Reaped when this returns.  The wait status of
 * the program.
 */
int child_end(struct child *, uint64_t grace);

#endif
