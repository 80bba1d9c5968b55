/*
 * "Copy as fetch", and calls of fetch() as people write them: the first
 * argument and the literals of the second one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/paste.h"

enum { DEPTH_MAX = 32 };

struct script {
	struct pasted *p;
	struct slice rest;
	unsigned depth;
};

/* A value: a string, or something else whose text is kept. */
struct value {
	bool string;
	struct slice text;
};

/* Called for each member of an object, with the reader at its value, which
 * it must read. */
typedef void (*member_reader)(struct script *, struct slice name);

static char
peek(const struct script *s)
{
	return s->rest.len > 0 ? s->rest.ptr[0] : '\0';
}

static char
next(struct script *s)
{
	char c = s->rest.ptr[0];

	s->rest = slice_after(s->rest, 1);
	return c;
}

/* Blanks and comments. */
static void
skip(struct script *s)
{
	for (;;) {
		char c = peek(s);
		if (s->rest.len > 0 &&
		    (ascii_is_blank(c) || c == '\n' || c == '\r')) {
			next(s);
		} else if (slice_starts(s->rest, SLICE("//"))) {
			s->rest =
			    slice_after(s->rest, text_find(s->rest, '\n'));
		} else if (slice_starts(s->rest, SLICE("/*"))) {
			const char *end =
			    memmem(s->rest.ptr, s->rest.len, "*/", 2);
			s->rest = slice_after(
			    s->rest, end == NULL
					 ? s->rest.len
					 : (size_t)(end - s->rest.ptr) + 2);
		} else {
			return;
		}
	}
}

static bool
take(struct script *s, char c)
{
	skip(s);
	if (s->rest.len == 0 || peek(s) != c)
		return false;
	next(s);
	return true;
}

/* ---- values ---- */

/* Write what an escape means, from after its backslash (ECMA-262, 12.9.4).
 * Returns the number of bytes. */
static size_t
read_escape(struct script *s, char *to)
{
	static const char escapes[] = "bfnrtv0";
	static const char meanings[] = "\b\f\n\r\t\v\0";
	char c = next(s);
	int digits = c == 'u' ? 4 : c == 'x' ? 2 : 0;
	const char *at = strchr(escapes, c);
	unsigned value = 0;

	if (c == '\n')
		return 0;
	if (digits == 0) {
		to[0] = at == NULL || c == '\0' ? c : meanings[at - escapes];
		return 1;
	}
	while (digits-- > 0 && s->rest.len > 0 && ascii_hex(peek(s)) >= 0)
		value = value << 4 | (unsigned)ascii_hex(next(s));
	return text_put_utf8(to, value);
}

static struct slice
read_string(struct script *s)
{
	char quote = next(s);
	char *text = arena_alloc(s->p->arena, s->rest.len + 3);
	size_t len = 0;

	if (text == NULL) {
		s->p->no_memory = true;
		return SLICE("");
	}
	while (s->rest.len > 0) {
		char c = next(s);
		if (c == quote)
			return slice_of(text, len);
		if (c == '\\' && s->rest.len > 0)
			len += read_escape(s, text + len);
		else
			text[len++] = c;
	}
	paste_fault(s->p, "a string is not closed");
	return SLICE("");
}

/* Skip an expression that is not a literal, up to ',' or a bracket that
 * closes the outer one. */
static void
skip_expression(struct script *s)
{
	unsigned depth = 0;

	while (s->rest.len > 0) {
		char c = peek(s);
		if (depth == 0 && strchr(",)}]", c) != NULL && c != '\0')
			return;
		if (strchr("\"'`", c) != NULL && c != '\0') {
			read_string(s);
			continue;
		}
		depth += strchr("([{", c) != NULL && c != '\0';
		depth -= strchr(")]}", c) != NULL && c != '\0';
		next(s);
	}
}

static struct value
read_value(struct script *s)
{
	struct value value = {.string = false};

	skip(s);
	if (s->rest.len > 0 && strchr("\"'`", peek(s)) != NULL &&
	    peek(s) != '\0') {
		value.string = true;
		value.text = read_string(s);
		skip(s);
		/* "a" + b is not a literal. */
		if (s->rest.len > 0 && strchr(",)}];", peek(s)) != NULL)
			return value;
		value.string = false;
	}
	struct slice before = s->rest;
	skip_expression(s);
	value.text =
	    text_trim_http(slice_of(before.ptr, before.len - s->rest.len));
	return value;
}

static struct slice
read_name(struct script *s)
{
	skip(s);
	if (s->rest.len > 0 && strchr("\"'", peek(s)) != NULL)
		return read_string(s);
	size_t len = 0;
	while (len < s->rest.len && (ascii_is_alpha(s->rest.ptr[len]) ||
				     ascii_is_digit(s->rest.ptr[len]) ||
				     strchr("_$", s->rest.ptr[len]) != NULL))
		len++;
	struct slice name = slice_of(s->rest.ptr, len);
	s->rest = slice_after(s->rest, len);
	return name;
}

