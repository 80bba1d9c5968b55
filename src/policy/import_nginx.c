/*
 * CORS lines of nginx: add_header, more_set_headers, "if", "set" and "map".
 *
 * Variables are followed by name, as for Apache: what $http_origin has to be
 * for a variable to get a value is what allows the Origin.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/array.h"
#include "base/text.h"
#include "policy/import_parts.h"

enum { WORDS_MAX = 32, NESTED_MAX = 32 };

/* What an Origin has to be: an expression or a literal; absent: anything. */
struct origin_test {
	struct slice text;
	bool literal;
};

struct variable {
	struct slice name; /* without "$" */
	struct origin_test test;
};

enum block_kind {
	BLOCK_OTHER,
	BLOCK_SERVER,
	BLOCK_LOCATION,
	BLOCK_IF,
	BLOCK_MAP
};

struct block {
	enum block_kind kind;
	unsigned line;
	struct import_scope *scope;
	bool unseen;	/* files that the server sends itself */
	bool preflight; /* if ($request_method = OPTIONS) */
	bool gone;
	bool kept;
	struct origin_test test; /* of "if"; absent: none */
	struct slice variable;	 /* that "if" asks for, or that "map" sets */
};

struct nginx {
	struct import *import;
	struct import_source *source;
	struct import_place place; /* of the directive's first word */
	unsigned line;		   /* where the reader is */
	struct slice rest;
	struct slice words[WORDS_MAX];
	size_t count;
	struct block blocks[NESTED_MAX];
	size_t depth;
	size_t lost; /* blocks that were too deep */
	struct variable *variables;
	size_t variable_count;
	size_t variable_room;
	struct origin_test refused; /* "!~": everything else is turned away */
	bool said_always;
};

/* ---- words ---- */

static void
skip_blanks(struct nginx *n)
{
	while (n->rest.len > 0) {
		char c = n->rest.ptr[0];
		if (c == '#') {
			n->rest =
			    slice_after(n->rest, text_find(n->rest, '\n'));
			continue;
		}
		if (!ascii_is_blank(c) && c != '\r' && c != '\n')
			return;
		n->line += c == '\n';
		n->rest = slice_after(n->rest, 1);
	}
}

static struct slice
quoted_word(struct nginx *n)
{
	char quote = n->rest.ptr[0];
	size_t end = 1;

	while (end < n->rest.len && n->rest.ptr[end] != quote) {
		n->line += n->rest.ptr[end] == '\n';
		end += n->rest.ptr[end] == '\\' ? 2 : 1;
	}
	end = end < n->rest.len ? end : n->rest.len;
	struct slice word = slice_of(n->rest.ptr + 1, end - 1);
	n->rest = slice_after(n->rest, end < n->rest.len ? end + 1 : end);
	return word;
}

/* An expression in "if (...)" may hold blanks only in quotes; '{' and ';' end a
 * word but for "${". */
static struct slice
plain_word(struct nginx *n)
{
	size_t end = 0;

	while (end < n->rest.len) {
		char c = n->rest.ptr[end];
		if (ascii_is_blank(c) || c == '\r' || c == '\n' || c == ';')
			break;
		if (c == '{' && (end == 0 || n->rest.ptr[end - 1] != '$') &&
		    !(end + 1 < n->rest.len &&
		      ascii_is_digit(n->rest.ptr[end + 1])))
			break;
		if (c == '}' && end == 0)
			break;
		end += c == '\\' && end + 1 < n->rest.len ? 2 : 1;
	}
	struct slice word = slice_of(n->rest.ptr, end);
	n->rest = slice_after(n->rest, end);
	return word;
}

/* Read a directive up to its ';', '{' or '}'; the byte that ended it, 0 at the
 * end of the text. */
static char
next_directive(struct nginx *n)
{
	n->count = 0;
	for (;;) {
		skip_blanks(n);
		if (n->rest.len == 0)
			return '\0';
		char c = n->rest.ptr[0];
		if (n->count == 0)
			n->place.line = n->line;
		if (c == ';' || c == '{' || c == '}') {
			n->rest = slice_after(n->rest, 1);
			return c;
		}
		struct slice word =
		    c == '"' || c == '\'' ? quoted_word(n) : plain_word(n);
		if (n->count < WORDS_MAX)
			n->words[n->count++] = word;
	}
}

