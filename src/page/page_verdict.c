/*
 * The result: the verdict, its cause, the lines to change, and a button that
 * changes them; then other findings.  The steps are folded (page_walk.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "base/text.h"
#include "explain/cures.h"
#include "explain/help.h"
#include "explain/walk.h"
#include "page/html.h"

/* ---- pieces ---- */

static void
print_paragraph(FILE *out, const char *class, const char *text)
{
	fprintf(out, "<p class=\"%s\">", class);
	html_marked(out, text);
	fputs("</p>\n", out);
}

/* The lines that a replacement of the policy changes, as in a patch. */
static void
print_changes(struct page *page, const struct page_edit *edit)
{
	FILE *out = page->out;

	fputs("<pre class=\"wire patch\">", out);
	for (size_t i = 0; i < edit->count; i++) {
		const struct line_change *c = &edit->changes[i];

		if (slice_present(c->before)) {
			fprintf(out, "<del>%3u - ", c->line);
			html_text(out, c->before);
			fputs("</del>\n", out);
		}
		fprintf(out, "<ins>%3u + ", c->line);
		html_text(out, c->after);
		fputs("</ins>\n", out);
	}
	fputs("</pre>\n", out);
}

static void
print_edit(struct page *page, const struct page_edit *edit, const char *label)
{
	if (!slice_present(edit->text))
		return;
	print_changes(page, edit);
	page_button_html(page, label, edit->text);
}

/* ---- the request ---- */

static void
print_kind(const struct page *page)
{
	const struct page_result *result = page->result;
	FILE *out = page->out;

	if (result->kind == PASTED_UNKNOWN)
		return;
	fprintf(out, "<p class=\"kind\">You pasted <strong>%s</strong>.",
		pasted_kind_name(result->kind));
	if (result->by_response)
		fputs(" The response in it is judged.", out);
	else if (result->import_notes != NULL && result->explained)
		fputs(" It is judged as the policy that it becomes, below.",
		      out);
	fputs("</p>\n", out);
}

/* Assumed values, with links to their fields. */
static void
print_assumed(const struct page *page)
{
	const struct page_assumed *assumed = &page->result->assumed;
	const struct question *q = &page->result->e.question;
	FILE *out = page->out;

	if (assumed->origin) {
		fputs("<p class=\"assumed\">What you pasted does not name the "
		      "page&#39;s origin. Assumed: <code>",
		      out);
		html_text(out, q->origin);
		fputs("</code> (<a href=\"#origin\">change it</a>).</p>\n",
		      out);
	}
	if (assumed->method)
		fputs("<p class=\"assumed\">It does not name the method. "
		      "Assumed: <code>PUT</code> (<a href=\"#method\">change "
		      "it</a>).</p>\n",
		      out);
	if (assumed->url)
		fputs("<p class=\"assumed\">It does not name the <a "
		      "href=\"#url\">URL</a>: what browsers block beside CORS "
		      "(http in a page of https, local networks) is not "
		      "looked at.</p>\n",
		      out);
}

static void
print_question(struct page *page)
{
	const struct page_result *result = page->result;
	struct explanation *e = &page->result->e;

	fputs("<p class=\"question\"><code>", page->out);
	page_bytes_html(page, e->question.method);
	if (!result->assumed.url) {
		fputc(' ', page->out);
		page_bytes_html(page, e->question.url.full);
	}
	fputs("</code> from a page of <code>", page->out);
	page_bytes_html(page, e->question.origin);
	fprintf(page->out, "</code>%s</p>\n",
		e->question.credentials ? ", with credentials" : "");
}

/* ---- the verdict ---- */

static const char *const classes[] = {
    [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_ALLOWED] = "allowed",
    [VERDICT_BLOCKED] = "blocked",
};

/* The cause, for people who do not know the id. */
static void
print_cause(struct page *page)
{
	const struct page_result *result = page->result;
	const struct explanation *e = &result->e;
	const struct help_entry *help =
	    e->reason == NULL ? NULL : help_find(slice_from(e->reason));

	fputs("<p class=\"cause\">", page->out);
	if (result->message != NULL && e->message == result->message->cause)
		html_string(page->out, e->message);
	else if (help != NULL)
		html_text(page->out, help_cause(help));
	fputs("</p>\n", page->out);
}

/* ---- the lines for each server ---- */

