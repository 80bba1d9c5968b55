/*
 * The walk through an exchange: its steps, their order and their words.
 * text.c and src/page both print it, so they cannot differ.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/walk.h"

#include "base/text.h"

/* ---- the words ---- */

static const char *
describe_page(struct explanation *e)
{
	struct slice origin = e->question.origin;
	const char *text = "A page without an origin (null)";

	if (!slice_eq(origin, SLICE("null")))
		text =
		    explain_printf(e, "A page of %s", explain_quote(e, origin));
	if (e->question.how.embedder == FETCH_UNSAFE_NONE)
		return text;
	return explain_printf(e, "%s, with Cross-Origin-Embedder-Policy: %s,",
			      text,
			      fetch_embedder_name(e->question.how.embedder));
}

/* A string literal of JavaScript, which has the same escapes as
 * explain_quote. */
static const char *
quote_string(struct explanation *e, struct slice bytes)
{
	char *text = arena_array(e->arena, bytes.len + 1, 2);
	size_t len = 0;

	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] == '"' || bytes.ptr[i] == '\\')
			text[len++] = '\\';
		text[len++] = bytes.ptr[i];
	}
	return explain_printf(e, "\"%s\"",
			      explain_quote(e, slice_of(text, len)));
}

static const char *
describe_headers(struct explanation *e)
{
	const struct fetch_fields *headers = &e->question.headers;
	const char *text = "";

	for (size_t i = 0; i < headers->count; i++)
		text = explain_printf(
		    e, "%s%s%s: %s", text, i > 0 ? ", " : "",
		    quote_string(e, headers->at[i].name),
		    quote_string(e, text_trim_http(headers->at[i].value)));
	return explain_printf(e, "        headers: {%s},\n", text);
}

/* The call of fetch(): several indented lines if it has options; no line feed
 * at the end. */
static const char *
describe_fetch(struct explanation *e, const char *url)
{
	static const char *const redirects[] = {
	    [FETCH_FOLLOW] = "",
	    [FETCH_ERROR] = "        redirect: \"error\",\n",
	    [FETCH_MANUAL] = "        redirect: \"manual\",\n",
	};
	const struct question *q = &e->question;
	const char *method = "";

	if (!slice_eq(q->method, SLICE("GET")))
		method = explain_printf(e, "        method: %s,\n",
					quote_string(e, q->method));
	method = explain_printf(
	    e, "%s%s%s%s%s%s", method,
	    q->headers.count > 0 ? describe_headers(e) : "",
	    q->how.has_body ? "        body: \"...\",\n" : "",
	    q->credentials ? "        credentials: \"include\",\n" : "",
	    q->how.no_cors ? "        mode: \"no-cors\",\n" : "",
	    redirects[q->how.redirect]);
	return method[0] == '\0'
		   ? explain_printf(e, "    fetch(%s)", url)
		   : explain_printf(e, "    fetch(%s, {\n%s    })", url,
				    method);
}

static const char *
describe_xhr(struct explanation *e, const char *url)
{
	const struct question *q = &e->question;
	const char *text = explain_printf(e, "    xhr.open(%s, %s)\n",
					  quote_string(e, q->method), url);

	for (size_t i = 0; i < q->headers.count; i++)
		text = explain_printf(
		    e, "%s    xhr.setRequestHeader(%s, %s)\n", text,
		    quote_string(e, q->headers.at[i].name),
		    quote_string(e, text_trim_http(q->headers.at[i].value)));
	return explain_printf(
	    e, "%s%s%s    xhr.send(%s)", text,
	    q->how.listens ? "    xhr.upload.onprogress = ...\n" : "",
	    q->credentials ? "    xhr.withCredentials = true\n" : "",
	    q->how.has_body ? "\"...\"" : "");
}

/* The call or the element, as it is in a page. */
static const char *
describe_call(struct explanation *e)
{
	const struct question *q = &e->question;
	const char *url = quote_string(e, q->url.full);
	const char *cors = q->how.no_cors   ? ""
			   : q->credentials ? " crossorigin=use-credentials"
					    : " crossorigin";

	switch (q->how.as) {
	case FETCH_AS_XHR:
		return describe_xhr(e, url);
	case FETCH_AS_SCRIPT:
		return explain_printf(e, "    <script src=%s%s></script>", url,
				      cors);
	case FETCH_AS_IMAGE:
		return explain_printf(e, "    <img src=%s%s>", url, cors);
	case FETCH_AS_FONT:
		return explain_printf(e, "    @font-face { src: url(%s) }",
				      url);
	case FETCH_AS_EVENTSOURCE:
		return explain_printf(
		    e, "    new EventSource(%s%s)", url,
		    q->credentials ? ", { withCredentials: true }" : "");
	default:
		return describe_fetch(e, url);
	}
}

static const char *
describe_preflight(const struct explanation *e)
{
	if (e->plan.preflight)
		return "The browser sends a preflight first:";
	if (!e->plan.cross_origin)
		return "No preflight: page and URL have the same origin.";
	if (e->plan.opaque)
		return "No preflight: this is requested without CORS.";
	return "No preflight: neither the method nor a header needs one.";
}

