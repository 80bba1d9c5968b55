/*
 * Ending a program before its time: TERM to its process group and to what it
 * left outside of that, KILL after a grace, and no waiting for what neither
 * reaches.
 *
 * Before KILL everything is stopped, so that nothing new is started while what
 * there is is looked for.
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
	pid_t group; /* 0: nobody is in it any more */
	struct strays strays;
	uint64_t until; /* ms: what comes next is due */
	bool killed;
	bool reaped;
	ino_t pipes[2];
};

/* The inode of a pipe, for ending_begin; 0 for -1. */
ino_t ending_pipe(int fd);

/* Send TERM.  out and err: inodes of the pipes that the program writes to. */
void ending_begin(struct ending *, const struct child *, ino_t out, ino_t err,
		  uint64_t grace);

/* What is due now; not to be called again but after ENDING_GOES_ON. */
enum ending_state ending_step(struct ending *);

/* Milliseconds until ending_step has something to do, whatever the pidfd
 * says. */
int ending_wait(const struct ending *);

/* Log that a program is left to itself. */
void ending_report(struct log *, const struct child *, const char *name);

/* All of it, waiting; ENDING_GOES_ON: so many ms (-1: any time) were not
 * enough. */
enum ending_state ending_run(struct ending *, int ms);

#endif
