/*
 * Processes that a program has left outside of its process group: children
 * that called setsid(2) or setpgid(2), which a signal to the group does not
 * reach.
 *
 * Two kinds are found:
 * - Descendants of the program.  These include daemons, because the kernel
 *   makes the program the parent of processes that its descendants leave behind
 *   (os_adopt_orphans).  A warm program does not adopt them, nor does one that
 *   has ended: then descendants whose own parent has ended are missed.
 * - Processes that can write to a pipe that only this program was given.
 *
 * A process that the program has not started is never taken for a stray.
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

/* Make an empty list; free it with strays_free. */
void strays_init(struct strays *);

/*
 * Add the descendants of the program, and of the strays in the list, except
 * those in the program's process group.  program: its pid, which is also the
 * number of its group; 0: it has ended.  Without memory some are missed.
 */
void strays_of(struct strays *, pid_t program);

/* Add processes that can write to the pipe with that inode; 0: no pipe. */
void strays_at(struct strays *, ino_t pipe);

/* Send the signal to each of them. */
void strays_signal(const struct strays *, int signal);

/* Have all ended? */
bool strays_ended(const struct strays *);

/* Free the list, but leave its processes alone; it is empty then. */
void strays_free(struct strays *);

#endif
