/*
 * Makes the result for the form: from the pasted response, from the policy, or
 * from the policy that a pasted configuration becomes; for the page that the
 * form names, and for this page.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "base/text.h"
#include "explain/cures.h"
#include "explain/findings.h"
#include "policy/apply.h"
#include "policy/import.h"
#include "policy/settings.h"

/* The URL, or the origin, to assume if there is none: with the scheme of the
 * other one. */
static struct slice
assumed_url(struct slice origin)
{
	return text_starts_nocase(origin, SLICE("http:"))
		   ? SLICE("http://api.example.net/")
		   : SLICE("https://api.example.net/");
}

static struct slice
assumed_origin(struct slice url)
{
	return text_starts_nocase(url, SLICE("http:"))
		   ? SLICE("http://app.example.com")
		   : SLICE("https://app.example.com");
}

/* ---- the question ---- */

/* The next line that is not blank; absent: there is none. */
static struct slice
next_line(struct slice *rest)
{
	while (rest->len > 0) {
		struct slice line = text_line_next(rest);
		if (text_trim_http(line).len > 0)
			return line;
	}
	return SLICE_NONE;
}

/* The lines of headers; false: too many. */
static bool
read_lines(const struct page *page, struct slice lines[PAGE_HEADERS_MAX],
	   size_t *count)
{
	struct slice rest = page->form.headers, line;

	*count = 0;
	while (slice_present(line = next_line(&rest))) {
		if (*count == PAGE_HEADERS_MAX)
			return false;
		lines[(*count)++] = line;
	}
	return true;
}

/* The origin that the response allows: probably that of the page. */
static struct slice
allowed_origin(struct slice response)
{
	static const char name[] = "access-control-allow-origin:";
	size_t at = text_find_nocase(response, slice_from(name));
	struct slice value;

	if (at >= response.len)
		return SLICE_NONE;
	value = slice_after(response, at + sizeof(name) - 1);
	value = text_trim(slice_of(value.ptr, text_find_any(value, "\r\n")));
	return text_starts_nocase(value, SLICE("http")) ? value : SLICE_NONE;
}

/* Assume the URL, the origin and the method if the pasted response or message
 * does not name them, and record that in the result. */
static void
assume(struct page *page, struct page_result *result,
       struct question_text *text)
{
	struct slice origin = SLICE_NONE;

	if (result->kind != PASTED_RESPONSE && result->kind != PASTED_CONSOLE)
		return;
	if (!slice_present(text->url)) {
		result->assumed.url = true;
		text->url = assumed_url(page->form.origin);
	}
	/* A preflight that fails needs other lines than its request. */
	if (result->kind == PASTED_CONSOLE && page->form.method.len == 0 &&
	    text->header_count == 0 &&
	    text_has_nocase(page->form.paste, SLICE("preflight"))) {
		result->assumed.method = true;
		text->method = SLICE("PUT");
	}
	if (page->form.origin.len > 0)
		return;
	if (result->kind == PASTED_RESPONSE)
		origin = allowed_origin(result->pasted.response);
	result->assumed.origin = true;
	text->origin = origin.len > 0 ? origin : assumed_origin(text->url);
}

/* True: *out is the question of the form.  False: there are faults, or
 * memory is out. */
static bool
read_question(struct page *page, struct page_result *result,
	      struct question *out)
{
	const struct page_form *form = &page->form;
	struct question_faults *faults = &result->faults;
	struct slice lines[PAGE_HEADERS_MAX];
	struct question_text text = {
	    .url = form->url.len > 0 ? form->url : SLICE_NONE,
	    .origin = form->origin.len > 0 ? form->origin : page->own,
	    .method = form->method.len > 0 ? form->method : SLICE("GET"),
	    .headers = lines,
	    .credentials = form->credentials,
	    .how.no_cors = form->no_cors,
	};
	bool few = read_lines(page, lines, &text.header_count);

	assume(page, result, &text);
	(void)fetch_as_parse(form->as, &text.how.as);
	(void)fetch_browser_parse(form->browser, &text.browser);
	if (!few && !question_fault_add(page->arena, faults, QUESTION_HEADER,
					"headers: no request has more than "
					"100 lines of them"))
		return false;
	return question_read(page->arena, &text, out, faults) && few;
}

