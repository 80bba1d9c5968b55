/*
 * The browser's side of CORS (https://fetch.spec.whatwg.org/): which requests a
 * script may make, what the browser sends for them, and what it then requires
 * of the responses.
 *
 * If the chosen browser differs from the standard (engine.h), these functions
 * do what the browser does, and set `differs` (struct fetch_header, struct
 * fetch_check).
 *
 * Pure: memory comes from the caller's arena.  If memory is exhausted, a
 * function returns false or an absent slice (fetch_get: a value that allows
 * nothing).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FETCH_H
#define FETCH_H

#include "base/arena.h"
#include "base/slice.h"
#include "fetch/engine.h"

struct fetch_field {
	struct slice name;
	struct slice value;
};

struct fetch_fields {
	const struct fetch_field *at;
	size_t count;
};

/* The source of the request: a call of a script, or an element or a style of
 * the page. */
enum fetch_as {
	FETCH_AS_FETCH,
	FETCH_AS_XHR,
	FETCH_AS_SCRIPT,
	FETCH_AS_FONT,
	FETCH_AS_IMAGE,
	FETCH_AS_EVENTSOURCE,
	FETCH_AS_COUNT
};

/* Parse "fetch", "xhr" and so on.  False: it is another word. */
bool fetch_as_parse(struct slice, enum fetch_as *out);
const char *fetch_as_name(enum fetch_as);

/* Cross-Origin-Embedder-Policy of the page. */
enum fetch_embedder {
	FETCH_UNSAFE_NONE,
	FETCH_REQUIRE_CORP,
	FETCH_CREDENTIALLESS,
	FETCH_EMBEDDERS
};

/* Parse "require-corp", "credentialless" or "unsafe-none".  False: it is
 * another word. */
bool fetch_embedder_parse(struct slice, enum fetch_embedder *out);
const char *fetch_embedder_name(enum fetch_embedder);

enum fetch_redirect { FETCH_FOLLOW, FETCH_ERROR, FETCH_MANUAL };

/* How the request is made; all zero: by fetch(url), in mode "cors". */
struct fetch_how {
	enum fetch_as as;
	enum fetch_redirect redirect;
	enum fetch_embedder embedder;
	bool no_cors;  /* mode "no-cors"; an element without crossorigin */
	bool has_body; /* a string */
	bool listens;  /* has an upload listener (XMLHttpRequest) */
	bool again;    /* a redirected request that had a preflight */
};

/* The arguments of a script: fetch(url, { method, headers, credentials }). */
struct fetch_request {
	enum fetch_browser browser;
	struct fetch_how how;
	struct slice origin;	 /* of the page, serialized; or "null" */
	struct slice url_origin; /* of the URL */
	struct slice method;
	struct fetch_fields headers;
	bool credentials; /* "include", else "same-origin" */
};

/* ---- before anything is sent (plan.c) ---- */

/* Why fetch() throws a TypeError. */
enum fetch_refusal {
	FETCH_ACCEPTED,
	FETCH_METHOD_NO_TOKEN,
	FETCH_METHOD_FORBIDDEN, /* CONNECT, TRACE, TRACK */
	FETCH_METHOD_NO_CORS,	/* mode "no-cors", not GET, HEAD or POST */
	FETCH_HEADER_NO_TOKEN,	/* the name is not a token */
	FETCH_HEADER_VALUE,	/* NUL, CR or LF in it */
	FETCH_BODY		/* with GET or HEAD */
};

/* Can a header that the script sets be sent without a preflight (Fetch,
 * "CORS-safelisted request-header"), and if not, why? */
enum safelist_result {
	FETCH_SAFELISTED,	  /* no preflight for it */
	FETCH_FORBIDDEN,	  /* not sent: only the browser may set it */
	FETCH_FORBIDDEN_OVERRIDE, /* not sent: X-HTTP-Method-Override: TRACE */
	FETCH_NO_CORS,		  /* not sent: mode "no-cors" */
	FETCH_NAME,		  /* the name is not safelisted */
	FETCH_LONG,		  /* over 128 bytes */
	FETCH_BYTES,		  /* a byte that is not safelisted */
	FETCH_TYPE,		  /* a Content-Type that no HTML form has */
	FETCH_RANGE,		  /* not a single simple range */
	FETCH_HINT,		  /* a malformed client hint */
	FETCH_TOTAL		  /* all values together are over 1024 bytes */
};

struct fetch_header {
	struct slice name;  /* lower case */
	struct slice value; /* without blanks around it; several are joined */
	enum safelist_result safelist;
	bool differs;	/* the Fetch standard has another result */
	unsigned asked; /* how often Access-Control-Request-Headers names it */
};

