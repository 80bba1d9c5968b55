/*
 * Why a server refuses a preflight: its policy says 403, or nothing of CORS,
 * and never what it minds.  One preflight without the headers, and one of GET,
 * tell it; neither changes anything on a server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "probe/probe.h"

/* Which part of the preflight it is. */
enum cause { CAUSE_NONE, CAUSE_ORIGIN, CAUSE_METHOD, CAUSE_HEADERS };

static struct slice
get(struct explanation *e, const struct answer *answer, const char *name)
{
	return fetch_get(e->arena, &answer->fields, slice_from(name));
}

/* No refusal of the origin's: of credentials a policy is not asked. */
static bool
welcomes(struct explanation *e, const struct answer *answer)
{
	return fetch_check_status(answer->status).reason == FETCH_PASSES &&
	       fetch_check_origin(e->arena, e->question.origin, false,
				  &answer->fields)
		       .reason == FETCH_PASSES;
}

/* The page's preflight for that method and for no header. */
static bool
passes(struct explanation *e, struct probe_client *client, struct slice method,
       struct answer *out)
{
	struct fetch_field at[2 + PROBE_METADATA] = {
	    {SLICE("Origin"), e->question.origin},
	    {SLICE("Access-Control-Request-Method"), method},
	};
	struct fetch_fields fields = {at, 2 + probe_metadata(e, at + 2)};
	const char *why;

	return !e->out_of_memory &&
	       probe_send(client, e, &e->question.url, SLICE("OPTIONS"),
			  &fields, out, &why) == PROBE_ANSWERED &&
	       welcomes(e, out);
}

/* Written by a CORS policy: it depends on what only preflights have. */
static bool
is_policy(struct explanation *e, const struct answer *answer)
{
	struct slice vary = get(e, answer, "vary"), item;

	if (slice_present(get(e, answer, "x-corswrap-reason")))
		return true;
	while (slice_present(vary) && fetch_list_next(&vary, &item))
		if (slice_eq_nocase(item, SLICE("origin")) ||
		    slice_eq_nocase(item,
				    SLICE("access-control-request-method")))
			return true;
	return false;
}

static enum cause
find_cause(struct explanation *e, struct probe_client *client,
	   struct answer *simpler)
{
	if (slice_present(e->plan.asked) &&
	    passes(e, client, e->plan.method, simpler))
		return CAUSE_HEADERS;
	if (e->plan.method_asks && passes(e, client, SLICE("GET"), simpler))
		return CAUSE_METHOD;
	return is_policy(e, &e->preflight) ? CAUSE_ORIGIN : CAUSE_NONE;
}

/* The headers that the answer to GET does not list either. */
static const char *
fix_method(struct explanation *e, const struct answer *simpler)
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

bool
probe_find_refusal(struct explanation *e, struct probe_client *client)
{
	static const char *const words[] = {
	    [CAUSE_NONE] = "",
	    [CAUSE_ORIGIN] = "of the page's origin",
	    [CAUSE_METHOD] = "of its method: GET without headers passes",
	    [CAUSE_HEADERS] = "of its headers: the same without them passes",
	};
	const struct answer *refusal = &e->preflight;
	struct answer simpler;
	enum cause cause;

	if (!refusal->known || e->preflight_passes ||
	    slice_present(get(e, refusal, "access-control-allow-origin")) ||
	    (refusal->status != 403 &&
	     fetch_check_status(refusal->status).reason != FETCH_PASSES))
		return false;
	cause = find_cause(e, client, &simpler);
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
