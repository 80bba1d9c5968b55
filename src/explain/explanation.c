/*
 * The beginning of every explanation: what a browser makes of a request before
 * anybody has answered.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/array.h"
#include "base/ip.h"
#include "base/text.h"

/* ---- building blocks ---- */

static const char *explain_vprintf(struct explanation *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

static const char *
explain_vprintf(struct explanation *e, const char *format, va_list list)
{
	va_list again;
	char *text = NULL;
	int len;

	va_copy(again, list);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len >= 0)
		text = arena_alloc(e->arena, (size_t)len + 1);
	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	vsnprintf(text, (size_t)len + 1, format, list);
	return text;
}

const char *
explain_printf(struct explanation *e, const char *format, ...)
{
	va_list list;
	const char *text;

	va_start(list, format);
	text = explain_vprintf(e, format, list);
	va_end(list);
	return text;
}

const char *
explain_quote(struct explanation *e, struct slice s)
{
	size_t room = TEXT_QUOTED_ROOM(s.len);
	char *text = arena_alloc(e->arena, room);

	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	text_quote(s, "", text, room);
	return text;
}

/* Room for one more; false, and noted, when memory is out. */
static bool
grow(struct explanation *e, void *array, size_t count, size_t *room,
     size_t size)
{
	if (array_grow_in(e->arena, array, count, room, size))
		return true;
	e->out_of_memory = true;
	return false;
}

void
texts_add(struct explanation *e, struct texts *texts, const char *text)
{
	if (grow(e, &texts->at, texts->count, &texts->room, sizeof(*texts->at)))
		texts->at[texts->count++] = text;
}

void
checks_add(struct explanation *e, struct checks *checks, bool passes,
	   const char *text)
{
	if (grow(e, &checks->at, checks->count, &checks->room,
		 sizeof(*checks->at)))
		checks->at[checks->count++] = (struct check){passes, text};
}

void
finding_add(struct explanation *e, const char *id, bool serious,
	    const char *fix, const char *format, ...)
{
	va_list list;

	if (!grow(e, &e->findings, e->finding_count, &e->finding_room,
		  sizeof(*e->findings)))
		return;
	va_start(list, format);
	e->findings[e->finding_count++] = (struct finding){
	    id, serious, explain_vprintf(e, format, list), fix};
	va_end(list);
}

/* ---- why ---- */

#define BY_FETCH " (Chromium alone; by the Fetch standard "

/* Why a header makes the browser send a preflight; NULL: it does not. */
static const char *
why_preflight(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);
	struct slice essence;

	switch (h->safelist) {
	case FETCH_NAME:
		return explain_printf(e, "header %s is not safelisted", name);
	case FETCH_LONG:
		return explain_printf(e, "header %s is longer than 128 bytes",
				      name);
	case FETCH_BYTES:
		return explain_printf(
		    e, "header %s has a byte that is not safelisted", name);
	case FETCH_TYPE:
		essence = fetch_mime_essence(e->arena, h->value);
		if (!slice_present(essence))
			return "content-type is no MIME type";
		return explain_printf(
		    e,
		    "content-type %s is not one of the three that a form can "
		    "send",
		    explain_quote(e, essence));
	case FETCH_RANGE:
		return "range is not one simple range such as bytes=0-99";
	case FETCH_HINT:
		return explain_printf(
		    e, "header %s is not as this client hint is written", name);
	case FETCH_TOTAL:
		return explain_printf(e,
				      "header %s: the safelisted headers have "
				      "more than 1024 bytes together",
				      name);
	case FETCH_SAFELISTED:
	case FETCH_FORBIDDEN:
	case FETCH_FORBIDDEN_OVERRIDE:
		break;
	}
	return NULL;
}

static const char *
why_left_out(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);

	if (h->chromium)
		return explain_printf(e,
				      "header %s is left out" BY_FETCH
				      "it is sent, and asked for first)",
				      name);
	if (h->safelist == FETCH_FORBIDDEN_OVERRIDE)
		return explain_printf(
		    e, "header %s is left out: it names a forbidden method",
		    name);
	return explain_printf(
	    e, "header %s is left out: browsers set it themselves", name);
}

static void
add_why(struct explanation *e)
{
	const struct fetch_plan *plan = &e->plan;

	if (plan->preflight && plan->method_needs_preflight)
		texts_add(e, &e->why,
			  explain_printf(e,
					 "method %s is not GET, HEAD or POST",
					 explain_quote(e, plan->method)));
	for (size_t i = 0; i < plan->header_count; i++) {
		const struct fetch_header *h = &plan->headers[i];
		const char *text;

		if (!fetch_is_sent(h)) {
			texts_add(e, &e->why, why_left_out(e, h));
			continue;
		}
		if (!plan->cross_origin)
			continue;
		text = why_preflight(e, h);
		if (text == NULL && h->chromium)
			text = explain_printf(e,
					      "header %s is safelisted" BY_FETCH
					      "it is asked for)",
					      explain_quote(e, h->name));
		else if (text != NULL && h->chromium)
			text = explain_printf(
			    e, "%s" BY_FETCH "it is safelisted)", text);
		if (text != NULL)
			texts_add(e, &e->why, text);
	}
}

/* ---- where the browser leaves the standard ---- */

