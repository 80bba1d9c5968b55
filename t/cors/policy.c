/*
 * The variables that are read from a request, the policy that is chosen for
 * it, and sections that would tie.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>

#include "cors/path.h"
#include "cors/policy.h"
#include "policy_kit.h"
#include "unit.h"

/* ---- choosing ---- */

static const char places[] =
    "origins=https://base.com\n"
    "name=api; origins=https://a.com; path=/api/*\n"
    "name=deep; origins=https://a.com; path=/api/private/* /api/x\n"
    "name=exact; origins=https://a.com; path=/api/private/one\n"
    "name=host; origins=https://a.com; host=a.example b.example\n"
    "name=hostapi; origins=https://a.com; host=a.example; path=/api/*\n"
    "name=wild; origins=https://a.com; host=*.example\n"
    "name=wilder; origins=https://a.com; host=*.b.example; path=/w/* /api/*\n"
    "name=v6; origins=https://a.com; host=[::1]\n"
    "name=named; origins=https://a.com\n";

static const char apart[] =
    "name=one; origins=https://a.com; path=/one/*\n"
    "name=two; origins=https://a.com; host=two.example; path=/two/*\n";

static const char alone[] = "origins=https://a.com\n"
			    "name=named; origins=*\n";

static const char hosts_only[] = "name=h; origins=https://a.com; host=h.x\n";

struct choice {
	const char *name;
	const char *policies;
	const char *host; /* NULL: not set */
	const char *uri;
	const char *policy; /* CORSWRAP_POLICY */
	const char *want;   /* a name; "" [cors]; "-" none, "?" unknown, "!" bad
			       path, "!host" bad host */
};