static const char *
describe_responder(const struct explanation *e, const struct response *response)
{
	if (response->by != NULL)
		return response->by;
	if (response->status != 0)
		return "The server responds:";
	if (response->uncovered)
		return "No section of the policy covers this host and path: "
		       "the application responds, without CORS headers.";
	if (response->fields.count == 0)
		return "The application responds; corswrap adds nothing.";
	if (!e->plan.cross_origin)
		return "The application responds, and corswrap adds:";
	if (response == &e->response && response->policy != NULL &&
	    response->policy->spec.keep_app_headers)
		return "The application responds; its own CORS headers stay if "
		       "Access-Control-Allow-Origin is among them "
		       "(`app-headers = keep`), and else these:";
	return "The application responds, and corswrap sets the CORS headers:";
}

static const char *
describe_request(const struct explanation *e)
{
	if (!e->sent)
		return e->plan.preflight ? "The request itself is not sent."
					 : "Nothing is sent.";
	return e->preflight.known || !e->plan.preflight
		   ? "The request itself:"
		   : "The request itself, if the preflight passes:";
}

/* Can JavaScript also read headers that are unknown here? */
static bool
reads_all(struct explanation *e)
{
	struct slice exposed =
	    fetch_get(e->arena, &e->response.fields,
		      SLICE("access-control-expose-headers"));

	/* With credentials corswrap lists them one by one, when it has the
	 * response. */
	if (e->response.status == 0 && e->response.policy != NULL &&
	    e->response.policy->spec.expose.any)
		return true;
	return !e->plan.cross_origin ||
	       fetch_is_readable(SLICE("x"), exposed, e->question.credentials);
}

/* The text after the names that may be read. */
static const char *
describe_rest(struct explanation *e)
{
	bool all = reads_all(e);

	if (e->plan.opaque)
		return " none.";
	if (e->readable_count == 0)
		return all ? " all but Set-Cookie." : " none.";
	return all ? ", and all others but Set-Cookie." : ".";
}

const char *
explain_verdict_word(const struct explanation *e)
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

/* ---- the steps ---- */

struct walk {
	struct explanation *e;
	const struct walk_output *out;
	void *ctx;
};

static void
walk_request(const struct walk *w, struct slice method,
	     const struct fetch_fields *fields)
{
	struct explanation *e = w->e;
	const struct url *url = &e->question.url;
	struct fetch_field *at =
	    arena_array(e->arena, fields->count + 1, sizeof(*at));
	struct fetch_fields all = {at, fields->count + 1};

	if (at == NULL) {
		e->out_of_memory = true;
		return;
	}
	at[0] = (struct fetch_field){SLICE("Host"), url->authority};
	if (fields->count > 0)
		memcpy(at + 1, fields->at, fields->count * sizeof(*at));
	w->out->head(w->ctx, '>',
		     explain_printf(e, "%s %s", explain_quote(e, method),
				    explain_quote(e, url->target)),
		     &all);
}

static void
walk_response(const struct walk *w, const struct response *response,
	      const struct checks *checks)
{
	const char *status = NULL;

	if (!response->known)
		return;
	w->out->responder(w->ctx, describe_responder(w->e, response));
	if (response->status != 0)
		status = explain_printf(w->e, "%s%d",
					response->http2 ? "HTTP/2 " : "",
					response->status);
	w->out->head(w->ctx, '<', status, &response->fields);
	w->out->checks(w->ctx, checks);
}

static void
walk_preflight(const struct walk *w)
{
	const struct explanation *e = w->e;

	if (e->stopped)
		return;
	w->out->heading(w->ctx, describe_preflight(e));
	w->out->list(w->ctx, &e->why);
	if (!e->plan.preflight)
		return;
	walk_request(w, SLICE("OPTIONS"), &e->preflight_request);
	walk_response(w, &e->preflight, &e->preflight_checks);
	if (e->kept != NULL)
		w->out->note(w->ctx, e->kept);
}

static void
walk_exchange(const struct walk *w)
{
	struct explanation *e = w->e;

	w->out->heading(w->ctx, describe_request(e));
	if (!e->sent)
		return;
	walk_request(w, e->plan.method, &e->request);
	if (e->steps.count > 0) {
		w->out->heading(w->ctx, "The server redirects it:");
		w->out->list(w->ctx, &e->steps);
	}
	walk_response(w, &e->response, &e->request_checks);
	if (e->has_readable)
		w->out->readable(w->ctx,
				 "JavaScript can read these response headers:",
				 describe_rest(e));
}

/* A server's response does not show what the browser does before it sends the
 * request. */
static void
walk_within(const struct walk *w)
{
	const struct explanation *e = w->e;

	if (e->probed && e->sent && e->verdict == VERDICT_ALLOWED)
		w->out->note(
		    w->ctx,
		    "If a page still fails: its service worker, an extension "
		    "or the browser's cache responds before the server does. "
		    "Try a private window without extensions, with \"Disable "
		    "cache\" and \"Bypass for network\" (F12).");
}

void
explain_walk(struct explanation *e, const struct walk_output *out, void *ctx)
{
	const struct walk walk = {e, out, ctx};

	out->question(ctx, describe_page(e), describe_call(e));
	if (out->verdict_first)
		out->verdict(ctx, explain_verdict_word(e));
	walk_preflight(&walk);
	walk_exchange(&walk);
	for (size_t i = 0; i < e->finding_count; i++)
		out->finding(ctx, &e->findings[i]);
	walk_within(&walk);
	if (!out->verdict_first)
		out->verdict(ctx, explain_verdict_word(e));
}
