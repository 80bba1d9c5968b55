/*
 * What a browser does with a live server: the preflight, the request, and after
 * a redirect both again (Fetch, 4.4 "HTTP-redirect fetch").
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "probe/probe.h"

#include "base/text.h"
#include "explain/findings.h"
#include "policy/hostname.h"

/* Fetch: "If request's redirect count is 20, then return a network error." */
enum { REDIRECTS_MAX = 20 };

/* ---- one request ---- */

/* Set the verdict if there is no response.  Chromium only says "Failed to
 * fetch"; the cause is added. */
static void
describe_unreachable(struct explanation *e, enum probe_fault fault,
		     const char *why)
{
	static const struct {
		const char *id;
		const char *fix;
	} words[] = {
	    [PROBE_ANSWERED] = {"network", NULL},
	    [PROBE_NETWORK] = {"network", "make a server respond at this URL "
					  "first: this is not about CORS"},
	    [PROBE_CERTIFICATE] =
		{"tls",
		 "install a certificate that browsers trust for this name: a "
		 "request of a page has no warning to click through"},
	    [PROBE_NO_CERTIFICATES] =
		{"tls", "install the certificate authorities on this machine "
			"(Debian: ca-certificates), or name a file of them in "
			"SSL_CERT_FILE: the server was not judged"},
	    [PROBE_TLS] = {"tls", "see that the server speaks TLS at this "
				  "port, in a version that browsers take"},
	    [PROBE_TIMEOUT] =
		{"timeout",
		 "find out what the server waits for: this is not about CORS"},
	};

	/* A browser has its own certificates, so its message is unknown. */
	explain_unreachable(
	    e, words[fault].id,
	    explain_noted(
		e, explain_printf(
		       e, "%s (%s: %s)",
		       fault == PROBE_NO_CERTIFICATES
			   ? "This machine has no certificates to check the "
			     "server's with"
			   : console_of_network_error(e),
		       explain_quote(e, e->question.url.href), why)),
	    words[fault].fix);
}

static bool
send_request(struct explanation *e, struct probe_client *client,
	     struct slice method, const struct fetch_fields *fields,
	     struct response *out)
{
	struct fetch_fields all = explain_fields(e, fields, SLICE_NONE);
	const char *why;
	enum probe_fault fault =
	    probe_send(client, e, &e->question.url, method, &all, out, &why);

	if (e->out_of_memory)
		return false;
	if (fault != PROBE_ANSWERED)
		describe_unreachable(e, fault, why);
	return fault == PROBE_ANSWERED;
}

/* ---- redirects ---- */

static bool
block_redirect(struct explanation *e, const char *message)
{
	explain_blocked(e, "redirect-blocked", explain_noted(e, message),
			"respond at this URL without a redirect");
	return false;
}

/* A redirect that no browser follows. */
static bool
refuse_redirect(struct explanation *e, struct slice location, const char *why)
{
	const char *failed = console_of_network_error(e);

	return block_redirect(
	    e, explain_printf(e, "%s (redirect to '%s': %s)", failed,
			      explain_quote(e, location), why));
}

/* Chromium leaves the location out of its message. */
static bool
refuse_password(struct explanation *e, struct slice location)
{
	const char *from = "";

	if (!e->plan.cross_origin || e->question.browser != FETCH_CHROMIUM)
		return refuse_redirect(e, location,
				       "a URL with user name and password");
	if (slice_present(e->redirected_from))
		from = explain_printf(e, " (redirected from '%s')",
				      explain_quote(e, e->redirected_from));
	return block_redirect(
	    e, explain_printf(e,
			      "Access to fetch at '%s'%s from origin '%s' has "
			      "been blocked by CORS policy: Redirect location "
			      "'' contains a username and password, which is "
			      "disallowed for cross-origin requests.",
			      explain_quote(e, e->question.url.full), from,
			      explain_quote(e, e->question.origin)));
}

/* The script's headers that are sent after the redirect; Fetch,
 * "HTTP-redirect fetch" 12 and 13. */
static struct fetch_fields
kept_fields(struct explanation *e, const struct fetch_fields *old, bool to_get,
	    bool away)
{
	static const char *const of_body[] = {
	    "content-encoding", "content-language", "content-location",
	    "content-type", NULL};
	struct fetch_field *at = arena_array(e->arena, old->count, sizeof(*at));
	size_t count = 0;

	if (at == NULL) {
		e->out_of_memory = true;
		return *old;
	}
	for (size_t i = 0; i < old->count; i++) {
		struct slice name = text_trim_http(old->at[i].name);
		bool drop =
		    away && slice_eq_nocase(name, SLICE("authorization"));
		for (size_t j = 0; to_get && of_body[j] != NULL; j++)
			drop |= slice_eq_nocase(name, slice_from(of_body[j]));
		if (!drop)
			at[count++] = old->at[i];
	}
	return (struct fetch_fields){at, count};
}

