/*
 * Paths and hosts cannot be disguised: each published bypass of path rules is
 * a row by its name.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>

#include "cors/path.h"
#include "unit.h"

/* Constants may be read as if they were an environment. */
static char *
literal(const char *text)
{
	return (char *)(uintptr_t)text;
}

struct row {
	const char *name;
	const char *uri;
	const char *want; /* NULL: 400 */
};

static const struct row paths[] = {
    {"plain", "/api/x", "/api/x"},
    {"root", "/", "/"},
    {"query", "/api/x?y=/z", "/api/x"},
    {"two queries", "/api/x?y?z", "/api/x"},
    {"query alone", "?/api", NULL},
    {"encoded query mark", "/api/x%3fy/z", "/api/x?y/z"},
    {"fragment", "/api/x#/../../y", "/api/x"},
    {"query in a fragment", "/api/x#?y", "/api/x"},
    {"encoded fragment", "/api/x%23y", "/api/x#y"},
    {"dot segments (rack-cors 1.0.4)", "/api/../x", "/x"},
    {"dot segments (flask-cors 3.0.9)", "/api/../../x", "/x"},
    {"dot segments at the end", "/api/..", "/"},
    {"one dot", "/api/./x", "/api/x"},
    {"one dot at the end", "/api/.", "/api/"},
    {"dots above the root", "/../../x", "/x"},
    {"dots alone", "/..", "/"},
    {"three dots are a name", "/api/.../x", "/api/.../x"},
    {"dot files are names", "/api/.x/..y", "/api/.x/..y"},
    {"encoded dots", "/api/%2e%2e/x", "/x"},
    {"encoded dots, upper case", "/api/%2E%2E/x", "/x"},
    {"one encoded dot", "/api/%2E./x", "/x"},
    {"encoded dots at the end", "/api/x/%2e%2e", "/api/"},
    {"encoded slash", "/api%2fx", "/api/x"},
    {"encoded slash, upper case", "/api%2Fx", "/api/x"},
    {"encoded slashes and dots", "/api/%2f..%2f../x", NULL},
    {"encoded slash before dots", "/api%2f../x", NULL},
    {"encoded slash behind dots", "/api/..%2fx", NULL},
    {"encoded slash behind dots at the end", "/api/..%2f", NULL},
    {"encoded slash before dots at the end", "/api/a%2f..", NULL},
    {"encoded slash before one dot", "/api%2f./x", NULL},
    {"encoded slash behind one dot", "/api/.%2Fx", NULL},
    {"encoded slash and encoded dots", "/api%2F%2E%2E/x", NULL},
    {"dots behind an encoded slash", "/a%2fb/../x", NULL},
    {"dots far behind an encoded slash", "/a%2fb/c/../../x", NULL},
    {"dots before an encoded slash", "/a/../b%2fc", "/b/c"},
    {"one dot behind an encoded slash", "/a%2fb/./c", "/a/b/c"},
    {"dot names beside encoded slashes", "/a%2f..b%2f...%2f.c",
     "/a/..b/.../.c"},
    {"parameters beside encoded slashes", "/a%2f..;%2fb", "/a/..;/b"},
    {"encoded slashes in a query", "/a/../b?c=..%2f", "/b"},
    {"encoded slashes in a fragment", "/a/../b#..%2f", "/b"},
    {"encoded backslash before dots", "/api%5c../x", NULL},
    {"encoded backslash behind dots", "/api/..%5Cx", NULL},
    {"dots behind an encoded backslash", "/a%5cb/../x", NULL},
    {"encoded backslash alone", "/a%5cb", "/a\\b"},
    {"absolute form, encoded slash and dots", "http://host/a/..%2fb", NULL},
    {"encoded all", "%2fapi%2f%2e%2e%2fx", NULL},
    {"decoded once", "/api/%252e%252e/x", "/api/%2e%2e/x"},
    {"decoded once, slash", "/api%252fx", "/api%2fx"},
    {"doubled slashes", "//api///x/", "/api/x/"},
    {"slashes alone", "////", "/"},
    {"doubled slash and dots", "/a//../b", "/b"},
    {"dots and doubled slash", "/a/..//b", "/b"},
    {"authority look-alike", "//evil.example/api", "/evil.example/api"},
    {"plus is plus (CVE-2024-6844)", "/a+b", "/a+b"},
    {"encoded blank is no plus", "/a%20b", "/a b"},
    {"case counts (CVE-2024-6866)", "/API/x", "/API/x"},
    {"backslash is no slash", "/api\\..\\x", "/api\\..\\x"},
    {"encoded backslashes around dots", "/api%5c..%5cx", NULL},
    {"parameters are no segments", "/api/..;/x", "/api/..;/x"},
    {"absolute form", "http://host:80/a/../b?c", "/b"},
    {"absolute form, upper case", "HTTP://host/a", "/a"},
    {"absolute form without path", "http://host", "/"},
    {"absolute form, query alone", "http://host?/a", "/"},
    {"absolute form, userinfo", "http://u:/p@host/a", "/p@host/a"},
    {"absolute form, doubled", "http://host//a", "/a"},
    {"no scheme before it", "://host/a", NULL},
    {"scheme in a path", "/http://host/a", "/http:/host/a"},
    {"scheme behind a segment", "a/http://host/b", NULL},
    {"asterisk form", "*", "*"},
    {"authority form", "host:443", NULL},
    {"absolute form without authority", "http:/a/b", NULL},
    {"absolute form, empty authority", "http:///a", "/a"},
    {"backslashes for an authority", "http:\\\\host/a", NULL},
    {"asterisk and more", "*/a", NULL},
    {"relative", "api/../x", NULL},
    {"not ASCII", "/\xc3\xa9", "/\xc3\xa9"},
    {"overlong UTF-8 is bytes", "/api/%c0%ae%c0%ae/x",
     "/api/\xc0\xae\xc0\xae/x"},
    {"encoded line end", "/a%0d%0ab", "/a\r\nb"},
    {"encoded NUL", "/a%00b", NULL},
    {"encoded NUL behind", "/api/x%00", NULL},
    {"bad escape", "/a%zz", NULL},
    {"half escape", "/a%2", NULL},
    {"escape without digits", "/a%", NULL},
    {"signed escape", "/a%+1", NULL},
    {"bad escape in the query", "/a?%zz", "/a"},
};

