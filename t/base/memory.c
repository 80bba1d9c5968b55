/*
 * The core when memory is out: every allocation fails once, one after the
 * other, and the call then fails completely.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "cors/cors.h"
#include "fetch/fetch.h"
#include "fetch/url.h"
#include "memory_kit.h"
#include "policy/settings.h"
#include "policy_kit.h"
#include "unit.h"

/* ---- the calls: true, if the result is complete ---- */

static const char policy[] =
    "origins=https://a.com https://*.b.com http://l:* https://*.c.com:* "
    "https://p-*.d.com http://10.0.0.0/8:* http://s.com:80-90 http://s.com:99;"
    "methods=PUT *;headers=x-a x-b;expose=x-c;max-age=5;allow=GET PUT;"
    "timing=https://t.com\n"
    "name=n;origins=*;host=h.com *.h.com;path=/a /b/*;headers=*";

static bool
make_policies(struct arena *arena)
{
	static struct policy_spec specs[2];
	static struct arena *kit;
	struct slice rest = slice_from(policy);

	/* The specs themselves are in memory that does not fail. */
	if (kit == NULL) {
		long saved = until;
		until = -1;
		kit = arena_new();
		specs[0] = kit_spec(kit, kit_word(&rest, "\n"));
		specs[1] = kit_spec(kit, kit_word(&rest, "\n"));
		until = saved;
	}
	return policy_set_build(arena, specs, 2) != NULL;
}

static int
take(void *ctx, const char *bytes, size_t length)
{
	(void)ctx;
	(void)bytes;
	return length == 0;
}

/* From memory that does not fail, and once. */
static void
set_policy(struct cors_policy **to, const char *text)
{
	long saved = until;

	if (*to != NULL)
		return;
	until = -1;
	*to = cors_parse("x", text, strlen(text), NULL, NULL);
	assert_non_null(*to);
	until = saved;
}

/* A request and its response through libcors; the policy is already loaded. */
static bool
make_library(struct arena *arena)
{
	static const char text[] = "[cors a]\npath = /a/*\n"
				   "origins-regex = https://[a-z]+\\.b\\.com\n";
	static const char block[] = "Content-Type: text/plain\r\n\r\n";
	static struct cors_policy *policy_;
	char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/a/x";
	char origin[] = "HTTP_ORIGIN=https://x.b.com";
	char *variables[] = {method, uri, origin, NULL};
	struct cors_request *r;
	bool made = false;

	(void)arena;
	set_policy(&policy_, text);
	r = cors_request_new();
	if (r != NULL && cors_decide(r, policy_, variables) != 0) {
		assert_string_equal(cors_reason(r), "no-memory");
		/* There is memory again for its response. */
		assert_int_equal(cors_answer(r, take, NULL), 0);
	} else if (r != NULL) {
		made = cors_apply(r, block, strlen(block), take, NULL) == 0;
	}
	cors_request_free(r);
	return made;
}

/* The same for responses of libcors itself. */
static bool
make_answer(struct arena *arena)
{
	char method[] = "REQUEST_METHOD=OPTIONS";
	char *variables[] = {method, NULL};
	static struct cors_policy *policy_;
	static const char text[] =
	    "[cors]\norigins = https://a.com\nallow = GET\n";
	struct cors_request *r;
	bool made;

	(void)arena;
	set_policy(&policy_, text);
	r = cors_request_new();
	made = r != NULL && cors_decide(r, policy_, variables) == 0 &&
	       cors_answer(r, take, NULL) == 0;
	cors_request_free(r);
	return made;
}

static bool
make_regex(struct arena *arena)
{
	char error[128];
	struct regex *regex = regex_compile(SLICE("https://[a-z]+\\.a\\.com"),
					    error, sizeof(error));
	struct regex_scratch *scratch =
	    regex == NULL ? NULL : regex_scratch_new();
	bool made = scratch != NULL;

	(void)arena;
	assert_true(regex != NULL || error[0] != '\0');
	if (made)
		assert_true(
		    regex_match(regex, SLICE("https://x.a.com"), scratch));
	regex_scratch_free(scratch);
	regex_free(regex);
	return made;
}