static bool
is_word(const struct nginx *n, size_t index, const char *text)
{
	return index < n->count && slice_eq(n->words[index], slice_from(text));
}

static struct block *
inner(struct nginx *n)
{
	return &n->blocks[n->depth];
}

static bool
is_unseen(const struct nginx *n)
{
	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].unseen)
			return true;
	return false;
}

static bool
is_preflight(const struct nginx *n)
{
	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].preflight)
			return true;
	return false;
}

static void
replaced(struct nginx *n)
{
	import_replaced(n->source, n->place.line, n->line);
	inner(n)->gone = true;
}

/* ---- variables ---- */

static bool
is_origin(struct slice word)
{
	return slice_eq(word, SLICE("$http_origin")) ||
	       slice_eq(word, SLICE("${http_origin}"));
}

static struct slice
variable_name(struct slice word)
{
	if (word.len == 0 || word.ptr[0] != '$')
		return SLICE_NONE;
	word = slice_after(word, 1);
	if (word.len > 1 && word.ptr[0] == '{')
		word = text_chop(slice_after(word, 1), '}');
	return word;
}

static void
variable_add(struct nginx *n, struct slice name, struct origin_test test)
{
	if (!array_grow_in(n->import->arena, &n->variables, n->variable_count,
			   &n->variable_room, sizeof(*n->variables))) {
		n->import->no_memory = true;
		return;
	}
	n->variables[n->variable_count++] = (struct variable){name, test};
}

static void
allow_test(struct nginx *n, struct origin_test test)
{
	struct import_scope *scope = inner(n)->scope;

	if (!slice_present(test.text))
		import_any_origin(n->import, scope, n->place);
	else if (test.literal)
		import_header(n->import, scope, n->place,
			      SLICE("Access-Control-Allow-Origin"), test.text);
	else
		import_expression(n->import, scope, n->place, test.text);
}

static bool
allow_variable(struct nginx *n, struct slice name)
{
	bool found = false;

	for (size_t i = 0; i < n->variable_count; i++) {
		if (!slice_eq(n->variables[i].name, name))
			continue;
		found = true;
		allow_test(n, n->variables[i].test);
	}
	return found;
}

/* Is the value an origin by itself? */
static bool
is_literal_origin(struct slice value)
{
	return slice_eq(value, SLICE("*")) ||
	       (memmem(value.ptr, value.len, "://", 3) != NULL &&
		text_find(value, '$') == value.len);
}

/* set $NAME VALUE */
static void
read_set(struct nginx *n)
{
	struct slice name =
	    n->count > 2 ? variable_name(n->words[1]) : SLICE_NONE;
	struct slice value = n->count > 2 ? n->words[2] : SLICE("");
	struct slice own = variable_name(value);
	const struct block *block = inner(n);

	if (!slice_present(name) || is_unseen(n))
		return;
	if (is_literal_origin(value))
		variable_add(n, name, (struct origin_test){value, true});
	else if (block->kind == BLOCK_IF && slice_present(block->test.text) &&
		 value.len > 0)
		variable_add(n, name, block->test);
	else if (is_origin(value))
		variable_add(n, name, (struct origin_test){.text = SLICE_NONE});
	else if (memmem(name.ptr, name.len, "cors", 4) == NULL &&
		 !slice_present(own))
		return; /* somebody else's */
	else if (value.len > 0 && block->kind != BLOCK_IF)
		return;
	replaced(n);
}

