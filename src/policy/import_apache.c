/*
 * CORS lines of Apache: .htaccess and httpd.conf, through mod_headers,
 * SetEnvIf, mod_rewrite and <If>.
 *
 * Variables are followed by name: what an Origin has to match for a variable to
 * be set is what it has to match for a header that asks for the variable.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/array.h"
#include "base/text.h"
#include "policy/import_parts.h"

enum { WORDS_MAX = 64, NESTED_MAX = 32 };

/* A variable that is set where Origin matches. */
struct variable {
	struct slice name;
	struct slice expression;
};

/* An open section: "<Files ...>". */
struct block {
	unsigned line;
	struct import_scope *scope;
	bool unseen;	 /* of files that the server sends itself */
	bool preflight;	 /* holds for OPTIONS alone */
	bool gone;	 /* something in it was replaced */
	bool kept;	 /* something in it was not */
	struct slice on; /* absent, or the Origin has to match it */
	bool literal;	 /* `on` is an origin, no expression */
};

struct apache {
	struct import *import;
	struct import_source *source;
	struct import_place place;
	unsigned last_line; /* of the directive */
	struct slice words[WORDS_MAX];
	size_t count;
	struct block blocks[NESTED_MAX];
	size_t depth; /* blocks[depth] is the innermost; [0] is the file */
	struct variable *variables;
	size_t variable_count;
	size_t variable_room;
	/* of the RewriteCond lines above */
	struct slice condition; /* on Origin; absent: none */
	bool options;		/* on the method OPTIONS */
	unsigned condition_line;
	/* the last Access-Control-Allow-Origin without a condition */
	const struct import_scope *origin_scope;
	unsigned origin_line;
	bool origin_always;
};

/* ---- words ---- */

/* "a b" and 'a b' are one word; in it \" is a quote. */
static struct slice
quoted_word(struct apache *a, struct slice *rest)
{
	char quote = rest->ptr[0];
	size_t end = 1, len = 0;
	char *copy;

	while (end < rest->len && rest->ptr[end] != quote)
		end += rest->ptr[end] == '\\' && end + 1 < rest->len ? 2 : 1;
	end = end < rest->len ? end : rest->len;
	copy = arena_alloc(a->import->arena, end + 1);
	if (copy == NULL) {
		a->import->no_memory = true;
		*rest = slice_after(*rest, rest->len);
		return SLICE("");
	}
	for (size_t i = 1; i < end; i++) {
		if (rest->ptr[i] == '\\' && i + 1 < end &&
		    rest->ptr[i + 1] == quote)
			i++;
		copy[len++] = rest->ptr[i];
	}
	*rest = slice_after(*rest, end < rest->len ? end + 1 : end);
	return slice_of(copy, len);
}

static void
split_words(struct apache *a, struct slice line)
{
	a->count = 0;
	line = text_trim_http(line);
	while (line.len > 0 && a->count < WORDS_MAX) {
		if (line.ptr[0] == '"' || line.ptr[0] == '\'') {
			a->words[a->count++] = quoted_word(a, &line);
		} else {
			size_t len = text_find_any(line, " \t");
			a->words[a->count++] = slice_of(line.ptr, len);
			line = slice_after(line, len);
		}
		line = text_trim(line);
	}
}

static bool
is_word(const struct apache *a, size_t index, const char *text)
{
	return index < a->count &&
	       slice_eq_nocase(a->words[index], slice_from(text));
}

/* ---- what becomes of a line ---- */

static struct block *
inner(struct apache *a)
{
	return &a->blocks[a->depth];
}

static struct import_scope *
scope_of(struct apache *a)
{
	return inner(a)->scope;
}

static bool
is_unseen(const struct apache *a)
{
	for (size_t i = 0; i <= a->depth; i++)
		if (a->blocks[i].unseen)
			return true;
	return false;
}

/* The Origin that the sections around ask for, or NULL. */
static const struct block *
origin_block(const struct apache *a)
{
	for (size_t i = a->depth + 1; i > 0; i--)
		if (slice_present(a->blocks[i - 1].on))
			return &a->blocks[i - 1];
	return NULL;
}

static void
replaced(struct apache *a, unsigned first)
{
	import_replaced(a->source, first, a->last_line);
	inner(a)->gone = true;
}

