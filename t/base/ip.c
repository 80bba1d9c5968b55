/*
 * IP addresses as text, by tables and against the C library.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/ip.h"

/* ---- reading, and writing the result ---- */

static const struct parse_row {
	const char *name; /* the text */
	bool (*parse)(struct slice, struct ip *);
	const char *want; /* its canonical text; NULL: no address */
} parse_rows[] = {
    {"192.0.2.1", ip_parse_v4, "192.0.2.1"},
    {"0.0.0.0", ip_parse_v4, "0.0.0.0"},
    {"255.255.255.255", ip_parse_v4, "255.255.255.255"},
    {"256.0.0.1", ip_parse_v4, NULL},
    {"1.2.3", ip_parse_v4, NULL},
    {"1.2.3.4.5", ip_parse_v4, NULL},
    {"1.2.3.4.", ip_parse_v4, NULL},
    {".1.2.3", ip_parse_v4, NULL},
    {"1..2.3", ip_parse_v4, NULL},
    {"1.2.3.04", ip_parse_v4, NULL},
    {"1.2.3.0x4", ip_parse_v4, NULL},
    {"1.2.3.4 ", ip_parse_v4, NULL},
    {"1.2.3.+4", ip_parse_v4, NULL},
    {"::", ip_parse_v6, "::"},
    {"::1", ip_parse_v6, "::1"},
    {"1::", ip_parse_v6, "1::"},
    {"2001:DB8::1", ip_parse_v6, "2001:db8::1"},
    {"2001:0db8:0:0:0:0:0:1", ip_parse_v6, "2001:db8::1"},
    {"1:2:3:4:5:6:7:8", ip_parse_v6, "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", ip_parse_v6, "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", ip_parse_v6, "0:2:3:4:5:6:7:8"},
    {"1:0:0:2:0:0:0:3", ip_parse_v6, "1:0:0:2::3"},
    {"1:0:0:2:3:0:0:4", ip_parse_v6, "1::2:3:0:0:4"},
    {"1:0:2:3:4:5:6:7", ip_parse_v6, "1:0:2:3:4:5:6:7"},
    {"1:2:3:4:5:6:0:0", ip_parse_v6, "1:2:3:4:5:6::"},
    {"0:0:1:2:3:4:5:6", ip_parse_v6, "::1:2:3:4:5:6"},
    {"::ffff:192.0.2.1", ip_parse_v6, "::ffff:c000:201"},
    {"1:2:3:4:5:6:1.2.3.4", ip_parse_v6, "1:2:3:4:5:6:102:304"},
    {"1:2::1.2.3.4", ip_parse_v6, "1:2::102:304"},
    {"::1.2.3.4", ip_parse_v6, "::102:304"},
    {"", ip_parse_v6, NULL},
    {":", ip_parse_v6, NULL},
    {":::", ip_parse_v6, NULL},
    {":1", ip_parse_v6, NULL},
    {"1:", ip_parse_v6, NULL},
    {"1:::2", ip_parse_v6, NULL},
    {"::1:", ip_parse_v6, NULL},
    {"1::2::3", ip_parse_v6, NULL},
    {"::1::", ip_parse_v6, NULL},
    {"1:2:3:4:5:6:7", ip_parse_v6, NULL},
    {"1:2:3:4:5:6:7:8:9", ip_parse_v6, NULL},
    {"1:2:3:4:5:6:7:8::", ip_parse_v6, NULL},
    {"::1:2:3:4:5:6:7:8", ip_parse_v6, NULL},
    {"1:2:3:4::5:6:7:8", ip_parse_v6, NULL},
    {"12345::", ip_parse_v6, NULL},
    {"g::", ip_parse_v6, NULL},
    {"1.2.3.4", ip_parse_v6, NULL},
    {"1.2.3.4::", ip_parse_v6, NULL},
    {"::1.2.3", ip_parse_v6, NULL},
    {"::1.2.3.04", ip_parse_v6, NULL},
    {"::a.2.3.4", ip_parse_v6, NULL},
    {"::.1.2.3", ip_parse_v6, NULL},
    {"1:2:3:4:5:6:7:1.2.3.4", ip_parse_v6, NULL},
    {"[::1]", ip_parse_v6, NULL},
    {"fe80::1%eth0", ip_parse_v6, NULL},
    {"192.0.2.1", ip_parse, "192.0.2.1"},
    {"2001:db8::", ip_parse, "2001:db8::"},
    {"localhost", ip_parse, NULL},
    {"1.2.3.4", ip_parse_url_v4, "1.2.3.4"},
    {"1.2.3.4.", ip_parse_url_v4, "1.2.3.4"},
    {"1.2.3.4..", ip_parse_url_v4, NULL},
    {"127.1", ip_parse_url_v4, "127.0.0.1"},
    {"127.1.2", ip_parse_url_v4, "127.1.0.2"},
    {"0", ip_parse_url_v4, "0.0.0.0"},
    {"0x", ip_parse_url_v4, "0.0.0.0"},
    {"0x7f.1", ip_parse_url_v4, "127.0.0.1"},
    {"0X7F000001", ip_parse_url_v4, "127.0.0.1"},
    {"017700000001", ip_parse_url_v4, "127.0.0.1"},
    {"010.8.0.1", ip_parse_url_v4, "8.8.0.1"},
    {"08.8.0.1", ip_parse_url_v4, NULL},
    {"4294967295", ip_parse_url_v4, "255.255.255.255"},
    {"4294967296", ip_parse_url_v4, NULL},
    {"99999999999999999999999999", ip_parse_url_v4, NULL},
    {"1.16777215", ip_parse_url_v4, "1.255.255.255"},
    {"1.16777216", ip_parse_url_v4, NULL},
    {"1.2.65536", ip_parse_url_v4, NULL},
    {"1.2.3.256", ip_parse_url_v4, NULL},
    {"256.1", ip_parse_url_v4, NULL},
    {"1.256.1", ip_parse_url_v4, NULL},
    {"1.2.3.4.5", ip_parse_url_v4, NULL},
    {"1.2.3.4.5.6", ip_parse_url_v4, NULL},
    {"", ip_parse_url_v4, NULL},
    {".", ip_parse_url_v4, NULL},
    {".1", ip_parse_url_v4, NULL},
    {"a.1", ip_parse_url_v4, NULL},
};

