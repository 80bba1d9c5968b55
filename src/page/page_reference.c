/*
 * The reference: a page of its own (?part=reference), since users with a
 * question do not want to read it first.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "explain/reference.h"
#include "page/html.h"

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

/* On narrow screens the columns' titles are before the cells (page.css). */
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

void
page_reference_html(struct page *page)
{
	fputs("<section id=\"reference\" aria-labelledby=\"reference-title\">\n"
	      "<h2 id=\"reference-title\">Reference</h2>\n",
	      page->out);
	for (size_t i = 0; i < reference_section_count; i++)
		print_section(page->out, &reference_sections[i]);
	fputs("</section>\n", page->out);
}