static void
test_path(void **state)
{
	const struct row *row = *state;
	struct slice end = unit_guard(slice_from(row->uri));
	struct slice front = unit_guard_front(slice_from(row->uri));
	struct request request = {.uri = end};
	/* The output is never longer than the input. */
	struct slice buf = unit_guard(
	    slice_of(row->uri, row->uri[0] == '\0' ? 1 : strlen(row->uri)));
	char *to = (char *)(uintptr_t)buf.ptr;

	for (int i = 0; i < 2; i++) {
		struct slice path = path_normalize(&request, to, buf.len);
		if (row->want == NULL)
			assert_false(slice_present(path));
		else
			unit_assert_slice(path, row->want);
		request.uri = front;
	}
	unit_unguard(buf);
	unit_unguard(end);
	unit_unguard_front(front);
}

static void
test_without_uri(void **state)
{
	struct request request = {.script_name = SLICE("/cgi//a"),
				  .path_info = SLICE("/%2e/b?c#d")};
	char buf[64];

	(void)state;
	/* The server has decoded these already: "%2e" and '?' are literal. */
	unit_assert_slice(path_normalize(&request, buf, sizeof(buf)),
			  "/cgi/a/%2e/b?c#d");
	request.path_info = SLICE_NONE;
	unit_assert_slice(path_normalize(&request, buf, sizeof(buf)), "/cgi/a");
	request.script_name = SLICE("");
	unit_assert_slice(path_normalize(&request, buf, sizeof(buf)), "");
	request.script_name = SLICE("/a\0b");
	assert_false(slice_present(path_normalize(&request, buf, sizeof(buf))));
}

struct resolved {
	const char *name;
	const char *script_name;
	const char *path_info;
	const char *want; /* with REQUEST_URI "/u"; NULL: 400 */
};

