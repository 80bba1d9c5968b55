/*
 * Writes what an import collected as sections of a policy.
 *
 * Every word is first tried on a line of its own, so that the loader itself
 * finds those that are invalid in a policy; they become comments.  So lint
 * reports nothing about the written policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/memory_stream.h"
#include "base/text.h"
#include "policy/import_parts.h"
#include "policy/settings.h"

/* ---- the items ---- */

/* A line of the policy that is tried by itself. */
struct item {
	const char *section; /* its head, before its first item; or NULL */
	const char *key;     /* NULL: the section's head alone */
	struct slice text;
	struct import_place place; /* line 0: nowhere */
	const char *fault;	   /* why it is a comment; NULL: it is not */
	bool covered;		   /* covered by another: it is left out */
	bool joins;		   /* on one line with its neighbours */
	const char *behind;	   /* a comment after it, or NULL */
};

struct writer {
	struct import *import;
	struct item *items;
	size_t count;
	size_t room;
};

/* A line feed would begin another line of the policy, and ";" a comment. */
static bool
has_control(struct slice text)
{
	char before = ' ';

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == ';' && ascii_is_blank(before))
			return true;
		before = text.ptr[i];
	}
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == '\x7f')
			return true;
	return false;
}

static void
say_control(struct writer *w, struct import_place place)
{
	import_say(
	    w->import, SEVERITY_WARNING, place, "not-carried-over",
	    "left out of the policy: a value with a control byte, or with "
	    "a \";\" that begins a comment");
}

static struct item *
item_add(struct writer *w, struct item item)
{
	if (has_control(item.text)) {
		say_control(w, item.place);
		return NULL;
	}
	if (!array_grow_in(w->import->arena, &w->items, w->count, &w->room,
			   sizeof(item))) {
		w->import->no_memory = true;
		return NULL;
	}
	w->items[w->count] = item;
	return &w->items[w->count++];
}

static void
add_words(struct writer *w, const char *key, const struct import_words *words,
	  bool joins)
{
	for (size_t i = 0; i < words->count; i++)
		item_add(w, (struct item){.key = key,
					  .text = words->at[i].text,
					  .place = words->at[i].place,
					  .joins = joins});
}

static void
add_value(struct writer *w, const char *key, struct slice text,
	  struct import_place place)
{
	item_add(w, (struct item){.key = key, .text = text, .place = place});
}

static bool
has_word(const struct import_words *words, struct slice text)
{
	for (size_t i = 0; i < words->count; i++)
		if (slice_eq_nocase(words->at[i].text, text))
			return true;
	return false;
}

/* The comment keeps lint from warning about expressions, which the
 * configuration had, too. */
static void
add_expressions(struct writer *w, const struct import_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		item_add(w, (struct item){
				.key = "origins-regex",
				.text = words->at[i].text,
				.place = words->at[i].place,
				.behind = " ; corscheck: ignore regex-origin"});
}

static void
add_origins(struct writer *w, const struct import_scope *scope)
{
	if (scope->any_origin) {
		add_value(w, "origins", SLICE("*"), scope->any_place);
		return;
	}
	size_t before = w->count;
	add_words(w, "origins", &scope->origins, false);
	add_expressions(w, &scope->expressions);
	if (w->count == before)
		add_value(w, "origins", SLICE("none"),
			  (struct import_place){NULL, 0});
}

/* "*" does not cover authorization (Fetch, CORS non-wildcard request-header
 * name); a server that repeats the requested names allows it, too. */
static void
add_headers(struct writer *w, const struct import_scope *scope)
{
	static const struct import_words none;
	const struct import_word *star = NULL;

	for (size_t i = 0; i < scope->headers.count; i++)
		if (slice_eq(scope->headers.at[i].text, SLICE("*")))
			star = &scope->headers.at[i];
	if (star == NULL) {
		add_words(w, "headers", &scope->headers, true);
		return;
	}
	add_value(w, "headers", SLICE("*"), star->place);
	add_words(
	    w, "headers",
	    has_word(&scope->headers, SLICE("authorization"))
		? &(const struct import_words){.at =
						   &(struct import_word){
						       .text = SLICE(
							   "Authorization"),
						       .place = star->place},
					       .count = 1}
		: &none,
	    true);
}

