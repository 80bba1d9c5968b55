/*
 * The page as a whole: head, landmarks, order.
 *
 * After a POST the result comes first, since that is what was asked for; the
 * form below it has what was sent.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "explain/reference.h"
#include "explain/walk.h"
#include "page/html.h"
#include "page/page_assets.h"

/* ---- head and landmarks ---- */

/* The verdict first, where tabs and screen readers have it. */
static void
print_title(const struct page *page)
{
	const struct page_result *result = page->result;

	fputs("<title>", page->out);
	if (result == NULL)
		;
	else if (!result->explained)
		fputs("Errors - ", page->out);
	else
		fprintf(page->out, "%s - ", explain_verdict_word(&result->e));
	fputs("CORS analyzer</title>\n", page->out);
}

static void
print_head(const struct page *page)
{
	FILE *out = page->out;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" "
	      "content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n",
	      out);
	print_title(page);
	fprintf(out, "<style nonce=\"%s\">\n%s</style>\n</head>\n", page->nonce,
		page_css);
}

static void
print_header(const struct page *page)
{
	FILE *out = page->out;

	fprintf(out,
		"<body>\n<a class=\"skip\" href=\"#%s\">Skip to the %s</a>\n",
		page->result != NULL ? "result" : "request",
		page->result != NULL ? "result" : "form");
	fputs("<header>\n<h1>CORS analyzer</h1>\n"
	      "<p>What a browser does when a page of one origin asks another, "
	      "what <code>corswrap</code> answers under a policy, and why. ",
	      out);
	fputs(page->alone ? "This page sends nothing: all of it runs here."
			  : "This server sends nothing to the URL, and keeps "
			    "nothing.",
	      out);
	fputs("</p>\n<nav aria-label=\"Parts of this page\"><ul>\n", out);
	if (page->result != NULL)
		fputs("<li><a href=\"#result\">Result</a></li>\n", out);
	if (page_may_try(page))
		fputs("<li><a href=\"#try\">Try it</a></li>\n", out);
	fputs("<li><a href=\"#request\">Request</a></li>\n"
	      "<li><a href=\"#reference\">Reference</a></li>\n"
	      "</ul></nav>\n</header>\n",
	      out);
}

/* ---- the reference, below the rest ---- */

static void
print_columns(FILE *out, const struct reference_section *s)
{
	fputs("<thead><tr>", out);
	for (size_t i = 0; i < s->column_count; i++) {
		fputs("<th scope=\"col\">", out);
		html_marked(out, s->columns[i].title);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n", out);
}

/* On narrow screens the columns' titles stand before the cells (page.css). */
static void
print_row(FILE *out, const struct reference_section *s, size_t row)
{
	fputs("<tr>", out);
	for (size_t i = 0; i < s->column_count; i++) {
		fputs("<td data-title=\"", out);
		html_string(out, s->columns[i].title);
		fputs("\">", out);
		html_marked(out, s->rows[row][i]);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void
print_section(FILE *out, const struct reference_section *s)
{
	fprintf(out, "<h3 id=\"ref-%s\">", s->id);
	html_marked(out, s->title);
	fputs("</h3>\n", out);
	if (s->text != NULL) {
		fputs("<p>", out);
		html_marked(out, s->text);
		fputs("</p>\n", out);
	}
	fprintf(out, "<table aria-labelledby=\"ref-%s\">\n", s->id);
	print_columns(out, s);
	fputs("<tbody>\n", out);
	for (size_t i = 0; i < s->row_count; i++)
		print_row(out, s, i);
	fputs("</tbody>\n</table>\n", out);
}

static void
print_reference(const struct page *page)
{
	fputs("<section id=\"reference\" aria-labelledby=\"reference-title\">\n"
	      "<h2 id=\"reference-title\">Reference</h2>\n",
	      page->out);
	for (size_t i = 0; i < reference_section_count; i++)
		print_section(page->out, &reference_sections[i]);
	fputs("</section>\n", page->out);
}

/* ---- the whole ---- */

bool
page_may_try(const struct page *page)
{
	return page->result != NULL && page->result->explained && !page->alone;
}

void
page_html(struct page *page)
{
	print_head(page);
	print_header(page);
	fputs("<main>\n", page->out);
	if (page->result != NULL)
		page_walk_html(page);
	if (page_may_try(page))
		page_try_html(page);
	page_form_html(page);
	print_reference(page);
	fputs("</main>\n"
	      "<footer><p>corscheck " PACKAGE_VERSION ": <code>corscheck "
	      "explain</code> says the same on a terminal, <code>corscheck "
	      "probe</code> asks a live server.</p></footer>\n",
	      page->out);
	if (page_may_try(page))
		fprintf(page->out, "<script nonce=\"%s\">\n%s</script>\n",
			page->nonce, page_js);
	fputs("</body>\n</html>\n", page->out);
}
