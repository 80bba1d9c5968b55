/*
 * Rare cases of the core: too long, too deep, given twice, or made to collide.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

/* Only for its hash: the set under test is the library's. */
#define origin_set_build copied_build
#define origin_set_check copied_check
#define origin_set_match copied_match
#include "cors/origin_set.c"
#undef origin_set_build
#undef origin_set_check
#undef origin_set_match
struct origin_set *origin_set_build(struct arena *,
				    const struct origin_pattern *, size_t,
				    const struct regex *const *, size_t);
enum origin_verdict origin_set_check(const struct origin_set *, struct slice,
				     struct regex_scratch *);

#include <stdio.h>
#include <stdlib.h>

#include "cors/header_block.h"
#include "fetch/fetch.h"
#include "fetch/url.h"
#include "policy_kit.h"
#include "unit.h"

/* ---- origins ---- */

static void
test_punycode(void **state)
{
	static const char *const bad[] = {
	    "https://xn--99999999999999999999",
	    "https://xn--zzzzzzzzzzzzzzzzzzzz",
	    "https://xn--a-99999999999999999999999999999999",
	    "https://xn--9999999a.example",
	    "https://xn--999999b.example",
	    "https://xn--99zzzzzb.example",
	    "https://xn--abcdefghijklmnop-99999999",
	    "https://xn--",
	    "https://xn--a-",
	};
	struct origin origin;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		assert_false(origin_parse(slice_from(bad[i]), &origin));
	/* And all short texts: no access outside of them, whatever the
	 * result. */
	for (unsigned i = 0; i < 36 * 36 * 36; i++) {
		char text[32];
		const char *digits = "abcdefghijklmnopqrstuvwxyz0123456789";
		(void)snprintf(text, sizeof(text), "https://xn--9999%c%c%c",
			       digits[i % 36], digits[i / 36 % 36],
			       digits[i / 36 / 36]);
		struct slice s = unit_guard(slice_from(text));
		(void)origin_parse(s, &origin);
		unit_unguard(s);
	}
}

/* More colliding origins than a table probes: it takes another seed. */
static void
test_collisions(void **state)
{
	enum { COUNT = 300, SLOTS = 1024 };
	static char texts[COUNT][32];
	static struct origin_pattern patterns[COUNT];
	struct arena *arena = arena_new();
	unsigned found = 0;

	(void)state;
	assert_non_null(arena);
	for (unsigned i = 0; found < COUNT; i++) {
		char *text = texts[found];
		(void)snprintf(text, sizeof(texts[0]), "https://h%u.example",
			       i);
		if ((hash_bytes(slice_from(text), 0) & (SLOTS - 1)) != 7)
			continue;
		assert_int_equal(
		    origin_pattern_parse(slice_from(text), &patterns[found]),
		    ORIGIN_FAULT_NONE);
		found++;
	}
	struct origin_set *set =
	    origin_set_build(arena, patterns, COUNT, NULL, 0);
	assert_non_null(set);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(origin_set_check(set, patterns[i].text, NULL),
				 ORIGIN_ALLOWED);
	assert_int_equal(
	    origin_set_check(set, SLICE("https://hx.example"), NULL),
	    ORIGIN_UNKNOWN);
	arena_free(arena);
}

/* ---- decisions ---- */

static const struct decision {
	const char *name;
	const char *variables[8];
	enum cors_verdict verdict;
} decisions[] = {
    {"a proto with a blank before its comma",
     {"REQUEST_METHOD=POST", "HTTP_ORIGIN=https://h.com", "HTTP_HOST=h.com",
      "HTTP_X_FORWARDED_PROTO=https \t, http"},
     CORS_RUN},
    {"a port of six digits",
     {"REQUEST_METHOD=POST", "HTTP_ORIGIN=http://h.com",
      "HTTP_HOST=h.com:000080"},
     CORS_BLOCK},
    {"a port that is none",
     {"REQUEST_METHOD=POST", "HTTP_ORIGIN=http://h.com", "HTTP_HOST=h.com:8x"},
     CORS_BLOCK},
    {"variables of no interest",
     {"REQUEST_METHOD=POST", "ZZZ=1", "HTTP_ZZZ=1", "REQUEST_ZZZ=1",
      "SERVER_ZZZ=1", "HTTP_ORIGIN=http://h.com", "HTTP_HOST=h.com"},
     CORS_RUN},
};

static void
test_decision(void **state)
{
	static struct cors_decision d;
	const struct decision *row = *state;
	struct arena *arena = arena_new();
	struct request request;
	char *variables[9] = {NULL};

	for (size_t i = 0; i < 8; i++)
		variables[i] = (char *)(uintptr_t)row->variables[i];
	const struct policy_set *set =
	    kit_policies(arena, "origins=https://a.com;enforce=block");
	request_read(&request, variables);
	decide_by_policy(set->policies[0], &request, NULL, &d);
	assert_int_equal(d.verdict, row->verdict);
	arena_free(arena);
}