static bool
make_url(struct arena *arena)
{
	struct url base, url;
	enum url_fault fault =
	    url_parse(arena, SLICE("http://a.com/x/y?z"), NULL, NULL, &base);

	if (fault == URL_FAULT_NONE)
		fault = url_parse(arena, SLICE("../w"), &base, NULL, &url);
	assert_true(fault == URL_FAULT_NONE || fault == URL_FAULT_NO_MEMORY);
	return fault == URL_FAULT_NONE;
}

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static bool
make_plan(struct arena *arena)
{
	static const struct fetch_field fields[] = {
	    {{"X-A", 3}, {"1", 1}},
	    {{"Range", 5}, {"bytes=0-5", 9}},
	    {{"Content-Type", 12}, {"text/plain", 10}},
	    {{"X-A", 3}, {"2", 1}},
	    {{"Accept-Language", 15}, {LONG, 60}},
	};
	struct fetch_request request = {
	    .origin = SLICE("https://a.com"),
	    .url_origin = SLICE("https://b.com"),
	    .method = SLICE("put"),
	    .headers = {fields, UNIT_COUNT(fields)},
	};
	struct fetch_plan plan;

	if (!fetch_plan(arena, &request, &plan))
		return false;
	assert_true(plan.preflight);
	unit_assert_slice(plan.asked, "x-a");
	return true;
}

/* XMLHttpRequest with a string, and the Content-Type that it gets. */
static bool
plan_string(struct arena *arena, enum fetch_browser browser, size_t headers)
{
	static const struct fetch_field type = {{"Content-Type", 12},
						{"text/plain;charset=x", 20}};
	struct fetch_request request = {
	    .browser = browser,
	    .how = {.as = FETCH_AS_XHR, .has_body = true},
	    .origin = SLICE("https://a.com"),
	    .url_origin = SLICE("https://b.com"),
	    .method = SLICE("POST"),
	    .headers = {&type, headers},
	};
	struct fetch_plan plan;

	if (!fetch_plan(arena, &request, &plan))
		return false;
	assert_int_equal(plan.header_count, 1);
	unit_assert_slice(plan.headers[0].value, "text/plain;charset=UTF-8");
	return true;
}

static bool
make_string(struct arena *arena)
{
	for (int b = 0; b < FETCH_BROWSERS; b++)
		if (!plan_string(arena, (enum fetch_browser)b, 0) ||
		    !plan_string(arena, (enum fetch_browser)b, 1))
			return false;
	return true;
}

