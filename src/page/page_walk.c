/*
 * The walk through the exchange, in the words of `corscheck explain`; folded,
 * since most users only want the verdict.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "explain/walk.h"
#include "page/html.h"

/* ---- the question ---- */

/* Write the call without the indentation that it has for a terminal. */
static void
print_call(const struct page *page, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t blanks = strspn(text, " ");

		if (blanks > 4)
			blanks = 4;
		html_text(page->out, slice_of(text + blanks, len - blanks));
		text += len;
		if (*text == '\n') {
			fputc('\n', page->out);
			text++;
		}
	}
}

static void
print_question(void *ctx, const char *who, const char *call)
{
	struct page *page = ctx;

	fputs("<p class=\"question\">", page->out);
	html_string(page->out, who);
	fputs(" calls:</p>\n<pre class=\"wire\">", page->out);
	print_call(page, call);
	fputs("</pre>\n", page->out);
}

static void
print_note(void *ctx, const char *text)
{
	struct page *page = ctx;

	fputs("<p>", page->out);
	html_string(page->out, text);
	fputs("</p>\n", page->out);
}

/* The verdict and the findings are above the walk (page_verdict.c). */
static void
skip_verdict(void *ctx, const char *word)
{
	(void)ctx;
	(void)word;
}

static void
skip_finding(void *ctx, const struct finding *finding)
{
	(void)ctx;
	(void)finding;
}

/* ---- the walk ---- */

static void
print_heading(void *ctx, const char *text)
{
	struct page *page = ctx;

	fputs("<h3>", page->out);
	html_string(page->out, text);
	fputs("</h3>\n", page->out);
}

static void
print_responder(void *ctx, const char *text)
{
	struct page *page = ctx;

	fputs("<p class=\"by\">", page->out);
	html_marked(page->out, text);
	fputs("</p>\n", page->out);
}

static void
print_list(void *ctx, const struct texts *texts)
{
	struct page *page = ctx;

	if (texts->count == 0)
		return;
	fputs("<ul>\n", page->out);
	for (size_t i = 0; i < texts->count; i++) {
		fputs("<li>", page->out);
		html_string(page->out, texts->at[i]);
		fputs("</li>\n", page->out);
	}
	fputs("</ul>\n", page->out);
}

void
page_bytes_html(struct page *page, struct slice bytes)
{
	html_string(page->out, explain_quote(&page->result->e, bytes));
}

static void
print_head(void *ctx, char direction, const char *first,
	   const struct fetch_fields *fields)
{
	struct page *page = ctx;

	(void)direction;
	if (first == NULL && fields->count == 0)
		return;
	fputs("<pre class=\"wire\">", page->out);
	if (first != NULL) {
		html_string(page->out, first);
		fputc('\n', page->out);
	}
	for (size_t i = 0; i < fields->count; i++) {
		fputs("<b>", page->out);
		page_bytes_html(page, fields->at[i].name);
		fputs(":</b> ", page->out);
		page_bytes_html(page, fields->at[i].value);
		fputc('\n', page->out);
	}
	fputs("</pre>\n", page->out);
}

static void
print_checks(void *ctx, const struct checks *checks)
{
	struct page *page = ctx;

	if (checks->count == 0)
		return;
	fputs("<ul class=\"checks\">\n", page->out);
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->at[i];
		fprintf(page->out, "<li><strong class=\"%s\">%s</strong> ",
			check->passes ? "pass" : "fail",
			check->passes ? "pass" : "FAIL");
		fputs("<span>", page->out);
		html_string(page->out, check->text);
		fputs("</span></li>\n", page->out);
	}
	fputs("</ul>\n", page->out);
}

static void
print_readable(void *ctx, const char *before, const char *behind)
{
	struct page *page = ctx;
	const struct explanation *e = &page->result->e;

	fputs("<p>", page->out);
	html_string(page->out, before);
	for (size_t i = 0; i < e->readable_count; i++) {
		fputs(i > 0 ? ", <code>" : " <code>", page->out);
		page_bytes_html(page, e->readable[i]);
		fputs("</code>", page->out);
	}
	fprintf(page->out, "%s</p>\n", behind);
}

static const struct walk_output output = {
    .verdict_first = true,
    .question = print_question,
    .heading = print_heading,
    .responder = print_responder,
    .list = print_list,
    .head = print_head,
    .checks = print_checks,
    .note = print_note,
    .readable = print_readable,
    .finding = skip_finding,
    .verdict = skip_verdict,
};

void
page_walk_html(struct page *page)
{
	fputs("<details class=\"walk\">\n<summary>Step by step: what is sent, "
	      "and what the browser checks</summary>\n",
	      page->out);
	explain_walk(&page->result->e, &output, page);
	fputs("</details>\n", page->out);
}
