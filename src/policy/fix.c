/*
 * Faults of origins, and corrected texts of origins, paths and hosts.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/fix.h"

#include "base/host.h"
#include "base/ip.h"
#include "base/text.h"
#include "cors/path.h"
#include "policy/hostname.h"

/* ---- faults of origins ---- */

/* The host is tested before the port and the path (DESIGN.md section 4), so
 * its A-labels and its '*' are checked even if the port or the path is wrong.
 * Absent: the host of this scheme is opaque. */
static struct slice
tested_host(struct slice text)
{
	const char *at = memmem(text.ptr, text.len, "://", 3);

	if (at == NULL ||
	    port_default(slice_of(text.ptr, (size_t)(at - text.ptr))) == 0)
		return SLICE_NONE;
	struct slice host = slice_after(text, (size_t)(at - text.ptr) + 3);
	host.len = text_find_any(host, ":/");
	return host;
}

static bool
has_bad_label(struct slice text)
{
	return memmem(text.ptr, text.len, "xn--", 4) != NULL &&
	       !hostname_labels_valid(tested_host(text));
}

/* A '*' within a label right in front of "com" would allow names that any
 * person can buy. */
static bool
has_bad_star(struct slice text)
{
	struct slice host = tested_host(text);
	size_t star = text_find(host, '*');

	if (star == host.len || slice_starts(host, SLICE("*.")))
		return false;
	host = slice_after(host, star);
	size_t dot = text_find(host, '.');
	return dot < host.len &&
	       hostname_is_icann_suffix(slice_after(host, dot + 1));
}

enum origin_fault
origin_pattern_check(struct slice text, struct origin_pattern *pattern)
{
	enum origin_fault fault = origin_pattern_parse(text, pattern);
	bool good = fault == ORIGIN_FAULT_NONE;

	if ((good || fault > ORIGIN_FAULT_WILDCARD) && has_bad_star(text))
		return ORIGIN_FAULT_WILDCARD;
	return (good || fault > ORIGIN_FAULT_HOST) && has_bad_label(text)
		   ? ORIGIN_FAULT_HOST
		   : fault;
}

/* Is there a "/" after the scheme, so that a range may be meant? */
static bool
has_slash(struct slice text)
{
	const char *at = memmem(text.ptr, text.len, "://", 3);

	if (at == NULL)
		return false;
	text = slice_after(text, (size_t)(at - text.ptr) + 3);
	return text_find(text, '/') < text.len;
}

/* Where a word belongs that is not an origin, for a message; NULL: unclear. */
static const char *
misplaced_text(struct slice text)
{
	if (slice_starts(text, SLICE("$")) || slice_starts(text, SLICE("%{")))
		return "the name of a variable is the value of \"origins-env\"";
	if (slice_starts(text, SLICE("^")) || text_ends(text, SLICE("$")) ||
	    text_find(text, '\\') < text.len)
		return "a regular expression is the value of "
		       "\"origins-regex\"";
	if (text.len > 0 && text_digits(text) == text.len)
		return "a port alone is not an origin: write the whole origin "
		       "for each port, or a range (http://localhost:3000-3999)";
	return NULL;
}

