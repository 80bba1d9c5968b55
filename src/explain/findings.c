/*
 * Common mistakes, found in the responses and with more requests that change
 * nothing on a server: as a page of another origin, as a page with the origin
 * null, an OPTIONS that is not a preflight, and up to two simpler preflights if
 * a policy refuses the preflight.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/findings.h"

#include "base/text.h"
#include "cors/cookie.h"
#include "explain/cookies.h"
#include "explain/cures.h"
#include "explain/web_servers.h"

/* Seconds; with less, browsers repeat preflights often (lint warns of it,
 * too). */
enum { MAX_AGE_LOW = 60 };

/* No page can have this origin (RFC 2606), so no server should allow it. */
#define UNKNOWN_ORIGIN "https://corscheck-probe.invalid"

#define ACAO "Access-Control-Allow-Origin"
#define ACAC "Access-Control-Allow-Credentials"

/* The response that a finding is about. */
enum which { THE_PREFLIGHT, THE_REQUEST, A_PLAIN_OPTIONS };

static const char *const which_words[] = {
    [THE_PREFLIGHT] = "the response to the preflight",
    [THE_REQUEST] = "the response to the request",
    [A_PLAIN_OPTIONS] = "the response to a plain OPTIONS",
};

/* ---- reading a response ---- */

static struct slice
get(struct explanation *e, const struct response *response, const char *name)
{
	return fetch_get(e->arena, &response->fields, slice_from(name));
}

static size_t
count_fields(const struct response *response, const char *name)
{
	return fetch_count(&response->fields, slice_from(name));
}

static bool
has_item(struct slice list, const char *word)
{
	struct slice item;

	while (slice_present(list) && text_list_next(&list, &item))
		if (slice_eq_nocase(item, slice_from(word)))
			return true;
	return false;
}

static bool
allows_credentials(struct explanation *e, const struct response *response)
{
	return slice_eq(get(e, response, ACAC), SLICE("true"));
}

/* ---- mistakes in one response ---- */

/* A header that is sent twice: the application sends one and the web server
 * another. */
static void
find_duplicates(struct explanation *e, const struct response *response,
		enum which which)
{
	static const char *const single[] = {ACAO, ACAC,
					     "Access-Control-Max-Age", NULL};

	for (size_t i = 0; single[i] != NULL; i++) {
		size_t count = count_fields(response, single[i]);
		if (count > 1)
			finding_add(e, "duplicate-header", true,
				    "send it in one place only: remove it from "
				    "the web server's configuration, or keep "
				    "`app-headers = override`",
				    "%s has %s %zu times", which_words[which],
				    single[i], count);
	}
}

static void
find_wildcards(struct explanation *e, const struct response *response,
	       enum which which)
{
	static const char *const of_preflight[] = {
	    "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	    NULL};
	static const char *const of_request[] = {
	    "Access-Control-Expose-Headers", NULL};
	const char *const *lists =
	    which == THE_PREFLIGHT ? of_preflight : of_request;

	if (!allows_credentials(e, response))
		return;
	if (slice_eq(get(e, response, ACAO), SLICE("*")))
		finding_add(e, "wildcard-with-credentials", true,
			    "list the origins by name in `origins`, or set "
			    "`credentials = no`",
			    "%s has %s: * beside %s: true, which no browser "
			    "takes for a request with credentials",
			    which_words[which], ACAO, ACAC);
	for (size_t i = 0; lists[i] != NULL; i++)
		if (has_item(get(e, response, lists[i]), "*"))
			finding_add(e, "wildcard-in-list", false,
				    "write the names: with credentials * is a "
				    "name like any other",
				    "%s has %s: * beside %s: true",
				    which_words[which], lists[i], ACAC);
}

static void
find_credentials_value(struct explanation *e, const struct response *response,
		       enum which which)
{
	struct slice value = get(e, response, ACAC);

