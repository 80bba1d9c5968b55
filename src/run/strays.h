/*
 * Processes that a program has left outside of its process group: children
 * that called setsid(2) or setpgid(2), which a signal to the group does not
 * reach.
 *
 * It finds the program's descendants, also daemons, because a program becomes
 * the parent of processes that its descendants leave behind
 * (os_adopt_orphans); for a warm program, or one that has ended, only
 * descendants whose own parents live; and processes that can still write to a
 * pipe that only this program got.  All are certain: other processes are never
 * taken for one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_STRAYS_H
#define RUN_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stray {
	pid_t pid;
	int fd; /* a pidfd: it cannot refer to another process */
};

struct strays {
	struct stray *list;
	size_t count;
	size_t room;
};

/* None yet. */
void strays_init(struct strays *);

/* Add the descendants of the program, whose number is also that of its group
 * (0: it has ended), and of those that are known, that are not in that group. */
void strays_of(struct strays *, pid_t program);

/* Add processes that can write to the pipe with that inode; 0: no pipe. */
void strays_at(struct strays *, ino_t pipe);

/* Send each the signal. */
void strays_signal(const struct strays *, int signal);

/* Have all ended? */
bool strays_ended(const struct strays *);

/* Forget them. */
void strays_free(struct strays *);

#endif
