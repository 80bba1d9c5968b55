/*
 * CORS headers in any other text: programs in PHP, Perl, Python or JavaScript,
 * the configurations of lighttpd, Caddy and IIS, and pasted responses.
 *
 * No language is parsed.  The reader searches for a header's name and the
 * value after it.  If the value is computed, it takes the origins that the
 * text compares the Origin with, and adds a note.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/import_parts.h"

struct other {
	struct import *import;
	struct import_source *source;
	struct import_scope *scope;
	struct import_place place;
	bool program; /* it is a program, which corswrap runs: its lines may be
			 kept */
	bool said_program;
	bool said_condition;
	bool tests; /* there are origins that Origin is compared with */
};

static bool
is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* ---- a name and its value ---- */

/* The header's name at this place of the line, with "_" for "-" in CGI.pm;
 * absent: there is none. */
static struct slice
name_at(struct other *o, struct slice text)
{
	size_t len = 0;
	char *name;

	while (len < text.len && (ascii_is_alpha(text.ptr[len]) ||
				  text.ptr[len] == '-' || text.ptr[len] == '_'))
		len++;
	name = arena_alloc(o->import->arena, len + 1);
	if (name == NULL) {
		o->import->no_memory = true;
		return SLICE_NONE;
	}
	for (size_t i = 0; i < len; i++)
		name[i] = text.ptr[i] == '_' ? '-' : text.ptr[i];
	return import_is_cors_header(slice_of(name, len)) ? slice_of(name, len)
							  : SLICE_NONE;
}

/* The quote character of the string that contains this place; 0: none. */
static char
quote_around(struct slice line, size_t at)
{
	char quote = '\0';

	for (size_t i = 0; i < at; i++) {
		char c = line.ptr[i];
		if (c == '\\')
			i++;
		else if (quote == '\0' && is_quote(c))
			quote = c;
		else if (c == quote)
			quote = '\0';
	}
	return quote;
}

/* The text up to the quote; "\n" and "\r" end a header line. */
static struct slice
until_quote(struct slice text, char quote)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == quote ||
		    (text.ptr[i] == '\\' && i + 1 < text.len &&
		     strchr("nr", text.ptr[i + 1]) != NULL))
			return text_trim(slice_of(text.ptr, i));
	return text_trim(text);
}

/* The value after the name, or the expression that computes it (*literal is
 * false). */
static struct slice
value_behind(struct slice line, size_t start, size_t end, bool *literal)
{
	struct slice rest = slice_after(line, end);
	char around = quote_around(line, start);

	*literal = true;
	if (around != '\0' && rest.len > 0 && rest.ptr[0] != around)
		return until_quote(
		    slice_after(rest, rest.ptr[0] == ':' ? 1 : 0), around);
	if (around != '\0' && rest.len > 0)
		rest = slice_after(rest, 1);
	while (rest.len > 0 && strchr(" \t,:=>)", rest.ptr[0]) != NULL)
		rest = slice_after(rest, 1);
	if (text_starts_nocase(rest, SLICE("value=")))
		rest = slice_after(rest, 6);
	if (rest.len > 0 && is_quote(rest.ptr[0]))
		return until_quote(slice_after(rest, 1), rest.ptr[0]);
	*literal = around == '\0';
	return text_trim_http(slice_of(rest.ptr, text_find_any(rest, ";)")));
}

/* ---- the value ---- */

/* Is the text literal? */
static bool
is_literal(struct slice value)
{
	return value.len > 0 && text_find_any(value, "$%@{}()[]") == value.len;
}

static void
set_origin(struct other *o, struct slice value, bool literal)
{
	bool own =
	    literal && is_literal(value) &&
	    (slice_eq(value, SLICE("*")) || slice_eq(value, SLICE("null")) ||
	     text_find(value, '.') < value.len ||
	     memmem(value.ptr, value.len, "://", 3) != NULL);

	o->scope->set = true;
	if (own && !(o->tests && slice_eq(value, SLICE("*"))))
		import_header(o->import, o->scope, o->place,
			      SLICE("Access-Control-Allow-Origin"), value);
	else if (o->tests)
		import_say(o->import, SEVERITY_WARNING, o->place,
			   "not-carried-over",
			   "the value is computed: the policy has the origins "
			   "that this text compares the Origin with; see that "
			   "they are all");
	else if (text_has_nocase(value, SLICE("origin")))
		import_any_origin(o->import, o->scope, o->place);
	else
		import_say(o->import, SEVERITY_WARNING, o->place,
			   "not-carried-over",
			   "\"%s\" is computed: write the origins that it "
			   "means into the policy",
			   import_quote(o->import, value));
}

static void
set_header(struct other *o, struct slice name, struct slice value, bool literal)
{
	if (slice_eq_nocase(name, SLICE("Access-Control-Allow-Origin"))) {
		set_origin(o, value, literal);
	} else if (literal && is_literal(value)) {
		import_header(o->import, o->scope, o->place, name, value);
	} else if (text_has_nocase(value, SLICE("request"))) {
		import_header(o->import, o->scope, o->place, name, SLICE("*"));
	} else {
		o->scope->set = true;
		import_say(o->import, SEVERITY_WARNING, o->place,
			   "not-carried-over",
			   "\"%s\" is computed: write what it means into "
			   "the policy",
			   import_quote(o->import, value));
	}
	if (!o->program) {
		import_replaced(o->source, o->place.line, o->place.line);
	} else if (!o->said_program) {
		o->said_program = true;
		import_say(o->import, SEVERITY_NOTE, o->place, "stays",
			   "corswrap replaces the CORS headers of the program "
			   "that it runs: these lines may stay or go");
	}
}

