/*
 * The header lines of a decision, as pieces: lines that policy.c made at load
 * time, and the origin (and for `*` with credentials the requested names).
 * Nothing is copied.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/decide.h"

#include "cors/private.h"

struct parts {
	struct slice *at;
	size_t count;
};

static void
add(struct parts *parts, struct slice piece)
{
	if (piece.len > 0 && parts->count < CORS_PARTS_MAX)
		parts->at[parts->count++] = piece;
}

static void
add_origin(struct parts *parts, const struct cors_decision *d)
{
	if (d->policy->spec.any_origin) {
		add(parts, SLICE("Access-Control-Allow-Origin: *\r\n"));
		return;
	}
	add(parts, SLICE("Access-Control-Allow-Origin: "));
	add(parts, d->origin);
	add(parts, d->policy->spec.credentials
		       ? SLICE("\r\nAccess-Control-Allow-Credentials: true\r\n")
		       : SLICE("\r\n"));
}

/* With credentials `*` is literal, so the requested method is echoed. */
static void
add_methods(struct parts *parts, const struct cors_decision *d)
{
	const struct policy_spec *spec = &d->policy->spec;

	if (d->drop_star_method && spec->methods.any)
		return;
	if (!spec->methods.any || !spec->credentials) {
		add(parts, d->policy->lines->methods);
		return;
	}
	add(parts, SLICE("Access-Control-Allow-Methods: "));
	add(parts, d->method);
	add(parts, SLICE("\r\n"));
}

static void
add_headers(struct parts *parts, const struct cors_decision *d)
{
	const struct policy_spec *spec = &d->policy->spec;

	if (!spec->headers.any || !spec->credentials) {
		add(parts, d->drop_star && spec->headers.any
			       ? d->policy->lines->headers_named
			       : d->policy->lines->headers);
		return;
	}
	if (d->echo_len == 0)
		return;
	add(parts, SLICE("Access-Control-Allow-Headers: "));
	add(parts, slice_of(d->echo, d->echo_len));
	add(parts, SLICE("\r\n"));
}

static void
add_preflight(struct parts *parts, const struct cors_decision *d)
{
	bool debug = d->policy->spec.debug;

	if (d->origin_allowed && (!d->refused || debug)) {
		add_origin(parts, d);
		add_methods(parts, d);
		add_headers(parts, d);
		add(parts, d->policy->lines->max_age);
	}
	if (d->refused && debug) {
		add(parts, SLICE("X-Corswrap-Reason: "));
		add(parts, slice_from(cors_reason_id(d->reason)));
		add(parts, SLICE("\r\n"));
	}
}

static void
add_actual(struct parts *parts, const struct cors_decision *d)
{
	const struct policy_spec *spec = &d->policy->spec;

	if (d->origin_allowed)
		add_origin(parts, d);
	/* A list or `*` also applies to resources that are loaded without an
	 * Origin (Resource Timing, TAO check). */
	if (spec->timing == TIMING_SAME && d->origin_allowed) {
		add(parts, SLICE("Timing-Allow-Origin: "));
		add(parts, spec->any_origin ? SLICE("*") : d->origin);
		add(parts, SLICE("\r\n"));
	} else {
		add(parts, d->policy->lines->timing);
	}
}

size_t
cors_inject_parts(const struct cors_decision *d,
		  struct slice parts[static CORS_PARTS_MAX])
{
	struct parts out = {parts, 0};

	if (d->policy == NULL)
		return 0;
	if (d->preflight)
		add_preflight(&out, d);
	else
		add_actual(&out, d);
	return out.count;
}

const struct name_list *
cors_expose(const struct cors_decision *d)
{
	if (d->policy == NULL || d->preflight || !d->origin_allowed)
		return NULL;
	return &d->policy->spec.expose;
}

struct slice
cors_resource_policy(const struct cors_decision *d)
{
	/* Browsers ignore it in the response to a preflight: the check is a
	 * step of "HTTP fetch", which "CORS-preflight fetch" does not use. */
	if (d->policy == NULL || d->preflight)
		return SLICE_NONE;
	return d->policy->lines->resource;
}

unsigned
cors_vary(const struct cors_decision *d)
{
	if (d->policy == NULL)
		return CORS_VARY_NONE;
	if (d->preflight)
		return CORS_VARY_ORIGIN | CORS_VARY_METHOD | CORS_VARY_HEADERS;
	/* Fetch, "CORS protocol and HTTP caches": on every response, unless
	 * the response is the same for every origin. */
	return d->policy->spec.any_origin && !d->by_origin ? CORS_VARY_NONE
							   : CORS_VARY_ORIGIN;
}

size_t
cors_parts(const struct cors_decision *d,
	   struct slice parts[static CORS_PARTS_MAX])
{
	struct parts out = {parts, cors_inject_parts(d, parts)};

	if (d->policy == NULL)
		return 0;
	if (cors_expose(d) != NULL)
		add(&out, d->policy->lines->expose);
	add(&out, cors_resource_policy(d));
	if (d->verdict == CORS_ANSWER_OPTIONS ||
	    d->verdict == CORS_REFUSE_METHOD)
		add(&out, d->policy->lines->allow);
	if (d->preflight)
		add(&out, SLICE("Vary: Origin, Access-Control-Request-Method, "
				"Access-Control-Request-Headers\r\n"));
	else if (cors_vary(d) != CORS_VARY_NONE)
		add(&out, SLICE("Vary: Origin\r\n"));
	return out.count;
}
