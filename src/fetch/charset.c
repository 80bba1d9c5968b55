/*
 * How XMLHttpRequest changes Content-Type when it sends a string: the string is
 * UTF-8, so another charset is replaced (XHR, send(), step 4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/charset.h"

#include "base/text.h"
#include "cors/names.h"

#define UTF_8 "UTF-8"

/* Text that is being written; the memory is large enough for it. */
struct writer {
	char *text;
	size_t len;
};

static void
put(struct writer *w, struct slice more)
{
	if (more.len > 0)
		memcpy(w->text + w->len, more.ptr, more.len);
	w->len += more.len;
}

/* ---- the standard: MIME Sniffing, 4.4 and 4.5 ---- */

/* Cut off a quoted string.  Returns its value, which is written to room. */
static struct slice
cut_quoted(struct slice *rest, char *room)
{
	size_t len = 0, at = 1;

	for (; at < rest->len && rest->ptr[at] != '"'; at++) {
		if (rest->ptr[at] == '\\' && at + 1 < rest->len)
			at++;
		room[len++] = rest->ptr[at];
	}
	*rest = slice_after(*rest, at);
	return slice_of(room, len);
}

static bool
is_quotable(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Cut off "name=value" and the ';' after it.  False: the parameter is ignored.
 */
static bool
cut_parameter(struct slice *rest, char *room, struct slice *name,
	      struct slice *value)
{
	size_t len = text_find_any(*rest, ";=");
	bool quoted, given = len < rest->len && rest->ptr[len] == '=';

	*name = slice_of(rest->ptr, len);
	while (name->len > 0 && ascii_is_blank(name->ptr[0]))
		*name = slice_after(*name, 1);
	*value = SLICE("");
	*rest = slice_after(*rest, given ? len + 1 : len);
	quoted = given && rest->len > 0 && rest->ptr[0] == '"';
	if (quoted)
		*value = cut_quoted(rest, room);
	len = text_find(*rest, ';');
	if (given && !quoted)
		*value = text_trim(slice_of(rest->ptr, len));
	*rest = slice_after(*rest, len + 1);
	return (quoted || value->len > 0) && token_is_valid(*name) &&
	       is_quotable(*value);
}

static void
put_value(struct writer *w, struct slice value)
{
	if (token_is_valid(value)) {
		put(w, value);
		return;
	}
	put(w, SLICE("\""));
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			put(w, SLICE("\\"));
		put(w, slice_of(value.ptr + i, 1));
	}
	put(w, SLICE("\""));
}

/* Is there a parameter of this name among those already written? */
static bool
has_parameter(struct slice written, char *room, struct slice name)
{
	struct slice old, value;

	while (written.len > 0)
		if (cut_parameter(&written, room, &old, &value) &&
		    slice_eq_nocase(old, name))
			return true;
	return false;
}

/* Write the parameters, with UTF-8 as the charset.  False: the charset is
 * missing or UTF-8 already, so the value must not change. */
static bool
put_parameters(struct writer *w, struct slice rest, char *room, char *again)
{
	size_t begin = w->len;
	bool replaced = false;
	struct slice name, value;

	while (rest.len > 0) {
		if (!cut_parameter(&rest, room, &name, &value) ||
		    has_parameter(slice_of(w->text + begin, w->len - begin),
				  again, name))
			continue;
		if (slice_eq_nocase(name, SLICE("charset"))) {
			if (slice_eq_nocase(value, SLICE(UTF_8)))
				return false;
			value = SLICE(UTF_8);
			replaced = true;
		}
		put(w, SLICE(";"));
		for (size_t i = 0; i < name.len; i++) {
			char low = ascii_lower(name.ptr[i]);
			put(w, slice_of(&low, 1));
		}
		put(w, SLICE("="));
		put_value(w, value);
	}
	return replaced;
}

static bool
serialize(struct arena *arena, struct slice *value)
{
	struct slice essence;
	size_t behind = text_find(*value, ';');
	/* Twice the value, if all of it is escaped, plus UTF-8 and quotes. */
	size_t size = 3 * value->len + 16;
	char *text = arena_alloc(arena, 3 * size);
	struct writer w = {text, 0};

	if (!fetch_is_mime_type(*value) || behind == value->len)
		return true;
	essence = fetch_mime_essence(arena, *value);
	if (text == NULL || !slice_present(essence))
		return false;
	put(&w, essence);
	if (put_parameters(&w, slice_after(*value, behind + 1), text + size,
			   text + 2 * size))
		*value = slice_of(w.text, w.len);
	return true;
}

/* ---- Chromium: replaced in place, and nothing else is changed ---- */

static size_t
skip_blanks(struct slice text, size_t at, const char *more)
{
	while (at < text.len &&
	       (ascii_is_blank(text.ptr[at]) ||
		(text.ptr[at] != '\0' && strchr(more, text.ptr[at]) != NULL)))
		at++;
	return at;
}

/* The index of the next value of a charset at or after `from`, and its *end;
 * the length of the text: there is none. */
static size_t
find_charset(struct slice text, size_t from, size_t *end)
{
	static const struct slice word = {"charset", 7};
	size_t at = from;

	for (;;) {
		at += text_find_nocase(slice_after(text, at), word);
		if (at == 0 || at >= text.len)
			return text.len;
		char before = text.ptr[at - 1];
		at += word.len;
		if (!ascii_is_blank(before) && before != ';')
			continue;
		at = skip_blanks(text, at, "");
		if (at == text.len || text.ptr[at++] != '=')
			continue;
		at = skip_blanks(text, at, "\"'");
		*end = at + text_find_any(slice_after(text, at), " \t\"';");
		return *end > at ? at : text.len;
	}
}

static bool
replace(struct arena *arena, struct slice *value)
{
	size_t at = 0, end = 0, from = 0;
	/* "charset=" has eight bytes, and UTF-8 adds at most four. */
	char *text = arena_alloc(arena, 2 * value->len + 1);
	struct writer w = {text, 0};

	if (text == NULL)
		return false;
	while ((at = find_charset(*value, from, &end)) < value->len) {
		put(&w, slice_of(value->ptr + from, at - from));
		put(&w, SLICE(UTF_8));
		from = end;
	}
	put(&w, slice_after(*value, from));
	*value = slice_of(w.text, w.len);
	return true;
}

bool
fetch_charset_of_string(struct arena *arena, enum fetch_browser browser,
			struct slice *value)
{
	return fetch_engine(browser)->charset_in_place
		   ? replace(arena, value)
		   : serialize(arena, value);
}
