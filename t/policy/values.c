/*
 * Values of keys, addresses, networks and the names of Fetch, by tables.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cors/names.h"
#include "policy/hostname.h"
#include "policy/settings.h"
#include "policy/values.h"

/* ---- numbers with units ---- */

static const struct number_row {
	const char *name;
	const struct measure *measure;
	const char *text;
	bool good;
	uint64_t value;
} number_rows[] = {
    {"duration: seconds", &value_duration, "90", true, 90000},
    {"duration: ms", &value_duration, "250ms", true, 250},
    {"duration: s", &value_duration, "3s", true, 3000},
    {"duration: m", &value_duration, "2m", true, 120000},
    {"duration: h", &value_duration, "1h", true, 3600000},
    {"duration: zero", &value_duration, "0", true, 0},
    {"duration: empty", &value_duration, "", false, 0},
    {"duration: unit alone", &value_duration, "s", false, 0},
    {"duration: day", &value_duration, "1d", false, 0},
    {"duration: blank", &value_duration, "1 s", false, 0},
    {"duration: negative", &value_duration, "-1s", false, 0},
    {"duration: fraction", &value_duration, "1.5s", false, 0},
    {"duration: upper case", &value_duration, "1S", false, 0},
    {"duration: too large", &value_duration, "18446744073709551615h", true,
     UINT64_MAX},
    {"duration: larger", &value_duration, "99999999999999999999", true,
     UINT64_MAX},
    {"size: bytes", &value_size, "17", true, 17},
    {"size: K", &value_size, "64K", true, 65536},
    {"size: M", &value_size, "64M", true, 67108864},
    {"size: G", &value_size, "3G", true, 3221225472},
    {"size: lower case", &value_size, "64k", false, 0},
    {"size: KB", &value_size, "64KB", false, 0},
    {"size: too large", &value_size, "18446744073709551615K", true, UINT64_MAX},
    {"count: largest", &value_count, "18446744073709551615", true, UINT64_MAX},
    {"count: one more", &value_count, "18446744073709551616", true, UINT64_MAX},
    {"count: plus", &value_count, "+1", false, 0},
    {"count: hex", &value_count, "0x10", false, 0},
};

static void
test_number(void **state)
{
	const struct number_row *row = *state;
	uint64_t value = 0;

	assert_int_equal(
	    value_number(row->measure, slice_from(row->text), &value),
	    row->good);
	if (row->good)
		assert_true(value == row->value);
}

static const struct write_row {
	const char *name;
	const struct measure *measure;
	uint64_t value;
	const char *text;
} write_rows[] = {
    {"write 0 s", &value_duration, 0, "0"},
    {"write 1 ms", &value_duration, 1, "1ms"},
    {"write 1500 ms", &value_duration, 1500, "1500ms"},
    {"write 90 s", &value_duration, 90000, "90s"},
    {"write 2 m", &value_duration, 120000, "2m"},
    {"write 24 h", &value_duration, 86400000, "24h"},
    {"write 0 bytes", &value_size, 0, "0"},
    {"write 1023 bytes", &value_size, 1023, "1023"},
    {"write 1 K", &value_size, 1024, "1K"},
    {"write 1537 K", &value_size, 1537 * 1024, "1537K"},
    {"write 64 M", &value_size, 64 << 20, "64M"},
    {"write a count", &value_count, 60000, "60000"},
    {"write the largest", &value_size, UINT64_MAX, "18446744073709551615"},
};

static void
test_write(void **state)
{
	const struct write_row *row = *state;
	char text[VALUE_TEXT];

	value_number_write(row->measure, row->value, text);
	assert_string_equal(text, row->text);
}

/* ---- words ---- */

