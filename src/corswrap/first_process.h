/*
 * The first process of a container.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FIRST_PROCESS_H
#define FIRST_PROCESS_H

/*
 * If this is process 1, start the responder as a child, pass signals on to it,
 * and wait for every process that ends, until it has ended itself.
 *
 * Returns -1 in the process that is to be the responder (also if no child could
 * be started), else the exit status.  Call it before there are threads.
 */
int first_process(void);

#endif