static const struct {
	enum server_kind kind;
	const char *name;
} servers[] = {
    {SERVER_NGINX, "nginx"},	   {SERVER_APACHE, "Apache (.htaccess)"},
    {SERVER_EXPRESS, "Express"},   {SERVER_CADDY, "Caddy"},
    {SERVER_LIGHTTPD, "lighttpd"}, {SERVER_IIS, "IIS"},
    {SERVER_S3, "Amazon S3"},	   {SERVER_CLOUDFRONT, "CloudFront"},
};

static void
begin_server(FILE *out, const char *name)
{
	fprintf(out,
		"<details class=\"server\" name=\"server\">"
		"<summary>%s</summary>\n<p>",
		name);
}

/* The headers themselves, for a program that sends them. */
static void
print_raw(struct page *page)
{
	const struct explanation *e = &page->result->e;
	const struct fetch_plan *plan = &e->plan;
	FILE *out = page->out;

	fputs("<pre class=\"wire copy\">", out);
	for (int preflight = plan->preflight; preflight >= 0; preflight--) {
		fputs(preflight ? "To OPTIONS, with status 204:\n"
		      : plan->preflight
			  ? "\nTo the request itself, on every status:\n"
			  : "On every status:\n",
		      out);
		fputs("Access-Control-Allow-Origin: ", out);
		page_bytes_html(page, e->question.origin);
		fputs("\nVary: Origin\n", out);
		if (e->question.credentials)
			fputs("Access-Control-Allow-Credentials: true\n", out);
		if (!preflight)
			break;
		fputs("Access-Control-Allow-Methods: ", out);
		page_bytes_html(page, plan->method);
		fputc('\n', out);
		if (slice_present(plan->asked)) {
			fputs("Access-Control-Allow-Headers: ", out);
			page_bytes_html(page, plan->asked);
			fputc('\n', out);
		}
	}
	fputs("</pre>\n", out);
}

/* If the server is unknown, the lines for each: the user knows which it is.
 * False: there are no lines. */
static bool
print_servers(struct page *page)
{
	struct page_result *result = page->result;
	struct explanation *e = &result->e;
	FILE *out = page->out;
	bool begun = false;

	if (e->verdict != VERDICT_BLOCKED || e->reason == NULL ||
	    result->by_response || result->settings != NULL)
		return false;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		const char *cure = cures_find(e, servers[i].kind, e->reason);

		if (cure == NULL)
			continue;
		if (!begun)
			fputs("<p><strong>Fix:</strong> change the server that "
			      "responds. Which one is it?</p>\n"
			      "<div class=\"servers\">\n",
			      out);
		begun = true;
		begin_server(out, servers[i].name);
		page_fix_html(out, cure);
		fputs("</details>\n", out);
	}
	if (begun) {
		begin_server(out, "Other: the headers");
		fputs("PHP, Python, Java, any other program or server: send "
		      "these, each once.</p>\n",
		      out);
		print_raw(page);
		fputs("</details>\n", out);
		begin_server(out, "corswrap");
		page_fix_html(out, e->fix);
		fputs("</details>\n</div>\n", out);
	}
	return begun;
}

static void
print_fix(struct page *page)
{
	const char *fix = page->result->e.fix;

	if (fix == NULL || print_servers(page))
		return;
	fputs("<div class=\"fix\"><p><strong>Fix:</strong> ", page->out);
	page_fix_html(page->out, fix);
	fputs("</div>\n", page->out);
}

static void
print_verdict(struct page *page)
{
	struct explanation *e = &page->result->e;
	FILE *out = page->out;

	fprintf(out,
		"<div class=\"verdict %s\">\n<h2 id=\"answer-title\">"
		"<strong>%s</strong>",
		classes[e->verdict], explain_verdict_word(e));
	if (e->reason != NULL)
		fprintf(out, " <code class=\"id\">%s</code>", e->reason);
	fputs("</h2>\n", out);
	print_question(page);
	print_cause(page);
	if (e->message != NULL &&
	    (page->result->message == NULL ||
	     e->message != page->result->message->cause)) {
		fputs("<p class=\"message\">", out);
		html_string(out, e->message);
		fputs("</p>\n", out);
	}
	print_fix(page);
	print_edit(page, &page->result->fix, "Apply this fix to the policy");
	fputs("</div>\n", out);
}

/* ---- without a known response ---- */

/* Write a word of a shell command, in quotes. */
static void
print_word(FILE *out, struct slice text)
{
	fputs("&#39;", out);
	while (text.len > 0) {
		size_t len = text_find(text, '\'');

		html_text(out, slice_of(text.ptr, len));
		if (len < text.len)
			fputs("&#39;\\&#39;&#39;", out);
		text = slice_after(text, len + 1);
	}
	fputs("&#39;", out);
}

