/*
 * Method and header names that the Fetch standard treats specially
 * (https://fetch.spec.whatwg.org/, 2.2.1 and 2.2.2).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/names.h"

#include "base/text.h"

/* RFC 9110, 5.6.2: the bytes of tokens.  Upper-case letters have the bit that
 * makes them lower case. */
enum { TCHAR = 1, TCHAR_UPPER = 0x20 | TCHAR };

static const unsigned char tchar[256] = {
    ['!'] = TCHAR,	   ['#' ... '\''] = TCHAR,
    ['*'] = TCHAR,	   ['+'] = TCHAR,
    ['-'] = TCHAR,	   ['.'] = TCHAR,
    ['0' ... '9'] = TCHAR, ['A' ... 'Z'] = TCHAR_UPPER,
    ['^' ... '`'] = TCHAR, ['a' ... 'z'] = TCHAR,
    ['|'] = TCHAR,	   ['~'] = TCHAR,
};

bool
token_is_valid(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (tchar[(unsigned char)s.ptr[i]] == 0)
			return false;
	return s.len > 0;
}

bool
token_lower(char *to, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (tchar[c] == 0)
			return false;
		to[i] = (char)(c | (tchar[c] & 0x20));
	}
	return s.len > 0;
}

static bool
is_among(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_eq_nocase(name, slice_from(*names)))
			return true;
	return false;
}

bool
method_is_forbidden(struct slice method)
{
	static const char *const names[] = {"CONNECT", "TRACE", "TRACK", NULL};

	return is_among(method, names);
}

bool
method_is_safelisted(struct slice method)
{
	return slice_eq(method, SLICE("GET")) ||
	       slice_eq(method, SLICE("HEAD")) ||
	       slice_eq(method, SLICE("POST"));
}

static bool
is_exactly_among(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_eq(name, slice_from(*names)))
			return true;
	return false;
}

bool
method_is_safe(struct slice method)
{
	static const char *const names[] = {"GET", "HEAD", "OPTIONS", "QUERY",
					    NULL};

	return is_exactly_among(method, names);
}

bool
method_is_idempotent(struct slice method)
{
	static const char *const names[] = {"PUT", "DELETE", "TRACE", NULL};

	return method_is_safe(method) || is_exactly_among(method, names);
}

struct slice
method_normalize(struct slice method)
{
	static const char *const names[] = {"DELETE", "GET", "HEAD", "OPTIONS",
					    "POST",   "PUT", NULL};

	for (const char *const *name = names; *name != NULL; name++)
		if (slice_eq_nocase(method, slice_from(*name)))
			return slice_from(*name);
	return method;
}

bool
request_header_is_forbidden(struct slice header)
{
	static const char *const names[] = {"accept-charset",
					    "accept-encoding",
					    "access-control-request-headers",
					    "access-control-request-method",
					    "connection",
					    "content-length",
					    "cookie",
					    "cookie2",
					    "date",
					    "dnt",
					    "expect",
					    "host",
					    "keep-alive",
					    "origin",
					    "referer",
					    "set-cookie",
					    "te",
					    "trailer",
					    "transfer-encoding",
					    "upgrade",
					    "via",
					    NULL};

	return is_among(header, names) ||
	       text_starts_nocase(header, SLICE("proxy-")) ||
	       text_starts_nocase(header, SLICE("sec-"));
}

bool
request_header_is_plain(struct slice header)
{
	static const char *const names[] = {"accept", "accept-language",
					    "content-language", NULL};

	return is_among(header, names);
}

bool
request_header_is_misplaced(struct slice header)
{
	static const char *const names[] = {"access-control-expose-headers",
					    "access-control-max-age", NULL};

	return is_among(header, names) ||
	       text_starts_nocase(header, SLICE("access-control-allow-"));
}

bool
response_header_is_forbidden(struct slice header)
{
	static const char *const names[] = {"set-cookie", "set-cookie2", NULL};

	return is_among(header, names);
}

bool
response_header_is_safelisted(struct slice header)
{
	static const char *const names[] = {
	    "cache-control",  "content-language",
	    "content-length", "content-type",
	    "expires",	      "last-modified",
	    "pragma",	      NULL};

	return is_among(header, names);
}

bool
response_header_is_misplaced(struct slice header)
{
	static const char *const names[] = {
	    "origin", "access-control-allow-headers",
	    "access-control-allow-methods", "access-control-max-age", NULL};

	return is_among(header, names) ||
	       text_starts_nocase(header, SLICE("access-control-request-"));
}