static bool
becomes_get(int status, struct slice method)
{
	if (status == 303)
		return !slice_eq(method, SLICE("GET")) &&
		       !slice_eq(method, SLICE("HEAD"));
	return (status == 301 || status == 302) &&
	       slice_eq(method, SLICE("POST"));
}

/* The browser's request after the redirect in e->response; false: it sends
 * none, and the verdict is set. */
static bool
next_question(const struct explanation *first, struct explanation *e,
	      struct slice location, struct question *out)
{
	const struct question *q = &e->question;
	const struct fetch_engine *engine = fetch_engine(q->browser);
	bool to_get = becomes_get(e->response.status, e->plan.method), away;
	enum url_fault fault;

	*out = *q;
	fault = url_parse(e->arena, location, &q->url, hostname_to_ascii,
			  &out->url);
	if (fault != URL_FAULT_NONE)
		return refuse_redirect(e, location, url_fault_text(fault));
	away = !slice_eq(out->url.origin, q->url.origin);
	/* Fetch allows this if both URLs have the page's origin; Chromium does
	 * not. */
	if (out->url.has_userinfo &&
	    !(engine->own_password_passes && !e->plan.cross_origin && !away))
		return refuse_password(e, location);
	out->url.has_userinfo = false;
	/* "redirect-tainted origin": a redirect from another origin to a third
	 * one. */
	if (away && e->plan.cross_origin) {
		if (engine->preflight_keeps_origin)
			out->asked_from = preflight_origin(q);
		out->origin = SLICE("null");
	}
	out->how.again = engine->asks_again &&
			 (q->how.again || e->plan.method_needs_preflight ||
			  e->plan.listens || slice_present(e->plan.asked));
	out->method = to_get ? SLICE("GET") : e->plan.method;
	out->how.has_body = q->how.has_body && !to_get;
	if (engine->restores_headers)
		out->headers = kept_fields(
		    e, &first->question.headers,
		    becomes_get(e->response.status, first->plan.method), away);
	else
		out->headers = kept_fields(e, &q->headers, to_get, away);
	return true;
}

/* The redirect itself must pass the CORS check. */
static bool
may_follow(struct explanation *e)
{
	struct fetch_check check;

	if (!e->plan.cross_origin || e->plan.opaque)
		return true;
	check =
	    fetch_check_origin(e->arena, e->question.origin,
			       e->question.credentials, &e->response.fields);
	return check.reason == FETCH_PASSES;
}

/* ---- the exchange ---- */

/* The Location; absent: there is none.  Chromium rejects a response with two
 * different ones. */
static struct slice
read_location(const struct explanation *e, bool *two)
{
	const struct fetch_fields *fields = &e->response.fields;
	struct slice found = SLICE_NONE;

	*two = false;
	for (size_t i = 0; i < fields->count; i++) {
		if (!slice_eq_nocase(fields->at[i].name, SLICE("location")))
			continue;
		*two |= slice_present(found) &&
			!slice_eq(found, fields->at[i].value);
		found = fields->at[i].value;
	}
	return found;
}

/* Does the script allow to follow redirects?  False: the verdict is set. */
static bool
goes_on(struct explanation *e, struct slice location)
{
	switch (e->question.how.redirect) {
	case FETCH_FOLLOW:
		break;
	case FETCH_ERROR:
		return refuse_redirect(
		    e, location, "fetch() is called with redirect: \"error\"");
	case FETCH_MANUAL:
		e->verdict = VERDICT_ALLOWED;
		e->has_readable = true;
		e->message = explain_noted(
		    e, "The page gets an opaque redirect: status 0, no headers "
		       "and no body, not even where it leads.");
		return false;
	}
	return true;
}

/* Without Location it only counts as a redirect if redirects are not
 * followed. */
static bool
is_redirect(const struct explanation *e, struct slice location)
{
	const struct question *q = &e->question;

	return fetch_is_redirect(e->response.status) &&
	       (slice_present(location) ||
		(fetch_engine(q->browser)->status_redirects &&
		 q->how.redirect != FETCH_FOLLOW));
}

/* Send one request, with its preflight.  True: the response is a redirect,
 * which may be followed; false: the verdict is set. */
