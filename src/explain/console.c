/*
 * The messages of each browser's console for a response that fails CORS,
 * because people search for them.
 *
 * They were seen in the browsers: t/explain/chromium.t, firefox.t and webkit.t
 * compare them.  Firefox prints typographic quotes and, after a preflight, a
 * second line; of Safari's two lines the first has the cause.  Here they are
 * ASCII, and only the line with the cause.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"
#include "cors/names.h"

static int
status_of(const struct explanation *e, bool preflight)
{
	int status = preflight ? e->preflight.status : e->response.status;

	return status == 0 ? 200 : status; /* the application's own */
}

const char *
console_kind(const struct explanation *e)
{
	static const char *const kinds[FETCH_AS_COUNT] = {
	    [FETCH_AS_FETCH] = "fetch",	  [FETCH_AS_XHR] = "XMLHttpRequest",
	    [FETCH_AS_SCRIPT] = "script", [FETCH_AS_FONT] = "font",
	    [FETCH_AS_IMAGE] = "image",	  [FETCH_AS_EVENTSOURCE] = "resource",
	};

	return kinds[e->question.how.as];
}

const char *
console_of_network_error(const struct explanation *e)
{
	if (e->question.how.as != FETCH_AS_FETCH)
		return "an error event that has no cause";
	switch (e->question.browser) {
	case FETCH_FIREFOX:
		return "TypeError: NetworkError when attempting to fetch "
		       "resource.";
	case FETCH_SAFARI:
		return "TypeError: Load failed";
	default:
		return "TypeError: Failed to fetch";
	}
}

/* ---- Firefox ---- */

/* The first item that is not a token. */
static struct slice
bad_item(struct slice list)
{
	struct slice item;

	while (text_list_next(&list, &item))
		if (!token_is_valid(item))
			return item;
	return list;
}

static size_t
count_origins(const struct fetch_fields *fields)
{
	return fetch_count(fields, SLICE("access-control-allow-origin"));
}

/* The text after "(Reason: "; with the status if Firefox prints it. */
static const char *
firefox_reason(struct explanation *e, const struct fetch_check *check,
	       bool preflight)
{
	const struct response *response =
	    preflight ? &e->preflight : &e->response;
	int status = status_of(e, preflight);
	const char *value = explain_quote(e, check->value);

	switch (check->reason) {
	case FETCH_ACAO_MISSING:
		return explain_printf(
		    e,
		    "CORS header 'Access-Control-Allow-Origin' missing). "
		    "Status code: %d.",
		    status);
	case FETCH_ACAO_MULTIPLE:
		if (count_origins(&response->fields) > 1)
			return "Multiple CORS header "
			       "'Access-Control-Allow-Origin' not allowed).";
		__attribute__((fallthrough));
	case FETCH_ACAO_MISMATCH:
		return explain_printf(
		    e,
		    "CORS header 'Access-Control-Allow-Origin' does not match "
		    "'%s').",
		    value);
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		return "Credential is not supported if the CORS header "
		       "'Access-Control-Allow-Origin' is '*').";
	case FETCH_CREDENTIALS_NOT_TRUE:
		return "expected 'true' in CORS header "
		       "'Access-Control-Allow-Credentials').";
	case FETCH_PREFLIGHT_REDIRECT:
		return "CORS request external redirect not allowed).";
	case FETCH_PREFLIGHT_STATUS:
		return explain_printf(
		    e,
		    "CORS preflight response did not succeed). Status code: "
		    "%d.",
		    status);
	case FETCH_LIST_MALFORMED:
		return explain_printf(
		    e, "invalid token '%s' in CORS header '%s').",
		    explain_quote(e, bad_item(check->value)),
		    explain_quote(e, check->name));
	case FETCH_METHOD_NOT_ALLOWED:
		return "Did not find method in CORS header "
		       "'Access-Control-Allow-Methods').";
	case FETCH_HEADER_NOT_ALLOWED:
		return explain_printf(
		    e,
		    "header '%s' is not allowed according to header "
		    "'Access-Control-Allow-Headers' from CORS preflight "
		    "response).",
		    explain_quote(e, check->name));
	case FETCH_PASSES:
	case FETCH_REASON_COUNT:
		break;
	}
	return "";
}