/* ---- variables ---- */

static void
variable_add(struct apache *a, struct slice name, struct slice expression)
{
	if (!array_grow_in(a->import->arena, &a->variables, a->variable_count,
			   &a->variable_room, sizeof(*a->variables))) {
		a->import->no_memory = true;
		return;
	}
	a->variables[a->variable_count++] = (struct variable){name, expression};
}

/* Allow what the variable stands for.  False: no line sets it. */
static bool
allow_variable(struct apache *a, struct slice name)
{
	bool found = false;

	for (size_t i = 0; i < a->variable_count; i++) {
		if (!slice_eq(a->variables[i].name, name))
			continue;
		found = true;
		import_expression(a->import, scope_of(a), a->place,
				  a->variables[i].expression);
	}
	return found;
}

/* SetEnvIf Origin EXPRESSION NAME[=VALUE] ... */
static void
read_setenvif(struct apache *a)
{
	if (!is_word(a, 1, "Origin") || a->count < 4 || is_unseen(a))
		return;
	for (size_t i = 3; i < a->count; i++) {
		struct slice name = a->words[i];
		name.len = text_find(name, '=');
		if (name.len > 0 && name.ptr[0] != '!')
			variable_add(a, name, a->words[2]);
	}
	replaced(a, a->place.line);
}

/* RewriteCond TEST EXPRESSION [FLAGS] */
static void
read_rewritecond(struct apache *a)
{
	if (a->count < 3)
		return;
	struct slice test = a->words[1], pattern = a->words[2];
	if (a->condition_line == 0)
		a->condition_line = a->place.line;
	if (slice_eq_nocase(test, SLICE("%{HTTP:Origin}")) ||
	    slice_eq_nocase(test, SLICE("%{HTTP_ORIGIN}")))
		a->condition = pattern;
	else if (slice_eq_nocase(test, SLICE("%{REQUEST_METHOD}")))
		a->options =
		    memmem(pattern.ptr, pattern.len, "OPTIONS", 7) != NULL &&
		    pattern.ptr[0] != '!';
}

/* "E=NAME:VALUE" among the flags. */
static void
read_rewrite_variables(struct apache *a, struct slice flags)
{
	struct slice flag, rest = flags;

	while (text_element_next(&rest, &flag)) {
		if (!text_starts_nocase(flag, SLICE("E=")) &&
		    !text_starts_nocase(flag, SLICE("env=")))
			continue;
		flag = slice_after(flag, text_find(flag, '=') + 1);
		flag.len = text_find(flag, ':');
		variable_add(a, flag, a->condition);
	}
}

static void
read_rewriterule(struct apache *a)
{
	struct slice flags = a->count > 3 ? a->words[3] : SLICE("");
	bool done = memmem(flags.ptr, flags.len, "R=20", 4) != NULL;
	unsigned first =
	    a->condition_line != 0 ? a->condition_line : a->place.line;

	flags = slice_after(flags, flags.len > 0 && flags.ptr[0] == '[');
	flags = text_chop(flags, ']');
	if (is_unseen(a)) {
		/* stays */
	} else if (slice_present(a->condition)) {
		read_rewrite_variables(a, flags);
		replaced(a, first);
	} else if (a->options && done) {
		import_say(a->import, SEVERITY_NOTE, a->place, "preflight",
			   "corswrap answers preflights itself");
		replaced(a, first);
	}
	a->condition = SLICE_NONE;
	a->options = false;
	a->condition_line = 0;
}

/* ---- Header ---- */

struct header {
	bool always;
	struct slice action;
	struct slice name;
	struct slice value;
	struct slice on; /* the variable of env=, or absent */
};

/* False: not one that sets a header. */
static bool
parse_header(const struct apache *a, struct header *h)
{
	size_t at = 1;

	*h = (struct header){.on = SLICE_NONE};
	h->always = is_word(a, 1, "always");
	at += h->always || is_word(a, 1, "onsuccess");
	if (at + 1 >= a->count)
		return false;
	h->action = a->words[at];
	h->name = text_chop(a->words[at + 1], ':');
	h->value = at + 2 < a->count ? a->words[at + 2] : SLICE("");
	if (at + 3 < a->count && slice_starts(a->words[at + 3], SLICE("env=")))
		h->on = slice_after(a->words[at + 3], 4);
	return true;
}

