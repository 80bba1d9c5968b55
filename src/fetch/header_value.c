/*
 * What the values of request headers say: which may be sent anywhere without
 * asking (Fetch, 2.2.2, "CORS-safelisted request-header"), and which decide
 * about other things.
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

enum { SAFELISTED_MAX = 128 };

static bool
is_http_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice
fetch_trim(struct slice s)
{
	while (s.len > 0 && is_http_blank(s.ptr[0]))
		s = slice_after(s, 1);
	while (s.len > 0 && is_http_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at the beginning are taken off; their number. */
static size_t
take_digits(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && is_digit(rest->ptr[n]))
		n++;
	*rest = slice_after(*rest, n);
	return n;
}

/* "CORS-unsafe request-header byte". */
static bool
has_unsafe_byte(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f ||
		    memchr("\"():<>?@[\\]{}", c, 13) != NULL)
			return true;
	}
	return false;
}

/* Accept-Language and Content-Language. */
static bool
is_language_list(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = ascii_lower(value.ptr[i]);
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') &&
		    memchr(" *,-.;=", c, 7) == NULL)
			return false;
	}
	return true;
}

/* MIME Sniffing, "parse a MIME type", as far as its essence needs it. */
static bool
split_mime(struct slice value, struct slice *type, struct slice *subtype)
{
	const char *slash, *end;

	value = fetch_trim(value);
	slash = value.len == 0 ? NULL : memchr(value.ptr, '/', value.len);
	if (slash == NULL)
		return false;
	*type = slice_of(value.ptr, (size_t)(slash - value.ptr));
	*subtype = slice_after(value, type->len + 1);
	end =
	    subtype->len == 0 ? NULL : memchr(subtype->ptr, ';', subtype->len);
	if (end != NULL)
		subtype->len = (size_t)(end - subtype->ptr);
	while (subtype->len > 0 &&
	       is_http_blank(subtype->ptr[subtype->len - 1]))
		subtype->len--;
	return cors_is_token(*type) && cors_is_token(*subtype);
}

struct slice
fetch_mime_essence(struct arena *arena, struct slice value)
{
	struct slice type, subtype;
	char *text;

	if (!split_mime(value, &type, &subtype))
		return SLICE_NONE;
	/* They lie side by side. */
	size_t len = type.len + 1 + subtype.len;
	text = arena_alloc(arena, len);
	if (text == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < len; i++)
		text[i] = ascii_lower(type.ptr[i]);
	return slice_of(text, len);
}

/* The three types that an HTML form can send. */
static bool
is_form_type(struct slice value)
{
	struct slice type, subtype;

	if (!split_mime(value, &type, &subtype))
		return false;
	if (slice_eq_nocase(type, SLICE("text")))
		return slice_eq_nocase(subtype, SLICE("plain"));
	if (slice_eq_nocase(type, SLICE("multipart")))
		return slice_eq_nocase(subtype, SLICE("form-data"));
	return slice_eq_nocase(type, SLICE("application")) &&
	       slice_eq_nocase(subtype, SLICE("x-www-form-urlencoded"));
}

/* Decimal text as a number; over 2^63-1 it stays at that. */
static uint64_t
read_digits(const char *from, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(from[i] - '0');
		if (value > ((uint64_t)INT64_MAX - digit) / 10)
			return INT64_MAX;
		value = value * 10 + digit;
	}
	return value;
}

/* "bytes=N-" or "bytes=N-M" with N <= M ("simple range header value"). */
static bool
is_simple_range(struct slice value, bool *chromium)
{
	uint64_t first, last;
	const char *from;
	size_t digits;

	if (!slice_starts(value, SLICE("bytes=")))
		return false;
	value = slice_after(value, 6);
	from = value.ptr;
	digits = take_digits(&value);
	if (digits == 0 || value.len == 0 || value.ptr[0] != '-')
		return false;
	first = last = read_digits(from, digits);
	value = slice_after(value, 1);
	from = value.ptr;
	digits = take_digits(&value);
	if (value.len > 0)
		return false;
	if (digits > 0)
		last = read_digits(from, digits);
	/* Chromium keeps the numbers in 63 bits and the largest for itself. */
	*chromium = last == INT64_MAX || first == INT64_MAX;
	return !*chromium && first <= last;
}

