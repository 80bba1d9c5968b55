/*
 * What a browser does with the request of a script before it sends anything
 * (Fetch, "Request class", "Headers", "main fetch").
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/fetch.h"

#include "base/text.h"
#include "cors/names.h"
#include "fetch/charset.h"

enum { SAFELISTED_TOTAL = 1024 };

static const char *const as_names[FETCH_AS_COUNT] = {
    [FETCH_AS_FETCH] = "fetch",	  [FETCH_AS_XHR] = "xhr",
    [FETCH_AS_SCRIPT] = "script", [FETCH_AS_FONT] = "font",
    [FETCH_AS_IMAGE] = "image",	  [FETCH_AS_EVENTSOURCE] = "eventsource",
};

const char *
fetch_as_name(enum fetch_as as)
{
	return as_names[as];
}

bool
fetch_as_parse(struct slice text, enum fetch_as *out)
{
	for (int i = 0; i < FETCH_AS_COUNT; i++) {
		if (!slice_eq(text, slice_from(as_names[i])))
			continue;
		*out = (enum fetch_as)i;
		return true;
	}
	return false;
}

static const char *const embedder_names[FETCH_EMBEDDERS] = {
    [FETCH_UNSAFE_NONE] = "unsafe-none",
    [FETCH_REQUIRE_CORP] = "require-corp",
    [FETCH_CREDENTIALLESS] = "credentialless",
};

const char *
fetch_embedder_name(enum fetch_embedder embedder)
{
	return embedder_names[embedder];
}

bool
fetch_embedder_parse(struct slice text, enum fetch_embedder *out)
{
	for (int i = 0; i < FETCH_EMBEDDERS; i++) {
		if (!slice_eq(text, slice_from(embedder_names[i])))
			continue;
		*out = (enum fetch_embedder)i;
		return true;
	}
	return false;
}

bool
fetch_is_sent(const struct fetch_header *header)
{
	return header->safelist != FETCH_FORBIDDEN &&
	       header->safelist != FETCH_FORBIDDEN_OVERRIDE &&
	       header->safelist != FETCH_NO_CORS;
}

bool
fetch_needs_preflight(const struct fetch_header *header)
{
	return fetch_is_sent(header) && header->safelist != FETCH_SAFELISTED;
}

/* ---- when fetch() throws ---- */

static bool
is_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (memchr("\0\r\n", value.ptr[i], 3) != NULL)
			return false;
	return true;
}

/* GET and HEAD have no body. */
static bool
is_get(struct slice method)
{
	return slice_eq(method, SLICE("GET")) ||
	       slice_eq(method, SLICE("HEAD"));
}

static void
check_arguments(const struct fetch_request *request, struct fetch_plan *out)
{
	out->refused = request->method;
	if (!token_is_valid(request->method)) {
		out->refusal = FETCH_METHOD_NO_TOKEN;
		return;
	}
	if (method_is_forbidden(request->method)) {
		out->refusal = FETCH_METHOD_FORBIDDEN;
		return;
	}
	if (request->how.no_cors && !method_is_safelisted(out->method)) {
		out->refusal = FETCH_METHOD_NO_CORS;
		out->refused = out->method;
		return;
	}
	for (size_t i = 0; i < request->headers.count; i++) {
		const struct fetch_field *field = &request->headers.at[i];
		out->refused = field->name;
		if (!token_is_valid(field->name)) {
			out->refusal = FETCH_HEADER_NO_TOKEN;
			return;
		}
		out->refused_value = text_trim_http(field->value);
		if (!is_value(out->refused_value)) {
			out->refusal = FETCH_HEADER_VALUE;
			return;
		}
	}
	/* fetch() throws; XMLHttpRequest does not send the body. */
	out->refused = out->method;
	if (request->how.has_body && request->how.as == FETCH_AS_FETCH &&
	    is_get(out->method)) {
		out->refusal = FETCH_BODY;
		return;
	}
	out->refused = SLICE_NONE;
}

/* ---- headers ---- */

/* The headers of the request, sorted.  Each name occurs once, or twice if some
 * of its values are sent and others are not. */
struct header_set {
	struct arena *arena;
	enum fetch_browser browser;
	bool no_cors;
	bool has_body;
	bool xhr;
	bool keeps_blank;
	bool apart; /* each value is checked by itself */
	struct fetch_header *at;
	struct header_values *values; /* one for each header */
	size_t count;
};

/* The result by Fetch for the values of a header, which are checked before they
 * are combined. */
