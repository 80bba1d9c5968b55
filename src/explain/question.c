/*
 * What people write about a request becomes the question that is answered; or
 * they are told what to write instead, before a verdict is given about a
 * request that no browser makes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "cors/origin.h"
#include "policy/hostname.h"

/* "WHAT "TEXT": REASON", the text cut where it is long. */
static const char *
fault(struct explanation *e, const char *what, struct slice text,
      const char *reason)
{
	enum { SHOWN = 200 };
	bool cut = text.len > SHOWN;

	if (cut)
		text.len = SHOWN;
	return explain_printf(e, "%s \"%s%s\": %s", what,
			      explain_quote(e, text), cut ? "..." : "", reason);
}

/* ---- origin ---- */

/* Of the URL; absent: it is none, of http or https. */
static struct slice
origin_of(struct explanation *e, struct slice text)
{
	struct url url;

	if (url_parse(e->arena, text, NULL, hostname_to_ascii, &url) !=
	    URL_FAULT_NONE)
		return SLICE_NONE;
	return url.origin;
}

/* "localhost:3000", with the scheme that is not written; absent: unlikely. */
static struct slice
guess_origin(struct explanation *e, struct slice text)
{
	const char *quoted = explain_quote(e, text);
	struct origin parsed;
	struct slice guess;
	struct url url;

	if (strstr(quoted, "://") != NULL)
		return SLICE_NONE;
	if (url_parse(e->arena,
		      slice_from(explain_printf(e, "http://%s", quoted)), NULL,
		      hostname_to_ascii, &url) != URL_FAULT_NONE)
		return SLICE_NONE;
	guess = url.origin;
	if (!url_is_trustworthy(&url))
		guess = origin_of(
		    e, slice_from(explain_printf(e, "https://%s", quoted)));
	return slice_present(guess) && origin_parse(guess, &parsed)
		   ? guess
		   : SLICE_NONE;
}

static const char *
origin_fault(struct explanation *e, struct slice text)
{
	struct slice meant = origin_of(e, text), guess;

	if (slice_present(meant))
		return fault(e, "origin", text,
			     explain_printf(e,
					    "no browser sends this, it sends "
					    "%s: write that",
					    explain_quote(e, meant)));
	if (slice_starts(text, SLICE("file:")) ||
	    slice_starts(text, SLICE("data:")))
		return fault(e, "origin", text,
			     "the pages of files and data: URLs send null: "
			     "write that");
	if (slice_eq_nocase(text, SLICE("null")))
		return fault(e, "origin", text, "it is written null");
	guess = guess_origin(e, text);
	if (slice_present(guess))
		return fault(e, "origin", text,
			     explain_printf(e,
					    "an origin begins with a scheme: "
					    "did you mean %s?",
					    explain_quote(e, guess)));
	return fault(e, "origin", text,
		     "no browser sends this: an origin is a scheme, a host and "
		     "a port, as in https://app.example.com");
}

/* One that a browser may send: its own form of http and https, where it takes
 * more than corswrap does; else what corswrap takes. */
static const char *
read_origin(struct explanation *e, struct slice text, struct question *out)
{
	struct origin parsed;

	if (!slice_present(text))
		text = SLICE("");
	out->origin = text;
	if (slice_eq(text, SLICE("null")) ||
	    (text.len > 0 && slice_eq(origin_of(e, text), text)))
		return NULL;
	if (!slice_starts(text, SLICE("http:")) &&
	    !slice_starts(text, SLICE("https:")) && origin_parse(text, &parsed))
		return NULL;
	return origin_fault(e, text);
}

/* ---- headers ---- */

/* The code point at the beginning of UTF-8 and its length; 0: it is none. */
static size_t
take_character(struct slice text, unsigned *out)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text.ptr[0];
	size_t len = first < 0x80	? 1
		     : first >> 5 == 6	? 2
		     : first >> 4 == 14 ? 3
		     : first >> 3 == 30 ? 4
					: 0;

	if (len == 0 || len > text.len)
		return 0;
	*out = len == 1 ? first : first & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >> 6 != 2)
			return 0;
		*out = *out << 6 | (c & 0x3f);
	}
	return *out < least[len] ? 0 : len;
}

/*
 * A script's string becomes one byte for each character (Web IDL,
 * "ByteString"), which throws past U+00FF.  What is no UTF-8 is taken as the
 * bytes that it is.
 */
static const char *
read_value(struct explanation *e, struct slice line, struct slice value,
	   struct slice *out)
{
	char *bytes = arena_alloc(e->arena, value.len);
	struct slice rest = value;
	size_t len = 0;

	if (bytes == NULL) {
		e->out_of_memory = true;
		return "";
	}
	*out = value;
	while (rest.len > 0) {
		unsigned character;
		size_t n = take_character(rest, &character);
		if (n == 0)
			return NULL;
		if (character > 0xff)
			return fault(e, "header", line,
				     "fetch() takes no character past U+00FF: "
				     "percent-encode it");
		bytes[len++] = (char)character;
		rest = slice_after(rest, n);
	}
	*out = slice_of(bytes, len);
	return NULL;
}

static const char *
read_headers(struct explanation *e, const struct question_text *text,
	     struct question *out)
{
	struct fetch_field *at =
	    arena_array(e->arena, text->header_count, sizeof(*at));

	if (at == NULL) {
		e->out_of_memory = true;
		return "";
	}
	for (size_t i = 0; i < text->header_count; i++) {
		struct slice line = text->headers[i];
		const char *colon = memchr(line.ptr, ':', line.len);
		const char *wrong;
		if (colon == NULL)
			return fault(e, "header", line,
				     "a header is written 'Name: value'");
		size_t len = (size_t)(colon - line.ptr);
		at[i].name = slice_of(line.ptr, len);
		wrong = read_value(e, line, slice_after(line, len + 1),
				   &at[i].value);
		if (wrong != NULL)
			return wrong;
	}
	out->headers = (struct fetch_fields){at, text->header_count};
	return NULL;
}

/* ---- the whole ---- */

static const char *
read_size(struct explanation *e, const struct question_text *text)
{
	size_t size = text->url.len + text->origin.len + text->method.len;

	for (size_t i = 0; i < text->header_count; i++)
		size += text->headers[i].len;
	if (text->header_count > QUESTION_HEADERS)
		return explain_printf(e,
				      "there are %zu headers: web servers take "
				      "%d at most, and most of them far fewer",
				      text->header_count,
				      (int)QUESTION_HEADERS);
	if (size <= QUESTION_MAX)
		return NULL;
	return explain_printf(e,
			      "URL and headers have %zu bytes: make them "
			      "shorter, web servers take %d at most",
			      size, (int)QUESTION_MAX);
}

const char *
question_read(struct arena *arena, const struct question_text *text,
	      struct question *out)
{
	struct explanation e = {.arena = arena}; /* for its texts */
	const char *wrong = read_size(&e, text);
	enum url_fault url_fault;

	*out = (struct question){.credentials = text->credentials};
	if (wrong == NULL) {
		url_fault =
		    url_parse(arena, text->url, NULL, hostname_to_ascii, &out->url);
		if (url_fault != URL_FAULT_NONE)
			wrong = fault(&e, "URL", text->url,
				      url_fault_text(url_fault));
	}
	if (wrong == NULL)
		wrong = read_origin(&e, text->origin, out);
	out->method = slice_present(text->method) ? text->method : SLICE("GET");
	if (wrong == NULL)
		wrong = read_headers(&e, text, out);
	return e.out_of_memory ? "memory is out" : wrong;
}
