/*
 * Handle one request, from CGI or FastCGI, in the order of DESIGN.md section
 * 4: path, status-path, policy, preflight, isolate, enforce, allow, program.
 *
 * This is the only place that turns a decision of the core into a response, so
 * CGI and FastCGI cannot differ.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/respond.h"

#include <stdio.h>

#include "base/clock.h"
#include "cors/names.h"
#include "cors/path.h"
#include "run/answer.h"
#include "run/body.h"
#include "run/forward.h"
#include "run/log.h"
#include "run/metrics.h"
#include "run/relay.h"
#include "run/repeated.h"
#include "run/response.h"
#include "run/script.h"
#include "serve/prepend.h"
#include "serve/self_check.h"

/* A request on its way through the steps. */
struct work {
	const struct settings *settings;
	struct exchange *x;
	struct request request;
	struct slice path; /* normalized; absent: invalid, or not needed */
	struct cors_decision decision;
};

/*
 * ": header "X"" or ": method "X"", whichever a preflight was refused for,
 * because the log has nothing else of the preflight but its origin.  Empty: the
 * reason is another one.
 */
static const char *
refused_part(const struct work *w, char *buf, size_t cap)
{
	const struct cors_decision *d = &w->decision;
	struct slice name = d->refused_name;
	const char *what = "header";
	char quoted[128];

	if (d->reason == CORS_METHOD_NOT_ALLOWED ||
	    d->reason == CORS_METHOD_MALFORMED) {
		what = "method";
		name = w->request.acrm;
	} else if (d->reason != CORS_HEADER_NOT_ALLOWED &&
		   d->reason != CORS_HEADERS_MALFORMED) {
		return "";
	}
	(void)snprintf(buf, cap, ": %s \"%s\"", what,
		       log_quote(name, quoted, sizeof(quoted)));
	return buf;
}

/* Log why a request was refused, or would have been. */
static void
log_refusal(const struct work *w)
{
	const struct cors_decision *d = &w->decision;
	const char *what = "this request", *todo = NULL;
	char part[160];

	if (d->reason == CORS_REASON_NONE)
		return;
	if (d->preflight)
		what = "this preflight";
	if (d->reason == CORS_ORIGIN_NOT_ALLOWED || d->reason == CORS_ENFORCED)
		todo = "add the origin to `origins` if its pages may call this";
	else if (d->reason == CORS_ISOLATED)
		todo = "add the page's origin to `origins` if it may do this";
	else if (d->reason == CORS_METHOD_NOT_ALLOWED)
		todo = "add the method to `methods` if pages may use it";
	else if (d->reason == CORS_HEADER_NOT_ALLOWED)
		todo = "add the header to `headers` if pages may send it";
	else if (d->reason == CORS_NOT_IN_ALLOW)
		todo = "add the method to `allow` if the application knows it";
	log_event(w->x->log, LOG_LEVEL_INFO, cors_reason_id(d->reason),
		  &w->request, todo, "the policy refuses %s%s", what,
		  refused_part(w, part, sizeof(part)));
}

/* isolate = report, enforce = report: the request runs, and this reports it. */
static void
note_report(struct work *w)
{
	enum cors_reason reason = w->decision.reason;
	bool isolated = reason == CORS_ISOLATED;

	if (!w->decision.reported)
		return;
	w->x->outcome.reported = true;
	log_event(
	    w->x->log, LOG_LEVEL_WARNING, cors_reason_id(reason), &w->request,
	    isolated ? "add the origin to `origins`, or set `isolate = yes`"
		     : "add the origin to `origins`, or set `enforce = block`",
	    "%s = report: `%s` would refuse this request",
	    isolated ? "isolate" : "enforce", isolated ? "yes" : "block");
}

/* Respond to an error that has been logged already. */
static void
refuse(struct work *w, int status, const char *failure)
{
	if (w->x->outcome.failure == NULL)
		w->x->outcome.failure = failure;
	answer_error(w->x, &w->decision, status, NULL);
}

static void
no_memory(struct work *w)
{
	log_no_memory(w->x->log, &w->request);
	refuse(w, 500, "no-memory");
}

/* Let a warm php-cgi handle the request.  True: it has; false: the program must
 * be started. */
