/*
 * HOST:PORT, loopback hosts and default ports, by tables.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include "base/host.h"

static const struct split_row {
	const char *name;	 /* the text */
	const char *host, *port; /* NULL: absent */
	unsigned number;
} split_rows[] = {
    {"example.com", "example.com", NULL, 0},
    {"example.com:8080", "example.com", "8080", 8080},
    {"example.com:", "example.com", "", 0},
    {"example.com:0", "example.com", "0", 0},
    {"example.com:00080", "example.com", "00080", 80},
    {"example.com:65535", "example.com", "65535", 65535},
    {"example.com:65536", "example.com", "65536", 0},
    {"example.com:80x", "example.com", "80x", 0},
    {"example.com:80:90", "example.com", "80:90", 0},
    {"[::1]", "[::1]", NULL, 0},
    {"[::1]:443", "[::1]", "443", 443},
    {"[::1", "[::1", NULL, 0},
    {"::1", "", ":1", 0},
    {"", "", NULL, 0},
    {":80", "", "80", 80},
};

static void
test_split(void **state)
{
	const struct split_row *row = *state;
	struct slice text = unit_guard(slice_from(row->name)), port;

	unit_assert_slice(host_split(text, &port), row->host);
	if (row->port == NULL)
		assert_false(slice_present(port));
	else
		unit_assert_slice(port, row->port);
	assert_int_equal(port_number(port), row->number);
	unit_unguard(text);
}

static void
test_default(void **state)
{
	(void)state;
	assert_int_equal(port_default(SLICE("https")), 443);
	assert_int_equal(port_default(SLICE("wss")), 443);
	assert_int_equal(port_default(SLICE("http")), 80);
	assert_int_equal(port_default(SLICE("ws")), 80);
	assert_int_equal(port_default(SLICE("ftp")), 21);
	assert_int_equal(port_default(SLICE("HTTP")), 0);
	assert_int_equal(port_default(SLICE("app")), 0);
	assert_int_equal(port_default(SLICE_NONE), 0);
}

static const struct loopback_row {
	const char *name; /* the host */
	bool want;
} loopback_rows[] = {
    {"localhost", true},
    {"localhost.", true},
    {"app.localhost", true},
    {"app.localhost.", true},
    {"127.0.0.1", true},
    {"127.255.0.1", true},
    {"[::1]", true},
    {"127.evil.example", false},
    {"128.0.0.1", false},
    {"[::2]", false},
    {"mylocalhost", false},
    {"localhost.example", false},
    {".localhost..", false},
    {"::1", false},
    {"", false},
};

static void
test_loopback(void **state)
{
	const struct loopback_row *row = *state;
	struct slice host = unit_guard_front(slice_from(row->name));

	assert_int_equal(host_is_loopback(host), row->want);
	unit_unguard_front(host);
}

int
main(void)
{
	struct CMUnitTest tests[64];
	size_t n = 0;

	UNIT_ROWS(tests, n, split_rows, test_split);
	UNIT_TEST(tests, n, test_default);
	UNIT_ROWS(tests, n, loopback_rows, test_loopback);
	return unit_run(tests, n);
}