static const struct words_row {
	const char *name;
	const char *text;
	const char *words; /* each in brackets, or the error */
} words_rows[] = {
    {"words: none", "", ""},
    {"words: blanks", " \t ", ""},
    {"words: two", "a  b", "[a][b]"},
    {"words: single quotes", "'a b' c", "[a b][c]"},
    {"words: double quotes", "\"a b\"c", "[a bc]"},
    {"words: empty", "'' \"\" x", "[][][x]"},
    {"words: no expansion", "$HOME `id` \"$(id)\" * ~ {a,b}",
     "[$HOME][`id`][$(id)][*][~][{a,b}]"},
    {"words: no operators", "a | b > c && d &", "[a][|][b][>][c][&&][d][&]"},
    {"words: backslash", "a\\ b \\\\ \\\"", "[a b][\\][\"]"},
    {"words: backslash in quotes", "\"a\\b\\\"\\$\\\\\\`\" '\\'",
     "[a\\b\"$\\`][\\]"},
    {"words: quotes in quotes", "\"it's\" 'say \"x\"'", "[it's][say \"x\"]"},
    {"words: open single quote", "a 'b", "a quote is not closed"},
    {"words: open double quote", "\"a\\\"", "a quote is not closed"},
    {"words: backslash at the end", "a \\", "a backslash is at the end"},
    {"words: of one byte", "a b c d e f", "[a][b][c][d][e][f]"},
};

static void
test_words(void **state)
{
	const struct words_row *row = *state;
	struct arena *arena = arena_new();
	char *const *words = NULL;
	const char *fault = value_words(arena, slice_from(row->text), &words);
	char got[200] = "";

	for (; fault == NULL && *words != NULL; words++) {
		strcat(got, "[");
		strcat(got, *words);
		strcat(got, "]");
	}
	assert_string_equal(fault == NULL ? got : fault, row->words);
	arena_free(arena);
}

/* ---- the nearest name ---- */

static const struct near_row {
	const char *name;
	const char *word;
	const char *nearest; /* NULL: none */
} near_rows[] = {
    {"near: a letter less", "orgins", "origins"},
    {"near: a letter more", "methodss", "methods"},
    {"near: two swapped", "metohds", "methods"},
    {"near: other case", "ORIGINS", "origins"},
    {"near: underscore", "max_age", "max-age"},
    {"near: no hyphen", "maxage", "max-age"},
    {"near: the nearer of two", "origins-files", "origins-file"},
    {"near: the beginning", "cred", "credentials"},
    {"near: nothing", "colour", NULL},
    {"near: one letter", "x", NULL},
    {"near: empty", "", NULL},
    {"near: long", "origins-origins-origins-origins-origins-origins-origins",
     NULL},
};

static void
test_near(void **state)
{
	static const char *const names[] = {
	    "origins",	   "origins-file", "methods", "max-age",
	    "credentials", "path",	   NULL};
	const struct near_row *row = *state;
	const char *nearest = value_nearest(slice_from(row->word), names);

	if (row->nearest == NULL)
		assert_null(nearest);
	else
		assert_string_equal(nearest, row->nearest);
}

/* ---- addresses of sockets ---- */

static const struct address_row {
	const char *name;
	const char *text;
	const char *path;
	const char *host;
	unsigned port;
} address_rows[] = {
    {"address: unix", "unix:/run/a.sock", "/run/a.sock", NULL, 0},
    {"address: unix relative", "unix:a.sock", "/srv/x/a.sock", NULL, 0},
    {"address: IPv4", "tcp:127.0.0.1:9000", NULL, "127.0.0.1", 9000},
    {"address: IPv6", "tcp:[::1]:9000", NULL, "::1", 9000},
    {"address: any", "tcp:0.0.0.0:65535", NULL, "0.0.0.0", 65535},
    {"address: no path", "unix:", NULL, NULL, 0},
    {"address: no port", "tcp:127.0.0.1", NULL, NULL, 0},
    {"address: empty port", "tcp:127.0.0.1:", NULL, NULL, 0},
    {"address: port 0", "tcp:127.0.0.1:0", NULL, NULL, 0},
    {"address: port 65536", "tcp:127.0.0.1:65536", NULL, NULL, 0},
    {"address: port 080", "tcp:127.0.0.1:080", NULL, NULL, 0},
    {"address: name", "tcp:localhost:9000", NULL, NULL, 0},
    {"address: no address", "tcp:9000", NULL, NULL, 0},
    {"address: empty address", "tcp::9000", NULL, NULL, 0},
    {"address: IPv6 without brackets", "tcp:::1:9000", NULL, NULL, 0},
    {"address: IPv4 in brackets", "tcp:[127.0.0.1]:9000", NULL, NULL, 0},
    {"address: short IPv4", "tcp:127.1:9000", NULL, NULL, 0},
    {"address: zone", "tcp:[fe80::1%lo]:9000", NULL, NULL, 0},
    {"address: nothing", "", NULL, NULL, 0},
    {"address: no kind", "127.0.0.1:9000", NULL, NULL, 0},
    {"address: path of 107 bytes",
     "unix:/234567890123456789012345678901234567890123456789012345"
     "6789012345678901234567890123456789012345678901234567",
     "/23456789012345678901234567890123456789012345678901234567890"
     "12345678901234567890123456789012345678901234567",
     NULL, 0},
    {"address: path of 108 bytes",
     "unix:/234567890123456789012345678901234567890123456789012345"
     "67890123456789012345678901234567890123456789012345678",
     NULL, NULL, 0},
};

