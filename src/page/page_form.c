/*
 * The form, with its submitted values.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "page/html.h"

/* An input or a textarea. */
struct field {
	const char *name;
	const char *label;
	const char *hint; /* `code` in it */
	const char *attributes;
};

static const struct field paste_field = {
    "paste", "Paste what you have",
    "A console message, a cURL command, `fetch()`, a HAR file, response "
    "headers, or the lines of a server or program that set them.",
    "rows=\"6\" autocapitalize=\"none\" autocomplete=\"off\" "
    "spellcheck=\"false\" "
    "placeholder=\"Access to fetch at 'https://api...' from origin "
    "'https://app...' has been blocked by CORS policy: ...\""};
static const struct field url_field = {
    "url", "URL", "What the page requests.",
    "type=\"text\" inputmode=\"url\" autocomplete=\"off\" "
    "autocapitalize=\"none\" spellcheck=\"false\" "
    "placeholder=\"https://api.example.net/cgi-bin/report\""};
static const struct field origin_field = {
    "origin", "Origin", "Of the page, or `null`.",
    "type=\"text\" inputmode=\"url\" autocomplete=\"off\" "
    "autocapitalize=\"none\" "
    "spellcheck=\"false\" placeholder=\"https://app.example.com\""};
static const struct field method_field = {
    "method", "Method", "`patch` is not `PATCH`.",
    "type=\"text\" list=\"methods\" autocomplete=\"off\" "
    "autocapitalize=\"none\" spellcheck=\"false\" placeholder=\"GET\""};
static const struct field headers_field = {
    "headers", "Headers that the script sets", "`Name: value`, each in a line.",
    "rows=\"3\" autocapitalize=\"none\" spellcheck=\"false\" "
    "placeholder=\"Content-Type: application/json\""};
static const struct field policy_field = {
    "policy", "Policy",
    "The text of a `corswrap.ini`, 64 KiB at most. Without one the page tells "
    "what the browser sends.",
    "rows=\"10\" wrap=\"off\" autocapitalize=\"none\" spellcheck=\"false\""};

static const struct field *
field_of(enum question_part part)
{
	switch (part) {
	case QUESTION_URL:
		return &url_field;
	case QUESTION_ORIGIN:
		return &origin_field;
	case QUESTION_HEADER:
		return &headers_field;
	case QUESTION_SIZE:
	case QUESTION_HOW:
		break;
	}
	return NULL;
}

const char *
page_field_id(enum question_part part)
{
	const struct field *field = field_of(part);

	return field == NULL ? "ask" : field->name;
}

static bool
is_wrong(const struct page *page, const struct field *field)
{
	const struct page_result *result = page->result;

	if (result == NULL)
		return false;
	for (size_t i = 0; i < result->faults.count; i++)
		if (field_of(result->faults.at[i].part) == field)
			return true;
	return (field == &policy_field && result->policy_is_bad) ||
	       (field == &paste_field && result->paste_fault != NULL);
}

static void
print_label(const struct page *page, const struct field *field)
{
	fprintf(page->out,
		"<div class=\"field\">\n<label for=\"%s\">%s</label>\n"
		"<p class=\"hint\" id=\"%s-hint\">",
		field->name, field->label, field->name);
	html_marked(page->out, field->hint);
	if (field == &origin_field && slice_present(page->own)) {
		fputs(" Empty: this page&#39;s own, <code>", page->out);
		html_text(page->out, page->own);
		fputs("</code>.", page->out);
	}
	fputs("</p>\n", page->out);
}

static void
print_described(const struct page *page, const struct field *field)
{
	fprintf(page->out,
		" id=\"%s\" name=\"%s\" %s "
		"aria-describedby=\"%s%s-hint\"%s",
		field->name, field->name, field->attributes,
		!is_wrong(page, field)	 ? ""
		: field == &policy_field ? "lint "
					 : "fault ",
		field->name,
		is_wrong(page, field) ? " aria-invalid=\"true\"" : "");
}

static void
print_input(const struct page *page, const struct field *field,
	    struct slice value)
{
	print_label(page, field);
	fputs("<input", page->out);
	print_described(page, field);
	fputs(" value=\"", page->out);
	html_text(page->out, value);
	fputs("\">\n</div>\n", page->out);
}

/* HTML, 13.2.6.4.7: browsers drop a line end right after the tag, so one is
 * added. */
static void
print_textarea(const struct page *page, const struct field *field,
	       struct slice value)
{
	print_label(page, field);
	fputs("<textarea", page->out);
	print_described(page, field);
	fputs(">\n", page->out);
	html_text(page->out, value);
	fputs("</textarea>\n</div>\n", page->out);
}

static void
print_methods(const struct page *page)
{
	static const char *const methods[] = {"GET",   "HEAD",	 "POST",
					      "PUT",   "DELETE", "OPTIONS",
					      "PATCH", "QUERY"};

	fputs("<datalist id=\"methods\">", page->out);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		fprintf(page->out, "<option value=\"%s\">", methods[i]);
	fputs("</datalist>\n", page->out);
}