const char *
origin_fault_text(enum origin_fault fault, struct slice text)
{
	const char *misplaced = misplaced_text(text);

	if (misplaced != NULL &&
	    (fault == ORIGIN_FAULT_SCHEME || fault == ORIGIN_FAULT_HOST ||
	     fault == ORIGIN_FAULT_INVALID))
		return misplaced;
	switch (fault) {
	case ORIGIN_FAULT_NONE:
		break;
	case ORIGIN_FAULT_INVALID:
		return "an origin holds no quotes, \"?\", \"#\" or \"@\"";
	case ORIGIN_FAULT_NULL:
		return "every sandboxed frame and every file sends it; only "
		       "\"allow-null = yes\" allows it";
	case ORIGIN_FAULT_FILE_SCHEME:
		return "a page opened from a file has the origin null; some "
		       "webviews send \"file://\", with nothing behind it";
	case ORIGIN_FAULT_SCHEME:
		return memmem(text.ptr, text.len, "://", 3) == NULL
			   ? "an origin begins with a scheme and \"://\""
			   : "the part before \"://\" is not a scheme";
	case ORIGIN_FAULT_TOO_LONG:
		return "a scheme has at most 64 bytes, a host 253, and 251 "
		       "after \"*.\"";
	case ORIGIN_FAULT_NON_ASCII:
		return "browsers send such a host in punycode";
	case ORIGIN_FAULT_CASE:
		return "browsers send origins in lower case";
	case ORIGIN_FAULT_WILDCARD:
		return "\"*\" is allowed for subdomains (https://*.example.com), "
		       "for a part of a label (https://app-*.example.com), for "
		       "a port (http://localhost:*), or alone; for anything "
		       "else use \"origins-regex\"";
	case ORIGIN_FAULT_IPV6:
		return has_slash(text)
			   ? "a range of IPv6 addresses is written "
			     "[fd00::]/8, with no bit set behind its length"
			   : "an IPv6 address is written in brackets, in the "
			     "form "
			     "of RFC 5952";
	case ORIGIN_FAULT_IPV4:
		return has_slash(text)
			   ? "a range of IPv4 addresses is written "
			     "192.168.0.0/16, with no bit set behind its length"
			   : "a host whose last label is a number is an IPv4 "
			     "address of four decimal numbers";
	case ORIGIN_FAULT_HOST:
		return "the host is not a valid name";
	case ORIGIN_FAULT_PORT:
		return "a port is a number from 1 to 65535 without leading "
		       "zeros, a range (3000-3999), or \"*\"";
	case ORIGIN_FAULT_DEFAULT_PORT:
		return "browsers leave the default port out";
	case ORIGIN_FAULT_PATH:
		return "an origin has no path, not even \"/\"";
	}
	return "";
}

/* ---- origins ---- */

/* The parts of the origin that was probably meant: slices of the text. */
struct guess {
	struct slice scheme; /* absent: unknown */
	struct slice host;   /* without "*." and brackets */
	struct slice port;   /* absent: none is written */
	bool any_subdomain;
	bool moved_star;   /* "*." replaces another star */
	bool part_of_port; /* a '*' is only a part of the port */
};

/* Remove quotes and angle brackets around it, also the brackets of a list in
 * JSON. */
static struct slice
unquote(struct slice text)
{
	if (slice_starts(text, SLICE("[\"")) || slice_starts(text, SLICE("['")))
		text = slice_after(text, 1);
	if (text_ends(text, SLICE("\"]")) || text_ends(text, SLICE("']")))
		text.len--;
	while (text.len > 0 && strchr("\"'<", text.ptr[0]) != NULL)
		text = slice_after(text, 1);
	while (text.len > 0 && strchr("\"'>", text.ptr[text.len - 1]) != NULL)
		text.len--;
	return text;
}

/* "localhost:3000", "127.0.0.1": a local server rarely has TLS. */
static bool
is_local(struct slice rest)
{
	return slice_starts(rest, SLICE("localhost")) ||
	       slice_starts(rest, SLICE("127.")) ||
	       slice_starts(rest, SLICE("[::1]"));
}

/* Cut the first len bytes off, and the separator of skip bytes behind them. */
static struct slice
cut(struct slice *rest, size_t len, size_t skip)
{
	struct slice head = slice_of(rest->ptr, len);

	*rest = slice_after(*rest, len + skip);
	return head;
}

/* Suggest https for a pattern that means http and https: it is always
 * allowed. */
static struct slice
plain_scheme(struct slice scheme)
{
	static const struct slice both[] = {{"*", 1},	     {"http*", 5},
					    {"https?", 6},   {"http(s)", 7},
					    {"http(s)?", 8}, {"http[s]", 7}};

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
		if (slice_eq_nocase(scheme, both[i]))
			return SLICE("https");
	return scheme;
}

/* The length of http or https before a part of "://", as in "https:/" and
 * "https//"; otherwise 0. */