	if (slice_present(value) && !slice_eq(value, SLICE("true")) &&
	    count_fields(response, ACAC) == 1)
		finding_add(e, "credentials-value", false,
			    "send true, or leave the header out",
			    "%s has %s: %s, and the one value that there is "
			    "is true",
			    which_words[which], ACAC, explain_quote(e, value));
}

/* RFC 9110, 15.5.6: a 405 must have it. */
static void
find_allow(struct explanation *e, const struct response *response,
	   enum which which)
{
	if (response->status == 405 &&
	    !slice_present(get(e, response, "allow")))
		finding_add(e, "allow-missing", true,
			    "set `allow` in the policy to the methods that "
			    "there are",
			    "%s is 405 without Allow (RFC 9110, 15.5.6)",
			    which_words[which]);
}

static void
find_in_answer(struct explanation *e, const struct response *response,
	       enum which which)
{
	if (!response->known)
		return;
	find_duplicates(e, response, which);
	find_wildcards(e, response, which);
	find_credentials_value(e, response, which);
	find_allow(e, response, which);
}

/* ---- why a policy refuses a preflight ---- */

/* The response is 403 or has no CORS headers, and never says why.  A
 * preflight without the headers and one for GET show the cause; neither
 * changes anything on the server. */

/* The part of the preflight that the policy refuses. */
enum cause { CAUSE_NONE, CAUSE_ORIGIN, CAUSE_METHOD, CAUSE_HEADERS };

/* Is the origin accepted?  A preflight says nothing about credentials. */
static bool
accepts_origin(struct explanation *e, const struct response *response)
{
	return fetch_check_status(response->status).reason == FETCH_PASSES &&
	       fetch_check_origin(e->arena, e->question.origin, false,
				  &response->fields)
		       .reason == FETCH_PASSES;
}

/* Does the page's preflight for that method, without headers, pass? */
static bool
passes(struct explanation *e, const struct live_server *live,
       struct slice method, struct response *out)
{
	struct fetch_field at[2 + EXPLAIN_METADATA] = {
	    {SLICE("Origin"), e->question.origin},
	    {SLICE("Access-Control-Request-Method"), method},
	};
	struct fetch_fields fields = {at, 2 + explain_metadata(e, at + 2)};

