/*
 * What to change so that the request is allowed, in the policy's words.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"
#include "cors/names.h"
#include "explain/web_servers.h"

/* ---- places in the policy ---- */

static const char *
section_title(struct explanation *e, struct slice name)
{
	return explain_printf(e, "[cors%s%s]", name.len > 0 ? " " : "",
			      explain_quote(e, name));
}

/* "add PUT to `methods` of [cors] (line 3)", or a new key if there is none. */
static const char *
add_to(struct explanation *e, const struct response *response, enum place where,
       const char *key, const char *words)
{
	const struct key_place *place;

	if (response->source == NULL)
		return explain_printf(e, "add %s to `%s`", words, key);
	place = &response->source->places[where];
	/* `none` must be the only word. */
	if (where == PLACE_ORIGINS && response->policy != NULL &&
	    response->policy->spec.no_origin)
		return explain_printf(
		    e,
		    "this path is closed on purpose; to open it write `%s = "
		    "%s` instead of `none` in %s (line %u)",
		    key, words, section_title(e, place->section), place->line);
	if (place->line != 0)
		return explain_printf(
		    e, "add %s to `%s` of %s (line %u)", words, key,
		    section_title(e, place->section), place->line);
	return explain_printf(e, "write `%s = %s` in %s (line %u)", key, words,
			      section_title(e, place->section),
			      place->section_line);
}

static const char *
set_to(struct explanation *e, const struct response *response, enum place where,
       const char *text)
{
	const struct key_place *place;

	if (response->source == NULL)
		return explain_printf(e, "set `%s`", text);
	place = &response->source->places[where];
	return explain_printf(e, "set `%s` in %s (line %u)", text,
			      section_title(e, place->section),
			      place->line != 0 ? place->line
					       : place->section_line);
}

/* Are credentials on in the section that lists the origins or in one that
 * inherits them, or does the request need them? */
static bool
has_credentials(const struct explanation *e, const struct response *response)
{
	if (e->question.credentials)
		return true;
	return response->source != NULL &&
	       (response->source->places[PLACE_ORIGINS].credentials ||
		response->policy->spec.credentials);
}

/* ---- origins ---- */

static const char serve_page[] =
    "serve the page over http or https, not from a "
    "file or in a sandbox: then it has an origin";

static const char *
fix_null(struct explanation *e, const struct response *response)
{
	/* Fetch, "redirect-tainted origin". */
	if (e->tainted)
		return explain_printf(
		    e,
		    "request %s directly: after a redirect from one origin to "
		    "another the browser sends Origin: null",
		    explain_quote(e, e->question.url.full));
	/* null-with-credentials is an error of the policy. */
	if (has_credentials(e, response))
		return serve_page;
	return explain_printf(
	    e,
	    "%s; or %s with `allow-null = yes`, which lets "
	    "any page in a sandboxed frame in",
	    serve_page, add_to(e, response, PLACE_ORIGINS, "origins", "null"));
}

/* A page whose origin every attacker on the network path can claim
 * (`insecure-origin`). */
static bool
is_insecure(struct slice origin)
{
	struct origin_pattern pattern;

	return origin_pattern_parse(origin, &pattern) == ORIGIN_FAULT_NONE &&
	       origin_pattern_is_insecure(&pattern);
}

/* The origin that a policy may list with credentials, and what must be done
 * first: "serve the page over https, and ", or nothing. */
static const char *
secure_origin(struct explanation *e, const char **first)
{
	struct slice origin = e->question.origin;

	*first = "";
	if (!is_insecure(origin))
		return explain_quote(e, origin);
	*first = "serve the page over https, and ";
	return explain_printf(e, "https%s",
			      explain_quote(e, slice_after(origin, 4)));
}

static const char *
fix_origin(struct explanation *e, const struct response *response)
{
	struct slice origin = e->question.origin;
	const char *text, *first, *secure;

	if (slice_eq(origin, SLICE("null")))
		return fix_null(e, response);
	text = add_to(e, response, PLACE_ORIGINS, "origins",
		      explain_quote(e, origin));
	if (!is_insecure(origin))
		return text;
	/* A live server does not show whether `credentials` is set. */
	if (response->source == NULL && !e->question.credentials)
		return explain_printf(
		    e,
		    "%s; if `credentials = yes` is set there, serve the page "
		    "over https instead, since then lint refuses an http "
		    "origin",
		    text);
	if (!has_credentials(e, response))
		return text;
	secure = secure_origin(e, &first);
	return explain_printf(
	    e,
	    "%s%s; or, as it is, %s with `allow-insecure = "
	    "yes`",
	    first, add_to(e, response, PLACE_ORIGINS, "origins", secure), text);
}

