/*
 * Conditions of threads by the monotonic clock, which macOS has by another name.
 * Beside os.h, as WebAssembly has no threads.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_OS_CONDITION_H
#define BASE_OS_CONDITION_H

#include <pthread.h>
#include <stdint.h>

/*
 * A condition, and a wait for it that lasts so many milliseconds at most,
 * whatever becomes of the time of day meanwhile.  As pthread_cond_timedwait:
 * the caller holds the lock, and wakes for nothing now and then.
 */
void os_condition_init(pthread_cond_t *);
void os_condition_wait(pthread_cond_t *, pthread_mutex_t *, uint64_t ms);

#endif