struct header_values {
	bool preflight;
	size_t bytes;
};

/* "a, b" (Fetch, "combine").  Absent: out of memory. */
static struct slice
combine(struct arena *arena, struct slice a, struct slice b)
{
	struct slice parts[] = {a, SLICE(", "), b};
	const char *text = arena_join(arena, parts, 3);

	return slice_of(text, text == NULL ? 0 : a.len + 2 + b.len);
}

/* The index of the name among the headers that are sent, or among those that
 * are not.  If it is not there, the index at which to insert it. */
static size_t
find(const struct header_set *set, struct slice name, bool sent, bool *found)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fetch_header *h = &set->at[middle];
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

/* Is it a header that is not a list?  Firefox sends only its last value. */
static bool
is_single(struct slice name)
{
	static const char *const single[] = {
	    "authorization", "content-disposition", "content-type",
	    "from",	     "if-modified-since",   "if-unmodified-since",
	    "max-forwards",  "user-agent"};

	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++)
		if (slice_eq(name, slice_from(single[i])))
			return true;
	return false;
}

/* Add another value to the header at this index.  False: out of memory. */
static bool
add_value(struct header_set *set, size_t at, const struct fetch_header *more,
	  bool preflight)
{
	struct fetch_header *h = &set->at[at];
	struct header_values *values = &set->values[at];

	values->bytes += more->value.len;
	values->preflight = values->preflight || preflight;
	h->asked += more->asked;
	if (set->apart) {
		if (h->safelist == FETCH_SAFELISTED)
			h->safelist = more->safelist;
		/* The first Content-Type is that of the body, and is sent. */
		if (set->has_body && slice_eq(h->name, SLICE("content-type")))
			return true;
		/* An empty value replaces those before it, and the next value
		 * replaces it. */
		if (is_single(h->name) || h->value.len == 0 ||
		    more->value.len == 0) {
			h->value = more->value;
			return true;
		}
	}
	h->value = combine(set->arena, h->value, more->value);
	return slice_present(h->value);
}

/* Add a header.  preflight: by Fetch, this value needs one.  False: out of
 * memory. */
static bool
add_header(struct header_set *set, struct fetch_header h, bool preflight)
{
	bool found;
	size_t at;

	h.name = arena_lower(set->arena, h.name);
	if (!slice_present(h.name))
		return false;
	h.asked = fetch_needs_preflight(&h);
	at = find(set, h.name, fetch_is_sent(&h), &found);
	if (found)
		return add_value(set, at, &h, preflight);
	memmove(set->at + at + 1, set->at + at,
		(set->count - at) * sizeof(*set->at));
	memmove(set->values + at + 1, set->values + at,
		(set->count - at) * sizeof(*set->values));
	set->at[at] = h;
	set->values[at] = (struct header_values){preflight, h.value.len};
	set->count++;
	return true;
}

/* The guard "request-no-cors": may the value be added to those of this name? */
static bool
is_no_cors_safe(struct header_set *set, const struct fetch_header *h)
{
	static const char *const names[] = {"accept", "accept-language",
					    "content-language", "content-type"};
	struct slice low = arena_lower(set->arena, h->name);
	struct slice value = h->value;
	bool found, differs, known = false;
	size_t at;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		known |= slice_eq(low, slice_from(names[i]));
	if (!known)
		return false;
	at = find(set, low, true, &found);
	if (found)
		value = combine(set->arena, set->at[at].value, value);
	return fetch_safelist(set->browser, low, value, &differs) ==
	       FETCH_SAFELISTED;
}

/* Headers.append() with the guard "request" or "request-no-cors".  False: out
 * of memory. */
static bool
append(struct header_set *set, const struct fetch_field *field)
{
	struct fetch_header h = {.name = field->name,
				 .value = text_trim_http(field->value)};
	bool preflight = false, differs;

	if (request_header_is_forbidden(h.name)) {
		h.safelist = FETCH_FORBIDDEN;
	} else if (fetch_overrides_forbidden(h.name, h.value)) {
		h.safelist = FETCH_FORBIDDEN_OVERRIDE;
	} else if (set->no_cors && !is_no_cors_safe(set, &h)) {
		h.safelist = FETCH_NO_CORS;
	} else if (fetch_engine(set->browser)->own_user_agent &&
		   slice_eq_nocase(h.name, SLICE("user-agent"))) {
		h.safelist = FETCH_FORBIDDEN;
		h.differs = true;
		preflight = true;
	} else {
		h.safelist =
		    fetch_safelist(set->browser, h.name, h.value, &differs);
		preflight = (h.safelist != FETCH_SAFELISTED) != differs;
	}
	return add_header(set, h, preflight);
}

