/*
 * What a browser checks in a response before a script may read it (Fetch,
 * "CORS-preflight fetch", "CORS-preflight cache", "CORS check").
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/fetch.h"

#include <stdint.h>

#include "base/text.h"
#include "cors/names.h"

#define ACAO SLICE("access-control-allow-origin")
#define ACAC SLICE("access-control-allow-credentials")
#define ACAM SLICE("access-control-allow-methods")
#define ACAH SLICE("access-control-allow-headers")

static const char *const reason_ids[FETCH_REASON_COUNT] = {
    [FETCH_PASSES] = NULL,
    [FETCH_ACAO_MISSING] = "acao-missing",
    [FETCH_ACAO_MULTIPLE] = "acao-multiple",
    [FETCH_ACAO_MISMATCH] = "acao-mismatch",
    [FETCH_WILDCARD_WITH_CREDENTIALS] = "wildcard-with-credentials",
    [FETCH_CREDENTIALS_NOT_TRUE] = "credentials-not-true",
    [FETCH_PREFLIGHT_REDIRECT] = "preflight-redirect",
    [FETCH_PREFLIGHT_STATUS] = "preflight-status",
    [FETCH_LIST_MALFORMED] = "list-malformed",
    [FETCH_METHOD_NOT_ALLOWED] = "method-not-allowed",
    [FETCH_HEADER_NOT_ALLOWED] = "header-not-allowed",
};

const char *
fetch_reason_id(enum fetch_reason reason)
{
	return reason_ids[reason];
}

static struct fetch_check
fails(enum fetch_reason reason, struct slice value)
{
	return (struct fetch_check){.reason = reason, .value = value};
}

static const struct fetch_check passes = {.reason = FETCH_PASSES};

size_t
fetch_count(const struct fetch_fields *fields, struct slice name)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += slice_eq_nocase(fields->at[i].name, name);
	return count;
}

struct slice
fetch_first(const struct fetch_fields *fields, struct slice name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (slice_eq_nocase(fields->at[i].name, name))
			return fields->at[i].value;
	return SLICE_NONE;
}

struct slice
fetch_get(struct arena *arena, const struct fetch_fields *fields,
	  struct slice name)
{
	size_t room = 0, len = 0, count = 0, seen = 0;
	struct slice only = SLICE_NONE;
	char *text;

	for (size_t i = 0; i < fields->count; i++) {
		if (!slice_eq_nocase(fields->at[i].name, name))
			continue;
		only = text_trim_http(fields->at[i].value);
		room += only.len + 2;
		count++;
	}
	if (count < 2)
		return only;
	text = arena_alloc(arena, room);
	for (size_t i = 0; text != NULL && i < fields->count; i++) {
		struct slice value = text_trim_http(fields->at[i].value);
		if (!slice_eq_nocase(fields->at[i].name, name))
			continue;
		/* Empty values count: ", *" is not "*". */
		if (seen++ > 0) {
			text[len++] = ',';
			text[len++] = ' ';
		}
		if (value.len > 0)
			memcpy(text + len, value.ptr, value.len);
		len += value.len;
	}
	/* Out of memory: this value allows nothing. */
	return text == NULL ? SLICE(", ") : slice_of(text, len);
}

/* ---- the CORS check ---- */

/* Is there more than one such header, or is its value a list? */
static bool
is_multiple(const struct fetch_fields *fields, struct slice value)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		if (slice_eq_nocase(fields->at[i].name, ACAO))
			count++;
	if (count > 1)
		return true;
	return text_find_any(value, ", ") < value.len;
}

struct fetch_check
fetch_check_origin(struct arena *arena, struct slice origin, bool credentials,
		   const struct fetch_fields *fields)
{
	struct slice value = fetch_get(arena, fields, ACAO);

	if (!slice_present(value))
		return fails(FETCH_ACAO_MISSING, value);
	if (slice_eq(value, SLICE("*"))) {
		if (credentials)
			return fails(FETCH_WILDCARD_WITH_CREDENTIALS, value);
		return passes;
	}
	if (!slice_eq(value, origin))
		return fails(is_multiple(fields, value) ? FETCH_ACAO_MULTIPLE
							: FETCH_ACAO_MISMATCH,
			     value);
	value = fetch_get(arena, fields, ACAC);
	if (credentials && !slice_eq(value, SLICE("true")))
		return fails(FETCH_CREDENTIALS_NOT_TRUE, value);
	return passes;
}

