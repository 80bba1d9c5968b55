/*
 * The decision: whether the request is a preflight, whether its origin, method
 * and headers are allowed, and how to respond.  answer.c makes the headers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/decide.h"

#include "base/host.h"
#include "base/text.h"
#include "cors/names.h"
#include "cors/private.h"

static const char *const reason_ids[CORS_REASON_COUNT] = {
    [CORS_REASON_NONE] = "none",
    [CORS_ORIGIN_NOT_ALLOWED] = "origin-not-allowed",
    [CORS_ORIGIN_MALFORMED] = "origin-malformed",
    [CORS_ORIGIN_NULL] = "origin-null",
    [CORS_METHOD_NOT_ALLOWED] = "method-not-allowed",
    [CORS_METHOD_MALFORMED] = "method-malformed",
    [CORS_HEADER_NOT_ALLOWED] = "header-not-allowed",
    [CORS_HEADERS_MALFORMED] = "headers-malformed",
    [CORS_HEADERS_TOO_MANY] = "headers-too-many",
    [CORS_ENFORCED] = "enforced",
    [CORS_ISOLATED] = "isolated",
    [CORS_NOT_IN_ALLOW] = "not-in-allow",
};

const char *
cors_reason_id(enum cors_reason reason)
{
	return reason_ids[reason];
}

/* ---- the origin ---- */

static enum cors_reason
check_origin(const struct policy *policy, const struct request *request,
	     struct regex_scratch *scratch)
{
	struct slice origin = request->origin;

	if (policy->spec.any_origin)
		return CORS_REASON_NONE;
	if (request->origin_count > 1)
		return CORS_ORIGIN_MALFORMED;
	/* Fetch: opaque origins serialize as "null"; any site can send it. */
	if (slice_eq(origin, SLICE("null")))
		return policy->spec.null_origin ? CORS_REASON_NONE
						: CORS_ORIGIN_NULL;
	switch (origin_set_check(policy->origins, origin, scratch)) {
	case ORIGIN_ALLOWED:
		return CORS_REASON_NONE;
	case ORIGIN_UNKNOWN:
		return CORS_ORIGIN_NOT_ALLOWED;
	case ORIGIN_MALFORMED:
		break;
	}
	return CORS_ORIGIN_MALFORMED;
}

/* ---- the method ---- */

static enum cors_reason
check_method(const struct policy *policy, const struct request *request)
{
	struct slice method = request->acrm;

	if (request->acrm_count > 1 || !token_is_valid(method))
		return CORS_METHOD_MALFORMED;
	/* Case-sensitive: a browser that requests "patch" does not accept
	 * "PATCH" in the response (Fetch, "CORS-preflight fetch" step 7). */
	if (method_is_safelisted(method) ||
	    name_list_has(&policy->spec.methods, method))
		return CORS_REASON_NONE;
	if (policy->spec.methods.any && !method_is_forbidden(method))
		return CORS_REASON_NONE;
	return CORS_METHOD_NOT_ALLOWED;
}

/* ---- the headers ---- */

/*
 * Access-Control-Request-Headers while it is parsed.  Each name is written in
 * lower case after those in the echo buffer of the decision, and stays there
 * only if it will be echoed.  The names always fit: the list that is read has
 * at most CORS_ACRH_BYTES.
 */
struct requested {
	const struct policy *policy;
	struct cors_decision *d;
	bool echo;	   /* `*` with credentials: echo the names */
	unsigned elements; /* including empty ones */
	bool refused;
	/* hash table of the echoed names: index + 1; 0: free */
	unsigned char seen[2 * CORS_ACRH_ELEMENTS];
	unsigned short start[CORS_ACRH_ELEMENTS];
	unsigned short length[CORS_ACRH_ELEMENTS];
	unsigned count;
};

static bool
is_listed(const struct header_lines *lines, struct slice name, size_t hash)
{
	for (;; hash++) {
		struct slice other = lines->names[hash & lines->names_mask];
		if (!slice_present(other))
			return false;
		if (slice_eq(other, name))
			return true;
	}
}