const char *
console_of_firefox(struct explanation *e, const struct fetch_check *check,
		   bool preflight)
{
	const struct fetch_check origin =
	    fetch_check_origin(e->arena, preflight_origin(&e->question),
			       e->question.credentials, &e->preflight.fields);
	bool first = check->reason == FETCH_PREFLIGHT_REDIRECT &&
		     origin.reason != FETCH_PASSES;
	/* In this message Firefox puts quotes around the URL. */
	const char *quote =
	    check->reason == FETCH_WILDCARD_WITH_CREDENTIALS ? "'" : "";
	struct slice url = e->question.url.full;

	if (e->question.how.as == FETCH_AS_FETCH && text_ends(url, SLICE("#")))
		url.len--;
	return explain_printf(
	    e,
	    "Cross-Origin Request Blocked: The Same Origin "
	    "Policy disallows reading the remote resource at "
	    "%s%s%s. (Reason: %s",
	    quote, explain_quote(e, url), quote,
	    firefox_reason(e, first ? &origin : check, preflight));
}

/* ---- Safari ---- */

/* The name of a header as the script wrote it. */
static struct slice
written_name(const struct explanation *e, struct slice low)
{
	const struct fetch_fields *fields = &e->question.headers;

	for (size_t i = 0; i < fields->count; i++)
		if (slice_eq_nocase(text_trim_http(fields->at[i].name), low))
			return text_trim_http(fields->at[i].name);
	return low;
}

const char *
console_of_safari(struct explanation *e, const struct fetch_check *check,
		  bool preflight)
{
	int status = status_of(e, preflight);

	/* Safari checks the status first. */
	if (preflight && fetch_check_status(status).reason != FETCH_PASSES)
		return explain_printf(
		    e, "Preflight response is not successful. Status code: %d",
		    status);
	switch (check->reason) {
	case FETCH_ACAO_MULTIPLE:
		return "Access-Control-Allow-Origin cannot contain more than "
		       "one origin.";
	case FETCH_WILDCARD_WITH_CREDENTIALS:
		return "Cannot use wildcard in Access-Control-Allow-Origin "
		       "when credentials flag is true.";
	case FETCH_CREDENTIALS_NOT_TRUE:
		return "Credentials flag is true, but "
		       "Access-Control-Allow-Credentials is not \"true\".";
	case FETCH_LIST_MALFORMED:
		return explain_printf(e, "Header %s has an invalid value: %s",
				      explain_quote(e, check->name),
				      explain_quote(e, check->value));
	case FETCH_METHOD_NOT_ALLOWED:
		return explain_printf(
		    e,
		    "Method %s is not allowed by Access-Control-Allow-Methods.",
		    explain_quote(e, e->plan.method));
	case FETCH_HEADER_NOT_ALLOWED:
		return explain_printf(
		    e,
		    "Request header field %s is not allowed by "
		    "Access-Control-Allow-Headers.",
		    explain_quote(e, written_name(e, check->name)));
	default:
		return explain_printf(
		    e,
		    "Origin %s is not allowed by Access-Control-Allow-Origin. "
		    "Status code: %d",
		    explain_quote(e, e->question.origin), status);
	}
}

/* ---- what fetch() throws ---- */

static const char *
chromium_refusal(struct explanation *e, const char *name)
{
	static const char call[] = "Failed to execute 'fetch' on 'Window'";

	switch (e->plan.refusal) {
	case FETCH_METHOD_NO_TOKEN:
		return explain_printf(e, "%s: '%s' is not a valid HTTP method.",
				      call, name);
	case FETCH_METHOD_FORBIDDEN:
		return explain_printf(e, "%s: '%s' HTTP method is unsupported.",
				      call, name);
	case FETCH_HEADER_NO_TOKEN:
		return explain_printf(e, "%s: Invalid name (the header \"%s\")",
				      call, name);
	case FETCH_HEADER_VALUE:
		return explain_printf(e, "%s: Invalid value (of the header %s)",
				      call, name);
	case FETCH_METHOD_NO_CORS:
		return explain_printf(
		    e, "%s: '%s' is unsupported in no-cors mode.", call, name);
	case FETCH_BODY:
		return explain_printf(
		    e, "%s: Request with GET/HEAD method cannot have body.",
		    call);
	case FETCH_ACCEPTED:
		break;
	}
	return "";
}

