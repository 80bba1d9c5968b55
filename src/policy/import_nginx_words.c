/*
 * A directive of nginx as words, and which of its lines can be deleted.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/import_nginx.h"

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
	n->rest = slice_after(n->rest, end + 1);
	return word;
}

/* A word ends at a blank, ';' or '{', but not at the '{' of "${NAME}" or of a
 * repetition such as "{2}". */
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

char
nginx_next(struct nginx *n)
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

bool
nginx_is_word(const struct nginx *n, size_t index, const char *text)
{
	return index < n->count && slice_eq(n->words[index], slice_from(text));
}

struct block *
nginx_block(struct nginx *n)
{
	return &n->blocks[n->depth];
}

bool
nginx_is_unseen(const struct nginx *n)
{
	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].unseen)
			return true;
	return false;
}

bool
nginx_is_preflight(const struct nginx *n)
{
	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].preflight)
			return true;
	return false;
}

void
nginx_replaced(struct nginx *n)
{
	import_replaced(n->source, n->place.line, n->line);
	nginx_block(n)->gone = true;
}