static const struct choice choices[] = {
    {"everything else", places, NULL, "/x", NULL, ""},
    {"glob", places, NULL, "/api/y", NULL, "api"},
    {"glob does not cover the name", places, NULL, "/api", NULL, ""},
    {"longest glob (CVE-2024-6839)", places, NULL, "/api/private/x", NULL,
     "deep"},
    {"exact before the glob of its own section", places, NULL, "/api/x", NULL,
     "deep"},
    {"exact before glob", places, NULL, "/api/private/one", NULL, "exact"},
    {"exact is exact", places, NULL, "/api/private/one/", NULL, "deep"},
    {"dot segments (flask-cors 3.0.9)", places, NULL, "/api/../x", NULL, ""},
    {"dot segments into a section", places, NULL, "/x/../api/y", NULL, "api"},
    {"encoded dots (rack-cors 1.0.4)", places, NULL, "/api/%2e%2e/x", NULL, ""},
    {"encoded slash", places, NULL, "/api%2fprivate%2fone", NULL, "exact"},
    {"doubled slashes", places, NULL, "//api//private//one", NULL, "exact"},
    {"case (CVE-2024-6866)", places, NULL, "/API/x", NULL, ""},
    {"plus (CVE-2024-6844)", places, NULL, "/api+private/x", NULL, ""},
    {"absolute form", places, NULL, "http://h/api/private/one?x", NULL,
     "exact"},
    {"asterisk form", places, NULL, "*", NULL, ""},
    {"exact host", places, "a.example", "/x", NULL, "host"},
    {"exact host, second of a list", places, "b.example", "/x", NULL, "host"},
    {"exact host and path", places, "a.example", "/api/private/one", NULL,
     "hostapi"},
    {"exact host before exact path", places, "b.example", "/api/private/one",
     NULL, "host"},
    {"host in upper case with port and dot", places, "A.EXAMPLE.:8080", "/x",
     NULL, "host"},
    {"wildcard host", places, "c.example", "/api/private/one", NULL, "wild"},
    {"wildcard host, deeper", places, "d.c.example", "/x", NULL, "wild"},
    {"longest wildcard host", places, "x.b.example", "/w/x", NULL, "wilder"},
    {"longest wildcard host, other path", places, "x.b.example", "/x", NULL,
     "wild"},
    {"wildcard host before path", places, "x.b.example", "/api/private/one",
     NULL, "wilder"},
    {"wildcard host is not the apex", places, "example", "/x", NULL, ""},
    {"wildcard host, no boundary", places, "aexample", "/x", NULL, ""},
    {"wildcard host, junk in it", places, "evil.com/.example", "/x", NULL,
     "!host"},
    {"wildcard host, what only browsers take for one", places, "x'y.example",
     "/x", NULL, "!host"},
    {"junk for a host, and a name", places, "x'y.example", "/x", "named",
     "named"},
    {"junk where no host counts", alone, "x'y.example", "/x", NULL, ""},
    {"wildcard host, two hosts", places, "evil.com,a.example", "/x", NULL,
     "!host"},
    {"wildcard host, userinfo", places, "u@a.example", "/x", NULL, "!host"},
    {"absolute form of the same host", places, "A.example:80",
     "http://a.EXAMPLE./x", NULL, "host"},
    {"absolute form of another host", places, "b.example",
     "http://evil.com/x", NULL, "!host"},
    {"absolute form of a host with its section", places, "evil.com",
     "http://a.example/x", NULL, "!host"},
    {"absolute form with userinfo", places, "a.example",
     "http://u@a.example/x", NULL, "!host"},
    {"an address in a query", places, "a.example", "/x?http://evil.com/",
     NULL, "host"},
    {"an address in a path", places, "a.example", "/http://evil.com/", NULL,
     "host"},
    {"address in brackets", places, "[::1]:8080", "/x", NULL, "v6"},
    {"no host", places, NULL, "/api/y", NULL, "api"},
    {"bad path", places, NULL, "/a%00", NULL, "!"},
    {"bad path before the name", places, NULL, "/a%zz", "named", "!"},
    {"by name", places, "a.example", "/api/x", "named", "named"},
    {"by name, with places of its own", places, NULL, "/x", "hostapi",
     "hostapi"},
    {"unknown name", places, NULL, "/x", "nobody", "?"},
    {"name in another case", places, NULL, "/x", "Named", "?"},
    {"name with a blank", places, NULL, "/x", "named ", "?"},
    {"empty name is none", places, NULL, "/x", "", ""},
    {"covered by no policy", apart, NULL, "/x", NULL, "-"},
    {"covered by path", apart, "any", "/one/x", NULL, "one"},
    {"host without path", apart, "two.example", "/x", NULL, "-"},
    {"host gives way to path", apart, "two.example", "/one/x", NULL, "one"},
    {"host and path", apart, "two.example", "/two/x", NULL, "two"},
    {"path of another host", apart, "x.example", "/two/x", NULL, "-"},
    {"one for all", alone, "h", "/x", NULL, ""},
    {"bad path where none counts", alone, NULL, "/a%00", NULL, ""},
    {"bad path where hosts count", hosts_only, "h.x", "/a%00", NULL, "h"},
    {"no host where hosts count", hosts_only, NULL, "/", NULL, "-"},
};

static void
test_choice(void **state)
{
	static const char *const marks[] = {
	    [POLICY_NONE] = "-",
	    [POLICY_UNKNOWN] = "?",
	    [POLICY_BAD_PATH] = "!",
	    [POLICY_BAD_HOST] = "!host",
	};
	const struct choice *row = *state;
	struct arena *arena = arena_new();
	const struct policy_set *set = kit_policies(arena, row->policies);
	const struct policy *policy = NULL;
	struct request request = {.host = slice_from(row->host),
				  .uri = slice_from(row->uri),
				  .policy_name = slice_from(row->policy)};
	char buf[256];
	struct slice path = path_normalize(&request, buf, sizeof(buf));
	enum policy_chosen chosen = policy_choose(set, &request, path, &policy);

	if (chosen == POLICY_CHOSEN) {
		assert_non_null(policy);
		unit_assert_slice(
		    policy->spec.name.len == 0 ? SLICE("") : policy->spec.name,
		    row->want);
		assert_ptr_equal(set->policies[policy->index], policy);
	} else {
		assert_null(policy);
		assert_string_equal(marks[chosen], row->want);
	}
	arena_free(arena);
}

/* ---- equals ---- */

