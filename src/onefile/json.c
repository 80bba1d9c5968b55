/*
 * JSON for the one-file page, with the calls of jansson (include/jansson.h):
 * values, and writing them.  The output has the same bytes as that of jansson
 * (t/onefile).
 *
 * SPDX-License-Identifier: ISC
 */
#include "onefile/json.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

const char *const json_words[] = {
    [KIND_NULL] = "null", [KIND_TRUE] = "true", [KIND_FALSE] = "false"};

/* ---- values ---- */

json_t *
json_new(enum kind kind)
{
	json_t *value = calloc(1, sizeof(*value));

	if (value != NULL)
		value->kind = kind;
	return value;
}

struct slice
json_copy(struct slice text)
{
	char *to = malloc(text.len + 1);

	if (to == NULL)
		return SLICE_NONE;
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
	return slice_of(to, text.len);
}

static bool
is_utf8(struct slice text)
{
	while (text.len > 0) {
		size_t len = text_utf8_length(text);
		if (len == 0)
			return false;
		text = slice_after(text, len);
	}
	return true;
}

json_t *
json_object(void)
{
	return json_new(KIND_OBJECT);
}

json_t *
json_array(void)
{
	return json_new(KIND_ARRAY);
}

json_t *
json_stringn(const char *bytes, size_t len)
{
	struct slice text = slice_of(bytes, len);
	json_t *value = NULL;

	if (bytes != NULL && is_utf8(text))
		value = json_new(KIND_STRING);
	if (value != NULL)
		value->text = json_copy(text);
	return value != NULL && slice_present(value->text) ? value : NULL;
}

json_t *
json_string(const char *text)
{
	return text == NULL ? NULL : json_stringn(text, strlen(text));
}

json_t *
json_integer(json_int_t integer)
{
	json_t *value = json_new(KIND_INTEGER);

	if (value != NULL)
		value->integer = integer;
	return value;
}

json_t *
json_boolean(int is)
{
	return json_new(is ? KIND_TRUE : KIND_FALSE);
}

json_t *
json_null(void)
{
	return json_new(KIND_NULL);
}

/* ---- members ---- */

static bool
is_kind(const json_t *value, enum kind kind)
{
	return value != NULL && value->kind == kind;
}

int
json_append(json_t *to, struct slice key, json_t *value)
{
	if (value == NULL ||
	    !array_grow(&to->at, to->count, &to->room, sizeof(*to->at)))
		return -1;
	to->at[to->count++] = (struct member){key, value};
	return 0;
}

static struct member *
find(const json_t *object, struct slice key)
{
	for (size_t i = 0; is_kind(object, KIND_OBJECT) && i < object->count;
	     i++)
		if (slice_eq(object->at[i].key, key))
			return &object->at[i];
	return NULL;
}

int
json_set(json_t *object, struct slice key, json_t *value)
{
	struct member *member = find(object, key);

	if (!is_kind(object, KIND_OBJECT) || value == NULL)
		return -1;
	if (member == NULL)
		return json_append(object, key, value);
	member->value = value;
	return 0;
}

int
json_object_set_new(json_t *object, const char *key, json_t *value)
{
	struct slice name = json_copy(slice_from(key));

	return slice_present(name) ? json_set(object, name, value) : -1;
}

int
json_array_append_new(json_t *array, json_t *value)
{
	return is_kind(array, KIND_ARRAY)
		   ? json_append(array, SLICE_NONE, value)
		   : -1;
}

json_t *
json_object_get(const json_t *object, const char *key)
{
	struct member *member = find(object, slice_from(key));

	return member == NULL ? NULL : member->value;
}

size_t
json_array_size(const json_t *array)
{
	return is_kind(array, KIND_ARRAY) ? array->count : 0;
}

json_t *
json_array_get(const json_t *array, size_t i)
{
	return i < json_array_size(array) ? array->at[i].value : NULL;
}

const char *
json_string_value(const json_t *value)
{
	return json_is_string(value) ? value->text.ptr : NULL;
}

size_t
json_string_length(const json_t *value)
{
	return json_is_string(value) ? value->text.len : 0;
}

json_int_t
json_integer_value(const json_t *value)
{
	return is_kind(value, KIND_INTEGER) ? value->integer : 0;
}

bool
json_is_object(const json_t *value)
{
	return is_kind(value, KIND_OBJECT);
}

bool
json_is_array(const json_t *value)
{
	return is_kind(value, KIND_ARRAY);
}

bool
json_is_string(const json_t *value)
{
	return is_kind(value, KIND_STRING);
}

/* ---- json_pack ---- */

/* Skip the text between values. */
static char
next_letter(const char **format)
{
	*format += strspn(*format, " ,:");
	return **format == '\0' ? '\0' : *(*format)++;
}

/* "s", or "s+" for two that are joined. */
static json_t *
pack_string(const char **format, va_list *values)
{
	const char *first = va_arg(*values, const char *), *second = "";

	if (**format == '+') {
		++*format;
		second = va_arg(*values, const char *);
	}
	if (first == NULL || second == NULL)
		return NULL;
	size_t len = strlen(first), more = strlen(second);
	char *text = malloc(len + more + 1);
	if (text == NULL)
		return NULL;
	memcpy(text, first, len);
	memcpy(text + len, second, more + 1);
	json_t *value = json_stringn(text, len + more);
	free(text);
	return value;
}

static json_t *
pack_scalar(char letter, const char **format, va_list *values)
{
	switch (letter) {
	case 's':
		return pack_string(format, values);
	case 'o':
		return va_arg(*values, json_t *);
	case 'i':
		return json_integer(va_arg(*values, int));
	case 'I':
		return json_integer(va_arg(*values, json_int_t));
	case 'b':
		return json_boolean(va_arg(*values, int));
	default:
		return NULL;
	}
}

