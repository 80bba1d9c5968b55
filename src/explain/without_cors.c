/*
 * Requests without CORS: mode "no-cors", <script> and <img> without
 * crossorigin.  They need no CORS header, and the page cannot read the
 * response; Cross-Origin-Resource-Policy can block it (Fetch, 3.7).
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

/* Any other value is ignored. */
static bool
is_resource_policy(struct slice policy)
{
	return slice_eq(policy, SLICE("same-origin")) ||
	       slice_eq(policy, SLICE("same-site")) ||
	       slice_eq(policy, SLICE("cross-origin"));
}

/*
 * Cross-Origin-Embedder-Policy as far as it counts for this request.  In pages
 * that are not secure contexts it does not apply (HTML, "obtain an embedder
 * policy"); with credentialless a request without CORS has no credentials, and
 * therefore passes.
 */
static bool
requires_resource_policy(struct explanation *e)
{
	struct url page;

	return e->question.how.embedder == FETCH_REQUIRE_CORP &&
	       (url_parse(e->arena, e->question.origin, NULL, NULL, &page) !=
		    URL_FAULT_NONE ||
		url_is_trustworthy(&page));
}

/* "cross-origin resource policy internal check"; false: the response is
 * blocked. */
static bool
passes_resource_policy(struct explanation *e, struct slice policy)
{
	const struct url *url = &e->question.url;
	struct url page;

	if (slice_eq(policy, SLICE("same-origin")))
		return false; /* only cross-origin requests get here */
	if (!slice_eq(policy, SLICE("same-site")))
		return is_resource_policy(policy) ||
		       !requires_resource_policy(e);
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
		    !is_resource_policy(policy)
			? "NotSameOriginAfterDefaultedToSameOriginByCoep"
		    : slice_eq(policy, SLICE("same-site")) ? "NotSameSite"
							   : "NotSameOrigin");
	}
}

static void
check_resource_policy(struct explanation *e, struct slice policy)
{
	const char *text;

	if (!is_resource_policy(policy))
		text = "no Cross-Origin-Resource-Policy, and the page has "
		       "Cross-Origin-Embedder-Policy: require-corp";
	else
		text = explain_printf(
		    e,
		    "Cross-Origin-Resource-Policy is %s, and the page is of "
		    "another %s",
		    explain_quote(e, policy),
		    slice_eq(policy, SLICE("same-site")) ? "site" : "origin");
	checks_add(e, &e->request_checks, false, text);
}

static const char *
fix_resource_policy(struct explanation *e, struct slice policy)
{
	const char *text =
	    e->response.policy != NULL
		? "set `resource-policy = cross-origin`, if pages of other "
		  "origins may embed it; or load it with CORS"
		: "send Cross-Origin-Resource-Policy: cross-origin, if pages "
		  "of other origins may embed it; or load it with CORS";

	if (is_resource_policy(policy))
		return text;
	return explain_printf(e,
			      "%s (crossorigin); or make the page send "
			      "Cross-Origin-Embedder-Policy: credentialless, "
			      "which Chromium and Firefox know",
			      text);
}

static void
block_by_resource_policy(struct explanation *e, struct slice policy)
{
	check_resource_policy(e, policy);
	explain_blocked(e, "resource-policy",
			explain_noted(e, describe_block(e, policy)),
			fix_resource_policy(e, policy));
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
		return "The request is sent, and the page cannot read the "
		       "response: it is opaque, with status 0, no headers and "
		       "no body.";
	}
}

static void
note_embedder(struct explanation *e, struct slice policy)
{
	enum fetch_embedder embedder = e->question.how.embedder;
	const struct fetch_engine *engine = fetch_engine(e->question.browser);
	const char *text = NULL;

	if (embedder == FETCH_CREDENTIALLESS && engine->no_credentialless)
		text = explain_printf(e,
				      "%s does not know credentialless, and "
				      "takes it for no policy of the page",
				      engine->name);
	else if (embedder == FETCH_CREDENTIALLESS)
		text = "under Cross-Origin-Embedder-Policy: credentialless it "
		       "is requested without cookies";
	else if (embedder == FETCH_REQUIRE_CORP && !requires_resource_policy(e))
		text = "Cross-Origin-Embedder-Policy applies only in secure "
		       "contexts (https, localhost), and this page is not one";
	else if (embedder == FETCH_UNSAFE_NONE && !is_resource_policy(policy))
		text = "a page with Cross-Origin-Embedder-Policy: require-corp "
		       "also needs Cross-Origin-Resource-Policy: cross-origin "
		       "here, or CORS";
	if (text != NULL)
		texts_add(e, &e->notes, text);
}

void
browser_check_opaque(struct explanation *e)
{
	struct slice policy = fetch_get(e->arena, &e->response.fields,
					SLICE("cross-origin-resource-policy"));

	/* Fonts without CORS are loaded in mode no-cors, too. */
	if (!passes_resource_policy(e, policy)) {
		block_by_resource_policy(e, policy);
		return;
	}
	note_embedder(e, policy);
	e->verdict = VERDICT_ALLOWED;
	e->has_readable = true;
	e->message = explain_noted(e, describe_opaque(e));
}
