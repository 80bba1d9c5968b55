/*
 * The matcher against a naive one: 10^5 random policies and origins, the same
 * every time.  A tree of another project let barfoo.com in through foo.com and
 * bar.com (GHSA-vhxv-fg4m-p2w8); the labels drawn from here are such.
 *
 * The naive one shares no code with ours: a regular expression parses origins,
 * and string functions match patterns.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "cors/origin.h"
#include "unit.h"

enum { TEXT = 160 };

/* Any seed works; the same seed finds the same failure again. */
static uint64_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

#define PICK(list) ((list)[draw(UNIT_COUNT(list))])

/* ---- the naive one ---- */

#define LABEL "[a-z0-9_-]+"
#define LAST "([0-9]*[a-z_-][a-z0-9_-]*)"
#define NAME "(" LABEL "[.])*" LAST "[.]?"
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4 OCTET "[.]" OCTET "[.]" OCTET "[.]" OCTET
#define IPV6 "\\[[0-9a-f:]+\\]"
#define PORT                                                                   \
	"6553[0-5]|655[0-2][0-9]|65[0-4][0-9][0-9]|6[0-4][0-9][0-9][0-9]|"     \
	"[1-5][0-9][0-9][0-9][0-9]|[1-9][0-9]?[0-9]?[0-9]?"
#define SCHEME "^[a-z][a-z0-9+.-]*://"

static regex_t web, hexadecimal, app, app_name, app_name_port;

static void
naive_init(void)
{
	const struct {
		regex_t *to;
		const char *grammar;
	} all[] = {
	    {&web, SCHEME "(" NAME "|" IPV4 "|" IPV6 ")(:(" PORT "))?$"},
	    {&hexadecimal, "[./]0x[0-9a-f]*[.]?(:|$)"},
	    {&app, SCHEME "[][!$%&()+.:<=>^`{|}~a-z0-9_-]*$"},
	    {&app_name, SCHEME "(" LABEL "[.])*" LABEL "[.]?(:.*)?$"},
	    {&app_name_port,
	     SCHEME "(" LABEL "[.])*" LABEL "[.]?(:(" PORT "))?$"},
	};

	for (size_t i = 0; i < UNIT_COUNT(all); i++)
		assert_int_equal(regcomp(all[i].to, all[i].grammar,
					 REG_EXTENDED | REG_NOSUB),
				 0);
}

static void
naive_done(void)
{
	regfree(&web);
	regfree(&hexadecimal);
	regfree(&app);
	regfree(&app_name);
	regfree(&app_name_port);
}

static bool
fits(const regex_t *grammar, const char *text)
{
	return regexec(grammar, text, 0, NULL, 0) == 0;
}

/* As the C library would write it?  (It writes some with dots, which are not
 * drawn here.) */
static bool
naive_is_ipv6(const char *bracket)
{
	char text[INET6_ADDRSTRLEN] = "", again[INET6_ADDRSTRLEN];
	unsigned char address[16];
	size_t len = strcspn(bracket, "]") - 1;

	if (len >= sizeof(text))
		return false;
	memcpy(text, bracket + 1, len);
	return inet_pton(AF_INET6, text, address) == 1 &&
	       inet_ntop(AF_INET6, address, again, sizeof(again)) != NULL &&
	       strcmp(text, again) == 0;
}

/* Everything except rules that are hard in POSIX expressions: lengths,
 * default ports. */
static bool
naive_is_origin(const char *text)
{
	const char *port = strrchr(text, ':');
	bool https = strncmp(text, "https://", 8) == 0;
	bool http = strncmp(text, "http://", 7) == 0;

	if (strncmp(text, "file:", 5) == 0)
		return strcmp(text, "file://") == 0;
	if (!http && !https)
		return fits(&app, text) &&
		       (!fits(&app_name, text) || fits(&app_name_port, text));
	if (!fits(&web, text) || fits(&hexadecimal, text))
		return false;
	if (strchr(text, '[') != NULL && !naive_is_ipv6(strchr(text, '[')))
		return false;
	return !(https && strcmp(port, ":443") == 0) &&
	       !(http && strcmp(port, ":80") == 0);
}

struct naive {
	char scheme[TEXT];
	char host[TEXT];
	char port[TEXT]; /* empty without */
	bool opaque;
};

