/*
 * Answer one request, whichever way it came, in the order of DESIGN.md
 * section 4: path, status-path, policy, preflight, enforce, allow, program.
 *
 * This is the one place that turns a decision of the core into an answer, so
 * CGI and FastCGI cannot come to differ.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/respond.h"

#include "base/clock.h"
#include "cors/path.h"
#include "run/answer.h"
#include "run/body.h"
#include "run/forward.h"
#include "run/log.h"
#include "run/metrics.h"
#include "run/relay.h"
#include "run/response.h"
#include "run/script.h"
#include "serve/prepend.h"

/* A request on its way through the steps. */
struct work {
	const struct settings *settings;
	struct exchange *x;
	struct request request;
	struct slice path; /* normalized; absent: bad, or nobody asks for it */
	struct cors_decision decision;
};

/* An answer without a body: a preflight's, or an OPTIONS by `allow`. */
static void
send_empty(struct work *w)
{
	if (answer_empty(w->x, &w->decision) != 0)
		w->x->outcome.failure = "client-gone";
}

/* Log why a request was refused, or would have been. */
static void
log_refusal(const struct work *w)
{
	const struct cors_decision *d = &w->decision;
	const char *what = "this request", *todo = NULL;

	if (d->reason == CORS_REASON_NONE)
		return;
	if (d->preflight)
		what = "this preflight";
	if (d->reason == CORS_ORIGIN_NOT_ALLOWED || d->reason == CORS_ENFORCED)
		todo = "add the origin to `origins` if its pages may call this";
	else if (d->reason == CORS_METHOD_NOT_ALLOWED)
		todo = "add the method to `methods` if pages may use it";
	else if (d->reason == CORS_HEADER_NOT_ALLOWED)
		todo = "add the header to `headers` if pages may send it";
	else if (d->reason == CORS_NOT_IN_ALLOW)
		todo = "add the method to `allow` if the application knows it";
	log_event(w->x->log, LOG_LEVEL_INFO, cors_reason_id(d->reason),
		  &w->request, todo, "the policy refuses %s", what);
}

/* enforce = report: the request runs, and this is what says so. */
static void
note_report(struct work *w)
{
	if (!w->decision.reported)
		return;
	w->x->outcome.reported = true;
	log_event(
	    w->x->log, LOG_LEVEL_WARNING, "enforced", &w->request,
	    "add the origin to `origins`, or set `enforce = block`",
	    "enforce = report lets a request through that `block` would stop");
}

/* May a request be sent twice?  RFC 9110, 9.2.2. */
static bool
is_idempotent(struct slice method)
{
	static const char *const names[] = {"GET",   "HEAD", "OPTIONS",
					    "TRACE", "PUT",  "DELETE"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq(method, slice_from(names[i])))
			return true;
	return false;
}

/* An error about which the log has heard already. */
static void
refuse(struct work *w, int status, const char *failure)
{
	if (w->x->outcome.failure == NULL)
		w->x->outcome.failure = failure;
	answer_error(w->x, &w->decision, status, NULL, NULL);
}

static void
no_memory(struct work *w)
{
	log_no_memory(w->x->log, &w->request);
	refuse(w, 500, "no-memory");
}

/* The program is known and the body is there: run it, or hand it on. */
static void
run_with(struct work *w, struct script *script, struct body *body,
	 char **variables)
{
	const struct app *app = &w->settings->app;
	struct response response;

	/* FastCGI has no place to exec: as rewrite (DESIGN.md, `inject`). */
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
			    &response, is_idempotent(w->request.method));
	else
		relay_run(w->settings, w->x, script, variables, body,
			  &response);
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
	status = script_resolve(w->settings, w->x, &w->request, &script);
	if (status != 0) {
		refuse(w, status, "no-program");
		return;
	}
	status = body_read(w->x, &w->settings->app, &w->request, &body);
	if (status != 0) {
		refuse(w, status, "no-body");
		script_free(&script);
		return;
	}
	if (env_build(w->settings, w->x, &script, &body, &env) == 0) {
		run_with(w, &script, &body, env.variables);
		env_free(&env);
	} else {
		no_memory(w);
	}
	body_close(&body);
	script_free(&script);
}

