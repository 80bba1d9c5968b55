/*
 * What a browser makes of a request that a script asks for (Fetch, 5.3 "Request
 * class", 2.2.2 "Headers", 4.1 "main fetch"), before anything is sent.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/fetch.h"

#include <stdint.h>

#include "cors/decide.h"
#include "cors/names.h"

enum { SAFELISTED_TOTAL = 1024 };

bool
fetch_is_sent(const struct fetch_header *header)
{
	return header->remark != FETCH_FORBIDDEN &&
	       header->remark != FETCH_FORBIDDEN_OVERRIDE;
}

bool
fetch_asks(const struct fetch_header *header)
{
	return fetch_is_sent(header) && header->remark != FETCH_HARMLESS;
}

/* ---- what fetch() throws for ---- */

static bool
is_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (memchr("\0\r\n", value.ptr[i], 3) != NULL)
			return false;
	return true;
}

static void
check_arguments(const struct fetch_request *request, struct fetch_plan *out)
{
	out->refused = request->method;
	if (!cors_is_token(request->method)) {
		out->refusal = FETCH_METHOD_NO_TOKEN;
		return;
	}
	if (method_is_forbidden(request->method)) {
		out->refusal = FETCH_METHOD_FORBIDDEN;
		return;
	}
	for (size_t i = 0; i < request->headers.count; i++) {
		const struct fetch_field *field = &request->headers.at[i];
		out->refused = field->name;
		if (!cors_is_token(field->name)) {
			out->refusal = FETCH_HEADER_NO_TOKEN;
			return;
		}
		if (!is_value(fetch_trim(field->value))) {
			out->refusal = FETCH_HEADER_VALUE;
			return;
		}
	}
	out->refused = SLICE_NONE;
}

/* ---- headers ---- */

/* Headers being gathered: of each name one, or two where some of its values
 * are left out. */
struct gathering {
	struct arena *arena;
	struct fetch_header *at;
	bool *standard; /* does it preflight by Fetch, which looks at each value
			   by itself? */
	size_t count;
};

static struct slice
lower(struct arena *arena, struct slice text)
{
	char *copy = arena_alloc(arena, text.len);

	if (copy == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(text.ptr[i]);
	return slice_of(copy, text.len);
}

/* "a, b" (Fetch, "combine"). */
static struct slice
join(struct arena *arena, struct slice a, struct slice b)
{
	char *text = arena_alloc(arena, a.len + b.len + 2);

	if (text == NULL)
		return SLICE_NONE;
	if (a.len > 0)
		memcpy(text, a.ptr, a.len);
	memcpy(text + a.len, ", ", 2);
	if (b.len > 0)
		memcpy(text + a.len + 2, b.ptr, b.len);
	return slice_of(text, a.len + b.len + 2);
}

/* The place of the name among those sent or among those left out; or where it
 * belongs. */
static size_t
find(const struct gathering *g, struct slice name, bool sent, bool *found)
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fetch_header *h = &g->at[middle];
		int order = slice_compare(name, h->name);
		if (order == 0)
			order = (int)sent - (int)fetch_is_sent(h);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*found = false;
	return low;
}

static bool
add_header(struct gathering *g, struct slice name, struct slice value,
	   enum fetch_remark remark, bool chromium, bool standard)
{
	bool sent =
	    remark != FETCH_FORBIDDEN && remark != FETCH_FORBIDDEN_OVERRIDE;
	bool found;
	size_t at;

	name = lower(g->arena, name);
	if (!slice_present(name))
		return false;
	at = find(g, name, sent, &found);
	if (found) {
		g->at[at].value = join(g->arena, g->at[at].value, value);
		g->standard[at] = g->standard[at] || standard;
		return slice_present(g->at[at].value);
	}
	memmove(g->at + at + 1, g->at + at, (g->count - at) * sizeof(*g->at));
	memmove(g->standard + at + 1, g->standard + at,
		(g->count - at) * sizeof(*g->standard));
	g->at[at] = (struct fetch_header){name, value, remark, chromium};
	g->standard[at] = standard;
	g->count++;
	return true;
}

