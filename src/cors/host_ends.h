/*
 * A filter for lookups in tables of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_HOST_ENDS_H
#define CORS_HOST_ENDS_H

#include "base/hash.h"

/*
 * A filter by the last END bytes of hosts, which select one of 2^END_BITS bits:
 * for most hosts that are not in a table it shows that no lookup is needed.
 */
enum { END = 8, END_BITS = 12 };

struct ends {
	uint64_t bits[1 << (END_BITS - 6)];
	bool has_short; /* an added host is shorter than END: the
			   filter is off */
};

/* The bit for the last bytes of a host, which has at least END. */
static inline size_t
ends_place(struct slice host)
{
	uint64_t hash =
	    read64(host.ptr + host.len - END) * 0x9e3779b97f4a7c15u;

	return (size_t)(hash >> (64 - END_BITS));
}

/* Add a host, or the end that all hosts of a pattern share. */
static inline void
ends_add(struct ends *ends, struct slice host)
{
	if (host.len < END)
		ends->has_short = true;
	else
		ends->bits[ends_place(host) >> 6] |= (uint64_t)1
						     << (ends_place(host) & 63);
}

/* False: no added host has the same end as this one. */
static inline bool
ends_have(const struct ends *ends, struct slice host)
{
	if (ends->has_short)
		return true;
	return host.len >= END &&
	       (ends->bits[ends_place(host) >> 6] >> (ends_place(host) & 63) &
		1) != 0;
}

#endif
