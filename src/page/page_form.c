/*
 * The form, with what was in it.
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

static const struct field url_field = {
    "url", "URL", "What the script asks for.",
    "type=\"text\" inputmode=\"url\" autocomplete=\"off\" "
    "autocapitalize=\"none\" "
    "spellcheck=\"false\" required "
    "placeholder=\"https://api.example.net/cgi-bin/report\""};
static const struct field origin_field = {
    "origin", "Origin", "Of the page that the script is in, or `null`.",
    "type=\"text\" inputmode=\"url\" autocomplete=\"off\" "
    "autocapitalize=\"none\" "
    "spellcheck=\"false\" placeholder=\"https://app.example.com\""};
static const struct field method_field = {
    "method", "Method", "As in `fetch()`; case counts: `patch` is not `PATCH`.",
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
    "rows=\"10\" autocapitalize=\"none\" spellcheck=\"false\""};

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
	return field == &policy_field && result->policy_is_bad;
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
		is_wrong(page, field) ? "fault " : "", field->name,
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

/* HTML, 13.2.6.4.7: a line end right behind the tag is dropped. */
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
	static const char *const methods[] = {
	    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"};

	fputs("<datalist id=\"methods\">", page->out);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		fprintf(page->out, "<option value=\"%s\">", methods[i]);
	fputs("</datalist>\n", page->out);
}

/* Not links: lighttpd takes no line end in a query. */
static const struct example {
	const char *label;
	const char *url;
	const char *origin;
	const char *method;
	const char *headers;
	const char *policy;
	bool credentials;
} examples[] = {
    {"a PUT that is allowed", "https://api.example.net/cgi-bin/report",
     "https://app.example.com", "PUT", "Content-Type: application/json",
     "[cors]\n"
     "origins = https://app.example.com\n"
     "methods = PUT DELETE\n"
     "headers = Content-Type\n"
     "expose  = X-Total-Count\n"
     "max-age = 600\n",
     false},
    {"a GET whose credentials are refused",
     "https://api.example.net/cgi-bin/report", "https://app.example.com", "GET",
     "Authorization: Bearer x",
     "[cors]\n"
     "origins = https://*.example.com\n"
     "headers = Authorization\n",
     true},
};

static void
print_hidden(FILE *out, const char *name, const char *value)
{
	fprintf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_string(out, value);
	fputs("\">\n", out);
}

static void
print_example(FILE *out, const struct example *example)
{
	fputs("<form method=\"post\" action=\"#result\">\n", out);
	print_hidden(out, "url", example->url);
	print_hidden(out, "origin", example->origin);
	print_hidden(out, "method", example->method);
	print_hidden(out, "headers", example->headers);
	print_hidden(out, "policy", example->policy);
	if (example->credentials)
		print_hidden(out, "credentials", "on");
	fprintf(out, "<button type=\"submit\">%s</button>\n</form>\n",
		example->label);
}

static void
print_examples(const struct page *page)
{
	fputs("<div class=\"examples\"><p>See an example:</p>\n", page->out);
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		print_example(page->out, &examples[i]);
	fputs("</div>\n", page->out);
}

void
page_form_html(struct page *page)
{
	const struct page_form *form = &page->form;
	FILE *out = page->out;

	fputs("<section id=\"request\" aria-labelledby=\"request-title\">\n"
	      "<h2 id=\"request-title\">The request</h2>\n",
	      out);
	if (page->foreign)
		fputs("<p class=\"warning\"><strong>Mind:</strong> another "
		      "site has filled this in. Look at it before you go "
		      "on.</p>\n",
		      out);
	print_examples(page);
	fputs("<form id=\"ask\" method=\"post\" action=\"#result\">\n", out);
	print_input(page, &url_field, form->url);
	fputs("<div class=\"pair\">\n", out);
	print_input(page, &origin_field, form->origin);
	print_input(page, &method_field, form->method);
	fputs("</div>\n", out);
	print_methods(page);
	print_textarea(page, &headers_field, form->headers);
	fprintf(out,
		"<div class=\"field check\">\n<input type=\"checkbox\" "
		"id=\"credentials\" name=\"credentials\" value=\"on\"%s>\n"
		"<label for=\"credentials\">With credentials: "
		"<code>credentials: &quot;include&quot;</code></label>\n"
		"</div>\n",
		form->credentials ? " checked" : "");
	print_textarea(page, &policy_field, form->policy);
	fputs("<button type=\"submit\">Explain</button>\n"
	      "</form>\n</section>\n",
	      out);
}
