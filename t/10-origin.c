/*
 * Origins: what a policy may write, and what a request may carry.
 *
 * SPDX-License-Identifier: ISC
 */
#include "origin.h"
#include "unit.h"

#include <stdlib.h>

struct row {
	const char *name; /* the pattern, which is also the test's name */
	const char *id;   /* of its fault, or "none" */
};

static const struct row patterns[] = {
	{ "https://example.com", "none" },
	{ "https://example.com:8443", "none" },
	{ "https://*.example.com", "none" },
	{ "http://localhost:*", "none" },
	{ "http://*.example.com:*", "none" },
	{ "a://example.com", "none" },
	{ "chrome-extension://abcdef", "none" },
	{ "http://127.0.0.1", "none" },
	{ "http://[::1]:90", "none" },
	{ "http://[2001:db8:aaaa:1111::100]", "none" },
	{ "http://example.com.:3999", "none" },
	{ "http://ex_am-ple.com", "none" },
	{ "https://www.xn--xample-9ua.com", "none" },
	{ "https://example.com?", "invalid-origin" },
	{ "https://example.com#x", "invalid-origin" },
	{ "https://u@example.com", "invalid-origin" },
	{ "\"https://example.com\"", "invalid-origin" },
	{ "null", "null-prohibited" },
	{ "file:///foo", "file-scheme" },
	{ "FILE://foo", "file-scheme" },
	{ "example.com", "scheme" },
	{ "NULL", "scheme" },
	{ "h*", "scheme" },
	{ "42x://foo", "scheme" },
	{ "chrome*://foo", "scheme" },
	{ "https://r\xc3\xa9sum\xc3\xa9.com", "non-ascii" },
	{ "https://Example.com", "case" },
	{ "HTTPS://example.com", "case" },
	{ "http://0xFF000000", "case" },
	{ "http://[2001:DB8::1]", "case" },
	{ "https://**.example.com", "wildcard" },
	{ "https://a.*.example.com", "wildcard" },
	{ "https://*", "wildcard" },
	{ "https://*foo.com", "wildcard" },
	{ "https://example.com:8*", "wildcard" },
	{ "https://example.com/*", "wildcard" },
	{ "https://*.127.0.0.1", "wildcard" },
	{ "https://*.[::1]", "wildcard" },
	{ "https://abc[::1]:90", "ipv6" },
	{ "https://[::1]abc:90", "ipv6" },
	{ "http://::1", "ipv6" },
	{ "http://[::1%25eth0]", "ipv6" },
	{ "http://[2001:4860:4860:0000:0000:0000:0000:8888]", "ipv6" },
	{ "http://[::ffff:7f7f:7f7f]", "ipv6" },
	{ "http://[::ffff:1.2.3.4]", "ipv6" },
	{ "http://[1:0:0:2::3]", "none" },
	{ "http://[1::2:0:0:3]", "none" },
	{ "http://[1:0:0:0:2::3]", "ipv6" },
	{ "http://[1:2:3:4:5:6:7::]", "ipv6" },
	{ "http://[1:2:3:4:5:6:7:8]", "none" },
	{ "http://[1:2:3:4:5:6:7:8:9]", "ipv6" },
	{ "http://[]", "ipv6" },
	{ "http://127.1", "ipv4" },
	{ "http://1.2.3.256", "ipv4" },
	{ "http://01.2.3.4", "ipv4" },
	{ "http://1.2.3.4.", "ipv4" },
	{ "http://foo.255", "ipv4" },
	{ "http://1.2.3.4.5", "ipv4" },
	{ "https://", "host" },
	{ "https://^foo", "host" },
	{ "http://example..com", "host" },
	{ "http://example.com..", "host" },
	{ "http://.example.com", "host" },
	{ "https://*.", "host" },
	{ "https://xn--.com", "host" },
	{ "https://foo:", "port" },
	{ "https://foo:0", "port" },
	{ "https://foo:65536", "port" },
	{ "https://foo:123456", "port" },
	{ "https://foo:06060", "port" },
	{ "https://foo:abc", "port" },
	{ "https://foo:443", "default-port" },
	{ "http://foo:80", "default-port" },
	{ "https://foo:80", "none" },
	{ "https://example.com/", "path" },
	{ "https://example.com/a/b", "path" },
	{ "https:///x", "host" },
};

static void
test_pattern(void **state)
{
	const struct row *row = *state;
	struct origin_pattern p;

	assert_string_equal(row->id, origin_fault_id(
	    origin_pattern_parse(slice_from(row->name), &p)));
}

struct match {
	const char *name;
	const char *pattern;
	const char *origin;
	bool want;
};