static size_t
broken_scheme(struct slice text)
{
	static const struct slice schemes[] = {{"https", 5}, {"http", 4}};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = schemes[i].len;

		if (text.len > len && text_starts_nocase(text, schemes[i]) &&
		    (text.ptr[len] == ':' || text.ptr[len] == '/'))
			return len;
	}
	return 0;
}

/* Cut the scheme and "://" off *rest.  Without a scheme, http is assumed for
 * local hosts and https for other names with a dot; absent: it is not a
 * host. */
static struct slice
cut_scheme(struct slice *rest)
{
	const char *at = memmem(rest->ptr, rest->len, "://", 3);
	size_t len = broken_scheme(*rest);
	struct slice scheme;

	if (at != NULL)
		return plain_scheme(cut(rest, (size_t)(at - rest->ptr), 3));
	if (text_find(*rest, '@') < rest->len)
		return SLICE_NONE; /* a mail address */
	if (len > 0) {
		scheme = cut(rest, len, 1);
		while (rest->len > 0 && rest->ptr[0] == '/')
			*rest = slice_after(*rest, 1);
		return scheme;
	}
	if (slice_starts(*rest, SLICE("//")))
		*rest = slice_after(*rest, 2);
	if (is_local(*rest))
		return SLICE("http");
	return text_find(*rest, '.') < rest->len ? SLICE("https") : SLICE_NONE;
}

/* Is it a single '*' within a label, and allowed before the rest of the
 * host? */
static bool
is_label_star(struct slice host, size_t star)
{
	struct slice rest = slice_after(host, star + 1);
	size_t dot = text_find(rest, '.');
	bool alone = (star == 0 || host.ptr[star - 1] == '.') && dot == 0;

	return !alone && dot < rest.len && text_find(rest, '*') == rest.len &&
	       !hostname_is_icann_suffix(slice_after(rest, dot + 1));
}

/*
 * Remove stars that are not allowed where they are, and the text before the
 * last one, because the nearest form is "*." and the rest: "*.x", "**.x" and
 * "*x" become "x".  False: there is no such star.
 */
static bool
cut_star(struct slice *host)
{
	size_t first = text_find(*host, '*');

	if (first == host->len || is_label_star(*host, first))
		return false;
	*host = slice_after(*host, text_find_last(*host, '*') + 1);
	size_t dot = text_find(*host, '.');
	if (dot == 0)
		*host = slice_after(*host, 1);
	else if (first != 0 && dot < host->len)
		*host = slice_after(*host, dot + 1);
	return true;
}

/* "3000" from "[3000]", "{3000}" and "(3000)", also ranges. */
static struct slice
bare_port(struct slice port)
{
	size_t last = port.len - 1;

	if (port.len > 2 && strchr("[{(", port.ptr[0]) != NULL &&
	    strchr("]})", port.ptr[last]) != NULL)
		return slice_of(port.ptr + 1, last - 1);
	return port;
}

static void
read_star(struct guess *guess)
{
	/* every page of that scheme */
	if (slice_eq(guess->host, SLICE("*")) &&
	    port_default(guess->scheme) == 0)
		return;
	guess->moved_star =
	    !slice_starts(guess->host, SLICE("*.")) ||
	    memchr(guess->host.ptr + 1, '*', guess->host.len - 1) != NULL;
	/* ".example.com", as cookies have it */
	if (slice_starts(guess->host, SLICE("."))) {
		guess->any_subdomain = true;
		guess->host = slice_after(guess->host, 1);
	} else {
		guess->any_subdomain = cut_star(&guess->host);
	}
}

static void
read_host(struct guess *guess, struct slice rest)
{
	struct ip ip;
	size_t end;

	rest.len = text_find_any(rest, "/?#\\");
	end = text_find(rest, '@');
	if (end < rest.len) /* after user and password */
		rest = slice_after(rest, end + 1);
	guess->host = rest;
	if (ip_parse_v6(rest, &ip))
		return;
	if (rest.len > 0 && rest.ptr[0] == '[') {
		end = text_find(rest, ']');
		if (end == rest.len) {
			guess->scheme = SLICE_NONE; /* nothing to guess */
			return;
		}
		guess->host = slice_of(rest.ptr + 1, end - 1);
		rest = slice_after(rest, end + 1);
	} else {
		guess->host = cut(&rest, text_find(rest, ':'), 0);
		read_star(guess);
	}
	if (rest.len > 0 && rest.ptr[0] == ':')
		guess->port = bare_port(slice_after(rest, 1));
	if (text_find(guess->port, '*') < guess->port.len) {
		guess->part_of_port = guess->port.len > 1;
		guess->port = SLICE("*");
	}
}

