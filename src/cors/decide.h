/*
 * The decision: what a policy allows a request (Fetch, "CORS protocol";
 * DESIGN.md section 4).
 *
 * Pure: it uses no file, no clock, and only memory of the caller.
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
	CORS_ACRH_ELEMENTS = 128 /* including empty ones */
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
	CORS_RUN,               /* the application handles the request */
	CORS_ANSWER_PREFLIGHT,  /* no body; with debug also if refused */
	CORS_REFUSE_PREFLIGHT,  /* 403 */
	CORS_ANSWER_OPTIONS,    /* 204 with Allow */
	CORS_REFUSE_METHOD,     /* 405 with Allow */
	CORS_BLOCK,             /* 403 by isolate or enforce */
	CORS_BAD_PATH,          /* 400, no policy */
	CORS_BAD_HOST,          /* the same */
	CORS_UNKNOWN_POLICY     /* 500, no policy */
};

struct cors_decision {
	const struct policy *policy; /* NULL: no policy covers the request */
	enum cors_verdict verdict;
	enum cors_reason reason;
	int status;          /* of the response we make; 0 with CORS_RUN */
	bool preflight;      /* the request is a CORS-preflight request */
	bool has_origin;     /* the request carries an Origin, even malformed */
	bool origin_allowed; /* its Origin is echoed (or `*` sent) */
	bool reported;       /* isolate or enforce is `report`, else it would
	                        have been blocked */
	bool by_origin;      /* the Origin chose the policy among several */
	bool refused;        /* the policy refuses the preflight, even if debug
	                        or preflight = forward let it pass */
	struct slice origin; /* points into the request */
	struct slice method; /* the requested method, echoed for methods = * with
			      credentials; points into the request */
	/* for the log: the first name that is not allowed
	   (CORS_HEADER_NOT_ALLOWED), or the element that is not a name
	   (CORS_HEADERS_MALFORMED) */
	struct slice refused_name;
	/* debug: do not send `*`, which would allow what is refused */
	bool drop_star;
	bool drop_star_method;
	/* the requested header names, lower case, each once, joined by ',' */
	size_t echo_len;
	char echo[CORS_ACRH_BYTES];
};

/*
 * Decide a request; every decision is made here.  The steps: is the path valid
 * (else 400), which policy covers the request (500 if CORSWRAP_POLICY names no
 * section), preflight, isolate, enforce, allow.  path: the result of
 * path_normalize; absent if that failed, or if no policy needs it (policy_set,
 * uses_paths).  scratch may be NULL if no policy has a regex (uses_regexes);
 * without it no regex matches.  The decision points into the variables of the
 * request and into the policy.
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
 * itself (to a preflight or an OPTIONS, or an error).  All pieces together are
 * whole lines that end in CRLF.  They include Vary, Allow (if the verdict needs
 * it) and, with debug, X-Corswrap-Reason, but not Status, Content-Length and
 * Content-Type.  Returns the number of pieces; they are valid as long as the
 * decision and the policy.
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

/* The names for Access-Control-Expose-Headers; NULL: it is not sent. */
const struct name_list *cors_expose(const struct cors_decision *);

/* The line Cross-Origin-Resource-Policy, which replaces the application's own
 * even if its CORS headers are kept; absent: it is not sent. */
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
