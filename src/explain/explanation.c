/*
 * The beginning of every explanation: what a browser does with a request
 * before there is a response.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"

/* ---- why ---- */

#define BY_FETCH " (in %s; by the Fetch standard "

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
			return "content-type is not a MIME type";
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
	case FETCH_NO_CORS:
		break;
	}
	return NULL;
}

static const char *
browser_name(const struct explanation *e)
{
	return fetch_engine(e->question.browser)->name;
}

static const char *
why_left_out(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);

	if (h->differs)
		return explain_printf(
		    e,
		    "header %s is left out" BY_FETCH
		    "it is sent, after a preflight that names it)",
		    name, browser_name(e));
	if (h->safelist == FETCH_FORBIDDEN_OVERRIDE)
		return explain_printf(
		    e, "header %s is left out: it names a forbidden method",
		    name);
	if (h->safelist == FETCH_NO_CORS)
		return explain_printf(e,
				      "header %s is left out: mode no-cors "
				      "sends safelisted ones alone",
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
	if (plan->preflight && e->question.how.again)
		texts_add(e, &e->why,
			  explain_printf(e,
					 "%s repeats the preflight after a "
					 "redirect where it sent one before",
					 browser_name(e)));
	if (plan->preflight && plan->listens)
		texts_add(e, &e->why, "XMLHttpRequest.upload has a listener");
	for (size_t i = 0; i < plan->header_count; i++) {
		const struct fetch_header *h = &plan->headers[i];
		const char *text;

		if (!fetch_is_sent(h)) {
			texts_add(e, &e->why, why_left_out(e, h));
			continue;
		}
		if (!plan->cross_origin || plan->opaque)
			continue;
		text = why_preflight(e, h);
		if (text == NULL && h->differs)
			text = explain_printf(e,
					      "header %s is safelisted" BY_FETCH
					      "the preflight names it)",
					      explain_quote(e, h->name),
					      browser_name(e));
		else if (text != NULL && h->differs)
			text =
			    explain_printf(e, "%s" BY_FETCH "it is safelisted)",
					   text, browser_name(e));
		if (text != NULL)
			texts_add(e, &e->why, text);
	}
}

/* ---- where the browser deviates from the standard ---- */

/* Note where the browser differs from the Fetch standard. */
static void
note_header(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);
	const char *who = browser_name(e), *text;

	if (!h->differs || e->plan.opaque ||
	    !(e->plan.cross_origin || !fetch_is_sent(h)))
		return;
	if (!fetch_is_sent(h))
		text = explain_printf(e,
				      "%s leaves the header %s out; by the "
				      "Fetch standard it is sent",
				      who, name);
	else if (fetch_needs_preflight(h))
		text = explain_printf(e,
				      "%s sends a preflight because of the "
				      "header %s; the Fetch standard does not",
				      who, name);
	else
		text = explain_printf(e,
				      "%s sends the header %s without a "
				      "preflight; the Fetch standard sends one",
				      who, name);
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
	at[0] = (struct fetch_field){SLICE("Origin"),
				     preflight_origin(&e->question)};
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

/* ---- verdicts without a response ---- */

/* fetch() parses the URL first.  The password is not printed. */
static void
refuse_userinfo(struct explanation *e)
{
	e->message = console_of_userinfo(e);
	e->fix = "leave user name and password out of the URL; send an "
		 "Authorization header";
}

/* fetch() throws. */
static void
refuse(struct explanation *e)
{
	e->stopped = true;
	e->verdict = VERDICT_BLOCKED;
	e->reason = "forbidden-method";
	e->fix = "change the script: no policy can allow this";
	if (e->userinfo) {
		refuse_userinfo(e);
		return;
	}
	if (e->plan.refusal == FETCH_METHOD_FORBIDDEN)
		e->fix = "use another method: browsers never send CONNECT, "
			 "TRACE or TRACK, and no policy can allow them";
	else if (e->plan.refusal == FETCH_METHOD_NO_CORS)
		e->fix = "remove mode: \"no-cors\": without it any method can "
			 "be used";
	else if (e->plan.refusal == FETCH_BODY)
		e->fix = "send the body with POST, PUT or PATCH, or put it "
			 "into the URL";
	e->message = console_of_refusal(e);
}

void
explain_begin(struct explanation *e, struct arena *arena,
	      const struct question *question)
{
	struct fetch_request request = {
	    .browser = question->browser,
	    .origin = question->origin,
	    .url_origin = question->url.origin,
	    .method = question->method,
	    .headers = question->headers,
	    .credentials = question->credentials,
	    .how = question->how,
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

/* ---- Fetch Metadata ---- */

const char *
explain_fetch_mode(const struct explanation *e)
{
	return e->question.how.no_cors || e->plan.opaque ? "no-cors" : "cors";
}

const char *
explain_fetch_dest(const struct explanation *e)
{
	switch (e->question.how.as) {
	case FETCH_AS_SCRIPT:
	case FETCH_AS_FONT:
	case FETCH_AS_IMAGE:
		return fetch_as_name(e->question.how.as);
	default:
		return "empty";
	}
}
