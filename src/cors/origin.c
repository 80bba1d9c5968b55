/*
 * Serialized origins and the patterns that policies have for them.
 *
 * There is one parser for both: the origin of a request is a pattern without
 * wildcards, so no request matches what a policy may not contain.  The parser
 * runs for every request whose origin is not an exact one of the policy, so it
 * must be fast: it looks up the class of each byte, and most checks test a bit.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/origin.h"

#include <stdint.h>

#include "base/host.h"
#include "base/ip.h"
#include "base/text.h"

/* What a byte of an origin can be part of. */
enum {
	LOWER = 1,
	DIGIT = 2,
	MARK = 4, /* '-' and '_' */
	LABEL = LOWER | DIGIT | MARK,
	UPPER = 8,
	SIGN = 16, /* '+' '-' '.', in schemes */
	SCHEME = LOWER | UPPER | DIGIT | SIGN,
	HIGH = 32,    /* not ASCII */
	INVALID = 64, /* never in an origin, always in a mistake */
	BRACKET = 128,
	STAR = 256,
	PUNCT = 512, /* only in opaque hosts */
	OPAQUE = LABEL | SIGN | BRACKET | PUNCT
};

static const unsigned short class_of[256] = {
    ['a' ... 'z'] = LOWER, ['0' ... '9'] = DIGIT,  ['-'] = MARK | SIGN,
    ['_'] = MARK,	   ['+'] = SIGN,	   ['.'] = SIGN,
    ['A' ... 'Z'] = UPPER, [0x80 ... 0xff] = HIGH, ['"'] = INVALID,
    ['\''] = INVALID,	   ['?'] = INVALID,	   ['#'] = INVALID,
    ['@'] = INVALID,	   ['['] = BRACKET,	   [']'] = BRACKET,
    ['*'] = STAR,	   ['!'] = PUNCT,	   ['$' ... '&'] = PUNCT,
    ['('] = PUNCT,	   [')'] = PUNCT,	   [':'] = PUNCT,
    ['<' ... '>'] = PUNCT, ['^'] = PUNCT,	   ['`'] = PUNCT,
    ['{' ... '~'] = PUNCT,
};

static unsigned
class_at(struct slice s, size_t i)
{
	return class_of[(unsigned char)s.ptr[i]];
}

/* The classes of all bytes, combined. */
static unsigned
classes(struct slice s)
{
	unsigned all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= class_at(s, i);
	return all;
}

