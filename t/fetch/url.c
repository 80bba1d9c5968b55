/*
 * URLs as browsers read them.  Every row was given to `new URL()` of Chromium
 * 156, which agreed, except for two hosts that it accepts and no server can
 * have: "a b" and "[::1.2.3.04]".
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>

#include "fetch/address_space.h"
#include "fetch/url.h"
#include "unit.h"

static const struct row {
	const char *name; /* the URL */
	const char *href; /* NULL: none */
	const char *origin;
	const char *target;
} rows[] = {
#define A "http://a.example"
    {"http://a.example", A "/", A, "/"},
    {"HTTP://A.Example/B", A "/B", A, "/B"},
    {"http:a.example/x", A "/x", A, "/x"},
    {"http:/a.example/x", A "/x", A, "/x"},
    {"http:////a.example/x", A "/x", A, "/x"},
    {"http:\\\\a.example\\x\\y", A "/x/y", A, "/x/y"},
    /* ports */
    {"http://a.example:80/", A "/", A, "/"},
    {"http://a.example:/", A "/", A, "/"},
    {"http://a.example:0080/", A "/", A, "/"},
    {"http://a.example:443/", A ":443/", A ":443", "/"},
    {"https://a.example:443/", "https://a.example/", "https://a.example", "/"},
    {"http://a.example:8080", A ":8080/", A ":8080", "/"},
    {"http://a.example:65536/", NULL, NULL, NULL},
    {"http://a.example:8x/", NULL, NULL, NULL},
    {"http://a.example:8:8/", NULL, NULL, NULL},
    /* path */
    {"http://a.example/a/b/../c", A "/a/c", A, "/a/c"},
    {"http://a.example/a/./b/.", A "/a/b/", A, "/a/b/"},
    {"http://a.example/a/b/..", A "/a/", A, "/a/"},
    {"http://a.example/../../x", A "/x", A, "/x"},
    {"http://a.example/a/%2e%2E/b", A "/b", A, "/b"},
    {"http://a.example/a/.%2e/b/%2e", A "/b/", A, "/b/"},
    {"http://a.example/a//b/../c", A "/a//c", A, "/a//c"},
    {"http://a.example/a/...", A "/a/...", A, "/a/..."},
    {"http://a.example/a b\"<>`{}^|", A "/a%20b%22%3C%3E%60%7B%7D%5E%7C", A,
     "/a%20b%22%3C%3E%60%7B%7D%5E%7C"},
    {"http://a.example/\xc3\xa9%zz%4", A "/%C3%A9%zz%4", A, "/%C3%A9%zz%4"},
    {"http://a.example/x;y=1:2@3", A "/x;y=1:2@3", A, "/x;y=1:2@3"},
    /* query and fragment */
    {"http://a.example?x=1", A "/?x=1", A, "/?x=1"},
    {"http://a.example/?a b'\"<>{}|\\^`", A "/?a%20b%27%22%3C%3E{}|\\^`", A,
     "/?a%20b%27%22%3C%3E{}|\\^`"},
    {"http://a.example/?../x", A "/?../x", A, "/?../x"},
    {"http://a.example/x?", A "/x?", A, "/x?"},
    {"http://a.example/x#y?z", A "/x", A, "/x"},
    {"http://a.example#y", A "/", A, "/"},
    {"http://a.example/?a#b#c", A "/?a", A, "/?a"},
    {"http://a.example/?\xc3\xa9", A "/?%C3%A9", A, "/?%C3%A9"},
    /* names */
    {"http://%61.ex%41mple/", A "/", A, "/"},
    {"http://a_b.example./", "http://a_b.example./", "http://a_b.example.",
     "/"},
    {"http://a!b$c.example/", "http://a!b$c.example/", "http://a!b$c.example",
     "/"},
    {"http://", NULL, NULL, NULL},
    {"http:///", NULL, NULL, NULL},
    {"http://a b/", NULL, NULL, NULL},
    {"http://a%20b/", NULL, NULL, NULL},
    {"http://a%2fb/", NULL, NULL, NULL},
    {"http://a<b/", NULL, NULL, NULL},
    {"http://a^b/", NULL, NULL, NULL},
    {"http://a|b/", NULL, NULL, NULL},
    {"http://a%zz/", NULL, NULL, NULL},
    {"http://:80/", NULL, NULL, NULL},
    {"http://@/", NULL, NULL, NULL},
    /* IPv4 */
    {"http://127.0.0.1/", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://127.1/", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://127.0.0.1./", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://0x7F.1/", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://0177.0.0.01/", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://2130706433/", "http://127.0.0.1/", "http://127.0.0.1", "/"},
    {"http://0x/", "http://0.0.0.0/", "http://0.0.0.0", "/"},
    {"http://1.2.3.256/", NULL, NULL, NULL},
    {"http://256.0.0.1/", NULL, NULL, NULL},
    {"http://1.2.3.4.5/", NULL, NULL, NULL},
    {"http://1..2/", NULL, NULL, NULL},
    {"http://a.0x1/", NULL, NULL, NULL},
    {"http://a.09/", NULL, NULL, NULL},
    {"http://09.09/", NULL, NULL, NULL},
    {"http://4294967296/", NULL, NULL, NULL},
    {"http://99999999999999999999/", NULL, NULL, NULL},
    {"http://1.a/", "http://1.a/", "http://1.a", "/"},
    {"http://1.0xg/", "http://1.0xg/", "http://1.0xg", "/"},
    /* IPv6 */
    {"http://[::1]:8080/x", "http://[::1]:8080/x", "http://[::1]:8080", "/x"},
    {"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/", "http://[::1]", "/"},
    {"http://[::]/", "http://[::]/", "http://[::]", "/"},
    {"http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/",
     "http://[2001:db8::1:0:0:1]", "/"},
    {"http://[1:0:2:3:4:5:6:7]/", "http://[1:0:2:3:4:5:6:7]/",
     "http://[1:0:2:3:4:5:6:7]", "/"},
    {"http://[1::]/", "http://[1::]/", "http://[1::]", "/"},
    {"http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:0]/",
     "http://[1:2:3:4:5:6:7:0]", "/"},
    {"http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[::7f00:1]", "/"},
    {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/",
     "http://[::ffff:102:304]", "/"},
    {"http://[::1/", NULL, NULL, NULL},
    {"http://[::1]x/", NULL, NULL, NULL},
    {"http://[]/", NULL, NULL, NULL},
    {"http://[:1]/", NULL, NULL, NULL},
    {"http://[1:2]/", NULL, NULL, NULL},
    {"http://[1::2::3]/", NULL, NULL, NULL},
    {"http://[1:2:3:4:5:6:7:8:9]/", NULL, NULL, NULL},
    {"http://[1:2:3:4:5:6:7:8::]/", NULL, NULL, NULL},
    {"http://[12345::]/", NULL, NULL, NULL},
    {"http://[::1.2.3]/", NULL, NULL, NULL},
    {"http://[::1.2.3.04]/", NULL, NULL, NULL},
    {"http://[::1.2.3.256]/", NULL, NULL, NULL},
    {"http://[1:2:3:4:5:6:7:1.2.3.4]/", NULL, NULL, NULL},
    {"http://[fe80::1%25eth0]/", NULL, NULL, NULL},
    {"http://[1:]/", NULL, NULL, NULL},
    /* userinfo: detected, and never printed */
    {"http://u:p@a.example/", A "/", A, "/"},
    {"http://a@b@a.example/", A "/", A, "/"},
    /* no URL, or not http and https */
    {"", NULL, NULL, NULL},
    {"a.example/x", NULL, NULL, NULL},
    {"//a.example/x", NULL, NULL, NULL},
    {"ftp://a.example/", NULL, NULL, NULL},
    {"httpx://a.example/", NULL, NULL, NULL},
    {"file:///etc/passwd", NULL, NULL, NULL},
    {"javascript:alert(1)", NULL, NULL, NULL},
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	struct slice text = unit_guard(slice_from(row->name));
	struct url url;
	enum url_fault fault = url_parse(arena, text, NULL, NULL, &url);

	unit_unguard(text);
	if (row->href == NULL) {
		assert_int_not_equal(fault, URL_FAULT_NONE);
	} else {
		assert_int_equal(fault, URL_FAULT_NONE);
		unit_assert_slice(url.href, row->href);
		unit_assert_slice(url.origin, row->origin);
		unit_assert_slice(url.target, row->target);
		/* Normalized URLs do not change. */
		struct url again;
		fault = url_parse(arena, url.href, NULL, NULL, &again);
		assert_int_equal(fault, URL_FAULT_NONE);
		unit_assert_slice(again.href, row->href);
	}
	arena_free(arena);
}

/* Values of Location. */
static const struct join_row {
	const char *name;
	const char *href;
} joins[] = {
    {"x", "https://b.example:8/p/q/x"},
    {"./x?y", "https://b.example:8/p/q/x?y"},
    {"../x", "https://b.example:8/p/x"},
    {"../../../x", "https://b.example:8/x"},
    {"/x", "https://b.example:8/x"},
    {"\\x", "https://b.example:8/x"},
    {"", "https://b.example:8/p/q/r?s=1"},
    {"#f", "https://b.example:8/p/q/r?s=1"},
    {"?t", "https://b.example:8/p/q/r?t"},
    {"//c.example/x", "https://c.example/x"},
    {"\\\\c.example", "https://c.example/"},
    {"///c.example/x", "https://c.example/x"},
    {"http://c.example", "http://c.example/"},
    {"http:c.example", "http://c.example/"},
    {"https:x", "https://b.example:8/p/q/x"},
    {"https:/x", "https://b.example:8/x"},
    {"https://c.example", "https://c.example/"},
    {"mailto:x", NULL},
    {"x:y", NULL},
};

static void
test_join(void **state)
{
	const struct join_row *row = *state;
	struct arena *arena = arena_new();
	struct url base, url;
	enum url_fault fault;

	assert_int_equal(url_parse(arena,
				   SLICE("https://b.example:8/p/q/r?s=1"), NULL,
				   NULL, &base),
			 URL_FAULT_NONE);
	fault = url_parse(arena, slice_from(row->name), &base, NULL, &url);
	if (row->href == NULL) {
		assert_int_not_equal(fault, URL_FAULT_NONE);
	} else {
		assert_int_equal(fault, URL_FAULT_NONE);
		unit_assert_slice(url.href, row->href);
		assert_int_equal(url.port,
				 slice_eq(url.host, base.host)		? 8
				 : slice_eq(url.scheme, SLICE("https")) ? 443
									: 80);
	}
	arena_free(arena);
}

/* Blanks and controls around it are removed, tabs and line ends within it
 * too. */
static void
test_blanks(void **state)
{
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	assert_int_equal(url_parse(arena,
				   SLICE(" \x01\nht\ntp://a.ex\tample"
					 ":8\r0/a\rb c\t \n"),
				   NULL, NULL, &url),
			 URL_FAULT_NONE);
	unit_assert_slice(url.href, A "/ab%20c");
	arena_free(arena);
}

static void
test_nul(void **state)
{
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	assert_int_equal(
	    url_parse(arena, SLICE(A "/\0a?\0b#\0c"), NULL, NULL, &url),
	    URL_FAULT_NONE);
	unit_assert_slice(url.full, A "/%00a?%00b#%00c");
	assert_int_equal(
	    url_parse(arena, SLICE("http://a\0.example/"), NULL, NULL, &url),
	    URL_FAULT_HOST);
	arena_free(arena);
}

/* Only for consoles. */
static const struct fragment_row {
	const char *name;
	const char *full;
} fragments[] = {
    {"http://a.example/x", A "/x"},
    {"http://a.example/x#", A "/x#"},
    {"http://a.example/x#y?z#", A "/x#y?z#"},
    {"http://u:p@a.example#y", A "/#y"},
    {"http://a.example/?q# a\"<>`b'{}|\\^%zz",
     A "/?q#%20a%22%3C%3E%60b'{}|\\^%zz"},
    {"http://a.example/#\xc3\xa9", A "/#%C3%A9"},
};

static void
test_fragment(void **state)
{
	const struct fragment_row *row = *state;
	struct arena *arena = arena_new();
	struct url url;

	assert_int_equal(
	    url_parse(arena, slice_from(row->name), NULL, NULL, &url),
	    URL_FAULT_NONE);
	unit_assert_slice(url.full, row->full);
	assert_true(slice_starts(url.full, url.href));
	arena_free(arena);
}

static void
test_parts(void **state)
{
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	assert_int_equal(url_parse(arena, SLICE("https://u@[::1]:81/a?b#c"),
				   NULL, NULL, &url),
			 URL_FAULT_NONE);
	unit_assert_slice(url.scheme, "https");
	unit_assert_slice(url.host, "[::1]");
	unit_assert_slice(url.authority, "[::1]:81");
	assert_int_equal(url.port, 81);
	assert_true(url.is_ip);
	assert_true(url.has_userinfo);
	url_parse(arena, SLICE("http://a.example/"), NULL, NULL, &url);
	assert_int_equal(url.port, 80);
	assert_false(url.is_ip || url.has_userinfo);
	url_parse(arena, SLICE("http://@a.example/"), NULL, NULL, &url);
	assert_false(url.has_userinfo);
	arena_free(arena);
}

/* As libidn2, it reads a C string. */
static bool
to_ascii(struct slice host, char *buf)
{
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	if (strcmp(buf, "b\xc3\xbc"
			"cher.example") != 0)
		return false;
	strcpy(buf, "xn--bcher-kva.example");
	return true;
}

static void
test_idna(void **state)
{
	struct slice text = SLICE("http://b\xc3\xbc"
				  "cher.example/");
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	assert_int_equal(url_parse(arena, text, NULL, NULL, &url),
			 URL_FAULT_NON_ASCII);
	assert_int_equal(url_parse(arena, text, NULL, to_ascii, &url),
			 URL_FAULT_NONE);
	unit_assert_slice(url.host, "xn--bcher-kva.example");
	assert_int_equal(url_parse(arena, SLICE("http://b%C3%BCcher.example/"),
				   NULL, to_ascii, &url),
			 URL_FAULT_NONE);
	unit_assert_slice(url.host, "xn--bcher-kva.example");
	assert_int_equal(url_parse(arena, SLICE("http://\xff.example/"), NULL,
				   to_ascii, &url),
			 URL_FAULT_HOST);
	text = SLICE("http://b%C3%BCcher.example%00.b.example/");
	assert_int_equal(url_parse(arena, text, NULL, to_ascii, &url),
			 URL_FAULT_HOST);
	text = SLICE("http://b%C3%BCcher.example\0.b.example/");
	assert_int_equal(url_parse(arena, text, NULL, to_ascii, &url),
			 URL_FAULT_HOST);
	arena_free(arena);
}

static void
test_trustworthy(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} rows_[] = {
	    {"https://a.example/", true},
	    {"http://a.example/", false},
	    {"http://localhost/", true},
	    {"http://localhost./", true},
	    {"http://a.localhost:8080/", true},
	    {"http://xlocalhost/", false},
	    {"http://127.9.9.9/", true},
	    {"http://127.example/", false},
	    {"http://[::1]/", true},
	    {"http://[::2]/", false},
	};
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows_); i++) {
		assert_int_equal(url_parse(arena, slice_from(rows_[i].url),
					   NULL, NULL, &url),
				 URL_FAULT_NONE);
		assert_int_equal(url_is_trustworthy(&url), rows_[i].good);
	}
	arena_free(arena);
}

