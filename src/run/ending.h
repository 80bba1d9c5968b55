/*
 * Ending a program before its time: TERM to its process group and to processes
 * that it left outside of the group, then KILL; processes that neither ends
 * are not waited for.
 *
 * Before KILL all of them are stopped, so that no new process is started
 * during the search.
 *
 * In steps, so that one thread can do it for many.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ENDING_H
#define RUN_ENDING_H

#include "run/child.h"
#include "run/strays.h"

enum ending_state {
	ENDING_GOES_ON,
	ENDING_DONE, /* it is reaped; status is its wait status */
	ENDING_LEFT  /* it cannot be ended: child is as it was */
};

struct ending {
	struct child child;
	int status;
	pid_t group; /* 0: it is empty */
	struct strays strays;
	uint64_t until; /* ms: the next step is due */
	bool killed;
	bool reaped;
	ino_t pipes[2];
};

/* The inode of a pipe, for ending_begin; 0 for -1. */
ino_t ending_pipe(int fd);

/* Send TERM.  out and err: inodes of the pipes that the program writes to. */
void ending_begin(struct ending *, const struct child *, ino_t out, ino_t err,
		  uint64_t grace);

/* The step that is due now; call it again only after ENDING_GOES_ON. */
enum ending_state ending_step(struct ending *);

/* Milliseconds until the next ending_step is due, whatever the pidfd
 * reports. */
int ending_wait(const struct ending *);

/* Log that a program is left to itself. */
void ending_report(struct log *, const struct child *, const char *name);

/* All steps, waiting; ENDING_GOES_ON: so many ms (-1: no limit) were not
 * enough. */
enum ending_state ending_run(struct ending *, int ms);

#endif
