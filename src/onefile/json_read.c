/*
 * Reading JSON for the one-file page: json_loadb of include/jansson.h.
 *
 * SPDX-License-Identifier: ISC
 */
#include "onefile/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { DEPTH_MAX = 2048 };

struct scan {
	struct slice rest;
	const char *start;
	json_error_t *error;
	size_t depth;
};

/* Report an error, unless one was reported before.  Returns NULL, for the
 * caller to return. */
static json_t *
fail(struct scan *scan, const char *why, struct slice near)
{
	json_error_t *error = scan->error;

	if (error->line > 0)
		return NULL;
	error->line = 1;
	for (const char *p = scan->start; p < scan->rest.ptr; p++)
		error->line += *p == '\n';
	if (near.len == 0)
		snprintf(error->text, sizeof(error->text),
			 "%s near end of file", why);
	else
		snprintf(error->text, sizeof(error->text), "%s near '%.*s'",
			 why, (int)(near.len > 20 ? 20 : near.len), near.ptr);
	return NULL;
}

static void
skip_space(struct scan *scan)
{
	while (scan->rest.len > 0 &&
	       strchr(" \t\r\n", *scan->rest.ptr) != NULL &&
	       *scan->rest.ptr != '\0')
		scan->rest = slice_after(scan->rest, 1);
}

/* Take the next byte if it is this one. */
static bool
take(struct scan *scan, char byte)
{
	skip_space(scan);
	if (scan->rest.len == 0 || *scan->rest.ptr != byte)
		return false;
	scan->rest = slice_after(scan->rest, 1);
	return true;
}

/* Four hexadecimal digits; false: they are not there. */
static bool
take_hex(struct slice *from, uint32_t *unit)
{
	int high = from->len < 4 ? -1 : text_hex_byte(*from);
	int low = high < 0 ? -1 : text_hex_byte(slice_after(*from, 2));

	if (low < 0)
		return false;
	*unit = (uint32_t)high << 8 | (uint32_t)low;
	*from = slice_after(*from, 4);
	return true;
}

