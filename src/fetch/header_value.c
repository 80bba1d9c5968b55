/*
 * How browsers read the values of request headers: which need no preflight
 * (Fetch, "CORS-safelisted request-header"), and which override the method.
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

enum { SAFELISTED_MAX = 128 };

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
		char c = value.ptr[i];
		if (!ascii_is_digit(c) && !ascii_is_alpha(c) &&
		    memchr(" *,-.;=", c, 7) == NULL)
			return false;
	}
	return true;
}

/* MIME Sniffing, "parse a MIME type": only the parts of the essence. */
static bool
split_mime(struct slice value, struct slice *type, struct slice *subtype)
{
	/* Ignore the parameters. */
	value = text_trim_http(slice_of(value.ptr, text_find(value, ';')));
	size_t slash = text_find(value, '/');
	if (slash == value.len)
		return false;
	*type = slice_of(value.ptr, slash);
	*subtype = slice_after(value, slash + 1);
	return token_is_valid(*type) && token_is_valid(*subtype);
}

bool
fetch_is_mime_type(struct slice value)
{
	struct slice type, subtype;

	return split_mime(value, &type, &subtype);
}

struct slice
fetch_mime_essence(struct arena *arena, struct slice value)
{
	struct slice type, subtype;

	if (!split_mime(value, &type, &subtype))
		return SLICE_NONE;
	/* The two are adjacent in the value. */
	return arena_lower(arena,
			   slice_of(type.ptr, type.len + 1 + subtype.len));
}

/* Is it one of the three types that HTML forms send? */
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

/* Cut off the digits at the beginning. */
static struct slice
cut_digits(struct slice *rest)
{
	struct slice digits = slice_of(rest->ptr, text_digits(*rest));

	*rest = slice_after(*rest, digits.len);
	return digits;
}

/* Cut off a number.  Returns its digits without leading zeros.  Absent: there
 * is no number, or it is too large for the engine. */
static struct slice
cut_range_number(const struct fetch_engine *engine, struct slice *rest)
{
	struct slice digits;
	uint64_t number;

	if (engine->range_lax && rest->len > 0 && rest->ptr[0] == '+')
		*rest = slice_after(*rest, 1);
	digits = cut_digits(rest);
	if (digits.len == 0 ||
	    (engine->range_max != 0 &&
	     !text_number(digits, engine->range_max, &number)))
		return SLICE_NONE;
	while (digits.len > 1 && digits.ptr[0] == '0')
		digits = slice_after(digits, 1);
	return digits;
}

/* "bytes=N-" or "bytes=N-M" with N <= M ("simple range header value"). */
static bool
is_simple_range(const struct fetch_engine *engine, struct slice value)
{
	static const struct slice unit = SLICE("bytes=");
	struct slice first, last;

	if (!slice_starts(value, unit) &&
	    !(engine->range_lax && text_starts_nocase(value, unit)))
		return false;
	value = slice_after(value, unit.len);
	first = cut_range_number(engine, &value);
	if (!slice_present(first) || value.len == 0 || value.ptr[0] != '-')
		return false;
	value = slice_after(value, 1);
	if (value.len == 0)
		return true;
	last = cut_range_number(engine, &value);
	if (!slice_present(last) || value.len > 0)
		return false;
	return last.len > first.len ||
	       (last.len == first.len && slice_compare(last, first) >= 0);
}

static bool
has_high_byte(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] >= 0x80)
			return true;
	return false;
}

/* Values of client hints. */
static bool
is_plain_number(struct slice value)
{
	if (cut_digits(&value).len == 0)
		return false;
	return value.len == 0 ||
	       (value.ptr[0] == '.' && text_is_digits(slice_after(value, 1)));
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

static enum safelist_result
hint_safelist(struct slice name, struct slice value)
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
	    {"rtt", text_is_digits},
	    {"save-data", is_on},
	    {"viewport-width", text_is_digits},
	    {"width", text_is_digits},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (!slice_eq_nocase(name, slice_from(hints[i].name)))
			continue;
		if (value.len > SAFELISTED_MAX)
			return FETCH_LONG;
		return hints[i].is_good(value) ? FETCH_SAFELISTED : FETCH_HINT;
	}
	return FETCH_NAME;
}

static enum safelist_result
safelist(const struct fetch_engine *engine, struct slice name,
	 struct slice value)
{
	bool language = slice_eq_nocase(name, SLICE("accept-language")) ||
			slice_eq_nocase(name, SLICE("content-language"));
	bool type = slice_eq_nocase(name, SLICE("content-type"));
	bool range = slice_eq_nocase(name, SLICE("range"));

	if (!language && !type && !range &&
	    !slice_eq_nocase(name, SLICE("accept")))
		return engine->hints_safe ? hint_safelist(name, value)
					  : FETCH_NAME;
	if (value.len > SAFELISTED_MAX)
		return FETCH_LONG;
	if (language)
		return is_language_list(value) ? FETCH_SAFELISTED : FETCH_BYTES;
	if (range)
		return is_simple_range(engine, value) ? FETCH_SAFELISTED
						      : FETCH_RANGE;
	if (has_unsafe_byte(value) ||
	    (engine->high_bytes_unsafe && has_high_byte(value)))
		return FETCH_BYTES;
	if (!type)
		return FETCH_SAFELISTED;
	if (engine->comma_unsafe && text_find(value, ',') < value.len)
		return FETCH_TYPE;
	return is_form_type(value) ? FETCH_SAFELISTED : FETCH_TYPE;
}

enum safelist_result
fetch_safelist(enum fetch_browser browser, struct slice name,
	       struct slice value, bool *differs)
{
	enum safelist_result result =
	    safelist(fetch_engine(browser), name, value);
	enum safelist_result standard =
	    safelist(fetch_engine(FETCH_STANDARD), name, value);

	*differs =
	    (result == FETCH_SAFELISTED) != (standard == FETCH_SAFELISTED);
	return result;
}

/* Fetch, "get, decode, and split": a comma in a quoted string is no separator.
 */
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
	return text_trim_http(item);
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