/* Does a number of the address begin with zero, but not with "0x"? */
static bool
has_octal(struct slice host)
{
	while (host.len > 0) {
		size_t len = text_find(host, '.');

		if (len > 1 && host.ptr[0] == '0' &&
		    ascii_is_digit(host.ptr[1]))
			return true;
		host = slice_after(host, len + 1);
	}
	return false;
}

/* Write an address or a name into buf as browsers do. */
static bool
write_host(struct slice host, char buf[static HOSTNAME_MAX])
{
	struct slice name;
	struct ip ip;

	if (!hostname_to_ascii(host, buf))
		return false;
	name = text_lower(buf, slice_from(buf));
	if (ip_parse_v6(name, &ip)) {
		buf[0] = '[';
		memcpy(buf + 1 + ip_write(&ip, buf + 1), "]", 2);
	} else if (!has_octal(name) && ip_parse_url_v4(name, &ip)) {
		/* Browsers read 010 as eight, but people mean ten. */
		buf[ip_write(&ip, buf)] = '\0';
	}
	return true;
}

/* Without leading zeros; empty for the scheme's default port. */
static struct slice
normal_port(struct slice scheme, struct slice port)
{
	while (port.len > 1 && port.ptr[0] == '0')
		port = slice_after(port, 1);
	unsigned number = port_number(port);
	bool usual = number != 0 && number == port_default(scheme);
	return usual ? SLICE("") : port;
}

/* The text of a guess, if that is a valid origin. */
static const char *
compose(struct arena *arena, const struct guess *guess)
{
	char lower[ORIGIN_SCHEME_MAX], host[HOSTNAME_MAX];
	struct origin_pattern pattern;
	const char *text;

	if (!slice_present(guess->scheme) ||
	    guess->scheme.len > sizeof(lower) || guess->port.len > 11 ||
	    !write_host(guess->host, host))
		return NULL;
	struct slice scheme = text_lower(lower, guess->scheme);
	struct slice port = normal_port(scheme, guess->port);
	struct slice parts[] = {
	    scheme, guess->any_subdomain ? SLICE("://*.") : SLICE("://"),
	    slice_from(host), port.len > 0 ? SLICE(":") : SLICE(""), port};
	text = arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
	/* Do not suggest a fix that is invalid itself. */
	if (guess->any_subdomain &&
	    (guess->moved_star ? hostname_is_public_suffix(slice_from(host))
			       : hostname_is_icann_suffix(slice_from(host))))
		return NULL;
	if (text == NULL || origin_pattern_check(slice_from(text), &pattern) !=
				ORIGIN_FAULT_NONE)
		return NULL;
	/* ":*" allows more ports than were written; it is only what people mean
	 * for their own machine. */
	if (guess->part_of_port && !pattern.is_loopback)
		return NULL;
	return text;
}

/* ---- ranges of addresses ---- */

/* "192.168.*.*", "192.168.1.*": numbers, then stars. */
static bool
read_starred_v4(struct slice host, struct ip *ip, unsigned *bits)
{
	unsigned numbers = 0, stars = 0;

	*ip = (struct ip){.v6 = false};
	for (unsigned i = 0; i < 4; i++) {
		size_t dot = text_find(host, '.');
		struct slice label = slice_of(host.ptr, dot);
		uint64_t value;

		if (slice_eq(label, SLICE("*")))
			stars++;
		else if (stars > 0 || !text_number(label, 255, &value))
			return false;
		else
			ip->bytes[numbers++] = (unsigned char)value;
		if ((dot == host.len) != (i == 3))
			return false;
		host = slice_after(host, dot + 1);
	}
	*bits = 8 * numbers;
	return stars > 0 && numbers > 0;
}

