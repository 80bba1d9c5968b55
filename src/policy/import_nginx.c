/*
 * CORS lines of nginx: files, blocks and the conditions of "if".
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/import_nginx.h"

#include "base/text.h"

/* ---- blocks ---- */

/* "location [MODIFIER] PATH": its path for the policy; empty: every path.
 * Absent: no memory. */
static struct slice
location_path(struct nginx *n, struct block *block)
{
	struct slice path = n->words[n->count - 1];
	bool expression =
	    n->count > 2 && n->words[1].len > 0 && n->words[1].ptr[0] == '~';
	struct arena *arena = n->import->arena;

	if (n->count > 2 && nginx_is_word(n, 1, "="))
		return path;
	if (!expression) {
		if (slice_eq(path, SLICE("/")) || path.ptr[0] != '/')
			return SLICE("");
		return slice_from(
		    arena_join(arena, (struct slice[]){path, SLICE("*")}, 2));
	}
	block->unseen = import_is_static_files(path);
	path = slice_after(path, path.len > 0 && path.ptr[0] == '^');
	if (path.len > 0 && path.ptr[0] == '/' &&
	    text_find_any(path, ".*+?()[]{}|\\$^") == path.len)
		return slice_from(
		    arena_join(arena, (struct slice[]){path, SLICE("*")}, 2));
	return SLICE("");
}

/* limit_except GET POST { deny all; } */
static void
read_limit_except(struct nginx *n)
{
	bool options = false;

	for (size_t i = 1; i < n->count; i++)
		options |= nginx_is_word(n, i, "OPTIONS");
	if (!options)
		import_guarded(n->import, n->place, "refuses OPTIONS",
			       "add OPTIONS to it");
}

static bool
has_options(struct slice text)
{
	return text_has_nocase(text, SLICE("options"));
}

/* if ($VARIABLE OPERATOR VALUE): its words, without the parentheses. */
static void
read_if(struct nginx *n, struct block *block)
{
	struct slice *words = n->words + 1;
	size_t count = n->count - 1;

	if (count == 0)
		return;
	if (words[0].len > 0 && words[0].ptr[0] == '(')
		words[0] = slice_after(words[0], 1);
	if (words[0].len == 0 && count > 1) {
		words++;
		count--;
	}
	/* The last ')' closes the condition, or is a word of its own. */
	words[count - 1] = text_chop(words[count - 1], ')');
	if (slice_eq(words[0], SLICE("$request_method"))) {
		bool negated = slice_starts(words[1], SLICE("!"));
		block->preflight =
		    count > 2 && has_options(words[2]) && !negated;
		block->refuses = count > 2 && !has_options(words[2]) && negated;
		return;
	}
	if (!nginx_is_origin(words[0])) {
		block->variable = nginx_variable_name(words[0]);
		/* set $cors "${cors}options": a preflight by another name */
		for (size_t i = 1; i < count; i++)
			block->preflight |= has_options(words[i]);
		return;
	}
	if (count < 3)
		return; /* if ($http_origin): any */
	struct origin_test test = {.text = words[2],
				   .literal =
				       slice_starts(words[1], SLICE("=")) ||
				       slice_starts(words[1], SLICE("!="))};
	if (words[1].len > 0 && words[1].ptr[0] == '!')
		n->refused = test;
	else
		block->test = test;
}

/* The first name of "server_name" in the block that was just opened; the
 * others are its aliases. */
static void
open_server(struct nginx *n, struct block *block)
{
	struct slice word, names;
	size_t depth = 1, end = 0;

	while (end < n->rest.len && depth > 0) {
		depth += n->rest.ptr[end] == '{';
		depth -= n->rest.ptr[end] == '}';
		end++;
	}
	names = slice_of(n->rest.ptr, end);
	names =
	    slice_after(names, text_find_nocase(names, SLICE("server_name ")));
	names = slice_after(names, 12);
	names = slice_of(names.ptr, text_find(names, ';'));
	while (text_word_next(&names, &word)) {
		bool first = block->scope->host.len == 0;
		if (text_find(word, '.') == word.len ||
		    text_find_any(slice_after(word, first ? 0 : 1), "~$*") <
			word.len - (first ? 0 : 1))
			continue;
		word = arena_lower(n->import->arena, word);
		if (first)
			block->scope =
			    import_scope(n->import, SLICE(""), word, false);
		else if (!slice_eq(word, block->scope->host))
			import_word_add(n->import, &block->scope->aliases, word,
					n->place);
	}
}

static void
open_map(struct nginx *n, struct block *block)
{
	struct slice from = nginx_variable_name(n->words[1]);

	if (nginx_is_origin(n->words[1]))
		from = SLICE_NONE;
	else if (!slice_present(from) || !nginx_is_known(n, from))
		return;
	block->kind = BLOCK_MAP;
	block->from = from;
	block->variable = nginx_variable_name(n->words[2]);
}

/* An "if" or "location" with an add_header of its own does not inherit those
 * of the blocks around it. */