/* A line of "map $http_origin $NAME { ... }". */
static void
read_map_line(struct nginx *n)
{
	struct slice key = n->words[0], variable = inner(n)->variable;
	struct slice value = n->count > 1 ? n->words[1] : SLICE("");
	struct origin_test test = {.text = SLICE_NONE};

	replaced(n);
	if (n->count < 2 || value.len == 0 || slice_eq(value, SLICE("0")))
		return; /* "hostnames", or what is not allowed */
	if (slice_eq(key, SLICE("default"))) {
		if (!is_origin(value) && !is_literal_origin(value))
			return;
	} else if (slice_starts(key, SLICE("~"))) {
		test.text =
		    slice_after(key, slice_starts(key, SLICE("~*")) ? 2 : 1);
	} else {
		test = (struct origin_test){key, true};
	}
	if (is_literal_origin(value) &&
	    (!slice_eq(value, SLICE("*")) || slice_eq(key, SLICE("default"))))
		test = (struct origin_test){value, true};
	variable_add(n, variable, test);
}

/* ---- headers ---- */

static void
set_origin(struct nginx *n, struct slice value)
{
	const struct block *block = NULL;
	struct slice name = variable_name(value);

	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].kind == BLOCK_IF &&
		    (slice_present(n->blocks[i].test.text) ||
		     slice_present(n->blocks[i].variable)))
			block = &n->blocks[i];
	if (is_origin(value) || slice_eq(value, SLICE("*"))) {
		if (block != NULL && slice_present(block->test.text))
			allow_test(n, block->test);
		else if (block != NULL && allow_variable(n, block->variable))
			return;
		else if (slice_present(n->refused.text))
			allow_test(n, n->refused);
		else if (is_origin(value))
			import_any_origin(n->import, inner(n)->scope, n->place);
		else
			import_header(n->import, inner(n)->scope, n->place,
				      SLICE("Access-Control-Allow-Origin"),
				      value);
	} else if (text_find(value, '$') == value.len) {
		import_header(n->import, inner(n)->scope, n->place,
			      SLICE("Access-Control-Allow-Origin"), value);
	} else if (!slice_present(name) || !allow_variable(n, name)) {
		inner(n)->scope->set = true;
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "not-carried-over",
			   "no line here says what \"%s\" is: write the "
			   "origins that it stands for into the policy",
			   import_quote(n->import, value));
	}
}

static void
read_one_header(struct nginx *n, struct slice name, struct slice value)
{
	if (is_unseen(n)) {
		if (import_is_cors_header(name))
			import_say(n->import, SEVERITY_NOTE, n->place, "stays",
				   "this holds for files that the server sends "
				   "itself; corswrap does not see them: leave "
				   "it there");
		return;
	}
	bool vary = slice_eq_nocase(name, SLICE("Vary")) &&
		    text_starts_nocase(value, SLICE("Origin"));
	bool cors = import_is_cors_header(name);
	if (!cors && !vary && !is_preflight(n))
		return;
	replaced(n);
	if (!cors)
		return;
	if (slice_eq_nocase(name, SLICE("Access-Control-Allow-Origin")))
		set_origin(n, value);
	else
		import_header(n->import, inner(n)->scope, n->place, name,
			      text_find(value, '$') < value.len ? SLICE("*")
								: value);
}

static void
read_add_header(struct nginx *n)
{
	if (n->count < 3)
		return;
	if (import_is_cors_header(n->words[1]) && !is_word(n, 3, "always") &&
	    !n->said_always && !is_unseen(n) && !is_preflight(n)) {
		n->said_always = true;
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "error-without-cors",
			   "without \"always\" nginx left this out of errors, "
			   "which the page could not read; corswrap sends it "
			   "with every status");
	}
	read_one_header(n, n->words[1], n->words[2]);
}

/* more_set_headers "Name: value" ... */
static void
read_more_headers(struct nginx *n)
{
	for (size_t i = 1; i < n->count; i++) {
		struct slice name = n->words[i];
		size_t colon = text_find(name, ':');
		if (colon == name.len)
			continue;
		struct slice value = text_trim(slice_after(name, colon + 1));
		name.len = colon;
		read_one_header(n, name, value);
	}
}

/* ---- blocks ---- */