static const char equals[] =
    "name=one; origins=https://a.com https://*.b.com; path=/x; "
    "credentials=yes\n"
    "name=two; origins=https://c.b.com https://*.c.b.com; path=/y /x\n"
    "name=open; origins=*; path=/x\n"
    "name=other; origins=https://*.d.c.b.com; path=/x; credentials=yes\n"
    "name=null; origins=null; path=/x\n";

static const char closed[] =
    "name=b; origins=https://b.com; path=/x; credentials=yes\n"
    "name=a; origins=https://a.com; path=/x; credentials=yes\n"
    "name=bz; origins=https://b.com; path=/z\n"
    "name=c; origins=https://c.com; path=/x\n"
    "name=d; origins=https://d.com; path=/x\n";

struct equal {
	const char *name;
	const char *policies;
	const char *origin; /* NULL: none */
	const char *want;
	enum origin_match match;
	size_t count;
};

static const struct equal equal_rows[] = {
    {"exactly", equals, "https://a.com", "one", ORIGIN_EXACTLY, 5},
    {"in a pattern", equals, "https://x.b.com", "one", ORIGIN_BY_PATTERN, 5},
    {"exactly before a pattern", equals, "https://c.b.com", "two",
     ORIGIN_EXACTLY, 5},
    {"two patterns: without credentials", equals, "https://x.c.b.com", "two",
     ORIGIN_BY_PATTERN, 5},
    {"three patterns: without credentials", equals, "https://x.d.c.b.com",
     "two", ORIGIN_BY_PATTERN, 5},
    {"none has it: *", equals, "https://e.com", "open", ORIGIN_BY_ANY, 5},
    {"malformed: *", equals, "https://A.com", "open", ORIGIN_BY_ANY, 5},
    {"no Origin: *", equals, NULL, "open", ORIGIN_BY_ANY, 5},
    {"null by name", equals, "null", "null", ORIGIN_EXACTLY, 5},
    {"none has it, no *", closed, "https://e.com", "c", ORIGIN_BY_NONE, 4},
    {"no Origin, no *", closed, NULL, "c", ORIGIN_BY_NONE, 4},
    {"with credentials if it alone has it", closed, "https://b.com", "b",
     ORIGIN_EXACTLY, 4},
};

/* For every order of the sections. */
static void
test_equal(void **state)
{
	const struct equal *row = *state;
	size_t len = strlen(row->policies);
	char text[1024];

	for (size_t cut = 0; cut < len; cut++) {
		struct arena *arena = arena_new();
		struct request request = {.origin = slice_from(row->origin),
					  .origin_count = row->origin != NULL};
		const struct policy_set *set;
		const struct policy *policy;
		struct policy_equal out[8];

		if (cut > 0 && row->policies[cut - 1] != '\n') {
			arena_free(arena);
			continue;
		}
		snprintf(text, sizeof(text), "%s%.*s", row->policies + cut,
			 (int)cut, row->policies);
		set = kit_policies(arena, text);
		assert_int_equal(
		    policy_choose(set, &request, SLICE("/x"), &policy),
		    POLICY_EQUALS);
		assert_non_null(policy);
		assert_int_equal(
		    policy_equals(set, &request, SLICE("/x"), NULL, out, 8),
		    row->count);
		unit_assert_slice(out[0].policy->spec.name, row->want);
		assert_int_equal(out[0].match, row->match);
		assert_int_equal(
		    policy_equals(set, &request, SLICE("/x"), NULL, out, 1), 1);
		unit_assert_slice(out[0].policy->spec.name, row->want);
		assert_int_equal(
		    policy_choose(set, &request, SLICE("/y"), &policy),
		    row->policies == equals ? POLICY_CHOSEN : POLICY_NONE);
		arena_free(arena);
	}
}

/* The order of sections does not matter: every rotation chooses the same. */
static void
test_order(void **state)
{
	char text[sizeof(places)];

	(void)state;
	for (size_t cut = 0; cut < sizeof(places) - 1; cut++) {
		if (cut > 0 && places[cut - 1] != '\n')
			continue;
		size_t rest = sizeof(places) - 1 - cut;
		memcpy(text, places + cut, rest);
		memcpy(text + rest, places, cut);
		text[rest + cut] = '\0';
		for (size_t i = 0; i < UNIT_COUNT(choices); i++) {
			struct choice row = choices[i];
			void *of_row = &row;
			if (row.policies != places)
				continue;
			row.policies = text;
			test_choice(&of_row);
		}
	}
}