	return !e->out_of_memory &&
	       live_send(live, e, &e->question.url, SLICE("OPTIONS"), &fields,
			 out) &&
	       accepts_origin(e, out);
}

/* Did a CORS policy make the response?  Its Vary names Origin, or a header that
 * only preflights have. */
static bool
is_policy(struct explanation *e, const struct response *response)
{
	struct slice vary = get(e, response, "vary"), item;

	if (slice_present(get(e, response, "x-corswrap-reason")))
		return true;
	while (slice_present(vary) && text_list_next(&vary, &item))
		if (slice_eq_nocase(item, SLICE("origin")) ||
		    slice_eq_nocase(item,
				    SLICE("access-control-request-method")))
			return true;
	return false;
}

static enum cause
find_cause(struct explanation *e, const struct live_server *live,
	   struct response *simpler)
{
	if (slice_present(e->plan.asked) &&
	    passes(e, live, e->plan.method, simpler))
		return CAUSE_HEADERS;
	if (e->plan.method_needs_preflight &&
	    passes(e, live, SLICE("GET"), simpler))
		return CAUSE_METHOD;
	return is_policy(e, &e->preflight) ? CAUSE_ORIGIN : CAUSE_NONE;
}

/* The fix for the method and for headers that the response to GET does not list
 * either. */
static const char *
fix_method(struct explanation *e, const struct response *simpler)
{
	const char *text =
	    explain_fix(e, simpler, FETCH_METHOD_NOT_ALLOWED, true);
	struct fetch_check check =
	    fetch_check_headers(e->arena, &e->plan, false, &simpler->fields);

	if (check.reason == FETCH_PASSES)
		return text;
	return explain_printf(e, "%s; also %s", text,
			      explain_fix(e, simpler, check.reason, true));
}

/* If a policy refused the preflight, send up to two simpler ones: the part that
 * it rejects becomes a finding and the fix.  False: no policy did. */
static bool
find_refusal(struct explanation *e, const struct live_server *live)
{
	static const char *const words[] = {
	    [CAUSE_NONE] = "",
	    [CAUSE_ORIGIN] = "of the page's origin",
	    [CAUSE_METHOD] = "of its method: GET without headers passes",
	    [CAUSE_HEADERS] = "of its headers: the same without them passes",
	};
	const struct response *refusal = &e->preflight;
	struct response simpler;
	enum cause cause;

	/* The cause is found by further requests. */
	if (live == NULL || !refusal->known || e->preflight_passes ||
	    slice_present(get(e, refusal, "access-control-allow-origin")) ||
	    (refusal->status != 403 &&
	     fetch_check_status(refusal->status).reason != FETCH_PASSES))
		return false;
	cause = find_cause(e, live, &simpler);
	if (cause == CAUSE_NONE)
		return false;
	if (cause == CAUSE_ORIGIN)
		e->fix = explain_fix(e, refusal, FETCH_ACAO_MISMATCH, true);
	else if (cause == CAUSE_METHOD)
		e->fix = fix_method(e, &simpler);
	else
		e->fix =
		    explain_fix(e, &simpler, FETCH_HEADER_NOT_ALLOWED, true);
	finding_add(e, "preflight-refused", true, e->fix,
		    "the policy of the server refuses the preflight because %s",
		    words[cause]);
	return true;
}

/* ---- the preflight ---- */

/* A proxy responds instead of its upstream; 520 to 526 are Cloudflare's. */
static bool
is_backend_down(int status)
{
	return (status >= 502 && status <= 504) ||
	       (status >= 520 && status <= 526);
}

static const char fix_backend[] =
    "start what is behind the proxy, or correct the address at which the proxy "
    "looks for it: its log says why; nothing about CORS is known before that";

/* "/accounts/login/?next=/x", "https://sso.example/oauth2/authorize": the
 * host or path has a word that is usual for login pages. */
static bool
is_login(struct slice location)
{
	static const char *const words[] = {
	    "login",   "log-in",    "log_in",	"signin", "sign-in",
	    "sign_in", "sso",	    "cas",	"saml",	  "saml2",
	    "oauth",   "oauth2",    "auth",	"openid", "logon",
	    "signon",  "authorize", "wp-login", NULL};
	struct slice rest = slice_of(location.ptr, text_find(location, '?'));

	while (rest.len > 0) {
		size_t len = 0;
		while (len < rest.len &&
		       memchr("/.:", rest.ptr[len], 3) == NULL)
			len++;
		for (size_t i = 0; words[i] != NULL; i++)
			if (slice_eq_nocase(slice_of(rest.ptr, len),
					    slice_from(words[i])))
				return true;
		rest = slice_after(rest, len + 1);
	}
	return false;
}

static void
find_redirect(struct explanation *e)
{
	struct slice location = get(e, &e->preflight, "location");
	const char *quoted = explain_quote(e, location);

	if (slice_present(location) && is_login(location)) {
		e->fix = "exempt OPTIONS from the login: a preflight carries "
			 "no cookie, whatever the script does";
		finding_add(e, "login-redirect", true, e->fix,
			    "OPTIONS is redirected (%d) to a login page, %s: "
			    "no browser follows that",
			    e->preflight.status, quoted);
		return;
	}
	finding_add(e, "options-redirected", true,
		    "request that URL directly, or respond to OPTIONS before "
		    "the redirect (to https, to a final /)",
		    "OPTIONS is redirected (%d) to %s: no browser follows that",
		    e->preflight.status, quoted);
}

/* The cause of such a status for OPTIONS, and the fix. */
struct status_words {
	int first;
	int last;
	const char *id;
	const char *fix;
	const char *what; /* after "OPTIONS is 405" */
};

static const char fix_options[] =
    "pass OPTIONS to corswrap, which responds to preflights itself; a server "
    "without corswrap must respond with 204 and the CORS headers";

static const struct status_words status_words[] = {
    {404, 404, "options-not-found",
     "route OPTIONS like the other methods: the routes of an application often "
     "have only those",
     ", so no preflight can pass"},
    {405, 405, "options-not-allowed", fix_options,
     ": the server does not know the method at this URL, so no preflight can "
     "pass"},
    {501, 501, "options-not-allowed", fix_options,
     ": the server does not know the method, so no preflight can pass"},
    {502, 504, "backend-down", fix_backend,
     ": a proxy responds, because its backend is down or does not respond"},
    {520, 526, "backend-down", fix_backend,
     ": a proxy responds, because its backend is down or does not respond"},
    {401, 401, "options-guarded",
     "require passwords for every method except OPTIONS (Apache: <LimitExcept "
     "OPTIONS>; nginx: auth_basic within limit_except OPTIONS)",
     ": a password check comes first, and a preflight carries no password and "
     "no cookie, whatever the script does"},
    {407, 407, "options-guarded", "require no password for OPTIONS",
     ": a proxy requires a password, and a preflight never carries one, "
     "whatever the script does"},
    {403, 403, "options-guarded",
     "exempt preflights from the access check: they carry no password and no "
     "cookie",
     ": a preflight carries no password and no cookie, whatever the script "
     "does"},
};

/* The lines, which are printable, joined by commas. */
static const char *
join_lines(struct explanation *e, struct slice text)
{
	const char *out = "";

	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));

		out = explain_printf(e, "%s%s%.*s", out, *out ? ", " : "",
				     (int)line.len, line.ptr);
	}
	return out;
}