static size_t
count(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

/* ---- addresses ---- */

/* As in serialized URLs: four decimal numbers. */
static bool
is_ipv4(struct slice s)
{
	struct ip ip;

	return ip_parse_v4(s, &ip);
}

/*
 * Is the text between the brackets an address as in RFC 5952?  IPv4-mapped
 * addresses are refused, because browsers serialize them in hexadecimal, which
 * authors of policies do not expect.
 */
static bool
is_ipv6(struct slice s, struct ip *ip)
{
	char canonical[IP_TEXT_MAX];

	return ip_parse_v6(s, ip) && !ip_is_mapped(ip) &&
	       slice_eq(s, slice_of(canonical, ip_write(ip, canonical)));
}

/* ---- names ---- */

/* Cut a generalized variable-length integer (RFC 3492, 3.3) off *s.  False:
 * invalid. */
static bool
punycode_delta(struct slice *s, uint32_t bias, uint32_t *delta)
{
	uint64_t weight = 1; /* over 32 bits: only the digit 0 fits */

	*delta = 0;
	for (uint32_t k = 36;; k += 36) {
		unsigned class = s->len == 0 ? 0 : class_at(*s, 0);
		if ((class & (LOWER | DIGIT)) == 0)
			return false;
		char c = s->ptr[0];
		uint32_t digit =
		    (uint32_t)(class == LOWER ? c - 'a' : c - '0' + 26);
		/* 63 digits can be a number over 32 bits. */
		if (digit > (UINT32_MAX - *delta) / weight)
			return false;
		*delta += (uint32_t)(digit * weight);
		*s = slice_after(*s, 1);
		uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (digit < t)
			return true;
		weight *= 36 - t;
	}
}

/*
 * Can what follows "xn--" be decoded (RFC 3492, 6.2)?  If not, no URL has such
 * a host, and no browser sends such an origin.
 */
static bool
is_punycode(struct slice s)
{
	size_t basic = s.len;
	uint32_t bias = 72, n = 0x80, i = 0, delta;

	while (basic > 0 && s.ptr[basic - 1] != '-')
		basic--;
	/* A '-' in front delimits nothing and is not a digit. */
	s = slice_after(s, basic > 1 ? basic : 0);
	uint32_t points = basic > 1 ? (uint32_t)basic - 1 : 0;
	if (s.len == 0)
		return false; /* only ASCII, so it must not be an A-label */
	for (bool first = true; s.len > 0; first = false) {
		if (!punycode_delta(&s, bias, &delta) || delta > UINT32_MAX - i)
			return false;
		bias = host_punycode_bias(delta, ++points, first);
		i += delta;
		if (i / points > 0x10ffff - n)
			return false;
		n += i / points;
		i = i % points + 1;
		if (n >= 0xd800 && n <= 0xdfff)
			return false;
	}
	return true;
}

/* Is a label whose bytes are valid also valid as a whole? */
static bool
is_label(struct slice label)
{
	return label.len > 0 && label.len <= ORIGIN_LABEL_MAX &&
	       (label.ptr[0] != 'x' || !slice_starts(label, SLICE("xn--")) ||
		is_punycode(slice_after(label, 4)));
}

/* Is the host labels of bytes of these classes, with dots between them? */
static bool
is_name_of(struct slice host, unsigned allowed)
{
	size_t start = 0;

	host = text_chop(host, '.');
	if (host.len == 0)
		return false; /* it may also be absent */
	for (size_t i = 0; i < host.len; i++) {
		if ((class_at(host, i) & allowed) != 0)
			continue;
		if (host.ptr[i] != '.' ||
		    !is_label(slice_of(host.ptr + start, i - start)))
			return false;
		start = i + 1;
	}
	return is_label(slice_of(host.ptr + start, host.len - start));
}

/* A host name.  Browsers also accept '_', which host names in DNS do not
 * have. */
static bool
is_name(struct slice host)
{
	return is_name_of(host, LABEL);
}

/* ---- the whole ---- */

/* The length of the scheme (RFC 3986, 3.1) in any letter case; 0: none. */
static size_t
scheme_length(struct slice text)
{
	size_t len = 0;

	while (len < text.len && (class_at(text, len) & SCHEME) != 0)
		len++;
	return len > 0 && (class_at(text, 0) & (LOWER | UPPER)) != 0 ? len : 0;
}

/* The parts of the text, before they are checked. */
struct pieces {
	unsigned classes;
	bool
	    special; /* the URL standard gives hosts of this scheme a meaning */
	bool opaque;
	struct slice scheme;
	struct slice authority; /* up to the path */
	struct slice host;	/* with "*." and brackets */
	struct slice bits;	/* of a range; absent: not a range */
	struct slice port;	/* absent: no ':' */
};

/* An address, '/' and digits, then the end or a port, are a range, not a
 * path. */
static void
split_range(struct slice rest, struct pieces *p)
{
	struct slice host = p->authority;

	if (!p->special || host.len == 0 || host.len == rest.len ||
	    (host.ptr[host.len - 1] != ']' && !ip_ends_in_number(host)))
		return;
	struct slice tail = slice_after(rest, host.len + 1);
	size_t digits = text_digits(tail);
	if (digits == 0 || (digits < tail.len && tail.ptr[digits] != ':'))
		return;
	p->host = host;
	p->bits = slice_of(tail.ptr, digits);
	p->authority.len += 1 + text_find(tail, '/');
	if (digits < tail.len)
		p->port = slice_of(tail.ptr + digits + 1,
				   text_find(tail, '/') - digits - 1);
}

/* Browsers serialize the origin of a file as "null" (URL standard, "origin"),
 * some webviews as "file://". */
static bool
is_bad_file(struct slice text)
{
	return text_starts_nocase(text, SLICE("file:")) &&
	       !slice_eq_nocase(text, SLICE("file://"));
}

/* Find the parts.  Returns a fault of the whole text, or of its lengths. */
static enum origin_fault
split(struct slice text, struct pieces *p)
{
	p->classes = classes(text);
	if ((p->classes & INVALID) != 0)
		return ORIGIN_FAULT_INVALID;
	if (slice_eq(text, SLICE("null")))
		return ORIGIN_FAULT_NULL;
	if (is_bad_file(text))
		return ORIGIN_FAULT_FILE_SCHEME;
	p->scheme = slice_of(text.ptr, scheme_length(text));
	struct slice rest = slice_after(text, p->scheme.len);
	if (p->scheme.len == 0 || !slice_starts(rest, SLICE("://")))
		return ORIGIN_FAULT_SCHEME;
	rest = slice_after(rest, 3);
	p->special = port_default(p->scheme) != 0;
	p->authority = slice_of(rest.ptr, text_find(rest, '/'));
	p->host = host_split(p->authority, &p->port);
	split_range(rest, p);
	p->opaque = !p->special && !is_name_of(p->host, LABEL | STAR);
	if (p->opaque) {
		p->host = p->authority;
		p->port = SLICE_NONE;
	}
	size_t max = slice_starts(p->host, SLICE("*.")) ? ORIGIN_SUFFIX_MAX + 2
							: ORIGIN_HOST_MAX;
	if (p->scheme.len > ORIGIN_SCHEME_MAX || p->host.len > max)
		return ORIGIN_FAULT_TOO_LONG;
	if ((p->classes & HIGH) != 0)
		return ORIGIN_FAULT_NON_ASCII;
	return (p->classes & UPPER) != 0 ? ORIGIN_FAULT_CASE
					 : ORIGIN_FAULT_NONE;
}

/* The name after the label with the byte at `at`; absent: there is none. */
static struct slice
behind_label(struct slice host, size_t at)
{
	struct slice rest = slice_after(host, at);
	size_t dot = text_find(rest, '.');

	return dot < rest.len ? slice_after(rest, dot + 1) : SLICE_NONE;
}

/* Is the '*' in a label with other bytes, and is there a name after it? */
static bool
find_label_star(struct slice host, struct origin_pattern *out)
{
	size_t at = text_find(host, '*');
	struct slice parent = behind_label(host, at);
	bool first = at == 0 || host.ptr[at - 1] == '.';

	if (!is_name(parent) || ip_ends_in_number(parent) ||
	    (first && host.ptr[at + 1] == '.'))
		return false;
	out->any_label = true;
	out->star = (unsigned char)at;
	return true;
}

/* '*' is valid in "*." before a name, once within a label, as the whole host of
 * schemes that are not special, and as the whole port. */
static enum origin_fault
check_stars(struct slice text, const struct pieces *p,
	    struct origin_pattern *out)
{
	size_t stars;

	out->host = p->host;
	if ((p->classes & STAR) == 0)
		return ORIGIN_FAULT_NONE;
	if (p->opaque)
		return ORIGIN_FAULT_WILDCARD;
	out->any_port = slice_eq(p->port, SLICE("*"));
	stars = count(p->host, '*');
	if (count(text, '*') != stars + (size_t)out->any_port || stars > 1)
		return ORIGIN_FAULT_WILDCARD;
	if (stars == 0)
		return ORIGIN_FAULT_NONE;
	if (slice_eq(p->host, SLICE("*"))) {
		out->any_host = !p->special;
		return p->special ? ORIGIN_FAULT_WILDCARD : ORIGIN_FAULT_NONE;
	}
	if (!slice_starts(p->host, SLICE("*.")))
		return find_label_star(p->host, out) ? ORIGIN_FAULT_NONE
						     : ORIGIN_FAULT_WILDCARD;
	out->any_subdomain = true;
	out->host = slice_after(p->host, 2);
	return is_ipv4(out->host) || slice_starts(out->host, SLICE("["))
		   ? ORIGIN_FAULT_WILDCARD
		   : ORIGIN_FAULT_NONE;
}

/* Read the length of a range.  False: it is invalid, or the address has bits
 * set after it. */
static bool
check_range(struct slice bits, const struct ip *ip, struct origin_pattern *out)
{
	struct ip network = *ip;
	uint64_t value;

	if (!slice_present(bits))
		return true;
	if (!text_number(bits, ip->v6 ? 128 : 32, &value) ||
	    (bits.len > 1 && bits.ptr[0] == '0'))
		return false;
	ip_mask(&network, (unsigned)value);
	out->is_range = true;
	out->bits = (unsigned char)value;
	return ip_eq(&network, ip);
}

static bool
check_opaque(struct slice host)
{
	for (size_t i = 0; i < host.len; i++)
		if ((class_at(host, i) & OPAQUE) == 0)
			return false;
	return true;
}

static enum origin_fault
check_host(const struct pieces *p, struct origin_pattern *out)
{
	struct slice host = out->host;
	bool brackets = (p->classes & BRACKET) != 0 &&
			(classes(p->authority) & BRACKET) != 0;
	struct ip ip;

	out->opaque = p->opaque;
	if (p->opaque)
		return check_opaque(host) ? ORIGIN_FAULT_NONE
					  : ORIGIN_FAULT_HOST;
	if (!p->special) {
		out->is_ip = is_ipv4(host);
	} else if (brackets || text_find(p->port, ':') < p->port.len) {
		out->is_ip = host.len > 2 && host.ptr[0] == '[' &&
			     host.ptr[host.len - 1] == ']' &&
			     is_ipv6(slice_of(host.ptr + 1, host.len - 2), &ip);
		return out->is_ip && check_range(p->bits, &ip, out)
			   ? ORIGIN_FAULT_NONE
			   : ORIGIN_FAULT_IPV6;
	} else if (ip_ends_in_number(host)) {
		out->is_ip = true;
		return ip_parse_v4(host, &ip) && check_range(p->bits, &ip, out)
			   ? ORIGIN_FAULT_NONE
			   : ORIGIN_FAULT_IPV4;
	}
	/* A '*' in a label matches only bytes that are valid in any label. */
	return out->any_host ||
		       is_name_of(host, out->any_label ? LABEL | STAR : LABEL)
		   ? ORIGIN_FAULT_NONE
		   : ORIGIN_FAULT_HOST;
}

/* The value of a port as in serialized URLs; 0: invalid. */
static unsigned
written_port(struct slice text)
{
	return text.len > 0 && text.ptr[0] != '0' ? port_number(text) : 0;
}

static enum origin_fault
check_port(const struct pieces *p, struct origin_pattern *out)
{
	size_t dash = text_find(p->port, '-');

	if (!slice_present(p->port) || out->any_port)
		return ORIGIN_FAULT_NONE;
	out->port = written_port(slice_of(p->port.ptr, dash));
	if (out->port == 0)
		return ORIGIN_FAULT_PORT;
	if (dash < p->port.len) {
		unsigned last = written_port(slice_after(p->port, dash + 1));
		out->port_last = (unsigned short)last;
		return last > out->port ? ORIGIN_FAULT_NONE : ORIGIN_FAULT_PORT;
	}
	if (out->port == port_default(p->scheme))
		return ORIGIN_FAULT_DEFAULT_PORT;
	return ORIGIN_FAULT_NONE;
}

/* The end of the run of bytes of these classes that begins at `at`. */
static size_t
run_end(struct slice text, size_t at, unsigned allowed)
{
	while (at < text.len && (class_at(text, at) & allowed) != 0)
		at++;
	return at;
}

/* Parse the port, if there is one, after a valid scheme and host. */
static bool
parse_plain_port(struct slice rest, struct origin_pattern *out)
{
	if (rest.len == 0)
		return true;

	struct pieces p = {.scheme = out->scheme, .port = slice_after(rest, 1)};
	return rest.ptr[0] == ':' && check_port(&p, out) == ORIGIN_FAULT_NONE;
}

/*
 * Parse the common case in one pass: a scheme, a host name, perhaps a port, no
 * fault.  False: it is another case, or invalid.
 */
static bool
parse_plain(struct slice text, struct origin_pattern *out)
{
	size_t scheme = run_end(text, 0, LOWER | DIGIT | SIGN);
	size_t start = scheme + 3, label, at;

	if (scheme == 0 || scheme > ORIGIN_SCHEME_MAX ||
	    (class_at(text, 0) & LOWER) == 0 ||
	    !slice_starts(slice_after(text, scheme), SLICE("://")))
		return false;
	for (label = start;; label = at + 1) {
		at = run_end(text, label, LABEL);
		if (!is_label(slice_of(text.ptr + label, at - label)))
			return false;
		if (at == text.len || text.ptr[at] != '.')
			break;
	}
	if (at - start > ORIGIN_HOST_MAX ||
	    ((class_at(text, label) & DIGIT) != 0 &&
	     ip_ends_in_number(slice_of(text.ptr + label, at - label))))
		return false;
	*out = (struct origin_pattern){
	    .text = text,
	    .scheme = slice_of(text.ptr, scheme),
	    .host = slice_of(text.ptr + start, at - start),
	};
	return !slice_eq(out->scheme, SLICE("file")) &&
	       parse_plain_port(slice_after(text, at), out);
}

/* Parse what parse_plain does not handle. */
static enum origin_fault
parse_unusual(struct slice text, struct origin_pattern *out)
{
	struct pieces p = {0};
	enum origin_fault fault = split(text, &p);

	*out = (struct origin_pattern){.text = text, .scheme = p.scheme};
	if (fault == ORIGIN_FAULT_NONE)
		fault = check_stars(text, &p, out);
	if (fault == ORIGIN_FAULT_NONE)
		fault = check_host(&p, out);
	if (fault == ORIGIN_FAULT_NONE)
		fault = check_port(&p, out);
	if (fault == ORIGIN_FAULT_NONE &&
	    p.scheme.len + 3 + p.authority.len != text.len)
		fault = ORIGIN_FAULT_PATH;
	return fault;
}

/* All fields except is_loopback, which requests do not need. */
static enum origin_fault
parse(struct slice text, struct origin_pattern *out)
{
	return parse_plain(text, out) ? ORIGIN_FAULT_NONE
				      : parse_unusual(text, out);
}

enum origin_fault
origin_pattern_parse(struct slice text, struct origin_pattern *out)
{
	struct origin_pattern pattern;
	enum origin_fault fault = parse(text, &pattern);

	if (fault != ORIGIN_FAULT_NONE)
		return fault;
	pattern.is_loopback =
	    host_is_loopback(pattern.host) &&
	    (!pattern.is_range ||
	     pattern.bits >= (pattern.host.ptr[0] == '[' ? 128 : 8));
	*out = pattern;
	return ORIGIN_FAULT_NONE;
}

struct slice
origin_pattern_parent(const struct origin_pattern *pattern)
{
	if (pattern->any_subdomain)
		return pattern->host;
	return pattern->any_label ? behind_label(pattern->host, pattern->star)
				  : SLICE_NONE;
}

bool
origin_parse(struct slice text, struct origin *out)
{
	struct origin_pattern pattern;

	/* Check the length first, so that a value of a megabyte costs nothing.
	 */
	if (text.len == 0 || text.len > ORIGIN_MAX ||
	    parse(text, &pattern) != ORIGIN_FAULT_NONE ||
	    !origin_pattern_is_exact(&pattern))
		return false;
	*out = (struct origin){pattern.scheme, pattern.host, pattern.port,
			       pattern.is_ip, pattern.opaque};
	return true;
}

const char *
origin_fault_id(enum origin_fault fault)
{
	static const char *const ids[] = {
	    [ORIGIN_FAULT_NONE] = "none",
	    [ORIGIN_FAULT_INVALID] = "invalid-origin",
	    [ORIGIN_FAULT_NULL] = "null-prohibited",
	    [ORIGIN_FAULT_FILE_SCHEME] = "file-scheme",
	    [ORIGIN_FAULT_SCHEME] = "scheme",
	    [ORIGIN_FAULT_TOO_LONG] = "too-long",
	    [ORIGIN_FAULT_NON_ASCII] = "non-ascii",
	    [ORIGIN_FAULT_CASE] = "case",
	    [ORIGIN_FAULT_WILDCARD] = "wildcard",
	    [ORIGIN_FAULT_IPV6] = "ipv6",
	    [ORIGIN_FAULT_IPV4] = "ipv4",
	    [ORIGIN_FAULT_HOST] = "host",
	    [ORIGIN_FAULT_PORT] = "port",
	    [ORIGIN_FAULT_DEFAULT_PORT] = "default-port",
	    [ORIGIN_FAULT_PATH] = "path",
	};

	return ids[fault];
}