static void
test_address(void **state)
{
	const struct address_row *row = *state;
	struct arena *arena = arena_new();
	struct address address;
	const char *fault =
	    address_parse(arena, slice_from(row->text), "/srv/x", &address);

	if (row->path == NULL && row->host == NULL) {
		assert_non_null(fault);
	} else {
		assert_null(fault);
		assert_string_equal(address.text, row->text);
		assert_int_equal(address.port, row->port);
		assert_int_equal(address.path == NULL, row->path == NULL);
		assert_int_equal(address.host == NULL, row->host == NULL);
		if (row->path != NULL)
			assert_string_equal(address.path, row->path);
		else
			assert_string_equal(address.host, row->host);
	}
	arena_free(arena);
}

/* ---- networks ---- */

static const struct network_row {
	const char *name;
	const char *network;
	const char *address;
	int has; /* -1: not a network */
} network_rows[] = {
    {"network: itself", "192.0.2.1", "192.0.2.1", 1},
    {"network: another", "192.0.2.1", "192.0.2.2", 0},
    {"network: prefix", "192.0.2.0/24", "192.0.2.255", 1},
    {"network: beyond", "192.0.2.0/24", "192.0.3.0", 0},
    {"network: bits within a byte", "192.0.2.0/25", "192.0.2.127", 1},
    {"network: and beyond", "192.0.2.0/25", "192.0.2.128", 0},
    {"network: host bits", "192.0.2.77/24", "192.0.2.1", 1},
    {"network: everything", "0.0.0.0/0", "203.0.113.9", 1},
    {"network: everything but IPv6", "0.0.0.0/0", "2001:db8::1", 0},
    {"network: IPv6", "2001:db8::/32", "2001:db8:ffff::1", 1},
    {"network: beyond IPv6", "2001:db8::/33", "2001:db8:ffff::1", 0},
    {"network: all IPv6", "::/0", "::1", 1},
    {"network: all IPv6 but IPv4", "::/0", "192.0.2.1", 0},
    {"network: mapped address", "192.0.2.0/24", "::ffff:192.0.2.9", 1},
    {"network: mapped network", "::ffff:192.0.2.0/120", "192.0.2.9", 1},
    {"network: mapped, beyond", "::ffff:192.0.2.0/120", "192.0.3.9", 0},
    {"network: zone", "fe80::/10", "fe80::1%eth0", 1},
    {"network: no address", "::/0", "unix:", 0},
    {"network: empty address", "::/0", "", 0},
    {"network: too many bits", "192.0.2.0/33", "", -1},
    {"network: no bits", "192.0.2.0/", "", -1},
    {"network: bits with sign", "192.0.2.0/+8", "", -1},
    {"network: IPv6, too many bits", "::1/129", "", -1},
    {"network: mapped, too few bits", "::ffff:192.0.2.0/95", "", -1},
    {"network: name", "localhost", "", -1},
    {"network: short address", "127.1", "", -1},
    {"network: empty", "", "", -1},
};

static void
test_network(void **state)
{
	const struct network_row *row = *state;
	struct network network;
	bool good = network_parse(slice_from(row->network), &network);

	assert_int_equal(good, row->has >= 0);
	if (good)
		assert_int_equal(
		    network_has(&network, slice_from(row->address)), row->has);
}

/* ---- names of Fetch, suffixes, labels ---- */

