/*
 * What a program has left outside of its process group: children that called
 * setsid(2) or setpgid(2), which no signal to the group reaches.
 *
 * Found are its descendants, a daemon too, because a program is made the parent of
 * what its descendants leave behind (os_adopt_orphans); of one that runs warm, or
 * has ended, those alone whose own parents live; and whoever can still write to a
 * pipe that this program alone was given.  All are certain: nobody else's process
 * is taken for one.
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
	int fd; /* a pidfd: no other process can be meant */
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

/* Add who can write to the pipe of that inode; 0: none. */
void strays_at(struct strays *, ino_t pipe);

/* Send each the signal. */
void strays_signal(const struct strays *, int signal);

/* Have all ended? */
bool strays_ended(const struct strays *);

/* Forget them. */
void strays_free(struct strays *);

#endif
