/*
 * CORS policies in the form that decisions need.
 *
 * The loader fills a struct policy_spec for each section, with inherited and
 * checked values; policy_set_build adds hash tables and complete header lines.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdint.h>

#include "base/arena.h"
#include "cors/origin.h"
#include "cors/request.h"

enum policy_enforce {
	ENFORCE_ADVERTISE,
	ENFORCE_REPORT,
	ENFORCE_BLOCK_UNSAFE,
	ENFORCE_BLOCK
};

enum policy_timing { TIMING_NONE, TIMING_SAME, TIMING_ANY, TIMING_LIST };

/* Cross-Origin-Resource-Policy. */
enum policy_resource {
	RESOURCE_NONE,
	RESOURCE_SAME_ORIGIN,
	RESOURCE_SAME_SITE,
	RESOURCE_CROSS_ORIGIN
};

enum policy_isolate { ISOLATE_NO, ISOLATE_REPORT, ISOLATE_YES };

/* A list of names with or without `*`. */
struct name_list {
	const struct slice *names;
	size_t count;
	bool any; /* `*` is in it, at most with authorization */
};

/* Is the name in the list, byte for byte?  `any` is ignored. */
bool name_list_has(const struct name_list *, struct slice name);

/* Add OPTIONS to the methods of `allow`, because corswrap responds to it, and
 * HEAD if GET is there (RFC 9110, 9.1 requires both).  False: out of memory. */
bool name_list_complete_allow(struct arena *, struct name_list *);

/*
 * A [cors] or [cors NAME] section with inherited values; all values are valid
 * and canonical: methods are normalized as in Fetch, without GET, HEAD, POST;
 * header names are lower case, each once, in the order of the file, without
 * names that `*` covers.
 */
struct policy_spec {
	struct slice name; /* empty for [cors] */
	unsigned line;     /* of the section, for messages */
	bool any_origin;   /* origins = * */
	bool no_origin;    /* origins = none: no origin, ignoring the rest */
	bool null_origin;  /* `null` among the origins, with allow-null */
	const struct origin_pattern *origins; /* of origins and origins-file */
	size_t origin_count;
	const struct regex *const *regexes;
	size_t regex_count;
	struct name_list methods;
	struct name_list headers;
	struct name_list expose;
	bool credentials;
	long max_age;       /* seconds, -1: not sent */
	bool forward_preflight;
	int preflight_status; /* 200 to 299 */
	bool has_allow;
	struct name_list allow; /* complete: name_list_complete_allow */
	enum policy_enforce enforce;
	enum policy_timing timing;
	struct name_list timing_origins; /* TIMING_LIST */
	enum policy_resource resource_policy;
	enum policy_isolate isolate;
	bool keep_app_headers; /* app-headers = keep */
	bool debug;
	const struct slice *paths; /* only in [cors NAME] */
	size_t path_count;
	const struct slice *hosts;
	size_t host_count;
};

struct policy {
	struct policy_spec spec;
	unsigned index; /* index in its set, for counters */
	struct origin_set *origins;
	struct header_lines *lines; /* private to this folder */
};

/* All policies of a file. */
struct policy_set {
	const struct policy *const *policies;
	size_t count;
	bool uses_paths; /* some section has `path`: a bad path is 400 */
	bool uses_regexes;
	struct policy_choice *choice; /* private to policy.c */
};

/*
 * Make policies of specs, and the index for choosing between them.  All memory
 * comes from the arena; what the specs point to must live as long as the arena.
 * NULL: out of memory.
 */
struct policy_set *policy_set_build(struct arena *,
    const struct policy_spec *specs, size_t count);

enum policy_chosen {
	POLICY_CHOSEN,      /* *out is the policy */
	POLICY_EQUALS,      /* several, *out is one of them; the Origin chooses:
	                       policy_equals */
	POLICY_NONE,        /* no policy covers the request: no CORS for it */
	POLICY_UNKNOWN,     /* CORSWRAP_POLICY names no section: 500 */
	POLICY_BAD_PATH,    /* 400 */
	POLICY_BAD_HOST     /* 400: some section has a `host`, and host_is_clear
	                       is false */
};

/*
 * Which policy covers the request (DESIGN.md section 3, "Choosing")?  path is
 * the result of path_normalize.  If it is absent and the set uses_paths, the
 * result is POLICY_BAD_PATH.
 */
enum policy_chosen policy_choose(const struct policy_set *,
    const struct request *, struct slice path, const struct policy **out);

/* One of the sections that have the same host and path. */
struct policy_equal {
	const struct policy *policy;
	enum origin_match match; /* how it matches the request's Origin */
};

/*
 * After POLICY_EQUALS, with the same arguments: write the section that decides,
 * then the others in any order, at most max (1 or more) in total.  The one that
 * decides matches the Origin most closely; among several, one without
 * credentials is preferred.  Returns how many were written.
 */
size_t policy_equals(const struct policy_set *, const struct request *,
    struct slice path, struct regex_scratch *, struct policy_equal *out,
    size_t max);

/* For duplicate-match: the first key whose value is different, though sections
 * that tie must have the same; NULL: there is none.  `origins`, `methods`,
 * `headers`, `expose`, `credentials`, `max-age` and `timing` may be
 * different. */
const char *policy_spec_differs(const struct policy_spec *,
    const struct policy_spec *);

/* For duplicate-match: do the two sections have the same rank for some request?
 * *path and *host are the patterns that both have; absent: neither has one. */
bool policy_spec_ties(const struct policy_spec *, const struct policy_spec *,
    struct slice *path, struct slice *host);

#endif
