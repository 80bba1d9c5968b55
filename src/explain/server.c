/*
 * The server that responds: whether a cache is in front of it, and the fixes
 * of all findings in its configuration.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/findings.h"

#include "base/text.h"
#include "explain/cures.h"

/* ---- caches ---- */

/* GET and HEAD change nothing on a server, and caches store their responses.
 * For other methods only the preflight is repeated. */
bool
explain_repeats_request(const struct explanation *e)
{
	return e->sent && e->response.known && e->steps.count == 0 &&
	       (slice_eq(e->plan.method, SLICE("GET")) ||
		slice_eq(e->plan.method, SLICE("HEAD")));
}

static const char fix_cache[] =
    "send Vary: Origin with every status, and empty the cache";

/* Find a cache that serves the response for another page: a changed URL is not
 * in the cache, and if its response is right, the cache is the cause. */
static void
find_cache(struct explanation *e, const struct live_server *live)
{
	struct fetch_fields fields;
	struct response fresh;
	struct url url = e->question.url;
	struct slice parts[3] = {url.href, SLICE("?"),
				 SLICE("corscheck-fresh=1")};
	const char *text;

	if (live == NULL || e->verdict != VERDICT_BLOCKED ||
	    !explain_repeats_request(e) || e->reason == NULL ||
	    !slice_starts(slice_from(e->reason), SLICE("acao-")) ||
	    fetch_is_redirect(e->response.status))
		return;
	if (text_find(url.target, '?') < url.target.len)
		parts[1] = SLICE("&");
	text = arena_join(e->arena, parts, 3);
	if (text == NULL) {
		e->out_of_memory = true;
		return;
	}
	url.href = slice_of(text, parts[0].len + parts[1].len + parts[2].len);
	fields = explain_fields(e, &e->request, SLICE_NONE);
	if (e->out_of_memory ||
	    !live_send(live, e, &url, e->plan.method, &fields, &fresh) ||
	    fetch_check_origin(e->arena, e->question.origin,
			       e->question.credentials, &fresh.fields)
		    .reason != FETCH_PASSES)
		return;
	e->fix = fix_cache;
	finding_add(e, "vary-missing", true, e->fix,
		    "a cache delivers the response of another page: with "
		    "another query the response is right");
}

/* ---- fixes in the server's configuration ---- */

/* The server to be configured; SERVER_UNKNOWN also if corswrap responds, whose
 * fixes are in the policy.  If the page sends no preflight, one is sent to find
 * that out. */
static enum server_kind
find_server(struct explanation *e, const struct live_server *live)
{
	struct fetch_field at[2 + EXPLAIN_METADATA] = {
	    {SLICE("Origin"), e->question.origin},
	    {SLICE("Access-Control-Request-Method"), e->plan.method},
	};
	struct fetch_fields fields = {at, 2 + explain_metadata(e, at + 2)};
	struct response preflight = e->preflight;
	enum server_kind kind = web_server_of(&e->preflight);

	if (kind == SERVER_UNKNOWN)
		kind = web_server_of(&e->response);
	if (kind == SERVER_UNKNOWN)
		return kind;
	/* corswrap's responses vary by Origin: a single pasted one may be
	 * corswrap's or not. */
	if (!preflight.known && live == NULL)
		return slice_present(fetch_get(e->arena, &e->response.fields,
					       SLICE("vary")))
			   ? SERVER_UNKNOWN
			   : kind;
	if (!preflight.known)
		live_send(live, e, &e->question.url, SLICE("OPTIONS"), &fields,
			  &preflight);
	return cures_is_corswrap(&preflight) ? SERVER_UNKNOWN : kind;
}

/* Does a finding have the fix of the verdict already? */
static bool
is_fix_of_finding(const struct explanation *e)
{
	for (size_t i = 0; i < e->finding_count; i++)
		if (e->findings[i].fix != NULL && e->fix != NULL &&
		    strcmp(e->findings[i].fix, e->fix) == 0)
			return true;
	return false;
}

void
explain_cure(struct explanation *e, const struct live_server *live)
{
	enum server_kind kind;
	const char *cure;

	find_cache(e, live);
	if (e->out_of_memory ||
	    (e->verdict != VERDICT_BLOCKED && e->finding_count == 0))
		return;
	kind = find_server(e, live);
	for (size_t i = 0; i < e->finding_count; i++) {
		struct finding *f = &e->findings[i];
		cure = cures_find(e, kind,
				  f->fix == fix_cache ? CURES_CACHE : f->id);
		if (cure == NULL)
			continue;
		/* The verdict gets the text of the finding. */
		if (e->fix != NULL && f->fix != NULL &&
		    strcmp(e->fix, f->fix) == 0)
			e->fix = cure;
		f->fix = cure;
	}
	cure = NULL;
	if (e->verdict == VERDICT_BLOCKED && e->reason != NULL &&
	    !is_fix_of_finding(e))
		cure = cures_find(e, kind, e->reason);
	if (cure != NULL)
		e->fix = cure;
}
