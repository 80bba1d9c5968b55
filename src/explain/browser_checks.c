/*
 * The browser's checks of responses, in its order, and the message of its
 * console.
 *
 * The messages are Chromium's, because people search for them;
 * t/explain/chromium.t compares them with the real ones.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"
#include "cors/names.h"
#include "explain/cookies.h"

static const char in_preflight[] =
    "Response to preflight request doesn't pass access control check: ";

/* ---- what the console says ---- */

/* Would Chromium's URL parser accept it?  Then the message is "not equal",
 * else "invalid". */
static bool
is_url(struct explanation *e, struct slice value)
{
	struct url url;
	size_t i = 0;

	if (slice_eq(value, SLICE("null")))
		return true;
	while (i < value.len &&
	       (memchr("+-.", value.ptr[i], 3) != NULL ||
		ascii_is_digit(value.ptr[i]) || ascii_is_alpha(value.ptr[i])))
		i++;
	if (i == 0 || i == value.len || value.ptr[i] != ':')
		return false;
	switch (url_parse(e->arena, value, NULL, NULL, &url)) {
	case URL_FAULT_NONE:
	case URL_FAULT_SCHEME: /* another scheme than ours */
	case URL_FAULT_NON_ASCII:
		return true;
	case URL_FAULT_HOST:
	case URL_FAULT_PORT:
	case URL_FAULT_NO_MEMORY:
		break;
	}
	return false;
}

static const char *
describe_mismatch(struct explanation *e, struct slice value)
{
	const char *quoted = explain_quote(e, value);

	if (is_url(e, value))
		return explain_printf(
		    e,
		    "The 'Access-Control-Allow-Origin' header has a value '%s' "
		    "that is not equal to the supplied origin. Have the server "
		    "send the header with a valid value.",
		    quoted);
	return explain_printf(
	    e,
	    "The 'Access-Control-Allow-Origin' header contains the invalid "
	    "value '%s'. Have the server send the header with a valid value.",
	    quoted);
}

/* The sentence after "blocked by CORS policy: ". */
static const char *
describe_failure(struct explanation *e, const struct fetch_check *check)
{
	const char *value = explain_quote(e, check->value);

	switch (check->reason) {
	case FETCH_PASSES:
	case FETCH_REASON_COUNT:
		break;
	case FETCH_ACAO_MISSING:
		return "No 'Access-Control-Allow-Origin' header is present on "
		       "the requested resource.";
	case FETCH_ACAO_MULTIPLE:
		return explain_printf(
		    e,
		    "The 'Access-Control-Allow-Origin' header contains "
		    "multiple values '%s', but only one is allowed. Have the "
		    "server send the header with a valid value.",
		    value);
	case FETCH_ACAO_MISMATCH:
		return describe_mismatch(e, check->value);
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		return "The value of the 'Access-Control-Allow-Origin' header "
		       "in the response must not be the wildcard '*' when the "
		       "request's credentials mode is 'include'.";
	case FETCH_CREDENTIALS_NOT_TRUE:
		return explain_printf(
		    e,
		    "The value of the 'Access-Control-Allow-Credentials' "
		    "header in the response is '%s' which must be 'true' when "
		    "the request's credentials mode is 'include'.",
		    value);
	case FETCH_PREFLIGHT_REDIRECT:
		return "Redirect is not allowed for a preflight request.";
	case FETCH_PREFLIGHT_STATUS:
		return "It does not have HTTP ok status.";
	case FETCH_LIST_MALFORMED:
		return explain_printf(
		    e,
		    "Cannot parse %s response header field in preflight "
		    "response.",
		    explain_quote(e, check->name));
	case FETCH_METHOD_NOT_ALLOWED:
		return explain_printf(e,
				      "Method %s is not allowed by "
				      "Access-Control-Allow-Methods in "
				      "preflight response.",
				      explain_quote(e, e->plan.method));
	case FETCH_HEADER_NOT_ALLOWED:
		return explain_printf(e,
				      "Request header field %s is not allowed "
				      "by Access-Control-Allow-Headers in "
				      "preflight response.",
				      explain_quote(e, check->name));
	}
	return "";
}

static bool
is_access_check(enum fetch_reason reason)
{
	return reason <= FETCH_PREFLIGHT_STATUS;
}

/* An additional sentence for XMLHttpRequest. */
static const char *
describe_xhr(const struct explanation *e, const struct fetch_check *check)
{
	if (e->question.how.as != FETCH_AS_XHR ||
	    (check->reason != FETCH_WILDCARD_WITH_CREDENTIALS &&
	     check->reason != FETCH_CREDENTIALS_NOT_TRUE))
		return "";
	return " The credentials mode of requests initiated by the "
	       "XMLHttpRequest is controlled by the withCredentials attribute.";
}

