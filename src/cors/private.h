/*
 * Shared by the files of this folder only: what policy.c prepares at load time,
 * so that a decision only has to choose header lines and look up names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_PRIVATE_H
#define CORS_PRIVATE_H

#include "cors/policy.h"

struct header_lines {
	/* Whole lines with CRLF; absent: the header is not sent. */
	struct slice methods;	    /* Access-Control-Allow-Methods */
	struct slice headers;	    /* Access-Control-Allow-Headers */
	struct slice headers_named; /* the same without `*` */
	struct slice max_age;
	struct slice expose; /* Access-Control-Expose-Headers */
	struct slice allow;
	struct slice timing; /* Timing-Allow-Origin: `*` or the list */
	struct slice resource; /* Cross-Origin-Resource-Policy */
	/* Hash table of the names in `headers` (policy_name_hash), with open
	 * addressing, at most half full; absent slices are free slots. */
	const struct slice *names;
	size_t names_mask;
};

/* The hash of a header name in lower case. */
static inline size_t
policy_name_hash(const char *name, size_t len)
{
	size_t h = len;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x01000193u;
	return h ^ h >> 15;
}

#endif