/* Digits without leading zeros; absent: there is another byte, or none. */
static struct slice
parse_digits(struct slice text)
{
	if (!text_is_digits(text))
		return SLICE_NONE;
	while (text.len > 1 && text.ptr[0] == '0')
		text = slice_after(text, 1);
	return text;
}

/* Cut the part before the first c, and c, off *rest, and trim both.  False:
 * there is no c. */
static bool
cut_at(struct slice *rest, char c, struct slice *before)
{
	size_t at = text_find(*rest, c);

	if (at == rest->len)
		return false;
	*before = text_trim_http(slice_of(rest->ptr, at));
	*rest = text_trim_http(slice_after(*rest, at + 1));
	return true;
}

/* Read the numbers of a range such as "BYTES = 005-"; *last is absent if there
 * is no second one.  False: not a single range that has a first number. */
static bool
parse_range(struct slice value, struct slice *first, struct slice *last)
{
	struct slice unit;

	if (!cut_at(&value, '=', &unit) ||
	    !slice_eq_nocase(unit, SLICE("bytes")) ||
	    !cut_at(&value, '-', first))
		return false;
	*first = parse_digits(*first);
	*last = parse_digits(value);
	if (!slice_present(*first) || value.len == 0)
		return slice_present(*first);
	return last->len > first->len ||
	       (last->len == first->len && slice_compare(*last, *first) >= 0);
}

/* The cache of Chromium handles every GET, and writes a single range in its own
 * form (observed; not for HEAD, not for "bytes=-5").  False: out of memory. */
static bool
tidy_range(struct arena *arena, struct fetch_header *header)
{
	struct slice first, last;

	if (!parse_range(header->value, &first, &last))
		return true;
	struct slice parts[] = {SLICE("bytes="), first, SLICE("-"), last};
	const char *text = arena_join(arena, parts, 4);
	header->value = slice_from(text);
	return text != NULL;
}

/* Change Content-Type as XMLHttpRequest does.  False: out of memory. */
static bool
write_charsets(struct header_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (slice_eq(set->at[i].name, SLICE("content-type")) &&
		    !fetch_charset_of_string(set->arena, set->browser,
					     &set->at[i].value))
			return false;
	return true;
}

/* Check each header after its values have been combined.  False: out of
 * memory. */
static bool
safelist_all(struct header_set *set, struct slice method)
{
	const struct fetch_engine *engine = fetch_engine(set->browser);
	bool string = set->xhr && set->has_body && !is_get(method);

	if (string && !engine->type_judged_first && !write_charsets(set))
		return false;

	for (size_t i = 0; i < set->count; i++) {
		struct fetch_header *h = &set->at[i];
		if (!fetch_is_sent(h))
			continue;
		/* There is one if the last of several values is empty. */
		if (!set->keeps_blank)
			h->value = text_trim_http(h->value);
		if (!set->apart) {
			h->safelist = fetch_safelist(set->browser, h->name,
						     h->value, &h->differs);
			h->asked = h->safelist != FETCH_SAFELISTED;
			set->values[i].bytes = h->value.len;
		}
		h->differs = (h->safelist != FETCH_SAFELISTED) !=
			     set->values[i].preflight;
		if (engine->range_tidied && slice_eq(method, SLICE("GET")) &&
		    slice_eq(h->name, SLICE("range")) &&
		    !tidy_range(set->arena, h))
			return false;
	}
	return !string || !engine->type_judged_first || write_charsets(set);
}

static bool
has_accept(const struct header_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (slice_eq(set->at[i].name, SLICE("accept")))
			return true;
	return false;
}

/*
 * "CORS-unsafe request-header names": if the safelisted values have over 1024
 * bytes together, all of them are unsafe.  Some engines also count the three
 * bytes of their own Accept.
 */
static bool
check_total(struct header_set *set)
{
	bool adds =
	    fetch_engine(set->browser)->own_accept_counts && !has_accept(set);
	size_t total = adds ? 3 : 0, standard = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (set->at[i].safelist == FETCH_SAFELISTED)
			total += set->values[i].bytes;
		if (fetch_is_sent(&set->at[i]) && !set->values[i].preflight)
			standard += set->values[i].bytes;
	}
	if (total <= SAFELISTED_TOTAL)
		return true;
	if (adds && !add_header(set,
				(struct fetch_header){
				    SLICE("accept"), SLICE("*/*"),
				    FETCH_SAFELISTED, .differs = true},
				false))
		return false;
	for (size_t i = 0; i < set->count; i++) {
		struct fetch_header *h = &set->at[i];
		if (h->safelist != FETCH_SAFELISTED)
			continue;
		h->safelist = FETCH_TOTAL;
		h->asked = 1;
		h->differs =
		    standard <= SAFELISTED_TOTAL && !set->values[i].preflight;
	}
	return true;
}

