/*
 * Requests without CORS: mode "no-cors", <script> and <img> without
 * crossorigin. They need no header of CORS, and the page learns nothing of the
 * answer; what can keep it out is Cross-Origin-Resource-Policy (Fetch, 3.7).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"
#include "policy/hostname.h"

/* ---- Cross-Origin-Resource-Policy ---- */

static bool
has_no_site(const struct url *url)
{
	return !url->is_ip && text_find(url->host, '.') == url->host.len;
}

/* "cross-origin resource policy internal check": false, it blocks. */
static bool
passes_resource_policy(struct explanation *e, struct slice policy)
{
	const struct url *url = &e->question.url;
	struct url page;

	if (slice_eq(policy, SLICE("same-origin")))
		return false; /* they are cross-origin here */
	if (!slice_eq(policy, SLICE("same-site")))
		return true;
	if (url_parse(e->arena, e->question.origin, NULL, NULL, &page) !=
	    URL_FAULT_NONE)
		return fetch_engine(e->question.browser)->null_is_same_site &&
		       has_no_site(url);
	return hostname_same_site(page.host, url->host) &&
	       (slice_eq(page.scheme, SLICE("https")) ||
		!slice_eq(url->scheme, SLICE("https")));
}

static const char *
describe_block(struct explanation *e, struct slice policy)
{
	const char *url = explain_quote(e, e->question.url.full);

	switch (e->question.browser) {
	case FETCH_FIREFOX:
		/* It leaves an empty fragment out. */
		if (e->question.how.as == FETCH_AS_FETCH)
			url = explain_quote(
			    e, text_chop(e->question.url.full, '#'));
		return explain_printf(
		    e,
		    "The resource at \"%s\" was blocked due to its "
		    "Cross-Origin-Resource-Policy header (or lack thereof). "
		    "See https://developer.mozilla.org/docs/Web/HTTP/"
		    "Cross-Origin_Resource_Policy_(CORP)#",
		    url);
	case FETCH_SAFARI:
		return explain_printf(
		    e,
		    "Cancelled load to %s because it violates the resource's "
		    "Cross-Origin-Resource-Policy response header.",
		    url);
	default:
		return explain_printf(
		    e, "%s %s net::ERR_BLOCKED_BY_RESPONSE.%s",
		    explain_quote(e, e->plan.method), url,
		    slice_eq(policy, SLICE("same-site")) ? "NotSameSite"
							 : "NotSameOrigin");
	}
}

static void
block_by_resource_policy(struct explanation *e, struct slice policy)
{
	checks_add(e, &e->request_checks, false,
		   explain_printf(e,
				  "Cross-Origin-Resource-Policy is %s, and the "
				  "page is of another %s",
				  explain_quote(e, policy),
				  slice_eq(policy, SLICE("same-site"))
				      ? "site"
				      : "origin"));
	explain_blocked(
	    e, "resource-policy", explain_noted(e, describe_block(e, policy)),
	    e->response.policy != NULL
		? "set `resource-policy = cross-origin`, if pages of other "
		  "origins may embed it; or ask for it with CORS"
		: "let the server send Cross-Origin-Resource-Policy: "
		  "cross-origin, if pages of other origins may embed it; or "
		  "ask for it with CORS");
}

/* ---- the verdict ---- */

static const char *
describe_opaque(const struct explanation *e)
{
	switch (e->question.how.as) {
	case FETCH_AS_SCRIPT:
		return "The script runs, and CORS has no part in it; of its "
		       "errors the page learns \"Script error.\" alone.";
	case FETCH_AS_IMAGE:
		return "The image is shown, and CORS has no part in it; a "
		       "canvas that it is drawn into cannot be read.";
	case FETCH_AS_FONT:
		return "Safari loads fonts without CORS; other browsers do "
		       "not.";
	default:
		return "The request is sent, and the page learns nothing of "
		       "the answer: it is opaque, with status 0, no headers "
		       "and no body.";
	}
}

static void
note_embedder(struct explanation *e, struct slice policy)
{
	if (!slice_present(policy))
		texts_add(e, &e->notes,
			  "a page with Cross-Origin-Embedder-Policy: "
			  "require-corp also needs "
			  "Cross-Origin-Resource-Policy: cross-origin here, or "
			  "CORS");
}

void
browser_check_opaque(struct explanation *e)
{
	struct slice policy = fetch_get(e->arena, &e->response.fields,
					SLICE("cross-origin-resource-policy"));

	/* Fonts, too, are loaded in mode no-cors where they are without CORS.
	 */
	if (!passes_resource_policy(e, policy)) {
		block_by_resource_policy(e, policy);
		return;
	}
	note_embedder(e, policy);
	e->verdict = VERDICT_ALLOWED;
	e->has_readable = true;
	e->message = explain_noted(e, describe_opaque(e));
}