static const char *
console_of_chromium(struct explanation *e, const struct fetch_check *check,
		    bool preflight)
{
	const char *prefix =
	    preflight && is_access_check(check->reason) ? in_preflight : "";
	const char *from = "";

	if (slice_present(e->redirected_from))
		from = explain_printf(e, " (redirected from '%s')",
				      explain_quote(e, e->redirected_from));
	return explain_printf(
	    e,
	    "Access to %s at '%s'%s from origin '%s' has been blocked by CORS "
	    "policy: %s%s%s",
	    console_kind(e), explain_quote(e, e->question.url.full), from,
	    explain_quote(e, e->question.origin), prefix,
	    describe_failure(e, check), describe_xhr(e, check));
}

static void
block(struct explanation *e, const struct fetch_check *check, bool preflight)
{
	static const char *(*const consoles[FETCH_BROWSERS])(
	    struct explanation *, const struct fetch_check *, bool) = {
	    [FETCH_CHROMIUM] = console_of_chromium,
	    [FETCH_FIREFOX] = console_of_firefox,
	    [FETCH_SAFARI] = console_of_safari,
	};

	e->verdict = VERDICT_BLOCKED;
	e->message = explain_noted(
	    e, consoles[e->question.browser](e, check, preflight));
}

/* ---- the checks in words ---- */

static void
add_origin_passed(struct explanation *e, struct checks *checks,
		  const struct fetch_fields *fields)
{
	struct slice value =
	    fetch_get(e->arena, fields, SLICE("access-control-allow-origin"));

	checks_add(e, checks, true,
		   slice_eq(value, SLICE("*"))
		       ? "Access-Control-Allow-Origin is \"*\""
		       : "Access-Control-Allow-Origin is the page's origin");
}

static void
add_origin_checks(struct explanation *e, struct checks *checks,
		  const struct fetch_check *check,
		  const struct fetch_fields *fields)
{
	bool credentials = e->question.credentials;
	const char *value = explain_quote(e, check->value);
	const char *text = NULL;

	switch (check->reason) {
	case FETCH_ACAO_MISSING:
		text = "no Access-Control-Allow-Origin";
		break;
	case FETCH_ACAO_MULTIPLE:
		text = explain_printf(
		    e, "Access-Control-Allow-Origin has several values: %s",
		    value);
		break;
	case FETCH_ACAO_MISMATCH:
		text = explain_printf(
		    e, "Access-Control-Allow-Origin is \"%s\", not \"%s\"",
		    value, explain_quote(e, e->question.origin));
		break;
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		text = "Access-Control-Allow-Origin is \"*\", which does not "
		       "cover requests with credentials";
		break;
	default:
		break;
	}
	if (text == NULL)
		add_origin_passed(e, checks, fields);
	else
		checks_add(e, checks, false, text);
	if (text != NULL || !credentials)
		return;
	if (check->reason != FETCH_CREDENTIALS_NOT_TRUE)
		checks_add(e, checks, true,
			   "Access-Control-Allow-Credentials is \"true\"");
	else if (slice_present(check->value))
		checks_add(e, checks, false,
			   explain_printf(e,
					  "Access-Control-Allow-Credentials is "
					  "\"%s\", not \"true\"",
					  value));
	else
		checks_add(e, checks, false,
			   "no Access-Control-Allow-Credentials, and the "
			   "request has credentials");
}

static void
add_status_check(struct explanation *e, const struct fetch_check *check)
{
	int status = e->preflight.status;

	if (status == 0)
		checks_add(e, &e->preflight_checks, true,
			   "the status is the application's: it must be from "
			   "200 to 299");
	else if (check->reason == FETCH_PREFLIGHT_REDIRECT)
		checks_add(e, &e->preflight_checks, false,
			   explain_printf(e,
					  "the status is %d: a preflight may "
					  "not be redirected",
					  status));
	else
		checks_add(e, &e->preflight_checks,
			   check->reason == FETCH_PASSES,
			   explain_printf(
			       e, "the status %d is%s from 200 to 299", status,
			       check->reason == FETCH_PASSES ? "" : " not"));
}

static void
add_method_check(struct explanation *e, const struct fetch_check *check)
{
	const char *method = explain_quote(e, e->plan.method);
	bool passes = check->reason == FETCH_PASSES;

	checks_add(e, &e->preflight_checks, passes,
		   !e->plan.method_needs_preflight
		       ? explain_printf(e, "%s is always allowed", method)
		       : explain_printf(e,
					"%s is%s allowed by "
					"Access-Control-Allow-Methods",
					method, passes ? "" : " not"));
}

