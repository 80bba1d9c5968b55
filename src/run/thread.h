/*
 * Threads: how they are started, and how one wakes another that waits in poll.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_THREAD_H
#define RUN_THREAD_H

#include <pthread.h>

/* Start a thread with a small stack: thousands may wait for slow clients.  0,
 * or an error number. */
int thread_start(pthread_t *, void *(*run)(void *), void *context);

/* The same, but with all signals blocked in the thread, so that the main thread
 * gets those of the process. */
int thread_start_blocked(pthread_t *, void *(*run)(void *), void *context);

/* A pipe with which one thread wakes another that polls fd. */
struct wakeup {
	int fd; /* readable from wakeup_send to wakeup_clear; -1: not open */
	int to;
};

/* -1 with errno, and not open. */
int wakeup_open(struct wakeup *);
void wakeup_send(const struct wakeup *);
void wakeup_clear(const struct wakeup *);
/* Does nothing if the pipe is not open. */
void wakeup_close(struct wakeup *);

#endif
