/*
 * What a program has left outside of its process group: children that called
 * setsid(2) or setpgid(2), which no signal to the group reaches.
 *
 * Found are descendants as long as the chain of parents holds, and whoever can
 * still write to a pipe that this program alone was given.  Both are certain:
 * nobody else's process is taken for one.  A daemon that has lost its parent
 * and closed its descriptors is not found.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_STRAYS_H
#define RUN_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { STRAYS_MAX = 64 }; /* of a program; more than that are not ended */

struct strays {
	size_t count;
	pid_t pids[STRAYS_MAX];
	int fds[STRAYS_MAX]; /* pidfds: no other process can be meant */
};

/* None yet. */
void strays_init(struct strays *);

/* Add the descendants of the program, whose number is also that of its group,
 * that are not in that group. */
void strays_of(struct strays *, pid_t program);

/* Add who can write to the pipe of that inode; 0: none. */
void strays_at(struct strays *, ino_t pipe);

/* Send each the signal. */
void strays_signal(const struct strays *, int signal);

/* Have all ended? */
bool strays_ended(const struct strays *);

/* Forget them. */
void strays_free(struct strays *);

#endif
