/*
 * What to change so that the request passes, in the policy's words.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explanation.h"

/* " of [cors api] (line 12)"; "" where no policy is known. */
static const char *
of_section(struct explanation *e, const struct answer *answer)
{
	const struct policy_spec *spec;

	if (answer->policy == NULL)
		return "";
	spec = &answer->policy->spec;
	return explain_printf(e, " of [cors%s%s] (line %u)",
			      spec->name.len > 0 ? " " : "",
			      explain_quote(e, spec->name), spec->line);
}

/* ---- origins ---- */

/* The origin that a browser would send for what was given; absent: none, or
 * the same. */
static struct slice
meant_origin(struct explanation *e)
{
	struct slice origin = e->question.origin;
	struct url url;

	if (url_parse(e->arena, origin, NULL, NULL, &url) != URL_FAULT_NONE ||
	    slice_eq(url.origin, origin))
		return SLICE_NONE;
	return url.origin;
}

static const char *
fix_malformed(struct explanation *e)
{
	struct slice meant = meant_origin(e);

	if (slice_present(meant))
		return explain_printf(
		    e, "no browser sends this origin; it sends %s: ask for "
		       "that (--origin %s)",
		    explain_quote(e, meant), explain_quote(e, meant));
	return "no browser sends this origin: an origin is a scheme, a host "
	       "and a port, as in https://app.example.com";
}

static const char *
fix_origin(struct explanation *e, const struct answer *answer)
{
	struct slice origin = e->question.origin;

	if (slice_eq(origin, SLICE("null")))
		return explain_printf(
		    e,
		    "serve the page over http or https, where it has an "
		    "origin; or add null to `origins`%s with `allow-null = "
		    "yes`, and let every sandboxed frame and local file in",
		    of_section(e, answer));
	return explain_printf(e, "add %s to `origins`%s",
			      explain_quote(e, origin),
			      of_section(e, answer));
}

/* ---- methods and headers ---- */

/* The asked names that the answer does not list. */
static const char *
missing_headers(struct explanation *e, const struct answer *answer)
{
	const struct name_list *list =
	    answer->policy == NULL ? NULL : &answer->policy->spec.headers;
	struct slice given = fetch_get(e->arena, &answer->fields,
				       SLICE("access-control-allow-headers"));
	const char *text = "";

	for (size_t i = 0; i < e->plan.header_count; i++) {
		const struct fetch_header *h = &e->plan.headers[i];
		struct slice rest = given, item;
		bool found = false;

		if (!fetch_asks(h))
			continue;
		for (size_t j = 0; list != NULL && j < list->count; j++)
			found |= slice_eq_nocase(list->names[j], h->name);
		while (!found && fetch_list_next(&rest, &item))
			found = slice_eq_nocase(item, h->name);
		if (list != NULL && list->any &&
		    !slice_eq(h->name, SLICE("authorization")))
			found = true;
		if (!found)
			text = explain_printf(e, "%s%s%s", text,
					      text[0] == '\0' ? "" : " ",
					      explain_quote(e, h->name));
	}
	return text;
}

static const char *
fix_method(struct explanation *e, const struct answer *answer, const char *key)
{
	return explain_printf(e, "add %s to `%s`%s",
			      explain_quote(e, e->plan.method), key,
			      of_section(e, answer));
}

static const char *
fix_headers(struct explanation *e, const struct answer *answer)
{
	return explain_printf(e, "add %s to `headers`%s",
			      missing_headers(e, answer),
			      of_section(e, answer));
}

/* ---- where the policy itself refuses ---- */