static const char *
fix_uncovered(struct explanation *e)
{
	const char *first, *origin = secure_origin(e, &first);

	if (slice_eq(e->question.origin, SLICE("null"))) {
		first = explain_printf(e, "%s, and ", serve_page);
		origin = "https://...";
	}
	return explain_printf(e,
			      "no section of the policy covers this host and "
			      "path: %sgive [cors] `origins = %s`, or a [cors "
			      "NAME] the `host` or `path` of this URL",
			      first, origin);
}

/* ---- methods and headers ---- */

/* Response headers that a script sends by mistake are an error in `headers`, so
 * they are listed separately. */
enum wanted { ALL_NAMES, REQUEST_NAMES, RESPONSE_NAMES };

/* The requested names that the response does not list. */
static const char *
missing_names(struct explanation *e, const struct response *response,
	      enum wanted wanted)
{
	const struct name_list *list =
	    response->policy == NULL ? NULL : &response->policy->spec.headers;
	struct slice given = fetch_get(e->arena, &response->fields,
				       SLICE("access-control-allow-headers"));
	const char *text = "";
	bool any = list != NULL && list->any;

	for (struct slice rest = given, item;
	     list == NULL && text_list_next(&rest, &item);)
		any |= slice_eq(item, SLICE("*")) && !e->question.credentials;
	for (size_t i = 0; i < e->plan.header_count; i++) {
		const struct fetch_header *h = &e->plan.headers[i];
		struct slice rest = given, item;
		bool found = false;

		if (!fetch_needs_preflight(h))
			continue;
		if (wanted != ALL_NAMES &&
		    request_header_is_misplaced(h->name) !=
			(wanted == RESPONSE_NAMES))
			continue;
		for (size_t j = 0; list != NULL && j < list->count; j++)
			found |= slice_eq_nocase(list->names[j], h->name);
		while (!found && text_list_next(&rest, &item))
			found = slice_eq_nocase(item, h->name);
		if (any && !slice_eq(h->name, SLICE("authorization")))
			found = true;
		if (!found)
			text = explain_printf(e, "%s%s%s", text,
					      text[0] == '\0' ? "" : " ",
					      explain_quote(e, h->name));
	}
	return text;
}

static const char *
missing_headers(struct explanation *e, const struct response *response)
{
	return missing_names(e, response, ALL_NAMES);
}

/* fetch() writes only six methods in capitals, and methods are
 * case-sensitive: patch is not PATCH; absent: no letter is lower case. */
static struct slice
in_capitals(struct explanation *e)
{
	struct slice method = e->plan.method;
	char *text = arena_text(e->arena, method);
	bool differs = false;

	for (size_t i = 0; text != NULL && i < method.len; i++) {
		if (text[i] < 'a' || text[i] > 'z')
			continue;
		text[i] = (char)(text[i] - 'a' + 'A');
		differs = true;
	}
	return differs ? slice_of(text, method.len) : SLICE_NONE;
}

/* The method in the server's list if only its case differs; else absent. */
static struct slice
list_otherwise(struct explanation *e, const struct response *response)
{
	struct slice list = fetch_get(e->arena, &response->fields,
				      SLICE("access-control-allow-methods"));
	struct slice item;

	while (response->policy == NULL && text_list_next(&list, &item))
		if (slice_eq_nocase(item, e->plan.method))
			return item;
	return SLICE_NONE;
}

static const char *
fix_method(struct explanation *e, const struct response *response,
	   enum place where, const char *key)
{
	const char *method = explain_quote(e, e->plan.method);
	struct slice capitals = in_capitals(e);
	const char *text = add_to(e, response, where, key, method);
	struct slice listed = list_otherwise(e, response);

