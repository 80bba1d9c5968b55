/*
 * The form: its fields from the received bytes, updated from the pasted text.
 *
 * A paste is read once: the form that is shown then has its values in the
 * fields, and a hash of the paste in `read`.  As long as the paste is the same,
 * the fields are used, so that the user can change them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "page/form.h"

/* ---- fields ---- */

static enum page_part
part_of(struct slice name)
{
	static const char *const names[] = {[PAGE_ANSWER] = "answer",
					    [PAGE_FORM] = "form",
					    [PAGE_REFERENCE] = "reference",
					    [PAGE_LINT] = "lint"};

	for (int i = PAGE_ANSWER; i <= PAGE_LINT; i++)
		if (slice_eq(name, slice_from(names[i])))
			return (enum page_part)i;
	return PAGE_ANSWER;
}

static void
set_form(struct page *page, const struct form *form)
{
	page->form = (struct page_form){
	    .paste = form_get(form, SLICE("paste")),
	    .read = form_get(form, SLICE("read")),
	    .url = text_trim_http(form_get(form, SLICE("url"))),
	    .origin = text_trim_http(form_get(form, SLICE("origin"))),
	    .method = text_trim_http(form_get(form, SLICE("method"))),
	    .headers = form_get(form, SLICE("headers")),
	    .as = form_get(form, SLICE("as")),
	    .browser = form_get(form, SLICE("browser")),
	    .policy = form_get(form, SLICE("policy")),
	    .credentials = slice_present(form_get(form, SLICE("credentials"))),
	    .no_cors = slice_present(form_get(form, SLICE("no-cors"))),
	    .part = part_of(form_get(form, SLICE("part"))),
	};
}

enum page_fault
page_read(struct page *page, struct slice bytes)
{
	struct form *form = arena_alloc(page->arena, sizeof(*form));

	if (form == NULL)
		return PAGE_NO_MEMORY;
	switch (form_parse(page->arena, bytes, form)) {
	case FORM_TOO_MANY:
		return PAGE_NO_FORM;
	case FORM_NO_MEMORY:
		return PAGE_NO_MEMORY;
	case FORM_GOOD:
		break;
	}
	set_form(page, form);
	if (page->form.policy.len > PAGE_POLICY_MAX)
		return PAGE_LONG_POLICY;
	return page->form.paste.len > PAGE_PASTE_MAX ? PAGE_LONG_PASTE
						     : PAGE_GOOD;
}

/* ---- the mark of a paste ---- */

/* FNV-1a of the text without line ends, which browsers change to CRLF. */
static struct slice
mark_of(struct page *page, struct slice text)
{
	uint64_t hash = 0xcbf29ce484222325;
	char buf[TEXT_HEX_MAX];
	size_t len;

	text = text_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\r' || text.ptr[i] == '\n')
			continue;
		hash ^= (unsigned char)text.ptr[i];
		hash *= 0x100000001b3;
	}
	len = text_put_hex(buf, hash);
	return arena_slice(page->arena, slice_of(buf, len));
}

/* ---- what was pasted ---- */

bool
page_is_configuration(enum pasted_kind kind)
{
	return kind == PASTED_APACHE || kind == PASTED_NGINX ||
	       kind == PASTED_OTHER;
}

/* The headers as lines. */
static struct slice
join_headers(struct page *page, const struct pasted_headers *headers)
{
	size_t room = 1, len = 0;
	char *text;

	for (size_t i = 0; i < headers->count; i++)
		room += headers->at[i].len + 1;
	text = arena_alloc(page->arena, room);
	if (text == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < headers->count; i++) {
		struct slice line = headers->at[i];

		memcpy(text + len, line.ptr, line.len);
		len += line.len;
		text[len++] = '\n';
	}
	return slice_of(text, len);
}

/* A request with a URL replaces all fields, except the origin if it has
 * none. */
static bool
fill_in(struct page *page, const struct pasted *p)
{
	struct page_form *form = &page->form;
	struct slice headers;

	if (p->url.len == 0) {
		if (p->origin.len > 0)
			form->origin = p->origin;
		return true;
	}
	headers = join_headers(page, &p->headers);
	form->url = p->url;
	form->method = p->method;
	form->headers = headers;
	form->as = p->destination;
	form->credentials = p->credentials;
	form->no_cors = slice_eq(p->mode, SLICE("no-cors"));
	if (p->origin.len > 0)
		form->origin = p->origin;
	return slice_present(headers);
}

static bool
read_fresh(struct page *page, struct page_result *result)
{
	struct page_form *form = &page->form;
	struct pasted *p = &result->pasted;

	if (!paste_any(page->arena, form->paste, result->kind, p)) {
		result->paste_fault = p->fault;
		result->kind = PASTED_UNKNOWN;
		return !p->no_memory && p->fault != NULL;
	}
	if (!fill_in(page, p))
		return false;
	if (result->kind == PASTED_POLICY) {
		form->policy = form->paste;
		form->paste = SLICE_NONE;
	} else if (result->kind == PASTED_CURL || result->kind == PASTED_HAR) {
		/* Keep the response, which has no other field. */
		form->paste = p->response;
	}
	return true;
}

/* Read the response again, which no other field has. */
static bool
read_again(struct page *page, struct page_result *result)
{
	if (result->kind != PASTED_RESPONSE)
		return true;
	return paste_any(page->arena, page->form.paste, result->kind,
			 &result->pasted);
}

bool
page_take_paste(struct page *page, struct page_result *result)
{
	struct page_form *form = &page->form;
	const char *words;
	struct slice mark;

	if (text_trim(form->paste).len == 0)
		return true;
	mark = mark_of(page, form->paste);
	if (!slice_present(mark))
		return false;
	result->kind = paste_guess(page->arena, form->paste);
	result->fresh = !slice_eq(mark, form->read);
	if (result->kind == PASTED_CONSOLE)
		result->message =
		    message_find(page->arena, form->paste, &words);
	if (result->fresh && !page_is_configuration(result->kind)) {
		if (!read_fresh(page, result))
			return false;
	} else if (!read_again(page, result)) {
		return false;
	}
	form->read = text_trim(form->paste).len > 0 ? mark_of(page, form->paste)
						    : SLICE_NONE;
	return true;
}