static void
add_headers_check(struct explanation *e, const struct fetch_check *check)
{
	bool passes = check->reason == FETCH_PASSES;
	struct slice names = passes ? e->plan.asked : check->name;
	bool several = memchr(names.ptr, ',', names.len) != NULL;

	checks_add(
	    e, &e->preflight_checks, passes,
	    explain_printf(e, "%s %s%s allowed by Access-Control-Allow-Headers",
			   explain_quote(e, names), several ? "are" : "is",
			   passes ? "" : " not"));
	if (check->differs)
		texts_add(e, &e->notes,
			  "in browsers \"*\" in Access-Control-Allow-Headers "
			  "covers Authorization; by the Fetch standard it must "
			  "be named");
}

/* ---- the preflight ---- */

/* The policy's reason id if a policy made the response, else the browser's. */
static const char *
name_reason(const struct response *response, enum fetch_reason reason)
{
	if (response->uncovered)
		return "no-policy";
	if (response->policy_reason != CORS_REASON_NONE)
		return cors_reason_id(response->policy_reason);
	return fetch_reason_id(reason);
}

/* console: the failure that the browser's console reports; reason: the actual
 * cause.  They differ if a response has both a bad status and no CORS header.
 */
static bool
refuse_preflight(struct explanation *e, const struct fetch_check *console,
		 enum fetch_reason reason)
{
	e->preflight_passes = false;
	e->preflight_reason = name_reason(&e->preflight, reason);
	e->reason = e->preflight_reason;
	e->sent = false;
	block(e, console, true);
	e->fix = explain_fix(e, &e->preflight, reason, true);
	return false;
}

/* After a redirect Firefox sends the preflight as the page, and if the
 * redirect leads back to the page's own origin, it requires no header (seen
 * in version 153). */
static bool
returns_home(const struct question *q)
{
	return slice_present(q->asked_from) &&
	       slice_eq(q->asked_from, q->url.origin);
}

/* Status and origin: Chromium names the redirect first, then the origin. */
static bool
check_access(struct explanation *e)
{
	const struct question *q = &e->question;
	struct fetch_check status = fetch_check_status(
	    e->preflight.status == 0 ? 200 : e->preflight.status);
	struct fetch_check origin =
	    fetch_check_origin(e->arena, preflight_origin(q), q->credentials,
			       &e->preflight.fields);

	add_status_check(e, &status);
	if (status.reason == FETCH_PREFLIGHT_REDIRECT)
		return refuse_preflight(e, &status, status.reason);
	if (returns_home(q)) {
		origin.reason = FETCH_PASSES;
		checks_add(e, &e->preflight_checks, true,
			   "page and URL have the same origin");
	} else {
		add_origin_checks(e, &e->preflight_checks, &origin,
				  &e->preflight.fields);
	}
	if (origin.reason != FETCH_PASSES)
		return refuse_preflight(e, &origin,
					status.reason != FETCH_PASSES
					    ? status.reason
					    : origin.reason);
	if (status.reason != FETCH_PASSES)
		return refuse_preflight(e, &status, status.reason);
	return true;
}

/* How long browsers cache the preflight (Fetch, "CORS-preflight cache"). */
static const char *
describe_kept(struct explanation *e)
{
	struct slice value = fetch_get(e->arena, &e->preflight.fields,
				       SLICE("access-control-max-age"));
	unsigned chromium = fetch_max_age(value, FETCH_CHROMIUM);
	unsigned firefox = fetch_max_age(value, FETCH_FIREFOX);
	unsigned safari = fetch_max_age(value, FETCH_SAFARI);

	if (chromium == firefox && firefox == safari)
		return explain_printf(e, "Browsers remember this for %u s.",
				      chromium);
	return explain_printf(e,
			      "Browsers remember this: Chromium for %u s, "
			      "Firefox for %u s, Safari for %u s.",
			      chromium, firefox, safari);
}