/* The objects and arrays that are open, and in each object the key whose value
 * comes next. */
struct packing {
	json_t *open[16];
	struct slice key[16];
	size_t depth;
};

static bool
pack_add(struct packing *p, json_t *value)
{
	json_t *to = p->open[p->depth - 1];
	struct slice *key = &p->key[p->depth - 1];
	int result = to->kind == KIND_ARRAY ? json_append(to, SLICE_NONE, value)
					    : json_set(to, *key, value);

	*key = SLICE_NONE;
	return result == 0;
}

static bool
pack_step(struct packing *p, char letter, const char **format, va_list *values)
{
	json_t *to = p->open[p->depth - 1], *value;
	bool opens = letter == '{' || letter == '[';

	if (to->kind == KIND_OBJECT && !slice_present(p->key[p->depth - 1])) {
		const char *key = va_arg(*values, const char *);
		p->key[p->depth - 1] = json_copy(slice_from(key));
		return letter == 's' && slice_present(p->key[p->depth - 1]);
	}
	if (!opens)
		return pack_add(p, pack_scalar(letter, format, values));
	value = letter == '{' ? json_object() : json_array();
	if (!pack_add(p, value) ||
	    p->depth == sizeof(p->open) / sizeof(*p->open))
		return false;
	p->open[p->depth] = value;
	p->key[p->depth++] = SLICE_NONE;
	return true;
}

json_t *
json_pack(const char *format, ...)
{
	struct packing p = {.depth = 1};
	va_list values;
	bool good = true;
	char letter;

	/* The value is added to this array, as its members are added to it. */
	p.open[0] = json_array();
	va_start(values, format);
	while (good && p.open[0] != NULL &&
	       (letter = next_letter(&format)) != '\0') {
		if (letter == '}' || letter == ']')
			good = --p.depth > 0;
		else
			good = pack_step(&p, letter, &format, &values);
	}
	va_end(values);
	return good ? json_array_get(p.open[0], 0) : NULL;
}

/* ---- writing ---- */

struct writer {
	FILE *out;
	size_t indent;
	bool ascii;
};

static uint32_t
code_point(struct slice c)
{
	unsigned char first = (unsigned char)c.ptr[0];
	uint32_t point = c.len == 1 ? first : first & (0x7fU >> c.len);

	for (size_t i = 1; i < c.len; i++)
		point = point << 6 | ((unsigned char)c.ptr[i] & 0x3fU);
	return point;
}

static void
write_escaped(FILE *out, uint32_t point)
{
	if (point > 0xffff) {
		point -= 0x10000;
		fprintf(out, "\\u%04X\\u%04X",
			(unsigned)(0xd800 + (point >> 10)),
			(unsigned)(0xdc00 + (point & 0x3ff)));
	} else {
		fprintf(out, "\\u%04X", (unsigned)point);
	}
}

static void
write_text(const struct writer *w, struct slice text)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

	fputc('"', w->out);
	while (text.len > 0) {
		struct slice c = slice_of(text.ptr, text_utf8_length(text));
		const char *known =
		    *c.ptr == '\0' ? NULL : strchr(from, *c.ptr);

		if (known != NULL)
			fprintf(w->out, "\\%c", to[known - from]);
		else if ((unsigned char)*c.ptr < ' ' || (c.len > 1 && w->ascii))
			write_escaped(w->out, code_point(c));
		else
			fwrite(c.ptr, 1, c.len, w->out);
		text = slice_after(text, c.len);
	}
	fputc('"', w->out);
}

static void
write_line(const struct writer *w, size_t depth)
{
	if (w->indent == 0)
		return;
	fprintf(w->out, "\n%*s", (int)(depth * w->indent), "");
}

static void write_value(const struct writer *, const json_t *, size_t depth);

static void
write_members(const struct writer *w, const json_t *value, size_t depth)
{
	bool object = value->kind == KIND_OBJECT;

	fputc(object ? '{' : '[', w->out);
	for (size_t i = 0; i < value->count; i++) {
		if (i > 0)
			fputs(w->indent > 0 ? "," : ", ", w->out);
		write_line(w, depth + 1);
		if (object) {
			write_text(w, value->at[i].key);
			fputs(": ", w->out);
		}
		write_value(w, value->at[i].value, depth + 1);
	}
	if (value->count > 0)
		write_line(w, depth);
	fputc(object ? '}' : ']', w->out);
}

static void
write_value(const struct writer *w, const json_t *value, size_t depth)
{
	switch (value->kind) {
	case KIND_STRING:
		write_text(w, value->text);
		break;
	case KIND_ARRAY:
	case KIND_OBJECT:
		write_members(w, value, depth);
		break;
	case KIND_INTEGER:
		fprintf(w->out, "%lld", value->integer);
		break;
	case KIND_REAL:
		fwrite(value->text.ptr, 1, value->text.len, w->out);
		break;
	case KIND_NULL:
	case KIND_TRUE:
	case KIND_FALSE:
		fputs(json_words[value->kind], w->out);
		break;
	}
}

int
json_dumpf(const json_t *value, FILE *out, size_t flags)
{
	const struct writer w = {.out = out,
				 .indent = flags & JSON_INDENT(0x1f),
				 .ascii = (flags & JSON_ENSURE_ASCII) != 0};

	if (value == NULL)
		return -1;
	write_value(&w, value, 0);
	return ferror(out) == 0 ? 0 : -1;
}