static void
act(struct work *w)
{
	struct outcome *o = &w->x->outcome;

	o->reason = (int)w->decision.reason;
	o->verdict = (int)w->decision.verdict;
	o->preflight = w->decision.preflight;
	switch (w->decision.verdict) {
	case CORS_RUN:
		run_program(w);
		break;
	case CORS_ANSWER_PREFLIGHT:
		log_refusal(w); /* with debug it may be a refused one */
		send_empty(w);
		break;
	case CORS_ANSWER_OPTIONS:
		send_empty(w);
		break;
	case CORS_REFUSE_PREFLIGHT:
		log_refusal(w);
		answer_error(w->x, &w->decision, w->decision.status,
			     "The CORS policy refuses this preflight.", NULL);
		break;
	case CORS_REFUSE_METHOD:
		log_refusal(w);
		answer_error(w->x, &w->decision, w->decision.status, NULL,
			     NULL);
		break;
	case CORS_BLOCK:
		log_refusal(w);
		answer_error(
		    w->x, &w->decision, w->decision.status,
		    "The CORS policy refuses requests from this origin.", NULL);
		break;
	}
}

/* The normalized path, where somebody asks for it.  False: no memory. */
static bool
read_path(struct work *w)
{
	const struct request *r = &w->request;
	struct scratch *s = w->x->scratch;
	size_t need = r->uri.len + r->script_name.len + r->path_info.len + 2;

	w->path = SLICE_NONE;
	if (!w->settings->policies->uses_paths &&
	    (w->settings->server.status_path == NULL || w->x->metrics == NULL))
		return true;
	if (buffer_need(&s->path, &s->path_cap, need) != 0)
		return false;
	w->path = path_normalize(r, s->path, s->path_cap);
	return true;
}

/*
 * Is it for the counters?  From anybody else the request goes its ordinary
 * way, so that a stranger cannot tell that the path is special.
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

static void
answer_status(struct work *w)
{
	w->x->outcome.status = 200;
	if (metrics_answer(w->x->metrics, w->settings, w->x,
			   slice_eq(w->request.method, SLICE("HEAD"))) != 0)
		w->x->outcome.failure = "client-gone";
}

/* Neither has a policy, so neither carries a CORS header. */
static void
no_policy_answer(struct work *w, int status, const char *id, const char *todo,
		 const char *what)
{
	char quoted[128];
	struct slice value =
	    status == 500 ? w->request.policy_name : w->request.uri;

	w->x->outcome.failure = id;
	log_event(w->x->log, status == 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		  id, &w->request, todo, "%s: \"%s\"", what,
		  log_quote(value, quoted, sizeof(quoted)));
	answer_error(w->x, NULL, status, NULL, NULL);
}

/* The scratch of regular expressions, on the first request that needs it;
 * without memory for it no expression matches (fail closed). */
static struct regex_scratch *
regex_room(struct exchange *x, const struct policy *policy)
{
	if (policy != NULL && policy->spec.regex_count > 0 &&
	    x->scratch->regex == NULL)
		x->scratch->regex = regex_scratch_new();
	return x->scratch->regex;
}

static void
decide(struct work *w)
{
	const struct policy *policy = NULL;

	switch (policy_choose(w->settings->policies, &w->request, w->path,
			      &policy)) {
	case POLICY_BAD_PATH:
		no_policy_answer(w, 400, "bad-path", NULL,
				 "the path cannot be decoded");
		return;
	case POLICY_UNKNOWN:
		no_policy_answer(
		    w, 500, "unknown-policy",
		    "set CORSWRAP_POLICY to a NAME of the policy's [cors NAME]",
		    "CORSWRAP_POLICY names no section of the policy");
		return;
	case POLICY_NONE:
		policy = NULL;
		break;
	case POLICY_CHOSEN:
		w->x->outcome.policy = (int)policy->index;
		break;
	}
	cors_decide(policy, &w->request, regex_room(w->x, policy),
		    &w->decision);
	act(w);
}

static void
answer(struct work *w)
{
	if (!read_path(w)) {
		log_no_memory(w->x->log, &w->request);
		w->x->outcome.failure = "no-memory";
		answer_error(w->x, NULL, 500, NULL, NULL);
	} else if (w->settings->policies->uses_paths &&
		   !slice_present(w->path)) {
		no_policy_answer(w, 400, "bad-path", NULL,
				 "the path cannot be decoded");
	} else if (is_status(w)) {
		answer_status(w);
	} else {
		decide(w);
	}
}

void
respond(const struct settings *settings, struct exchange *x)
{
	/* Nobody asks how long a CGI program took; its first look at the clock
	 * would cost it two pages and the search of the vDSO. */
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
