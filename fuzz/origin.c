/*
 * One origin, by the parser of requests and that of policies, compared with a
 * simple one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_origin.h"

#include "cors/origin.h"

static void
check_parts(const struct origin *o, const struct plain_origin *plain)
{
	CHECK(slice_eq(o->scheme, slice_from(plain->scheme)));
	CHECK(slice_eq(o->host, slice_from(plain->host)));
	CHECK(o->opaque == plain->opaque);
	CHECK(o->port == (plain->has_port ? (unsigned)atoi(plain->port) : 0));
	CHECK(o->is_ip == plain_is_ip(plain));
}

static void
check_pattern(struct slice text, bool parsed)
{
	struct origin_pattern pattern;
	enum origin_fault fault = origin_pattern_parse(text, &pattern);

	CHECK(origin_fault_id(fault) != NULL);
	if (text.len <= ORIGIN_MAX)
		CHECK(parsed == (fault == ORIGIN_FAULT_NONE &&
				 origin_pattern_is_exact(&pattern)));
	if (fault != ORIGIN_FAULT_NONE)
		return;
	CHECK(slice_eq(pattern.text, text));
	CHECK(pattern.host.ptr >= text.ptr &&
	      pattern.host.ptr + pattern.host.len <= text.ptr + text.len);
	CHECK(pattern.port <= 65535);
}

FUZZ_TARGET(origin)
{
	struct slice text = fuzz_slice(data, size);
	struct plain_origin plain;
	struct origin origin;
	bool parsed = origin_parse(text, &origin);
	char *copy = fuzz_text(text);
	bool expected = strlen(copy) == text.len && plain_valid(copy, &plain);

	/* The simple one does not check A-labels: some do not decode. */
	bool known = strstr(copy, "xn--") == NULL;
	if (known)
		CHECK(parsed == expected);
	if (parsed && known)
		check_parts(&origin, &plain);
	check_pattern(text, parsed);
	free(copy);
	return 0;
}