/* ---- the preflight ---- */

bool
fetch_is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

struct fetch_check
fetch_check_status(int status)
{
	if (fetch_is_redirect(status))
		return fails(FETCH_PREFLIGHT_REDIRECT, SLICE_NONE);
	if (status < 200 || status > 299)
		return fails(FETCH_PREFLIGHT_STATUS, SLICE_NONE);
	return passes;
}

bool
fetch_is_list(struct slice value)
{
	struct slice item;

	while (text_list_next(&value, &item))
		if (!token_is_valid(item))
			return false;
	return true;
}

static bool
list_has(struct slice list, struct slice name, bool nocase)
{
	struct slice item;

	while (text_list_next(&list, &item))
		if (nocase ? slice_eq_nocase(item, name) : slice_eq(item, name))
			return true;
	return false;
}

struct fetch_check
fetch_check_lists(struct arena *arena, const struct fetch_fields *fields)
{
	struct fetch_check check = {.reason = FETCH_LIST_MALFORMED};

	check.name = SLICE("Access-Control-Allow-Methods");
	check.value = fetch_get(arena, fields, check.name);
	if (!fetch_is_list(check.value))
		return check;
	check.name = SLICE("Access-Control-Allow-Headers");
	check.value = fetch_get(arena, fields, check.name);
	return fetch_is_list(check.value) ? passes : check;
}

struct fetch_check
fetch_check_method(struct arena *arena, const struct fetch_plan *plan,
		   bool credentials, const struct fetch_fields *fields)
{
	struct slice list = fetch_get(arena, fields, ACAM);

	if (!plan->method_needs_preflight ||
	    list_has(list, plan->method, false) ||
	    (!credentials && list_has(list, SLICE("*"), false)))
		return passes;
	return fails(FETCH_METHOD_NOT_ALLOWED, list);
}

struct fetch_check
fetch_check_headers(struct arena *arena, const struct fetch_plan *plan,
		    bool credentials, const struct fetch_fields *fields)
{
	struct slice list = fetch_get(arena, fields, ACAH);
	bool star = !credentials && list_has(list, SLICE("*"), false);
	struct fetch_check check = passes;

	for (size_t i = 0; i < plan->header_count; i++) {
		const struct fetch_header *h = &plan->headers[i];
		if (!fetch_needs_preflight(h) || list_has(list, h->name, true))
			continue;
		if (!star) {
			check = fails(FETCH_HEADER_NOT_ALLOWED, list);
			check.name = h->name;
			return check;
		}
		/* Fetch, "CORS non-wildcard request-header name". */
		if (slice_eq(h->name, SLICE("authorization")))
			check.differs = true;
	}
	return check;
}

/* ---- readable headers, and the preflight cache ---- */

bool
fetch_is_readable(struct slice name, struct slice exposed, bool credentials)
{
	if (response_header_is_forbidden(name))
		return false;
	if (response_header_is_safelisted(name))
		return true;
	if (!fetch_is_list(exposed))
		return false;
	return list_has(exposed, name, true) ||
	       (!credentials && list_has(exposed, SLICE("*"), false));
}

unsigned
fetch_max_age_cap(enum fetch_browser browser)
{
	return fetch_engine(browser)->max_age.cap;
}

unsigned
fetch_max_age(struct slice value, enum fetch_browser browser)
{
	const struct engine_max_age *rule = &fetch_engine(browser)->max_age;
	bool negative = false;
	uint64_t seconds;

	if (value.len == 0)
		return FETCH_MAX_AGE_DEFAULT;
	if (rule->is_signed && (value.ptr[0] == '+' || value.ptr[0] == '-')) {
		negative = value.ptr[0] == '-';
		value = slice_after(value, 1);
	}
	if (!text_number_capped(value, INT64_MAX, &seconds) ||
	    (rule->limited && seconds == INT64_MAX))
		return rule->of_junk;
	if (negative)
		return 0;
	return seconds > rule->cap ? rule->cap : (unsigned)seconds;
}
