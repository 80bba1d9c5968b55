/*
 * Staying awake for what is about to come.
 *
 * To sleep and be woken costs a thread more than what a quick peer takes: look
 * some times, and let others have the processor in between.  Where that was in
 * vain it is tried less often, so that a peer that takes its time costs little.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STAY_H
#define STAY_H

#include <stdbool.h>

enum {
	STAY_LOOKS = 48, /* 20 us or so, where nobody else wants to run */
	STAY_SKIPS = 7	 /* at most, after one in vain */
};

/* Of one thread and one kind of peer; zero at first. */
struct stay {
	unsigned missed;
	unsigned skipped;
};

/* How often to look this time, with sched_yield before each; 0: sleep. */
static inline int
stay_looks(struct stay *stay)
{
	if (stay->skipped < stay->missed) {
		stay->skipped++;
		return 0;
	}
	stay->skipped = 0;
	return STAY_LOOKS;
}

/* What has come of it. */
static inline void
stay_ended(struct stay *stay, bool seen)
{
	if (seen)
		stay->missed = 0;
	else if (stay->missed < STAY_SKIPS)
		stay->missed = 2 * stay->missed + 1;
}

#endif
