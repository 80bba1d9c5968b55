/*
 * The corrected text of an origin.
 *
 * Everything that can be wrong without being unclear is mended at once, and
 * the result is offered only if it is an origin without fault.  No fix allows
 * more than what was written.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "policy/idn.h"

/* What the text seems to mean; slices of it. */
struct meaning {
	struct slice scheme;
	struct slice host; /* without "*." and brackets */
	struct slice port;
	bool any_subdomain;
	bool has_port;
};

static size_t
index_of(struct slice text, char c)
{
	const char *at = text.len == 0 ? NULL : memchr(text.ptr, c, text.len);

	return at == NULL ? text.len : (size_t)(at - text.ptr);
}

/* Quotes and angle brackets around it. */
static struct slice
unquote(struct slice text)
{
	while (text.len > 0 && strchr("\"'<", text.ptr[0]) != NULL)
		text = slice_after(text, 1);
	while (text.len > 0 && strchr("\"'>", text.ptr[text.len - 1]) != NULL)
		text.len--;
	return text;
}

/* "localhost", "127.0.0.1": served without TLS by those who write it so. */
static bool
is_local(struct slice rest)
{
	return slice_starts(rest, SLICE("localhost")) ||
	       slice_starts(rest, SLICE("127.")) ||
	       slice_starts(rest, SLICE("[::1]"));
}

static bool
has_prefix(struct slice text, struct slice prefix)
{
	return text.len >= prefix.len &&
	       slice_eq_nocase(slice_of(text.ptr, prefix.len), prefix);
}

/* The scheme, and *rest after its "://".  A host alone is taken for https, if
 * it looks like a host. */
static struct slice
take_scheme(struct slice *rest)
{
	const char *at = memmem(rest->ptr, rest->len, "://", 3);
	struct slice scheme;

	if (at != NULL) {
		scheme = slice_of(rest->ptr, (size_t)(at - rest->ptr));
		*rest = slice_after(*rest, scheme.len + 3);
		return scheme;
	}
	if (index_of(*rest, '@') < rest->len)
		return SLICE_NONE; /* a mail address */
	if (has_prefix(*rest, SLICE("https:")) ||
	    has_prefix(*rest, SLICE("http:"))) {
		scheme = slice_of(rest->ptr, index_of(*rest, ':'));
		*rest = slice_after(*rest, scheme.len + 1);
		while (rest->len > 0 && rest->ptr[0] == '/')
			*rest = slice_after(*rest, 1);
		return scheme;
	}
	if (slice_starts(*rest, SLICE("//")))
		*rest = slice_after(*rest, 2);
	if (is_local(*rest))
		return SLICE("http");
	return index_of(*rest, '.') < rest->len ? SLICE("https") : SLICE_NONE;
}

/* "*." of "*.x", "**.x" and "*x" is taken off. */
static bool
take_star(struct slice *host)
{
	bool star = false;

	while (host->len > 0 && host->ptr[0] == '*') {
		star = true;
		*host = slice_after(*host, 1);
	}
	if (star && host->len > 0 && host->ptr[0] == '.')
		*host = slice_after(*host, 1);
	return star;
}

static bool
is_bare_ipv6(struct slice text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1;
}

static void
take_host(struct meaning *meaning, struct slice rest)
{
	size_t end = 0;

	while (end < rest.len && strchr("/?#\\", rest.ptr[end]) == NULL)
		end++;
	rest.len = end;
	/* userinfo */
	size_t at = index_of(rest, '@');
	if (at < rest.len)
		rest = slice_after(rest, at + 1);
	meaning->any_subdomain = take_star(&rest);
	meaning->host = rest;
	if (is_bare_ipv6(rest))
		return;
	if (rest.len > 0 && rest.ptr[0] == '[') {
		size_t close = index_of(rest, ']');
		if (close == rest.len)
			return;
		meaning->host = slice_of(rest.ptr + 1, close - 1);
		rest = slice_after(rest, close + 1);
	} else {
		meaning->host.len = index_of(rest, ':');
		rest = slice_after(rest, meaning->host.len);
	}
	meaning->has_port = rest.len > 0 && rest.ptr[0] == ':';
	if (meaning->has_port)
		meaning->port = slice_after(rest, 1);
}

/* RFC 5952: lower case, no leading zeros, "::" for the longest run of two or
 * more zero groups, the first of equals.  Never with dots (as inet_ntop does):
 * browsers do not write them.  The end of what was written. */