/* ---- ties ---- */

struct tie {
	const char *name;
	const char *a, *b;
	const char *path,
	    *host; /* NULL, NULL: no tie; "" the pattern is none */
};

static const struct tie ties[] = {
    {"same path", "name=a; path=/x", "name=b; path=/x", "/x", ""},
    {"one of several", "name=a; path=/x /y/*", "name=b; path=/z /y/*", "/y/*",
     ""},
    {"exact and glob", "name=a; path=/x/*", "name=b; path=/x/y", NULL, NULL},
    {"globs of two lengths", "name=a; path=/x/*", "name=b; path=/x*", NULL,
     NULL},
    {"same host", "name=a; host=h", "name=b; host=h", "", "h"},
    {"same host, other paths", "name=a; host=h; path=/x",
     "name=b; host=h; path=/y", NULL, NULL},
    {"same host, one with a path", "name=a; host=h", "name=b; host=h; path=/y",
     NULL, NULL},
    {"same both", "name=a; host=*.h; path=/x", "name=b; host=g *.h; path=/x",
     "/x", "*.h"},
    {"same path, other hosts", "name=a; host=g; path=/x",
     "name=b; host=h; path=/x", NULL, NULL},
    {"same path, one with a host", "name=a; path=/x", "name=b; host=h; path=/x",
     NULL, NULL},
    {"neither, by name alone", "name=a", "name=b", NULL, NULL},
    {"[cors] and a name without place", "credentials=no", "name=b", NULL, NULL},
    {"[cors] and a path", "credentials=no", "name=b; path=/x", NULL, NULL},
};

static void
test_tie(void **state)
{
	const struct tie *row = *state;
	struct arena *arena = arena_new();
	struct policy_spec a = kit_spec(arena, slice_from(row->a));
	struct policy_spec b = kit_spec(arena, slice_from(row->b));
	struct slice path, host;

	assert_int_equal(policy_spec_ties(&a, &b, &path, &host),
			 row->path != NULL);
	if (row->path != NULL) {
		assert_true(slice_eq(path, slice_from(row->path)));
		assert_true(slice_eq(host, slice_from(row->host)));
	}
	assert_int_equal(policy_spec_ties(&b, &a, &path, &host),
			 row->path != NULL);
	arena_free(arena);
}

/* ---- what sections of one path must have in common ---- */

static const struct common {
	const char *name;
	const char *a;
	const char *b;
	const char *key; /* that differs */
} common_rows[] = {
    {"nothing", "origins=https://a.com", "origins=https://b.com", NULL},
    {"the order of names", "allow=GET PUT", "allow=PUT GET", NULL},
    {"a name", "allow=GET PUT", "allow=GET POST", "allow"},
    {"a name more", "allow=GET", "allow=GET POST", "allow"},
};

static void
test_common(void **state)
{
	const struct common *row = *state;
	struct arena *arena = arena_new();
	struct policy_spec a = kit_spec(arena, slice_from(row->a));
	struct policy_spec b = kit_spec(arena, slice_from(row->b));
	const char *key = policy_spec_differs(&a, &b);

	assert_int_equal(key != NULL, row->key != NULL);
	if (key != NULL)
		assert_string_equal(key, row->key);
	arena_free(arena);
}

/* Combinations that the loader refuses do not allow credentials either. */
static void
test_credentials(void **state)
{
	struct arena *arena = arena_new();
	const struct policy_set *set =
	    kit_policies(arena, "origins=*; credentials=yes\n"
				"origins=null https://a.com; credentials=yes");

	(void)state;
	assert_false(set->policies[0]->spec.credentials);
	assert_true(set->policies[1]->spec.credentials);
	assert_false(set->policies[1]->spec.null_origin);
	arena_free(arena);
}