/* corswrap responds, but refuses everything until its policy is right. */
static bool
find_bad_policy(struct explanation *e, const struct response *response)
{
	struct slice mistakes = cures_policy_mistakes(response);

	if (!slice_present(mistakes))
		return false;
	e->fix = "correct these lines of the policy: `corscheck lint` and the "
		 "server's log have the details, `corscheck help ID` explains "
		 "an id; for no-policy put the policy beside the program";
	finding_add(e, "policy-error", true, e->fix,
		    "corswrap responds, and its policy has mistakes: %s",
		    join_lines(e, mistakes));
	return true;
}

static void
find_status(struct explanation *e)
{
	int status = e->preflight.status;

	if (status >= 200 && status <= 299)
		return;
	if (fetch_is_redirect(status)) {
		find_redirect(e);
		return;
	}
	for (size_t i = 0; i < sizeof(status_words) / sizeof(*status_words);
	     i++) {
		const struct status_words *w = &status_words[i];
		if (status < w->first || status > w->last)
			continue;
		/* The verdict's own fix knows the policy, but not the
		 * server. */
		e->fix = w->fix;
		finding_add(e, w->id, true, w->fix, "OPTIONS is %d%s", status,
			    w->what);
		return;
	}
	finding_add(e, "options-failed", true,
		    "respond to OPTIONS with 204 and the CORS headers",
		    "OPTIONS is %d, so no preflight can pass", status);
}

static void
find_max_age(struct explanation *e)
{
	struct slice value = get(e, &e->preflight, "access-control-max-age");
	unsigned longest = fetch_max_age(value, FETCH_FIREFOX);
	const char *quoted;

	if (!e->preflight_passes)
		return;
	if (!slice_present(value)) {
		finding_add(e, "max-age-low", false, "set `max-age = 600`",
			    "there is no Access-Control-Max-Age: browsers "
			    "repeat the preflight after %d s",
			    FETCH_MAX_AGE_DEFAULT);
		return;
	}
	quoted = explain_quote(e, value);
	if (!text_is_digits(value))
		finding_add(e, "max-age-malformed", false,
			    "write a number of seconds, and nothing else",
			    "Access-Control-Max-Age is \"%s\"", quoted);
	else if (longest < MAX_AGE_LOW)
		finding_add(e, "max-age-low", false, "set `max-age = 600`",
			    "Access-Control-Max-Age is %s: browsers repeat the "
			    "preflight all the time",
			    quoted);
	else if (longest > fetch_max_age_cap(FETCH_CHROMIUM))
		finding_add(e, "max-age-capped", false, NULL,
			    "Access-Control-Max-Age is %s: Chromium keeps it "
			    "for %u s at most, Safari for %u",
			    quoted, fetch_max_age_cap(FETCH_CHROMIUM),
			    fetch_max_age_cap(FETCH_SAFARI));
}

/* ---- other origins ---- */