static void
test_parse(void **state)
{
	const struct parse_row *row = *state;
	struct slice text = unit_guard(slice_from(row->name));
	struct ip ip, again;
	char buf[IP_TEXT_MAX];

	memset(&ip, 0xff, sizeof(ip));
	assert_int_equal(row->parse(text, &ip), row->want != NULL);
	if (row->want != NULL) {
		struct slice got = slice_of(buf, ip_write(&ip, buf));
		unit_assert_slice(got, row->want);
		/* The written text is read as the same address. */
		assert_true(ip_parse(got, &again));
		assert_true(ip_eq(&ip, &again));
	}
	unit_unguard(text);
}

static const struct number_row {
	const char *name; /* the host */
	bool want;
} number_rows[] = {
    {"1.2.3.4", true},	  {"a.1", true},
    {"a.1.", true},	  {"1", true},
    {"a.09", true}, /* digits, but not a number */
    {"a.0x1F", true},	  {"a.0x", true},
    {"a.0xg", false},	  {"4f2a1b3c9d8e", false},
    {"3dprinter", false}, {"1.a", false},
    {"a.1..", false},	  {"a.", false},
    {".", false},	  {"", false},
    {"a.-1", false},
};

static void
test_ends_in_number(void **state)
{
	const struct number_row *row = *state;
	struct slice host = unit_guard_front(slice_from(row->name));

	assert_int_equal(ip_ends_in_number(host), row->want);
	unit_unguard_front(host);
}

/* The longest texts fit. */
static void
test_longest(void **state)
{
	struct ip ip = {.v6 = true};
	char buf[IP_TEXT_MAX];

	(void)state;
	assert_false(ip_parse_url_v4(SLICE_NONE, &ip));
	memset(ip.bytes, 0xff, sizeof(ip.bytes));
	assert_int_equal(ip_write(&ip, buf), IP_TEXT_MAX);
	unit_assert_slice(slice_of(buf, IP_TEXT_MAX),
			  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* Texts made of parts of addresses, most of them invalid: the C library
 * accepts the same ones and reads the same values. */
static void
test_like_libc(void **state)
{
	static const char alphabet[] = "01f:::..2";
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char text[24];
		unsigned char want[16] = {0};
		struct ip ip;
		size_t len = 0;
		seed = seed * 1664525U + 1013904223U;
		size_t most = 1 + (seed >> 24) % (sizeof(text) - 1);
		while (len < most) {
			seed = seed * 1664525U + 1013904223U;
			text[len++] =
			    alphabet[(seed >> 20) % (sizeof(alphabet) - 1)];
		}
		text[len] = '\0';
		bool v6 = inet_pton(AF_INET6, text, want) == 1;
		if (ip_parse_v6(slice_of(text, len), &ip) != v6 ||
		    (v6 && memcmp(ip.bytes, want, 16) != 0))
			fail_msg("IPv6 \"%s\"", text);
		memset(want, 0, sizeof(want));
		bool v4 = inet_pton(AF_INET, text, want) == 1;
		if (ip_parse_v4(slice_of(text, len), &ip) != v4 ||
		    (v4 && memcmp(ip.bytes, want, 16) != 0))
			fail_msg("IPv4 \"%s\"", text);
	}
}

/* ---- what they are ---- */

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(slice_from(text), &ip));
	return ip;
}