/* The NAME in "%{NAME}e"; absent: the value is none. */
static struct slice
variable_in(struct slice value)
{
	if (!slice_starts(value, SLICE("%{")) || !text_ends(value, SLICE("}e")))
		return SLICE_NONE;
	return slice_of(value.ptr + 2, value.len - 4);
}

/* Does it repeat what the request has: %{Origin}i, expr=%{HTTP:...}? */
static bool
is_repeated(struct slice value)
{
	return slice_starts(value, SLICE("expr=")) ||
	       (slice_starts(value, SLICE("%{")) &&
		text_ends(value, SLICE("}i")));
}

static void
allow_block(struct apache *a, const struct block *block)
{
	if (block->on.len == 0)
		return; /* a list, which was read where it stands */
	if (block->literal)
		import_origin(a->import, scope_of(a), a->place, block->on);
	else
		import_expression(a->import, scope_of(a), a->place, block->on);
}

static void
origin_from_variable(struct apache *a, struct slice name)
{
	const struct block *block = origin_block(a);

	if (allow_variable(a, name))
		return;
	if (block != NULL)
		allow_block(a, block);
	else if (slice_eq_nocase(name, SLICE("HTTP_ORIGIN")) ||
		 slice_eq_nocase(name, SLICE("ORIGIN")))
		import_any_origin(a->import, scope_of(a), a->place);
	else
		import_say(
		    a->import, SEVERITY_WARNING, a->place, "not-carried-over",
		    "no line here sets \"%s\": write the origins that it "
		    "stands for into the policy",
		    import_quote(a->import, name));
	scope_of(a)->set = true;
}

/* Two lines that both set it, or take its place. */
static void
check_origin_twice(struct apache *a, const struct header *h)
{
	bool adds = slice_eq_nocase(h->action, SLICE("add")) ||
		    slice_eq_nocase(h->action, SLICE("append")) ||
		    slice_eq_nocase(h->action, SLICE("merge"));

	if (slice_present(h->on) || origin_block(a) != NULL)
		return;
	if (a->origin_scope == scope_of(a) &&
	    (adds || h->always != a->origin_always))
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "duplicate-header",
			   "with line %u this made two "
			   "Access-Control-Allow-Origin, which browsers refuse",
			   a->origin_line);
	a->origin_scope = scope_of(a);
	a->origin_line = a->place.line;
	a->origin_always = h->always;
}

static void
set_origin(struct apache *a, const struct header *h)
{
	const struct block *block = origin_block(a);
	struct slice variable = variable_in(h->value);
	bool star = slice_eq(h->value, SLICE("*"));

	check_origin_twice(a, h);
	if (slice_present(variable))
		origin_from_variable(a, variable);
	else if ((star || is_repeated(h->value)) && block != NULL)
		allow_block(a, block);
	else if ((star || is_repeated(h->value)) && slice_present(h->on) &&
		 allow_variable(a, h->on))
		return;
	else if (is_repeated(h->value))
		import_any_origin(a->import, scope_of(a), a->place);
	else
		import_header(a->import, scope_of(a), a->place, h->name,
			      h->value);
}

