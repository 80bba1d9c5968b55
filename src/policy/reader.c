/*
 * The physical lines of a policy, seen before inih sees them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/reader.h"

#include <stdint.h>
#include <stdio.h>

#include "policy/keys.h"
#include "policy/values.h"

enum { SHOWN_MAX = 60 }; /* bytes of a bad line in a message */

static void
complain(struct reader *reader, const char *id, const char *fix,
	 const char *message)
{
	diag_report(reader->diags, SEVERITY_ERROR, reader->file, reader->line,
		    id, fix, "%s", message);
}

void
reader_init(struct reader *reader, struct slice text, const char *file,
	    struct diag_list *diags)
{
	*reader = (struct reader){.rest = text, .file = file, .diags = diags};
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		reader->rest = slice_after(text, 3);
}

bool
reader_is_utf16(struct slice text)
{
	if (text.len < 2)
		return false;
	return slice_starts(text, SLICE("\xff\xfe")) ||
	       slice_starts(text, SLICE("\xfe\xff")) ||
	       (text.ptr[0] == '\0') != (text.ptr[1] == '\0');
}

/* Take the next physical line off, without its end ("\n" or "\r\n"). */
static struct slice
take_line(struct reader *reader)
{
	struct slice *rest = &reader->rest;
	const char *end = memchr(rest->ptr, '\n', rest->len);
	size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
	struct slice line = slice_of(rest->ptr, len);

	*rest = slice_after(*rest, end == NULL ? len : len + 1);
	if (end != NULL && line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	reader->line++;
	return line;
}

/* Bytes that no line of text holds, and lines that inih would cut. */
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
				    reader->line, "syntax", NULL,
				    "the line holds the control byte \\x%02x",
				    c);
		return false;
	}
	if (line.len <= READER_LINE_MAX)
		return true;
	diag_report(
	    reader->diags, SEVERITY_ERROR, reader->file, reader->line,
	    "line-too-long", NULL,
	    "the line has %zu bytes, and %d are the most; split a list by "
	    "repeating its key",
	    line.len, READER_LINE_MAX);
	return false;
}

/* Without comment, indentation and blanks at the end.  inih has the same idea
 * of ';' once the line is not indented. */
static struct slice
strip(struct slice line)
{
	line = value_trim(line);
	if (line.len > 0 && line.ptr[0] == '#')
		return slice_of(line.ptr, 0);
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != ';' ||
		    (i > 0 && !value_is_blank(line.ptr[i - 1])))
			continue;
		line.len = i;
		break;
	}
	return value_trim(line);
}

static enum line_kind
read_section(struct reader *reader, struct slice line, struct slice *text)
{
	const char *end = memchr(line.ptr, ']', line.len);
	char fix[READER_LINE_MAX + 2];
	size_t len = end == NULL ? line.len : (size_t)(end - line.ptr) + 1;

	if (end == NULL) {
		snprintf(fix, sizeof(fix), "%.*s]", (int)len, line.ptr);
		complain(reader, "syntax", fix, "no \"]\" after \"[\"");
		return LINE_BAD_SECTION;
	}
	*text = slice_of(line.ptr + 1, len - 2);
	if (text->len > READER_SECTION_MAX) {
		diag_report(
		    reader->diags, SEVERITY_ERROR, reader->file, reader->line,
		    "section-too-long", NULL,
		    "the section name has %zu bytes, and %d are the most",
		    text->len, READER_SECTION_MAX);
		return LINE_BAD_SECTION;
	}
	/* The header itself is good: what follows belongs to its section. */
	if (len < line.len) {
		snprintf(fix, sizeof(fix), "%.*s", (int)len, line.ptr);
		complain(reader, "syntax", fix, "text after \"]\"");
	}
	return LINE_SECTION;
}

/* The first word of the line, if it is some section's key. */
static struct slice
leading_key(struct slice line)
{
	struct slice word = slice_of(line.ptr, 0);

	while (word.len < line.len && !value_is_blank(line.ptr[word.len]) &&
	       line.ptr[word.len] != ':')
		word.len++;
	return keys_home(word) == SECTION_LOST ? SLICE_NONE : word;
}

/* A line that has no '=', or ':' before it. */
static enum line_kind
bad_key_line(struct reader *reader, struct slice line, bool colon)
{
	struct slice key = leading_key(line);
	struct slice value = value_trim(slice_after(line, key.len));
	char fix[READER_LINE_MAX + 4];

	if (slice_present(key)) {
		/* "origins https://a" has its ':' elsewhere. */
		colon = colon || (value.len > 0 && value.ptr[0] == ':');
		if (value.len > 0 && value.ptr[0] == ':')
			value = value_trim(slice_after(value, 1));
		snprintf(fix, sizeof(fix), "%.*s = %.*s", (int)key.len, key.ptr,
			 (int)value.len, value.ptr);
	}
	diag_report(reader->diags, SEVERITY_ERROR, reader->file, reader->line,
		    "syntax", slice_present(key) ? fix : NULL, "%s in \"%s\"",
		    colon ? "\":\" before any \"=\"" : "no \"=\"",
		    diag_quote(reader->diags, line, SHOWN_MAX));
	return LINE_BAD;
}

static enum line_kind
read_key(struct reader *reader, struct slice line, struct slice *text)
{
	const char *equals = memchr(line.ptr, '=', line.len);
	size_t before = equals == NULL ? line.len : (size_t)(equals - line.ptr);
	bool colon = equals != NULL && memchr(line.ptr, ':', before) != NULL;

	if (equals == NULL || colon)
		return bad_key_line(reader, line, colon);
	struct slice key = value_trim(slice_of(line.ptr, before));
	struct slice value = value_trim(slice_after(line, before + 1));
	if (key.len == 0) {
		complain(reader, "syntax", NULL, "no key before \"=\"");
		return LINE_BAD;
	}
	memcpy(reader->buffer, key.ptr, key.len);
	reader->buffer[key.len] = '=';
	memcpy(reader->buffer + key.len + 1, value.ptr, value.len);
	*text = slice_of(reader->buffer, key.len + 1 + value.len);
	return LINE_KEY;
}

enum line_kind
reader_next(struct reader *reader, struct slice *text)
{
	if (reader->line == 0 && reader_is_utf16(reader->rest)) {
		reader->line = 1;
		complain(reader, "syntax", NULL,
			 "the file is in UTF-16; save it as UTF-8");
		reader->rest.len = 0;
		return LINE_BAD_SECTION;
	}
	while (reader->rest.len > 0) {
		struct slice line = take_line(reader);
		bool header = line.len > 0 && value_trim(line).len > 0 &&
			      value_trim(line).ptr[0] == '[';

		if (!check_bytes(reader, line))
			return header ? LINE_BAD_SECTION : LINE_BAD;
		line = strip(line);
		if (line.len == 0)
			continue;
		return header ? read_section(reader, line, text)
			      : read_key(reader, line, text);
	}
	return LINE_END;
}