/* ---- the policy ---- */

static struct settings *
parse(struct slice text, struct diag_list *diags)
{
	const struct load_options options = {
	    .use = LOAD_LINT,
	    .warnings = true,
	};

	return settings_parse("policy", text, &options, diags);
}

static void
set_edit(const struct page *page, struct page_edit *edit, struct slice text)
{
	edit->text = text;
	if (slice_present(text))
		edit->count = edit_changes(page->form.policy, text,
					   edit->changes, PAGE_CHANGES_MAX);
}

/* False: memory is out. */
static bool
read_policy(struct page *page, struct page_result *result)
{
	struct slice text = page->form.policy, corrected;
	struct fixes made;

	if (text_trim_http(text).len == 0)
		return true;
	result->settings = parse(text, result->diags);
	result->policy_is_bad = result->settings == NULL;
	corrected =
	    fixes_apply(page->arena, text, "policy", result->diags, &made);
	if (made.count > 0)
		set_edit(page, &result->correction, corrected);
	return slice_present(corrected);
}

/* The server of the configuration; unknown: a program. */
static enum server_kind
server_of(const struct page *page, const struct page_result *result)
{
	static const struct {
		const char *word;
		enum server_kind kind;
	} signs[] = {
	    {"setenv.", SERVER_LIGHTTPD},      {"<customHeaders", SERVER_IIS},
	    {"reverse_proxy", SERVER_CADDY},   {"AllowedOrigins", SERVER_S3},
	    {"express(", SERVER_EXPRESS},      {"res.header", SERVER_EXPRESS},
	    {"res.setHeader", SERVER_EXPRESS},
	};
	struct slice text = page->form.paste;

	if (result->kind == PASTED_NGINX)
		return SERVER_NGINX;
	if (result->kind == PASTED_APACHE)
		return SERVER_APACHE;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (text_has_nocase(text, slice_from(signs[i].word)))
			return signs[i].kind;
	return SERVER_UNKNOWN;
}

/* The server's directives for the first problem that they can fix; all of them
 * if no CORS header is set. */
static const char *
cure_of(const struct page *page, const struct page_result *result,
	struct explanation *e)
{
	enum server_kind kind = server_of(page, result);
	const struct diag_list *notes = result->import_notes;
	const char *cure = NULL;

	if (!slice_present(result->imported))
		return cures_find(e, kind, "acao-missing");
	for (size_t i = 0; i < diag_total(notes) && cure == NULL; i++)
		if (diag_at(notes, i)->severity != SEVERITY_NOTE)
			cure = cures_find(e, kind, diag_at(notes, i)->id);
	return cure;
}

/* The lines that the server itself needs for one page, if its configuration
 * has none or wrong ones. */
static void
find_server_fix(struct page *page, struct page_result *result)
{
	struct slice origin = page->form.origin, paste = page->form.paste;
	struct slice credentials = SLICE("allow-credentials");
	struct question_faults faults = {NULL, 0, 0};
	struct question question;
	struct question_text text = {
	    .url = assumed_url(origin),
	    .origin = origin.len > 0 ? origin : assumed_origin(SLICE_NONE),
	    .credentials =
		page->form.credentials || text_has_nocase(paste, credentials),
	};
	struct explanation e;

	if (!question_read(page->arena, &text, &question, &faults))
		return;
	explain_begin(&e, page->arena, &question);
	result->server_fix_origin = explain_quote(&e, question.origin);
	result->server_fix = cure_of(page, result, &e);
}

/* Make a policy of a pasted configuration; it is used if the form has no
 * policy.  False: no memory. */
static bool
read_configuration(struct page *page, struct page_result *result)
{
	enum import_from from = result->kind == PASTED_NGINX	? IMPORT_NGINX
				: result->kind == PASTED_APACHE ? IMPORT_APACHE
								: IMPORT_OTHER;
	struct import_file file = {.name = pasted_kind_name(result->kind),
				   .text = page->form.paste};

	if (!page_is_configuration(result->kind))
		return true;
	result->import_notes = diag_list_new();
	if (result->import_notes == NULL ||
	    !import_policy(page->arena, from, &file, 1, result->import_notes,
			   &result->imported))
		return false;
	find_server_fix(page, result);
	if (result->settings != NULL || result->policy_is_bad ||
	    !slice_present(result->imported))
		return true;
	struct diag_list *unused = diag_list_new();
	if (unused == NULL)
		return false;
	result->settings = parse(result->imported, unused);
	bool good = !diag_out_of_memory(unused);
	diag_list_free(unused);
	return good;
}

