/*
 * CORS lines of Apache: .htaccess and httpd.conf, through mod_headers,
 * SetEnvIf, mod_rewrite and <If>.
 *
 * Variables are followed by name: the condition on the Origin that sets a
 * variable is the condition for a header that uses the variable.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/import_apache.h"

#include "base/array.h"
#include "base/text.h"

/* ---- sections ---- */

/* The paths of <Location>: the path itself and paths below it. */
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

static void
read_if(struct apache *a, struct block *block)
{
	struct import_condition *c = arena_alloc(a->import->arena, sizeof(*c));
	struct slice text = a->count > 1 ? a->words[1] : SLICE("");

	if (c == NULL) {
		a->import->no_memory = true;
		return;
	}
	import_condition(text, c);
	block->preflight = c->preflight;
	block->methods = c->method;
	block->options = c->preflight;
	if (c->origin && !c->any)
		block->on = c;
}

/* <Limit METHOD ...>, <LimitExcept METHOD ...> */
static void
read_limit(struct apache *a, struct block *block, bool except)
{
	bool options = false;

	for (size_t i = 1; i < a->count; i++)
		options |= apache_is_word(a, i, "OPTIONS");
	block->methods = true;
	block->options = options != except;
	block->preflight = options && !except && a->count == 2;
}

/* The ServerName within the section that was just opened. */
static struct slice
server_name(const struct apache *a)
{
	struct slice rest = a->rest, line;

	while (rest.len > 0) {
		line = text_trim_http(text_line_next(&rest));
		if (text_starts_nocase(line, SLICE("</VirtualHost")))
			break;
		if (!text_starts_nocase(line, SLICE("ServerName ")))
			continue;
		line = text_trim(slice_after(line, 11));
		return slice_of(line.ptr, text_find_any(line, ": \t"));
	}
	return SLICE("");
}

static void
open_server(struct apache *a, struct block *block)
{
	struct slice host = server_name(a);

	block->server = true;
	if (host.len > 0)
		block->scope =
		    import_scope(a->import, SLICE(""),
				 arena_lower(a->import->arena, host), false);
}

/* ServerAlias NAME ... */
static void
read_aliases(struct apache *a)
{
	if (apache_block(a)->scope->host.len == 0)
		return;
	for (size_t i = 1; i < a->count; i++)
		if (a->words[i].len > 0 &&
		    text_find_any(slice_after(a->words[i], 1), "*?") ==
			a->words[i].len - 1)
			import_word_add(a->import,
					&apache_block(a)->scope->aliases,
					a->words[i], a->place);
}

static void
open_block(struct apache *a)
{
	struct block *above = apache_block(a);
	struct slice argument = a->count > 1 ? a->words[1] : SLICE("");

	if (a->depth + 1 == NESTED_MAX)
		return;
	bool tilde = slice_eq(argument, SLICE("~"));
	if (tilde && a->count > 2)
		argument = a->words[2];
	struct block *block = &a->blocks[++a->depth];
	*block = (struct block){.line = a->place.line, .scope = above->scope};
	if (apache_is_word(a, 0, "<FilesMatch") ||
	    apache_is_word(a, 0, "<Files")) {
		block->unseen = import_is_static_files(argument);
		block->folder = block->file =
		    apache_is_word(a, 0, "<Files") && !tilde &&
		    text_find_any(argument, "*?") == argument.len;
	} else if (apache_is_word(a, 0, "<Directory") ||
		   apache_is_word(a, 0, "<DirectoryMatch")) {
		block->folder = true;
	} else if (apache_is_word(a, 0, "<VirtualHost")) {
		open_server(a, block);
	} else if (apache_is_word(a, 0, "<LocationMatch") ||
		   (apache_is_word(a, 0, "<Location") && tilde)) {
		block->unseen = import_is_static_files(argument);
		if (!block->unseen)
			block->scope = import_scope(
			    a->import, apache_match_path(a, argument),
			    above->scope->host, true);
	} else if (apache_is_word(a, 0, "<Location")) {
		block->scope =
		    import_scope(a->import, location_path(a, argument),
				 above->scope->host, true);
	} else if (apache_is_word(a, 0, "<Limit")) {
		read_limit(a, block, false);
	} else if (apache_is_word(a, 0, "<LimitExcept")) {
		read_limit(a, block, true);
	} else if (apache_is_word(a, 0, "<If") ||
		   apache_is_word(a, 0, "<ElseIf")) {
		read_if(a, block);
	}
}

/* If no line is left in the section, it can be deleted, too. */
static void
close_block(struct apache *a)
{
	struct block *block = apache_block(a);
	bool gone = block->gone && !block->kept;

	if (a->depth == 0)
		return;
	if (gone) {
		import_replaced(a->source, block->line, block->line);
		import_replaced(a->source, a->place.line, a->last_line);
	}
	a->depth--;
	apache_block(a)->gone |= gone;
	apache_block(a)->kept |= !gone;
}

/* ---- lines ---- */

/* Redirect 204, RedirectMatch 204: a response to preflights. */
static void
read_redirect(struct apache *a)
{
	if (apache_is_preflight(a) && a->count > 1 && a->words[1].len == 3 &&
	    a->words[1].ptr[0] == '2')
		apache_preflight(a, a->place.line);
}