static void
request_from(struct explanation *e, const struct live_server *live,
	     const char *origin, struct response *out)
{
	struct fetch_field preflight[] = {
	    {SLICE("Origin"), SLICE("")},
	    {SLICE("Access-Control-Request-Method"), e->plan.method},
	};
	struct fetch_fields simple = {preflight, 2}, fields;
	bool itself = explain_repeats_request(e);

	fields = explain_fields(e,
				itself		    ? &e->request
				: e->plan.preflight ? &e->preflight_request
						    : &simple,
				slice_from(origin));
	if (!e->out_of_memory)
		live_send(live, e, &e->question.url,
			  itself ? e->plan.method : SLICE("OPTIONS"), &fields,
			  out);
}

static void
find_reflection(struct explanation *e, const struct response *unknown_origin)
{
	bool credentials;

	if (!unknown_origin->known ||
	    !slice_eq(get(e, unknown_origin, ACAO), SLICE(UNKNOWN_ORIGIN)))
		return;
	credentials = allows_credentials(e, unknown_origin);
	finding_add(
	    e, "origin-reflected", credentials,
	    credentials ? "list the origins that may call in `origins`"
			: "list the origins in `origins`, or set `origins = *` "
			  "if every page may read it",
	    "%s, an unknown origin, is allowed: any origin is sent back%s",
	    UNKNOWN_ORIGIN,
	    credentials ? ", with credentials: every page on the web "
			  "reads what the visitor may read"
			: "");
}

static void
find_null(struct explanation *e, const struct response *null_origin)
{
	if (null_origin->known &&
	    slice_eq(get(e, null_origin, ACAO), SLICE("null")))
		finding_add(e, "null-accepted", true,
			    "take null out of the list: every page can make "
			    "itself that origin, with a sandboxed frame",
			    "the origin null is allowed%s",
			    allows_credentials(e, null_origin)
				? ", with credentials"
				: "");
}

static bool
varies(struct explanation *e, const struct response *response)
{
	struct slice vary = get(e, response, "vary");

	return has_item(vary, "origin") || has_item(vary, "*");
}

/* RFC 9110, 12.5.5: the headers that the response depends on. */
static void
find_vary(struct explanation *e, const struct response *unknown_origin)
{
	bool itself = explain_repeats_request(e);
	const struct response *own = itself ? &e->response : &e->preflight;
	struct slice a, b;

	if (!own->known || !unknown_origin->known)
		return;
	a = get(e, own, ACAO);
	b = get(e, unknown_origin, ACAO);
	if ((slice_present(a) == slice_present(b) && slice_eq(a, b)) ||
	    (varies(e, own) && varies(e, unknown_origin)))
		return;
	/* Responses to OPTIONS are not cached (RFC 9110, 9.3.7). */
	finding_add(
	    e, "vary-missing", itself,
	    "send Vary: Origin on every response, also to origins that are not "
	    "allowed and to requests without one",
	    "%s depends on Origin without saying so in Vary%s",
	    itself ? which_words[THE_REQUEST] : which_words[THE_PREFLIGHT],
	    itself ? ": a cache delivers the response of one page to another"
		   : "");
}

/* ---- an OPTIONS that is not a preflight ---- */

static void
find_options(struct explanation *e, const struct live_server *live)
{
	struct fetch_fields none = {NULL, 0};
	struct response response;

	if (e->out_of_memory || !live_send(live, e, &e->question.url,
					   SLICE("OPTIONS"), &none, &response))
		return;
	find_allow(e, &response, A_PLAIN_OPTIONS);
	if (response.status >= 200 && response.status <= 299 &&
	    !slice_present(get(e, &response, "allow")))
		finding_add(e, "allow-missing", false,
			    "set `allow` in the policy to the supported "
			    "methods, and corswrap responds to it",
			    "the response to a plain OPTIONS has no Allow (RFC "
			    "9110, 9.3.7)");
}

/* ---- all of them ---- */

