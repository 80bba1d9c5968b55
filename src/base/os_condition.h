/*
 * Condition variables with timeouts by the monotonic clock, for which macOS has
 * its own function.  Not in os.h, because WebAssembly has no threads.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_OS_CONDITION_H
#define BASE_OS_CONDITION_H

#include <pthread.h>
#include <stdint.h>

/* Make a condition variable for os_condition_wait. */
void os_condition_init(pthread_cond_t *);
/*
 * Wait for the condition for at most ms milliseconds, even if the system time
 * is set meanwhile.  As with pthread_cond_timedwait, the caller holds the lock,
 * and the wait may end without a signal.
 */
void os_condition_wait(pthread_cond_t *, pthread_mutex_t *, uint64_t ms);

#endif
