/*
 * What the form asks is answered: the policy read, the request explained, for
 * the page that was named and for this one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <sys/resource.h>

#include "base/text.h"
#include "policy/settings.h"

/* ---- the question ---- */

/* The next line that is not blank; absent: none. */
static struct slice
next_line(struct slice *rest)
{
	while (rest->len > 0) {
		const char *end = memchr(rest->ptr, '\n', rest->len);
		size_t len =
		    end == NULL ? rest->len : (size_t)(end - rest->ptr);
		struct slice line = slice_of(rest->ptr, len);

		*rest = slice_after(*rest, end == NULL ? len : len + 1);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (text_trim_http(line).len > 0)
			return line;
	}
	return SLICE_NONE;
}

/* NULL: *text is what question_read wants; else what is wrong. */
static const char *
read_text(const struct page *page, struct slice lines[PAGE_HEADERS_MAX],
	  struct question_text *text)
{
	const struct page_form *form = &page->form;
	struct slice rest = form->headers, line;

	*text = (struct question_text){
	    .url = form->url,
	    .origin = form->origin,
	    .method = form->method.len > 0 ? form->method : SLICE("GET"),
	    .headers = lines,
	    .credentials = form->credentials,
	};
	while (slice_present(line = next_line(&rest))) {
		if (text->header_count == PAGE_HEADERS_MAX)
			return "headers: no request has more than 100 lines of "
			       "them";
		lines[text->header_count++] = line;
	}
	if (text->origin.len == 0)
		text->origin = page->own;
	if (text->url.len == 0)
		return "URL: what does the page ask for?";
	if (!slice_present(text->origin))
		return "origin: of which origin is the page?";
	return NULL;
}

/* ---- the policy ---- */

/*
 * Nothing opens a file here; should that ever change, there is no descriptor
 * for it.
 */
static struct settings *
parse_policy(struct slice text, struct diag_list *diags)
{
	const struct load_options options = {
	    .use = LOAD_LINT,
	    .warnings = true,
	};
	struct settings *settings;
	struct rlimit saved, none;
	bool limited = getrlimit(RLIMIT_NOFILE, &saved) == 0;

	none = (struct rlimit){0, saved.rlim_max};
	limited = limited && setrlimit(RLIMIT_NOFILE, &none) == 0;
	settings = settings_parse("policy", text, &options, diags);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &saved);
	return settings;
}

/* ---- the answers ---- */

static void
explain(struct explanation *e, struct arena *arena,
	const struct question *question, const struct settings *settings)
{
	explain_begin(e, arena, question);
	explain_by_policy(e, settings, SLICE_NONE);
}

/* The visitor's browser can only ask as a page of this origin. */
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

bool
page_ask(struct page *page, struct page_result *result)
{
	struct slice lines[PAGE_HEADERS_MAX];
	struct question_text text;
	struct question question;

	*result = (struct page_result){.diags = diag_list_new()};
	if (result->diags == NULL)
		return false;
	result->wrong = read_text(page, lines, &text);
	if (result->wrong == NULL)
		result->wrong = question_read(page->arena, &text, &question);
	if (text_trim_http(page->form.policy).len > 0) {
		result->settings =
		    parse_policy(page->form.policy, result->diags);
		result->policy_is_bad = result->settings == NULL;
	}
	if (result->wrong == NULL && !result->policy_is_bad) {
		explain(&result->e, page->arena, &question, result->settings);
		result->explained = true;
		explain_own(page, result, &question);
	}
	return !(result->explained && result->e.out_of_memory) &&
	       !(result->own_explained && result->own.out_of_memory);
}

void
page_result_free(struct page_result *result)
{
	diag_list_free(result->diags);
	settings_release(result->settings);
	*result = (struct page_result){.diags = NULL};
}