static const struct network_row {
	const char *name, *ip, *network;
	unsigned bits;
	bool want;
} network_rows[] = {
    {"itself", "192.0.2.1", "192.0.2.1", 32, true},
    {"its neighbour", "192.0.2.2", "192.0.2.1", 32, false},
    {"/24", "192.0.2.77", "192.0.2.0", 24, true},
    {"beside /24", "192.0.3.0", "192.0.2.0", 24, false},
    {"/25", "192.0.2.128", "192.0.2.0", 25, false},
    {"/31", "192.0.2.1", "192.0.2.0", 31, true},
    {"/0", "203.0.113.1", "0.0.0.0", 0, true},
    {"/0 of the other family", "::1", "0.0.0.0", 0, false},
    {"a network with host bits", "192.0.2.1", "192.0.2.99", 24, true},
    {"IPv6 /32", "2001:db8:ff::1", "2001:db8::", 32, true},
    {"IPv6 beside /32", "2001:db9::", "2001:db8::", 32, false},
    {"IPv6 /127", "2001:db8::3", "2001:db8::2", 127, true},
    {"IPv6 /128", "2001:db8::3", "2001:db8::2", 128, false},
};

static void
test_network(void **state)
{
	const struct network_row *row = *state;
	struct ip ip = ip_of(row->ip), network = ip_of(row->network);

	assert_int_equal(ip_in_network(&ip, &network, row->bits), row->want);
}

static void
test_kinds(void **state)
{
	struct ip ip;

	(void)state;
	ip = ip_of("127.255.255.255");
	assert_true(ip_is_loopback(&ip));
	ip = ip_of("128.0.0.1");
	assert_false(ip_is_loopback(&ip));
	ip = ip_of("::1");
	assert_true(ip_is_loopback(&ip));
	ip = ip_of("::2");
	assert_false(ip_is_loopback(&ip));
	ip = ip_of("7f00::1");
	assert_false(ip_is_loopback(&ip));
	ip = ip_of("::ffff:127.0.0.1");
	assert_false(ip_is_loopback(&ip));
	assert_true(ip_is_mapped(&ip));
	ip_unmap(&ip);
	assert_true(ip_is_loopback(&ip));
	assert_false(ip_is_mapped(&ip));
	struct ip want = ip_of("127.0.0.1");
	assert_true(ip_eq(&ip, &want));
	ip_unmap(&ip);
	assert_true(ip_eq(&ip, &want));
	ip = ip_of("::fffe:127.0.0.1");
	assert_false(ip_is_mapped(&ip));
	want = ip;
	ip_unmap(&ip);
	assert_true(ip_eq(&ip, &want));
}

static void
test_mask(void **state)
{
	struct ip ip = ip_of("255.255.255.255"), want = ip_of("255.254.0.0");

	(void)state;
	ip_mask(&ip, 15);
	assert_true(ip_eq(&ip, &want));
	ip = ip_of("ffff::1");
	want = ip_of("fe00::");
	ip_mask(&ip, 7);
	assert_true(ip_eq(&ip, &want));
	ip_mask(&ip, 128);
	assert_true(ip_eq(&ip, &want));
	want = ip_of("::");
	ip_mask(&ip, 0);
	assert_true(ip_eq(&ip, &want));
}

int
main(void)
{
	struct CMUnitTest tests[160];
	size_t n = 0;

	UNIT_ROWS(tests, n, parse_rows, test_parse);
	UNIT_ROWS(tests, n, number_rows, test_ends_in_number);
	UNIT_TEST(tests, n, test_longest);
	UNIT_TEST(tests, n, test_like_libc);
	UNIT_ROWS(tests, n, network_rows, test_network);
	UNIT_TEST(tests, n, test_kinds);
	UNIT_TEST(tests, n, test_mask);
	return unit_run(tests, n);
}
