/*
 * Hash tables under attack: origins chosen so that they all want the same
 * slot.  An author of a policy can do that, because the hash has no secret;
 * the table must then use other slots, and stay exact.
 *
 * The statics are reached by including the file; the program links this copy.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cors/origin_set.c"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

enum {
	CROWD = RUN_MAX + 40, /* origins that want the same slot */
	ROOM = 1024,	      /* slots of a table of so many origins */
	TEXT = 48
};

/* The text before and after a number. */
struct form {
	const char *before;
	const char *behind;
};

struct crowd {
	const char *name;
	struct form pattern;
	struct form member;   /* an origin that the pattern matches */
	struct form stranger; /* one that no pattern matches */
};

static const struct crowd crowds[] = {
    {"exact origins that want one slot",
     {"https://h", ".x"},
     {"https://h", ".x"},
     {"https://h", ".y"}},
    {"wildcards that want one slot",
     {"https://*.h", ".x"},
     {"https://a.h", ".x"},
     {"https://a.h", ".y"}},
    {"ports that want one slot",
     {"https://h", ".x:*"},
     {"https://h", ".x:8"},
     {"https://h", ".y:8"}},
};

static char *
print(char *to, const struct form *form, unsigned number)
{
	sprintf(to, "%s%u%s", form->before, number, form->behind);
	return to;
}

static uint64_t
hash_of(const struct origin_pattern *p)
{
	const struct table first = {.seed = 0};
	struct entry entry = {.text = p->text};
	struct origin_set unused = {.regex_count = 0};
	struct place place;

	if (!origin_pattern_is_exact(p)) {
		assert_int_equal(places_of(p), 1);
		assert_true(fill_places(NULL, &unused, p, &place));
		entry.place = &place;
	}
	return hash_entry(&first, &entry);
}

/* Numbers whose patterns fall on one slot under the first seed. */
static void
find_crowd(const struct form *form, unsigned numbers[CROWD])
{
	char text[TEXT];
	unsigned number = 0;

	for (size_t found = 0; found < CROWD; number++) {
		struct origin_pattern p;
		print(text, form, number);
		assert_int_equal(origin_pattern_parse(slice_from(text), &p),
				 ORIGIN_FAULT_NONE);
		if ((hash_of(&p) & (ROOM - 1)) == 7)
			numbers[found++] = number;
	}
}

static void
test_crowd(void **state)
{
	const struct crowd *row = *state;
	static unsigned numbers[CROWD];
	static char texts[CROWD][TEXT];
	static struct origin_pattern p[CROWD];
	struct arena *arena = arena_new();
	char text[TEXT];

	find_crowd(&row->pattern, numbers);
	for (size_t i = 0; i < CROWD; i++)
		(void)origin_pattern_parse(
		    slice_from(print(texts[i], &row->pattern, numbers[i])),
		    &p[i]);
	struct origin_set *set = origin_set_build(arena, p, CROWD, NULL, 0);
	assert_non_null(set);
	const struct table *table =
	    set->places.used > 0 ? &set->places : &set->exact;
	assert_int_equal(table->used, CROWD);
	assert_int_equal(table->mask, ROOM - 1);
	assert_int_not_equal(table->seed, 0); /* it has moved to the next slot */
	for (size_t i = 0; i < CROWD; i++) {
		print(text, &row->member, numbers[i]);
		assert_int_equal(origin_set_check(set, slice_from(text), NULL),
				 ORIGIN_ALLOWED);
		print(text, &row->stranger, numbers[i]);
		assert_int_not_equal(
		    origin_set_check(set, slice_from(text), NULL),
		    ORIGIN_ALLOWED);
	}
	arena_free(arena);
}

/* A hash of equal length and nearly equal bytes spreads over the table. */
static void
test_spread(void **state)
{
	enum { SLOTS = 1 << 12 };
	static unsigned char hits[SLOTS];
	unsigned most = 0, taken = 0;

	(void)state;
	for (unsigned i = 0; i < SLOTS; i++) {
		char text[TEXT];
		print(text, &(struct form){"https://h", ".example.com"},
		      1000000 + i);
		uint64_t hash = hash_bytes(slice_from(text), 0);
		unsigned char *hit = &hits[hash & (SLOTS - 1)];
		taken += *hit == 0;
		++*hit;
		most = *hit > most ? *hit : most;
	}
	/* By chance 63 of a hundred are taken, each by at most 8. */
	assert_true(taken > SLOTS * 6 / 10);
	assert_true(most <= 10);
}

/* Every length, at the end of memory: all bytes count, and no byte after
 * them is read. */
static void
test_lengths(void **state)
{
	char text[96];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		struct slice s = unit_guard(slice_of(text, len));
		uint64_t hash = hash_bytes(s, 1);
		assert_int_not_equal(hash, hash_bytes(s, 2));
		for (size_t i = 0; i < len; i++) {
			text[i] = 'b';
			assert_int_not_equal(
			    hash, hash_bytes(slice_of(text, len), 1));
			text[i] = 'a';
		}
		assert_int_not_equal(hash,
				     hash_bytes(slice_of(text, len + 1), 1));
		unit_unguard(s);
	}
}

/* On 32 bits the same bytes have the same hash. */
static void
test_mix(void **state)
{
	static const uint64_t edges[] = {0, 1, UINT32_MAX, 1ull << 32,
					 UINT64_MAX, 0x9e3779b97f4a7c15u};
	uint64_t a = 1, b = 2;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(edges); i++)
		for (size_t j = 0; j < UNIT_COUNT(edges); j++)
			assert_true(mix(edges[i], edges[j]) ==
				    mix_by_halves(edges[i], edges[j]));
	for (int i = 0; i < 100000; i++) {
		a = a * 6364136223846793005u + 1442695040888963407u;
		b = b * 3935559000370003845u + 2691343689449507681u;
		assert_true(mix(a, b) == mix_by_halves(a, b));
	}
}

int
main(void)
{
	struct CMUnitTest tests[8];
	size_t n = 0;

	UNIT_ROWS(tests, n, crowds, test_crowd);
	UNIT_TEST(tests, n, test_mix);
	UNIT_TEST(tests, n, test_spread);
	UNIT_TEST(tests, n, test_lengths);
	return unit_run(tests, n);
}