static bool
is_setting(struct slice action)
{
	static const char *const actions[] = {"set", "add", "append", "merge",
					      "setifempty"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (slice_eq_nocase(action, slice_from(actions[i])))
			return true;
	return false;
}

/* "Header merge Vary Origin": corswrap sends it. */
static bool
is_vary(const struct header *h)
{
	return slice_eq_nocase(h->name, SLICE("Vary")) &&
	       text_starts_nocase(h->value, SLICE("Origin"));
}

static void
read_header(struct apache *a)
{
	struct header h;

	if (!parse_header(a, &h))
		return;
	bool cors = import_is_cors_header(h.name);
	if (cors && is_unseen(a)) {
		import_say(a->import, SEVERITY_NOTE, a->place, "stays",
			   "this holds for files that the server sends itself; "
			   "corswrap does not see them: leave it there");
		return;
	}
	if (!cors && (!is_vary(&h) || is_unseen(a)))
		return;
	replaced(a, a->place.line);
	if (!cors || !is_setting(h.action))
		return; /* unset, edit: ours replace the program's anyway */
	if (slice_eq_nocase(h.name, SLICE("Access-Control-Allow-Origin")))
		set_origin(a, &h);
	else if (is_repeated(h.value) || slice_present(variable_in(h.value)))
		import_header(a->import, scope_of(a), a->place, h.name,
			      SLICE("*"));
	else
		import_header(a->import, scope_of(a), a->place, h.name,
			      h.value);
}

/* ---- sections ---- */

/* The paths of <Location>: the path itself and what is below it. */
static struct slice
location_path(struct apache *a, struct slice text)
{
	struct slice path = text_chop(text, '/');
	const char *both;

	if (path.len == 0)
		return SLICE("");
	both = arena_join(a->import->arena,
			  (struct slice[]){path, SLICE(" "), path, SLICE("/*")},
			  4);
	if (both == NULL)
		a->import->no_memory = true;
	return slice_from(both);
}

/* "^/api/" is a path and what is below it; anything else is said. */
static struct slice
match_path(struct apache *a, struct slice expression)
{
	struct slice rest = expression;
	const char *path;

	rest = slice_after(rest, rest.len > 0 && rest.ptr[0] == '^');
	if (rest.len > 0 && rest.ptr[0] == '/' &&
	    text_find_any(rest, ".*+?()[]{}|\\$^") == rest.len) {
		path = arena_join(a->import->arena,
				  (struct slice[]){rest, SLICE("*")}, 2);
		if (path != NULL)
			return slice_from(path);
	}
	import_say(a->import, SEVERITY_WARNING, a->place, "not-carried-over",
		   "an expression on paths: the policy holds for every path "
		   "until you write \"path\"");
	return SLICE("");
}

/* The part of a condition between quotes, slashes or "m#...#". */
static struct slice
condition_text(struct slice text)
{
	char end;

	text = text_trim(text);
	if (text.len > 1 && text.ptr[0] == 'm')
		text = slice_after(text, 1);
	if (text.len < 2)
		return SLICE("");
	end = text.ptr[0];
	text = slice_after(text, 1);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\\')
			i++;
		else if (text.ptr[i] == end)
			return slice_of(text.ptr, i);
	}
	return text;
}

/* <If "%{HTTP:Origin} == 'https://...'">, =~ m#...#, in { '...', '...' } */
static void
read_if(struct apache *a, struct block *block)
{
	struct slice text = a->count > 1 ? a->words[1] : SLICE("");
	const char *at;

	if (memmem(text.ptr, text.len, "REQUEST_METHOD", 14) != NULL) {
		block->preflight =
		    memmem(text.ptr, text.len, "OPTIONS", 7) != NULL;
		return;
	}
	if (memmem(text.ptr, text.len, "rigin", 5) == NULL &&
	    memmem(text.ptr, text.len, "ORIGIN", 6) == NULL)
		return;
	if ((at = memmem(text.ptr, text.len, "=~", 2)) != NULL ||
	    (at = memmem(text.ptr, text.len, "==", 2)) != NULL) {
		block->literal = at[1] == '=';
		block->on = condition_text(
		    slice_after(text, (size_t)(at - text.ptr) + 2));
	} else if ((at = memmem(text.ptr, text.len, "{", 1)) != NULL &&
		   (at = memmem(at + 1, text.len - (size_t)(at + 1 - text.ptr),
				"{", 1)) != NULL) {
		struct slice list =
		    slice_after(text, (size_t)(at - text.ptr) + 1);
		struct slice item,
		    rest = slice_of(list.ptr, text_find(list, '}'));
		while (text_element_next(&rest, &item))
			import_origin(a->import, scope_of(a), a->place,
				      condition_text(item));
		block->on = SLICE("");
		block->literal = true;
	}
}