/* The command for the preflight, whose response shows most; without one for the
 * request. */
static void
print_command(struct page *page)
{
	const struct explanation *e = &page->result->e;
	const struct fetch_fields *fields =
	    e->plan.preflight ? &e->preflight_request : &e->request;
	FILE *out = page->out;

	fputs("<pre class=\"wire copy\">curl -i ", out);
	if (e->plan.preflight) {
		fputs("-X OPTIONS ", out);
	} else if (!slice_eq(e->plan.method, SLICE("GET"))) {
		fputs("-X ", out);
		print_word(out, e->plan.method);
		fputc(' ', out);
	}
	print_word(out, e->question.url.href);
	for (size_t i = 0; i < fields->count; i++) {
		struct slice parts[] = {fields->at[i].name, SLICE(": "),
					fields->at[i].value};
		const char *line = arena_join(page->arena, parts, 3);

		fputs(" -H ", out);
		print_word(out, slice_from(line));
	}
	fputs("</pre>\n", out);
}

static void
print_next_step(struct page *page)
{
	const struct page_result *result = page->result;
	const struct explanation *e = &result->e;

	if (e->verdict != VERDICT_UNKNOWN || e->stopped ||
	    !e->plan.cross_origin || result->message != NULL)
		return;
	fputs("<h3>What is the response of the server?</h3>\n<p>Run this, and "
	      "paste "
	      "what it prints, command and response together; or paste the "
	      "message of the browser&#39;s console (F12); or write the "
	      "server&#39;s policy into the form.</p>\n",
	      page->out);
	print_command(page);
}

/* ---- other findings ---- */

static void
print_message(struct page *page)
{
	const struct message *m = page->result->message;
	FILE *out = page->out;

	if (m == NULL ||
	    (page->result->explained && page->result->e.message == m->cause))
		return;
	fputs("<div class=\"verdict unknown\">\n<h3>What the message "
	      "means</h3>\n",
	      out);
	print_paragraph(out, "cause", m->cause);
	fputs("<p><strong>Fix:</strong> ", out);
	page_fix_html(out, m->fix);
	fputs("</div>\n", out);
}

