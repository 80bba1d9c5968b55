/*
 * The one place that reads clocks, and deadlines: a request has several
 * time-outs that count from different moments, and the one that ends first is
 * waited for.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds and microseconds of the monotonic clock, which begins anywhere
 * and is never set. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* As clock_ms, in a third of the time; up to 10 ms late, so that only coarse
 * times of the same kind may be compared with it. */
uint64_t clock_ms_coarse(void);

/* Nanoseconds of processor time that all threads of this process have used. */
uint64_t clock_cpu_ns(void);

/* Milliseconds since 1970.  Whoever sets the clock may move it back. */
int64_t clock_wall_ms(void);

/* ---- deadlines ---- */

/*
 * Its strings are constant.  `id` is the key of [app], `todo` the advice and
 * `text` the cause for the log.
 */
struct deadline {
	uint64_t at; /* of clock_ms(); DEADLINE_NEVER: none */
	const char *id;
	const char *todo;
	const char *text;
};

#define DEADLINE_NEVER UINT64_MAX

/*
 * `*d` becomes `other` (its `at` is ignored) if that ends earlier: `ms`
 * milliseconds after `from`, 0 for never.
 */
void deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		     const struct deadline *other);

/*
 * Until when to wait from `now` on for more bytes, of which so many have come:
 * `ms` milliseconds from `from` on, 0 for never, and a second more for each 500
 * of them (as the MinRate of Apache's mod_reqtimeout); but no longer than for
 * DEADLINE_SILENCE or `ms`, whichever is more (as its Timeout).
 */
#define DEADLINE_SILENCE 60000
uint64_t deadline_at_rate(uint64_t from, uint64_t ms, uint64_t bytes,
			  uint64_t now);

/* For poll(2): milliseconds until then, a minute at most; -1: there is none. */
int deadline_wait(const struct deadline *);

/* Is it over? */
bool deadline_over(const struct deadline *);

#endif