static void
add_credentials(struct writer *w, const struct import_scope *scope)
{
	if (!scope->credentials)
		return;
	if (!scope->any_origin) {
		add_value(w, "credentials", SLICE("yes"),
			  scope->credentials_place);
		return;
	}
	import_say(w->import, SEVERITY_WARNING, scope->credentials_place,
		   "wildcard-with-credentials",
		   "credentials for every origin: browsers refuse that with "
		   "\"*\", and where the Origin is repeated any page may act "
		   "for the visitor; the policy leaves credentials out: name "
		   "the origins that need them and set \"credentials = yes\"");
}

/* In a section that inherits nothing from [cors] the keys that are not set
 * have to be set empty. */
static void
add_empty(struct writer *w, const struct import_scope *scope)
{
	const struct import_place nowhere = {NULL, 0};

	if (!scope->credentials)
		add_value(w, "credentials", SLICE("no"), nowhere);
	if (scope->methods.count == 0)
		add_value(w, "methods", SLICE(""), nowhere);
	if (scope->headers.count == 0)
		add_value(w, "headers", SLICE(""), nowhere);
	if (scope->expose.count == 0)
		add_value(w, "expose", SLICE(""), nowhere);
}

enum { NAME_MAX_BYTES = 24 }; /* of a path or host */

static const char *
join_head(struct import *import, struct slice name)
{
	return arena_join(import->arena,
			  (struct slice[]){SLICE("[cors "), name, SLICE("]")},
			  3);
}

static bool
has_section(const struct writer *w, const char *head)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].key == NULL && w->items[i].section != NULL &&
		    strcmp(w->items[i].section, head) == 0)
			return true;
	return false;
}

/* "[cors NAME]", made of the path or the host; a number makes it unique.  NULL:
 * no memory. */
static const char *
section_head(struct writer *w, const struct import_scope *scope, size_t number)
{
	struct import *import = w->import;
	char name[NAME_MAX_BYTES + 1 + TEXT_DECIMAL_MAX];
	size_t len = 0;
	struct slice from = scope->path.len > 0 ? scope->path : scope->host;

	if (from.len == 0)
		return "[cors]";
	for (size_t i = 0;
	     i < from.len && from.ptr[i] != ' ' && len < NAME_MAX_BYTES; i++) {
		char c = from.ptr[i];
		bool good = ascii_is_alpha(c) || ascii_is_digit(c) ||
			    (c == '.' && len > 0);
		if (good)
			name[len++] = c;
		else if (len > 0 && name[len - 1] != '-')
			name[len++] = '-';
	}
	while (len > 0 && strchr("-.", name[len - 1]) != NULL)
		len--;
	if (len == 0)
		name[len++] = 's';
	const char *head = join_head(import, slice_of(name, len));
	for (; head != NULL && has_section(w, head); number++) {
		size_t end = len;

		name[end++] = '-';
		end += text_put_decimal(name + end, number);
		head = join_head(import, slice_of(name, end));
	}
	import->no_memory |= head == NULL;
	return head;
}

/* The host and its other names; a section of a path takes them from its
 * server's section. */
static void
add_host(struct writer *w, const struct import_scope *scope)
{
	const struct import_place nowhere = {NULL, 0};

	if (scope->host.len == 0)
		return;
	item_add(w, (struct item){.key = "host",
				  .text = scope->host,
				  .place = nowhere,
				  .joins = true});
	for (size_t i = 0; i < w->import->scope_count; i++) {
		const struct import_scope *server = w->import->scopes[i];
		if (server->path.len == 0 &&
		    slice_eq(server->host, scope->host))
			add_words(w, "host", &server->aliases, true);
	}
}

static void
add_section(struct writer *w, const struct import_scope *scope, size_t number,
	    bool below)
{
	const struct import_place nowhere = {NULL, 0};

	item_add(w, (struct item){.section = section_head(w, scope, number)});
	add_host(w, scope);
	if (scope->path.len > 0)
		add_value(w, "path", scope->path, nowhere);
	add_origins(w, scope);
	add_credentials(w, scope);
	add_words(w, "methods", &scope->methods, true);
	add_headers(w, scope);
	add_words(w, "expose", &scope->expose, true);
	add_words(w, "timing", &scope->timing, true);
	if (slice_present(scope->max_age.text))
		add_value(w, "max-age", scope->max_age.text,
			  scope->max_age.place);
	if (slice_present(scope->resource_policy.text))
		add_value(w, "resource-policy", scope->resource_policy.text,
			  scope->resource_policy.place);
	if (below && !scope->inherits)
		add_empty(w, scope);
}

