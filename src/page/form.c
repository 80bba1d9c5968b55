/*
 * Reads the fields of an HTML form from the bytes that a browser sends.
 *
 * Every client may send any bytes, so the only error here is too many of them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/form.h"

#include "base/text.h"

/* "+" is a blank, "%41" is "A".  Absent: no memory. */
static struct slice
decode(struct arena *arena, struct slice s)
{
	char *text = arena_alloc(arena, s.len + 1), *to = text;

	if (text == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < s.len; i++) {
		int byte = -1;

		if (s.ptr[i] == '%')
			byte = text_hex_byte(slice_after(s, i + 1));
		if (byte >= 0) {
			*to++ = (char)byte;
			i += 2;
		} else {
			*to++ = s.ptr[i] == '+' ? ' ' : s.ptr[i];
		}
	}
	*to = '\0';
	return slice_of(text, (size_t)(to - text));
}

/* The text before the byte, or all of it; *rest is the text after it,
 * absent if the byte is not there. */
static struct slice
split(struct slice text, char byte, struct slice *rest)
{
	size_t len = text_find(text, byte);

	*rest = len < text.len ? slice_after(text, len + 1) : SLICE_NONE;
	return slice_of(text.ptr, len);
}

enum form_fault
form_parse(struct arena *arena, struct slice text, struct form *form)
{
	form->count = 0;
	while (slice_present(text)) {
		struct form_field *field = &form->at[form->count];
		struct slice value;
		struct slice pair = split(text, '&', &text);
		struct slice name = split(pair, '=', &value);

		if (pair.len == 0)
			continue;
		if (form->count == FORM_FIELDS_MAX)
			return FORM_TOO_MANY;
		field->name = decode(arena, name);
		field->value = decode(arena, value);
		if (!slice_present(field->name) || !slice_present(field->value))
			return FORM_NO_MEMORY;
		form->count++;
	}
	return FORM_GOOD;
}

struct slice
form_get(const struct form *form, struct slice name)
{
	for (size_t i = 0; i < form->count; i++)
		if (slice_eq(form->at[i].name, name))
			return form->at[i].value;
	return SLICE_NONE;
}