static const struct resolved resolutions[] = {
    {"variables without dots", "/a/b.pl", "/c..d/...", "/u"},
    {"a dot file in PATH_INFO", "/a", "/.c/..d", "/u"},
    {"dots in PATH_INFO", "/a", "/../../open/x", NULL},
    {"dots at the end of PATH_INFO", "/a", "/b/..", NULL},
    {"one dot in PATH_INFO", "/a", "/./b", NULL},
    {"dots and a backslash in PATH_INFO", "/a", "\\..\\b", NULL},
    {"dots in SCRIPT_NAME", "/a/../b", "", NULL},
    {"dots at the start of SCRIPT_NAME", "../b", "", NULL},
    {"SCRIPT_NAME of dots", "..", NULL, NULL},
    {"doubled slashes in SCRIPT_NAME", "//a//b", "//c", "/u"},
};

/* REQUEST_URI names one script, and the server ran another. */
static void
test_variables(void **state)
{
	const struct resolved *row = *state;
	struct request request = {.uri = SLICE("/u")};
	char buf[64];

	request.script_name = slice_from(row->script_name);
	if (row->path_info != NULL)
		request.path_info = slice_from(row->path_info);
	struct slice path = path_normalize(&request, buf, sizeof(buf));
	if (row->want == NULL)
		assert_false(slice_present(path));
	else
		unit_assert_slice(path, row->want);
	/* A NUL is ambiguous, too. */
	request.path_info = SLICE("/a\0b");
	assert_false(slice_present(path_normalize(&request, buf, sizeof(buf))));
}

struct redirected {
	const char *name;
	const char *variables[6];
	const char *want; /* of REQUEST_URI "/open/x"; NULL: 400 */
};

/* Which script runs is then known by other variables than REQUEST_URI. */
static const struct redirected redirects[] = {
    {"nothing redirected", {"SCRIPT_NAME=/open/x"}, "/open/x"},
    {"a rewrite",
     {"REDIRECT_STATUS=200", "REDIRECT_URL=/open/x", "SCRIPT_NAME=/index.php"},
     "/open/x"},
    {"Action",
     {"REDIRECT_STATUS=200", "REDIRECT_HANDLER=php", "REDIRECT_URL=/open/x",
      "SCRIPT_NAME=/cgi-bin/api.cgi", "PATH_INFO=/open/x"},
     "/open/x"},
    {"an error page",
     {"REDIRECT_STATUS=404", "REDIRECT_URL=/open/x", "SCRIPT_NAME=/secret/a"},
     "/secret/a"},
    {"an error page with PATH_INFO",
     {"REDIRECT_STATUS=500", "SCRIPT_NAME=/secret/a", "PATH_INFO=/b"},
     "/secret/a/b"},
    {"an error page with dots",
     {"REDIRECT_STATUS=403", "SCRIPT_NAME=/secret/a", "PATH_INFO=/../b"},
     NULL},
    {"an error page that is a rewrite",
     {"REDIRECT_REDIRECT_STATUS=404", "REDIRECT_STATUS=200",
      "SCRIPT_NAME=/secret/a"},
     "/secret/a"},
    {"an error page by Action",
     {"REDIRECT_REDIRECT_STATUS=404", "REDIRECT_STATUS=200",
      "REDIRECT_HANDLER=php", "REDIRECT_URL=/secret/a",
      "SCRIPT_NAME=/cgi-bin/api.cgi"},
     "/secret/a"},
    {"an error page by Action with dots",
     {"REDIRECT_REDIRECT_STATUS=404", "REDIRECT_HANDLER=php",
      "REDIRECT_URL=/secret/../a", "SCRIPT_NAME=/cgi-bin/api.cgi"},
     NULL},
    {"a program's local redirect",
     {"REDIRECT_STATUS=200", "REDIRECT_SCRIPT_NAME=/open/x",
      "SCRIPT_NAME=/secret/a"},
     "/secret/a"},
    {"the constant of nginx' fastcgi_params",
     {"REDIRECT_STATUS=200", "SCRIPT_NAME=/secret/a"},
     "/open/x"},
    {"a header that is called so",
     {"HTTP_REDIRECT_STATUS=404", "SCRIPT_NAME=/secret/a"},
     "/open/x"},
    {"an alias without a slash",
     {"SCRIPT_NAME=/open../secret/a", "SCRIPT_FILENAME=/srv/open/../secret/a"},
     NULL},
    {"the same with one dot",
     {"SCRIPT_NAME=/open./secret/a", "SCRIPT_FILENAME=/srv/open/./secret/a"},
     NULL},
    {"dots that the server's administrator wrote",
     {"SCRIPT_NAME=/open/x", "SCRIPT_FILENAME=/srv/www/../cgi/open/x"},
     "/open/x"},
    {"dot names",
     {"SCRIPT_NAME=/open/..x", "SCRIPT_FILENAME=/srv/open/..x"},
     "/open/x"},
};

