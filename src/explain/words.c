/*
 * The headings of the walk through an exchange, so that the terminal and the
 * page say the same.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"

const char *
explain_say_page(struct explanation *e)
{
	struct slice origin = e->question.origin;

	if (slice_eq(origin, SLICE("null")))
		return "A page without an origin (null)";
	return explain_printf(e, "A page of %s", explain_quote(e, origin));
}

/* As it stands in a script, in quotes: what explain_quote makes of a byte is
 * one there too. */
static const char *
say_string(struct explanation *e, struct slice bytes)
{
	char *text = arena_array(e->arena, bytes.len + 1, 2);
	size_t len = 0;

	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] == '"' || bytes.ptr[i] == '\\')
			text[len++] = '\\';
		text[len++] = bytes.ptr[i];
	}
	return explain_printf(e, "\"%s\"",
			      explain_quote(e, slice_of(text, len)));
}

static const char *
say_headers(struct explanation *e)
{
	const struct fetch_fields *headers = &e->question.headers;
	const char *text = "";

	for (size_t i = 0; i < headers->count; i++)
		text = explain_printf(
		    e, "%s%s%s: %s", text, i > 0 ? ", " : "",
		    say_string(e, headers->at[i].name),
		    say_string(e, text_trim_http(headers->at[i].value)));
	return explain_printf(e, "        headers: {%s},\n", text);
}

const char *
explain_say_call(struct explanation *e)
{
	const struct question *q = &e->question;
	const char *url = say_string(e, q->url.full);
	const char *method = "";
	bool plain = slice_eq(q->method, SLICE("GET"));

	if (plain && q->headers.count == 0 && !q->credentials)
		return explain_printf(e, "    fetch(%s)", url);
	if (!plain)
		method = explain_printf(e, "        method: %s,\n",
					say_string(e, q->method));
	return explain_printf(
	    e, "    fetch(%s, {\n%s%s%s    })", url, method,
	    q->headers.count > 0 ? say_headers(e) : "",
	    q->credentials ? "        credentials: \"include\",\n" : "");
}

bool
explain_is_refused(const struct explanation *e)
{
	return e->plan.refusal != FETCH_ACCEPTED || e->userinfo;
}

const char *
explain_say_way(const struct explanation *e)
{
	if (e->plan.preflight)
		return "The browser asks first, with a preflight:";
	if (!e->plan.cross_origin)
		return "No preflight: page and URL have the same origin.";
	return "No preflight: neither the method nor a header needs one.";
}

const char *
explain_say_by(const struct explanation *e, const struct answer *answer)
{
	if (answer->by != NULL)
		return answer->by;
	if (answer->status != 0)
		return "The server answers:";
	if (answer->uncovered)
		return "No section of the policy covers this host and path: "
		       "the application answers, without CORS headers.";
	if (answer->fields.count == 0)
		return "The application answers; corswrap adds nothing.";
	if (!e->plan.cross_origin)
		return "The application answers, and corswrap adds:";
	if (answer == &e->answer && answer->policy != NULL &&
	    answer->policy->spec.keep_app_headers)
		return "The application answers; its own CORS headers stand if "
		       "Access-Control-Allow-Origin is among them "
		       "(`app-headers = keep`), and else these:";
	return "The application answers, and corswrap sees to its CORS "
	       "headers:";
}

const char *
explain_say_request(const struct explanation *e)
{
	if (!e->sent)
		return e->plan.preflight ? "The request itself is not sent."
					 : "Nothing is sent.";
	return e->preflight.known || !e->plan.preflight
		   ? "The request itself:"
		   : "The request itself, if the preflight passes:";
}

const char *
explain_say_readable(void)
{
	return "Of the answer's headers the script may read:";
}

/* More than is known here? */
static bool
reads_all(struct explanation *e)
{
	struct slice exposed =
	    fetch_get(e->arena, &e->answer.fields,
		      SLICE("access-control-expose-headers"));

	/* With credentials corswrap names them one by one, once it has them. */
	if (e->answer.status == 0 && e->answer.policy != NULL &&
	    e->answer.policy->spec.expose.any)
		return true;
	return !e->plan.cross_origin ||
	       fetch_is_readable(SLICE("x"), exposed, e->question.credentials);
}

const char *
explain_say_readable_end(struct explanation *e)
{
	bool all = reads_all(e);

	if (e->readable_count == 0)
		return all ? " all but Set-Cookie." : " none.";
	return all ? ", and all others but Set-Cookie." : ".";
}

const char *
explain_say_verdict(const struct explanation *e)
{
	switch (e->verdict) {
	case VERDICT_ALLOWED:
		return "Allowed";
	case VERDICT_BLOCKED:
		return "Blocked";
	case VERDICT_UNKNOWN:
		break;
	}
	return "Unknown";
}