static const struct name_row {
	const char *name;
	bool (*test)(struct slice);
	const char *yes; /* blank-separated */
	const char *no;
} name_rows[] = {
    {"forbidden methods", method_is_forbidden,
     "CONNECT TRACE TRACK connect tRaCe track",
     "TRAC TRACER GET OPTIONS PATCH"},
    {"safelisted methods", method_is_safelisted, "GET HEAD POST",
     "get Head PUT OPTIONS"},
    {"forbidden request headers", request_header_is_forbidden,
     "accept-charset Accept-Encoding access-control-request-headers "
     "access-control-request-method connection content-length cookie "
     "cookie2 date dnt expect host keep-alive origin referer set-cookie "
     "te trailer transfer-encoding upgrade via proxy- "
     "Proxy-Authorization sec- Sec-Fetch-Mode",
     "accept content-type user-agent authorization x-http-method-override "
     "proxy sec range cookie3"},
    {"plain request headers", request_header_is_plain,
     "accept Accept-Language content-language",
     "content-type range authorization"},
    {"misplaced request headers", request_header_is_misplaced,
     "Access-Control-Allow-Origin access-control-allow-x "
     "access-control-expose-headers access-control-max-age",
     "x-access-control-allow-origin access-control"},
    {"forbidden response headers", response_header_is_forbidden,
     "Set-Cookie set-cookie2", "cookie"},
    {"safelisted response headers", response_header_is_safelisted,
     "cache-control content-language content-length content-type expires "
     "last-modified Pragma",
     "etag location date"},
    {"misplaced response headers", response_header_is_misplaced,
     "Origin access-control-request-method "
     "access-control-request-headers access-control-allow-methods "
     "access-control-allow-headers access-control-max-age",
     "access-control-allow-origin x-origin"},
    {"public suffixes", hostname_is_public_suffix,
     "com co.uk github.io internal com. xn--p1ai",
     "example.com example.co.uk a.github.io example.com."},
#ifndef WITHOUT_IDN
    {"A-labels", hostname_labels_valid,
     "xn--rsum-bpad.com www.xn--xample-9ua.com xn--ls8h.la xn--n3h.net "
     "example.com ab--cd.com xn--fa-hia.de.",
     "xn--f.com a.xn--a xn--.com xn--com- xn--xample-9ua.xn--f"},
#endif
};

static const struct site_row {
	const char *name;
	const char *a, *b;
	bool same;
} site_rows[] = {
    {"the same host", "a.example", "a.example", true},
    {"a subdomain", "app.a.example", "a.example", true},
    {"two subdomains", "x.app.a.example", "y.a.example", true},
    {"two names", "a.example", "b.example", false},
    {"one ends in the other", "barfoo.example", "foo.example", false},
    {"under co.uk", "a.co.uk", "b.co.uk", false},
    {"below it", "x.a.co.uk", "a.co.uk", true},
    {"under a private suffix", "a.github.io", "b.github.io", false},
    {"a suffix and a name under it", "github.io", "a.github.io", false},
    {"localhost", "localhost", "localhost", true},
    {"localhost and an address", "localhost", "127.0.0.1", false},
    {"addresses", "10.0.0.1", "10.0.0.2", false},
    {"addresses of one tail", "1.0.0.1", "2.0.0.1", false},
    {"IPv6", "[::1]", "[::2]", false},
    {"names without dot", "a", "b", false},
};

static void
test_site(void **state)
{
	const struct site_row *row = *state;
	struct slice a = slice_from(row->a), b = slice_from(row->b);

	assert_int_equal(hostname_same_site(a, b), row->same);
	assert_int_equal(hostname_same_site(b, a), row->same);
}

static void
test_names(void **state)
{
	const struct name_row *row = *state;
	const char *lists[] = {row->no, row->yes};

	for (int yes = 0; yes < 2; yes++) {
		struct slice rest = slice_from(lists[yes]), item;
		while (text_word_next(&rest, &item))
			if (row->test(item) != yes)
				fail_msg("%.*s: %d", (int)item.len, item.ptr,
					 !yes);
	}
}

int
main(void)
{
	static struct CMUnitTest tests[200];
	size_t n = 0;

	UNIT_ROWS(tests, n, number_rows, test_number);
	UNIT_ROWS(tests, n, write_rows, test_write);
	UNIT_ROWS(tests, n, words_rows, test_words);
	UNIT_ROWS(tests, n, near_rows, test_near);
	UNIT_ROWS(tests, n, address_rows, test_address);
	UNIT_ROWS(tests, n, network_rows, test_network);
	UNIT_ROWS(tests, n, name_rows, test_names);
	UNIT_ROWS(tests, n, site_rows, test_site);
	return unit_run(tests, n);
}
