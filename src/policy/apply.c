/*
 * Applies the fixes of diagnostics to the text of a policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/apply.h"

#include <stdlib.h>

#include "base/text.h"

/* ---- which fixes are certain ---- */

/* Changes that a fix may make to a word without changing its meaning. */
enum change {
	CHANGE_ANY,	    /* this diagnostic has only one possible fix */
	CHANGE_PUNCTUATION, /* quotes, brackets and separators are removed */
	CHANGE_SLASHES,	    /* also slashes are added or removed */
	CHANGE_NAME,	    /* letter case, "_" for "-" and ":" for a blank */
	CHANGE_DOTS,	    /* "\" is added before dots of an expression */
	CHANGE_DELIMITERS,  /* "/.../i" and upper case of an expression are
			       removed */
	CHANGE_STARS	    /* "**." becomes "*.", and a path is removed */
};

/* Are the word and its fix the same apart from these bytes? */
static bool
is_same_without(struct slice word, struct slice fix, const char *bytes)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < word.len && strchr(bytes, word.ptr[i]) != NULL)
			i++;
		while (k < fix.len && strchr(bytes, fix.ptr[k]) != NULL)
			k++;
		if (i == word.len || k == fix.len)
			return i == word.len && k == fix.len;
		if (word.ptr[i++] != fix.ptr[k++])
			return false;
	}
}

