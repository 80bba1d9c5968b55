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
		size_t len = text_find(*rest, '\n');
		struct slice line = slice_of(rest->ptr, len);

		*rest = slice_after(*rest, len < rest->len ? len + 1 : len);
		line = text_chop(line, '\r');
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

/* True: *out is what the form asks for.  False: there are faults, or memory is
 * out. */
static bool
read_question(const struct page *page, struct question_faults *faults,
	      struct question *out)
{
	const struct page_form *form = &page->form;
	struct slice lines[PAGE_HEADERS_MAX];
	struct question_text text = {
	    .url = form->url.len > 0 ? form->url : SLICE_NONE,
	    .origin = form->origin.len > 0 ? form->origin : page->own,
	    .method = form->method.len > 0 ? form->method : SLICE("GET"),
	    .headers = lines,
	    .credentials = form->credentials,
	};

	bool few = read_lines(page, lines, &text.header_count);

	if (!few && !question_fault_add(page->arena, faults, QUESTION_HEADER,
					"headers: no request has more than "
					"100 lines of them"))
		return false;
	return question_read(page->arena, &text, out, faults) && few;
}

/* ---- the policy ---- */

/* The parser opens no file.  Should that ever change, no descriptor is
 * available. */
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

/* The visitor's browser can only send the request from this page's origin. */
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
page_explain(struct page *page, struct page_result *result)
{
	struct question question;
	bool good;

	*result = (struct page_result){.diags = diag_list_new()};
	if (result->diags == NULL)
		return false;
	good = read_question(page, &result->faults, &question);
	if (!good && result->faults.count == 0)
		return false;
	if (text_trim_http(page->form.policy).len > 0) {
		result->settings =
		    parse_policy(page->form.policy, result->diags);
		result->policy_is_bad = result->settings == NULL;
	}
	if (good && !result->policy_is_bad) {
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