static void
test_redirected(void **state)
{
	const struct redirected *row = *state;
	char *variables[8] = {literal("REQUEST_URI=/open/x")};
	struct request request;
	char buf[64];

	for (size_t i = 0; i < 6 && row->variables[i] != NULL; i++)
		variables[i + 1] = literal(row->variables[i]);
	request_read(&request, variables);
	struct slice path = path_normalize(&request, buf, sizeof(buf));
	if (row->want == NULL)
		assert_false(slice_present(path));
	else
		unit_assert_slice(path, row->want);
}

/* The section named for the URL is not used for its error page. */
static void
test_redirected_policy(void **state)
{
	char *variables[] = {literal("REDIRECT_CORSWRAP_POLICY=open"),
			     literal("REDIRECT_STATUS=200"), NULL};
	struct request request;

	(void)state;
	request_read(&request, variables);
	unit_assert_slice(request.policy_name, "open");
	variables[1] = literal("REDIRECT_STATUS=404");
	request_read(&request, variables);
	assert_false(slice_present(request.policy_name));
	variables[1] = literal("REDIRECT_SCRIPT_NAME=/a");
	request_read(&request, variables);
	assert_false(slice_present(request.policy_name));
	/* Action, which leads from the error page to us. */
	variables[1] = literal("REDIRECT_REDIRECT_STATUS=404");
	request_read(&request, variables);
	unit_assert_slice(request.policy_name, "open");
	variables[0] = literal("CORSWRAP_POLICY=mine");
	variables[1] = literal("REDIRECT_STATUS=404");
	request_read(&request, variables);
	unit_assert_slice(request.policy_name, "mine");
}

/* A path that does not fit is an error, never truncated. */
static void
test_room(void **state)
{
	struct request request = {.uri = SLICE("/api/x")};
	char buf[8];

	(void)state;
	unit_assert_slice(path_normalize(&request, buf, 6), "/api/x");
	assert_false(slice_present(path_normalize(&request, buf, 5)));
	assert_false(slice_present(path_normalize(&request, buf, 0)));
	request.uri = SLICE("/a?");
	unit_assert_slice(path_normalize(&request, buf, 2), "/a");
}

/* The output is always normalized, and normalized paths do not change. */
static void
test_random_paths(void **state)
{
	static const char *const pieces[] = {
	    "/", "/", "//", ".", "..", "a", "%2e", "%2f", "%41", "+", "b"};
	uint32_t seed = 20260102;
	int refused = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char text[64] = "/", first[64], second[64];
		struct request request = {0};
		for (int i = 0; i < 10; i++) {
			seed = seed * 1664525u + 1013904223u;
			strcat(text, pieces[(seed >> 16) % UNIT_COUNT(pieces)]);
		}
		request.uri = slice_from(text);
		struct slice path = path_normalize(&request, first, 64);
		if (!slice_present(path)) {
			/* Only where there is an encoded slash and a dot. */
			assert_non_null(strstr(text, "%2f"));
			assert_true(strchr(text, '.') || strstr(text, "%2e"));
			refused++;
			continue;
		}
		assert_int_equal(path.ptr[0], '/');
		for (size_t i = 0; i < path.len; i++) {
			struct slice rest = slice_after(path, i);
			if (slice_starts(rest, SLICE("//")) ||
			    slice_starts(rest, SLICE("/./")) ||
			    slice_starts(rest, SLICE("/../")) ||
			    slice_eq(rest, SLICE("/.")) ||
			    slice_eq(rest, SLICE("/..")))
				fail_msg("%s gave %.*s", text, (int)path.len,
					 path.ptr);
		}
		request = (struct request){.script_name = path};
		struct slice again = path_normalize(&request, second, 64);
		if (!slice_eq(path, again) || !path_pattern_valid(path))
			fail_msg("%s: not the same twice", text);
	}
	assert_in_range(refused, 10000, 70000);
}

