/*
 * Reads a user's description of a request.  All errors in it are reported, so
 * that there is no verdict about a request that browsers never make.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/array.h"
#include "base/text.h"
#include "cors/origin.h"
#include "policy/hostname.h"

struct reader {
	struct explanation e; /* for its texts */
	struct question_faults *faults;
};

bool
question_fault_add(struct arena *arena, struct question_faults *faults,
		   enum question_part part, const char *text)
{
	if (!array_grow_in(arena, &faults->at, faults->count, &faults->room,
			   sizeof(*faults->at)))
		return false;
	faults->at[faults->count++] = (struct question_fault){part, text};
	return true;
}

static void
add_fault(struct reader *r, enum question_part part, const char *text)
{
	if (!question_fault_add(r->e.arena, r->faults, part, text))
		r->e.out_of_memory = true;
}

/* "PART "TEXT": REASON", the text cut off if it is long. */
static void
add_quoted(struct reader *r, enum question_part part, struct slice text,
	   const char *reason)
{
	enum { SHOWN = 200 };
	static const char *const names[] = {
	    [QUESTION_URL] = "URL",
	    [QUESTION_ORIGIN] = "origin",
	    [QUESTION_HEADER] = "header",
	};
	bool cut = text.len > SHOWN;

	if (cut)
		text.len = SHOWN;
	add_fault(r, part,
		  explain_printf(&r->e, "%s \"%s%s\": %s", names[part],
				 explain_quote(&r->e, text), cut ? "..." : "",
				 reason));
}

/* ---- URL ---- */

static void
read_url(struct reader *r, struct slice text, struct url *out)
{
	enum url_fault fault;

	if (!slice_present(text)) {
		add_fault(r, QUESTION_URL, "URL: what does the page request?");
		return;
	}
	if (text_starts_nocase(text, SLICE("ws:")) ||
	    text_starts_nocase(text, SLICE("wss:"))) {
		add_quoted(r, QUESTION_URL, text,
			   "CORS has no part in WebSockets: the browser sends "
			   "Origin, and the server has to look at it");
		return;
	}
	fault = url_parse(r->e.arena, text, NULL, hostname_to_ascii, out);
	if (fault == URL_FAULT_NO_MEMORY)
		r->e.out_of_memory = true;
	else if (fault != URL_FAULT_NONE)
		add_quoted(r, QUESTION_URL, text, url_fault_text(fault));
}

/* ---- origin ---- */

/* The URL's origin; absent: not an http or https URL. */
static struct slice
origin_of(struct explanation *e, struct slice text)
{
	struct url url;

	if (url_parse(e->arena, text, NULL, hostname_to_ascii, &url) !=
	    URL_FAULT_NONE)
		return SLICE_NONE;
	return url.origin;
}

/* "localhost:3000" with the missing scheme added; absent: no plausible
 * origin.
 */
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

/* Why browsers never send it, and what to write. */
static const char *
explain_origin(struct explanation *e, struct slice text)
{
	struct slice meant = origin_of(e, text), guess;

	if (slice_present(meant))
		return explain_printf(e,
				      "no browser sends this, it sends %s: "
				      "write that",
				      explain_quote(e, meant));
	if (slice_starts(text, SLICE("file:")) ||
	    slice_starts(text, SLICE("data:")))
		return "the pages of files and data: URLs send null: write "
		       "that";
	if (slice_eq_nocase(text, SLICE("null")))
		return "it is written null";
	guess = guess_origin(e, text);
	if (slice_present(guess))
		return explain_printf(e,
				      "an origin begins with a scheme: did you "
				      "mean %s?",
				      explain_quote(e, guess));
	return "no browser sends this: an origin is a scheme, a host and a "
	       "port, as in https://app.example.com";
}

/* A browser sends http and https origins in its own form, and corswrap does
 * not accept all of them; it accepts all other origins that browsers send. */
static bool
is_sent(struct explanation *e, struct slice text)
{
	struct origin parsed;

	if (slice_eq(text, SLICE("null")) ||
	    (text.len > 0 && slice_eq(origin_of(e, text), text)))
		return true;
	return !slice_starts(text, SLICE("http:")) &&
	       !slice_starts(text, SLICE("https:")) &&
	       origin_parse(text, &parsed);
}

static void
read_origin(struct reader *r, struct slice text, struct question *out)
{
	out->origin = text;
	if (!slice_present(text))
		add_fault(r, QUESTION_ORIGIN,
			  "origin: of which origin is the page?");
	else if (!is_sent(&r->e, text))
		add_quoted(r, QUESTION_ORIGIN, text,
			   explain_origin(&r->e, text));
}

/* ---- headers ---- */

/* Read the first code point of a text in UTF-8.  Returns its length; 0: it is
 * invalid. */
static size_t
parse_character(struct slice text, unsigned *out)
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
 * "ByteString"), and fetch() throws if one is above U+00FF.  Invalid UTF-8 is
 * used as it is.
 */
static void
read_value(struct reader *r, struct slice line, struct slice value,
	   struct slice *out)
{
	char *bytes = arena_alloc(r->e.arena, value.len);
	struct slice rest = value;
	size_t len = 0;

