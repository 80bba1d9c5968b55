/*
 * The request of a script, recovered from the request that the browser sent.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/paste.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "policy/hostname.h"

void
paste_line(struct pasted *p, struct slice line)
{
	if (!array_grow_in(p->arena, &p->headers.at, p->headers.count,
			   &p->headers.room, sizeof(*p->headers.at))) {
		p->no_memory = true;
		return;
	}
	p->headers.at[p->headers.count++] = line;
}

void
paste_header(struct pasted *p, struct slice name, struct slice value)
{
	struct slice parts[] = {name, SLICE(": "), value};
	const char *line = arena_join(p->arena, parts, 3);

	if (line == NULL)
		p->no_memory = true;
	else
		paste_line(p, slice_of(line, name.len + 2 + value.len));
}

/* "" if memory is out, and no_memory is set. */
__attribute__((format(printf, 2, 0))) static const char *
format_text(struct pasted *p, const char *format, va_list args)
{
	char text[512];
	int len = vsnprintf(text, sizeof(text), format, args);
	const char *copy = NULL;

	if (len >= 0)
		copy = arena_text(p->arena, slice_from(text));
	p->no_memory |= copy == NULL;
	return copy == NULL ? "" : copy;
}

void
paste_note(struct pasted *p, const char *format, ...)
{
	va_list args;

	if (!array_grow_in(p->arena, &p->notes.at, p->notes.count,
			   &p->notes.room, sizeof(*p->notes.at))) {
		p->no_memory = true;
		return;
	}
	va_start(args, format);
	p->notes.at[p->notes.count++] = format_text(p, format, args);
	va_end(args);
}

void
paste_fault(struct pasted *p, const char *format, ...)
{
	va_list args;

	if (p->fault != NULL)
		return;
	va_start(args, format);
	p->fault = format_text(p, format, args);
	va_end(args);
}

static struct slice
name_of(struct slice line)
{
	/* ":authority" of HTTP/2 begins with one. */
	size_t first = line.len > 0 && line.ptr[0] == ':';
	struct slice rest = slice_after(line, first);

	return text_trim(slice_of(line.ptr, first + text_find(rest, ':')));
}

static struct slice
value_of(struct slice line)
{
	size_t len = name_of(line).len;

	return len >= line.len ? SLICE("")
			       : text_trim(slice_after(line, len + 1));
}

bool
paste_has(const struct pasted *p, struct slice name)
{
	for (size_t i = 0; i < p->headers.count; i++)
		if (slice_eq_nocase(name_of(p->headers.at[i]), name))
			return true;
	return false;
}

/* ---- headers of the browser ---- */

static bool
is_among(struct slice name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(name, slice_from(names[i])))
			return true;
	return false;
}

/* Does the browser set it, whatever the script does? */
static bool
is_browsers_own(struct slice name)
{
	static const char *const names[] = {
	    "accept-charset",
	    "accept-encoding",
	    "connection",
	    "content-length",
	    "dnt",
	    "expect",
	    "host",
	    "keep-alive",
	    "priority",
	    "te",
	    "transfer-encoding",
	    "upgrade-insecure-requests",
	    "user-agent",
	};

	return (name.len > 0 && name.ptr[0] == ':') ||
	       text_starts_nocase(name, SLICE("sec-")) ||
	       text_starts_nocase(name, SLICE("proxy-")) ||
	       is_among(name, names, sizeof(names) / sizeof(names[0]));
}

/* A script can set them, but in a request that a browser shows they are
 * nearly always the browser's own: of its cache, or of "Disable cache". */
static bool
is_browsers_habit(struct slice name)
{
	static const char *const names[] = {
	    "accept",	     "accept-language",	  "cache-control",
	    "if-none-match", "if-modified-since", "pragma",
	};

	return is_among(name, names, sizeof(names) / sizeof(names[0]));
}

/* True: the line has this name; *to is its value, unless it was set before. */
static bool
take(struct slice line, struct slice name, struct slice *to)
{
	if (!slice_eq_nocase(name_of(line), name))
		return false;
	if (!slice_present(*to))
		*to = value_of(line);
	return true;
}

/* The request that a preflight announces. */
struct asked {
	struct slice method;
	struct slice headers;
};