static void
print_findings(struct page *page)
{
	const struct explanation *e = &page->result->e;
	FILE *out = page->out;

	if (e->finding_count == 0)
		return;
	fputs("<h3>Also in the response</h3>\n<ul class=\"diags\">\n", out);
	for (size_t i = 0; i < e->finding_count; i++) {
		const struct finding *f = &e->findings[i];

		fprintf(out, "<li class=\"%s\"><strong>%s</strong>: ",
			f->serious ? "error" : "note",
			f->serious ? "problem" : "advice");
		html_string(out, f->message);
		fprintf(out, " <code class=\"id\">%s</code>", f->id);
		if (f->fix != NULL && e->fix != NULL &&
		    strcmp(f->fix, e->fix) == 0) {
			fputs(" (the fix above is its fix, too)", out);
		} else if (f->fix != NULL) {
			fputs("\n<p>Fix: ", out);
			page_fix_html(out, f->fix);
		}
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void
print_notes(struct page *page)
{
	const struct texts *notes = &page->result->pasted.notes;

	if (notes->count == 0)
		return;
	fputs("<ul class=\"notes\">\n", page->out);
	for (size_t i = 0; i < notes->count; i++) {
		fputs("<li>", page->out);
		html_string(page->out, notes->at[i]);
		fputs("</li>\n", page->out);
	}
	fputs("</ul>\n", page->out);
}

/* ---- a configuration ---- */

static size_t
count_problems(const struct diag_list *notes)
{
	return diag_count(notes, SEVERITY_ERROR) +
	       diag_count(notes, SEVERITY_WARNING);
}

static void
print_import_notes(FILE *out, const struct diag_list *notes, bool problems)
{
	for (size_t i = 0; i < diag_total(notes); i++) {
		const struct diag *d = diag_at(notes, i);

		if ((d->severity != SEVERITY_NOTE) != problems)
			continue;
		fprintf(out, "<li class=\"%s\">", severity_name(d->severity));
		if (d->line > 0)
			fprintf(out, "<strong>Line %u</strong>: ", d->line);
		html_string(out, d->message);
		fprintf(out, " <code class=\"id\">%s</code></li>\n", d->id);
	}
}

static void
print_import_problems(struct page *page)
{
	const struct page_result *result = page->result;
	size_t problems = count_problems(result->import_notes);
	FILE *out = page->out;

	fprintf(out, "<div class=\"verdict %s\">\n<%s%s>",
		problems > 0			  ? "blocked"
		: slice_present(result->imported) ? "allowed"
						  : "unknown",
		result->explained ? "h3" : "h2",
		result->explained ? "" : " id=\"answer-title\"");
	if (problems > 0)
		fprintf(out, "<strong>%zu %s</strong> in this configuration",
			problems, problems == 1 ? "problem" : "problems");
	else if (slice_present(result->imported))
		fputs("<strong>No problem</strong> found in this "
		      "configuration",
		      out);
	else
		fputs("<strong>No CORS header</strong> is set in this "
		      "configuration",
		      out);
	fprintf(out, "</%s>\n", result->explained ? "h3" : "h2");
	if (problems > 0) {
		fputs("<ul class=\"diags\">\n", out);
		print_import_notes(out, result->import_notes, true);
		fputs("</ul>\n", out);
	} else if (!slice_present(result->imported)) {
		fputs("<p>Browsers let no page of another origin read the "
		      "responses.</p>\n",
		      out);
	}
	if (result->server_fix != NULL) {
		fprintf(
		    out,
		    "<p><strong>Fix:</strong> for pages of <code>%s</code>, ",
		    result->server_fix_origin);
		page_fix_html(out, result->server_fix);
	}
	fputs("</div>\n", out);
}

static void
print_import(struct page *page)
{
	const struct page_result *result = page->result;
	FILE *out = page->out;

	if (!slice_present(result->imported))
		return;
	fputs("<h3>The same as a corswrap policy</h3>\n<p>corswrap in "
	      "front of the program sends these headers on every response, "
	      "errors too, and responds to preflights by itself.</p>\n"
	      "<pre class=\"wire copy\">",
	      out);
	html_text(out, result->imported);
	fputs("</pre>\n", out);
	page_button_html(page, "Put it into the form as policy",
			 result->imported);
	if (diag_total(result->import_notes) ==
	    count_problems(result->import_notes))
		return;
	fputs("<ul class=\"notes\">\n", out);
	print_import_notes(out, result->import_notes, false);
	fputs("</ul>\n", out);
}

/* ---- faults ---- */

static void
print_faults(const struct page *page)
{
	const struct page_result *result = page->result;
	const struct question_faults *faults = &result->faults;
	FILE *out = page->out;

	if (faults->count == 0 && result->paste_fault == NULL)
		return;
	fputs("<div class=\"verdict blocked\" id=\"fault\">\n<ul>\n", out);
	if (result->paste_fault != NULL) {
		fputs("<li><a href=\"#paste\">What you pasted: ", out);
		html_string(out, result->paste_fault);
		fputs("</a></li>\n", out);
	}
	for (size_t i = 0; i < faults->count; i++) {
		fprintf(out, "<li><a href=\"#%s\">The ",
			page_field_id(faults->at[i].part));
		html_string(out, faults->at[i].text);
		fputs("</a></li>\n", out);
	}
	if (result->policy_is_bad)
		fputs("<li><a href=\"#policy\">The policy has errors; see "
		      "below.</a></li>\n",
		      out);
	fputs("</ul>\n</div>\n", out);
}

/* ---- the whole ---- */

static const char *
heading(const struct page_result *result)
{
	if (result->paste_fault != NULL || result->faults.count > 0)
		return "Something is wrong with the form";
	if (result->policy_is_bad)
		return "The policy has errors";
	return result->message != NULL ? "What your browser says"
				       : "The policy";
}

static void
print_explained(struct page *page)
{
	print_verdict(page);
	print_assumed(page);
	print_notes(page);
	print_next_step(page);
	print_message(page);
	print_findings(page);
}

void
page_answer_html(struct page *page)
{
	const struct page_result *result = page->result;
	bool imported = result->import_notes != NULL;
	FILE *out = page->out;

	fputs("<section id=\"answer\" aria-labelledby=\"answer-title\" "
	      "tabindex=\"-1\">\n",
	      out);
	if (!result->explained && !imported)
		fprintf(out, "<h2 id=\"answer-title\">%s</h2>\n",
			heading(result));
	print_kind(page);
	if (!result->explained)
		print_faults(page);
	if (result->explained)
		print_explained(page);
	else
		print_message(page);
	if (imported) {
		print_import_problems(page);
		print_import(page);
	}
	page_lint_html(page);
	print_edit(page, &page->result->correction,
		   "Apply these corrections to the policy");
	if (result->explained)
		page_walk_html(page);
	if (page_may_try(page))
		page_try_html(page);
	fputs("</section>\n", out);
}