	if (slice_present(listed))
		return explain_printf(
		    e, "write %s in `methods`, not %s: case counts", method,
		    explain_quote(e, listed));
	if (!slice_present(capitals))
		return text;
	return explain_printf(e,
			      "write %s in the script: browsers send %s as it "
			      "is written, and it is another method; or %s",
			      explain_quote(e, capitals), method, text);
}

static const char *
fix_headers(struct explanation *e, const struct response *response)
{
	const char *names = missing_names(e, response, REQUEST_NAMES);
	const char *misplaced = missing_names(e, response, RESPONSE_NAMES);
	bool several = strchr(misplaced, ' ') != NULL;
	const char *text;

	if (*misplaced == '\0')
		return add_to(e, response, PLACE_HEADERS, "headers", names);
	text = explain_printf(
	    e, "take %s out of the script: %s, which the server sends",
	    misplaced,
	    several ? "they are response headers" : "it is a response header");
	if (*names == '\0')
		return text;
	return explain_printf(
	    e, "%s; also %s",
	    add_to(e, response, PLACE_HEADERS, "headers", names), text);
}

/* ---- refused by the policy itself ---- */

const char *
explain_refusal(struct explanation *e, const struct response *response)
{
	const char *method = explain_quote(e, e->plan.method);

	switch (response->policy_reason) {
	case CORS_ORIGIN_NOT_ALLOWED:
		return "the page's origin is not in `origins`";
	case CORS_ORIGIN_NULL:
		return "null is not in `origins`";
	case CORS_ORIGIN_MALFORMED:
		return "the page's origin is invalid";
	case CORS_METHOD_NOT_ALLOWED:
		return explain_printf(e, "%s is not in `methods`", method);
	case CORS_HEADER_NOT_ALLOWED:
		return explain_printf(e, "`headers` does not list %s",
				      missing_headers(e, response));
	case CORS_HEADERS_TOO_MANY:
		return "too many headers are requested";
	case CORS_ENFORCED:
		return "the page's origin is not in `origins`, and `enforce` "
		       "keeps others out";
	case CORS_ISOLATED:
		return "the page's origin is not in `origins`, and `isolate` "
		       "keeps other sites out";
	case CORS_NOT_IN_ALLOW:
		return explain_printf(e, "%s is not in `allow`", method);
	case CORS_METHOD_MALFORMED:
	case CORS_HEADERS_MALFORMED:
	case CORS_REASON_NONE:
	case CORS_REASON_COUNT:
		break;
	}
	return "no browser sends this";
}

static const char *
fix_policy(struct explanation *e, const struct response *response)
{
	switch (response->policy_reason) {
	case CORS_ORIGIN_NOT_ALLOWED:
	case CORS_ORIGIN_NULL:
		return fix_origin(e, response);
	case CORS_ORIGIN_MALFORMED:
		return "serve the page from a host of letters, digits, hyphens "
		       "and dots: corswrap does not accept this origin";
	case CORS_METHOD_NOT_ALLOWED:
		return fix_method(e, response, PLACE_METHODS, "methods");
	case CORS_HEADER_NOT_ALLOWED:
		return fix_headers(e, response);
	case CORS_HEADERS_TOO_MANY:
		return explain_printf(
		    e,
		    "send fewer headers: %d names and %d bytes of them are "
		    "the most",
		    CORS_ACRH_ELEMENTS, CORS_ACRH_BYTES);
	case CORS_ENFORCED:
		return explain_printf(
		    e,
		    "%s; or allow it to run, without a readable response, with "
		    "`enforce = advertise`",
		    fix_origin(e, response));
	case CORS_ISOLATED:
		return explain_printf(e,
				      "%s; or allow it to run, without a "
				      "readable response, with `isolate = no`",
				      fix_origin(e, response));
	case CORS_NOT_IN_ALLOW:
		return fix_method(e, response, PLACE_ALLOW, "allow");
	case CORS_METHOD_MALFORMED:
	case CORS_HEADERS_MALFORMED:
	case CORS_REASON_NONE:
	case CORS_REASON_COUNT:
		break;
	}
	return "no browser sends this";
}

/* ---- responses that the browser rejects ---- */

static const char without[] =
    "send the request without credentials, if it needs no cookies";