static size_t
put_point(char *to, uint32_t point)
{
	if (point <= 0xffff)
		return text_put_utf8(to, point);
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* Read an escape from after its "\u".  Returns the bytes written; 0: it is not
 * a character (RFC 8259, 7). */
static size_t
unescape_unit(struct slice *from, char *to)
{
	uint32_t unit, low;

	if (!take_hex(from, &unit) || (unit >= 0xdc00 && unit <= 0xdfff))
		return 0;
	if (unit < 0xd800 || unit > 0xdbff)
		return put_point(to, unit);
	if (!slice_starts(*from, SLICE("\\u")))
		return 0;
	*from = slice_after(*from, 2);
	if (!take_hex(from, &low) || low < 0xdc00 || low > 0xdfff)
		return 0;
	return put_point(to,
			 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
}

/* Read one character or escape.  Returns the bytes written; 0: it is
 * invalid. */
static size_t
unescape(struct slice *from, char *to)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	size_t len = text_utf8_length(*from);

	if (*from->ptr != '\\') {
		if ((unsigned char)*from->ptr < ' ')
			return 0;
		memcpy(to, from->ptr, len);
		*from = slice_after(*from, len == 0 ? 1 : len);
		return len;
	}
	char letter = from->len > 1 ? from->ptr[1] : '\0';
	const char *known = letter == '\0' ? NULL : strchr(letters, letter);
	*from = slice_after(*from, from->len > 1 ? 2 : 1);
	if (letter == 'u')
		return unescape_unit(from, to);
	if (known == NULL)
		return 0;
	*to = means[known - letters];
	return 1;
}

/* Read a string from after its quote.  Absent: an error, which has been
 * reported. */
static struct slice
read_text(struct scan *scan)
{
	struct slice begin = scan->rest;
	char *text = malloc(begin.len + 1);
	size_t used = 0;

	while (text != NULL && scan->rest.len > 0) {
		struct slice at = scan->rest;

		if (*at.ptr == '"') {
			scan->rest = slice_after(at, 1);
			text[used] = '\0';
			return slice_of(text, used);
		}
		size_t len = unescape(&scan->rest, text + used);
		if (len == 0) {
			scan->rest = at;
			(void)fail(scan, "invalid string", at);
			return SLICE_NONE;
		}
		used += len;
	}
	(void)fail(scan, "premature end of input", SLICE_NONE);
	return SLICE_NONE;
}

static json_t *
read_string(struct scan *scan)
{
	struct slice text = read_text(scan);
	json_t *value = slice_present(text) ? json_new(KIND_STRING) : NULL;

	if (value != NULL)
		value->text = text;
	return value;
}

static size_t
count_digits(struct slice text)
{
	size_t len = 0;

	while (len < text.len && ascii_is_digit(text.ptr[len]))
		len++;
	return len;
}

/* The length of the number (RFC 8259, 6); 0: it is not a number. */
static size_t
number_length(struct slice text, bool *real)
{
	struct slice rest = text;

	*real = false;
	if (slice_starts(rest, SLICE("-")))
		rest = slice_after(rest, 1);
	size_t digits = count_digits(rest);
	if (digits == 0 || (digits > 1 && *rest.ptr == '0'))
		return 0;
	rest = slice_after(rest, digits);
	if (slice_starts(rest, SLICE("."))) {
		digits = count_digits(slice_after(rest, 1));
		if (digits == 0)
			return 0;
		rest = slice_after(rest, digits + 1);
		*real = true;
	}
	if (rest.len > 0 && (*rest.ptr == 'e' || *rest.ptr == 'E')) {
		size_t sign =
		    rest.len > 1 && (rest.ptr[1] == '+' || rest.ptr[1] == '-');
		digits = count_digits(slice_after(rest, 1 + sign));
		if (digits == 0)
			return 0;
		rest = slice_after(rest, 1 + sign + digits);
		*real = true;
	}
	return text.len - rest.len;
}

static json_t *
read_number(struct scan *scan)
{
	enum { DIGITS_MAX = 18 }; /* below 2^63 */
	bool real;
	size_t len = number_length(scan->rest, &real);
	struct slice text = slice_of(scan->rest.ptr, len);

	if (len == 0)
		return fail(scan, "invalid token", scan->rest);
	if (!real && len > DIGITS_MAX)
		return fail(scan, "too big integer", text);
	json_t *value = json_new(real ? KIND_REAL : KIND_INTEGER);
	if (value == NULL)
		return fail(scan, "no memory", text);
	value->text = json_copy(text);
	if (!real && slice_present(value->text))
		value->integer = strtoll(value->text.ptr, NULL, 10);
	scan->rest = slice_after(scan->rest, len);
	return value;
}

static json_t *
read_word(struct scan *scan)
{
	for (int kind = KIND_NULL; kind <= KIND_FALSE; kind++) {
		struct slice word = slice_from(json_words[kind]);

		if (!slice_starts(scan->rest, word))
			continue;
		scan->rest = slice_after(scan->rest, word.len);
		return json_new((enum kind)kind);
	}
	return fail(scan, "invalid token", scan->rest);
}

static json_t *read_value(struct scan *);

static bool
read_member(struct scan *scan, json_t *to)
{
	struct slice key;
	json_t *value;

	if (to->kind == KIND_ARRAY) {
		value = read_value(scan);
		return value != NULL && json_append(to, SLICE_NONE, value) == 0;
	}
	if (!take(scan, '"'))
		return fail(scan, "string or '}' expected", scan->rest) != NULL;
	key = read_text(scan);
	if (!slice_present(key))
		return false;
	if (!take(scan, ':'))
		return fail(scan, "':' expected", scan->rest) != NULL;
	value = read_value(scan);
	return value != NULL && json_set(to, key, value) == 0;
}

static json_t *
read_members(struct scan *scan, enum kind kind)
{
	char end = kind == KIND_ARRAY ? ']' : '}';
	json_t *value = json_new(kind);

	if (value == NULL || ++scan->depth > DEPTH_MAX)
		return fail(scan, "maximum parsing depth reached", scan->rest);
	bool first = true;
	while (!take(scan, end)) {
		if (!first && !take(scan, ','))
			return fail(scan,
				    kind == KIND_ARRAY ? "']' expected"
						       : "'}' expected",
				    scan->rest);
		first = false;
		if (!read_member(scan, value))
			return NULL;
	}
	scan->depth--;
	return value;
}

static json_t *
read_value(struct scan *scan)
{
	if (take(scan, '{'))
		return read_members(scan, KIND_OBJECT);
	if (take(scan, '['))
		return read_members(scan, KIND_ARRAY);
	if (take(scan, '"'))
		return read_string(scan);
	if (scan->rest.len > 0 &&
	    (ascii_is_digit(*scan->rest.ptr) || *scan->rest.ptr == '-'))
		return read_number(scan);
	return read_word(scan);
}

json_t *
json_loadb(const char *bytes, size_t len, size_t flags, json_error_t *error)
{
	struct scan scan = {slice_of(bytes, len), bytes, error, 0};
	json_t *value;

	(void)flags;
	*error = (json_error_t){.line = 0};
	skip_space(&scan);
	if (scan.rest.len == 0 || strchr("[{", *scan.rest.ptr) == NULL)
		return fail(&scan, "'[' or '{' expected", scan.rest);
	value = read_value(&scan);
	skip_space(&scan);
	if (value != NULL && scan.rest.len > 0)
		return fail(&scan, "end of file expected", scan.rest);
	return value;
}