struct pattern {
	const char *name;
	const char *pattern;
	const char *path; /* NULL: the pattern is not valid */
	bool want;
};

static const struct pattern path_patterns[] = {
    {"glob and what is in it", "/api/*", "/api/x", true},
    {"glob and the folder", "/api/*", "/api/", true},
    {"glob and the name", "/api/*", "/api", false},
    {"glob and more of the name", "/api/*", "/apix", false},
    {"glob and another case", "/api/*", "/API/x", false},
    {"glob without slash", "/api*", "/apix/y", true},
    {"glob of everything", "/*", "/", true},
    {"glob and what is no path", "/*", "*", false},
    {"exact", "/a", "/a", true},
    {"exact and a slash", "/a", "/a/", false},
    {"exact and more", "/a", "/ab", false},
    {"star in a path", "/a/*", "/a/*", true},
    {"question mark is a byte", "/a?", "/ab", false},
    {"dot is a byte", "/a.b", "/axb", false},
    {"pattern without slash", "a", NULL, false},
    {"pattern empty", "", NULL, false},
    {"pattern with a star inside", "/a*/b", NULL, false},
    {"pattern with two stars", "/a**", NULL, false},
    {"pattern with dots", "/a/../b", NULL, false},
    {"pattern with a dot", "/a/./b", NULL, false},
    {"pattern that ends in dots", "/a/..", NULL, false},
    {"pattern with doubled slash", "/a//b", NULL, false},
    {"pattern of doubled slash", "//", NULL, false},
    {"pattern of a dot glob", "/a/.*", "/a/.b", true},
};

static void
test_path_pattern(void **state)
{
	const struct pattern *row = *state;
	struct slice pattern = unit_guard(slice_from(row->pattern));

	assert_int_equal(path_pattern_valid(pattern), row->path != NULL);
	if (row->path != NULL)
		assert_int_equal(
		    path_pattern_match(pattern, slice_from(row->path)),
		    row->want);
	unit_unguard(pattern);
}

struct host {
	const char *name; /* HTTP_HOST, which is the test's name too */
	const char *want; /* NULL: no host that a pattern matches */
};

static const struct host hosts[] = {
    {"example.com", "example.com"},
    {"Example.COM", "example.com"},
    {"EXAMPLE.com.:80", "example.com"},
    {"example.com:8080", "example.com"},
    {"example.com:", "example.com"},
    {"example.com.", "example.com"},
    {"a_b-c.example", "a_b-c.example"},
    {"127.0.0.1:80", "127.0.0.1"},
    {"[::1]:80", "[::1]"},
    {"[::1]", "[::1]"},
    {"[2001:DB8::1]", "[2001:db8::1]"},
    {"example.com..", NULL},
    {".example.com", NULL},
    {"a..example.com", NULL},
    {".", NULL},
    {":80", NULL},
    {"example.com:80:90", NULL},
    {"example.com:8x", NULL},
    {"example.com:80.evil.com", NULL},
    {"evil.com/.example.com", NULL},
    {"evil.com?.example.com", NULL},
    {"evil.com#.example.com", NULL},
    {"evil.com\\.example.com", NULL},
    {"user@example.com", NULL},
    {"user:1@example.com", NULL},
    {"evil.com, a.example.com", NULL},
    {"evil.com,a.example.com", NULL},
    {" example.com", NULL},
    {"example.com\t", NULL},
    {"ex%61mple.com", NULL},
    {"*.example.com", NULL},
    {"ex\xc3\xa4mple.com", NULL},
    {"[::1", NULL},
    {"[::1]x", NULL},
    {"[::1]x:80", NULL},
    {"::1", NULL},
    {"[]", NULL},
    {"[", NULL},
};

