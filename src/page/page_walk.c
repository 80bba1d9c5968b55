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

#include "page/html.h"

/* ---- what is wrong with what was sent ---- */

static void
print_wrong(const struct page *page)
{
	FILE *out = page->out;

	fputs("<div class=\"verdict blocked\" id=\"fault\">\n<ul>\n", out);
	if (page->result->wrong != NULL) {
		fprintf(out, "<li><a href=\"#%s\">The ",
			page_wrong_field(page->result->wrong));
		html_string(out, page->result->wrong);
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

/* A policy of 64K may have many; who mends the first sees the others then. */
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
print_question(const struct page *page, struct explanation *e)
{
	fputs("<p class=\"question\">", page->out);
	html_string(page->out, explain_say_page(e));
	fputs(" calls:</p>\n<pre class=\"wire\">", page->out);
	print_call(page, explain_say_call(e));
	fputs("</pre>\n", page->out);
}

static void
print_verdict(const struct page *page)
{
	static const char *const classes[] = {
	    [VERDICT_UNKNOWN] = "unknown",
	    [VERDICT_ALLOWED] = "allowed",
	    [VERDICT_BLOCKED] = "blocked",
	};
	struct explanation *e = &page->result->e;
	FILE *out = page->out;

	fprintf(out,
		"<div class=\"verdict %s\">\n<p class=\"word\"><strong>%s"
		"</strong>",
		classes[e->verdict], explain_say_verdict(e));
	if (e->reason != NULL)
		fprintf(out, " <code class=\"id\">%s</code>", e->reason);
	fputs("</p>\n", out);
	if (e->message != NULL) {
		fputs("<p>", out);
		html_string(out, e->message);
		fputs("</p>\n", out);
	}
	if (e->fix != NULL) {
		fputs("<p><strong>Fix:</strong> ", out);
		html_marked(out, e->fix);
		fputs("</p>\n", out);
	}
	fputs("</div>\n", out);
}

/* ---- the walk ---- */

static void
print_heading(const struct page *page, const char *text)
{
	fputs("<h3>", page->out);
	html_string(page->out, text);
	fputs("</h3>\n", page->out);
}

/* Bytes of others, as the terminal shows them. */
static void
print_bytes(const struct page *page, struct explanation *e, struct slice bytes)
{
	html_string(page->out, explain_quote(e, bytes));
}

static void
print_fields(const struct page *page, struct explanation *e,
	     const struct fetch_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		fputs("<b>", page->out);
		print_bytes(page, e, fields->at[i].name);
		fputs(":</b> ", page->out);
		print_bytes(page, e, fields->at[i].value);
		fputc('\n', page->out);
	}
}

static void
print_request(const struct page *page, struct explanation *e,
	      struct slice method, const struct fetch_fields *fields)
{
	fputs("<pre class=\"wire\">", page->out);
	print_bytes(page, e, method);
	fputc(' ', page->out);
	print_bytes(page, e, e->question.url.target);
	fputs("\n<b>Host:</b> ", page->out);
	print_bytes(page, e, e->question.url.authority);
	fputc('\n', page->out);
	print_fields(page, e, fields);
	fputs("</pre>\n", page->out);
}

static void
print_checks(const struct page *page, const struct checks *checks)
{
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
print_answer(const struct page *page, struct explanation *e,
	     const struct answer *answer, const struct checks *checks)
{
	if (!answer->known)
		return;
	fputs("<p class=\"by\">", page->out);
	html_marked(page->out, explain_say_by(e, answer));
	fputs("</p>\n", page->out);
	if (answer->status != 0 || answer->fields.count > 0) {
		fputs("<pre class=\"wire\">", page->out);
		if (answer->status != 0)
			fprintf(page->out, "%d\n", answer->status);
		print_fields(page, e, &answer->fields);
		fputs("</pre>\n", page->out);
	}
	print_checks(page, checks);
}

static void
print_why(const struct page *page, struct explanation *e)
{
	print_heading(page, explain_say_way(e));
	if (e->why.count == 0)
		return;
	fputs("<ul>\n", page->out);
	for (size_t i = 0; i < e->why.count; i++) {
		fputs("<li>", page->out);
		html_string(page->out, e->why.at[i]);
		fputs("</li>\n", page->out);
	}
	fputs("</ul>\n", page->out);
}

static void
print_preflight(const struct page *page, struct explanation *e)
{
	print_request(page, e, SLICE("OPTIONS"), &e->preflight_request);
	print_answer(page, e, &e->preflight, &e->preflight_checks);
	if (e->kept == NULL)
		return;
	fputs("<p>", page->out);
	html_string(page->out, e->kept);
	fputs("</p>\n", page->out);
}

static void
print_readable(const struct page *page, struct explanation *e)
{
	FILE *out = page->out;

	if (!e->has_readable)
		return;
	fputs("<p>", out);
	html_string(out, explain_say_readable());
	for (size_t i = 0; i < e->readable_count; i++) {
		fputs(i > 0 ? ", <code>" : " <code>", out);
		print_bytes(page, e, e->readable[i]);
		fputs("</code>", out);
	}
	fprintf(out, "%s</p>\n", explain_say_readable_end(e));
}

static void
print_walk(const struct page *page, struct explanation *e)
{
	if (!explain_is_refused(e)) {
		print_why(page, e);
		if (e->plan.preflight)
			print_preflight(page, e);
	}
	print_heading(page, explain_say_request(e));
	if (!e->sent)
		return;
	print_request(page, e, e->plan.method, &e->request);
	print_answer(page, e, &e->answer, &e->request_checks);
	print_readable(page, e);
}

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
	if (result->explained) {
		print_question(page, &result->e);
		print_verdict(page);
		print_walk(page, &result->e);
	} else {
		print_wrong(page);
	}
	print_diags(page);
	fputs("</section>\n", out);
}