/* ---- trying it ---- */

/* Every item that is not a comment, on a line each.  lines[i]: the item of
 * line i. */
static void
write_trial(const struct writer *w, FILE *out, size_t *lines)
{
	size_t line = 1;

	for (size_t i = 0; i < w->count; i++) {
		const struct item *item = &w->items[i];
		if (item->fault != NULL)
			continue;
		lines[line++] = i;
		if (item->key == NULL)
			fprintf(out, "%s\n", item->section);
		else
			fprintf(out, "%s = %.*s%s\n", item->key,
				(int)item->text.len, item->text.ptr,
				item->behind == NULL ? "" : item->behind);
	}
}

/* Is it "origins = none"? */
static bool
is_closed(const struct item *item)
{
	return strcmp(item->key, "origins") == 0 &&
	       slice_eq(item->text, SLICE("none"));
}

/* A section whose origins are all gone allows no origin. */
static void
close_empty(struct writer *w)
{
	for (size_t i = 0; i < w->count; i++) {
		size_t first = 0, good = 0;
		if (w->items[i].key != NULL || w->items[i].fault != NULL)
			continue;
		for (size_t k = i + 1; k < w->count && w->items[k].key != NULL;
		     k++) {
			if (strncmp(w->items[k].key, "origins", 7) != 0)
				continue;
			first = first == 0 ? k : first;
			good += w->items[k].fault == NULL;
		}
		if (first > 0 && good == 0)
			w->items[first] = (struct item){.key = "origins",
							.text = SLICE("none")};
	}
}

/* The section as a whole is invalid: it becomes a comment with all its lines,
 * except [cors]. */
static bool
drop_section(struct writer *w, size_t at, const struct diag *diag)
{
	const char *fault =
	    arena_text(w->import->arena, slice_from(diag->message));

	if (strcmp(w->items[at].section, "[cors]") == 0 ||
	    w->items[at].fault != NULL || fault == NULL)
		return false;
	for (size_t i = at;
	     i < w->count && (i == at || w->items[i].key != NULL); i++)
		w->items[i].fault = fault;
	import_say(w->import, SEVERITY_WARNING, (struct import_place){NULL, 0},
		   diag->id, "left out of the policy: %s", diag->message);
	return true;
}

/* Make a comment of the item that the diagnostic is about; an item that
 * another one covers is left out. */
static bool
take_fault(struct writer *w, const size_t *lines, const struct diag *diag,
	   bool shadowed)
{
	if (diag->severity == SEVERITY_NOTE || diag->line == 0 ||
	    (strcmp(diag->id, "shadowed") == 0) != shadowed)
		return false;
	struct item *item = &w->items[lines[diag->line]];
	if (item->key == NULL && diag->severity >= SEVERITY_WARNING)
		return drop_section(w, lines[diag->line], diag);
	if (item->key == NULL || item->fault != NULL || is_closed(item))
		return false;
	item->fault = arena_text(w->import->arena, slice_from(diag->message));
	item->covered = shadowed;
	if (!shadowed)
		import_say(w->import, SEVERITY_WARNING, item->place, diag->id,
			   "left out of the policy: %s", diag->message);
	return item->fault != NULL;
}

/* Lines that the loader does not accept become comments.  False: there are
 * none. */
static bool
try_once(struct writer *w, const size_t *lines, struct slice text)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();
	bool changed = false, shadowed = false;

	if (diags == NULL) {
		w->import->no_memory = true;
		return false;
	}
	settings_release(settings_parse("policy", text, &options, diags));
	w->import->no_memory |= diag_out_of_memory(diags);
	for (size_t i = 0; i < diag_total(diags); i++)
		changed |= take_fault(w, lines, diag_at(diags, i), false);
	/* An item that covers another may have just been removed. */
	for (size_t i = 0; i < diag_total(diags) && !changed; i++)
		shadowed |= take_fault(w, lines, diag_at(diags, i), true);
	diag_list_free(diags);
	return changed || shadowed;
}

