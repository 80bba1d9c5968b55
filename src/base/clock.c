/*
 * Reading clocks, and the earliest of several deadlines.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/clock.h"

#include <stddef.h>
#include <time.h>

/* poll(2) takes an int, so a longer wait needs several calls. */
#define LONGEST 60000

#ifdef CLOCK_MONOTONIC_COARSE /* Linux */
#define COARSE CLOCK_MONOTONIC_COARSE
#else
#define COARSE CLOCK_MONOTONIC
#endif

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t
clock_ms(void)
{
	return nanoseconds(CLOCK_MONOTONIC) / 1000000;
}

uint64_t
clock_us(void)
{
	return nanoseconds(CLOCK_MONOTONIC) / 1000;
}

uint64_t
clock_ms_coarse(void)
{
	return nanoseconds(COARSE) / 1000000;
}

uint64_t
clock_cpu_ns(void)
{
	return nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
clock_wall_ms(void)
{
	return (int64_t)(nanoseconds(CLOCK_REALTIME) / 1000000);
}

/* ---- deadlines ---- */

void
deadline_sooner(struct deadline *d, uint64_t from, uint64_t ms,
		const struct deadline *other)
{
	if (ms == 0 || from + ms >= d->at)
		return;
	*d = *other;
	d->at = from + ms;
}

uint64_t
deadline_at_rate(uint64_t from, uint64_t ms, uint64_t bytes, uint64_t now)
{
	enum { MS_FOR_BYTE = 2 };
	/* Otherwise a client that was fast at first could pause for hours. */
	uint64_t most = now + (ms > DEADLINE_SILENCE ? ms : DEADLINE_SILENCE);

	if (ms == 0)
		return DEADLINE_NEVER;
	if (most < now) /* overflow: it never expires */
		most = DEADLINE_NEVER;
	if (bytes > (DEADLINE_NEVER - from - ms) / MS_FOR_BYTE)
		return most;
	from += ms + MS_FOR_BYTE * bytes;
	return from < most ? from : most;
}

int
deadline_wait(const struct deadline *d)
{
	uint64_t now;

	if (d->at == DEADLINE_NEVER)
		return -1;
	now = clock_ms();
	if (d->at <= now)
		return 0;
	return d->at - now > LONGEST ? LONGEST : (int)(d->at - now);
}

bool
deadline_over(const struct deadline *d)
{
	return d->at != DEADLINE_NEVER && clock_ms() >= d->at;
}