static void
naive_split(const char *text, struct naive *out)
{
	char *colon;
	size_t scheme = (size_t)(strstr(text, "://") - text);

	memset(out, 0, sizeof(*out));
	memcpy(out->scheme, text, scheme);
	strcpy(out->host, text + scheme + 3);
	out->opaque = strncmp(text, "http", 4) != 0 && !fits(&app_name, text);
	colon = strrchr(out->host, ':');
	if (colon == NULL || strchr(colon, ']') != NULL ||
	    (out->opaque && strchr(out->host, '*') == NULL))
		return;
	strcpy(out->port, colon + 1);
	*colon = '\0';
}

static bool
naive_port(const struct naive *p, const struct naive *o)
{
	int first, last, port = atoi(o->port);

	if (strcmp(p->port, "*") == 0)
		return true;
	if (sscanf(p->port, "%d-%d", &first, &last) != 2)
		return strcmp(p->port, o->port) == 0;
	if (port == 0)
		port = strcmp(p->scheme, "http") == 0	 ? 80
		       : strcmp(p->scheme, "https") == 0 ? 443
							 : 0;
	return port >= first && port <= last;
}

static bool
naive_network(const char *range, const char *host)
{
	char network[TEXT];
	unsigned char a[16], b[16];
	int family = range[0] == '[' ? AF_INET6 : AF_INET;
	size_t from = family == AF_INET6;
	size_t len = strcspn(range, "]/") - from;

	memset(network, 0, sizeof(network));
	memcpy(network, range + from, len);
	if (inet_pton(family, network, a) != 1)
		return false;
	if ((host[0] == '[') != (family == AF_INET6))
		return false;
	snprintf(network, sizeof(network), "%s", host + from);
	network[strcspn(network, "]")] = '\0';
	if (inet_pton(family, network, b) != 1)
		return false;
	for (int i = 0; i < atoi(strchr(range, '/') + 1); i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

/* "a-*b.c" */
static bool
naive_label(const char *pattern, const char *host)
{
	size_t head = strcspn(pattern, "*");
	const char *tail = pattern + head + 1;
	size_t len = strlen(host);

	if (len <= head + strlen(tail) || strncmp(pattern, host, head) != 0 ||
	    strcmp(host + len - strlen(tail), tail) != 0)
		return false;
	size_t middle = len - head - strlen(tail);
	return strspn(host + head, "abcdefghijklmnopqrstuvwxyz0123456789-") >=
	       middle;
}

static bool
naive_host(const struct naive *p, const struct naive *o)
{
	unsigned char bytes[4];
	bool is_address =
	    o->host[0] == '[' || inet_pton(AF_INET, o->host, bytes) == 1;

	if (strcmp(p->host, "*") == 0)
		return true;
	if (strchr(p->host, '/') != NULL)
		return naive_network(p->host, o->host);
	if (strchr(p->host, '*') == NULL)
		return strcmp(p->host, o->host) == 0;
	if (is_address || o->opaque)
		return false;
	if (strncmp(p->host, "*.", 2) != 0)
		return naive_label(p->host, o->host);
	/* Any depth of subdomain, never the apex. */
	size_t len = strlen(o->host), tail = strlen(p->host + 1);
	return len > tail && strcmp(o->host + len - tail, p->host + 1) == 0;
}

/* As the manual says. */
static bool
naive_match(const char *pattern, const char *origin)
{
	struct naive p, o;

	if (!naive_is_origin(origin))
		return false;
	naive_split(pattern, &p);
	naive_split(origin, &o);
	return strcmp(p.scheme, o.scheme) == 0 && naive_host(&p, &o) &&
	       naive_port(&p, &o);
}

/* ---- drawing ---- */

static const char *const schemes[] = {"http", "https", "https", "app"};
static const char *const labels[] = {"a",  "foo", "bar",   "barfoo", "com",
				     "oo", "x-y", "foob",  "x-foo",  "x-a-y",
				     "3d", "0xz", "b-oo-r"};
static const char *const starred[] = {"x-*",  "*-y",  "b*r",  "x-*-y",
				      "*foo", "foo*", "b-*-r"};

/* For a pattern if `star`. */
static void
draw_host(char *to, bool star)
{
	static const char *const ranges[] = {
	    "127.0.0.0/8", "10.0.0.0/30", "10.0.0.0/31",     "0.0.0.0/0",
	    "[::]/0",	   "[::1]/128",	  "[2001:db8::]/32", "*"};
	static const char *const odd[] = {"",	".",	   "..",
					  "a!", "[::1]:9", "a::"};

	static const char *const addresses[] = {"127.0.0.1", "[::1]",
						"10.0.0.1", "[2001:db8::1]"};
	uint32_t count = 1 + draw(3);

	if (draw(12) == 0) {
		strcat(to, PICK(addresses));
		return;
	}
	if (draw(12) == 0) {
		strcat(to, star && draw(2) == 0 ? PICK(ranges) : PICK(odd));
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		strcat(to, i == 0 ? "" : ".");
		strcat(to, star && draw(5) == 0 ? PICK(starred) : PICK(labels));
	}
	if (draw(20) == 0)
		strcat(to, ".");
}

static void
draw_pattern(char *to)
{
	static const char *const ports[] = {"",	      "",	    "",
					    ":8080",  ":81",	    ":*",
					    ":79-81", ":8000-8080", ":440-450"};
	struct origin_pattern p;

	do {
		strcpy(to, PICK(schemes));
		strcat(to, draw(3) == 0 ? "://*." : "://");
		draw_host(to, true);
		strcat(to, PICK(ports));
	} while (origin_pattern_parse(slice_from(to), &p) != ORIGIN_FAULT_NONE);
}

static void
draw_origin(char *to)
{
	static const char *const ports[] = {"",	   "",	     "",     ":8080",
					    ":81", ":65535", ":443", ":80"};
	static const char junk[] = "A@/?#*:. []%\\,\t-_0z";

	strcpy(to, PICK(schemes));
	strcat(to, "://");
	draw_host(to, false);
	strcat(to, PICK(ports));
	/* A quarter are damaged, mostly into invalid origins. */
	size_t len = strlen(to), at = draw((uint32_t)len);
	switch (draw(12)) {
	case 0:
		to[at] = junk[draw(sizeof(junk) - 1)];
		break;
	case 1:
		memmove(to + at + 1, to + at, len - at + 1);
		to[at] = junk[draw(sizeof(junk) - 1)];
		break;
	case 2:
		memmove(to + at, to + at + 1, len - at);
		break;
	default:
		break;
	}
}

/* ---- the tests ---- */

struct share {
	const char *name;
	uint64_t seed;
};

/* A tenth of the 10^5 each. */
static const struct share shares[] = {
    {"random policies, seed 1", 1}, {"random policies, seed 2", 2},
    {"random policies, seed 3", 3}, {"random policies, seed 4", 4},
    {"random policies, seed 5", 5}, {"random policies, seed 6", 6},
    {"random policies, seed 7", 7}, {"random policies, seed 8", 8},
    {"random policies, seed 9", 9}, {"random policies, seed 10", 10},
};

enum { POLICIES = 10000, PATTERNS = 8, ORIGINS = 4 };

static void
check_one(const struct origin_set *set, char patterns[][TEXT], size_t count)
{
	char origin[TEXT];
	bool want = false;

	draw_origin(origin);
	for (size_t i = 0; i < count; i++)
		want = want || naive_match(patterns[i], origin);
	enum origin_verdict got =
	    origin_set_check(set, slice_from(origin), NULL);
	if (want != (got == ORIGIN_ALLOWED))
		fail_msg("\"%s\": %s; first pattern %s", origin,
			 want ? "refused" : "allowed", patterns[0]);
	if (naive_is_origin(origin) == (got == ORIGIN_MALFORMED))
		fail_msg("\"%s\": %s", origin,
			 got == ORIGIN_MALFORMED ? "refused as malformed"
						 : "taken for an origin");
}

static void
test_random(void **state)
{
	const struct share *share = *state;

	seed = share->seed;
	for (int round = 0; round < POLICIES; round++) {
		char patterns[PATTERNS][TEXT];
		struct origin_pattern p[PATTERNS];
		size_t count = 1 + draw(PATTERNS);
		struct arena *arena = arena_new();
		for (size_t i = 0; i < count; i++) {
			draw_pattern(patterns[i]);
			(void)origin_pattern_parse(slice_from(patterns[i]),
						   &p[i]);
		}
		struct origin_set *set =
		    origin_set_build(arena, p, count, NULL, 0);
		assert_non_null(set);
		for (int i = 0; i < ORIGINS; i++)
			check_one(set, patterns, count);
		arena_free(arena);
	}
}

/* Every two of all short hosts as patterns, against all of them. */
static void
test_all_pairs(void **state)
{
	static const char *const hosts[] = {
	    "foo.com",	   "bar.com",	"barfoo.com", "foobar.com",
	    "oo.com",	   "com",	"o.com",      "foo.com.bar.com",
	    "bar.foo.com", "a.foo.com", "a.bar.com",  "a.barfoo.com",
	    "xfoo.com",	   "foo.comx",	"r.foo.com",  "foo.bar"};
	static const char *const before[] = {"https://", "https://*."};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(hosts) * 2; i++) {
		for (size_t j = 0; j < UNIT_COUNT(hosts) * 2; j++) {
			char patterns[2][TEXT], origin[TEXT];
			struct origin_pattern p[2];
			struct arena *arena = arena_new();
			sprintf(patterns[0], "%s%s", before[i % 2],
				hosts[i / 2]);
			sprintf(patterns[1], "%s%s", before[j % 2],
				hosts[j / 2]);
			for (int k = 0; k < 2; k++)
				(void)origin_pattern_parse(
				    slice_from(patterns[k]), &p[k]);
			struct origin_set *set =
			    origin_set_build(arena, p, 2, NULL, 0);
			for (size_t k = 0; k < UNIT_COUNT(hosts); k++) {
				sprintf(origin, "https://%s", hosts[k]);
				bool want = naive_match(patterns[0], origin) ||
					    naive_match(patterns[1], origin);
				if (want !=
				    (origin_set_check(set, slice_from(origin),
						      NULL) == ORIGIN_ALLOWED))
					fail_msg("%s %s: %s", patterns[0],
						 patterns[1], origin);
			}
			arena_free(arena);
		}
	}
}

/* IPv6 addresses with zeros everywhere, against the C library's. */
static void
test_ipv6(void **state)
{
	unsigned canonical = 0;

	(void)state;
	seed = 12;
	for (int round = 0; round < 200000; round++) {
		static const char *const groups[] = {"0",   "0",  "0",	  "1",
						     "db8", "01", "ffff", ""};
		char text[TEXT] = "http://[2001:";
		uint32_t count = 1 + draw(8);
		struct origin o;
		for (uint32_t i = 0; i < count; i++) {
			strcat(text, PICK(groups));
			strcat(text, i + 1 == count ? "]" : ":");
		}
		bool want = naive_is_origin(text);
		canonical += want;
		if (origin_parse(slice_from(text), &o) != want)
			fail_msg("%s", text);
	}
	assert_true(canonical > 1000);
}

/* A set of 10^5 and as many wildcards: each is found, similar ones are not. */
static void
test_many(void **state)
{
	enum { COUNT = 100000 };
	struct arena *arena = arena_new();
	struct origin_pattern *p = arena_array(arena, COUNT * 2, sizeof(*p));
	char text[TEXT];

	(void)state;
	for (int i = 0; i < COUNT * 2; i++) {
		sprintf(text, i < COUNT ? "https://h%d.x" : "https://*.h%d.y:*",
			i);
		assert_int_equal(
		    origin_pattern_parse(arena_slice(arena, slice_from(text)),
					 &p[i]),
		    ORIGIN_FAULT_NONE);
	}
	struct origin_set *set = origin_set_build(arena, p, COUNT * 2, NULL, 0);
	assert_non_null(set);
	for (int i = 0; i < COUNT * 2; i++) {
		sprintf(text, i < COUNT ? "https://h%d.x" : "https://a.h%d.y:9",
			i);
		assert_int_equal(origin_set_check(set, slice_from(text), NULL),
				 ORIGIN_ALLOWED);
		sprintf(text, i < COUNT ? "https://h%d.y" : "https://a.h%d.x:9",
			i);
		assert_int_not_equal(
		    origin_set_check(set, slice_from(text), NULL),
		    ORIGIN_ALLOWED);
	}
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[20];
	size_t n = 0;

	naive_init();
	UNIT_ROWS(tests, n, shares, test_random);
	UNIT_TEST(tests, n, test_all_pairs);
	UNIT_TEST(tests, n, test_ipv6);
	UNIT_TEST(tests, n, test_many);
	int failed = unit_run(tests, n);
	naive_done();
	return failed;
}