static bool
serve_warm(struct work *w, struct script *script, struct body *body,
	   char **variables, struct response *response)
{
	struct exchange *x = w->x;

	if (x->warm_serve != NULL)
		x->outcome.warm = x->warm_serve(x->warm, w->settings, script, x,
						variables, body, response);
	return x->outcome.warm == WARM_USED;
}

/* The program is known and the body has been read: run the program, or forward
 * the request. */
static void
run_with(struct work *w, struct script *script, struct body *body,
	 char **variables)
{
	const struct app *app = &w->settings->app;
	struct response response;

	/* FastCGI cannot exec in place: treat it as rewrite (DESIGN.md,
	 * `inject`). */
	if (app->inject == INJECT_PREPEND && !w->x->fastcgi &&
	    script->argv != NULL && prepend_possible(w->x)) {
		prepend_run(w->settings, w->x, script, variables, body,
			    &w->decision, &w->request);
		return;
	}
	if (response_init(&response, w->x, w->settings, &w->decision,
			  &w->request) != 0) {
		no_memory(w);
		return;
	}
	if (script->argv == NULL)
		forward_run(w->x->pool, w->settings, w->x, variables, body,
			    &response, method_is_idempotent(w->request.method));
	else if (!serve_warm(w, script, body, variables, &response))
		relay_run(w->settings, w->x, script, variables, body,
			  &response);
}

/*
 * A client that gets the error at once may stop sending.  What it still sends
 * is discarded: for a FastCGI connection when the response ends
 * (connection_drain), for standard input here.
 */
static void
refuse_body(struct work *w, int status)
{
	struct exchange *x = w->x;

	refuse(w, status, "no-body");
	if (status != 413 || x->fastcgi || x->out->flush(x->out) != 0)
		return;
	body_discard(x);
}

static void
run_program(struct work *w)
{
	struct script script;
	struct body body;
	struct env env;
	int status;

	note_report(w);
	if (w->x->will_block != NULL)
		w->x->will_block(w->x);
	if (repeated_settle(w->x, &w->request) != 0) {
		no_memory(w);
		return;
	}
	status = script_resolve(w->settings, w->x, &w->request, &script);
	if (status != 0) {
		refuse(w, status, "no-program");
		return;
	}
	status = body_read(w->x, &w->settings->app, &w->request, &body);
	if (status != 0) {
		refuse_body(w, status);
		script_free(&script);
		return;
	}
	if (w->x->will_run != NULL)
		w->x->will_run(w->x);
	if (env_build(w->settings, w->x, &script, &body, &env) == 0) {
		run_with(w, &script, &body, env.variables);
		env_free(&env);
	} else {
		no_memory(w);
	}
	body_close(&body);
	script_free(&script);
}

/* Normalize the path, if it is needed.  False: no memory. */
static bool
read_path(struct work *w)
{
	const struct request *r = &w->request;
	struct scratch *s = w->x->scratch;

	w->path = SLICE_NONE;
	if (!w->settings->policies->uses_paths &&
	    (w->settings->server.status_path == NULL || w->x->metrics == NULL))
		return true;
	if (buffer_need(&s->path, &s->path_cap, path_room(r)) != 0)
		return false;
	w->path = path_normalize(r, s->path, s->path_cap);
	return true;
}

/*
 * Is it a request for the counters, and may the client read them?  Other
 * clients get what they would get without `status-path`, so that they cannot
 * tell that the path is special.
 */
static bool
is_status(const struct work *w)
{
	const struct server *server = &w->settings->server;

	if (w->x->metrics == NULL || server->status_path == NULL ||
	    !slice_present(w->path) ||
	    !slice_eq(w->path, slice_from(server->status_path)))
		return false;
	if (!slice_eq(w->request.method, SLICE("GET")) &&
	    !slice_eq(w->request.method, SLICE("HEAD")))
		return false;
	for (size_t i = 0; i < server->status_client_count; i++)
		if (network_has(&server->status_clients[i],
				w->request.remote_addr))
			return true;
	return false;
}