static bool
hop(struct explanation *e, struct probe_client *client, struct slice *location)
{
	bool two;

	/* A redirect may lead to a URL that is blocked before any request. */
	if (explain_is_settled(e))
		return false;
	if (e->plan.preflight) {
		if (!send_request(e, client, SLICE("OPTIONS"),
				  &e->preflight_request, &e->preflight)) {
			e->sent = false;
			return false;
		}
		if (!browser_check_preflight(e))
			return false;
	}
	if (!send_request(e, client, e->plan.method, &e->request, &e->response))
		return false;
	*location = read_location(e, &two);
	if (two)
		return refuse_redirect(e, *location, "another is beside it");
	if (!is_redirect(e, *location) || !may_follow(e)) {
		browser_check_response(e);
		return false;
	}
	return goes_on(e, *location);
}

static void
add_step(struct explanation *first, const struct explanation *from,
	 const struct explanation *to)
{
	texts_add(
	    first, &first->steps,
	    explain_printf(
		first, "%d: the browser goes on to %s%s%s%s%s",
		from->response.status,
		explain_quote(first, to->question.url.href),
		slice_eq(to->plan.method, from->plan.method) ? "" : " with GET",
		slice_eq(to->question.origin, from->question.origin)
		    ? ""
		    : ", now with Origin: null",
		to->question.headers.count < from->question.headers.count
		    ? ", without the headers that go with it no further"
		    : "",
		to->plan.preflight ? ", after a preflight" : ""));
}

/* The outcome of the last request is that of the whole exchange. */
static void
copy_outcome(struct explanation *e, const struct explanation *last)
{
	e->out_of_memory |= last->out_of_memory;
	e->verdict = last->verdict;
	e->reason = last->reason;
	e->message = last->message;
	e->fix = last->fix;
	e->unreachable = last->unreachable;
	if (last->preflight_reason != NULL)
		for (size_t i = 0; i < last->preflight_checks.count; i++)
			checks_add(e, &e->request_checks,
				   last->preflight_checks.at[i].passes,
				   last->preflight_checks.at[i].text);
	for (size_t i = 0; i < last->request_checks.count; i++)
		checks_add(e, &e->request_checks,
			   last->request_checks.at[i].passes,
			   last->request_checks.at[i].text);
	if (last->response.known) {
		e->response = last->response;
	} else if (last->preflight.known) {
		e->response = last->preflight;
		e->response.by =
		    "The server responds to the preflight after the redirect:";
	}
	e->has_readable = last->has_readable;
	e->readable = last->readable;
	e->readable_count = last->readable_count;
}

/* Begin an explanation for the next URL.  NULL: no request is sent to it. */
static struct explanation *
follow(struct explanation *first, struct explanation *from,
       struct slice location, size_t count)
{
	struct explanation *to =
	    arena_alloc(first->arena, sizeof(struct explanation));
	struct question question;

	if (to == NULL) {
		first->out_of_memory = true;
		return NULL;
	}
	if (count >= REDIRECTS_MAX) {
		refuse_redirect(from, location, "there were 20 already");
		return NULL;
	}
	if (!next_question(first, from, location, &question))
		return NULL;
	explain_begin(to, first->arena, &question);
	to->probed = true;
	to->redirected_from = first->question.url.full;
	to->tainted =
	    from->tainted || !slice_eq(question.origin, from->question.origin);
	add_step(first, from, to);
	return to;
}

static bool
send_question(void *ctx, struct explanation *e, const struct url *url,
	      struct slice method, const struct fetch_fields *fields,
	      struct response *out)
{
	const char *why;

	return probe_send(ctx, e, url, method, fields, out, &why) ==
	       PROBE_ANSWERED;
}

void
probe(struct explanation *e, struct probe_client *client)
{
	const struct live_server live = {.ctx = client, .send = send_question};
	struct explanation *at = e;
	struct slice location = SLICE_NONE, first = SLICE_NONE;
	bool two;

	e->probed = true;
	if (explain_is_settled(e))
		return;
	for (size_t count = 0; hop(at, client, &location); count++) {
		struct explanation *next = follow(e, at, location, count);
		if (next == NULL)
			break;
		at = next;
	}
	if (e->response.known && fetch_is_redirect(e->response.status))
		first = read_location(e, &two);
	if (at != e)
		copy_outcome(e, at);
	if (!e->out_of_memory && !e->unreachable && e->plan.cross_origin &&
	    !e->plan.opaque)
		explain_find(e, &live, first);
}