/* Headers.append() with the guard "request". */
static bool
append(struct gathering *g, const struct fetch_field *field)
{
	struct slice value = fetch_trim(field->value);
	bool chromium, asks;

	if (request_header_is_forbidden(field->name))
		return add_header(g, field->name, value, FETCH_FORBIDDEN, false,
				  false);
	if (fetch_overrides_forbidden(field->name, value))
		return add_header(g, field->name, value,
				  FETCH_FORBIDDEN_OVERRIDE, false, false);
	/* Chromium keeps its own, without a word. */
	if (slice_eq_nocase(field->name, SLICE("user-agent")))
		return add_header(g, field->name, value, FETCH_FORBIDDEN, true,
				  true);
	/* A hint is harmless to Chromium alone, and a range with a number past
	 * its 63 bits is not. */
	asks = fetch_remark(field->name, value, &chromium) != FETCH_HARMLESS;
	return add_header(g, field->name, value, FETCH_HARMLESS, false,
			  asks != chromium);
}

/* Digits, without the blanks around them; none, or not only digits: absent. */
static struct slice
number(struct slice text)
{
	text = fetch_trim(text);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return SLICE_NONE;
	while (text.len > 1 && text.ptr[0] == '0')
		text = slice_after(text, 1);
	return text.len == 0 ? SLICE_NONE : text;
}

/* "BYTES = 005-", in its parts; false: not one range that begins somewhere. */
static bool
read_range(struct slice value, struct slice *first, struct slice *last)
{
	const char *equals = memchr(value.ptr, '=', value.len), *dash;
	size_t at;

	if (equals == NULL)
		return false;
	at = (size_t)(equals - value.ptr);
	if (!slice_eq_nocase(fetch_trim(slice_of(value.ptr, at)),
			     SLICE("bytes")))
		return false;
	value = fetch_trim(slice_after(value, at + 1));
	dash = value.len == 0 ? NULL : memchr(value.ptr, '-', value.len);
	if (dash == NULL)
		return false;
	at = (size_t)(dash - value.ptr);
	*first = number(slice_of(value.ptr, at));
	value = fetch_trim(slice_after(value, at + 1));
	*last = number(value);
	if (!slice_present(*first) || value.len == 0)
		return slice_present(*first);
	return last->len > first->len ||
	       (last->len == first->len &&
		memcmp(last->ptr, first->ptr, first->len) >= 0);
}

/* Chromium's cache, through which every GET goes, writes a single range anew
 * (seen; not for HEAD, not "bytes=-5"). */
static bool
tidy_range(struct arena *arena, struct fetch_header *header)
{
	struct slice first = SLICE_NONE, last = SLICE_NONE;
	size_t len = sizeof("bytes=") - 1;
	char *text;

	if (!read_range(header->value, &first, &last))
		return true;
	text = arena_alloc(arena, len + first.len + 1 + last.len);
	if (text == NULL)
		return false;
	memcpy(text, "bytes=", len);
	if (first.len > 0)
		memcpy(text + len, first.ptr, first.len);
	len += first.len;
	text[len++] = '-';
	if (last.len > 0)
		memcpy(text + len, last.ptr, last.len);
	header->value = slice_of(text, len + last.len);
	return true;
}

/* Each of them, its values joined. */
static bool
remark_all(struct gathering *g, struct slice method)
{
	for (size_t i = 0; i < g->count; i++) {
		struct fetch_header *h = &g->at[i];
		if (!fetch_is_sent(h))
			continue;
		/* An empty last value leaves a blank. */
		h->value = fetch_trim(h->value);
		h->remark = fetch_remark(h->name, h->value, &h->chromium);
		h->chromium = (h->remark != FETCH_HARMLESS) != g->standard[i];
		if (slice_eq(method, SLICE("GET")) &&
		    slice_eq(h->name, SLICE("range")) &&
		    !tidy_range(g->arena, h))
			return false;
	}
	return true;
}

