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

#include "page/html.h"
#include "page/page_assets.h"

/* The verdict first, where tabs and screen readers have it. */
static void
print_title(const struct page *page)
{
	const struct page_result *result = page->result;

	fputs("<title>", page->out);
	if (result == NULL)
		;
	else if (result->wrong != NULL || result->policy_is_bad)
		fputs("Errors - ", page->out);
	else
		fprintf(page->out, "%s - ", explain_say_verdict(&result->e));
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
	      "what <code>corswrap</code> answers under a policy, and why. "
	      "This server sends nothing to the URL, and keeps nothing.</p>\n"
	      "<nav aria-label=\"Parts of this page\"><ul>\n",
	      out);
	if (page->result != NULL)
		fputs("<li><a href=\"#result\">Result</a></li>\n", out);
	if (page_may_try(page))
		fputs("<li><a href=\"#try\">Try it</a></li>\n", out);
	fputs("<li><a href=\"#request\">Request</a></li>\n"
	      "<li><a href=\"#reference\">Reference</a></li>\n"
	      "</ul></nav>\n</header>\n",
	      out);
}

bool
page_may_try(const struct page *page)
{
	return page->result != NULL && page->result->explained;
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
	page_reference_html(page);
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