/* There is no memory, and no policy has been chosen yet. */
static void
no_memory_yet(struct work *w)
{
	log_no_memory(w->x->log, &w->request);
	w->x->outcome.failure = "no-memory";
	answer_error(w->x, NULL, 500, NULL);
}

/* What metrics_answer or self_check_answer has returned. */
static void
answered(struct work *w, int rc)
{
	if (rc > 0)
		no_memory_yet(w);
	else if (rc < 0)
		w->x->outcome.failure = "client-gone";
}

/* Log why no policy was found; the response then has no CORS header. */
static void
log_no_policy(struct work *w, enum log_level level, const char *id,
	      struct slice value, const char *todo, const char *what)
{
	char quoted[128];

	w->x->outcome.failure = id;
	log_event(w->x->log, level, id, &w->request, todo, "%s: \"%s\"", what,
		  log_quote(value, quoted, sizeof(quoted)));
}

static void
act(struct work *w)
{
	const struct cors_decision *d = &w->decision;

	switch (d->verdict) {
	case CORS_RUN:
		run_program(w);
		return;
	case CORS_BAD_PATH:
		log_no_policy(w, LOG_LEVEL_INFO, "bad-path", w->request.uri,
			      NULL, "the path is invalid or ambiguous");
		break;
	case CORS_BAD_HOST:
		log_no_policy(w, LOG_LEVEL_INFO, "bad-host", w->request.host,
			      NULL,
			      "the Host header is invalid, or is not the host "
			      "of the request target");
		break;
	case CORS_UNKNOWN_POLICY:
		log_no_policy(
		    w, LOG_LEVEL_ERROR, "unknown-policy",
		    w->request.policy_name,
		    "set CORSWRAP_POLICY to a NAME of the policy's [cors NAME]",
		    "CORSWRAP_POLICY names no section of the policy");
		break;
	case CORS_ANSWER_PREFLIGHT: /* with debug it may be a refused one */
	case CORS_ANSWER_OPTIONS:
	case CORS_REFUSE_PREFLIGHT:
	case CORS_REFUSE_METHOD:
	case CORS_BLOCK:
		log_refusal(w);
		break;
	}
	if (answer_decision(w->x, d) != 0 && w->x->outcome.failure == NULL)
		w->x->outcome.failure = "client-gone";
}

/* The scratch of regular expressions, for the first request that needs it;
 * without memory for it no expression matches (fail closed). */
static struct regex_scratch *
regex_scratch_of(struct work *w)
{
	struct scratch *s = w->x->scratch;

	if (w->settings->policies->uses_regexes && s->regex == NULL)
		s->regex = regex_scratch_new();
	return s->regex;
}

static void
decide(struct work *w)
{
	struct outcome *o = &w->x->outcome;
	const struct cors_decision *d = &w->decision;

	decide_request(w->settings->policies, &w->request, w->path,
		       regex_scratch_of(w), &w->decision);
	o->policy = d->policy == NULL ? -1 : (int)d->policy->index;
	o->reason = (int)d->reason;
	o->verdict = (int)d->verdict;
	o->preflight = d->preflight;
	act(w);
}

static void
answer(struct work *w)
{
	if (!read_path(w)) {
		no_memory_yet(w);
	} else if (is_status(w)) {
		answered(w, metrics_answer(w->x->metrics, w->x,
					   slice_eq(w->request.method,
						    SLICE("HEAD"))));
	} else if (self_check_asked(w->settings, w->x, &w->request)) {
		answered(w,
			 self_check_answer(w->settings, w->x, &w->request));
	} else {
		decide(w);
	}
}

void
respond(const struct settings *settings, struct exchange *x)
{
	/* The time of a CGI request is not used, and the first read of the
	 * clock would cost two pages and the search of the vDSO. */
	uint64_t start = x->fastcgi ? clock_us() : 0;
	struct work w;

	w.settings = settings;
	w.x = x;
	x->outcome = (struct outcome){.policy = -1};
	request_read(&w.request, x->variables);
	answer(&w);
	if (x->fastcgi)
		x->outcome.microseconds = clock_us() - start;
	if (x->metrics != NULL)
		metrics_count(x->metrics, settings, &x->outcome);
	if (x->fastcgi)
		log_access(x->log, settings, &w.request, &x->outcome);
}
