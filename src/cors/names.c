/*
 * Method and header names that the Fetch standard treats apart
 * (https://fetch.spec.whatwg.org/, 2.2.1 and 2.2.2).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/names.h"

static bool
is_among(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_eq_nocase(name, slice_from(*names)))
			return true;
	return false;
}

static bool
begins(struct slice name, struct slice prefix)
{
	return name.len >= prefix.len &&
	       slice_eq_nocase(slice_of(name.ptr, prefix.len), prefix);
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

	return is_among(header, names) || begins(header, SLICE("proxy-")) ||
	       begins(header, SLICE("sec-"));
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
	       begins(header, SLICE("access-control-allow-"));
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
	       begins(header, SLICE("access-control-request-"));
}
