/*
 * Serialized origins (Fetch, "serialized-origin"), the patterns that a policy
 * writes for them, and sets of such patterns.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "base/arena.h"
#include "base/slice.h"
#include "cors/regex.h"

enum {
	ORIGIN_SCHEME_MAX = 64,
	ORIGIN_HOST_MAX = 253,
	ORIGIN_SUFFIX_MAX = 251, /* after "*." */
	ORIGIN_LABEL_MAX = 63,
	/* scheme "://" host ":" port: anything longer is not an origin */
	ORIGIN_MAX = ORIGIN_SCHEME_MAX + 3 + ORIGIN_HOST_MAX + 6
};

/* The parts of an origin; all slices point into the text that was parsed. */
struct origin {
	struct slice scheme;
	struct slice host; /* an IPv6 address with its brackets */
	unsigned port;     /* 0: none written */
	bool is_ip;        /* IPv4 or IPv6 address */
	bool opaque;       /* the host is no name: all behind "://" */
};

/*
 * Parse an Origin as browsers serialize it, strictly: lower case, no userinfo,
 * no path, no default port, canonical IP addresses; '_' and one trailing dot in
 * a host are allowed because browsers send them.  With schemes that are not
 * special in the URL standard the host may be empty, or any visible ASCII
 * except upper case, slashes and separators of values; with "file" it is empty.
 * "null" is not parsed here.  False: not a serialized origin; *out is then
 * undefined.
 */
bool origin_parse(struct slice text, struct origin *out);

/*
 * What is wrong with a pattern in a policy; in the order in which the tests
 * are made (DESIGN.md section 4, "What a policy may not say").
 */
enum origin_fault {
	ORIGIN_FAULT_NONE,
	ORIGIN_FAULT_INVALID, /* quotes, ? # @ */
	ORIGIN_FAULT_NULL,    /* "null": the caller decides whether allowed */
	ORIGIN_FAULT_FILE_SCHEME,
	ORIGIN_FAULT_SCHEME,
	ORIGIN_FAULT_TOO_LONG,
	ORIGIN_FAULT_NON_ASCII,
	ORIGIN_FAULT_CASE,
	ORIGIN_FAULT_WILDCARD,
	ORIGIN_FAULT_IPV6,
	ORIGIN_FAULT_IPV4,
	ORIGIN_FAULT_HOST,
	ORIGIN_FAULT_PORT,
	ORIGIN_FAULT_DEFAULT_PORT,
	ORIGIN_FAULT_PATH
};

/* The diagnostic id of a fault: "invalid-origin", "null-prohibited", ... */
const char *origin_fault_id(enum origin_fault);

struct origin_pattern {
	struct slice text;   /* the whole pattern as written */
	struct slice scheme;
	struct slice host;   /* without the leading "*." and "/16" */
	unsigned port;       /* 0: none */
	unsigned short port_last; /* of "3000-3999"; 0: no range */
	unsigned char star;  /* any_label: where in host the '*' is */
	unsigned char bits;  /* is_range: the length of the network */
	bool any_subdomain;  /* "*." in front: one or more labels, never zero */
	bool any_label;      /* a '*' within a label: one or more of a-z 0-9 - */
	bool any_host;       /* the whole host is a star, of schemes that are not special */
	bool any_port;       /* ":*": no port, or any from 1 to 65535 */
	bool is_range;       /* addresses: 192.168.0.0/16, [fd00::]/8 */
	bool is_ip;
	bool opaque;         /* as in struct origin */
	bool is_loopback;    /* 127/8, ::1, localhost, *.localhost, final dot too;
				a range: all of it */
};

/* Does it match only one origin, its own text? */
static inline bool
origin_pattern_is_exact(const struct origin_pattern *pattern)
{
	return !pattern->any_subdomain && !pattern->any_label &&
	       !pattern->any_host && !pattern->any_port &&
	       !pattern->is_range && pattern->port_last == 0;
}

/* The name after "*." or after the label with a '*'; absent without them. */
struct slice origin_pattern_parent(const struct origin_pattern *);

/*
 * Parse one origin as a policy writes it (not "*", which is no origin).  The
 * first fault in the order above is returned; *out is filled only for
 * ORIGIN_FAULT_NONE.  A-labels must decode (RFC 3492); policy/fix.c checks them
 * further with libidn2, and that no '*' within a label is right in front of a
 * suffix of the ICANN list.  IPv6: RFC 5952 text, no zone, no IPv4-mapped.
 */
enum origin_fault origin_pattern_parse(struct slice text,
    struct origin_pattern *out);

/* Is it http to another machine, so that an attacker in between can read and
 * change what is sent? */
static inline bool
origin_pattern_is_insecure(const struct origin_pattern *pattern)
{
	return slice_eq(pattern->scheme, SLICE("http")) &&
	       !pattern->is_loopback;
}

/*
 * A set of patterns.  Exact origins are found by a hash of the whole value, all
 * others by hashes of parts of the host whose lengths occur in some pattern:
 * the cost does not grow with their number.  Immutable once built.
 */
struct origin_set;

/*
 * Build a set from patterns that have been parsed (their text is kept by
 * reference and must live as long as the set; normally in the same arena; the
 * array itself is not kept).
 * Regexes are kept by reference too.  NULL when memory is out.
 */
struct origin_set *origin_set_build(struct arena *,
    const struct origin_pattern *patterns, size_t count,
    const struct regex *const *regexes, size_t regex_count);

/*
 * Is this (request's) origin in the set?  Exact ones by bytes; wildcards and
 * regexes only for what origin_parse accepts.  Never "null".  No allocation.
 */
enum origin_verdict {
	ORIGIN_ALLOWED,
	ORIGIN_UNKNOWN,  /* an origin, but not in the set */
	ORIGIN_MALFORMED /* not what browsers serialize; "null" too */
};
enum origin_verdict origin_set_check(const struct origin_set *,
    struct slice origin, struct regex_scratch *);

/* How a section matches an origin, the closest last.  ORIGIN_BY_ANY: `*`. */
enum origin_match {
	ORIGIN_BY_NONE,
	ORIGIN_BY_ANY,
	ORIGIN_BY_REGEX,
	ORIGIN_BY_PATTERN,
	ORIGIN_EXACTLY
};
/* How the set matches the origin; never ORIGIN_BY_ANY. */
enum origin_match origin_set_match(const struct origin_set *,
    struct slice origin, struct regex_scratch *);

#endif