/* Read the object that begins here. */
static void
read_object(struct script *s, member_reader reader)
{
	if (!take(s, '{') || ++s->depth > DEPTH_MAX) {
		paste_fault(s->p, "the options of fetch() are an object");
		return;
	}
	while (s->p->fault == NULL && !take(s, '}')) {
		size_t before = s->rest.len;
		struct slice name = read_name(s);
		skip(s);
		if (s->rest.len == 0) {
			paste_fault(s->p, "a { is not closed");
		} else if (take(s, ':')) {
			reader(s, name);
		} else if (name.len > 0) {
			paste_note(s->p, "\"%.*s\" is a variable, and left out",
				   (int)(name.len < 60 ? name.len : 60),
				   name.ptr);
			skip_expression(s); /* { headers } */
		} else {
			skip_expression(s); /* ...more */
		}
		(void)take(s, ',');
		/* ")" or "]" closes the outer bracket. */
		if (s->rest.len == 0 || s->rest.len == before)
			paste_fault(s->p, "a { is not closed");
	}
	s->depth--;
}

/* ---- the arguments of fetch() ---- */

static void
note_expression(struct script *s, struct slice name)
{
	char shown[60 * TEXT_QUOTED_BYTE_MAX + 1];

	if (name.len > 60)
		name.len = 60;
	text_quote(name, "", shown, sizeof(shown));
	paste_note(s->p, "the value of \"%s\" is an expression, and left out",
		   shown);
}

static void
read_header(struct script *s, struct slice name)
{
	struct value value = read_value(s);

	/* A header is sent whatever its value. */
	paste_header(s->p, name, value.string ? value.text : SLICE("1"));
	if (!value.string && slice_eq_nocase(name, SLICE("content-type")))
		note_expression(s, name);
}

/* {...}, new Headers({...}), or [["Name", "value"], ...] */
static void
read_headers(struct script *s)
{
	skip(s);
	if (slice_starts(s->rest, SLICE("new"))) {
		size_t open = text_find(s->rest, '(');
		s->rest = slice_after(s->rest, open + 1);
		skip(s);
		if (peek(s) == '{')
			read_object(s, read_header);
		skip_expression(s);
		(void)take(s, ')');
	} else if (peek(s) == '{') {
		read_object(s, read_header);
	} else if (take(s, '[')) {
		while (s->p->fault == NULL && take(s, '[')) {
			struct value name = read_value(s);
			(void)take(s, ',');
			read_header(s, name.text);
			(void)take(s, ']');
			(void)take(s, ',');
		}
		(void)take(s, ']');
	} else {
		note_expression(s, SLICE("headers"));
		skip_expression(s);
	}
}

/* The type of a body that is not a string is unknown here. */
static void
read_body(struct script *s)
{
	struct value value = read_value(s);

	s->p->body =
	    value.string || (!slice_eq(value.text, SLICE("null")) &&
			     !slice_eq(value.text, SLICE("undefined")));
	if (!s->p->body || paste_has(s->p, SLICE("content-type")))
		return;
	if (slice_starts(value.text, SLICE("new FormData")))
		paste_header(s->p, SLICE("Content-Type"),
			     SLICE("multipart/form-data"));
	else if (slice_starts(value.text, SLICE("new URLSearchParams")))
		paste_header(s->p, SLICE("Content-Type"),
			     SLICE("application/x-www-form-urlencoded"));
}

static void
read_option(struct script *s, struct slice name)
{
	struct pasted *p = s->p;
	struct slice *to = slice_eq(name, SLICE("method"))     ? &p->method
			   : slice_eq(name, SLICE("mode"))     ? &p->mode
			   : slice_eq(name, SLICE("referrer")) ? &p->page
			   : slice_eq(name, SLICE("redirect")) ? &p->redirect
							       : NULL;

	if (slice_eq(name, SLICE("headers"))) {
		read_headers(s);
	} else if (slice_eq(name, SLICE("body"))) {
		read_body(s);
	} else if (slice_eq(name, SLICE("credentials"))) {
		p->credentials = slice_eq(read_value(s).text, SLICE("include"));
	} else {
		struct value value = read_value(s);
		if (to != NULL && value.string)
			*to = value.text;
		else if (to != NULL)
			note_expression(s, name);
	}
}

/* "new URL('/x', base)", `${base}/x`, a variable. */
static void
read_url(struct script *s)
{
	struct value value = read_value(s);

	if (!value.string)
		paste_fault(s->p, "the URL is an expression: write it as a "
				  "string");
	else if (memmem(value.text.ptr, value.text.len, "${", 2) != NULL)
		paste_fault(s->p, "the URL has a variable in it: write it out");
	else
		s->p->url = value.text;
}

bool
paste_fetch(struct arena *arena, struct slice text, struct pasted *out)
{
	struct script script = {.p = out, .rest = text};
	const char *call =
	    text.len == 0 ? NULL : memmem(text.ptr, text.len, "fetch", 5);

	*out = (struct pasted){.arena = arena};
	if (call != NULL)
		script.rest = slice_after(text, (size_t)(call - text.ptr) + 5);
	if (call == NULL || !take(&script, '(')) {
		paste_fault(out, "a call of fetch begins with fetch(");
		return false;
	}
	read_url(&script);
	if (out->fault == NULL && take(&script, ',')) {
		skip(&script);
		if (peek(&script) == '{')
			read_object(&script, read_option);
		else if (peek(&script) != ')')
			paste_note(out, "the options are a variable, and left "
					"out");
	}
	if (!slice_present(out->method))
		out->method = SLICE("GET");
	return out->fault == NULL && !out->no_memory;
}