/* Are there origins that are an error with credentials (`insecure-origin`)? */
static bool
lists_insecure(const struct response *response)
{
	const struct policy_spec *spec;

	if (response->policy == NULL)
		return false;
	spec = &response->policy->spec;
	for (size_t i = 0; i < spec->origin_count; i++)
		if (origin_pattern_is_insecure(&spec->origins[i]))
			return true;
	return false;
}

/* `*` is an error with credentials. */
static const char *
fix_star(struct explanation *e, const struct response *response)
{
	const char *first, *origin = secure_origin(e, &first);
	const char *line = "";

	if (response->source != NULL)
		line = explain_printf(
		    e, " (line %u)",
		    response->source->places[PLACE_ORIGINS].line);
	return explain_printf(
	    e,
	    "%s; or %slist the origins by name, as in `origins = %s`%s, and %s",
	    without, first, origin, line,
	    set_to(e, response, PLACE_CREDENTIALS, "credentials = yes"));
}

static const char *
fix_credentials(struct explanation *e, const struct response *response,
		bool star)
{
	/* null-with-credentials is an error of the policy. */
	if (slice_eq(e->question.origin, SLICE("null")))
		return explain_printf(e, "%s; or %s", without, serve_page);
	if (star)
		return fix_star(e, response);
	return explain_printf(
	    e, "%s%s; or %s",
	    set_to(e, response, PLACE_CREDENTIALS, "credentials = yes"),
	    lists_insecure(response) ? ", and list only https in its `origins`"
				     : "",
	    without);
}

/* If `by` is set, corswrap made the response. */
static const char *
fix_status(struct explanation *e, const struct response *response,
	   bool preflight)
{
	if (response->status == 400 && response->by != NULL)
		return "the path cannot be decoded: write % as %25, and leave "
		       "%00 out";
	if (response->status == 500 && response->by != NULL)
		return "set CORSWRAP_POLICY to a NAME of the policy's "
		       "[cors NAME]";
	if (!preflight)
		return explain_set_headers(e, response);
	if (response->status == 401 || response->status == 403)
		return "exempt preflights from the password: they never carry "
		       "one; pass them to corswrap";
	return "respond to OPTIONS with 204 and the CORS headers: corswrap "
	       "does it with `preflight = answer`";
}

/* ---- all that the policy refuses ---- */

static const char *
also(struct explanation *e, const char *text, const char *more)
{
	return explain_printf(e, "%s; also %s", text, more);
}

static bool
lacks_method(const struct explanation *e, const struct name_list *list)
{
	return !list->any && !name_list_has(list, e->plan.method);
}

/* A policy reports the first reason only (DESIGN.md section 4).  Fixing
 * only that would lead to the next refusal, so all of them are named at
 * once. */
static const char *
fix_refusal(struct explanation *e, const struct response *response)
{
	const struct policy_spec *spec = &response->policy->spec;
	enum cors_reason reason = response->policy_reason;
	const char *text = fix_policy(e, response);
	bool of_origin =
	    reason == CORS_ORIGIN_NOT_ALLOWED || reason == CORS_ORIGIN_NULL;
	bool of_method = reason == CORS_METHOD_NOT_ALLOWED;

	if (!of_origin && !of_method && reason != CORS_HEADER_NOT_ALLOWED &&
	    reason != CORS_ENFORCED && reason != CORS_ISOLATED)
		return text;
	if (of_origin && e->plan.method_needs_preflight &&
	    lacks_method(e, &spec->methods))
		text = also(e, text,
			    fix_method(e, response, PLACE_METHODS, "methods"));
	if ((of_origin || of_method) && *missing_headers(e, response) != '\0')
		text = also(e, text, fix_headers(e, response));
	if (spec->has_allow && lacks_method(e, &spec->allow))
		text = also(e, text,
			    fix_method(e, response, PLACE_ALLOW, "allow"));
	if (e->question.credentials && !spec->credentials &&
	    !slice_eq(e->question.origin, SLICE("null")))
		text = also(e, text,
			    fix_credentials(e, response, spec->any_origin));
	return text;
}

/* ---- what a server's response shows ---- */