/* "location [MODIFIER] PATH": its path for the policy. */
static struct slice
location_path(struct nginx *n, struct block *block)
{
	struct slice path = n->words[n->count - 1];
	bool expression =
	    n->count > 2 && n->words[1].len > 0 && n->words[1].ptr[0] == '~';
	struct arena *arena = n->import->arena;

	if (n->count > 2 && is_word(n, 1, "="))
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

static bool
has_options(struct slice text)
{
	return text_find_nocase(text, SLICE("options")) < text.len;
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
		block->preflight = count > 2 && has_options(words[2]) &&
				   !slice_starts(words[1], SLICE("!"));
		return;
	}
	if (!is_origin(words[0])) {
		block->variable = variable_name(words[0]);
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

static void
open_block(struct nginx *n)
{
	struct block *above = inner(n);

	if (n->depth + 1 == NESTED_MAX) {
		n->lost++;
		return;
	}
	struct block *block = &n->blocks[++n->depth];
	*block = (struct block){.line = n->place.line,
				.scope = above->scope,
				.test = {.text = SLICE_NONE},
				.variable = SLICE_NONE};
	if (is_word(n, 0, "server")) {
		block->kind = BLOCK_SERVER;
	} else if (is_word(n, 0, "location") && n->count > 1) {
		block->kind = BLOCK_LOCATION;
		struct slice path = location_path(n, block);
		if (path.ptr == NULL)
			n->import->no_memory = true;
		else if (path.len > 0)
			block->scope = import_scope(n->import, path,
						    above->scope->host, false);
	} else if (is_word(n, 0, "if")) {
		block->kind = BLOCK_IF;
		read_if(n, block);
	} else if (is_word(n, 0, "map") && n->count > 2 &&
		   is_origin(n->words[1])) {
		block->kind = BLOCK_MAP;
		block->variable = variable_name(n->words[2]);
	}
}

static void
close_block(struct nginx *n)
{
	struct block *block = inner(n);
	bool gone = block->gone && !block->kept && block->kind != BLOCK_OTHER &&
		    block->kind != BLOCK_SERVER &&
		    block->kind != BLOCK_LOCATION;

	if (n->lost > 0) {
		n->lost--;
		return;
	}
	if (n->depth == 0)
		return;
	if (gone) {
		import_replaced(n->source, block->line, block->line);
		import_replaced(n->source, n->place.line, n->line);
	}
	n->depth--;
	inner(n)->gone |= gone;
	inner(n)->kept |= !gone;
}

/* ---- directives ---- */

static void
read_directive(struct nginx *n)
{
	if (n->count == 0)
		return;
	if (inner(n)->kind == BLOCK_MAP) {
		read_map_line(n);
	} else if (is_word(n, 0, "add_header")) {
		read_add_header(n);
	} else if (is_word(n, 0, "more_set_headers")) {
		read_more_headers(n);
	} else if (is_word(n, 0, "set")) {
		read_set(n);
	} else if (is_word(n, 0, "return") && is_preflight(n)) {
		import_say(n->import, SEVERITY_NOTE, n->place, "preflight",
			   "corswrap answers preflights itself");
		replaced(n);
	} else if (is_word(n, 0, "server_name") && n->count > 1 &&
		   inner(n)->kind == BLOCK_SERVER &&
		   text_find(n->words[1], '.') < n->words[1].len &&
		   text_find_any(n->words[1], "~$*") == n->words[1].len) {
		inner(n)->scope = import_scope(
		    n->import, SLICE(""),
		    arena_lower(n->import->arena, n->words[1]), false);
	}
	inner(n)->kept |= !n->source->replaced[n->place.line];
}

void
import_nginx(struct import *import, struct import_source *source)
{
	struct nginx *n = arena_alloc(import->arena, sizeof(*n));
	char end;

	if (n == NULL) {
		import->no_memory = true;
		return;
	}
	n->import = import;
	n->source = source;
	n->place.file = source->name;
	n->line = 1;
	n->rest = source->text;
	n->refused.text = SLICE_NONE;
	n->blocks[0] = (struct block){
	    .scope = import_scope(import, SLICE(""), SLICE(""), false),
	    .test = {.text = SLICE_NONE},
	    .variable = SLICE_NONE};
	while ((end = next_directive(n)) != '\0') {
		if (end == '{')
			open_block(n);
		else if (end == '}')
			close_block(n);
		else
			read_directive(n);
	}
}
