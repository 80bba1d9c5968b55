/*
 * The headings of the walk through an exchange, so that the terminal and the
 * page say the same.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explanation.h"

const char *
explain_say_question(struct explanation *e)
{
	const struct question *q = &e->question;
	const char *page = "without an origin (null)";

	if (!slice_eq(q->origin, SLICE("null")))
		page = explain_printf(e, "of %s", explain_quote(e, q->origin));
	return explain_printf(e, "A page %s calls fetch(\"%s\")%s.", page,
			      explain_quote(e, q->url.href),
			      q->credentials ? " with credentials" : "");
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
		return "The page has the same origin: no preflight, and CORS "
		       "has no part in it.";
	return "The browser sends it without a preflight.";
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
	return "The script may read of its headers:";
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