/* Note where Chromium differs from the Fetch standard. */
static void
note_header(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);
	const char *text;

	if (!h->chromium || !(e->plan.cross_origin || !fetch_is_sent(h)))
		return;
	if (!fetch_is_sent(h))
		text =
		    explain_printf(e,
				   "Chromium leaves the header %s out; by the "
				   "Fetch standard it is sent",
				   name);
	else if (fetch_needs_preflight(h))
		text =
		    explain_printf(e,
				   "Chromium asks first because of the header "
				   "%s; by the Fetch standard it need not",
				   name);
	else
		text = explain_printf(e,
				      "Chromium sends the header %s without "
				      "asking; by the Fetch standard it asks "
				      "first",
				      name);
	texts_add(e, &e->notes, text);
}

static void
add_notes(struct explanation *e)
{
	for (size_t i = 0; i < e->plan.header_count; i++)
		note_header(e, &e->plan.headers[i]);
}

/* ---- the requests ---- */

static struct fetch_fields
preflight_fields(struct explanation *e)
{
	struct fetch_field *at = arena_array(e->arena, 3, sizeof(*at));
	size_t count = 2;

	if (at == NULL) {
		e->out_of_memory = true;
		return (struct fetch_fields){NULL, 0};
	}
	at[0] = (struct fetch_field){SLICE("Origin"), e->question.origin};
	at[1] = (struct fetch_field){SLICE("Access-Control-Request-Method"),
				     e->plan.method};
	if (slice_present(e->plan.asked))
		at[count++] = (struct fetch_field){
		    SLICE("Access-Control-Request-Headers"), e->plan.asked};
	return (struct fetch_fields){at, count};
}

static struct fetch_fields
request_fields(struct explanation *e)
{
	const struct fetch_plan *plan = &e->plan;
	struct fetch_field *at =
	    arena_array(e->arena, plan->header_count + 1, sizeof(*at));
	size_t count = 0;

	if (at == NULL) {
		e->out_of_memory = true;
		return (struct fetch_fields){NULL, 0};
	}
	if (plan->sends_origin)
		at[count++] =
		    (struct fetch_field){SLICE("Origin"), e->question.origin};
	for (size_t i = 0; i < plan->header_count; i++)
		if (fetch_is_sent(&plan->headers[i]))
			at[count++] = (struct fetch_field){
			    plan->headers[i].name, plan->headers[i].value};
	return (struct fetch_fields){at, count};
}

/* ---- what needs no answer ---- */

static const char call[] = "TypeError: Failed to execute 'fetch' on 'Window'";

/* fetch() parses the URL first.  The password is not printed. */
static void
refuse_userinfo(struct explanation *e)
{
	e->message = explain_printf(
	    e,
	    "%s: Request cannot be constructed from a URL that includes "
	    "credentials: %s",
	    call, explain_quote(e, e->question.url.full));
	e->fix = "leave user name and password out of the URL; send an "
		 "Authorization header";
}

/* fetch() throws: the words are Chromium's. */
static void
refuse(struct explanation *e)
{
	const char *name = explain_quote(e, e->plan.refused);

	e->stopped = true;
	e->verdict = VERDICT_BLOCKED;
	e->reason = "forbidden-method";
	e->fix = "change the script: no policy can allow this";
	if (e->userinfo) {
		refuse_userinfo(e);
		return;
	}
	switch (e->plan.refusal) {
	case FETCH_METHOD_FORBIDDEN:
		e->message = explain_printf(
		    e, "%s: '%s' HTTP method is unsupported.", call, name);
		e->fix = "use another method: browsers never send CONNECT, "
			 "TRACE or TRACK, and no policy can allow them";
		break;
	case FETCH_METHOD_NO_TOKEN:
		e->message = explain_printf(
		    e, "%s: '%s' is not a valid HTTP method.", call, name);
		break;
	case FETCH_HEADER_NO_TOKEN:
		e->message = explain_printf(
		    e, "%s: Invalid name (the header \"%s\")", call, name);
		break;
	case FETCH_HEADER_VALUE:
		e->message = explain_printf(
		    e, "%s: Invalid value (of the header %s)", call, name);
		break;
	case FETCH_ACCEPTED:
		break;
	}
}

const char *
explain_noted(struct explanation *e, const char *text)
{
	for (size_t i = 0; i < e->notes.count; i++)
		text =
		    explain_printf(e, "%s (Note: %s.)", text, e->notes.at[i]);
	return text;
}

void
explain_begin(struct explanation *e, struct arena *arena,
	      const struct question *question)
{
	struct fetch_request request = {
	    .origin = question->origin,
	    .url_origin = question->url.origin,
	    .method = question->method,
	    .headers = question->headers,
	    .credentials = question->credentials,
	};

	*e = (struct explanation){.arena = arena, .question = *question};
	e->userinfo = question->url.has_userinfo;
	if (!fetch_plan(arena, &request, &e->plan)) {
		e->out_of_memory = true;
		return;
	}
	if (e->plan.refusal != FETCH_ACCEPTED || e->userinfo) {
		e->plan.preflight = false;
		refuse(e);
		return;
	}
	add_notes(e);
	explain_barriers(e);
	if (e->stopped)
		return;
	add_why(e);
	if (e->plan.preflight)
		e->preflight_request = preflight_fields(e);
	e->request = request_fields(e);
	e->sent = true;
}

bool
explain_is_settled(const struct explanation *e)
{
	return e->out_of_memory || e->verdict != VERDICT_UNKNOWN;
}