/* Keep the name at the end of the echo buffer, unless it is there already.  A
 * free slot always exists: at most half of them are used. */
static void
keep_name(struct requested *requested, size_t at, size_t len, size_t hash)
{
	struct cors_decision *d = requested->d;
	struct slice name = slice_of(d->echo + at, len);
	unsigned char *slot;

	for (;; hash++) {
		slot = &requested->seen[hash % sizeof(requested->seen)];
		if (*slot == 0)
			break;
		unsigned i = *slot - 1U;
		if (slice_eq(slice_of(d->echo + requested->start[i],
				      requested->length[i]),
			     name))
			return;
	}
	requested->start[requested->count] = (unsigned short)at;
	requested->length[requested->count] = (unsigned short)len;
	*slot = (unsigned char)++requested->count;
	d->echo_len = at + len;
}

/* One name, trimmed; false: it is not a token. */
static bool
parse_name(struct requested *requested, struct slice name)
{
	struct cors_decision *d = requested->d;
	size_t at = d->echo_len + (d->echo_len > 0);
	char *text = d->echo + at;

	if (!token_lower(text, name)) {
		d->refused_name = name;
		return false;
	}
	size_t hash = policy_name_hash(text, name.len);
	struct slice lower = slice_of(text, name.len);
	/* Authorization is the one name that `*` does not cover (Fetch,
	 * "CORS non-wildcard request-header name"). */
	if (!is_listed(requested->policy->lines, lower, hash) &&
	    (!requested->policy->spec.headers.any ||
	     slice_eq(lower, SLICE("authorization")))) {
		if (!requested->refused)
			d->refused_name = name;
		requested->refused = true;
	} else if (requested->echo) {
		if (at > 0)
			text[-1] = ',';
		keep_name(requested, at, name.len, hash);
	}
	return true;
}

/* One line of the list (RFC 9110, 5.6.1: empty elements are ignored). */
static enum cors_reason
parse_line(struct requested *requested, struct slice line)
{
	struct slice name;

	while (text_element_next(&line, &name)) {
		if (++requested->elements > CORS_ACRH_ELEMENTS)
			return CORS_HEADERS_TOO_MANY;
		if (name.len > 0 && !parse_name(requested, name))
			return CORS_HEADERS_MALFORMED;
	}
	return CORS_REASON_NONE;
}

static enum cors_reason
parse_lines(struct requested *requested, const struct request *request)
{
	size_t bytes = 0;

	if (request->acrh_count > REQUEST_LINES_MAX)
		return CORS_HEADERS_TOO_MANY;
	/* Check the size first, so that a megabyte of commas costs nothing. */
	for (unsigned i = 0; i < request->acrh_count; i++)
		bytes += request->acrh[i].len + (i > 0);
	if (bytes > CORS_ACRH_BYTES)
		return CORS_HEADERS_TOO_MANY;
	for (unsigned i = 0; i < request->acrh_count; i++) {
		enum cors_reason reason =
		    parse_line(requested, request->acrh[i]);
		if (reason != CORS_REASON_NONE)
			return reason;
	}
	return requested->refused ? CORS_HEADER_NOT_ALLOWED : CORS_REASON_NONE;
}

/* If the list is malformed or too long, no name is echoed. */
static enum cors_reason
check_headers(const struct policy *policy, const struct request *request,
	      struct cors_decision *d)
{
	struct requested requested;
	enum cors_reason reason;

	d->refused_name = SLICE_NONE;
	requested.policy = policy;
	requested.d = d;
	requested.echo = policy->spec.headers.any && policy->spec.credentials;
	requested.elements = requested.count = 0;
	requested.refused = false;
	if (requested.echo)
		memset(requested.seen, 0, sizeof(requested.seen));
	reason = parse_lines(&requested, request);
	if (reason == CORS_HEADERS_MALFORMED || reason == CORS_HEADERS_TOO_MANY)
		d->echo_len = 0;
	return reason;
}

/* ---- the preflight ---- */

/* Two Access-Control-Request-Method headers are one value with a comma (Fetch,
 * "get" a header), so the value is not empty even if both are. */