/* False: the script did not set the line. */
static bool
is_scripts(struct pasted *p, struct slice line, bool copied,
	   struct asked *asked)
{
	if (take(line, SLICE("origin"), &p->origin) ||
	    take(line, SLICE("referer"), &p->page) ||
	    take(line, SLICE("sec-fetch-mode"), &p->mode) ||
	    take(line, SLICE("sec-fetch-dest"), &p->destination) ||
	    take(line, SLICE("access-control-request-method"),
		 &asked->method) ||
	    take(line, SLICE("access-control-request-headers"),
		 &asked->headers))
		return false;
	if (slice_eq_nocase(name_of(line), SLICE("cookie"))) {
		p->credentials = true;
		return false;
	}
	/* "Copy as fetch (Node.js)" has the page's referrer as headers. */
	if (slice_eq_nocase(name_of(line), SLICE("referrer-policy")) &&
	    slice_present(p->page))
		return false;
	return !is_browsers_own(name_of(line)) &&
	       !(copied && is_browsers_habit(name_of(line)));
}

/* The values are unknown.  Only that of Content-Type matters: with a safelisted
 * one there would be no preflight. */
static void
become_request(struct pasted *p, const struct asked *asked)
{
	struct slice rest = asked->headers, name;

	p->method = asked->method;
	p->headers.count = 0;
	while (text_list_next(&rest, &name))
		paste_header(p, name,
			     slice_eq_nocase(name, SLICE("content-type"))
				 ? SLICE("application/json")
				 : SLICE("1"));
	paste_note(
	    p, "this is a preflight: the request that it is for is explained");
}

/* The origin of the page that sent it. */
static void
find_origin(struct pasted *p)
{
	struct url url;

	if (slice_present(p->origin) || !slice_present(p->page) ||
	    url_parse(p->arena, p->page, NULL, hostname_to_ascii, &url) !=
		URL_FAULT_NONE)
		return;
	p->origin = url.origin;
}

void
paste_settle(struct pasted *p)
{
	struct asked asked = {SLICE_NONE, SLICE_NONE};
	bool copied = paste_has(p, SLICE("sec-fetch-mode")) ||
		      paste_has(p, SLICE("sec-fetch-site")) ||
		      paste_has(p, SLICE("sec-ch-ua"));
	size_t kept = 0;

	for (size_t i = 0; i < p->headers.count; i++)
		if (is_scripts(p, p->headers.at[i], copied, &asked))
			p->headers.at[kept++] = p->headers.at[i];
	p->headers.count = kept;
	if (slice_present(asked.method) &&
	    slice_eq(p->method, SLICE("OPTIONS")))
		become_request(p, &asked);
	find_origin(p);
}

/* ---- the question ---- */

/* "no-cors" and the element that loads it come from the browser's Sec-Fetch
 * headers. */
static void
take_how(const struct pasted *p, struct fetch_how *how)
{
	enum fetch_as as;

	how->no_cors |= slice_eq(p->mode, SLICE("no-cors"));
	if (how->as == FETCH_AS_FETCH && fetch_as_parse(p->destination, &as))
		how->as = as;
	if (slice_eq(p->redirect, SLICE("error")))
		how->redirect = FETCH_ERROR;
	else if (slice_eq(p->redirect, SLICE("manual")))
		how->redirect = FETCH_MANUAL;
	how->has_body |= p->body;
}

bool
paste_question(const struct pasted *p, struct question_text *text)
{
	size_t count = text->header_count + p->headers.count;
	struct slice *headers = arena_array(p->arena, count, sizeof(*headers));

	if (headers == NULL)
		return false;
	for (size_t i = 0; i < text->header_count; i++)
		headers[i] = text->headers[i];
	for (size_t i = 0; i < p->headers.count; i++)
		headers[text->header_count + i] = p->headers.at[i];
	text->headers = headers;
	text->header_count = count;
	if (!slice_present(text->url))
		text->url = p->url;
	if (!slice_present(text->origin))
		text->origin = p->origin;
	if (!slice_present(text->method))
		text->method = p->method;
	text->credentials |= p->credentials;
	take_how(p, &text->how);
	return true;
}
