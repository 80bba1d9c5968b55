/*
 * The physical lines of a policy, checked before inih gets them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/reader.h"

#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "policy/keys.h"

enum { SHOWN_MAX = 60 }; /* bytes of a bad line in a message */

/* The place of the text of the line; of the whole line while the text is
 * unknown. */
static struct text_place
said_place(const struct reader *reader)
{
	return slice_present(reader->said)
		   ? text_place_word(reader->line, reader->start, reader->said)
		   : text_place_line(reader->line);
}

static void
complain(struct reader *reader, const char *id, const char *fix,
	 const char *message)
{
	diag_report(reader->diags, SEVERITY_ERROR, reader->file,
		    said_place(reader), id, fix, "%s", message);
}

void
reader_init(struct reader *reader, struct slice text, const char *file,
	    struct diag_list *diags)
{
	*reader = (struct reader){.rest = text, .file = file, .diags = diags};
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		reader->mark = 3;
	reader->rest = slice_after(text, reader->mark);
}

/* Cut the next physical line off, without its end ("\n" or "\r\n"). */
static struct slice
cut_line(struct reader *reader)
{
	struct slice *rest = &reader->rest;
	size_t len = text_find(*rest, '\n');
	struct slice line = slice_of(rest->ptr, len);
	bool ended = len < rest->len;

	*rest = slice_after(*rest, ended ? len + 1 : len);
	reader->line++;
	reader->start = line.ptr;
	reader->said = SLICE_NONE;
	if (reader->line == 1)
		reader->start -= reader->mark;
	return ended ? text_chop(line, '\r') : line;
}

/* False: the line has bytes that no text has, or is too long; this has been
 * reported. */
static bool
check_bytes(struct reader *reader, struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];
		if ((c >= ' ' && c != 0x7f) || c == '\t')
			continue;
		if (c == '\0')
			complain(reader, "syntax", NULL,
				 "the line holds a NUL byte");
		else if (c == '\r')
			complain(
			    reader, "syntax", NULL,
			    "the line holds a carriage return that no line "
			    "feed follows");
		else
			diag_report(reader->diags, SEVERITY_ERROR, reader->file,
				    text_place_word(reader->line, reader->start,
						    slice_of(&line.ptr[i], 1)),
				    "syntax", NULL,
				    "the line holds the control byte \\x%02x",
				    c);
		return false;
	}
	if (line.len <= READER_LINE_MAX)
		return true;
	diag_report(
	    reader->diags, SEVERITY_ERROR, reader->file,
	    text_place_line(reader->line), "line-too-long", NULL,
	    "the line has %zu bytes, at most %d are allowed; split a list by "
	    "repeating its key",
	    line.len, READER_LINE_MAX);
	return false;
}

/* Without comment, indentation and blanks at the end.  inih understands ';' in
 * the same way once the line is not indented. */
static struct slice
strip(struct reader *reader, struct slice line)
{
	reader->comment = SLICE_NONE;
	line = text_trim(line);
	if (line.len > 0 && line.ptr[0] == '#')
		return slice_of(line.ptr, 0);
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != ';' ||
		    (i > 0 && !ascii_is_blank(line.ptr[i - 1])))
			continue;
		reader->comment = slice_after(line, i + 1);
		line.len = i;
		break;
	}
	return text_trim(line);
}

/* With a "]" added, "[cors a," would still be invalid. */
static bool
ends_in_name(struct slice line)
{
	char last = line.ptr[line.len - 1];

	return ascii_is_alpha(last) || ascii_is_digit(last);
}

