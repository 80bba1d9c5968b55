/*
 * The clock that time-outs are measured by, and which of them comes first.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/clock.h"

#include <stddef.h>
#include <time.h>

/* poll(2) takes an int; so long a sleep can as well be two. */
#define LONGEST 60000

uint64_t
deadline_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		const struct deadline *other)
{
	if (ms == 0 || from + ms >= d->at)
		return;
	*d = *other;
	d->at = from + ms;
}

int
deadline_wait(const struct deadline *d)
{
	uint64_t now;

	if (d->at == DEADLINE_NEVER)
		return -1;
	now = deadline_now();
	if (d->at <= now)
		return 0;
	return d->at - now > LONGEST ? LONGEST : (int)(d->at - now);
}

bool
deadline_over(const struct deadline *d)
{
	return d->at != DEADLINE_NEVER && deadline_now() >= d->at;
}
