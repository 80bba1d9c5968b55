/*
 * Adaptive spinning: polling for a moment before going to sleep.
 *
 * Going to sleep and waking up take longer than a fast peer needs to respond.
 * So a thread polls some times first, and yields the processor in between.  If
 * the peer does not respond meanwhile, the thread spins less often, so that a
 * slow peer costs little.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdbool.h>

enum {
	SPIN_ROUNDS = 48, /* about 20 us while no other thread wants to run */
	SPIN_SKIPS = 7	  /* at most this many sleeps without spinning first */
};

/* The state of one thread and one kind of peer; zero at first. */
struct spin {
	unsigned missed;  /* sleeps without spinning that are due, 0 to 7 */
	unsigned skipped; /* how many of these have happened */
};

/* How often to poll before sleeping, each time after sched_yield; 0: sleep at
 * once. */
static inline int
spin_rounds(struct spin *spin)
{
	if (spin->skipped < spin->missed) {
		spin->skipped++;
		return 0;
	}
	spin->skipped = 0;
	return SPIN_ROUNDS;
}

/* Report the end of spinning.  seen: the peer responded meanwhile. */
static inline void
spin_ended(struct spin *spin, bool seen)
{
	if (seen)
		spin->missed = 0;
	else if (spin->missed < SPIN_SKIPS)
		spin->missed = 2 * spin->missed + 1;
}

#endif