static const struct match matches[] = {
	{ "exact", "https://example.com", "https://example.com", true },
	{ "other scheme", "https://example.com", "http://example.com", false },
	{ "port counts", "https://example.com", "https://example.com:1",
	    false },
	{ "default port is not written", "https://*.example.com",
	    "https://a.example.com:443", false },
	{ "subdomain", "https://*.example.com", "https://a.example.com",
	    true },
	{ "any depth", "https://*.example.com", "https://a.b.example.com",
	    true },
	{ "not the apex", "https://*.example.com", "https://example.com",
	    false },
	{ "label boundary", "https://*.example.com",
	    "https://evilexample.com", false },
	{ "final dot is another host", "https://*.example.com",
	    "https://a.example.com.", false },
	{ "userinfo", "https://*.example.com", "https://a@b.example.com",
	    false },
	{ "path before the suffix", "https://*.example.com",
	    "https://evil.com/.example.com", false },
	{ "query before the suffix", "https://*.example.com",
	    "https://evil.com?.example.com", false },
	{ "upper case", "https://*.example.com", "https://A.example.com",
	    false },
	{ "literal star", "https://*.example.com", "https://*.example.com",
	    false },
	{ "empty label", "https://*.example.com", "https://.example.com",
	    false },
	{ "no port", "http://localhost:*", "http://localhost", true },
	{ "any port", "http://localhost:*", "http://localhost:8080", true },
	{ "port 0", "http://localhost:*", "http://localhost:0", false },
	{ "port 65536", "http://localhost:*", "http://localhost:65536",
	    false },
	{ "port 08080", "http://localhost:*", "http://localhost:08080",
	    false },
	{ "mcp-chrome#384", "http://127.0.0.1:*",
	    "http://127.0.0.1.evil.com", false },
	{ "both wildcards", "http://*.example.com:*",
	    "http://a.example.com:99", true },
	{ "bracketed name", "http://example.com", "http://[example.com]",
	    false },
	{ "two values", "https://example.com",
	    "https://example.com https://evil.com", false },
	{ "list", "https://example.com",
	    "https://evil.com,https://example.com", false },
};

static void
test_match(void **state)
{
	const struct match *row = *state;
	struct origin_pattern p;
	struct arena *arena = arena_new();
	size_t len = strlen(row->origin);
	/* In a block of its own, so that valgrind and ASan see overreads. */
	char *copy = malloc(len);

	memcpy(copy, row->origin, len);
	assert_int_equal(ORIGIN_FAULT_NONE,
	    origin_pattern_parse(slice_from(row->pattern), &p));
	struct origin_set *set = origin_set_build(arena, &p, 1, NULL, 0);
	assert_int_equal(row->want,
	    origin_set_match(set, slice_of(copy, len), NULL));
	free(copy);
	arena_free(arena);
}

static void
test_lengths(void **state)
{
	char text[400];
	struct origin o;

	(void)state;
	memcpy(text, "https://", 8);
	memset(text + 8, 'a', 300);
	assert_false(origin_parse(slice_of(text, 8 + 64), &o));
	assert_true(origin_parse(slice_of(text, 8 + 63), &o));
	for (size_t i = 0; i < 300; i += 50)
		text[8 + i + 49] = '.';
	assert_true(origin_parse(slice_of(text, 8 + 253), &o));
	assert_false(origin_parse(slice_of(text, 8 + 254), &o));
}

static void
test_regex(void **state)
{
	char error[128];
	struct regex *re;
	struct regex_scratch *scratch = regex_scratch_new();
	struct arena *arena = arena_new();

	(void)state;
	/* Unanchored alternatives are the classic hole. */
	re = regex_compile(SLICE("https://a\\.com|https://b\\.com"), error,
	    sizeof(error));
	assert_non_null(re);
	const struct regex *list[] = { re };
	struct origin_set *set = origin_set_build(arena, NULL, 0, list, 1);
	assert_true(origin_set_match(set, SLICE("https://b.com"), scratch));
	assert_false(origin_set_match(set, SLICE("https://a.com.evil.com"),
	    scratch));
	assert_false(origin_set_match(set, SLICE("https://evilb.com"),
	    scratch));
	assert_false(origin_set_match(set, SLICE("https://b.com"), NULL));
	assert_null(regex_compile(SLICE("(("), error, sizeof(error)));
	assert_true(strlen(error) > 0);
	regex_free(re);
	regex_scratch_free(scratch);
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[200];
	size_t n = 0;

	UNIT_ROWS(tests, n, patterns, test_pattern);
	UNIT_ROWS(tests, n, matches, test_match);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_lengths);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_regex);
	return unit_run(tests, n);
}