static void
print_options(FILE *out, const char *const *names, size_t count,
	      struct slice chosen)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "<option%s>%s</option>\n",
			slice_eq(slice_from(names[i]), chosen) ? " selected"
							       : "",
			names[i]);
}

static void
print_choices(const struct page *page)
{
	static const char *const browsers[] = {"chromium", "firefox", "safari"};
	static const char *const as[] = {"fetch", "xhr",   "script",
					 "font",  "image", "eventsource"};
	FILE *out = page->out;

	fputs("<div class=\"pair\">\n<div class=\"field\">\n"
	      "<label for=\"browser\">Browser</label>\n"
	      "<select id=\"browser\" name=\"browser\">\n",
	      out);
	print_options(out, browsers, sizeof(browsers) / sizeof(browsers[0]),
		      page->form.browser);
	fputs("</select>\n</div>\n<div class=\"field\">\n"
	      "<label for=\"as\">Requested by</label>\n"
	      "<select id=\"as\" name=\"as\">\n",
	      out);
	print_options(out, as, sizeof(as) / sizeof(as[0]), page->form.as);
	fputs("</select>\n</div>\n</div>\n", out);
}

static void
print_check(FILE *out, const char *name, const char *label, bool checked)
{
	fprintf(out,
		"<div class=\"field check\">\n<input type=\"checkbox\" "
		"id=\"%s\" name=\"%s\" value=\"on\"%s>\n"
		"<label for=\"%s\">",
		name, name, checked ? " checked" : "", name);
	html_marked(out, label);
	fputs("</label>\n</div>\n", out);
}

/* Begin a part that can be folded; open: it is not. */
static void
begin_details(FILE *out, const char *id, const char *summary, bool open)
{
	fprintf(out, "<details id=\"%s\"%s>\n<summary>%s</summary>\n", id,
		open ? " open" : "", summary);
}

static bool
has_more(const struct page *page)
{
	const struct page_form *form = &page->form;

	return form->headers.len > 0 || form->credentials || form->no_cors ||
	       is_wrong(page, &headers_field) ||
	       (form->as.len > 0 && !slice_eq(form->as, SLICE("fetch")) &&
		!slice_eq(form->as, SLICE("empty"))) ||
	       (form->browser.len > 0 &&
		!slice_eq(form->browser, SLICE("chromium")));
}

static void
print_fields(struct page *page)
{
	const struct page_form *form = &page->form;
	FILE *out = page->out;

	fputs("<fieldset>\n<legend>Or fill in the request</legend>\n"
	      "<div class=\"triple\">\n",
	      out);
	print_input(page, &url_field, form->url);
	print_input(page, &origin_field, form->origin);
	print_input(page, &method_field, form->method);
	fputs("</div>\n", out);
	print_methods(page);
	begin_details(out, "more", "Headers, credentials, browser",
		      has_more(page));
	print_textarea(page, &headers_field, form->headers);
	print_check(out, "credentials",
		    "With credentials: `credentials: \"include\"`",
		    form->credentials);
	print_check(out, "no-cors", "Without CORS: `mode: \"no-cors\"`",
		    form->no_cors);
	print_choices(page);
	fputs("</details>\n", out);
	begin_details(out, "policy-part", "corswrap policy",
		      form->policy.len > 0);
	print_textarea(page, &policy_field, form->policy);
	fputs("<div id=\"live\" role=\"status\" aria-live=\"polite\"></div>\n"
	      "</details>\n</fieldset>\n",
	      out);
}

void
page_form_html(struct page *page)
{
	const struct page_form *form = &page->form;
	FILE *out = page->out;

	fputs("<section id=\"request\" aria-labelledby=\"request-title\">\n"
	      "<h2 id=\"request-title\">Your request</h2>\n",
	      out);
	if (page->foreign)
		fputs("<p class=\"warning\"><strong>Note:</strong> another "
		      "site has filled this in. Check it before you "
		      "continue.</p>\n",
		      out);
	fputs("<form id=\"ask\" method=\"post\" action=\"#answer\">\n", out);
	print_textarea(page, &paste_field, form->paste);
	fputs("<p id=\"kind\" role=\"status\" aria-live=\"polite\"></p>\n",
	      out);
	if (slice_present(form->read)) {
		fputs("<input type=\"hidden\" name=\"read\" value=\"", out);
		html_text(out, form->read);
		fputs("\">\n", out);
	}
	print_fields(page);
	fputs(
	    "<div class=\"actions\">\n<button type=\"submit\">Explain"
	    "</button>\n<button type=\"button\" id=\"share\" class=\"second\" "
	    "hidden>Copy a link to this question</button>\n</div>\n"
	    "<p id=\"said\" role=\"status\" aria-live=\"polite\"></p>\n"
	    "</form>\n",
	    out);
	page_examples_html(page);
	fputs("</section>\n", out);
}
