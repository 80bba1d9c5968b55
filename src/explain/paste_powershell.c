/*
 * "Copy as PowerShell": Invoke-WebRequest or Invoke-RestMethod with its
 * parameters, as Chromium and Firefox write them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/paste.h"

struct command {
	struct pasted *p;
	struct slice rest;
};

static char
peek(const struct command *c)
{
	return c->rest.len > 0 ? c->rest.ptr[0] : '\0';
}

static void
drop(struct command *c, size_t bytes)
{
	c->rest = slice_after(c->rest, bytes);
}

/* Skip blanks and line ends, also after a backtick, with which a command goes
 * on. */
static void
skip_blanks(struct command *c)
{
	while (ascii_is_blank(peek(c)) || peek(c) == '\r' ||
	       (peek(c) == '`' && c->rest.len > 1 &&
		strchr("\r\n", c->rest.ptr[1]) != NULL) ||
	       peek(c) == '\n')
		drop(c, 1);
}

/* "...": a backtick escapes, "" is a quote; '...': '' is one. */
static struct slice
read_string(struct command *c)
{
	char quote = peek(c);
	char *text = arena_alloc(c->p->arena, c->rest.len);
	size_t len = 0;

	if (text == NULL) {
		c->p->no_memory = true;
		drop(c, c->rest.len);
		return SLICE("");
	}
	drop(c, 1);
	while (c->rest.len > 0) {
		char byte = peek(c);
		drop(c, 1);
		if (byte == quote) {
			if (peek(c) != quote || c->rest.len == 0)
				return slice_of(text, len);
			drop(c, 1);
		} else if (byte == '`' && quote == '"' && c->rest.len > 0) {
			byte = peek(c);
			drop(c, 1);
		}
		text[len++] = byte;
	}
	paste_fault(c->p, "a %c is not closed", quote);
	return slice_of(text, len);
}

/* A bare word: a name, a number, a variable. */
static struct slice
read_word(struct command *c)
{
	struct slice word =
	    slice_of(c->rest.ptr, text_find_any(c->rest, " \t\r\n;`=}"));

	drop(c, word.len == 0 && c->rest.len > 0 ? 1 : word.len);
	return word;
}

static bool
is_quote(char c)
{
	return c == '"' || c == '\'';
}

static struct slice
read_value(struct command *c)
{
	skip_blanks(c);
	return is_quote(peek(c)) ? read_string(c) : read_word(c);
}

/* Skip an expression in parentheses or braces. */
static void
skip_group(struct command *c)
{
	size_t depth = 0;

	drop(c, peek(c) == '@');
	do {
		char byte = peek(c);
		if (is_quote(byte)) {
			read_string(c);
			continue;
		}
		depth += byte == '(' || byte == '{';
		depth -= (byte == ')' || byte == '}') && depth > 0;
		drop(c, 1);
	} while (depth > 0 && c->rest.len > 0);
}

/* @{ "Name"="value" ... }: members on lines of their own or after ';'.
 * Chromium puts the pseudo-headers of HTTP/2 there, without their colon. */
static void
read_headers(struct command *c)
{
	static const char *const pseudo[] = {"authority", "method", "path",
					     "scheme"};

	drop(c, 2);
	while (c->rest.len > 0) {
		skip_blanks(c);
		if (peek(c) == ';') {
			drop(c, 1);
			continue;
		}
		if (peek(c) == '}' || c->rest.len == 0) {
			drop(c, 1);
			return;
		}
		bool own = true;
		struct slice name = read_value(c);
		skip_blanks(c);
		if (peek(c) != '=')
			continue;
		drop(c, 1);
		struct slice value = read_value(c);
		for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++)
			own &= !slice_eq(name, slice_from(pseudo[i]));
		if (own)
			paste_header(c->p, name, value);
	}
}

/* -Name and its value. */
static void
read_parameter(struct command *c)
{
	struct slice name = read_word(c);
	struct pasted *p = c->p;

	skip_blanks(c);
	if (slice_eq_nocase(name, SLICE("-Headers")) &&
	    slice_starts(c->rest, SLICE("@{"))) {
		read_headers(c);
	} else if (slice_eq_nocase(name, SLICE("-Uri"))) {
		p->url = read_value(c);
	} else if (slice_eq_nocase(name, SLICE("-Method"))) {
		p->method = read_value(c);
	} else if (slice_eq_nocase(name, SLICE("-ContentType"))) {
		paste_header(p, SLICE("Content-Type"), read_value(c));
	} else if (slice_eq_nocase(name, SLICE("-Body"))) {
		p->body = true;
		if (peek(c) == '(' || peek(c) == '@')
			skip_group(c);
		else
			read_value(c);
	} else if (peek(c) == '@' || peek(c) == '(') {
		skip_group(c);
	} else if (peek(c) != '-') {
		read_value(c);
	}
}

/* Where the command begins; the text's length: there is none. */
static size_t
find_command(struct slice text)
{
	size_t at = text_find_nocase(text, SLICE("Invoke-WebRequest"));

	return at < text.len
		   ? at
		   : text_find_nocase(text, SLICE("Invoke-RestMethod"));
}

bool
paste_is_powershell(struct slice text)
{
	return find_command(text) < text.len;
}

bool
paste_powershell(struct arena *arena, struct slice text, struct pasted *out)
{
	struct command c = {.p = out};

	*out = (struct pasted){.arena = arena};
	/* $session.Cookies.Add(...) is above the command. */
	out->credentials = text_has_nocase(text, SLICE(".Cookies.Add("));
	c.rest = slice_after(text, find_command(text));
	read_word(&c);
	for (;;) {
		skip_blanks(&c);
		if (c.rest.len == 0 || peek(&c) == ';' || peek(&c) == '|')
			break;
		if (peek(&c) == '-')
			read_parameter(&c);
		else if (slice_present(out->url))
			(void)read_value(&c);
		else
			out->url = read_value(&c);
	}
	if (!slice_present(out->url))
		paste_fault(out, "the command has no -Uri");
	if (!slice_present(out->method))
		out->method = out->body ? SLICE("POST") : SLICE("GET");
	if (out->body && !paste_has(out, SLICE("content-type")))
		paste_header(out, SLICE("Content-Type"),
			     SLICE("application/x-www-form-urlencoded"));
	return out->fault == NULL && !out->no_memory;
}
