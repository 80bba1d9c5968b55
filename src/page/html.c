/*
 * The one place where text becomes HTML.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/html.h"

#include <stdint.h>

#include "base/text.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* How many bytes the UTF-8 character at the beginning has; 0: it is none
 * (Unicode, table 3-7). */
static size_t
character(struct slice s)
{
	const unsigned char *b = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	len = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (b[0] == 0xe0)
		low = 0xa0; /* else it is too long */
	else if (b[0] == 0xed)
		high = 0x9f; /* else a surrogate */
	else if (b[0] == 0xf0)
		low = 0x90;
	else if (b[0] == 0xf4)
		high = 0x8f; /* else past U+10FFFF */
	if (s.len < len || b[1] < low || b[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (b[i] >> 6 != 2)
			return 0;
	return len;
}

static void
put_ascii(FILE *out, char c)
{
	switch (c) {
	case '&':
		fputs("&amp;", out);
		return;
	case '<':
		fputs("&lt;", out);
		return;
	case '>':
		fputs("&gt;", out);
		return;
	case '"':
		fputs("&quot;", out);
		return;
	case '\'':
		fputs("&#39;", out);
		return;
	default:
		break;
	}
	if ((c >= ' ' && c < 0x7f) || c == '\t' || c == '\n' || c == '\r')
		fputc(c, out);
	else
		fputs(replacement, out);
}

/* U+0080 to U+009F: controls of their own. */
static bool
is_c1(struct slice s, size_t len)
{
	return len == 2 && (unsigned char)s.ptr[0] == 0xc2 &&
	       (unsigned char)s.ptr[1] < 0xa0;
}

void
html_text(FILE *out, struct slice s)
{
	while (s.len > 0) {
		size_t len = character(s);

		if (len == 1)
			put_ascii(out, s.ptr[0]);
		else if (len == 0 || is_c1(s, len))
			fputs(replacement, out);
		else
			fwrite(s.ptr, 1, len, out);
		s = slice_after(s, len == 0 ? 1 : len);
	}
}

void
html_string(FILE *out, const char *text)
{
	html_text(out, slice_from(text));
}

void
html_marked(FILE *out, const char *text)
{
	struct slice rest = slice_from(text);
	bool code = false;

	while (rest.len > 0) {
		size_t len = text_find(rest, '`');

		html_text(out, slice_of(rest.ptr, len));
		if (len == rest.len)
			break;
		fputs(code ? "</code>" : "<code>", out);
		code = !code;
		rest = slice_after(rest, len + 1);
	}
	if (code)
		fputs("</code>", out);
}