/* Was the request redirected to a login page? */
static void
find_login(struct explanation *e, struct slice location)
{
	static const char fix[] =
	    "send the visitor's login with the request, or respond to scripts "
	    "with 401 and the CORS headers instead of a redirect";

	if (!slice_present(location) || !is_login(location))
		return;
	if (e->verdict == VERDICT_BLOCKED)
		e->fix = fix;
	finding_add(e, "login-redirect", true, fix,
		    "the request is redirected to a login page, %s: a script "
		    "cannot log in there",
		    explain_quote(e, location));
}

/* Report a cookie that the browser refuses, or will not send. */
static void
find_cookie(struct explanation *e, struct slice field)
{
	static const char fix[] =
	    "set it with SameSite=None; Secure; Partitioned, over https";
	const char *browser = fetch_engine(e->question.browser)->name;
	struct cookie cookie;
	const char *name, *why;

	cookie_read(field, &cookie);
	name = explain_quote(e, cookie.name);
	switch (explain_cookie_fate(e, &cookie, &why)) {
	case COOKIE_GOES:
		break;
	case COOKIE_REFUSED:
		finding_add(e, "cookie-attributes", true, fix,
			    "%s sets the cookie %s, which %s does not keep: %s",
			    which_words[THE_REQUEST], name, browser, why);
		break;
	case COOKIE_SAME_SITE:
		finding_add(e, "cookie-attributes", false, fix,
			    "%s sets the cookie %s without %s: %s does not "
			    "send it with requests of a page of another site",
			    which_words[THE_REQUEST], name,
			    cookie_lacks(&cookie), browser);
		break;
	case COOKIE_THIRD_PARTY:
		finding_add(
		    e, "cookie-attributes", false,
		    "serve page and URL from one site; or set it with "
		    "Partitioned too, and make the page work without it",
		    "%s sets the cookie %s, of another site than the page: %s",
		    which_words[THE_REQUEST], name,
		    fetch_engine(e->question.browser)->foreign_cookies);
		break;
	}
}

/* Cookies that will not be sent with the page's next requests. */
static void
find_cookies(struct explanation *e)
{
	const struct fetch_fields *fields = &e->response.fields;

	if (!e->sent || !e->response.known || !e->question.credentials)
		return;
	for (size_t i = 0; i < fields->count; i++)
		if (slice_eq_nocase(fields->at[i].name, SLICE("set-cookie")))
			find_cookie(e, fields->at[i].value);
}

/* An error response that the page cannot read. */
static void
find_error(struct explanation *e)
{
	if (e->sent && find_bad_policy(e, &e->response))
		return;
	if (e->sent && e->response.known &&
	    is_backend_down(e->response.status)) {
		if (e->verdict == VERDICT_BLOCKED)
			e->fix = fix_backend;
		finding_add(e, "backend-down", true, fix_backend,
			    "%s is %d: a proxy responds, because its backend "
			    "is down or does not respond",
			    which_words[THE_REQUEST], e->response.status);
	}
	if (e->sent && e->response.known && e->response.status >= 400 &&
	    !slice_present(get(e, &e->response, ACAO)))
		finding_add(e, "error-without-cors", true,
			    explain_set_headers(e, &e->response),
			    "%s is %d without CORS headers: the script sees "
			    "a network error instead",
			    which_words[THE_REQUEST], e->response.status);
}

void
explain_find(struct explanation *e, const struct live_server *live,
	     struct slice redirect)
{
	struct response unknown_origin = {.known = false},
			null_origin = {.known = false};

	if (e->preflight.known) {
		if (!find_bad_policy(e, &e->preflight) &&
		    !find_refusal(e, live))
			find_status(e);
		find_max_age(e);
	}
	find_in_answer(e, &e->preflight, THE_PREFLIGHT);
	find_in_answer(e, &e->response, THE_REQUEST);
	find_login(e, redirect);
	find_error(e);
	find_cookies(e);
	if (live == NULL) {
		explain_cure(e, NULL);
		return;
	}
	request_from(e, live, UNKNOWN_ORIGIN, &unknown_origin);
	if (!slice_eq(e->question.origin, SLICE("null")))
		request_from(e, live, "null", &null_origin);
	find_reflection(e, &unknown_origin);
	find_null(e, &null_origin);
	find_vary(e, &unknown_origin);
	find_options(e, live);
	explain_cure(e, live);
}