static void
test_many_sections(void **state)
{
	enum { COUNT = 500 };
	static char names[COUNT][32], hosts[COUNT][32];
	static struct slice host[COUNT];
	struct arena *arena = arena_new();
	struct policy_spec *specs = arena_array(arena, COUNT, sizeof(*specs));

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		sprintf(names[i], "n%u", i);
		sprintf(hosts[i], i % 2 == 0 ? "h%u.x" : "*.h%u.x", i);
		host[i] = slice_from(hosts[i]);
		specs[i] = (struct policy_spec){.name = slice_from(names[i]),
						.hosts = &host[i],
						.host_count = 1,
						.any_origin = true};
	}
	const struct policy_set *set = policy_set_build(arena, specs, COUNT);
	assert_non_null(set);
	for (unsigned i = 0; i < COUNT; i++) {
		char text[48];
		const struct policy *policy;
		struct request request = {0};
		sprintf(text, i % 2 == 0 ? "h%u.x" : "a.h%u.x", i);
		request.host = slice_from(text);
		assert_int_equal(
		    policy_choose(set, &request, SLICE("/"), &policy),
		    POLICY_CHOSEN);
		assert_int_equal(policy->index, i);
	}
	arena_free(arena);
}

/* ---- the request's variables ---- */

/* Constants may be read as if they were an environment. */
static void
read_strings(struct request *out, const char *const *variables)
{
	request_read(out, (char *const *)(uintptr_t)variables);
}

static void
test_request(void **state)
{
	static const char *const variables[] = {
	    "GATEWAY_INTERFACE=CGI/1.1",
	    "REQUEST_METHOD=GET",
	    "REQUEST_METHOD=OPTIONS",
	    "REQUEST_URI=/a?b=c",
	    "REQUEST_SCHEME=https",
	    "SCRIPT_NAME=/s",
	    "PATH_INFO=",
	    "SERVER_NAME=srv",
	    "SERVER_PORT=81",
	    "SERVER_SOFTWARE=Apache/2",
	    "SERVER_PROTOCOL=HTTP/1.1",
	    "REMOTE_ADDR=::1",
	    "CONTENT_LENGTH=7",
	    "HTTPS=on",
	    "HTTP_HOST=h:80",
	    "HTTP_ORIGIN=https://a.com=b",
	    "HTTP_ORIGIN=",
	    "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT",
	    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=a",
	    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=",
	    "HTTP_SEC_FETCH_SITE=none",
	    "HTTP_X_FORWARDED_PROTO=https",
	    "REDIRECT_CORSWRAP_POLICY=r",
	    NULL,
	};
	struct request r;

	(void)state;
	read_strings(&r, variables);
	unit_assert_slice(r.method, "OPTIONS");
	unit_assert_slice(r.uri, "/a?b=c");
	unit_assert_slice(r.request_scheme, "https");
	unit_assert_slice(r.script_name, "/s");
	unit_assert_slice(r.path_info, "");
	unit_assert_slice(r.server_name, "srv");
	unit_assert_slice(r.server_port, "81");
	unit_assert_slice(r.server_software, "Apache/2");
	unit_assert_slice(r.protocol, "HTTP/1.1");
	unit_assert_slice(r.remote_addr, "::1");
	unit_assert_slice(r.content_length, "7");
	unit_assert_slice(r.https, "on");
	unit_assert_slice(r.host, "h:80");
	unit_assert_slice(r.origin, "https://a.com=b");
	assert_int_equal(r.origin_count, 2);
	unit_assert_slice(r.acrm, "PUT");
	assert_int_equal(r.acrm_count, 1);
	assert_int_equal(r.acrh_count, 2);
	unit_assert_slice(r.acrh[0], "a");
	unit_assert_slice(r.acrh[1], "");
	unit_assert_slice(r.fetch_site, "none");
	unit_assert_slice(r.forwarded_proto, "https");
	unit_assert_slice(r.policy_name, "r");
}