static void
test_host(void **state)
{
	const struct host *row = *state;
	struct slice end = unit_guard(slice_from(row->name));
	struct request request = {.host = end, .server_name = SLICE("other")};
	char buf[64];
	struct slice host = host_normalize(&request, buf, sizeof(buf));

	if (row->want == NULL)
		assert_false(slice_present(host));
	else
		unit_assert_slice(host, row->want);
	unit_unguard(end);
}

static void
test_server_name(void **state)
{
	struct request request = {.server_name = SLICE("Srv.example")};
	char buf[300];

	(void)state;
	unit_assert_slice(host_normalize(&request, buf, sizeof(buf)),
			  "srv.example");
	request.host = SLICE("");
	unit_assert_slice(host_normalize(&request, buf, sizeof(buf)),
			  "srv.example");
	assert_false(slice_present(host_normalize(&request, buf, 10)));
	unit_assert_slice(host_normalize(&request, buf, 11), "srv.example");
	request.server_name = SLICE_NONE;
	assert_false(slice_present(host_normalize(&request, buf, 300)));
	/* A megabyte of host. */
	struct slice big = slice_of(calloc(1, 1000000), 1000000);
	assert_non_null(big.ptr);
	request.host = big;
	assert_false(slice_present(host_normalize(&request, buf, 300)));
	free((void *)(uintptr_t)big.ptr);
}

static const struct pattern host_patterns[] = {
    {"host", "a.com", "a.com", true},
    {"host and more", "a.com", "b.a.com", false},
    {"subdomain", "*.a.com", "b.a.com", true},
    {"subdomain, any depth", "*.a.com", "c.b.a.com", true},
    {"subdomain and the apex", "*.a.com", "a.com", false},
    {"subdomain and no boundary", "*.a.com", "ba.com", false},
    {"subdomain in front", "*.a.com", "b.a.com.evil", false},
    {"address", "127.0.0.1", "127.0.0.1", true},
    {"address in brackets", "[::1]", "[::1]", true},
    {"host in upper case", "A.com", NULL, false},
    {"host with a port", "a.com:80", NULL, false},
    {"host with a final dot", "a.com.", NULL, false},
    {"host with an empty label", "a..com", NULL, false},
    {"host with a star inside", "a.*.com", NULL, false},
    {"star alone", "*", NULL, false},
    {"star and dot", "*.", NULL, false},
    {"star without dot", "*a.com", NULL, false},
    {"two stars", "*.*.com", NULL, false},
    {"star before an address", "*.[::1]", NULL, false},
    {"host empty", "", NULL, false},
    {"host with a path", "a.com/b", NULL, false},
    {"host with a scheme", "https://a.com", NULL, false},
};

static void
test_host_pattern(void **state)
{
	const struct pattern *row = *state;
	struct slice pattern = unit_guard(slice_from(row->pattern));

	assert_int_equal(host_pattern_valid(pattern), row->path != NULL);
	if (row->path != NULL)
		assert_int_equal(
		    host_pattern_match(pattern, slice_from(row->path)),
		    row->want);
	unit_unguard(pattern);
}

int
main(void)
{
	struct CMUnitTest tests[220];
	size_t n = 0;

	UNIT_ROWS(tests, n, paths, test_path);
	UNIT_ROWS(tests, n, path_patterns, test_path_pattern);
	UNIT_ROWS(tests, n, hosts, test_host);
	UNIT_ROWS(tests, n, host_patterns, test_host_pattern);
	UNIT_ROWS(tests, n, resolutions, test_variables);
	UNIT_ROWS(tests, n, redirects, test_redirected);
	UNIT_TEST(tests, n, test_without_uri);
	UNIT_TEST(tests, n, test_redirected_policy);
	UNIT_TEST(tests, n, test_room);
	UNIT_TEST(tests, n, test_random_paths);
	UNIT_TEST(tests, n, test_server_name);
	assert_true(n <= UNIT_COUNT(tests));
	return unit_run(tests, n);
}
