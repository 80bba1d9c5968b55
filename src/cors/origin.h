/*
 * Serialized origins (Fetch, "serialized-origin"), the patterns that a policy
 * has for them, and sets of such patterns.
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
	unsigned port;     /* 0: no port */
	bool is_ip;        /* IPv4 or IPv6 address */
	bool opaque;       /* host is not a name: all text after "://" */
};

/*
 * Parse an Origin as browsers serialize it, strictly: lower case, no userinfo,
 * no path, no default port, canonical IP addresses; '_' and one trailing dot in
 * a host are allowed because browsers send them.  If the scheme is not special
 * in the URL standard, the host may be empty, or any visible ASCII except upper
 * case and " ' * , / ; ? # @ and the backslash; with "file" it is empty.
 * False: not a serialized origin, or "null"; *out is then unchanged.
 */
bool origin_parse(struct slice text, struct origin *out);

/*
 * What is wrong with a pattern in a policy, in the order of the checks
 * (DESIGN.md section 4, "What a policy may not say").
 */
enum origin_fault {
	ORIGIN_FAULT_NONE,
	ORIGIN_FAULT_INVALID, /* quotes, ? # @ */
	ORIGIN_FAULT_NULL,    /* "null": the caller decides if it is allowed */
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
	unsigned port;       /* 0: no port */
	unsigned short port_last; /* of "3000-3999"; 0: no range */
	unsigned char star;  /* any_label: where in host the '*' is */
	unsigned char bits;  /* is_range: the length of the network */
	bool any_subdomain;  /* "*." in front: one or more labels, never zero */
	bool any_label;      /* a '*' within a label: one or more of a-z 0-9 - */
	bool any_host;       /* the host is '*' (schemes not special) */
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

/* The name after "*." or after the label with a '*'; absent: there is none. */
struct slice origin_pattern_parent(const struct origin_pattern *);

/*
 * Parse an origin or pattern of a policy (not "*", which is not an origin).
 * Returns the first fault in the order above; *out is set only with
 * ORIGIN_FAULT_NONE, and points into the text.  A-labels must decode (RFC
 * 3492); policy/fix.c also checks them with libidn2, and that a label with a
 * '*' is not directly before a public suffix of the ICANN list.  IPv6 addresses
 * must be as in RFC 5952, without zone, and not IPv4-mapped.
 */
enum origin_fault origin_pattern_parse(struct slice text,
    struct origin_pattern *out);

/* Is it http and not this machine, so that an attacker in the network can read
 * and change what is sent? */
static inline bool
origin_pattern_is_insecure(const struct origin_pattern *pattern)
{
	return slice_eq(pattern->scheme, SLICE("http")) &&
	       !pattern->is_loopback;
}

/*
 * A set of patterns, immutable once built.  Exact origins are found by a hash
 * of the whole value, all others by hashes of parts of the host, so the time of
 * a lookup does not grow with their number.
 */
struct origin_set;

/*
 * Build a set of parsed patterns.  The set points to their texts, to the array
 * of regexes and to the regexes, which must live as long as the set; it does
 * not keep the array of patterns.  NULL: out of memory.
 */
struct origin_set *origin_set_build(struct arena *,
    const struct origin_pattern *patterns, size_t count,
    const struct regex *const *regexes, size_t regex_count);

/*
 * Does the set allow the origin of a request?  Exact origins are compared by
 * bytes; patterns and regexes match only what origin_parse accepts; "null" is
 * never allowed.  scratch NULL: no regex matches.  Allocates nothing.
 */
enum origin_verdict {
	ORIGIN_ALLOWED,
	ORIGIN_UNKNOWN,  /* an origin, but not in the set */
	ORIGIN_MALFORMED /* not a serialized origin, or "null" */
};
enum origin_verdict origin_set_check(const struct origin_set *,
    struct slice origin, struct regex_scratch *);

/* How a section matches an origin; the closest match is last.  ORIGIN_BY_ANY:
 * `*`. */
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