static bool
is_preflight(const struct request *request)
{
	return slice_eq(request->method, SLICE("OPTIONS")) &&
	       request->origin_count > 0 &&
	       (request->acrm.len > 0 || request->acrm_count > 1);
}

/* Origin, then method, then headers: the first that fails is the reason. */
static enum cors_reason
check_preflight(const struct policy *policy, const struct request *request,
		struct regex_scratch *scratch, struct cors_decision *d)
{
	enum cors_reason reason = check_origin(policy, request, scratch);
	enum cors_reason headers;

	if (reason != CORS_REASON_NONE)
		return reason;
	d->origin_allowed = true;
	reason = check_method(policy, request);
	d->drop_star_method = reason != CORS_REASON_NONE;
	if (reason != CORS_REASON_NONE && !policy->spec.debug)
		return reason;
	headers = check_headers(policy, request, d);
	d->drop_star = headers != CORS_REASON_NONE;
	return reason != CORS_REASON_NONE ? reason : headers;
}

static void
decide_preflight(const struct policy *policy, const struct request *request,
		 struct regex_scratch *scratch, struct cors_decision *d)
{
	const struct policy_spec *spec = &policy->spec;

	d->preflight = true;
	d->method = request->acrm;
	d->reason = check_preflight(policy, request, scratch, d);
	d->refused = d->reason != CORS_REASON_NONE;
	if (spec->forward_preflight)
		return; /* CORS_RUN */
	if (!d->refused || (spec->debug && d->origin_allowed)) {
		d->verdict = CORS_ANSWER_PREFLIGHT;
		d->status = spec->preflight_status;
	} else {
		d->verdict = CORS_REFUSE_PREFLIGHT;
		d->status = 403;
	}
}

/* ---- the actual request ---- */

/* Does the request come from a page of its own origin, or from no page
 * (DESIGN.md section 4, "Same-origin")? */
static bool
is_same_origin(const struct request *request)
{
	struct origin origin;
	struct slice host = request->host, port;
	bool https = request_is_https(request);

	if (slice_present(request->fetch_site))
		return slice_eq(request->fetch_site, SLICE("same-origin")) ||
		       slice_eq(request->fetch_site, SLICE("none"));
	if (request->origin_count != 1 ||
	    !origin_parse(request->origin, &origin) ||
	    !slice_eq(origin.scheme, https ? SLICE("https") : SLICE("http")))
		return false;
	if (slice_present(host)) {
		host = host_split(host, &port);
	} else {
		host = request->server_name;
		port = request->server_port;
	}
	/* RFC 3986, 6.2.3: "host:" is the same as "host". */
	unsigned usual = port_default(origin.scheme);
	unsigned number = usual;
	if (port.len > 0) /* no client pads a port with zeros beyond 5 digits */
		number = port.len > 5 ? 0 : port_number(port);
	return slice_eq_nocase(host, origin.host) &&
	       number == (origin.port == 0 ? usual : origin.port);
}

/* Does `enforce` apply to this request, whose origin is not allowed? */
static bool
is_enforced(const struct policy *policy, const struct request *request)
{
	switch (policy->spec.enforce) {
	case ENFORCE_ADVERTISE:
		return false;
	case ENFORCE_BLOCK_UNSAFE:
		if (method_is_safe(request->method))
			return false;
		break;
	case ENFORCE_REPORT:
	case ENFORCE_BLOCK:
		break;
	}
	return !is_same_origin(request);
}

/*
 * Does `isolate` block this request (DESIGN.md section 3)?  A request from
 * another site or origin passes only if the policy allows its origin, if it is
 * a CORS request and every origin is allowed, or if the user follows a link.
 * Other values of Sec-Fetch-Site mean the own origin, or no page (Fetch
 * Metadata, 2.3).
 */