static void
check_inherited(struct nginx *n, const struct block *block)
{
	bool above = false;

	for (size_t i = 0; i < n->depth; i++)
		above |= n->blocks[i].origin;
	if (!above || block->origin || !block->headers || nginx_is_unseen(n))
		return;
	if (block->preflight)
		import_say(n->import, SEVERITY_WARNING,
			   (struct import_place){n->place.file, block->line},
			   "acao-missing",
			   "with an add_header of its own this block ignores "
			   "those around it: preflights got a response "
			   "without Access-Control-Allow-Origin");
	else if (block->kind == BLOCK_LOCATION)
		import_say(
		    n->import, SEVERITY_WARNING,
		    (struct import_place){n->place.file, block->line},
		    "acao-missing",
		    "with an add_header of its own this location "
		    "ignores those around it and has no CORS headers; the "
		    "policy has them for it, too");
}

static void
open_block(struct nginx *n)
{
	struct block *above = nginx_block(n);

	if (n->depth + 1 == NESTED_MAX) {
		n->lost++;
		return;
	}
	struct block *block = &n->blocks[++n->depth];
	*block = (struct block){.line = n->place.line,
				.scope = above->scope,
				.test = {.text = SLICE_NONE},
				.variable = SLICE_NONE,
				.from = SLICE_NONE};
	if (nginx_is_word(n, 0, "server")) {
		block->kind = BLOCK_SERVER;
		open_server(n, block);
	} else if (nginx_is_word(n, 0, "location") && n->count > 1) {
		block->kind = BLOCK_LOCATION;
		struct slice path = location_path(n, block);
		if (path.ptr == NULL)
			n->import->no_memory = true;
		else if (path.len > 0)
			block->scope = import_scope(n->import, path,
						    above->scope->host, false);
	} else if (nginx_is_word(n, 0, "if")) {
		block->kind = BLOCK_IF;
		read_if(n, block);
	} else if (nginx_is_word(n, 0, "map") && n->count > 2) {
		open_map(n, block);
	} else if (nginx_is_word(n, 0, "limit_except")) {
		read_limit_except(n);
	}
}

static void
close_block(struct nginx *n)
{
	struct block *block = nginx_block(n);
	bool gone = block->gone && !block->kept && block->kind != BLOCK_OTHER &&
		    block->kind != BLOCK_SERVER &&
		    block->kind != BLOCK_LOCATION;

	if (n->lost > 0) {
		n->lost--;
		return;
	}
	if (n->depth == 0)
		return;
	check_inherited(n, block);
	if (gone) {
		import_replaced(n->source, block->line, block->line);
		import_replaced(n->source, n->place.line, n->line);
	}
	n->depth--;
	nginx_block(n)->gone |= gone;
	nginx_block(n)->kept |= !gone;
}

/* ---- directives ---- */

static void read_file(struct nginx *, struct import_source *);

static void
read_include(struct nginx *n)
{
	struct import_source *source =
	    n->count > 1 && !nginx_is_unseen(n)
		? import_included(n->import, n->place, n->words[1])
		: NULL;

	if (source != NULL && source->from == IMPORT_NGINX && !source->open)
		read_file(n, source);
}

static void
read_return(struct nginx *n)
{
	if (nginx_block(n)->refuses) {
		import_guarded(n->import, n->place, "refuses OPTIONS",
			       "add OPTIONS to the condition");
	} else if (nginx_is_preflight(n)) {
		import_say(n->import, SEVERITY_NOTE, n->place, "preflight",
			   "corswrap responds to preflights");
		nginx_replaced(n);
	}
}

static const struct {
	const char *name;
	void (*read)(struct nginx *);
} known[] = {
    {"add_header", nginx_add_header},
    {"more_set_headers", nginx_more_headers},
    {"more_clear_headers", nginx_hide},
    {"proxy_hide_header", nginx_hide},
    {"fastcgi_hide_header", nginx_hide},
    {"set", nginx_set},
    {"return", read_return},
    {"include", read_include},
};

static void
read_directive(struct nginx *n)
{
	unsigned line = n->place.line;

	if (n->count == 0)
		return;
	if (nginx_block(n)->kind == BLOCK_MAP) {
		nginx_map_line(n);
	} else {
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (nginx_is_word(n, 0, known[i].name)) {
				known[i].read(n);
				break;
			}
	}
	nginx_block(n)->kept |= !n->source->replaced[line];
}

/* A file, or an included file, which is read at the place of its include. */
static void
read_file(struct nginx *n, struct import_source *source)
{
	struct import_source *outer = n->source;
	struct import_place place = n->place;
	unsigned line = n->line;
	struct slice rest = n->rest;
	size_t depth = n->depth;
	char end;

	source->open = true;
	n->source = source;
	n->place.file = source->name;
	n->line = 1;
	n->rest = source->text;
	while ((end = nginx_next(n)) != '\0') {
		if (end == '{')
			open_block(n);
		else if (end == '}')
			close_block(n);
		else
			read_directive(n);
	}
	while (n->depth > depth)
		n->depth--; /* not closed */
	source->open = false;
	n->source = outer;
	n->place = place;
	n->line = line;
	n->rest = rest;
}

void
import_nginx(struct import *import, struct import_source *source)
{
	struct nginx *n = arena_alloc(import->arena, sizeof(*n));

	if (n == NULL) {
		import->no_memory = true;
		return;
	}
	n->import = import;
	n->refused.text = SLICE_NONE;
	n->blocks[0] = (struct block){
	    .scope = import_scope(import, SLICE(""), SLICE(""), false),
	    .test = {.text = SLICE_NONE},
	    .variable = SLICE_NONE,
	    .from = SLICE_NONE};
	read_file(n, source);
}