/*
 * "CORS-unsafe request-header names": over 1024 bytes of safelisted values
 * together, none of them is safe.  Chromium counts the three bytes of its own
 * Accept with them.
 */
static bool
check_total(struct gathering *g)
{
	size_t total = 0, standard = 0;
	bool accept = false;

	for (size_t i = 0; i < g->count; i++) {
		const struct fetch_header *h = &g->at[i];
		if (slice_eq(h->name, SLICE("accept")))
			accept = true;
		if (h->remark == FETCH_HARMLESS)
			total += h->value.len;
		if (fetch_is_sent(h) && !g->standard[i])
			standard += h->value.len;
	}
	if (total + (accept ? 0 : 3) <= SAFELISTED_TOTAL)
		return true;
	bool differs = standard <= SAFELISTED_TOTAL;
	if (!accept && !add_header(g, SLICE("accept"), SLICE("*/*"),
				   FETCH_HARMLESS, true, false))
		return false;
	for (size_t i = 0; i < g->count; i++) {
		struct fetch_header *h = &g->at[i];
		if (h->remark != FETCH_HARMLESS)
			continue;
		h->remark = FETCH_TOTAL;
		h->chromium = differs && !g->standard[i];
	}
	return true;
}

/* Access-Control-Request-Headers: the standard joins with commas alone. */
static bool
list_asked(struct gathering *g, struct fetch_plan *out)
{
	size_t len = 0, room = 0;
	char *text;

	for (size_t i = 0; i < g->count; i++)
		if (fetch_asks(&g->at[i]))
			room += g->at[i].name.len + 1;
	if (room == 0)
		return true;
	text = arena_alloc(g->arena, room);
	if (text == NULL)
		return false;
	for (size_t i = 0; i < g->count; i++) {
		struct slice name = g->at[i].name;
		if (!fetch_asks(&g->at[i]))
			continue;
		if (len > 0)
			text[len++] = ',';
		memcpy(text + len, name.ptr, name.len);
		len += name.len;
	}
	out->asked = slice_of(text, len);
	return true;
}

static bool
plan_headers(struct arena *arena, const struct fetch_request *request,
	     struct fetch_plan *out)
{
	size_t room = request->headers.count + 1; /* Accept may come */
	struct gathering g = {.arena = arena};

	g.at = arena_array(arena, room, sizeof(*g.at));
	g.standard = arena_array(arena, room, sizeof(*g.standard));
	if (g.at == NULL || g.standard == NULL)
		return false;
	for (size_t i = 0; i < request->headers.count; i++)
		if (!append(&g, &request->headers.at[i]))
			return false;
	if (!remark_all(&g, out->method) || !check_total(&g))
		return false;
	out->headers = g.at;
	out->header_count = g.count;
	return list_asked(&g, out);
}

bool
fetch_plan(struct arena *arena, const struct fetch_request *request,
	   struct fetch_plan *out)
{
	*out = (struct fetch_plan){.refusal = FETCH_ACCEPTED};
	out->method = method_normalize(request->method);
	out->cross_origin = !slice_eq(request->origin, request->url_origin);
	check_arguments(request, out);
	if (out->refusal != FETCH_ACCEPTED)
		return true;
	if (!plan_headers(arena, request, out))
		return false;
	out->method_asks = !method_is_safelisted(out->method);
	out->preflight = out->cross_origin &&
			 (out->method_asks || slice_present(out->asked));
	/* "Append a request Origin header". */
	out->sends_origin =
	    out->cross_origin || !(slice_eq(out->method, SLICE("GET")) ||
				   slice_eq(out->method, SLICE("HEAD")));
	return true;
}