/* Read an address and the length of a network after it, also "[fd00::/8]";
 * *rest is what follows. */
static bool
read_range(struct slice *rest, struct ip *ip, unsigned *bits)
{
	struct slice host = slice_of(rest->ptr, text_find_any(*rest, "/:"));
	uint64_t value;

	if (read_starred_v4(host, ip, bits)) {
		*rest = slice_after(*rest, host.len);
		return true;
	}
	size_t slash = text_find(*rest, '/');
	if (slash == rest->len)
		return false;
	host = slice_of(rest->ptr, slash);
	*rest = slice_after(*rest, slash + 1);
	size_t digits = text_digits(*rest);
	struct slice length = cut(rest, digits, 0);
	if (host.len > 0 && host.ptr[0] == '[') {
		host = text_chop(slice_after(host, 1), ']');
		if (rest->len > 0 && rest->ptr[0] == ']')
			*rest = slice_after(*rest, 1);
	}
	if (!ip_parse(host, ip) ||
	    !text_number(length, ip->v6 ? 128 : 32, &value))
		return false;
	*bits = (unsigned)value;
	return true;
}

/* The range that was meant, with zeros after its length; NULL: it is not a
 * range. */
static const char *
fix_range(struct arena *arena, struct slice scheme, struct slice rest)
{
	char lower[ORIGIN_SCHEME_MAX], address[IP_TEXT_MAX];
	char digits[TEXT_DECIMAL_MAX];
	struct origin_pattern pattern;
	unsigned bits;
	struct ip ip;

	if (!slice_present(scheme) || scheme.len > sizeof(lower) ||
	    !read_range(&rest, &ip, &bits))
		return NULL;
	rest.len = text_find(rest, '/');
	ip_mask(&ip, bits);
	struct slice parts[] = {
	    text_lower(lower, scheme),
	    ip.v6 ? SLICE("://[") : SLICE("://"),
	    slice_of(address, ip_write(&ip, address)),
	    ip.v6 ? SLICE("]/") : SLICE("/"),
	    slice_of(digits, text_put_decimal(digits, bits)),
	    rest};
	const char *text =
	    arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
	return text != NULL &&
		       origin_pattern_check(slice_from(text), &pattern) ==
			   ORIGIN_FAULT_NONE
		   ? text
		   : NULL;
}

/* ---- one origin, or several that are separated wrongly ---- */

static const char *
fix_one(struct arena *arena, struct slice text)
{
	struct guess guess = {.port = SLICE_NONE};
	struct slice rest = unquote(text);
	const char *fix;

	if (!slice_present(text))
		return NULL;
	/* Only "FILE://" certainly means "file://"; other forms are unclear. */
	if (text_starts_nocase(rest, SLICE("file:")))
		return slice_eq(rest, SLICE("FILE://")) ? "file://" : NULL;

	guess.scheme = cut_scheme(&rest);
	fix = fix_range(arena, guess.scheme, rest);
	if (fix == NULL) {
		read_host(&guess, rest);
		fix = compose(arena, &guess);
	}
	return fix == NULL || slice_eq(slice_from(fix), text) ? NULL : fix;
}

enum { SEPARATED_MAX = 64 }; /* origins and blanks; a longer list gets no fix */

/* "https://a;https://b": the origins, with blanks between them. */
static const char *
fix_separated(struct arena *arena, struct slice text)
{
	struct slice parts[SEPARATED_MAX];
	struct origin_pattern pattern;
	size_t count = 0;

	if (text.len == 1)
		return ",";
	while (text.len > 0) {
		size_t len = text_find_any(text, ";|");
		struct slice part = slice_of(text.ptr, len);

		text = slice_after(text, len + 1);
		if (part.len == 0)
			continue;
		if (count == SEPARATED_MAX)
			return NULL;
		if (origin_pattern_check(part, &pattern) != ORIGIN_FAULT_NONE)
			part = slice_from(fix_one(arena, part));
		if (!slice_present(part))
			return NULL;
		parts[count++] = part;
		parts[count++] = SLICE(" ");
	}
	return count == 0 ? NULL : arena_join(arena, parts, count - 1);
}

