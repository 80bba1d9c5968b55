/*
 * A CORS policy in the form that decisions need.
 *
 * The loader fills a struct policy_spec for each section, with inheritance
 * done and every value checked; policy_set_build adds hash tables and header
 * lines that are ready to be sent.
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
	bool any; /* `*` is in it; a name beside it is authorization */
};

/* Is the name in the list, byte for byte?  (`any` is not looked at.) */
bool name_list_has(const struct name_list *, struct slice name);

/* Add OPTIONS to the methods of `allow`, and HEAD if GET is there: a resource
 * that supports anything supports these (RFC 9110, 9.3.2).  False: no
 * memory. */
bool name_list_complete_allow(struct arena *, struct name_list *);

/*
 * One [cors] or [cors NAME] section after inheritance, all values valid and
 * canonical: methods normalised as Fetch does and without GET, HEAD, POST;
 * header names lower case, each once, in the order written; without names that
 * `*` covers.
 */
struct policy_spec {
	struct slice name; /* empty for [cors] */
	unsigned line;     /* of the section, for messages */
	bool any_origin;   /* origins = * */
	bool no_origin;    /* origins = none: closed, whatever else is set */
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
	const struct slice *paths; /* [cors NAME] alone */
	size_t path_count;
	const struct slice *hosts;
	size_t host_count;
};

struct policy {
	struct policy_spec spec;
	unsigned index; /* place in its set, for counters */
	struct origin_set *origins;
	struct header_lines *lines; /* private to this folder */
};

/* Every policy of a file. */
struct policy_set {
	const struct policy *const *policies;
	size_t count;
	bool uses_paths; /* some section has `path`: a bad path is 400 */
	bool uses_regexes;
	struct policy_choice *choice; /* private to policy.c */
};

/*
 * Make policies of specs, and the index for choosing between them.  Every spec
 * has origins.  All memory comes from the arena; what specs point to must live
 * as long as that.  NULL: out of memory.
 */
struct policy_set *policy_set_build(struct arena *,
    const struct policy_spec *specs, size_t count);

enum policy_chosen {
	POLICY_CHOSEN,      /* *out is the policy */
	POLICY_EQUALS,      /* several, chosen by the Origin: policy_equals; *out
	                       is one of them */
	POLICY_NONE,        /* no policy covers the request: no CORS for it */
	POLICY_UNKNOWN,     /* CORSWRAP_POLICY names no section: 500 */
	POLICY_BAD_PATH,    /* 400 */
	POLICY_BAD_HOST     /* 400: some section has a `host`, and host_is_clear
	                       is false */
};

/*
 * Which policy covers the request (DESIGN.md section 3, "Choosing").  path is
 * the result of path_normalize, absent if that failed (which matters only with
 * uses_paths, and is tested first).
 */
enum policy_chosen policy_choose(const struct policy_set *,
    const struct request *, struct slice path, const struct policy **out);

/* One of the sections that have the same host and path. */
struct policy_equal {
	const struct policy *policy;
	enum origin_match match; /* how it matches the request's Origin */
};

/*
 * After POLICY_EQUALS with the same arguments: the section that decides, first.
 * It matches the Origin most closely, and of several is the one without
 * credentials.  The others follow in any order, as many as fit; max is 1 or
 * more.  Returns how many were written.
 */
size_t policy_equals(const struct policy_set *, const struct request *,
    struct slice path, struct regex_scratch *, struct policy_equal *out,
    size_t max);

/* Is this the same in both, so that two sections that tie may have it?  (For
 * duplicate-match; `origins`, `methods`, `headers`, `expose`, `credentials`,
 * `max-age` and `timing` are not compared.)  NULL: yes; else the key. */
const char *policy_spec_differs(const struct policy_spec *,
    const struct policy_spec *);

/* Would the two sections tie on some request? (For duplicate-match.) */
bool policy_spec_ties(const struct policy_spec *, const struct policy_spec *,
    struct slice *path, struct slice *host);

#endif