/* The space of addresses; that of a name is unknown. */
static void
test_space(void **state)
{
	static const struct {
		const char *url;
		enum url_space space;
	} rows_[] = {
	    {"https://a.example/", SPACE_UNKNOWN},
	    {"http://127.9.9.9/", SPACE_LOOPBACK},
	    {"http://[::1]/", SPACE_LOOPBACK},
	    {"http://10.1.2.3/", SPACE_LOCAL},
	    {"http://[fe80::1]/", SPACE_LOCAL},
	    {"http://[::ffff:192.168.0.1]/", SPACE_LOCAL},
	    {"http://93.184.216.34/", SPACE_PUBLIC},
	};
	struct arena *arena = arena_new();
	struct url url;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows_); i++) {
		assert_int_equal(url_parse(arena, slice_from(rows_[i].url),
					   NULL, NULL, &url),
				 URL_FAULT_NONE);
		assert_int_equal(url_space(&url), rows_[i].space);
	}
	arena_free(arena);
}

/* Hosts at and over the size of their buffer; every prefix of a URL. */
static void
test_sizes(void **state)
{
	static const char url_text[] = "http://u:p@[::1]:8080/a/../b?c=%20#d";
	struct arena *arena = arena_new();
	char text[3000];
	struct url url;

	(void)state;
	for (size_t len = 1000; len < 1100; len++) {
		memset(text, 'a', sizeof(text));
		memcpy(text, "http://", 7);
		assert_int_equal(
		    url_parse(arena, slice_of(text, len), NULL, NULL, &url),
		    len - 7 < URL_ASCII_MAX ? URL_FAULT_NONE : URL_FAULT_HOST);
	}
	memset(text, '"', sizeof(text));
	memcpy(text, "http://a/", 9);
	assert_int_equal(
	    url_parse(arena, slice_of(text, sizeof(text)), NULL, NULL, &url),
	    URL_FAULT_NONE);
	assert_int_equal(url.target.len, 1 + 3 * (sizeof(text) - 9));
	for (size_t len = 0; len < sizeof(url_text); len++) {
		struct slice guarded = unit_guard(slice_of(url_text, len));
		url_parse(arena, guarded, NULL, NULL, &url);
		unit_unguard(guarded);
	}
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[200];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	UNIT_ROWS(tests, n, joins, test_join);
	UNIT_ROWS(tests, n, fragments, test_fragment);
	UNIT_TEST(tests, n, test_blanks);
	UNIT_TEST(tests, n, test_nul);
	UNIT_TEST(tests, n, test_parts);
	UNIT_TEST(tests, n, test_idna);
	UNIT_TEST(tests, n, test_trustworthy);
	UNIT_TEST(tests, n, test_space);
	UNIT_TEST(tests, n, test_sizes);
	return unit_run(tests, n);
}