/* Access-Control-Request-Headers: names with commas, without blanks.  False:
 * out of memory. */
static bool
write_requested(struct header_set *set, struct fetch_plan *out)
{
	size_t len = 0, room = 0;
	char *text;

	for (size_t i = 0; i < set->count; i++)
		room += set->at[i].asked * (set->at[i].name.len + 1);
	if (room == 0)
		return true;
	text = arena_alloc(set->arena, room);
	if (text == NULL)
		return false;
	for (size_t i = 0; i < set->count; i++) {
		struct slice name = set->at[i].name;
		for (unsigned n = 0; n < set->at[i].asked; n++) {
			if (len > 0)
				text[len++] = ',';
			memcpy(text + len, name.ptr, name.len);
			len += name.len;
		}
	}
	out->asked = slice_of(text, len);
	return true;
}

/* "Extract a body": the type of a string, unless the script sets one.  False:
 * out of memory. */
static bool
add_body_type(struct header_set *set)
{
	bool found;

	find(set, SLICE("content-type"), true, &found);
	return found ||
	       add_header(set,
			  (struct fetch_header){
			      .name = SLICE("content-type"),
			      .value = SLICE("text/plain;charset=UTF-8"),
			      .safelist = FETCH_SAFELISTED},
			  false);
}

static bool
plan_headers(struct arena *arena, const struct fetch_request *request,
	     struct fetch_plan *out)
{
	size_t room = request->headers.count + 2; /* Accept, Content-Type */
	struct header_set set = {.arena = arena,
				 .browser = request->browser,
				 .no_cors = request->how.no_cors};

	set.has_body = request->how.has_body;
	set.xhr = request->how.as == FETCH_AS_XHR;
	set.keeps_blank = fetch_engine(request->browser)->xhr_keeps_blank &&
			  request->how.as == FETCH_AS_XHR;
	set.apart = fetch_engine(request->browser)->values_apart &&
		    request->how.as == FETCH_AS_FETCH;

	set.at = arena_array(arena, room, sizeof(*set.at));
	set.values = arena_array(arena, room, sizeof(*set.values));
	if (set.at == NULL || set.values == NULL)
		return false;
	for (size_t i = 0; i < request->headers.count; i++)
		if (!append(&set, &request->headers.at[i]))
			return false;
	if (request->how.has_body && !is_get(out->method) &&
	    !add_body_type(&set))
		return false;
	if (!safelist_all(&set, out->method) ||
	    (!set.no_cors && !check_total(&set)))
		return false;
	out->headers = set.at;
	out->header_count = set.count;
	return write_requested(&set, out);
}

/* Is it a same-origin request for a font, or of an element with crossorigin, in
 * which the browser sends Origin? */
static bool
element_sends_origin(const struct fetch_request *request)
{
	enum fetch_as as = request->how.as;

	return fetch_engine(request->browser)->elements_send_origin &&
	       !request->how.no_cors &&
	       slice_eq(request->origin, request->url_origin) &&
	       (as == FETCH_AS_SCRIPT || as == FETCH_AS_IMAGE ||
		(as == FETCH_AS_FONT &&
		 !fetch_engine(request->browser)->fonts_without_cors));
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
	out->method_needs_preflight = !method_is_safelisted(out->method);
	out->listens = request->how.listens &&
		       ((request->how.has_body && !is_get(out->method)) ||
			!fetch_engine(request->browser)->listener_needs_body);
	out->opaque = out->cross_origin &&
		      (request->how.no_cors ||
		       (request->how.as == FETCH_AS_FONT &&
			fetch_engine(request->browser)->fonts_without_cors));
	out->preflight = out->cross_origin && !out->opaque &&
			 (out->method_needs_preflight || out->listens ||
			  request->how.again || slice_present(out->asked));
	/* "Append a request Origin header". */
	out->sends_origin = (out->cross_origin && !out->opaque) ||
			    !is_get(out->method) ||
			    element_sends_origin(request);
	return true;
}