struct fetch_plan {
	enum fetch_refusal refusal;
	struct slice refused;	    /* the method or header name */
	struct slice refused_value; /* of the header */
	struct slice method;	    /* normalized */
	bool cross_origin;
	bool opaque;  /* without CORS: the page cannot read the response */
	bool listens; /* the upload listener needs a preflight */
	bool sends_origin;
	bool preflight;
	bool method_needs_preflight; /* because of the method alone */
	/* the headers that the script sets, also those not sent, and Accept and
	 * Content-Type of the browser if they count; sorted by name */
	struct fetch_header *headers;
	size_t header_count;
	/* Access-Control-Request-Headers: sorted, lower case, no blanks, each
	 * name as often as its `asked`; absent: it is not sent */
	struct slice asked;
};

/* What does the browser do with the request?  *out points into it and into the
 * arena.  False: out of memory. */
bool fetch_plan(struct arena *, const struct fetch_request *,
		struct fetch_plan *out);

/* Does the browser send the header? */
bool fetch_is_sent(const struct fetch_header *);
/* Does a cross-origin request need a preflight because of it? */
bool fetch_needs_preflight(const struct fetch_header *);

/* ---- values of request headers (header_value.c) ---- */

/* Is a request header safelisted?  value is trimmed; several values are
 * combined.  *differs: the browser and Fetch disagree on whether it is. */
enum safelist_result fetch_safelist(enum fetch_browser, struct slice name,
				    struct slice value, bool *differs);
/* Is it a MIME type (MIME Sniffing, "parse a MIME type")? */
bool fetch_is_mime_type(struct slice value);
/* "type/subtype" of a MIME type in lower case, in the arena.  Absent: it is not
 * a MIME type, or out of memory. */
struct slice fetch_mime_essence(struct arena *, struct slice value);
/* Is it X-HTTP-Method, X-HTTP-Method-Override or X-Method-Override with a
 * forbidden method? */
bool fetch_overrides_forbidden(struct slice name, struct slice value);

/* ---- checks of a response (check.c) ---- */

/* Why the browser does not let the script read a response. */
enum fetch_reason {
	FETCH_PASSES,
	FETCH_ACAO_MISSING,
	FETCH_ACAO_MULTIPLE,
	FETCH_ACAO_MISMATCH,
	FETCH_WILDCARD_WITH_CREDENTIALS,
	FETCH_CREDENTIALS_NOT_TRUE,
	FETCH_PREFLIGHT_REDIRECT,
	FETCH_PREFLIGHT_STATUS,
	FETCH_LIST_MALFORMED,
	FETCH_METHOD_NOT_ALLOWED,
	FETCH_HEADER_NOT_ALLOWED,
	FETCH_REASON_COUNT
};

/* "acao-missing" and so on (DESIGN.md section 2); NULL for FETCH_PASSES. */
const char *fetch_reason_id(enum fetch_reason);

struct fetch_check {
	enum fetch_reason reason;
	struct slice value; /* of the header that fails; or absent */
	struct slice name;  /* of the malformed list ("...-Methods"), or of the
			       request header that is not allowed */
	bool differs;	    /* passes in browsers, but not by Fetch */
};

/* How many fields have this name, ignoring case (RFC 9110, 5.1)? */
size_t fetch_count(const struct fetch_fields *, struct slice name);

/* The value of the first one, unchanged and not copied; absent: there is
 * none. */
struct slice fetch_first(const struct fetch_fields *, struct slice name);

/* All values of the header joined by ", " (Fetch, "get" a header); absent:
 * there is none.  If memory is exhausted, ", ". */
struct slice fetch_get(struct arena *, const struct fetch_fields *,
		       struct slice name);

/* The "CORS check" of a response.  credentials: the credentials mode is
 * "include". */
struct fetch_check fetch_check_origin(struct arena *, struct slice origin,
				      bool credentials,
				      const struct fetch_fields *);
/* Is it the status of a redirect that fetch() follows? */
bool fetch_is_redirect(int status);
/* Is the status of the response to a preflight 200 to 299? */
struct fetch_check fetch_check_status(int status);
/* Are Access-Control-Allow-Methods and -Headers valid lists, and do they allow
 * the method and the headers ("CORS-preflight fetch", 7)? */
struct fetch_check fetch_check_lists(struct arena *,
				     const struct fetch_fields *);
struct fetch_check fetch_check_method(struct arena *, const struct fetch_plan *,
				      bool credentials,
				      const struct fetch_fields *);
struct fetch_check fetch_check_headers(struct arena *,
				       const struct fetch_plan *,
				       bool credentials,
				       const struct fetch_fields *);

/* May the script read a response header of this name?  exposed is the value of
 * Access-Control-Expose-Headers, absent if there is none. */
bool fetch_is_readable(struct slice name, struct slice exposed,
		       bool credentials);

/* Does the value parse as a list of tokens (RFC 9110, 5.6.1)? */
bool fetch_is_list(struct slice value);

/* How long a browser caches a preflight at most, in seconds. */
enum { FETCH_MAX_AGE_DEFAULT = 5 };
unsigned fetch_max_age_cap(enum fetch_browser);
/* How long it caches one whose Access-Control-Max-Age is value (absent: there
 * is none), in seconds. */
unsigned fetch_max_age(struct slice value, enum fetch_browser);

#endif
