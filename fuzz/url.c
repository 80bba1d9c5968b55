/*
 * URLs: parsing a parsed URL again does not change it, alone and with a base.
 * Two lines: a base and a URL.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "cors/origin.h"
#include "fetch/url.h"

/* No byte that a request line or a header cannot have. */
static void
check_bytes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		CHECK(s.ptr[i] > ' ' && s.ptr[i] < '\x7f');
}

static void
check_url(struct arena *arena, const struct url *url)
{
	struct origin origin;
	struct url again;

	check_bytes(url->href);
	CHECK(url->port > 0 && url->port <= 65535);
	CHECK(url->target.len > 0 && url->target.ptr[0] == '/');
	CHECK(url->href.len == url->origin.len + url->target.len);
	CHECK(slice_starts(url->href, url->origin));
	CHECK(slice_eq(url->scheme, SLICE("http")) ||
	      slice_eq(url->scheme, SLICE("https")));
	CHECK(url_parse(arena, url->href, NULL, NULL, &again) ==
	      URL_FAULT_NONE);
	CHECK(slice_eq(again.href, url->href));
	CHECK(slice_eq(again.origin, url->origin));
	CHECK(again.port == url->port && again.is_ip == url->is_ip);
	CHECK(!again.has_userinfo);
	CHECK(url_is_trustworthy(&again) == url_is_trustworthy(url));
	/* An origin that the matcher accepts has exactly these parts. */
	if (origin_parse(url->origin, &origin)) {
		CHECK(slice_eq(origin.host, url->host));
		CHECK(slice_eq(origin.scheme, url->scheme));
		CHECK(origin.is_ip == url->is_ip);
	}
}

FUZZ_TARGET(url)
{
	struct slice rest = fuzz_slice(data, size);
	struct slice first = fuzz_until(&rest, '\n');
	struct arena *arena = arena_new();
	struct url base, url;
	bool based;

	CHECK(arena != NULL);
	based = url_parse(arena, first, NULL, NULL, &base) == URL_FAULT_NONE;
	if (based)
		check_url(arena, &base);
	enum url_fault fault =
	    url_parse(arena, rest, based ? &base : NULL, NULL, &url);
	CHECK(url_fault_text(fault) != NULL);
	if (fault == URL_FAULT_NONE)
		check_url(arena, &url);
	arena_free(arena);
	return 0;
}
