/*
 * The decision: what a policy allows a request (Fetch, "HTTP-network-or-cache
 * fetch" and "CORS protocol"; DESIGN.md section 4).
 *
 * Pure: no file, no clock, no memory but the caller's.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_DECIDE_H
#define CORS_DECIDE_H

#include "cors/policy.h"
#include "cors/regex.h"
#include "cors/request.h"

enum {
	CORS_ACRH_BYTES = 4096,  /* of Access-Control-Request-Headers, joined */
	CORS_ACRH_ELEMENTS = 128 /* empty ones counted */
};

enum cors_reason {
	CORS_REASON_NONE,
	CORS_ORIGIN_NOT_ALLOWED,
	CORS_ORIGIN_MALFORMED,
	CORS_ORIGIN_NULL,
	CORS_METHOD_NOT_ALLOWED,
	CORS_METHOD_MALFORMED,
	CORS_HEADER_NOT_ALLOWED,
	CORS_HEADERS_MALFORMED,
	CORS_HEADERS_TOO_MANY,
	CORS_ENFORCED,    /* enforce refused it, or would have (report) */
	CORS_ISOLATED,    /* isolate refused it, or would have (report) */
	CORS_NOT_IN_ALLOW, /* the method is not in `allow` */
	CORS_REASON_COUNT
};

/* "origin-not-allowed", ...; "none" for CORS_REASON_NONE. */
const char *cors_reason_id(enum cors_reason);

enum cors_verdict {
	CORS_RUN,               /* hand the request to the application */
	CORS_ANSWER_PREFLIGHT,  /* status, no body; with debug also a refused one */
	CORS_REFUSE_PREFLIGHT,  /* 403 */
	CORS_ANSWER_OPTIONS,    /* 204 with Allow */
	CORS_REFUSE_METHOD,     /* 405 with Allow */
	CORS_BLOCK,             /* 403 by isolate or enforce */
	CORS_BAD_PATH,          /* 400, no policy */
	CORS_BAD_HOST,          /* the same */
	CORS_UNKNOWN_POLICY     /* 500, no policy */
};

struct cors_decision {
	const struct policy *policy; /* NULL: none covers the request */
	enum cors_verdict verdict;
	enum cors_reason reason;
	int status;          /* of the response we make; 0 with CORS_RUN */
	bool preflight;      /* the request is a CORS-preflight request */
	bool has_origin;     /* the request carries an Origin, even malformed */
	bool origin_allowed; /* its Origin is echoed (or `*` sent) */
	bool reported;       /* isolate = report or enforce = report: it would have
	                        been blocked */
	bool by_origin;      /* one of several sections, chosen by the Origin */
	bool refused;        /* a preflight that the policy refuses, debug or not,
	                        and with preflight = forward too */
	struct slice origin; /* points into the request */
	struct slice method; /* the requested method, echoed for methods = * with
			      credentials; points into the request */
	/* of CORS_HEADER_NOT_ALLOWED the first such name, of
	   CORS_HEADERS_MALFORMED the element that is no name; for the log */
	struct slice refused_name;
	bool drop_star;      /* debug: `*` would cover the refused header */
	bool drop_star_method;
	/* the requested header names, lower case, each once, joined by ',' */
	size_t echo_len;
	char echo[CORS_ACRH_BYTES];
};

/*
 * The only way from a request to a decision: the path (400), the policy that
 * covers the request (500 if CORSWRAP_POLICY names none), preflight, isolate,
 * enforce, allow.  path: the result of path_normalize; absent if that failed,
 * or if it is not needed (policy_set, uses_paths).  scratch may be NULL if no
 * policy has a regex (uses_regexes); without it no expression matches.  The
 * decision points into the request's variables and the policy.
 */
void decide_request(const struct policy_set *, const struct request *,
    struct slice path, struct regex_scratch *scratch, struct cors_decision *);

/* The same for a given policy; NULL: no policy covers the request, and the
 * verdict is CORS_RUN. */
void decide_by_policy(const struct policy *, const struct request *,
    struct regex_scratch *scratch, struct cors_decision *);

enum { CORS_PARTS_MAX = 32 };

/*
 * The CORS header lines of the decision, for a response that corswrap makes
 * itself (to a preflight or an OPTIONS, or an error).  Joined, the pieces are
 * whole lines that end in CRLF.  They include Vary, Allow (if the verdict needs
 * it) and X-Corswrap-Reason, but not Status, Content-Length and Content-Type.
 * Returns the number of pieces; they are valid as long as decision and policy.
 */
size_t cors_parts(const struct cors_decision *,
    struct slice parts[static CORS_PARTS_MAX]);

/*
 * The same for an application's response (CORS_RUN): the lines that replace its
 * own Access-Control-*, without Vary and Access-Control-Expose-Headers, which
 * are merged with its own, and without Cross-Origin-Resource-Policy (below).
 */
size_t cors_inject_parts(const struct cors_decision *,
    struct slice parts[static CORS_PARTS_MAX]);

/* The names to expose on an actual response; NULL: send no such header. */
const struct name_list *cors_expose(const struct cors_decision *);

/* The line Cross-Origin-Resource-Policy, which replaces the application's own
 * even where its CORS headers are kept; absent: it is not sent. */
struct slice cors_resource_policy(const struct cors_decision *);

/* The tokens that Vary must name. */
enum {
	CORS_VARY_NONE = 0,
	CORS_VARY_ORIGIN = 1,
	CORS_VARY_METHOD = 2, /* Access-Control-Request-Method */
	CORS_VARY_HEADERS = 4 /* Access-Control-Request-Headers */
};
unsigned cors_vary(const struct cors_decision *);

#endif