/* ---- the results ---- */

static void
explain(struct explanation *e, struct arena *arena,
	const struct question *question, const struct settings *settings)
{
	explain_begin(e, arena, question);
	explain_by_policy(e, settings, SLICE_NONE);
}

/* The user's browser can only send the request from this page's origin. */
static void
explain_own(struct page *page, struct page_result *result,
	    const struct question *question)
{
	struct question own = *question;

	if (!slice_present(page->own))
		return;
	own.origin = page->own;
	explain(&result->own, page->arena, &own, result->settings);
	result->own_explained = true;
}

/* Without a policy the message of a console is the verdict: it is what the
 * browser found.  A message without an id is not a verdict: it says what to
 * do next. */
static void
explain_message(struct page_result *result)
{
	const struct message *m = result->message;
	struct explanation *e = &result->e;

	if (m == NULL || result->settings != NULL)
		return;
	result->explained = m->id != NULL;
	e->verdict = VERDICT_BLOCKED;
	e->reason = m->id;
	e->message = m->cause;
	e->fix = m->fix;
}

/* Explain with the pasted response, else with the policy, else without
 * either. */
static void
explain_question(struct page *page, struct page_result *result,
		 const struct question *question)
{
	struct slice response = result->pasted.response, edited;
	struct explanation *e = &result->e;

	result->explained = true;
	if (response.len > 0) {
		explain_begin(e, page->arena, question);
		result->paste_fault = explain_answers(e, response);
		result->by_response = result->paste_fault == NULL;
		result->explained = result->by_response;
		return;
	}
	explain(e, page->arena, question, result->settings);
	explain_message(result);
	explain_own(page, result, question);
	if (e->verdict != VERDICT_BLOCKED ||
	    text_trim_http(page->form.policy).len == 0)
		return;
	if (!explain_edit(page->arena, question, page->form.policy, &edited))
		e->out_of_memory = true;
	set_edit(page, &result->fix, edited);
}

/* A configuration, a policy or a message has a result without a URL;
 * everything else needs one. */
static bool
asks_nothing(const struct page *page, const struct page_result *result)
{
	return page->form.url.len == 0 && page->form.origin.len == 0 &&
	       (result->import_notes != NULL || result->kind == PASTED_POLICY ||
		result->paste_fault != NULL ||
		(result->kind == PASTED_UNKNOWN &&
		 text_trim_http(page->form.policy).len > 0));
}

/* Was there no memory for a part of it? */
static bool
is_short(const struct page *page, const struct page_result *result)
{
	return arena_failed(page->arena) || diag_out_of_memory(result->diags) ||
	       (result->import_notes != NULL &&
		diag_out_of_memory(result->import_notes));
}

bool
page_explain(struct page *page, struct page_result *result)
{
	struct question question;

	*result = (struct page_result){.diags = diag_list_new()};
	if (result->diags == NULL || !page_take_paste(page, result) ||
	    !read_policy(page, result) || !read_configuration(page, result))
		return false;
	if (!asks_nothing(page, result)) {
		bool good = read_question(page, result, &question);

		if (!good && result->faults.count == 0)
			return false;
		if (good &&
		    (!result->policy_is_bad || result->pasted.response.len > 0))
			explain_question(page, result, &question);
	}
	return !(result->explained && result->e.out_of_memory) &&
	       !(result->own_explained && result->own.out_of_memory) &&
	       !is_short(page, result);
}

bool
page_may_try(const struct page *page)
{
	const struct page_result *result = page->result;

	return result != NULL && result->explained && !page->alone &&
	       !result->assumed.url && !result->assumed.origin &&
	       !result->assumed.method;
}

void
page_result_free(struct page_result *result)
{
	diag_list_free(result->diags);
	diag_list_free(result->import_notes);
	settings_release(result->settings);
	*result = (struct page_result){.diags = NULL};
}
