/*
 * The page as a whole: head, landmarks, order.
 *
 * After a POST the result comes first; the form below it has the submitted
 * values.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "explain/walk.h"
#include "page/page_assets.h"

/* ---- head and landmarks ---- */

/* The verdict first, for browser tabs and screen readers. */
static void
print_title(const struct page *page)
{
	const struct page_result *result = page->result;
	bool wrong = result != NULL &&
		     (result->faults.count > 0 || result->policy_is_bad ||
		      result->paste_fault != NULL);

	fputs("<title>", page->out);
	if (page->form.part == PAGE_REFERENCE)
		fputs("Reference - ", page->out);
	else if (result != NULL && result->explained)
		fprintf(page->out, "%s - ", explain_verdict_word(&result->e));
	else if (wrong)
		fputs("Errors - ", page->out);
	else if (result != NULL)
		fputs("Result - ", page->out);
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

/* The first part of the page, the target of the skip link. */
static const char *
first_part(const struct page *page)
{
	if (page->form.part == PAGE_REFERENCE)
		return "reference";
	return page->result != NULL ? "answer" : "request";
}

static void
print_header(const struct page *page)
{
	const char *first = first_part(page);
	FILE *out = page->out;

	fprintf(out,
		"<body>\n<a class=\"skip\" href=\"#%s\">Skip to the "
		"%s</a>\n<header>\n<h1>CORS analyzer</h1>\n",
		first, strcmp(first, "request") == 0 ? "form" : first);
	if (page->result == NULL && page->form.part != PAGE_REFERENCE)
		fputs("<p>Why does the browser block a request, and which line "
		      "must change?</p>\n",
		      out);
	fputs("<nav aria-label=\"Pages\"><ul>\n", out);
	fputs(page->form.part == PAGE_REFERENCE
		  ? "<li><a href=\"?\">New question</a></li>\n"
		  : "<li><a href=\"?\">New question</a></li>\n"
		    "<li><a href=\"?part=reference\">Reference</a></li>"
		    "\n",
	      out);
	fputs("</ul></nav>\n</header>\n", out);
}

/* ---- the whole ---- */

static void
print_main(struct page *page)
{
	fputs("<main>\n", page->out);
	if (page->form.part == PAGE_REFERENCE) {
		page_reference_html(page);
	} else {
		if (page->result != NULL)
			page_answer_html(page);
		page_form_html(page);
	}
	fputs("</main>\n", page->out);
}

void
page_html(struct page *page)
{
	print_head(page);
	print_header(page);
	print_main(page);
	fputs("<footer><p>", page->out);
	fputs(page->alone ? "This page sends nothing: all of it runs here."
			  : "This server sends nothing to the URL, and keeps "
			    "nothing.",
	      page->out);
	fputs(
	    "</p>\n<p>corscheck " PACKAGE_VERSION
	    ": <code>corscheck explain</code> says the same on a terminal, "
	    "<code>corscheck probe</code> tests a live server.</p></footer>\n",
	    page->out);
	if (page->form.part != PAGE_REFERENCE)
		fprintf(page->out, "<script nonce=\"%s\">\n%s</script>\n",
			page->nonce, page_js);
	fputs("</body>\n</html>\n", page->out);
}