bool
browser_check_preflight(struct explanation *e)
{
	const struct fetch_fields *fields = &e->preflight.fields;
	struct fetch_check check;

	if (!check_access(e))
		return false;
	check = fetch_check_lists(e->arena, fields);
	if (check.reason != FETCH_PASSES) {
		checks_add(e, &e->preflight_checks, false,
			   explain_printf(e,
					  "%s is not a list of names: \"%s\"",
					  explain_quote(e, check.name),
					  explain_quote(e, check.value)));
		return refuse_preflight(e, &check, check.reason);
	}
	check = fetch_check_method(e->arena, &e->plan, e->question.credentials,
				   fields);
	add_method_check(e, &check);
	if (check.reason != FETCH_PASSES)
		return refuse_preflight(e, &check, check.reason);
	if (slice_present(e->plan.asked)) {
		check = fetch_check_headers(e->arena, &e->plan,
					    e->question.credentials, fields);
		add_headers_check(e, &check);
		if (check.reason != FETCH_PASSES)
			return refuse_preflight(e, &check, check.reason);
	}
	e->preflight_passes = true;
	e->kept = describe_kept(e);
	return true;
}

/* ---- the response itself ---- */

/* The page may read the response: the verdict, and what to note about it. */
static void
allow(struct explanation *e)
{
	int status = e->response.status;
	const char *text = "The page may read the response.";

	if (!e->plan.cross_origin)
		text = "Page and URL have the same origin: CORS does not "
		       "apply, and the page may read the response.";
	e->verdict = VERDICT_ALLOWED;
	if (e->response.policy_reason == CORS_NOT_IN_ALLOW) {
		e->reason = cors_reason_id(CORS_NOT_IN_ALLOW);
		e->fix = explain_fix(e, &e->response, FETCH_PASSES, false);
		text = explain_printf(
		    e, "%s It is %d, because the method is not in `allow`.",
		    text, status);
	} else if (e->response.by != NULL && status >= 400) {
		text = explain_printf(e, "%s It is %d.", text, status);
	}
	if (!e->probed)
		explain_note_cookies(e);
	e->message = explain_noted(e, text);
}

void
browser_check_response(struct explanation *e)
{
	const struct question *q = &e->question;
	struct fetch_check check;

	if (e->plan.opaque) {
		browser_check_opaque(e);
		return;
	}
	if (e->plan.cross_origin) {
		check = fetch_check_origin(e->arena, q->origin, q->credentials,
					   &e->response.fields);
		add_origin_checks(e, &e->request_checks, &check,
				  &e->response.fields);
		if (check.reason != FETCH_PASSES) {
			e->reason = name_reason(&e->response, check.reason);
			block(e, &check, false);
			e->fix =
			    explain_fix(e, &e->response, check.reason, false);
			return;
		}
	}
	allow(e);
	browser_list_readable(e);
}

/* ---- what may be read ---- */

/* Insert the name in order, in lower case, unless it is already listed. */
static void
add_readable(struct explanation *e, struct slice name)
{
	struct slice low = arena_lower(e->arena, name);
	size_t at = e->readable_count;

	if (!slice_present(low)) {
		e->out_of_memory = true;
		return;
	}
	while (at > 0 && slice_compare(e->readable[at - 1], low) > 0)
		at--;
	if (at > 0 && slice_eq(e->readable[at - 1], low))
		return;
	memmove(e->readable + at + 1, e->readable + at,
		(e->readable_count - at) * sizeof(*e->readable));
	e->readable[at] = low;
	e->readable_count++;
}

static size_t
count_items(struct slice list)
{
	size_t count = 0;
	struct slice item;

	while (text_list_next(&list, &item))
		count++;
	return count;
}

/* List the headers of the response that JavaScript can read.  With only a
 * policy the application's headers are unknown: then those that the policy
 * exposes are added, and Content-Type, which every application sends. */
void
browser_list_readable(struct explanation *e)
{
	const struct fetch_fields *fields = &e->response.fields;
	struct slice exposed =
	    fetch_get(e->arena, fields, SLICE("access-control-expose-headers"));
	bool assumed = e->response.status == 0, credentials;
	struct slice item;

	credentials = e->question.credentials;
	e->readable =
	    arena_array(e->arena, fields->count + count_items(exposed) + 1,
			sizeof(*e->readable));
	if (e->readable == NULL) {
		e->out_of_memory = true;
		return;
	}
	e->has_readable = true;
	for (size_t i = 0; i < fields->count; i++) {
		struct slice name = fields->at[i].name;
		if (e->plan.cross_origin
			? fetch_is_readable(name, exposed, credentials)
			: !response_header_is_forbidden(name))
			add_readable(e, name);
	}
	if (!assumed)
		return;
	add_readable(e, SLICE("content-type"));
	if (!fetch_is_list(exposed))
		return;
	while (text_list_next(&exposed, &item))
		if (!response_header_is_forbidden(item) &&
		    !slice_eq(item, SLICE("*")))
			add_readable(e, item);
}