static const char *
fix_policy(struct explanation *e, const struct answer *answer)
{
	switch (answer->policy_reason) {
	case CORS_ORIGIN_NOT_ALLOWED:
	case CORS_ORIGIN_NULL:
		return fix_origin(e, answer);
	case CORS_ORIGIN_MALFORMED:
		return fix_malformed(e);
	case CORS_METHOD_NOT_ALLOWED:
		return fix_method(e, answer, "methods");
	case CORS_HEADER_NOT_ALLOWED:
		return fix_headers(e, answer);
	case CORS_HEADERS_TOO_MANY:
		return explain_printf(
		    e, "send fewer headers: %d names and %d bytes of them are "
		       "the most",
		    CORS_ACRH_ELEMENTS, CORS_ACRH_BYTES);
	case CORS_ENFORCED:
		return explain_printf(
		    e, "%s; or let it run unread with `enforce = advertise`",
		    fix_origin(e, answer));
	case CORS_NOT_IN_ALLOW:
		return fix_method(e, answer, "allow");
	case CORS_METHOD_MALFORMED:
	case CORS_HEADERS_MALFORMED:
	case CORS_REASON_NONE:
	case CORS_REASON_COUNT:
		break;
	}
	return "no browser sends this";
}

/* ---- where the answer does not please the browser ---- */

static const char *
fix_credentials(struct explanation *e, const struct answer *answer, bool star)
{
	if (star)
		return explain_printf(
		    e,
		    "list the origins by name in `origins`%s, with "
		    "`credentials = yes`; or let the script ask without "
		    "credentials",
		    of_section(e, answer));
	return explain_printf(e,
			      "set `credentials = yes`%s; or let the script "
			      "ask without credentials",
			      answer->policy == NULL
				  ? ""
				  : explain_printf(e, " in%s",
						   of_section(e, answer) + 3));
}

/* A status that is not the application's is corswrap's own doing here. */
static const char *
fix_status(const struct answer *answer, bool preflight)
{
	if (answer->status == 400 && answer->by != NULL)
		return "the path cannot be decoded: write % as %25";
	if (answer->status == 500 && answer->by != NULL)
		return "set CORSWRAP_POLICY to a NAME of the policy's "
		       "[cors NAME]";
	if (!preflight)
		return "send the CORS headers on every status, errors too";
	if (answer->status == 401 || answer->status == 403)
		return "let preflights through without a password: they never "
		       "carry one; let corswrap answer them";
	return "answer OPTIONS with 204 and the CORS headers: let corswrap do "
	       "it (`preflight = answer`)";
}

static const char *
fix_answer(struct explanation *e, const struct answer *answer,
	   enum fetch_reason reason, bool preflight)
{
	switch (reason) {
	case FETCH_ACAO_MISSING:
		if (answer->status >= 400)
			return fix_status(answer, preflight);
		return fix_origin(e, answer);
	case FETCH_ACAO_MISMATCH:
		return fix_origin(e, answer);
	case FETCH_ACAO_MULTIPLE:
		return "send Access-Control-Allow-Origin once: take it out of "
		       "the web server's configuration, and leave "
		       "`app-headers = override`";
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		return fix_credentials(e, answer, true);
	case FETCH_CREDENTIALS_NOT_TRUE:
		return fix_credentials(e, answer, false);
	case FETCH_PREFLIGHT_REDIRECT:
		return "ask for the URL to which it redirects, or answer "
		       "OPTIONS before the redirect";
	case FETCH_PREFLIGHT_STATUS:
		return fix_status(answer, preflight);
	case FETCH_LIST_MALFORMED:
		return "write names with commas between them, and nothing "
		       "else: corswrap writes them from `methods` and "
		       "`headers`";
	case FETCH_METHOD_NOT_ALLOWED:
		return fix_method(e, answer, "methods");
	case FETCH_HEADER_NOT_ALLOWED:
		return fix_headers(e, answer);
	case FETCH_PASSES:
	case FETCH_REASON_COUNT:
		break;
	}
	return NULL;
}

const char *
explain_fix(struct explanation *e, const struct answer *answer,
	    enum fetch_reason reason, bool preflight)
{
	if (answer->uncovered)
		return explain_printf(
		    e,
		    "no section of the policy covers this host and path: give "
		    "[cors] `origins = %s`, or a [cors NAME] the `host` or "
		    "`path` of this URL",
		    explain_quote(e, e->question.origin));
	if (answer->policy_reason != CORS_REASON_NONE)
		return fix_policy(e, answer);
	return fix_answer(e, answer, reason, preflight);
}