/* Client hints, which Chromium alone lets through. */
static bool
is_whole_number(struct slice value)
{
	return take_digits(&value) > 0 && value.len == 0;
}

static bool
is_plain_number(struct slice value)
{
	if (take_digits(&value) == 0)
		return false;
	if (value.len == 0)
		return true;
	if (value.ptr[0] != '.')
		return false;
	value = slice_after(value, 1);
	return take_digits(&value) > 0 && value.len == 0;
}

static bool
is_connection_type(struct slice value)
{
	return slice_eq(value, SLICE("slow-2g")) ||
	       slice_eq(value, SLICE("2g")) || slice_eq(value, SLICE("3g")) ||
	       slice_eq(value, SLICE("4g"));
}

static bool
is_on(struct slice value)
{
	return slice_eq_nocase(value, SLICE("on"));
}

static bool
is_anything(struct slice value)
{
	(void)value;
	return true;
}

static enum fetch_remark
hint_remark(struct slice name, struct slice value, bool *chromium)
{
	static const struct {
		const char *name;
		bool (*is_good)(struct slice);
	} hints[] = {
	    {"device-memory", is_plain_number},
	    {"downlink", is_plain_number},
	    {"dpr", is_plain_number},
	    {"ect", is_connection_type},
	    {"intervention", is_anything},
	    {"rtt", is_whole_number},
	    {"save-data", is_on},
	    {"viewport-width", is_whole_number},
	    {"width", is_whole_number},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (!slice_eq_nocase(name, slice_from(hints[i].name)))
			continue;
		if (value.len > SAFELISTED_MAX)
			return FETCH_LONG;
		if (!hints[i].is_good(value))
			return FETCH_HINT;
		*chromium = true;
		return FETCH_HARMLESS;
	}
	return FETCH_NAME;
}

enum fetch_remark
fetch_remark(struct slice name, struct slice value, bool *chromium)
{
	bool language = slice_eq_nocase(name, SLICE("accept-language")) ||
			slice_eq_nocase(name, SLICE("content-language"));
	bool type = slice_eq_nocase(name, SLICE("content-type"));
	bool range = slice_eq_nocase(name, SLICE("range"));

	*chromium = false;
	if (!language && !type && !range &&
	    !slice_eq_nocase(name, SLICE("accept")))
		return hint_remark(name, value, chromium);
	if (value.len > SAFELISTED_MAX)
		return FETCH_LONG;
	if (language)
		return is_language_list(value) ? FETCH_HARMLESS : FETCH_BYTES;
	if (range)
		return is_simple_range(value, chromium) ? FETCH_HARMLESS
							: FETCH_RANGE;
	if (has_unsafe_byte(value))
		return FETCH_BYTES;
	return !type || is_form_type(value) ? FETCH_HARMLESS : FETCH_TYPE;
}

/* Fetch, "get, decode, and split": commas in quoted strings do not part. */
static struct slice
next_value(struct slice *rest)
{
	struct slice item = *rest;
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->len && (quoted || rest->ptr[i] != ','); i++) {
		if (rest->ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->ptr[i] == '\\' && i + 1 < rest->len)
			i++;
	}
	item.len = i;
	*rest = i < rest->len ? slice_after(*rest, i + 1) : SLICE_NONE;
	return fetch_trim(item);
}

bool
fetch_overrides_forbidden(struct slice name, struct slice value)
{
	if (!slice_eq_nocase(name, SLICE("x-http-method")) &&
	    !slice_eq_nocase(name, SLICE("x-http-method-override")) &&
	    !slice_eq_nocase(name, SLICE("x-method-override")))
		return false;
	while (slice_present(value))
		if (method_is_forbidden(next_value(&value)))
			return true;
	return false;
}
