/*
 * The only place where text becomes HTML.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/html.h"

#include "base/text.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

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

/* Is it a control from U+0080 to U+009F? */
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
		size_t len = text_utf8_length(s);

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

void
html_hidden(FILE *out, const char *name, struct slice value)
{
	if (!slice_present(value))
		return;
	fprintf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_text(out, value);
	fputs("\">\n", out);
}