static void
open_block(struct apache *a)
{
	struct block *above = inner(a);
	struct slice argument = a->count > 1 ? a->words[1] : SLICE("");

	if (a->depth + 1 == NESTED_MAX)
		return;
	bool tilde = slice_eq(argument, SLICE("~"));
	if (tilde && a->count > 2)
		argument = a->words[2];
	struct block *block = &a->blocks[++a->depth];
	*block = (struct block){
	    .line = a->place.line, .scope = above->scope, .on = SLICE_NONE};
	if (is_word(a, 0, "<FilesMatch") || is_word(a, 0, "<Files")) {
		block->unseen = import_is_static_files(argument);
	} else if (is_word(a, 0, "<LocationMatch") ||
		   (is_word(a, 0, "<Location") && tilde)) {
		block->unseen = import_is_static_files(argument);
		if (!block->unseen)
			block->scope =
			    import_scope(a->import, match_path(a, argument),
					 above->scope->host, true);
	} else if (is_word(a, 0, "<Location")) {
		block->scope =
		    import_scope(a->import, location_path(a, argument),
				 above->scope->host, true);
	} else if (is_word(a, 0, "<Limit")) {
		block->preflight = is_word(a, 1, "OPTIONS");
	} else if (is_word(a, 0, "<If") || is_word(a, 0, "<ElseIf")) {
		read_if(a, block);
	}
}

/* Nothing is left in it: it goes with its lines. */
static void
close_block(struct apache *a)
{
	struct block *block = inner(a);
	bool gone = block->gone && !block->kept;

	if (a->depth == 0)
		return;
	if (gone) {
		import_replaced(a->source, block->line, block->line);
		import_replaced(a->source, a->place.line, a->last_line);
	}
	a->depth--;
	inner(a)->gone |= gone;
	inner(a)->kept |= !gone;
}

/* ---- lines ---- */

static void
read_directive(struct apache *a)
{
	if (a->words[0].ptr[0] == '<') {
		a->words[a->count - 1] = text_chop(a->words[a->count - 1], '>');
		if (slice_starts(a->words[0], SLICE("</")))
			close_block(a);
		else
			open_block(a);
		return;
	}
	if (is_word(a, 0, "ServerName") && a->count > 1 && a->depth > 0 &&
	    scope_of(a)->path.len == 0) {
		struct slice host = a->words[1];
		host.len = text_find(host, ':');
		inner(a)->scope =
		    import_scope(a->import, SLICE(""),
				 arena_lower(a->import->arena, host), false);
	} else if (is_word(a, 0, "Header")) {
		read_header(a);
	} else if (is_word(a, 0, "SetEnvIf") ||
		   is_word(a, 0, "SetEnvIfNoCase")) {
		read_setenvif(a);
	} else if (is_word(a, 0, "RewriteCond")) {
		read_rewritecond(a);
		return; /* its rule decides */
	} else if (is_word(a, 0, "RewriteRule")) {
		read_rewriterule(a);
	}
	inner(a)->kept |= !a->source->replaced[a->place.line];
}

/* The next line and those that continue it; false: none is left. */
static bool
next_line(struct apache *a, struct slice *rest, struct slice *line)
{
	struct slice part;
	bool more = true;

	if (rest->len == 0)
		return false;
	a->place.line = a->last_line + 1;
	*line = SLICE("");
	while (more && rest->len > 0) {
		size_t len = text_find(*rest, '\n');
		part = text_chop(slice_of(rest->ptr, len), '\r');
		*rest = slice_after(*rest, len < rest->len ? len + 1 : len);
		a->last_line++;
		more = part.len > 0 && part.ptr[part.len - 1] == '\\';
		part.len -= more;
		if (line->len == 0) {
			*line = part;
			continue;
		}
		const char *joined = arena_join(
		    a->import->arena, (struct slice[]){*line, part}, 2);
		if (joined == NULL)
			a->import->no_memory = true;
		else
			*line = slice_of(joined, line->len + part.len);
	}
	return true;
}

void
import_apache(struct import *import, struct import_source *source)
{
	struct apache *a = arena_alloc(import->arena, sizeof(*a));
	struct slice rest = source->text, line;

	if (a == NULL) {
		import->no_memory = true;
		return;
	}
	a->import = import;
	a->source = source;
	a->place.file = source->name;
	a->condition = SLICE_NONE;
	a->blocks[0] = (struct block){
	    .scope = import_scope(import, SLICE(""), SLICE(""), false),
	    .on = SLICE_NONE};
	while (next_line(a, &rest, &line)) {
		line = text_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		split_words(a, line);
		if (a->count > 0 && a->words[0].len > 0)
			read_directive(a);
	}
}
