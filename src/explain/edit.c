/*
 * The fix of an explanation as an edit of the policy: a line is changed and the
 * request is explained again, until it is allowed.
 *
 * Every fix is tried before it is offered: the new text is loaded, and the
 * request explained under it, so that a fix never causes an error of the
 * policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/edit.h"

#include "base/text.h"
#include "cors/names.h"

/* Origin, method, headers, `allow`, credentials: more steps would not help. */
enum { STEPS_MAX = 8 };

/* ---- lines ---- */

/* Where line N begins; the end of the text if there is no such line. */
static size_t
line_start(struct slice text, unsigned line)
{
	size_t at = 0;

	while (line > 1 && at < text.len) {
		at += text_find(slice_after(text, at), '\n') + 1;
		line--;
	}
	return at < text.len ? at : text.len;
}

static struct slice
line_at(struct slice text, size_t start)
{
	struct slice rest = slice_after(text, start);

	return text_line_next(&rest);
}

/* The length of the value in the line: a comment begins with " ;". */
static size_t
value_end(struct slice line)
{
	size_t end = line.len;

	for (size_t i = 1; i < line.len; i++)
		if (line.ptr[i] == ';' && ascii_is_blank(line.ptr[i - 1])) {
			end = i;
			break;
		}
	while (end > 0 && ascii_is_blank(line.ptr[end - 1]))
		end--;
	return end;
}

static struct slice
replace(struct explanation *e, struct slice text, size_t start, size_t end,
	const char *with)
{
	struct slice parts[] = {slice_of(text.ptr, start), slice_from(with),
				slice_after(text, end)};
	size_t len = parts[0].len + parts[1].len + parts[2].len;
	const char *joined = arena_join(e->arena, parts, 3);

	if (joined == NULL)
		e->out_of_memory = true;
	return joined == NULL ? SLICE_NONE : slice_of(joined, len);
}

/* Insert a new line below that line. */
static struct slice
insert_below(struct explanation *e, struct slice text, unsigned line,
	     const char *words)
{
	size_t start = line_start(text, line + 1);
	bool open = start > 0 && text.ptr[start - 1] != '\n';

	return replace(e, text, start, start,
		       explain_printf(e, "%s%s\n", open ? "\n" : "", words));
}

/* ---- keys ---- */

/* Add words to the value of a key, or a new line if the section does not have
 * the key. */
static struct slice
add_words(struct explanation *e, struct slice text,
	  const struct key_place *place, const char *key, const char *words)
{
	size_t start;
	struct slice line;

	if (place->line == 0)
		return insert_below(e, text, place->section_line,
				    explain_printf(e, "%s = %s", key, words));
	start = line_start(text, place->line);
	line = line_at(text, start);
	start += value_end(line);
	return replace(e, text, start, start, explain_printf(e, " %s", words));
}

static struct slice
set_value(struct explanation *e, struct slice text,
	  const struct key_place *place, const char *key, const char *value)
{
	const char *words = explain_printf(e, "%s = %s", key, value);
	size_t start, equals;
	struct slice line;

	if (place->line == 0)
		return insert_below(e, text, place->section_line, words);
	start = line_start(text, place->line);
	line = line_at(text, start);
	equals = text_find(line, '=');
	if (equals >= value_end(line))
		return SLICE_NONE;
	return replace(e, text, start + equals + 1, start + value_end(line),
		       explain_printf(e, " %s", value));
}

/* ---- one step ---- */

static struct slice
add_origin(struct explanation *e, const struct response *r, struct slice text)
{
	const struct key_place *place = &r->source->places[PLACE_ORIGINS];

	if (r->policy->spec.no_origin || r->policy->spec.any_origin ||
	    slice_eq(e->question.origin, SLICE("null")))
		return SLICE_NONE;
	return add_words(e, text, place, "origins",
			 explain_quote(e, e->question.origin));
}

/* A method in lower case is usually a mistake of the script. */
static struct slice
add_method(struct explanation *e, const struct response *r, struct slice text,
	   enum place where, const char *key)
{
	struct slice method = e->plan.method;

	for (size_t i = 0; i < method.len; i++)
		if (method.ptr[i] >= 'a' && method.ptr[i] <= 'z')
			return SLICE_NONE;
	return add_words(e, text, &r->source->places[where], key,
			 explain_quote(e, method));
}

static struct slice
add_headers(struct explanation *e, const struct response *r, struct slice text)
{
	const struct name_list *list = &r->policy->spec.headers;
	const char *words = "";

	for (size_t i = 0; i < e->plan.header_count; i++) {
		const struct fetch_header *h = &e->plan.headers[i];
		bool found =
		    list->any && !slice_eq(h->name, SLICE("authorization"));

		for (size_t j = 0; j < list->count; j++)
			found |= slice_eq_nocase(list->names[j], h->name);
		if (found || !fetch_needs_preflight(h))
			continue;
		if (request_header_is_misplaced(h->name))
			return SLICE_NONE;
		words = explain_printf(e, "%s%s%s", words,
				       *words == '\0' ? "" : " ",
				       explain_quote(e, h->name));
	}
	return *words == '\0'
		   ? SLICE_NONE
		   : add_words(e, text, &r->source->places[PLACE_HEADERS],
			       "headers", words);
}