static void
try_all(struct writer *w)
{
	enum { TIMES = 8 };
	size_t *lines =
	    arena_array(w->import->arena, w->count + 2, sizeof(*lines));
	bool changed = lines != NULL;

	w->import->no_memory |= lines == NULL;
	for (int i = 0; i < TIMES && changed; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = memory_stream(&text, &len);
		if (out != NULL)
			write_trial(w, out, lines);
		if (out == NULL || fclose(out) != 0)
			w->import->no_memory = true;
		changed = text != NULL && !w->import->no_memory &&
			  try_once(w, lines, slice_of(text, len));
		free(text);
		close_empty(w);
	}
}

/* ---- the text ---- */

static bool
is_neighbour(const struct item *item, const struct item *next)
{
	return next->key != NULL && strcmp(item->key, next->key) == 0 &&
	       next->joins && next->fault == NULL;
}

/* Write the item as a comment.  Control bytes are an error there, too. */
static void
write_left_out(FILE *out, const struct item *item)
{
	fprintf(out, "; %s = ", item->key);
	for (size_t i = 0; i < item->text.len; i++) {
		char c = item->text.ptr[i];
		fputc(ascii_is_printable(c) || (unsigned char)c >= 0x80 ? c
									: '?',
		      out);
	}
	fputc('\n', out);
}

static void
write_item(FILE *out, const struct writer *w, size_t *at)
{
	enum { WIDTH = 66 };
	const struct item *item = &w->items[*at];

	if (item->covered)
		return;
	if (item->fault != NULL) {
		write_left_out(out, item);
		return;
	}
	int column = fprintf(out, "%-11s =", item->key);
	column += fprintf(out, "%s%.*s", item->text.len > 0 ? " " : "",
			  (int)item->text.len, item->text.ptr);
	while (item->joins && *at + 1 < w->count && column < WIDTH &&
	       is_neighbour(item, &w->items[*at + 1]))
		column += fprintf(out, " %.*s", (int)w->items[*at + 1].text.len,
				  w->items[*at + 1].text.ptr),
		    ++*at;
	fprintf(out, "%s\n", item->behind == NULL ? "" : item->behind);
}

static void
write_policy(const struct writer *w, FILE *out, const struct import_file *files,
	     size_t count)
{
	fprintf(out, "; Made by \"corscheck import\" from");
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s %s", i > 0 ? "," : "",
			import_quote(w->import, slice_from(files[i].name)));
	fprintf(out, ".\n");
	bool left = false;
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].key == NULL) {
			bool good = w->items[i].fault == NULL;
			left |= good;
			fprintf(out, "\n%s%s\n", good ? "" : "; ",
				w->items[i].section);
		} else {
			write_item(out, w, &i);
		}
	if (!left)
		fprintf(out, "\n[cors]\norigins     = none\n");
}

/* With only one server, its name need not be checked. */
static void
drop_only_host(struct import *import)
{
	struct slice host = SLICE_NONE;

	for (size_t i = 0; i < import->scope_count; i++) {
		const struct import_scope *scope = import->scopes[i];
		if (!scope->set)
			continue;
		if (slice_present(host) && !slice_eq(host, scope->host))
			return;
		host = scope->host;
	}
	for (size_t i = 0; i < import->scope_count; i++)
		import->scopes[i]->host = SLICE("");
}

void
import_write(struct import *import, const struct import_file *files,
	     size_t count, struct slice *policy)
{
	struct writer w = {.import = import};
	char *text = NULL;
	size_t len = 0, sections = 0;

	drop_only_host(import);
	for (size_t i = 0; i < import->scope_count; i++)
		if (has_control(import->scopes[i]->path) ||
		    has_control(import->scopes[i]->host)) {
			say_control(&w, (struct import_place){NULL, 0});
		} else if (import->scopes[i]->set) {
			sections++;
			add_section(&w, import->scopes[i], sections,
				    sections > 1);
		}
	if (sections == 0 || import->no_memory)
		return;
	try_all(&w);
	FILE *out = memory_stream(&text, &len);
	if (out != NULL)
		write_policy(&w, out, files, count);
	if (out == NULL || fclose(out) != 0)
		import->no_memory = true;
	else
		*policy = arena_slice(import->arena, slice_of(text, len));
	free(text);
}
