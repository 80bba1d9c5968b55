/*
 * "Try it": the user's own browser sends the request, and its result is shown
 * beside the prediction.
 *
 * The button is hidden until the script (page.js) shows it; its values are in
 * data attributes, so that user input is never part of a script.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "page/html.h"

/* ---- JSON, for the script ---- */

/* A ByteString of Web IDL: each byte is a character. */
static void
print_json(FILE *out, struct slice bytes)
{
	fputs("&quot;", out);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c < ' ' || c >= 0x7f || strchr("\"\\<>&'", c) != NULL)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputs("&quot;", out);
}

static void
print_headers(FILE *out, const struct fetch_fields *fields)
{
	fputs(" data-headers=\"[", out);
	for (size_t i = 0; i < fields->count; i++) {
		fputs(i == 0 ? "[" : ",[", out);
		print_json(out, fields->at[i].name);
		fputc(',', out);
		print_json(out, fields->at[i].value);
		fputc(']', out);
	}
	fputs("]\"", out);
}

static void
print_data(FILE *out, const char *name, struct slice value)
{
	fprintf(out, " data-%s=\"", name);
	html_text(out, value);
	fputc('"', out);
}

/* The URL for fetch(): as the browser would write it, unless that removes
 * the part that fetch() throws for. */
static void
print_call(const struct page *page)
{
	const struct question *q = &page->result->e.question;

	print_data(page->out, "url",
		   q->url.has_userinfo ? page->form.url : q->url.full);
	print_data(page->out, "method", q->method);
	print_data(page->out, "credentials",
		   q->credentials ? SLICE("include") : SLICE("same-origin"));
	print_headers(page->out, &q->headers);
	if (slice_present(page->own))
		print_data(page->out, "origin", page->own);
	/* "no": the browser blocks the request before it is sent. */
	print_data(page->out, "sent",
		   page->result->own_explained && page->result->own.stopped
		       ? SLICE("no")
		       : SLICE("yes"));
}

/* ---- the prediction for a page of this origin ---- */

static const struct explanation *
prediction(const struct page *page)
{
	const struct page_result *result = page->result;

	if (!result->own_explained || result->own.verdict == VERDICT_UNKNOWN)
		return NULL;
	return &result->own;
}

static void
print_prediction(const struct page *page)
{
	const struct explanation *e = prediction(page);
	FILE *out = page->out;

	if (e == NULL) {
		fputs("unknown", out);
		return;
	}
	fputs(e->verdict == VERDICT_ALLOWED ? "allowed" : "blocked", out);
	if (e->reason != NULL)
		fprintf(out, " <code class=\"id\">%s</code>", e->reason);
}

static void
print_status(const struct page *page)
{
	const struct explanation *e = prediction(page);

	if (e == NULL || e->verdict != VERDICT_ALLOWED)
		fputs("none", page->out);
	else if (e->response.status == 0)
		fputs("the application&#39;s own", page->out);
	else
		fprintf(page->out, "%d", e->response.status);
}

static void
print_names(const struct page *page)
{
	const struct explanation *e = prediction(page);

	if (e == NULL || !e->has_readable || e->readable_count == 0) {
		fputs("none", page->out);
		return;
	}
	for (size_t i = 0; i < e->readable_count; i++) {
		fputs(i == 0 ? "<code>" : " <code>", page->out);
		html_text(page->out, e->readable[i]);
		fputs("</code>", page->out);
	}
}

static void
print_table(const struct page *page)
{
	FILE *out = page->out;

	fputs("<table class=\"compare\">\n"
	      "<caption>Prediction and outcome, for a page of ",
	      out);
	if (slice_present(page->own)) {
		fputs("<code>", out);
		html_text(out, page->own);
		fputs("</code>", out);
	} else {
		fputs("this origin", out);
	}
	fputs("</caption>\n<thead><tr><th scope=\"col\">What</th>"
	      "<th scope=\"col\">Prediction</th>"
	      "<th scope=\"col\">This browser</th></tr></thead>\n"
	      "<tbody>\n<tr><th scope=\"row\">Outcome</th><td>",
	      out);
	print_prediction(page);
	fputs("</td><td id=\"got-outcome\">not sent yet</td></tr>\n"
	      "<tr><th scope=\"row\">Status</th><td>",
	      out);
	print_status(page);
	fputs("</td><td id=\"got-status\">-</td></tr>\n"
	      "<tr><th scope=\"row\">Headers that the script can read</th>"
	      "<td>",
	      out);
	print_names(page);
	fputs("</td><td id=\"got-names\">-</td></tr>\n</tbody>\n</table>\n",
	      out);
}

/* ---- the whole ---- */

/* Warn if the request that the button sends can change something. */
static void
print_warning(const struct page *page)
{
	const struct page_result *result = page->result;
	const struct explanation *e =
	    result->own_explained ? &result->own : &result->e;
	struct slice method = e->plan.method;

	if (!e->sent || slice_eq(method, SLICE("GET")) ||
	    slice_eq(method, SLICE("HEAD")) ||
	    slice_eq(method, SLICE("OPTIONS")))
		return;
	fputs("<p class=\"warning\"><strong>Note:</strong> a ", page->out);
	html_text(page->out, method);
	fputs(e->plan.preflight && !e->preflight_passes
		  ? " may change something there, and if the preflight passes "
		    "it runs, even if its response is then blocked.</p>\n"
		  : " may change something there, and it runs even if its "
		    "response is then blocked.</p>\n",
	      page->out);
}

void
page_try_html(struct page *page)
{
	const struct page_result *result = page->result;
	const struct explanation *e = prediction(page);
	FILE *out = page->out;

	fputs("<details id=\"try\">\n<summary>Try it in this "
	      "browser</summary>\n"
	      "<p>Your browser sends the request from this page, so with this "
	      "page&#39;s origin",
	      out);
	if (slice_present(page->own) &&
	    !slice_eq(page->own, result->e.question.origin))
		fputs(" and not with the one above; the prediction in the "
		      "table is for this one",
		      out);
	fputs(". Whatever goes wrong, a script learns only that it failed; the "
	      "browser&#39;s console (F12) says why.</p>\n",
	      out);
	print_warning(page);
	fputs("<noscript><p>This part needs JavaScript. All else works "
	      "without.</p></noscript>\n<div id=\"trial\" hidden>\n"
	      "<button type=\"button\" id=\"send\"",
	      out);
	print_call(page);
	print_data(out, "verdict",
		   e == NULL			   ? SLICE("")
		   : e->verdict == VERDICT_ALLOWED ? SLICE("allowed")
						   : SLICE("blocked"));
	fputs(">Send it now</button>\n"
	      "<p id=\"outcome\" role=\"status\" aria-live=\"polite\"></p>\n",
	      out);
	print_table(page);
	fputs("</div>\n</details>\n", out);
}
