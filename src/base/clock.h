/*
 * The one place that reads clocks; and deadlines: a request has several
 * timeouts that count from different moments, and a poll waits for the one that
 * ends first.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds and microseconds of the monotonic clock, which has no fixed
 * beginning and is never set. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* As clock_ms, in a third of the time; up to 10 ms late, so that only coarse
 * times of the same kind may be compared with it. */
uint64_t clock_ms_coarse(void);

/* Nanoseconds of processor time that all threads of this process have used. */
uint64_t clock_cpu_ns(void);

/* Milliseconds since 1970.  This clock can be set back. */
int64_t clock_wall_ms(void);

/* ---- deadlines ---- */

/*
 * A deadline; its strings are constant.  `id` is the key of [app], `todo` the
 * advice and `text` the cause for the log.
 */
struct deadline {
	uint64_t at; /* of clock_ms(); DEADLINE_NEVER: none */
	const char *id;
	const char *todo;
	const char *text;
};

#define DEADLINE_NEVER UINT64_MAX

/*
 * If `other` ends earlier than `*d`, it becomes `*d`.  It ends `ms`
 * milliseconds after `from` (0: never); its `at` is ignored.
 */
void deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		     const struct deadline *other);

/*
 * Until when to wait, from `now` on, for more bytes, when so many have come:
 * until `ms` milliseconds after `from` (0: never), and a second more for each
 * 500 bytes (as the MinRate of Apache's mod_reqtimeout).  But never longer than
 * DEADLINE_SILENCE or `ms`, whichever is more (as its Timeout).
 */
#define DEADLINE_SILENCE 60000
uint64_t deadline_at_rate(uint64_t from, uint64_t ms, uint64_t bytes,
			  uint64_t now);

/* For poll(2): milliseconds until then, a minute at most; -1: there is none. */
int deadline_wait(const struct deadline *);

/* Has it passed? */
bool deadline_over(const struct deadline *);

#endif