/* A byte of a name as it is in the names of keys and sections. */
static char
name_byte(char c)
{
	if (c == '_')
		return '-';
	if (c == ':')
		return ' ';
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_same_name(struct slice word, struct slice fix)
{
	if (word.len != fix.len)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (name_byte(word.ptr[i]) != name_byte(fix.ptr[i]))
			return false;
	return true;
}

/* Does the fix only add "\" before dots? */
static bool
is_same_but_dots(struct slice word, struct slice fix)
{
	size_t i = 0;

	for (size_t k = 0; k < fix.len; k++) {
		if (i < word.len && word.ptr[i] == fix.ptr[k])
			i++;
		else if (fix.ptr[k] != '\\' || k + 1 == fix.len ||
			 fix.ptr[k + 1] != '.')
			return false;
	}
	return i == word.len;
}

/* Does the fix only remove slashes around the expression, the "\" of "\/" in
 * it, options after it, and upper case, as of /^https:\/\/a\.example$/i? */
static bool
is_same_expression(struct slice word, struct slice fix)
{
	size_t i = 0, k = 0, end = word.len;

	if (word.len > 1 && word.ptr[0] == '/') {
		while (end > 1 && word.ptr[end - 1] != '/')
			end--;
		if (end < 2)
			return false;
		i = 1;
		end--;
	}
	for (; i < end && k < fix.len; i++, k++) {
		if (word.ptr[i] == '\\' && i + 1 < end &&
		    word.ptr[i + 1] == '/')
			i++;
		if (name_byte(word.ptr[i]) != name_byte(fix.ptr[k]))
			return false;
	}
	return i == end && k == fix.len;
}

/* Does the fix only replace "**" by "*", and remove a "/", or "/" and a star,
 * after the origin? */
static bool
is_same_stars(struct slice word, struct slice fix)
{
	size_t i = 0, k = 0;

	for (; k < fix.len; i++, k++) {
		if (i + 1 < word.len && word.ptr[i] == '*' &&
		    word.ptr[i + 1] == '*')
			i++;
		if (i == word.len || word.ptr[i] != fix.ptr[k])
			return false;
	}
	struct slice rest = slice_after(word, i);
	return rest.len == 0 || slice_eq(rest, SLICE("/*")) ||
	       slice_eq(rest, SLICE("/"));
}

static bool
is_same(enum change change, struct slice word, struct slice fix)
{
	switch (change) {
	case CHANGE_ANY:
		return true;
	case CHANGE_PUNCTUATION:
		return is_same_without(text_chop(word, '?'), fix,
				       "\"'`<>[]{},;| ");
	case CHANGE_SLASHES:
		return is_same_without(word, fix, "\"'`<>[]{},;| /");
	case CHANGE_NAME:
		return is_same_name(word, fix);
	case CHANGE_DOTS:
		return is_same_but_dots(word, fix);
	case CHANGE_DELIMITERS:
		return is_same_expression(word, fix);
	case CHANGE_STARS:
		return is_same_stars(word, fix);
	}
	return false;
}

bool
fix_is_certain(const struct diag *diag, struct slice word)
{
	static const struct {
		const char *id;
		enum change change;
	} certain[] = {
	    {"bad-value", CHANGE_ANY},
	    {"case", CHANGE_ANY},
	    {"default-port", CHANGE_ANY},
	    {"header", CHANGE_ANY},
	    {"host", CHANGE_PUNCTUATION},
	    {"invalid-origin", CHANGE_PUNCTUATION},
	    {"ipv4", CHANGE_ANY},
	    {"ipv6", CHANGE_ANY},
	    {"max-age", CHANGE_ANY},
	    {"method-case", CHANGE_ANY},
	    {"non-ascii", CHANGE_ANY},
	    {"path", CHANGE_ANY},
	    {"path-pattern", CHANGE_ANY},
	    {"port", CHANGE_ANY},
	    {"regex-any-origin", CHANGE_DOTS},
	    {"regex-never", CHANGE_DELIMITERS},
	    {"scheme", CHANGE_SLASHES},
	    {"syntax", CHANGE_ANY},
	    {"unknown-key", CHANGE_NAME},
	    {"unknown-section", CHANGE_NAME},
	    {"wildcard", CHANGE_STARS},
	};

	if (diag->fix == NULL || diag->line == 0 || diag->column == 0)
		return false;
	/* The intended length of a range is not certain. */
	if (slice_starts(slice_from(diag->id), SLICE("ipv")) &&
	    strrchr(diag->fix, '/') > strstr(diag->fix, "://") + 2)
		return false;
	for (size_t i = 0; i < sizeof(certain) / sizeof(certain[0]); i++)
		if (strcmp(diag->id, certain[i].id) == 0)
			return is_same(certain[i].change, word,
				       slice_from(diag->fix));
	return false;
}

/* A fix, and where in the text it begins. */
struct edit {
	size_t start;
	const struct diag *diag;
};

static int
edit_compare(const void *left, const void *right)
{
	const struct edit *a = left;
	const struct edit *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Where the lines of the text begin; lines[0] is line 1. */
static size_t *
line_starts(struct arena *arena, struct slice text, size_t *count)
{
	size_t at = 0, *lines;

	*count = 1;
	for (size_t i = 0; i < text.len; i++)
		*count += text.ptr[i] == '\n';
	lines = arena_array(arena, *count, sizeof(*lines));
	if (lines == NULL)
		return NULL;
	*count = 0;
	lines[(*count)++] = 0;
	while ((at += text_find(slice_after(text, at), '\n') + 1) <= text.len)
		lines[(*count)++] = at;
	return lines;
}

static size_t
collect(struct edit *edits, const struct diag_list *diags, const char *file,
	const size_t *lines, size_t line_count, struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		if (diag->file == NULL || strcmp(diag->file, file) != 0 ||
		    diag->line == 0 || diag->line > line_count ||
		    diag->column == 0)
			continue;
		size_t start = lines[diag->line - 1] + diag->column - 1;
		if (start + diag->length > text.len)
			continue; /* the file has changed */
		if (fix_is_certain(diag,
				   slice_of(text.ptr + start, diag->length)))
			edits[count++] = (struct edit){start, diag};
	}
	qsort(edits, count, sizeof(*edits), edit_compare);
	return count;
}

/* Three parts for each edit: what is before it, the fix, and its line feed. */
static struct slice
join(struct arena *arena, struct slice text, const struct edit *edits,
     size_t edit_count, struct fixes *made)
{
	struct slice *parts =
	    arena_array(arena, 3 * edit_count + 1, sizeof(*parts));
	size_t count = 0, at = 0, len = 0;

	made->at = arena_array(arena, edit_count + 1, sizeof(*made->at));
	if (parts == NULL || made->at == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < edit_count; i++) {
		const struct diag *diag = edits[i].diag;
		if (edits[i].start < at)
			continue;
		parts[count++] = slice_of(text.ptr + at, edits[i].start - at);
		parts[count++] = slice_from(diag->fix);
		/* a line of its own */
		parts[count++] = diag->length == 0 ? SLICE("\n") : SLICE("");
		at = edits[i].start + diag->length;
		made->at[made->count++] = diag;
	}
	parts[count++] = slice_after(text, at);
	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	return slice_of(arena_join(arena, parts, count), len);
}

struct slice
fixes_apply(struct arena *arena, struct slice text, const char *file,
	    const struct diag_list *diags, struct fixes *made)
{
	size_t line_count;
	size_t *lines = line_starts(arena, text, &line_count);
	struct edit *edits =
	    arena_array(arena, diag_total(diags) + 1, sizeof(*edits));

	*made = (struct fixes){.count = 0};
	if (lines == NULL || edits == NULL)
		return SLICE_NONE;
	size_t found = collect(edits, diags, file, lines, line_count, text);
	return join(arena, text, edits, found, made);
}
