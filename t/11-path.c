/*
 * Paths and hosts cannot be dressed up as others.
 *
 * SPDX-License-Identifier: ISC
 */
#include "path.h"
#include "unit.h"

struct row {
	const char *name; /* REQUEST_URI */
	const char *want; /* NULL: 400 */
};

static const struct row rows[] = {
	{ "/api/x", "/api/x" },
	{ "/api/x?y=/z", "/api/x" },
	{ "//api///x/", "/api/x/" },
	{ "/api/../x", "/x" },
	{ "/api/..", "/" },
	{ "/api/.", "/api/" },
	{ "/../../x", "/x" },
	{ "/api/%2e%2e/x", "/x" },
	{ "/api/%2E./x", "/x" },
	{ "/api%2fx", "/api/x" },
	{ "/api/%2f..%2f../x", "/x" },
	{ "/api/%252e%252e/x", "/api/%2e%2e/x" },
	{ "/a+b", "/a+b" },
	{ "/API/x", "/API/x" },
	{ "http://host:80/a/../b?c", "/b" },
	{ "http://host", "/" },
	{ "*", "*" },
	{ "/a%00b", NULL },
	{ "/a%zz", NULL },
	{ "/a%2", NULL },
	{ "/a%", NULL },
};

static void
test_path(void **state)
{
	const struct row *row = *state;
	struct request request = { .uri = slice_from(row->name) };
	char buf[256];
	struct slice path = path_normalize(&request, buf, sizeof(buf));

	if (row->want == NULL) {
		assert_false(slice_present(path));
		return;
	}
	assert_int_equal(strlen(row->want), path.len);
	assert_memory_equal(row->want, path.ptr, path.len);
}

static void
test_without_uri(void **state)
{
	struct request request = { .script_name = SLICE("/cgi//a"),
		.path_info = SLICE("/%2e/../b") };
	char buf[64];
	struct slice path = path_normalize(&request, buf, sizeof(buf));

	(void)state;
	/* The server has decoded these already: "%2e" is itself. */
	assert_true(slice_eq(path, SLICE("/cgi/a/b")));
	assert_false(slice_present(path_normalize(&request, buf, 4)));
}

struct host {
	const char *name; /* HTTP_HOST */
	const char *want;
};

static const struct host hosts[] = {
	{ "Example.COM", "example.com" },
	{ "example.com:8080", "example.com" },
	{ "example.com.", "example.com" },
	{ "example.com.:80", "example.com" },
	{ "[::1]:80", "[::1]" },
	{ "[::1]", "[::1]" },
};

static void
test_host(void **state)
{
	const struct host *row = *state;
	struct request request = { .host = slice_from(row->name) };
	char buf[64];
	struct slice host = host_normalize(&request, buf, sizeof(buf));

	assert_int_equal(strlen(row->want), host.len);
	assert_memory_equal(row->want, host.ptr, host.len);
}

static void
test_patterns(void **state)
{
	(void)state;
	assert_true(path_pattern_match(SLICE("/api/*"), SLICE("/api/")));
	assert_false(path_pattern_match(SLICE("/api/*"), SLICE("/api")));
	assert_false(path_pattern_match(SLICE("/api/*"), SLICE("/API/x")));
	assert_true(path_pattern_match(SLICE("/a"), SLICE("/a")));
	assert_false(path_pattern_match(SLICE("/a"), SLICE("/a/")));
	assert_true(path_pattern_valid(SLICE("/*")));
	assert_false(path_pattern_valid(SLICE("/a*/b")));
	assert_false(path_pattern_valid(SLICE("a")));
	assert_true(host_pattern_match(SLICE("*.a.com"), SLICE("b.a.com")));
	assert_false(host_pattern_match(SLICE("*.a.com"), SLICE("a.com")));
	assert_false(host_pattern_match(SLICE("*.a.com"), SLICE("ba.com")));
	assert_true(host_pattern_valid(SLICE("*.a.com")));
	assert_false(host_pattern_valid(SLICE("A.com")));
	assert_false(host_pattern_valid(SLICE("*.")));
}

int
main(void)
{
	struct CMUnitTest tests[64];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_path);
	UNIT_ROWS(tests, n, hosts, test_host);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_without_uri);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_patterns);
	return unit_run(tests, n);
}
