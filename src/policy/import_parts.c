/*
 * What the readers of an import collect, and their notes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/import_parts.h"

#include "base/array.h"
#include "base/text.h"

struct import_scope *
import_scope(struct import *import, struct slice path, struct slice host,
	     bool inherits)
{
	static struct import_scope lost;
	struct import_scope *scope;

	for (size_t i = 0; i < import->scope_count; i++) {
		scope = import->scopes[i];
		if (slice_eq(scope->path, path) && slice_eq(scope->host, host))
			return scope;
	}
	scope = arena_alloc(import->arena, sizeof(*scope));
	if (scope == NULL ||
	    !array_grow_in(import->arena, &import->scopes, import->scope_count,
			   &import->scope_room,
			   sizeof(struct import_scope *))) {
		import->no_memory = true;
		lost = (struct import_scope){.inherits = false};
		return &lost;
	}
	scope->path = path;
	scope->host = host;
	scope->inherits = inherits;
	import->scopes[import->scope_count++] = scope;
	return scope;
}

void
import_say(struct import *import, enum severity severity,
	   struct import_place place, const char *id, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(import->notes, severity, place.file,
		     text_place_line(place.line), id, NULL, format, args);
	va_end(args);
}

const char *
import_quote(struct import *import, struct slice text)
{
	enum { SHOWN = 120 };

	return diag_quote(import->notes, text, SHOWN);
}

void
import_replaced(struct import_source *source, unsigned first, unsigned last)
{
	for (unsigned line = first; line <= last && line <= source->lines;
	     line++)
		source->replaced[line] = true;
}

struct slice
import_base_name(struct slice path)
{
	for (size_t at; (at = text_find(path, '/')) < path.len;)
		path = slice_after(path, at + 1);
	return path;
}

struct import_source *
import_included(struct import *import, struct import_place place,
		struct slice name)
{
	struct slice base = import_base_name(name);

	for (size_t i = 0; i < import->source_count; i++) {
		struct import_source *source = &import->sources[i];
		if (base.len > 0 &&
		    slice_eq(import_base_name(slice_from(source->name)), base))
			return source;
	}
	if (text_has_nocase(name, SLICE("cors")) ||
	    text_has_nocase(name, SLICE("header")))
		import_say(import, SEVERITY_WARNING, place, "not-carried-over",
			   "\"%s\" is included, but not read: give that file "
			   "to import as well",
			   import_quote(import, name));
	return NULL;
}

void
import_guarded(struct import *import, struct import_place place,
	       const char *what, const char *fix)
{
	import_say(import, SEVERITY_WARNING, place, "options-guarded",
		   "this %s, so no preflight gets to corswrap: %s", what, fix);
}

void
import_word_add(struct import *import, struct import_words *words,
		struct slice text, struct import_place place)
{
	for (size_t i = 0; i < words->count; i++)
		if (slice_eq_nocase(words->at[i].text, text))
			return;
	if (!array_grow_in(import->arena, &words->at, words->count,
			   &words->room, sizeof(*words->at))) {
		import->no_memory = true;
		return;
	}
	words->at[words->count++] = (struct import_word){
	    .text = arena_slice(import->arena, text), .place = place};
}

void
import_any_origin(struct import *import, struct import_scope *scope,
		  struct import_place place)
{
	import_say(import, SEVERITY_WARNING, place, "origin-reflected",
		   "whatever Origin comes is allowed here; the policy says "
		   "\"origins = *\", which allows the same pages, but never "
		   "with credentials");
	scope->any_origin = true;
	scope->any_place = place;
	scope->set = true;
}

bool
import_is_static_files(struct slice expression)
{
	static const char *const programs[] = {"php", "phtml", "pl",   "cgi",
					       "py",  "rb",    "fcgi", "sh"};

	size_t dot = text_find(expression, '.');
	if (dot == expression.len)
		return false;
	struct slice rest = slice_after(expression, dot + 1);
	while (rest.len > 0) {
		size_t len = text_find_any(rest, "|()$?.\\[]*+\"");
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]);
		     i++)
			if (slice_eq_nocase(slice_of(rest.ptr, len),
					    slice_from(programs[i])))
				return false;
		rest = slice_after(rest, len + 1);
	}
	return true;
}