const char *
fix_origin(struct arena *arena, struct slice text)
{
	return text_find_any(text, ";|") < text.len ? fix_separated(arena, text)
						    : fix_one(arena, text);
}

const char *
fix_insecure_origin(struct arena *arena, const struct origin_pattern *pattern)
{
	struct guess guess = {.port = SLICE_NONE};
	struct slice rest = pattern->text;
	const char *range;

	(void)cut_scheme(&rest);
	range = fix_range(arena, SLICE("https"), rest);
	if (range != NULL)
		return range;
	read_host(&guess, rest);
	guess.scheme = SLICE("https");
	return compose(arena, &guess);
}

/* ---- paths and hosts ---- */

enum { PATH_FIX_MAX = 512 };

/* Without its scheme, "://" and anything before them. */
static struct slice
after_scheme(struct slice text)
{
	const char *at =
	    text.len == 0 ? NULL : memmem(text.ptr, text.len, "://", 3);

	return at == NULL ? text
			  : slice_after(text, (size_t)(at - text.ptr) + 3);
}

/* The path of a URL; else the text. */
static struct slice
url_path(struct slice text)
{
	struct slice rest = after_scheme(text);
	size_t slash = text_find(rest, '/');

	if (rest.ptr == text.ptr || slash == rest.len)
		return text;
	return slice_after(rest, slash);
}

/* The length of the part that can be normalized: of a glob, the whole segments
 * before its '*'. */
static size_t
whole_segments(struct slice path)
{
	size_t len = path.len;

	if (len == 0 || path.ptr[len - 1] != '*')
		return len;
	while (len > 0 && path.ptr[len - 1] != '/')
		len--;
	return len;
}

/* The path of a request is normalized before it is compared (DESIGN.md section
 * 3, "Choosing"): a pattern that is not normalized would never match. */
const char *
fix_path(struct arena *arena, struct slice text)
{
	char raw[PATH_FIX_MAX], normal[PATH_FIX_MAX];
	struct slice path = url_path(text);
	size_t slash = path.len > 0 && path.ptr[0] == '/' ? 0 : 1;

	if (path.len == 0 || path.len + 2 > sizeof(raw))
		return NULL;
	raw[0] = '/';
	memcpy(raw + slash, path.ptr, path.len);
	path = slice_of(raw, path.len + slash);
	size_t whole = whole_segments(path);
	struct slice parts[] = {
	    path_resolve(slice_of(raw, whole), normal, sizeof(normal)),
	    slice_after(path, whole)};
	const char *fix =
	    slice_present(parts[0]) ? arena_join(arena, parts, 2) : NULL;
	if (fix == NULL || slice_eq(slice_from(fix), text) ||
	    !path_pattern_valid(slice_from(fix)))
		return NULL;
	return fix;
}

/* Without path and port. */
static struct slice
host_alone(struct slice text)
{
	text = after_scheme(text);
	text.len = text_find(text, '/');
	size_t digits = text.len;
	while (digits > 0 && ascii_is_digit(text.ptr[digits - 1]))
		digits--;
	/* The last group of an IPv6 address is not a port. */
	if (digits > 0 && text.ptr[digits - 1] == ':' &&
	    (memchr(text.ptr, ':', digits - 1) == NULL ||
	     memchr(text.ptr, ']', digits - 1) != NULL))
		text.len = digits - 1;
	return text_chop(text, '.');
}

const char *
fix_host(struct arena *arena, struct slice text)
{
	struct slice host = host_alone(text);
	struct slice star =
	    slice_starts(host, SLICE("*.")) ? SLICE("*.") : SLICE("");
	char ascii[HOSTNAME_MAX];
	const char *fix;

	if (!hostname_to_ascii(slice_after(host, star.len), ascii))
		return NULL;
	struct slice parts[] = {star, text_lower(ascii, slice_from(ascii))};
	fix = arena_join(arena, parts, 2);
	if (fix == NULL || slice_eq(slice_from(fix), text) ||
	    !host_pattern_valid(slice_from(fix)))
		return NULL;
	return fix;
}
