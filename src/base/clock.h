/*
 * Reading clocks, which is done only here, and deadlines: a request has several
 * timeouts that begin at different times, and poll(2) waits for the one that
 * expires first.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds and microseconds of the monotonic clock, which begins at an
 * unspecified time and is never set. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* As clock_ms, at a third of the cost, but up to 10 ms behind it.  Compare it
 * only with other values of this function. */
uint64_t clock_ms_coarse(void);

/* The processor time that all threads of this process have used, in
 * nanoseconds. */
uint64_t clock_cpu_ns(void);

/* Milliseconds since 1970-01-01 00:00 UTC.  This clock can be set back. */
int64_t clock_wall_ms(void);

/* ---- deadlines ---- */

/*
 * A deadline.  Its strings are static: `id` is the key of [app], `todo` is the
 * hint and `text` the cause for the log.
 */
struct deadline {
	uint64_t at; /* by clock_ms(); DEADLINE_NEVER: no deadline */
	const char *id;
	const char *todo;
	const char *text;
};

#define DEADLINE_NEVER UINT64_MAX

/*
 * Replace *d by *other if that expires earlier.  *other expires ms milliseconds
 * after from (ms 0: never); its `at` is ignored.
 */
void deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		     const struct deadline *other);

/*
 * The deadline for more bytes, after `bytes` bytes have been received: ms
 * milliseconds after from, and a second later for each 500 bytes (as with
 * MinRate of Apache's mod_reqtimeout).  It is at most DEADLINE_SILENCE or ms
 * milliseconds after now, whichever is more (as with Apache's Timeout).  ms 0:
 * DEADLINE_NEVER.
 */
#define DEADLINE_SILENCE 60000
uint64_t deadline_at_rate(uint64_t from, uint64_t ms, uint64_t bytes,
			  uint64_t now);

/* The timeout for poll(2): milliseconds until the deadline, at most a minute;
 * -1: no deadline. */
int deadline_wait(const struct deadline *);

/* Has the deadline passed? */
bool deadline_over(const struct deadline *);

#endif