static enum line_kind
read_section(struct reader *reader, struct slice line, struct slice *text)
{
	size_t len = text_find(line, ']') + 1;
	char fix[READER_INI_MAX + 2];

	if (len > line.len) {
		snprintf(fix, sizeof(fix), "%.*s]", (int)line.len, line.ptr);
		complain(reader, "syntax",
			 line.len <= READER_INI_MAX && ends_in_name(line)
			     ? fix
			     : NULL,
			 "no \"]\" after \"[\"");
		return LINE_BAD_SECTION;
	}
	*text = slice_of(line.ptr + 1, len - 2);
	if (text->len > READER_SECTION_MAX) {
		diag_report(
		    reader->diags, SEVERITY_ERROR, reader->file,
		    said_place(reader), "section-too-long", NULL,
		    "the section name has %zu bytes, at most %d are allowed",
		    text->len, READER_SECTION_MAX);
		return LINE_BAD_SECTION;
	}
	/* The header itself is valid: the following lines belong to its
	 * section.  A key after it on the same line would be lost with the
	 * fix. */
	if (len < line.len) {
		bool key = text_find(line, '=') < line.len;
		snprintf(fix, sizeof(fix), "%.*s", (int)len, line.ptr);
		complain(reader, "syntax", key ? NULL : fix,
			 key ? "text after \"]\"; a key begins a line"
			     : "text after \"]\"");
	}
	reader->said.len = len;
	return LINE_SECTION;
}

/* The first word of the line, if it is some section's key. */
static struct slice
leading_key(struct slice line)
{
	struct slice word = slice_of(line.ptr, text_find_any(line, " \t:"));

	return section_with_key(word) == SECTION_LOST ? SLICE_NONE : word;
}

/* A line without '=', or with ':' before it. */
static enum line_kind
bad_key_line(struct reader *reader, struct slice line, bool colon)
{
	struct slice key = leading_key(line);
	struct slice value = text_trim(slice_after(line, key.len));
	char fix[READER_INI_MAX + 4];
	bool fits = line.len <= READER_INI_MAX;

	if (slice_present(key)) {
		/* In "origins https://a" the ':' belongs to the value. */
		colon = colon || (value.len > 0 && value.ptr[0] == ':');
		while (value.len > 0 && strchr(":=", value.ptr[0]) != NULL)
			value = text_trim(slice_after(value, 1));
		snprintf(fix, sizeof(fix), "%.*s = %.*s", (int)key.len, key.ptr,
			 (int)value.len, value.ptr);
	}
	diag_report(
	    reader->diags, SEVERITY_ERROR, reader->file, said_place(reader),
	    "syntax", slice_present(key) && value.len > 0 && fits ? fix : NULL,
	    "%s in \"%s\"", colon ? "\":\" before any \"=\"" : "no \"=\"",
	    diag_quote(reader->diags, line, SHOWN_MAX));
	return LINE_BAD;
}

static enum line_kind
read_key(struct reader *reader, struct slice line, struct slice *text)
{
	size_t before = text_find(line, '=');
	bool no_equals = before == line.len;
	bool colon = !no_equals && text_find(line, ':') < before;

	if (no_equals || colon)
		return bad_key_line(reader, line, colon);
	struct slice key = text_trim(slice_of(line.ptr, before));
	struct slice value = text_trim(slice_after(line, before + 1));
	if (key.len == 0) {
		complain(reader, "syntax", NULL, "no key before \"=\"");
		return LINE_BAD;
	}
	reader->key = key;
	reader->value = value;
	if (key.len + 1 + value.len > READER_INI_MAX)
		return LINE_LONG_KEY;
	memcpy(reader->buffer, key.ptr, key.len);
	reader->buffer[key.len] = '=';
	memcpy(reader->buffer + key.len + 1, value.ptr, value.len);
	*text = slice_of(reader->buffer, key.len + 1 + value.len);
	return LINE_KEY;
}

enum line_kind
reader_next(struct reader *reader, struct slice *text)
{
	while (reader->rest.len > 0) {
		struct slice line = cut_line(reader);
		bool header = line.len > 0 && text_trim(line).len > 0 &&
			      text_trim(line).ptr[0] == '[';

		if (!check_bytes(reader, line))
			return header ? LINE_BAD_SECTION : LINE_BAD;
		line = strip(reader, line);
		reader->said = line;
		if (line.len == 0)
			continue;
		return header ? read_section(reader, line, text)
			      : read_key(reader, line, text);
	}
	return LINE_END;
}
