/*
 * Adaptive spinning: polling for a moment before going to sleep.
 *
 * Sleeping and waking take longer than a fast peer needs to respond.  So a
 * thread polls some times first, and yields the processor in between.  If the
 * peer did not respond meanwhile, it spins less often, so that a slow peer
 * costs little.
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
	unsigned missed;  /* how many sleeps to skip spinning for, 0 to 7 */
	unsigned skipped; /* of them are left */
};

/* How often to poll this time, with sched_yield before each; 0: sleep. */
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

/* Spinning has ended: did the peer respond meanwhile? */
static inline void
spin_ended(struct spin *spin, bool seen)
{
	if (seen)
		spin->missed = 0;
	else if (spin->missed < SPIN_SKIPS)
		spin->missed = 2 * spin->missed + 1;
}

#endif
