/*
 * What browsers block before CORS applies: ports of other protocols, mixed
 * content, Local Network Access.  No request is sent then, and no header of a
 * server can change that.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "fetch/engine.h"

/* ---- ports ---- */

/* Fetch, 2.9 "Port blocking": ports of other protocols. */
static bool
is_bad_port(unsigned port)
{
	static const unsigned short bad[] = {
	    1,	  7,	9,    11,   13,	  15,	17,   19,   20,	  21,	22,
	    23,	  25,	37,   42,   43,	  53,	69,   77,   79,	  87,	95,
	    101,  102,	103,  104,  109,  110,	111,  113,  115,  117,	119,
	    123,  135,	137,  139,  143,  161,	179,  389,  427,  465,	512,
	    513,  514,	515,  526,  530,  531,	532,  540,  548,  554,	556,
	    563,  587,	601,  636,  989,  990,	993,  995,  1719, 1720, 1723,
	    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
	    6668, 6669, 6679, 6697, 10080};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (bad[i] == port)
			return true;
	return false;
}

static bool
block_port(struct explanation *e)
{
	unsigned port = e->question.url.port;

	if (!is_bad_port(port))
		return false;
	explain_blocked(
	    e, "blocked-port",
	    explain_noted(
		e, explain_printf(e,
				  "%s (browsers do not connect to port %u, "
				  "which is another protocol's)",
				  console_of_network_error(e), port)),
	    "serve the URL on another port");
	return true;
}

/* ---- mixed content ---- */

/* Mixed Content, 4.4: the page is secure and the URL is not. */
static bool
is_mixed(const struct explanation *e)
{
	const struct fetch_engine *engine = fetch_engine(e->question.browser);
	const struct url *url = &e->question.url;

	if (!slice_starts(e->question.origin, SLICE("https://")) ||
	    slice_eq(url->scheme, SLICE("https")))
		return false;
	if (url_is_trustworthy(url))
		return engine->loopback_is_mixed;
	return !(engine->local_relaxes_mixed && url_space(url) >= SPACE_LOCAL);
}

static const char *
describe_mixed(struct explanation *e)
{
	const char *page = explain_quote(e, e->question.origin);
	const char *url = explain_quote(e, e->question.url.full);

	switch (e->question.browser) {
	case FETCH_FIREFOX:
		return explain_printf(
		    e, "Blocked loading mixed active content \"%s\"", url);
	case FETCH_SAFARI:
		return explain_printf(
		    e,
		    "[blocked] The page at %s/ requested insecure content "
		    "from %s. This content was blocked and must be served over "
		    "HTTPS.",
		    page, url);
	default:
		return explain_printf(
		    e,
		    "Mixed Content: The page at '%s/' was loaded over HTTPS, "
		    "but requested an insecure resource '%s'. This request has "
		    "been blocked; the content must be served over HTTPS.",
		    page, url);
	}
}

static bool
block_mixed(struct explanation *e)
{
	const struct fetch_engine *engine = fetch_engine(e->question.browser);
	const char *fix = "serve the URL over https";

	if (!is_mixed(e))
		return false;
	/* A name may resolve to such an address, which only the author of
	 * the script knows. */
	if (engine->local_relaxes_mixed)
		fix = "serve the URL over https; or, where its host is in the "
		      "visitor's network, call fetch() with "
		      "targetAddressSpace: \"local\" (Chromium alone)";
	explain_blocked(e, "mixed-content", explain_noted(e, describe_mixed(e)),
			fix);
	return true;
}

/* ---- Local Network Access ---- */

static enum url_space
space_of_page(struct explanation *e, struct url *page)
{
	bool parsed = url_parse(e->arena, e->question.origin, NULL, NULL,
				page) == URL_FAULT_NONE;

	if (e->question.page_space != SPACE_UNKNOWN || !parsed)
		return e->question.page_space;
	return url_space(page);
}

static void
note_local(struct explanation *e, bool secure)
{
	const char *name = fetch_engine(e->question.browser)->name;

	texts_add(e, &e->notes,
		  explain_printf(
		      e,
		      secure ? "%s requires the visitor's permission before a "
			       "page may reach this machine or the local "
			       "network, and no header replaces it; a frame "
			       "needs allow=\"local-network-access\" too"
			     : "%s allows pages to reach this machine or the "
			       "local network only if they came over https and "
			       "the visitor permits it",
		      name));
}

static const char *
describe_local(struct explanation *e, enum url_space to)
{
	return explain_printf(
	    e,
	    "Access to %s at '%s' from origin '%s' has been blocked by CORS "
	    "policy: The request client is not a secure context and the "
	    "resource is in more-private address space `%s`.",
	    console_kind(e), explain_quote(e, e->question.url.full),
	    explain_quote(e, e->question.origin), url_space_name(to));
}

/* Block a request to an address space that is more private than the page's. */
static bool
block_local(struct explanation *e)
{
	const struct fetch_engine *engine = fetch_engine(e->question.browser);
	struct url page = {.port = 0};
	enum url_space from = space_of_page(e, &page);
	enum url_space to = url_space(&e->question.url);
	bool secure = page.port != 0 && url_is_trustworthy(&page);

	if (!e->plan.cross_origin || to < SPACE_LOCAL || from >= to ||
	    page.port == 0 || !engine->local_asks)
		return false;
	if (secure || !engine->local_needs_secure || from == SPACE_UNKNOWN) {
		note_local(e, secure || !engine->local_needs_secure);
		return false;
	}
	explain_blocked(
	    e, "local-network", describe_local(e, to),
	    "serve the page over https: then the visitor can permit it");
	return true;
}

void
explain_barriers(struct explanation *e)
{
	if (!block_port(e) && !block_mixed(e) && !block_local(e))
		return;
	e->stopped = true;
	e->plan.preflight = false;
}