static const char *
firefox_refusal(struct explanation *e, const char *name, const char *value)
{
	struct slice low;

	switch (e->plan.refusal) {
	case FETCH_METHOD_NO_TOKEN:
	case FETCH_METHOD_FORBIDDEN:
		return explain_printf(
		    e, "Window.fetch: Invalid request method %s.", name);
	case FETCH_HEADER_NO_TOKEN:
		low = arena_lower(e->arena, e->plan.refused);
		return explain_printf(
		    e, "Window.fetch: %s is an invalid header name.",
		    explain_quote(e, low));
	case FETCH_HEADER_VALUE:
		return explain_printf(
		    e, "Window.fetch: %s is an invalid header value.", value);
	case FETCH_METHOD_NO_CORS:
		return explain_printf(
		    e, "Window.fetch: Invalid request method %s.", name);
	case FETCH_BODY:
		return "Window.fetch: HEAD or GET Request cannot have a body.";
	case FETCH_ACCEPTED:
		break;
	}
	return "";
}

static const char *
safari_refusal(struct explanation *e, const char *name, const char *value)
{
	switch (e->plan.refusal) {
	case FETCH_METHOD_NO_TOKEN:
		return "Method is not a valid HTTP token.";
	case FETCH_METHOD_FORBIDDEN:
		return "Method is forbidden.";
	case FETCH_HEADER_NO_TOKEN:
		return explain_printf(e, "Invalid header name: '%s'", name);
	case FETCH_HEADER_VALUE:
		return explain_printf(e, "Header '%s' has invalid value: '%s'",
				      name, value);
	case FETCH_METHOD_NO_CORS:
		return "Method must be GET, POST or HEAD in no-cors mode.";
	case FETCH_BODY:
		return explain_printf(
		    e, "Request has method '%s' and cannot have a body", name);
	case FETCH_ACCEPTED:
		break;
	}
	return "";
}

/* Chromium's text for XMLHttpRequest, after "SyntaxError: " or, for a method
 * that browsers refuse, "SecurityError: ". */
static const char *
chromium_xhr_refusal(struct explanation *e, const char *name, const char *value)
{
	static const char open[] = "Failed to execute 'open' on "
				   "'XMLHttpRequest'";
	static const char set[] = "Failed to execute 'setRequestHeader' on "
				  "'XMLHttpRequest'";

	switch (e->plan.refusal) {
	case FETCH_METHOD_FORBIDDEN:
		return explain_printf(e, "%s: '%s' HTTP method is unsupported.",
				      open, name);
	case FETCH_HEADER_NO_TOKEN:
		return explain_printf(
		    e, "%s: '%s' is not a valid HTTP header field name.", set,
		    name);
	case FETCH_HEADER_VALUE:
		return explain_printf(
		    e, "%s: '%s' is not a valid HTTP header field value.", set,
		    value);
	default:
		return explain_printf(e, "%s: '%s' is not a valid HTTP method.",
				      open, name);
	}
}

static const char *
console_of_xhr_refusal(struct explanation *e, const char *name,
		       const char *value)
{
	bool secure = e->plan.refusal == FETCH_METHOD_FORBIDDEN;
	const char *words;

	if (e->question.browser == FETCH_CHROMIUM)
		words = chromium_xhr_refusal(e, name, value);
	else if (secure)
		words = "The operation is insecure.";
	else if (e->question.browser == FETCH_SAFARI)
		words = "The string did not match the expected pattern.";
	else if (e->plan.refusal == FETCH_METHOD_NO_TOKEN)
		words = "An invalid or illegal string was specified";
	else
		words = "Invalid header name.";
	return explain_printf(e, "%s: %s",
			      secure ? "SecurityError" : "SyntaxError", words);
}

const char *
console_of_refusal(struct explanation *e)
{
	const char *name = explain_quote(e, e->plan.refused);
	const char *value = explain_quote(e, e->plan.refused_value);
	const char *words;

	if (e->question.how.as == FETCH_AS_XHR)
		return console_of_xhr_refusal(e, name, value);
	switch (e->question.browser) {
	case FETCH_FIREFOX:
		words = firefox_refusal(e, name, value);
		break;
	case FETCH_SAFARI:
		words = safari_refusal(e, name, value);
		break;
	default:
		words = chromium_refusal(e, name);
		break;
	}
	return explain_printf(e, "TypeError: %s", words);
}

const char *
console_of_userinfo(struct explanation *e)
{
	const char *url = explain_quote(e, e->question.url.full);

	switch (e->question.browser) {
	case FETCH_FIREFOX:
		return explain_printf(e,
				      "TypeError: Window.fetch: %s is an url "
				      "with embedded credentials.",
				      url);
	case FETCH_SAFARI:
		return "TypeError: URL is not valid or contains user "
		       "credentials.";
	default:
		return explain_printf(
		    e,
		    "TypeError: Failed to execute 'fetch' on 'Window': Request "
		    "cannot be constructed from a URL that includes "
		    "credentials: %s",
		    url);
	}
}
