/*
 * Fixes: in words, with the lines to copy as a block; and the button that
 * applies one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "base/text.h"
#include "page/html.h"

/* ---- words and lines ---- */

/* The next `...` of a text that begins with one; *rest is the text after
 * it. */
static struct slice
take_code(struct slice text, struct slice *rest)
{
	size_t len = text_find(slice_after(text, 1), '`');
	struct slice code = slice_of(text.ptr + 1, len);

	*rest = slice_after(text, size_least(len + 2, text.len));
	return code;
}

/* The number of `...` that the text begins with, with only a blank between
 * them. */
static size_t
count_lines(struct slice text)
{
	size_t count = 0;

	while (text.len > 0 && text.ptr[0] == '`') {
		(void)take_code(text, &text);
		count++;
		if (text.len > 1 && text.ptr[0] == ' ' && text.ptr[1] == '`')
			text = slice_after(text, 1);
	}
	return count;
}

/* Is it a directive, which is a line of a configuration, or a word? */
static bool
is_line(struct slice code)
{
	return text_find(code, ' ') < code.len &&
	       (code.len > 40 || code.ptr[code.len - 1] == ';');
}

static struct slice
print_block(FILE *out, struct slice text, size_t count)
{
	fputs("</p>\n<pre class=\"wire copy\">", out);
	for (size_t i = 0; i < count; i++) {
		html_text(out, take_code(text, &text));
		fputc('\n', out);
		if (i + 1 < count && text.len > 0)
			text = slice_after(text, 1);
	}
	fputs("</pre>\n<p>", out);
	return text;
}

void
page_fix_html(FILE *out, const char *fix)
{
	struct slice text = slice_from(fix);

	while (text.len > 0) {
		size_t len = text_find(text, '`'), count;
		struct slice rest, code;

		html_text(out, slice_of(text.ptr, len));
		text = slice_after(text, len);
		if (text.len == 0)
			break;
		count = count_lines(text);
		code = take_code(text, &rest);
		if (count > 1 || is_line(code)) {
			text = print_block(out, text, count);
			continue;
		}
		fputs("<code>", out);
		html_text(out, code);
		fputs("</code>", out);
		text = rest;
	}
	fputs("</p>\n", out);
}

/* ---- the button ---- */

void
page_button_html(struct page *page, const char *label, struct slice policy)
{
	const struct page_form *form = &page->form;
	enum pasted_kind kind = page->result->kind;
	FILE *out = page->out;

	fputs("<form class=\"apply\" method=\"post\" action=\"#answer\">\n",
	      out);
	/* A configuration has become the policy, and is not sent again. */
	if (!page_is_configuration(kind)) {
		html_hidden(out, "paste", form->paste);
		html_hidden(out, "read", form->read);
	}
	html_hidden(out, "url", form->url);
	html_hidden(out, "origin", form->origin);
	html_hidden(out, "method", form->method);
	html_hidden(out, "headers", form->headers);
	html_hidden(out, "as", form->as);
	html_hidden(out, "browser", form->browser);
	if (form->credentials)
		html_hidden(out, "credentials", SLICE("on"));
	if (form->no_cors)
		html_hidden(out, "no-cors", SLICE("on"));
	html_hidden(out, "policy", policy);
	fprintf(out, "<button type=\"submit\">%s</button>\n</form>\n", label);
}
