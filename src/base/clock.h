/*
 * When a request is to be given up, and why: the time-outs of [app] count from
 * different moments, and the one that comes first is waited for.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORSWRAP_DEADLINE_H
#define CORSWRAP_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Its strings are constant.  `id` is the key of [app], `todo` the advice and
 * `text` the cause for the log.
 */
struct deadline {
	uint64_t at; /* of deadline_now(); DEADLINE_NEVER: none */
	const char *id;
	const char *todo;
	const char *text;
};

#define DEADLINE_NEVER UINT64_MAX

/* Milliseconds of the monotonic clock. */
uint64_t deadline_now(void);

/*
 * `*d` becomes `other` (its `at` is not looked at) if that ends earlier: `ms`
 * milliseconds after `from`, 0 for never.
 */
void deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		     const struct deadline *other);

/* For poll(2): milliseconds until then, a minute at most; -1: there is none. */
int deadline_wait(const struct deadline *);

/* Whether it is over. */
bool deadline_over(const struct deadline *);

#endif
