/*
 * The errors of the policy, line by line: in the result, and separately for
 * the script, which requests them as the user types.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "page/html.h"

/* The place of the fix, in bytes of its line, for the script. */
static void
print_place(FILE *out, const struct diag *diag)
{
	fprintf(out, " data-line=\"%u\"", diag->line);
	if (diag->fix == NULL || diag->column == 0)
		return;
	fprintf(out, " data-column=\"%u\" data-length=\"%u\" data-fix=\"",
		diag->column, diag->length);
	html_string(out, diag->fix);
	fputc('"', out);
}

static void
print_diag(FILE *out, const struct diag *diag)
{
	fprintf(out, "<li class=\"%s\"", severity_name(diag->severity));
	print_place(out, diag);
	fprintf(out, "><strong>%s</strong>", severity_name(diag->severity));
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

/* A policy of 64K can have thousands of errors: the first ones are enough. */
static void
print_diags(const struct page *page)
{
	enum { SHOWN = 100 };
	const struct diag_list *diags = page->result->diags;
	size_t total = diag_total(diags);

	if (total == 0)
		return;
	fputs("<h3>The policy, line by line</h3>\n<ul class=\"diags\">\n",
	      page->out);
	for (size_t i = 0; i < total && i < SHOWN; i++)
		print_diag(page->out, diag_at(diags, i));
	if (total > SHOWN)
		fprintf(page->out, "<li>and %zu more</li>\n", total - SHOWN);
	fputs("</ul>\n", page->out);
}

void
page_lint_html(struct page *page)
{
	fprintf(page->out, "<div id=\"lint\" data-kind=\"%s\">\n",
		page->result->kind == PASTED_UNKNOWN
		    ? ""
		    : pasted_kind_name(page->result->kind));
	print_diags(page);
	fputs("</div>\n", page->out);
}
