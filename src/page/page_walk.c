/*
 * The result: the verdict, what is wrong with the policy, and the walk through
 * the exchange, in the words of `corscheck explain`.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "explain/walk.h"
#include "page/html.h"

/* ---- what is wrong with what was sent ---- */

static void
print_faults(const struct page *page)
{
	const struct question_faults *faults = &page->result->faults;
	FILE *out = page->out;

	fputs("<div class=\"verdict blocked\" id=\"fault\">\n<ul>\n", out);
	for (size_t i = 0; i < faults->count; i++) {
		fprintf(out, "<li><a href=\"#%s\">The ",
			page_field_id(faults->at[i].part));
		html_string(out, faults->at[i].text);
		fputs("</a></li>\n", out);
	}
	if (page->result->policy_is_bad)
		fputs("<li><a href=\"#policy\">The policy</a> has errors; they "
		      "stand below.</li>\n",
		      out);
	fputs("</ul>\n</div>\n", out);
}

static void
print_diag(FILE *out, const struct diag *diag)
{
	fprintf(out, "<li class=\"%s\"><strong>%s</strong>",
		severity_name(diag->severity), severity_name(diag->severity));
	if (diag->line > 0)
		fprintf(out, " in line %u", diag->line);
	fputs(": ", out);
	html_string(out, diag->message);
	if (diag->fix != NULL) {
		fputs(" (did you mean <code>", out);
		html_string(out, diag->fix);
		fputs("</code>?)", out);
	}
	fputs(" <code class=\"id\">", out);
	html_string(out, diag->id);
	fputs("</code></li>\n", out);
}

/* A policy of 64K can have thousands of errors: the first are enough. */
static void
print_diags(const struct page *page)
{
	enum { SHOWN = 100 };
	const struct diag_list *diags = page->result->diags;
	size_t total = diag_total(diags);

	if (total == 0)
		return;
	fprintf(page->out, "<h3>%s</h3>\n<ul class=\"diags\">\n",
		page->result->policy_is_bad ? "The policy has errors"
					    : "About the policy");
	for (size_t i = 0; i < total && i < SHOWN; i++)
		print_diag(page->out, diag_at(diags, i));
	if (total > SHOWN)
		fprintf(page->out, "<li>and %zu more</li>\n", total - SHOWN);
	fputs("</ul>\n", page->out);
}

/* ---- the question and the verdict ---- */

/* The call is indented, for a terminal. */
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

static void
print_verdict(void *ctx, const char *word)
{
	static const char *const classes[] = {
	    [VERDICT_UNKNOWN] = "unknown",
	    [VERDICT_ALLOWED] = "allowed",
	    [VERDICT_BLOCKED] = "blocked",
	};
	struct page *page = ctx;
	struct explanation *e = &page->result->e;
	FILE *out = page->out;

	fprintf(out,
		"<div class=\"verdict %s\">\n<p class=\"word\"><strong>%s"
		"</strong>",
		classes[e->verdict], word);
	if (e->reason != NULL)
		fprintf(out, " <code class=\"id\">%s</code>", e->reason);
	fputs("</p>\n", out);
	if (e->message != NULL)
		print_note(page, e->message);
	if (e->fix != NULL) {
		fputs("<p><strong>Fix:</strong> ", out);
		html_marked(out, e->fix);
		fputs("</p>\n", out);
	}
	fputs("</div>\n", out);
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

/* Received bytes, escaped as on the terminal. */
static void
print_bytes(const struct page *page, struct slice bytes)
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
		print_bytes(page, fields->at[i].name);
		fputs(":</b> ", page->out);
		print_bytes(page, fields->at[i].value);
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
		print_bytes(page, e->readable[i]);
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
    .finding = NULL, /* only probe has some */
    .verdict = print_verdict,
};

void
page_walk_html(struct page *page)
{
	struct page_result *result = page->result;
	FILE *out = page->out;

	fprintf(out,
		"<section id=\"result\" aria-labelledby=\"result-title\" "
		"tabindex=\"-1\">\n<h2 id=\"result-title\">%s</h2>\n",
		result->explained ? "What the browser does"
				  : "Something is wrong with the form");
	if (result->explained)
		explain_walk(&result->e, &output, page);
	else
		print_faults(page);
	print_diags(page);
	fputs("</section>\n", out);
}
