/*
 * How often a thread spins for a peer: at each request of a fast one, at one
 * in eight of a slow one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/spin.h"
#include "unit.h"

/* q: it was quick, s: it was slow, -: not spun */
static const struct row {
	const char *name;
	const char *peer; /* q, s: the peer at each request */
	const char *want;
} rows[] = {
    {"a quick peer, each time", "qqqq", "qqqq"},
    {"once slow: one is left out", "qsqq", "qs-q"},
    {"slow again and again", "ssssssssssssssssssssss",
     "s-s---s-------s-------"},
    {"and quick again", "ssssssssssssssqqqq", "s-s---s-------qqqq"},
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct spin spin = {0, 0};
	char got[64];
	size_t n = strlen(row->peer);

	for (size_t i = 0; i < n; i++) {
		int rounds = spin_rounds(&spin);

		assert_true(rounds == 0 || rounds == SPIN_ROUNDS);
		got[i] = rounds == 0 ? '-' : row->peer[i];
		if (rounds > 0)
			spin_ended(&spin, row->peer[i] == 'q');
	}
	got[n] = '\0';
	assert_string_equal(got, row->want);
}

int
main(void)
{
	struct CMUnitTest tests[UNIT_COUNT(rows)];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	return unit_run(tests, n);
}