/* ---- origins in comparisons ---- */

/* $REQUEST_HEADER["Origin"] =~ "EXPRESSION" of lighttpd. */
static bool
read_lighttpd_origin(struct other *o, struct slice line)
{
	size_t at = text_find_nocase(line, SLICE("\"Origin\"]"));
	struct slice rest = slice_after(line, at);
	size_t match = 0;

	while (match < rest.len &&
	       !slice_starts(slice_after(rest, match), SLICE("=~")))
		match++;
	if (match == rest.len)
		return false;
	rest = slice_after(rest, match);
	rest = slice_after(rest, text_find(rest, '"'));
	import_expression(o->import, o->scope, o->place,
			  until_quote(slice_after(rest, rest.len > 0), '"'));
	return true;
}

/* Every "http://..." and "https://..." in the line. */
static bool
read_literal_origins(struct other *o, struct slice line)
{
	bool found = false;

	for (size_t at = 0; at < line.len; at++) {
		struct slice rest = slice_after(line, at);
		if (!slice_starts(rest, SLICE("https://")) &&
		    !slice_starts(rest, SLICE("http://")))
			continue;
		rest.len = text_find_any(rest, " \t\"'`,;)]}<>");
		at += rest.len;
		if (text_find_any(rest, "\\$|?+^") < rest.len)
			continue;
		import_origin(o->import, o->scope, o->place, rest);
		found = true;
	}
	return found;
}

/* Conditions that a policy writes in another way. */
static void
say_condition(struct other *o, struct slice line)
{
	static const char *const anywhere[] = {
	    "$HTTP[\"url\"]", "$HTTP[\"host\"]", "<location path="};
	static const char *const starts[] = {"header /", "handle /", "route /",
					     "handle_path /", "path "};
	bool found = false;

	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		found |= text_has_nocase(line, slice_from(anywhere[i]));
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		found |= !o->program &&
			 text_starts_nocase(line, slice_from(starts[i]));
	/* "@api path /api/..." */
	found |= slice_starts(line, SLICE("@")) &&
		 text_has_nocase(line, SLICE(" path "));
	if (o->said_condition || !found)
		return;
	o->said_condition = true;
	import_say(o->import, SEVERITY_WARNING, o->place, "not-carried-over",
		   "the condition is not carried over: the policy holds for "
		   "every host and path until you write \"host\" or \"path\"");
}

/* ---- lines ---- */

static bool
is_comment(struct slice line)
{
	return slice_starts(line, SLICE("#")) ||
	       slice_starts(line, SLICE("//")) ||
	       slice_starts(line, SLICE("/*")) ||
	       slice_starts(line, SLICE("* ")) ||
	       slice_starts(line, SLICE("<!--"));
}

/* Every header that the line sets. */
static void
read_headers(struct other *o, struct slice line)
{
	for (size_t at = 0; at < line.len; at++) {
		struct slice rest = slice_after(line, at), name, value;
		bool literal;
		if (!text_starts_nocase(rest, SLICE("access")) &&
		    !text_starts_nocase(rest, SLICE("timing")) &&
		    !text_starts_nocase(rest, SLICE("cross")))
			continue;
		name = name_at(o, rest);
		if (!slice_present(name))
			continue;
		value = value_behind(line, at, at + name.len, &literal);
		set_header(o, name, value, literal);
		at += name.len;
	}
}

static void
each_line(struct other *o, void (*read)(struct other *, struct slice))
{
	struct slice rest = o->source->text;

	for (o->place.line = 1; rest.len > 0; o->place.line++) {
		struct slice line = text_trim_http(text_line_next(&rest));
		if (!is_comment(line))
			read(o, line);
	}
}

static void
read_tests(struct other *o, struct slice line)
{
	if (!text_has_nocase(line, SLICE("origin")) ||
	    text_has_nocase(line, SLICE("Allow-Origin")) ||
	    text_has_nocase(line, SLICE("allow_origin")))
		return;
	if (read_lighttpd_origin(o, line) || read_literal_origins(o, line))
		o->tests = true;
}

static void
read_line(struct other *o, struct slice line)
{
	say_condition(o, line);
	read_headers(o, line);
}

static bool
is_program(struct slice text)
{
	return text_has_nocase(text, SLICE("<?"))
		   ? text_has_nocase(text, SLICE("<?php"))
		   : slice_starts(text, SLICE("#!")) ||
			 text_has_nocase(text, SLICE("header(")) ||
			 text_has_nocase(text, SLICE("print")) ||
			 text_has_nocase(text, SLICE("setHeader")) ||
			 text_has_nocase(text, SLICE("res."));
}

void
import_other(struct import *import, struct import_source *source)
{
	struct other o = {.import = import,
			  .source = source,
			  .scope =
			      import_scope(import, SLICE(""), SLICE(""), false),
			  .place = {.file = source->name},
			  .program = is_program(source->text)};

	each_line(&o, read_tests);
	each_line(&o, read_line);
}