/* Names that only resemble ours, and strings that are not variables. */
static void
test_request_lookalikes(void **state)
{
	static const char *const variables[] = {
	    "",
	    "=",
	    "H",
	    "HTTP",
	    "HTTP_",
	    "HTTP_ORIGIN",
	    "HTTP_ORIGIN_=x",
	    "HTTP_ORIGI=x",
	    "HTTP_origin=x",
	    "http_origin=x",
	    "HTTP_X_ORIGIN=x",
	    "REDIRECT_HTTP_ORIGIN=x",
	    " HTTP_ORIGIN=x",
	    "HTTPS_PROXY=x",
	    "HTTP_ACCESS_CONTROL_REQUEST_METHOD2=x",
	    "HTTP_ACCESS_CONTROL_REQUEST=x",
	    "HTTP_HOSTS=x",
	    "REQUEST_METHO=x",
	    "REQUEST_METHOD",
	    "CORSWRAP_POLICIES=x",
	    "REDIRECT_CORSWRAP_POLICY",
	    "PATH_INFO_=x",
	    "SERVER_=x",
	    NULL,
	};
	struct request got, none;

	(void)state;
	memset(&none, 0, sizeof(none));
	read_strings(&got, variables);
	assert_memory_equal(&got, &none, sizeof(none));
}

/* If a name comes twice, the last one counts; if two headers collide,
 * neither does. */
static void
test_request_twice(void **state)
{
	static const char *const variables[] = {
	    "HTTP_HOST=a",
	    "HTTP_HOST=b",
	    "REQUEST_URI=/a",
	    "REQUEST_URI=/b",
	    "CORSWRAP_POLICY=a",
	    "CORSWRAP_POLICY=b",
	    "HTTP_SEC_FETCH_SITE=cross-site",
	    "HTTP_SEC_FETCH_SITE=same-origin",
	    "HTTP_SEC_FETCH_SITE=same-origin",
	    "HTTP_X_FORWARDED_PROTO=https",
	    "HTTP_X_FORWARDED_PROTO=https",
	    "CONTENT_LENGTH=7",
	    "CONTENT_LENGTH=-1",
	    NULL,
	};
	struct request r;

	(void)state;
	read_strings(&r, variables);
	unit_assert_slice(r.host, "b");
	unit_assert_slice(r.uri, "/b");
	unit_assert_slice(r.policy_name, "b");
	assert_true(slice_present(r.fetch_site));
	unit_assert_slice(r.forwarded_proto, "https");
	assert_false(slice_present(r.content_length));
}

static void
test_request_lines(void **state)
{
	static char one[] = "HTTP_ACCESS_CONTROL_REQUEST_HEADERS=a";
	static char named[] = "CORSWRAP_POLICY=";
	static char redirected[] = "REDIRECT_CORSWRAP_POLICY=r";
	char *variables[REQUEST_LINES_MAX + 8];
	struct request r;
	size_t n = 0;

	(void)state;
	variables[n++] = redirected;
	variables[n++] = named;
	for (int i = 0; i < REQUEST_LINES_MAX + 1; i++)
		variables[n++] = one;
	variables[n] = NULL;
	request_read(&r, variables);
	assert_int_equal(r.acrh_count, REQUEST_LINES_MAX + 1);
	unit_assert_slice(r.acrh[REQUEST_LINES_MAX - 1], "a");
	/* The variable itself, even if empty, overrides the redirected one. */
	unit_assert_slice(r.policy_name, "");
	variables[0] = NULL;
	request_read(&r, variables);
	assert_int_equal(r.acrh_count, 0);
	assert_false(slice_present(r.policy_name));
}

int
main(void)
{
	struct CMUnitTest tests[120];
	size_t n = 0;

	UNIT_ROWS(tests, n, choices, test_choice);
	UNIT_ROWS(tests, n, ties, test_tie);
	UNIT_ROWS(tests, n, equal_rows, test_equal);
	UNIT_ROWS(tests, n, common_rows, test_common);
	UNIT_TEST(tests, n, test_order);
	UNIT_TEST(tests, n, test_credentials);
	UNIT_TEST(tests, n, test_many_sections);
	UNIT_TEST(tests, n, test_request);
	UNIT_TEST(tests, n, test_request_lookalikes);
	UNIT_TEST(tests, n, test_request_lines);
	UNIT_TEST(tests, n, test_request_twice);
	assert_true(n <= UNIT_COUNT(tests));
	return unit_run(tests, n);
}
