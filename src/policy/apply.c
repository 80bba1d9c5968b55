/*
 * Corrected texts of diagnostics, put into the policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/apply.h"

#include <stdlib.h>

#include "base/text.h"

bool
fix_is_certain(const struct diag *diag)
{
	static const char *const ids[] = {
	    "bad-value", "case", "default-port", "header",
	    "ipv4",	 "ipv6", "max-age",	 "method-case",
	    "non-ascii", "path", "path-pattern", "syntax",
	};

	if (diag->fix == NULL || diag->line == 0 || diag->column == 0)
		return false;
	/* How long a range was meant to be is not certain. */
	if (slice_starts(slice_from(diag->id), SLICE("ipv")) &&
	    strrchr(diag->fix, '/') > strstr(diag->fix, "://") + 2)
		return false;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(diag->id, ids[i]) == 0)
			return true;
	return false;
}

/* A fix, as bytes of the text. */
struct edit {
	size_t start;
	size_t length;
	const char *fix;
	bool own_line;
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
	const size_t *lines, size_t line_count, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		if (!fix_is_certain(diag) || diag->file == NULL ||
		    strcmp(diag->file, file) != 0 || diag->line > line_count)
			continue;
		size_t start = lines[diag->line - 1] + diag->column - 1;
		if (start + diag->length > len)
			continue; /* the file has changed */
		edits[count++] = (struct edit){start, diag->length, diag->fix,
					       diag->length == 0};
	}
	qsort(edits, count, sizeof(*edits), edit_compare);
	return count;
}

/* Three parts for each edit: what is before it, the fix, and its line feed. */
static struct slice
join(struct arena *arena, struct slice text, const struct edit *edits,
     size_t edit_count, size_t *made)
{
	struct slice *parts =
	    arena_array(arena, 3 * edit_count + 1, sizeof(*parts));
	size_t count = 0, at = 0, len = 0;

	*made = 0;
	for (size_t i = 0; i < edit_count && parts != NULL; i++) {
		const struct edit *edit = &edits[i];
		if (edit->start < at)
			continue;
		parts[count++] = slice_of(text.ptr + at, edit->start - at);
		parts[count++] = slice_from(edit->fix);
		parts[count++] = edit->own_line ? SLICE("\n") : SLICE("");
		at = edit->start + edit->length;
		(*made)++;
	}
	if (parts == NULL)
		return SLICE_NONE;
	parts[count++] = slice_after(text, at);
	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	return slice_of(arena_join(arena, parts, count), len);
}

struct slice
fixes_apply(struct arena *arena, struct slice text, const char *file,
	    const struct diag_list *diags, size_t *count)
{
	size_t line_count;
	size_t *lines = line_starts(arena, text, &line_count);
	struct edit *edits =
	    arena_array(arena, diag_total(diags) + 1, sizeof(*edits));

	*count = 0;
	if (lines == NULL || edits == NULL)
		return SLICE_NONE;
	size_t found = collect(edits, diags, file, lines, line_count, text.len);
	return join(arena, text, edits, found, count);
}