static char *
write_ipv6(const unsigned char bytes[16], char *buf)
{
	unsigned groups[8];
	int start = -1, length = 1;

	for (size_t i = 0; i < 8; i++)
		groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	for (int i = 0, run = 0; i < 8; i++) {
		run = groups[i] == 0 ? run + 1 : 0;
		if (run > length) {
			length = run;
			start = i - run + 1;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			buf += sprintf(buf, "::");
			i += length - 1;
		} else {
			bool colon = i > 0 && i != start + length;
			buf +=
			    sprintf(buf, "%s%x", colon ? ":" : "", groups[i]);
		}
	}
	return buf;
}

/* A part of an address with a leading zero, "0x" aside. */
static bool
has_octal(const char *text)
{
	for (; text != NULL; text = strchr(text, '.')) {
		if (*text == '.')
			text++;
		if (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
			return true;
	}
	return false;
}

/* An address or name as browsers write it. */
static bool
write_host(struct slice host, char buf[static IDN_MAX])
{
	struct in6_addr ipv6;
	struct in_addr ipv4;
	char text[IDN_MAX];
	size_t len;

	if (!idn_to_ascii(host, text))
		return false;
	len = strlen(text);
	for (size_t i = 0; i < len; i++)
		text[i] = ascii_lower(text[i]);
	if (inet_pton(AF_INET6, text, &ipv6) == 1) {
		buf[0] = '[';
		memcpy(write_ipv6(ipv6.s6_addr, buf + 1), "]", 2);
		return true;
	}
	/* The URL standard's IPv4 parser takes what inet_aton does: octal, hex
	 * and fewer than four numbers; and a final dot. */
	memcpy(buf, text, len + 1);
	if (len > 0 && text[len - 1] == '.')
		text[len - 1] = '\0';
	if (has_octal(text))
		return true; /* who writes 010 means ten; it would be eight */
	if (len > 0 && inet_aton(text, &ipv4) != 0 &&
	    inet_ntop(AF_INET, &ipv4, buf, IDN_MAX) == NULL)
		return false;
	return true;
}

/* Without leading zeros; a default port is none. */
static void
write_port(const struct meaning *meaning, char *buf, size_t cap)
{
	struct slice port = meaning->port;

	buf[0] = '\0';
	while (port.len > 1 && port.ptr[0] == '0')
		port = slice_after(port, 1);
	if (!meaning->has_port || port.len == 0 ||
	    (slice_eq_nocase(meaning->scheme, SLICE("https")) &&
	     slice_eq(port, SLICE("443"))) ||
	    (slice_eq_nocase(meaning->scheme, SLICE("http")) &&
	     slice_eq(port, SLICE("80"))))
		return;
	snprintf(buf, cap, ":%.*s", (int)port.len, port.ptr);
}

/* The text of a meaning, if it is a good origin. */
static const char *
compose(struct arena *arena, const struct meaning *meaning)
{
	char host[IDN_MAX], port[16];
	struct origin_pattern pattern;
	char *text;

	if (!slice_present(meaning->scheme) || meaning->scheme.len > 64 ||
	    meaning->port.len > 10 || !write_host(meaning->host, host))
		return NULL;
	write_port(meaning, port, sizeof(port));
	size_t cap = meaning->scheme.len + strlen(host) + sizeof(port) + 6;
	text = arena_alloc(arena, cap);
	if (text == NULL)
		return NULL;
	snprintf(text, cap, "%.*s://%s%s%s", (int)meaning->scheme.len,
		 meaning->scheme.ptr, meaning->any_subdomain ? "*." : "", host,
		 port);
	for (size_t i = 0; i < meaning->scheme.len; i++)
		text[i] = ascii_lower(text[i]);
	return origins_parse(slice_from(text), &pattern) == ORIGIN_FAULT_NONE
		   ? text
		   : NULL;
}

const char *
origin_fix(struct arena *arena, struct slice text)
{
	struct meaning meaning = {.port = SLICE_NONE};
	struct slice rest = unquote(text);
	const char *fix;

	meaning.scheme = take_scheme(&rest);
	take_host(&meaning, rest);
	fix = compose(arena, &meaning);
	return fix == NULL || slice_eq(slice_from(fix), text) ? NULL : fix;
}

const char *
origin_fix_secure(struct arena *arena, const struct origin_pattern *pattern)
{
	struct meaning meaning = {.port = SLICE_NONE};
	struct slice rest = pattern->text;

	(void)take_scheme(&rest);
	take_host(&meaning, rest);
	meaning.scheme = SLICE("https");
	return compose(arena, &meaning);
}
