/*
 * The browser's side: a request of a script and a server's response.  Lines:
 * method, page's origin, "Name: value" of the script; after an empty line
 * those of the response.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "fetch/fetch.h"

enum { FIELDS_MAX = 128 };

struct fields {
	struct fetch_field at[FIELDS_MAX];
	struct fetch_fields list;
};

static void
read_fields(struct slice *rest, struct fields *out)
{
	out->list = (struct fetch_fields){out->at, 0};
	while (rest->len > 0 && out->list.count < FIELDS_MAX) {
		struct slice value = fuzz_until(rest, '\n');
		struct slice name;
		if (value.len == 0)
			return;
		name = fuzz_until(&value, ':');
		out->at[out->list.count++] = (struct fetch_field){name, value};
	}
}

/* Sorted, each once, lower case, of those that need a preflight. */
static void
check_asked(const struct fetch_plan *plan)
{
	struct slice rest = plan->asked, before = SLICE_NONE, name;

	CHECK(!slice_present(rest) || plan->preflight || !plan->cross_origin);
	while (rest.len > 0) {
		name = fuzz_until(&rest, ',');
		CHECK(name.len > 0);
		size_t len = name.len < before.len ? name.len : before.len;
		int order = len == 0 ? 0 : memcmp(before.ptr, name.ptr, len);
		CHECK(order < 0 || (order == 0 && before.len < name.len));
		for (size_t i = 0; i < name.len; i++)
			CHECK(ascii_lower(name.ptr[i]) == name.ptr[i]);
		before = name;
	}
}

static void
check_answer(struct arena *arena, const struct fetch_plan *plan,
	     const struct fetch_request *request,
	     const struct fetch_fields *fields)
{
	bool credentials = request->credentials;
	struct slice origins =
	    fetch_get(arena, fields, SLICE("Access-Control-Allow-Origin"));
	struct slice exposed =
	    fetch_get(arena, fields, SLICE("Access-Control-Expose-Headers"));
	struct fetch_check check =
	    fetch_check_origin(arena, request->origin, credentials, fields);

	/* Only `*` and the exact origin pass. */
	if (check.reason == FETCH_PASSES)
		CHECK(slice_eq(origins, request->origin) ||
		      (!credentials && slice_eq(origins, SLICE("*"))));
	CHECK((fetch_reason_id(check.reason) == NULL) ==
	      (check.reason == FETCH_PASSES));
	(void)fetch_check_lists(arena, fields);
	(void)fetch_check_method(arena, plan, credentials, fields);
	(void)fetch_check_headers(arena, plan, credentials, fields);
	for (size_t i = 0; i < fields->count; i++) {
		struct slice name = fields->at[i].name;
		struct slice value = fields->at[i].value;
		if (fetch_is_readable(name, exposed, credentials))
			CHECK(!slice_eq_nocase(name, SLICE("set-cookie")));
		for (int b = FETCH_CHROMIUM; b <= FETCH_SAFARI; b++)
			CHECK(fetch_max_age(value, (enum fetch_browser)b) <=
			      fetch_max_age_cap((enum fetch_browser)b));
		(void)fetch_mime_essence(arena, value);
	}
}

FUZZ_TARGET(fetch)
{
	static struct fields script, answer;
	struct slice rest = fuzz_slice(data, size);
	struct arena *arena = arena_new();
	struct fetch_request request = {.url_origin = SLICE("https://a.com")};
	struct fetch_plan plan;

	CHECK(arena != NULL);
	request.method = fuzz_until(&rest, '\n');
	request.origin = fuzz_until(&rest, '\n');
	request.credentials = request.origin.len % 2;
	read_fields(&rest, &script);
	read_fields(&rest, &answer);
	request.headers = script.list;
	CHECK(fetch_plan(arena, &request, &plan));
	if (plan.refusal == FETCH_ACCEPTED) {
		check_asked(&plan);
		CHECK(plan.cross_origin || !plan.preflight);
		check_answer(arena, &plan, &request, &answer.list);
	}
	arena_free(arena);
	return 0;
}