/* With credentials `*` does not allow any origin. */
static struct slice
set_credentials(struct explanation *e, const struct response *r,
		struct slice text)
{
	const struct key_place *places = r->source->places;
	/* The lower line first, so that the other keeps its number. */
	bool origins_first =
	    places[PLACE_ORIGINS].line > places[PLACE_CREDENTIALS].line;

	for (int i = 0; i < 2 && slice_present(text); i++) {
		if ((i == 0) == origins_first) {
			if (r->policy->spec.any_origin)
				text = set_value(
				    e, text, &places[PLACE_ORIGINS], "origins",
				    explain_quote(e, e->question.origin));
		} else {
			text = set_value(e, text, &places[PLACE_CREDENTIALS],
					 "credentials", "yes");
		}
	}
	return text;
}

/* The part that the policy itself refuses; absent: another cause. */
static struct slice
step_by_policy(struct explanation *e, const struct response *r,
	       struct slice text)
{
	switch (r->policy_reason) {
	case CORS_ORIGIN_NOT_ALLOWED:
	case CORS_ENFORCED:
	case CORS_ISOLATED:
		return add_origin(e, r, text);
	case CORS_METHOD_NOT_ALLOWED:
		return add_method(e, r, text, PLACE_METHODS, "methods");
	case CORS_HEADER_NOT_ALLOWED:
		return add_headers(e, r, text);
	case CORS_NOT_IN_ALLOW:
		return add_method(e, r, text, PLACE_ALLOW, "allow");
	default:
		return SLICE_NONE;
	}
}

static struct slice
step(struct explanation *e, struct slice text)
{
	const struct response *r =
	    e->response.known ? &e->response : &e->preflight;
	struct slice reason = slice_from(e->reason);

	if (!r->known || r->policy == NULL || r->source == NULL)
		return SLICE_NONE;
	if (r->policy_reason != CORS_REASON_NONE)
		return step_by_policy(e, r, text);
	if (slice_eq(reason, SLICE("credentials-not-true")) ||
	    slice_eq(reason, SLICE("wildcard-with-credentials")))
		return set_credentials(e, r, text);
	return SLICE_NONE;
}

/* ---- until it is allowed ---- */

/* Explain the question under that policy.  NULL: the policy has errors, or
 * *no_memory. */
static struct settings *
explain_under(struct explanation *e, struct arena *arena,
	      const struct question *question, struct slice text,
	      bool *no_memory)
{
	const struct load_options options = {.use = LOAD_LINT};
	struct diag_list *diags = diag_list_new();
	struct settings *settings = NULL;

	if (diags != NULL)
		settings = settings_parse("policy", text, &options, diags);
	*no_memory = diags == NULL || diag_out_of_memory(diags);
	diag_list_free(diags);
	if (settings != NULL) {
		explain_begin(e, arena, question);
		explain_by_policy(e, settings, SLICE_NONE);
		*no_memory |= explain_out_of_memory(e);
	}
	return settings;
}

bool
explain_edit(struct arena *arena, const struct question *question,
	     struct slice policy, struct slice *edited)
{
	struct slice text = policy;
	bool allowed = false, no_memory = false;
	int i;

	for (i = 0;
	     i < STEPS_MAX && slice_present(text) && !allowed && !no_memory;
	     i++) {
		struct explanation e;
		struct settings *settings =
		    explain_under(&e, arena, question, text, &no_memory);

		allowed = settings != NULL && e.verdict == VERDICT_ALLOWED;
		if (settings == NULL)
			text = SLICE_NONE;
		else if (!allowed)
			text = step(&e, text);
		settings_release(settings);
	}
	/* In the first turn it was the policy as it is. */
	*edited = allowed && i > 1 ? text : SLICE_NONE;
	return !no_memory && !arena_failed(arena);
}

/* ---- what was changed ---- */

/* Is the line one of the next of that text?  Then those before it were added.
 */
static bool
comes_soon(struct slice line, struct slice text)
{
	for (int i = 0; i < STEPS_MAX && text.len > 0; i++) {
		text = slice_after(
		    text, size_least(text_find(text, '\n') + 1, text.len));
		if (text.len > 0 && slice_eq(line, line_at(text, 0)))
			return true;
	}
	return false;
}

size_t
edit_changes(struct slice before, struct slice after,
	     struct line_change *changes, size_t max)
{
	size_t count = 0, i = 0, j = 0;

	for (unsigned line = 1; j < after.len && count < max; line++) {
		struct slice a = line_at(before, i), b = line_at(after, j);
		size_t next = j + text_find(slice_after(after, j), '\n') + 1;
		bool same = i < before.len && slice_eq(a, b);
		bool added = !same && (i >= before.len ||
				       comes_soon(a, slice_after(after, j)));

		if (!same)
			changes[count++] = (struct line_change){
			    line, added ? SLICE_NONE : a, b};
		if (!added && i < before.len)
			i += text_find(slice_after(before, i), '\n') + 1;
		if (i > before.len)
			i = before.len;
		j = next;
	}
	return count;
}