/* The same origin, but written differently from browsers? */
static bool
is_same(struct explanation *e, struct slice value)
{
	struct url url;

	return url_parse(e->arena, value, NULL, NULL, &url) == URL_FAULT_NONE &&
	       slice_eq(url.origin, e->question.origin);
}

static const char *
fix_mismatch(struct explanation *e, const struct response *response)
{
	struct slice value = fetch_get(e->arena, &response->fields,
				       SLICE("access-control-allow-origin"));

	if (!is_same(e, value))
		return fix_origin(e, response);
	return explain_printf(e,
			      "send %s byte for byte, as the browser does: no "
			      "final /, no capitals, no default port",
			      explain_quote(e, e->question.origin));
}

/* Does the response have no Vary: Origin, which servers with a policy send? */
static bool
is_bare(struct explanation *e, const struct response *response)
{
	struct slice vary =
	    fetch_get(e->arena, &response->fields, SLICE("vary"));
	struct slice item;

	while (slice_present(vary) && text_list_next(&vary, &item))
		if (slice_eq_nocase(item, SLICE("origin")))
			return false;
	return response->policy == NULL;
}

static const char *
fix_missing(struct explanation *e, const struct response *response,
	    bool preflight)
{
	const char *first = "", *origin = explain_quote(e, e->question.origin);
	struct slice location =
	    fetch_get(e->arena, &response->fields, SLICE("location"));

	if (response->status >= 400)
		return fix_status(e, response, preflight);
	if (fetch_is_redirect(response->status) && slice_present(location))
		return explain_printf(e,
				      "request %s directly, or send the CORS "
				      "headers with the redirect too",
				      explain_quote(e, location));
	if (!preflight && e->plan.preflight && response->policy == NULL)
		return "send the CORS headers with the response itself too, "
		       "not only with the response to the preflight";
	if (has_credentials(e, response))
		origin = secure_origin(e, &first);
	if (is_bare(e, response) &&
	    !slice_eq(e->question.origin, SLICE("null")))
		return explain_printf(
		    e,
		    "%sput corswrap in front of it, with `origins = %s`: the "
		    "response has no CORS header",
		    first, origin);
	return fix_origin(e, response);
}

static const char *
fix_multiple(const struct response *response)
{
	if (fetch_count(&response->fields,
			SLICE("access-control-allow-origin")) > 1)
		return "send Access-Control-Allow-Origin once: take it out of "
		       "the web server's configuration, and leave "
		       "`app-headers = override`";
	return "send the one origin of the request: "
	       "Access-Control-Allow-Origin takes no list; list all of them in "
	       "`origins`, and corswrap does that";
}

static const char *
fix_response(struct explanation *e, const struct response *response,
	     enum fetch_reason reason, bool preflight)
{
	switch (reason) {
	case FETCH_ACAO_MISSING:
		return fix_missing(e, response, preflight);
	case FETCH_ACAO_MISMATCH:
		return fix_mismatch(e, response);
	case FETCH_ACAO_MULTIPLE:
		return fix_multiple(response);
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		return fix_credentials(e, response, true);
	case FETCH_CREDENTIALS_NOT_TRUE:
		if (is_bare(e, response))
			return explain_set_headers(e, response);
		return fix_credentials(e, response, false);
	case FETCH_PREFLIGHT_REDIRECT:
		return "request the URL to which it redirects, or respond to "
		       "OPTIONS before the redirect";
	case FETCH_PREFLIGHT_STATUS:
		return fix_status(e, response, preflight);
	case FETCH_LIST_MALFORMED:
		return "write names with commas between them, and nothing "
		       "else: corswrap writes them from `methods` and "
		       "`headers`";
	case FETCH_METHOD_NOT_ALLOWED:
		return fix_method(e, response, PLACE_METHODS, "methods");
	case FETCH_HEADER_NOT_ALLOWED:
		return fix_headers(e, response);
	case FETCH_PASSES:
	case FETCH_REASON_COUNT:
		break;
	}
	return NULL;
}

const char *
explain_fix(struct explanation *e, const struct response *response,
	    enum fetch_reason reason, bool preflight)
{
	if (response->uncovered)
		return fix_uncovered(e);
	if (response->policy_reason != CORS_REASON_NONE)
		return fix_refusal(e, response);
	return fix_response(e, response, reason, preflight);
}