/* So much that no value is safelisted any more; one never is. */
static bool
make_long_plan(struct arena *arena)
{
	static const char zeros[] =
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000001";
	static const char letters[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const char *const names[] = {
	    "accept-language", "content-language", "rtt",      "viewport-width",
	    "width",	       "device-memory",	   "downlink", "dpr"};
	static struct fetch_field fields[UNIT_COUNT(names) + 3];
	struct fetch_request request = {
	    .origin = SLICE("https://a.com"),
	    .url_origin = SLICE("https://b.com"),
	    .method = SLICE("GET"),
	    .headers = {fields, UNIT_COUNT(fields)},
	};
	struct fetch_plan plan;
	size_t n = 0;

	for (; n < UNIT_COUNT(names); n++)
		fields[n] = (struct fetch_field){
		    slice_from(names[n]), slice_from(n < 2 ? letters : zeros)};
	fields[n++] = (struct fetch_field){SLICE("X-A"), SLICE("1")};
	fields[n++] =
	    (struct fetch_field){SLICE("Range"), SLICE("bytes=00-05")};
	fields[n++] =
	    (struct fetch_field){SLICE("Content-Type"), SLICE("text/plain")};
	return fetch_plan(arena, &request, &plan) && plan.preflight;
}

/* Without memory a joined value is ", ", which fails every check. */
static bool
make_join(struct arena *arena)
{
	static const struct fetch_field fields[] = {{{"X-A", 3}, {"1", 1}},
						    {{"x-a", 3}, {"2", 1}}};
	struct fetch_fields list = {fields, 2};
	struct slice joined = fetch_get(arena, &list, SLICE("x-A"));

	if (slice_eq(joined, SLICE(", ")))
		return false;
	unit_assert_slice(joined, "1, 2");
	return true;
}

static bool
make_essence(struct arena *arena)
{
	struct slice essence =
	    fetch_mime_essence(arena, SLICE("Text/Plain; a=b"));

	if (!slice_present(essence))
		return false;
	unit_assert_slice(essence, "text/plain");
	return true;
}

static bool
make_text(struct arena *arena)
{
	char *text = arena_text(arena, SLICE("x"));

	return text != NULL && arena_array(arena, 3, 8) != NULL &&
	       slice_present(arena_slice(arena, SLICE("y")));
}

static bool
make_allow(struct arena *arena)
{
	static const struct slice names[] = {{"GET", 3}};
	struct name_list list = {.names = names, .count = 1};

	if (!name_list_complete_allow(arena, &list)) {
		assert_int_equal(list.count, 1);
		return false;
	}
	return name_list_has(&list, SLICE("HEAD")) &&
	       name_list_has(&list, SLICE("OPTIONS"));
}

/* Fill two arrays; one that cannot grow keeps what it has. */
static bool
make_arrays(struct arena *arena)
{
	int *heap = NULL, *list = NULL;
	size_t count = 0, heap_room = 0, list_room = 0;

	while (count < 100 &&
	       array_grow(&heap, count, &heap_room, sizeof(*heap)) &&
	       array_grow_in(arena, &list, count, &list_room, sizeof(*list))) {
		heap[count] = list[count] = (int)count;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		assert_true(heap[i] == (int)i && list[i] == (int)i);
	assert_true(count <= heap_room && count <= list_room);
	free(heap);
	return count == 100;
}

static const struct row {
	const char *name;
	bool (*make)(struct arena *);
} rows[] = {
    {"policies", make_policies},   {"an expression", make_regex},
    {"a URL", make_url},	   {"a plan", make_plan},
    {"a joined value", make_join}, {"a MIME type", make_essence},
    {"pieces", make_text},	   {"a long plan", make_long_plan},
    {"arrays", make_arrays},	   {"methods", make_allow},
    {"libcors", make_library},	   {"its response", make_answer},
    {"a string", make_string},
};

static void
test_each(void **state)
{
	const struct row *row = *state;
	bool made = false, failed = true;

	for (long n = 0; failed; n++) {
		assert_true(n < 1000);
		until = n;
		struct arena *arena = arena_new();
		made = arena != NULL && row->make(arena);
		failed = until < 0;
		until = -1;
		/* If an allocation failed, no result is complete. */
		assert_true(made != failed);
		arena_free(arena);
	}
	assert_true(made);
}

/* ---- a policy file: not loaded, or all of it ---- */

static const char file[] =
    "[app]\nexec = /bin/a b\nroot = /r\nforward =\n"
    "[env]\nA = b\n[handlers]\n.pl = /usr/bin/perl -T\n"
    "[server]\npeers = 10.0.0.0/8\nuser = u\n[warm]\nscripts = /s/*\n"
    "[cors]\norigins = https://a.com https://*.a.com https://x.a.com\n"
    "methods = PUT DELETE\nheaders = X-A X-B\nexpose = X-C\n"
    "allow = GET PUT DELETE\ntiming = https://t.com\n"
    "[cors n]\norigins = https://b.com http://localhost:*\n"
    "origins-regex = https://[a-c]\\.d\\.com\n"
    "path = /a /b/*\nhost = h.com\nheaders = * Authorization\n";

/* The dump of the loaded policy; NULL: it was not loaded.  *failed: an
 * allocation failed. */
static char *
load(bool warnings, bool *failed)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = warnings};
	struct diag_list *diags = diag_list_new();
	struct settings *settings = NULL;
	char *dump = NULL;
	size_t len;

	if (diags != NULL)
		settings =
		    settings_parse("/p.ini", slice_from(file), &options, diags);
	*failed = until < 0;
	until = -1;
	if (settings != NULL) {
		FILE *out = open_memstream(&dump, &len);
		assert_non_null(out);
		assert_int_equal(settings_dump(settings, out), 0);
		assert_int_equal(fclose(out), 0);
	}
	settings_release(settings);
	diag_list_free(diags);
	return dump;
}

static void
load_each(bool warnings)
{
	bool failed;
	char *whole = load(warnings, &failed);

	assert_non_null(whole);
	failed = true;
	for (long n = 0; failed; n++) {
		assert_true(n < 10000);
		until = n;
		char *dump = load(warnings, &failed);
		if (dump != NULL)
			assert_string_equal(dump, whole);
		assert_true(failed || dump != NULL);
		free(dump);
	}
	free(whole);
}

static void
test_load(void **state)
{
	(void)state;
	load_each(false);
	load_each(true);
}

/* Sizes larger than any memory. */
static void
test_overflow(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_non_null(arena);
	assert_null(arena_array(arena, SIZE_MAX / 2, 3));
	assert_null(arena_alloc(arena, SIZE_MAX - 8));
	assert_null(arena_text(arena, slice_of("x", SIZE_MAX)));
	assert_non_null(arena_array(arena, 0, 0));
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[UNIT_COUNT(rows) + 2];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_each);
	UNIT_TEST(tests, n, test_load);
	UNIT_TEST(tests, n, test_overflow);
	return unit_run(tests, n);
}
