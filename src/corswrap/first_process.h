/*
 * The first process of a container.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FIRST_PROCESS_H
#define FIRST_PROCESS_H

#include <sys/types.h>

/*
 * If this is process 1, start the responder as a child of it.
 *
 * Returns the child's pid in process 1, which then calls first_process_wait; 0
 * in the process that is to be the responder, also if this is not process 1, or
 * no child could be started.  Call it before there are threads, and after the
 * responder has become the user that it runs as: with another user, process 1
 * may not be allowed to signal it.
 */
pid_t first_process_start(void);

/* Pass signals on to the responder, and wait for every process that ends, until
 * it has ended itself.  Returns its exit status as a shell does. */
int first_process_wait(pid_t responder);

#endif