static void
read_return(struct apache *a)
{
	if (!apache_is_preflight(a))
		return;
	import_say(a->import, SEVERITY_WARNING, a->place, "syntax",
		   "Apache has no \"%s\": with this line it does not start; "
		   "corswrap responds to preflights",
		   import_quote(a->import, a->words[0]));
	apache_replaced(a, a->place.line);
}

/* Does a Require here apply to OPTIONS?  If a section limits it to other
 * methods, preflights pass. */
static bool
holds_for_options(const struct apache *a)
{
	for (size_t i = 0; i <= a->depth; i++)
		if (a->blocks[i].methods && !a->blocks[i].options)
			return false;
	return !apache_is_unseen(a);
}

static void
read_require(struct apache *a)
{
	static const char *const people[] = {"valid-user", "user", "group",
					     "ldap-user",  "expr", "claim"};

	if (apache_is_word(a, 1, "method")) {
		for (size_t i = 2; i < a->count; i++)
			a->options_exempt |= apache_is_word(a, i, "OPTIONS");
		return;
	}
	if (!holds_for_options(a))
		return;
	if (apache_is_word(a, 1, "all") && apache_is_word(a, 2, "denied")) {
		if (apache_block(a)->methods && !apache_block(a)->preflight)
			import_guarded(a->import, a->place, "refuses OPTIONS",
				       "add OPTIONS to the methods that "
				       "are not refused");
		return;
	}
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		if (apache_is_word(a, 1, people[i]) && a->guard_line == 0)
			a->guard_line = a->place.line;
}

/* Order, Deny from all */
static void
read_deny(struct apache *a)
{
	if (apache_is_word(a, 1, "from") && apache_is_word(a, 2, "all") &&
	    apache_block(a)->methods && holds_for_options(a))
		import_guarded(a->import, a->place, "refuses OPTIONS",
			       "add OPTIONS to the methods that are not "
			       "refused");
}

static void read_file(struct apache *, struct import_source *);

static void
read_include(struct apache *a)
{
	struct import_source *source =
	    a->count > 1 && !apache_is_unseen(a)
		? import_included(a->import, a->place, a->words[1])
		: NULL;

	if (source != NULL && source->from == IMPORT_APACHE && !source->open)
		read_file(a, source);
}

static const struct {
	const char *name;
	void (*read)(struct apache *);
} known[] = {
    {"Header", apache_header},
    {"SetEnvIf", apache_setenvif},
    {"SetEnvIfNoCase", apache_setenvif},
    {"SetEnv", apache_setenv},
    {"Define", apache_define},
    {"RewriteCond", apache_rewritecond},
    {"RewriteRule", apache_rewriterule},
    {"ServerAlias", read_aliases},
    {"Redirect", read_redirect},
    {"RedirectMatch", read_redirect},
    {"Return", read_return},
    {"SetStatus", read_return},
    {"Require", read_require},
    {"Deny", read_deny},
    {"Include", read_include},
    {"IncludeOptional", read_include},
};

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
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (apache_is_word(a, 0, known[i].name)) {
			known[i].read(a);
			break;
		}
	/* Whether it stays depends on the RewriteRule after it. */
	if (!apache_is_word(a, 0, "RewriteCond"))
		apache_block(a)->kept |= !a->source->replaced[a->place.line];
}

/* The next line with its continuation lines; false: there are no more. */
static bool
next_line(struct apache *a, struct slice *line)
{
	struct slice part;
	bool more = true;

	if (a->rest.len == 0)
		return false;
	a->place.line = a->last_line + 1;
	*line = SLICE("");
	while (more && a->rest.len > 0) {
		part = text_line_next(&a->rest);
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

/* A file, or an included file, which is read at the place of its include. */
static void
read_file(struct apache *a, struct import_source *source)
{
	struct import_source *outer = a->source;
	struct import_place place = a->place;
	unsigned last_line = a->last_line;
	struct slice rest = a->rest, line;
	size_t depth = a->depth;

	source->open = true;
	a->source = source;
	a->place.file = source->name;
	a->last_line = 0;
	a->rest = source->text;
	while (next_line(a, &line)) {
		line = text_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		apache_split(a, line);
		if (a->count > 0 && a->words[0].len > 0)
			read_directive(a);
	}
	while (a->depth > depth)
		a->depth--; /* not closed */
	source->open = false;
	a->source = outer;
	a->place = place;
	a->last_line = last_line;
	a->rest = rest;
}

void
import_apache(struct import *import, struct import_source *source)
{
	struct apache *a = arena_alloc(import->arena, sizeof(*a));

	if (a == NULL) {
		import->no_memory = true;
		return;
	}
	a->import = import;
	a->refused = SLICE_NONE;
	a->blocks[0] = (struct block){
	    .scope = import_scope(import, SLICE(""), SLICE(""), false)};
	read_file(a, source);
	if (a->guard_line != 0 && !a->options_exempt && a->set_here)
		import_guarded(
		    import, (struct import_place){source->name, a->guard_line},
		    "requires a password of preflights, which "
		    "browsers never send with them",
		    "put it into <LimitExcept OPTIONS>");
}
