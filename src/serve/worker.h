/*
 * A worker of the responder, as a thread.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WORKER_H
#define WORKER_H

/* Accept connections and handle their requests until the responder stops or
 * too many workers wait.  argument is the struct worker (pool.h), which
 * pool_end_worker gets at the end.  Returns NULL. */
void *worker_run(void *argument);

#endif
