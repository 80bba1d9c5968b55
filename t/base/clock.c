/*
 * How long a body may take: a minimum rate, and no long pause.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/clock.h"

#include "unit.h"

#define NEVER DEADLINE_NEVER

struct rate_row {
	const char *name;
	uint64_t from, ms, bytes, now, want;
};

static const struct rate_row rate_rows[] = {
    {"no limit", 1000, 0, 500, 5000, NEVER},
    {"nothing came", 1000, 20000, 0, 1000, 21000},
    {"500 bytes are a second", 1000, 20000, 500, 1500, 22000},
    {"whenever they came", 1000, 20000, 500, 21500, 22000},
    {"it is over", 1000, 20000, 500, 23000, 22000},
    {"less than a minute is left", 1000, 20000, 20000, 2000, 61000},
    {"60 MB at once earn a minute of silence", 1000, 20000, 60000000, 2000,
     62000},
    {"later too", 1000, 20000, 60000000, 90000, 150000},
    {"or ms, if that is more", 1000, 300000, 60000000, 2000, 302000},
    {"and nothing came", 1000, 300000, 0, 2000, 301000},
    {"more bytes than fit", 1000, 20000, NEVER, 2000, 62000},
    {"more time than fits", 1000, NEVER - 1000, 500, 2000, NEVER},
};

static void
test_rate(void **state)
{
	const struct rate_row *row = *state;

	assert_int_equal(
	    deadline_at_rate(row->from, row->ms, row->bytes, row->now),
	    row->want);
}

static void
test_sooner(void **state)
{
	static const struct deadline other = {0, "id", "todo", "text"};
	struct deadline d = {.at = DEADLINE_NEVER};

	(void)state;
	assert_int_equal(deadline_wait(&d), -1);
	deadline_sooner(&d, 1, 0, &other);
	assert_true(d.at == DEADLINE_NEVER);
	deadline_sooner(&d, 1, 5, &other);
	assert_int_equal(d.at, 6);
	assert_string_equal(d.id, "id");
	deadline_sooner(&d, 1, 9, &other);
	assert_int_equal(d.at, 6);
	assert_true(deadline_over(&d));
	assert_int_equal(deadline_wait(&d), 0);
	d.at = clock_ms() + 3600000;
	assert_false(deadline_over(&d));
	assert_int_equal(deadline_wait(&d), 60000);
}

int
main(void)
{
	struct CMUnitTest tests[32];
	size_t n = 0;

	UNIT_ROWS(tests, n, rate_rows, test_rate);
	UNIT_TEST(tests, n, test_sooner);
	return unit_run(tests, n);
}
