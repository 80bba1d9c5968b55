/*
 * Terminating a program: SIGTERM to its process group and to processes that it
 * has left outside of the group (strays.h); after a grace period SIGKILL.  A
 * program that does not end even then is not waited for.
 *
 * Before SIGKILL all these processes are stopped, so that they cannot start
 * others during the search.
 *
 * It is done in steps that do not block, so that one thread can terminate many
 * programs at a time.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ENDING_H
#define RUN_ENDING_H

#include "run/child.h"
#include "run/strays.h"

enum ending_state {
	ENDING_GOES_ON, /* more steps are needed */
	ENDING_DONE,	/* the program is reaped; status: its wait status */
	ENDING_LEFT	/* it still runs after SIGKILL; child is unchanged */
};

struct ending {
	struct child child;
	int status;
	pid_t group; /* the process group; 0: it has become empty */
	struct strays strays;
	uint64_t until; /* clock_ms: SIGKILL is due; after it: give up */
	bool killed;	/* SIGKILL has been sent */
	bool reaped;	/* the program has ended; child is empty */
	ino_t pipes[2]; /* its output and its standard error */
};

/* The inode of a pipe, for ending_begin; 0 for -1. */
ino_t ending_pipe(int fd);

/*
 * Send SIGTERM.  out and err: inodes of the pipes that only this program
 * writes to, or 0.  grace: milliseconds until SIGKILL.  The child is copied,
 * and the caller must not use its own copy before ENDING_LEFT.
 */
void ending_begin(struct ending *, const struct child *, ino_t out, ino_t err,
		  uint64_t grace);

/* Do what is due now; does not block.  After any result but ENDING_GOES_ON the
 * memory of the ending is freed: do not call this again. */
enum ending_state ending_step(struct ending *);

/* How many milliseconds to wait for the pidfd of child before the next
 * ending_step. */
int ending_wait(const struct ending *);

/* Log that a program could not be terminated and is left running. */
void ending_report(struct log *, const struct child *, const char *name);

/* Do all steps, but wait no longer than ms milliseconds (-1: no limit).
 * ENDING_GOES_ON: that was not enough; the remaining steps are up to the
 * caller. */
enum ending_state ending_run(struct ending *, int ms);

#endif
