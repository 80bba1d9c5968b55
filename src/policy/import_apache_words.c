/*
 * A directive of Apache as words, and which of its lines can be deleted.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/array.h"
#include "base/text.h"
#include "policy/import_apache.h"

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
	*rest = slice_after(*rest, end + 1);
	return slice_of(copy, len);
}

/* The word with its "${NAME}" replaced, if a Define above has set it. */
static struct slice
defined(struct apache *a, struct slice word)
{
	size_t at = text_find(word, '$');
	struct slice name = slice_after(word, at);

	if (!slice_starts(name, SLICE("${")))
		return word;
	size_t end = text_find(name, '}');
	if (end == name.len)
		return word;
	for (size_t i = 0; i < a->definition_count; i++) {
		if (!slice_eq(a->definitions[i].name,
			      slice_of(name.ptr + 2, end - 2)))
			continue;
		struct slice parts[] = {slice_of(word.ptr, at),
					a->definitions[i].text,
					slice_after(name, end + 1)};
		const char *text = arena_join(a->import->arena, parts, 3);
		a->import->no_memory |= text == NULL;
		return text == NULL ? word : slice_from(text);
	}
	return word;
}

void
apache_split(struct apache *a, struct slice line)
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
		a->words[a->count - 1] = defined(a, a->words[a->count - 1]);
		line = text_trim(line);
	}
}

bool
apache_is_word(const struct apache *a, size_t index, const char *text)
{
	return index < a->count &&
	       slice_eq_nocase(a->words[index], slice_from(text));
}

/* ---- which lines can be deleted ---- */

struct block *
apache_block(struct apache *a)
{
	return &a->blocks[a->depth];
}

bool
apache_is_unseen(const struct apache *a)
{
	for (size_t i = 0; i <= a->depth; i++)
		if (a->blocks[i].unseen)
			return true;
	return false;
}

bool
apache_is_preflight(const struct apache *a)
{
	for (size_t i = 0; i <= a->depth; i++)
		if (a->blocks[i].preflight)
			return true;
	return false;
}

void
apache_replaced(struct apache *a, unsigned first)
{
	import_replaced(a->source, first, a->last_line);
	apache_block(a)->gone = true;
}

void
apache_preflight(struct apache *a, unsigned first)
{
	import_say(a->import, SEVERITY_NOTE, a->place, "preflight",
		   "corswrap responds to preflights");
	apache_replaced(a, first);
}

void
apache_add(struct apache *a, struct variable **list, size_t *count,
	   size_t *room, struct variable variable)
{
	if (!array_grow_in(a->import->arena, list, *count, room,
			   sizeof(**list))) {
		a->import->no_memory = true;
		return;
	}
	(*list)[(*count)++] = variable;
}

/* "^/api/" is a path and paths below it; anything else gets a note. */
struct slice
apache_match_path(struct apache *a, struct slice expression)
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