/* Sections of one wildcard host without a matching path. */
static void
test_same_wildcard(void **state)
{
	struct arena *arena = arena_new();
	const struct policy_set *set =
	    kit_policies(arena, "name=a;origins=*;host=*.h.com;path=/a\n"
				"name=b;origins=*;host=*.h.com;path=/b\n"
				"name=c;origins=*;path=/c");
	struct request request = {.host = SLICE("x.h.com")};
	const struct policy *policy;

	(void)state;
	assert_int_equal(policy_choose(set, &request, SLICE("/c"), &policy),
			 POLICY_CHOSEN);
	unit_assert_slice(policy->spec.name, "c");
	assert_int_equal(policy_choose(set, &request, SLICE("/d"), &policy),
			 POLICY_NONE);
	arena_free(arena);
}

/* ---- URLs, header blocks, the browser's side ---- */

static void
test_url(void **state)
{
	static const char *const bad[] = {
	    "http://[1:2:3:4:5:6:7:8:9]/",
	    "http://[:1]/",
	    "http://[1::2::3]/",
	    "http://[::1.2.3]/",
	    "http://[1:2:3:4:5:6:7:1.2.3.4]/",
	    "http://[::g]/",
	    "http://[12345::]/",
	    "http://[1:2:3:4:5:6:7::8]/",
	    "http://[:]/",
	};
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		enum url_fault fault =
		    url_parse(arena, slice_from(bad[i]), NULL, NULL, &url);
		/* One of them is an address, with a "::" for a single 0. */
		if (i != 7)
			assert_int_equal(fault, URL_FAULT_HOST);
		assert_non_null(url_fault_text(fault));
	}
	arena_free(arena);
}

static void
test_header(void **state)
{
	static const char text[] = "Status: 200\n\n";
	struct header_options options = {0};
	struct header_block block;
	char buf[64];
	size_t used;

	(void)state;
	header_init(&block, buf, sizeof(buf), &options);
	assert_int_equal(header_feed(&block, text, sizeof(text) - 1, &used),
			 HEADER_DONE);
	/* It has ended already. */
	assert_int_equal(header_end(&block), HEADER_DONE);
	assert_int_equal(header_feed(&block, "x", 1, &used), HEADER_DONE);
	assert_int_equal(used, 0);
}

static void
test_fetch(void **state)
{
	bool chromium = false;

	(void)state;
	assert_null(fetch_reason_id(FETCH_PASSES));
	for (int i = FETCH_PASSES + 1; i < FETCH_REASON_COUNT; i++)
		assert_non_null(fetch_reason_id((enum fetch_reason)i));
	assert_int_equal(fetch_safelist(FETCH_CHROMIUM, SLICE("range"),
					SLICE("bytes=99999999999999999999-"),
					&chromium),
			 FETCH_RANGE);
	assert_true(chromium);
	assert_true(fetch_overrides_forbidden(SLICE("x-http-method"),
					      SLICE("\"a\\\",b\", trace")));
}

/* An expression that needs more memory than a worker has for it: no match. */
static void
test_regex(void **state)
{
	static char large[12000];
	char error[128], subject[300];
	struct regex_scratch *scratch = regex_scratch_new();
	struct regex *regex = regex_compile(
	    SLICE("(?:(a)(b)?|(a)(c)?|((((((((((a)))))))))))*[xy]"), error,
	    sizeof(error));

	(void)state;
	assert_non_null(regex);
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = 'b';
	assert_false(
	    regex_match(regex, slice_of(subject, sizeof(subject)), scratch));
	assert_false(regex_match(regex, SLICE("aax"), NULL));
	assert_true(regex_match(regex, SLICE("aax"), scratch));
	regex_free(regex);

	/* Too large for callouts: it may backtrack less. */
	for (size_t i = 0; i + 1 < sizeof(large); i++)
		large[i] = "abc"[i % 3];
	regex = regex_compile(slice_from(large), error, sizeof(error));
	assert_non_null(regex);
	assert_true(regex_match(regex, slice_from(large), scratch));
	assert_false(regex_match(regex, SLICE("abc"), scratch));
	regex_scratch_free(scratch);
	regex_free(regex);
}

int
main(void)
{
	struct CMUnitTest tests[UNIT_COUNT(decisions) + 8];
	size_t n = 0;

	UNIT_TEST(tests, n, test_punycode);
	UNIT_TEST(tests, n, test_collisions);
	UNIT_ROWS(tests, n, decisions, test_decision);
	UNIT_TEST(tests, n, test_same_wildcard);
	UNIT_TEST(tests, n, test_url);
	UNIT_TEST(tests, n, test_header);
	UNIT_TEST(tests, n, test_fetch);
	UNIT_TEST(tests, n, test_regex);
	return unit_run(tests, n);
}