	*out = value;
	if (bytes == NULL) {
		r->e.out_of_memory = true;
		return;
	}
	while (rest.len > 0) {
		unsigned character;
		size_t n = parse_character(rest, &character);
		if (n == 0)
			return;
		if (character > 0xff) {
			add_quoted(r, QUESTION_HEADER, line,
				   "fetch() takes no character past U+00FF: "
				   "percent-encode it");
			return;
		}
		bytes[len++] = (char)character;
		rest = slice_after(rest, n);
	}
	*out = slice_of(bytes, len);
}

static void
read_headers(struct reader *r, const struct question_text *text,
	     struct question *out)
{
	struct fetch_field *at =
	    arena_array(r->e.arena, text->header_count, sizeof(*at));

	if (at == NULL) {
		r->e.out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < text->header_count; i++) {
		struct slice line = text->headers[i];
		size_t len = text_find(line, ':');

		if (len == line.len) {
			add_quoted(r, QUESTION_HEADER, line,
				   "a header is written 'Name: value'");
			continue;
		}
		at[i].name = slice_of(line.ptr, len);
		read_value(r, line, slice_after(line, len + 1), &at[i].value);
	}
	out->headers = (struct fetch_fields){at, text->header_count};
}

/* ---- how the request is made ---- */

/* Elements and EventSource send GET, without headers of the page; and for
 * some of them CORS is not optional. */
static void
read_how(struct reader *r, const struct question_text *text,
	 const struct question *out)
{
	const struct fetch_how *how = &text->how;
	const char *name = fetch_as_name(how->as);
	bool script = how->as == FETCH_AS_FETCH || how->as == FETCH_AS_XHR;
	bool get = !slice_present(text->method) ||
		   slice_eq(text->method, SLICE("GET"));

	if (!script && (!get || text->header_count > 0 || how->has_body))
		add_fault(r, QUESTION_HOW,
			  explain_printf(&r->e,
					 "as %s: browsers send GET, without "
					 "headers or a body of the page",
					 name));
	if (how->as != FETCH_AS_FETCH && out->url.has_userinfo)
		add_fault(r, QUESTION_HOW,
			  "user name and password: leave them out of the URL, "
			  "which browsers treat differently");
	if (how->listens && how->as != FETCH_AS_XHR)
		add_fault(r, QUESTION_HOW,
			  "upload listener: only XMLHttpRequest has one");
	if (how->redirect != FETCH_FOLLOW && how->as != FETCH_AS_FETCH)
		add_fault(r, QUESTION_HOW,
			  "redirect: only fetch() has a choice, all others "
			  "follow");
	/* Fetch, "main fetch" 12. */
	if (how->redirect != FETCH_FOLLOW && how->no_cors &&
	    !slice_eq(out->origin, out->url.origin))
		add_fault(r, QUESTION_HOW,
			  "redirect: with mode no-cors browsers send nothing "
			  "to another origin, unless they may follow "
			  "redirects");
	if (how->as == FETCH_AS_FONT && text->credentials)
		add_fault(r, QUESTION_HOW,
			  "as font: browsers load fonts of other origins "
			  "without credentials");
	if (how->no_cors && how->as != FETCH_AS_FETCH &&
	    how->as != FETCH_AS_SCRIPT && how->as != FETCH_AS_IMAGE)
		add_fault(
		    r, QUESTION_HOW,
		    explain_printf(&r->e,
				   "as %s: it is always requested in mode cors",
				   name));
}

/* ---- the whole ---- */

/* False: it is too long, and is not read further. */
static bool
read_size(struct reader *r, const struct question_text *text)
{
	size_t size = text->url.len + text->origin.len + text->method.len;

	for (size_t i = 0; i < text->header_count; i++)
		size += text->headers[i].len;
	if (text->header_count > QUESTION_HEADERS)
		add_fault(r, QUESTION_SIZE,
			  explain_printf(&r->e,
					 "there are %zu headers: web servers "
					 "take %d at most, and most of them "
					 "far fewer",
					 text->header_count,
					 (int)QUESTION_HEADERS));
	else if (size > QUESTION_MAX)
		add_fault(r, QUESTION_SIZE,
			  explain_printf(&r->e,
					 "URL and headers have %zu bytes: make "
					 "them shorter, web servers take %d at "
					 "most",
					 size, (int)QUESTION_MAX));
	else
		return true;
	return false;
}

bool
question_read(struct arena *arena, const struct question_text *text,
	      struct question *out, struct question_faults *faults)
{
	struct reader reader = {.e = {.arena = arena}, .faults = faults};
	size_t before = faults->count;

	*out = (struct question){.credentials = text->credentials,
				 .how = text->how,
				 .browser = text->browser,
				 .page_space = text->page_space};
	out->method = slice_present(text->method) ? text->method : SLICE("GET");
	if (read_size(&reader, text)) {
		read_url(&reader, text->url, &out->url);
		read_origin(&reader, text->origin, out);
		read_headers(&reader, text, out);
		read_how(&reader, text, out);
	}
	if (reader.e.out_of_memory)
		faults->count = before;
	return !reader.e.out_of_memory && faults->count == before;
}
