/*
 * Any text pasted into the analyzer page is recognised, read and printed with
 * a result, and no byte of it becomes HTML.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "page/page.h"

/* Markup from the input: the page itself does not have these words. */
static const char marker[] = "<fuzz";

/* The paste, and a policy after the first line "%%". */
static void
split(struct slice text, struct page_form *form)
{
	const char *at =
	    text.len == 0 ? NULL : memmem(text.ptr, text.len, "\n%%\n", 4);
	size_t len = at == NULL ? text.len : (size_t)(at - text.ptr);

	form->paste = slice_of(text.ptr, len);
	form->policy = at == NULL ? SLICE_NONE : slice_after(text, len + 4);
}

FUZZ_TARGET(page)
{
	struct page page = {.arena = arena_new()};
	struct page_result result;
	char *text = NULL;
	size_t len = 0;

	CHECK(page.arena != NULL);
	split(fuzz_slice(data, size), &page.form);
	page.out = open_memstream(&text, &len);
	CHECK(page.out != NULL);
	CHECK(page_explain(&page, &result));
	page.result = &result;
	page_html(&page);
	CHECK(fclose(page.out) == 0);
	CHECK(memmem(text, len, marker, sizeof(marker) - 1) == NULL);
	page_result_free(&result);
	arena_free(page.arena);
	free(text);
	return 0;
}