static bool
is_isolated(const struct policy *policy, const struct request *request,
	    const struct cors_decision *d)
{
	/* Present and empty: two headers have the same variable, and one of
	 * them is not from the browser (request.h). */
	bool collided =
	    slice_present(request->fetch_site) && request->fetch_site.len == 0;

	if (policy->spec.isolate == ISOLATE_NO ||
	    (!collided &&
	     !slice_eq(request->fetch_site, SLICE("cross-site")) &&
	     !slice_eq(request->fetch_site, SLICE("same-site"))))
		return false;
	if (policy->spec.any_origin
		? slice_eq(request->fetch_mode, SLICE("cors"))
		: d->origin_allowed)
		return false;
	return !(slice_eq(request->method, SLICE("GET")) ||
		 slice_eq(request->method, SLICE("HEAD"))) ||
	       !slice_eq(request->fetch_mode, SLICE("navigate")) ||
	       !slice_eq(request->fetch_dest, SLICE("document"));
}

/* Refuse the request, and return true: later steps are skipped.  Or only report
 * it, and return false: then the first step that reports is the reason. */
static bool
block(struct cors_decision *d, enum cors_reason reason, bool report)
{
	if (report) {
		if (!d->reported)
			d->reason = reason;
		d->reported = true;
		return false;
	}
	d->reason = reason;
	d->reported = false;
	d->verdict = CORS_BLOCK;
	d->status = 403;
	return true;
}

static void
decide_allow(const struct policy *policy, const struct request *request,
	     struct cors_decision *d)
{
	if (!policy->spec.has_allow)
		return;
	if (!name_list_has(&policy->spec.allow, request->method)) {
		d->verdict = CORS_REFUSE_METHOD;
		d->reason = CORS_NOT_IN_ALLOW;
		d->status = 405;
	} else if (slice_eq(request->method, SLICE("OPTIONS"))) {
		d->verdict = CORS_ANSWER_OPTIONS;
		d->status = 204;
	}
}

static void
decide_actual(const struct policy *policy, const struct request *request,
	      struct regex_scratch *scratch, struct cors_decision *d)
{
	d->origin_allowed = policy->spec.any_origin;
	if (d->has_origin && !policy->spec.any_origin) {
		d->reason = check_origin(policy, request, scratch);
		d->origin_allowed = d->reason == CORS_REASON_NONE;
	}
	if (is_isolated(policy, request, d) &&
	    block(d, CORS_ISOLATED, policy->spec.isolate == ISOLATE_REPORT))
		return;
	if (d->has_origin && !d->origin_allowed &&
	    is_enforced(policy, request) &&
	    block(d, CORS_ENFORCED, policy->spec.enforce == ENFORCE_REPORT))
		return;
	decide_allow(policy, request, d);
}

void
decide_by_policy(const struct policy *policy, const struct request *request,
		 struct regex_scratch *scratch, struct cors_decision *d)
{
	/* Clearing the echo buffer, 4 KiB, would cost more than the decision.
	 */
	memset(d, 0, offsetof(struct cors_decision, echo));
	d->policy = policy;
	d->verdict = CORS_RUN;
	d->has_origin = request->origin_count > 0;
	d->origin = request->origin;
	if (policy == NULL)
		return;
	if (is_preflight(request))
		decide_preflight(policy, request, scratch, d);
	else
		decide_actual(policy, request, scratch, d);
}

void
decide_request(const struct policy_set *set, const struct request *request,
	       struct slice path, struct regex_scratch *scratch,
	       struct cors_decision *d)
{
	const struct policy *policy = NULL;
	enum policy_chosen chosen = policy_choose(set, request, path, &policy);

	if (chosen == POLICY_EQUALS) {
		struct policy_equal equal = {.policy = NULL};
		(void)policy_equals(set, request, path, scratch, &equal, 1);
		policy = equal.policy;
	}
	decide_by_policy(policy, request, scratch, d);
	d->by_origin = chosen == POLICY_EQUALS;
	if (chosen == POLICY_BAD_PATH || chosen == POLICY_BAD_HOST) {
		d->verdict = chosen == POLICY_BAD_PATH ? CORS_BAD_PATH
						       : CORS_BAD_HOST;
		d->status = 400;
	} else if (chosen == POLICY_UNKNOWN) {
		d->verdict = CORS_UNKNOWN_POLICY;
		d->status = 500;
	}
}
