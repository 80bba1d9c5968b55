/*
 * The matcher against a naive one: 10^5 random policies and origins, the same
 * every time.  A tree of another project let barfoo.com in through foo.com and
 * bar.com (GHSA-vhxv-fg4m-p2w8); such labels are what is drawn from here.
 *
 * SPDX-License-Identifier: ISC
 */
#include "origin.h"
#include "unit.h"

#include <stdio.h>

static uint32_t seed = 20260101;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static size_t
draw_origin(char *to, size_t cap, bool pattern)
{
	static const char *const schemes[] = { "http", "https", "app" };
	static const char *const labels[] = { "a", "foo", "bar", "barfoo",
		"com", "net", "foo-bar", "x" };
	static const char *const ports[] = { "", "", ":8080", ":81", ":*" };
	const char *sub = pattern && draw(3) == 0 ? "*." : "";
	uint32_t count = 1 + draw(3);
	size_t len = (size_t)snprintf(to, cap, "%s://%s", schemes[draw(3)],
	    sub);

	for (uint32_t i = 0; i < count; i++)
		len += (size_t)snprintf(to + len, cap - len, "%s%s",
		    i == 0 ? "" : ".", labels[draw(8)]);
	return len + (size_t)snprintf(to + len, cap - len, "%s",
		   ports[draw(pattern ? 5 : 4)]);
}

/* By the words of the manual, as simply as can be. */
static bool
naive(const struct origin_pattern *p, struct slice text)
{
	struct origin o;

	if (!origin_parse(text, &o) || !slice_eq(o.scheme, p->scheme))
		return false;
	if (!p->any_port && o.port != p->port)
		return false;
	if (!p->any_subdomain)
		return slice_eq(o.host, p->host);
	if (o.host.len < p->host.len + 2)
		return false;
	size_t at = o.host.len - p->host.len;
	return o.host.ptr[at - 1] == '.' &&
	    slice_eq(slice_after(o.host, at), p->host);
}

static void
test_random(void **state)
{
	enum { PATTERNS = 6, ORIGINS = 5 };

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[PATTERNS][128], origin[128];
		struct origin_pattern p[PATTERNS];
		struct arena *arena = arena_new();
		for (int i = 0; i < PATTERNS; i++) {
			size_t len = draw_origin(text[i], 128, true);
			assert_int_equal(0, origin_pattern_parse(
			    slice_of(text[i], len), &p[i]));
		}
		struct origin_set *set =
		    origin_set_build(arena, p, PATTERNS, NULL, 0);
		for (int j = 0; j < ORIGINS; j++) {
			size_t len = draw_origin(origin, 128, false);
			bool want = false;
			for (int i = 0; i < PATTERNS; i++)
				want |= naive(&p[i], slice_of(origin, len));
			if (want != origin_set_match(set,
			    slice_of(origin, len), NULL))
				fail_msg("%s, round %d", origin, round);
		}
		arena_free(arena);
	}
}

/* What covers, covers all that the other matches. */
static void
test_covers(void **state)
{
	(void)state;
	for (int round = 0; round < 50000; round++) {
		char a[128], b[128], origin[128];
		struct origin_pattern pa, pb;
		struct slice o;
		(void)origin_pattern_parse(
		    slice_of(a, draw_origin(a, 128, true)), &pa);
		(void)origin_pattern_parse(
		    slice_of(b, draw_origin(b, 128, true)), &pb);
		o = slice_of(origin, draw_origin(origin, 128, false));
		if (origin_pattern_covers(&pa, &pb) && naive(&pb, o))
			assert_true(naive(&pa, o));
	}
}

static void
test_many(void **state)
{
	enum { COUNT = 100000 };
	struct arena *arena = arena_new();
	struct origin_pattern *p = arena_array(arena, COUNT, sizeof(*p));
	char text[64];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		int n = snprintf(text, sizeof(text), "https://h%d.example", i);
		struct slice s = arena_slice(arena, slice_of(text, (size_t)n));
		assert_int_equal(0, origin_pattern_parse(s, &p[i]));
	}
	struct origin_set *set = origin_set_build(arena, p, COUNT, NULL, 0);
	for (int i = 0; i < COUNT; i += 97) {
		int n = snprintf(text, sizeof(text), "https://h%d.example", i);
		assert_true(origin_set_match(set, slice_of(text, (size_t)n),
		    NULL));
		text[9] = 'x';
		assert_false(origin_set_match(set, slice_of(text, (size_t)n),
		    NULL));
	}
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[] = { cmocka_unit_test(test_random),
		cmocka_unit_test(test_covers), cmocka_unit_test(test_many) };

	return unit_run(tests, UNIT_COUNT(tests));
}
