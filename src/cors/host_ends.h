/*
 * A filter before the tables of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_HOST_ENDS_H
#define CORS_HOST_ENDS_H

#include "base/hash.h"

/*
 * A filter on the last bytes of hosts: most hosts that are not in a table need
 * no lookup.
 */
enum { END = 8, END_BITS = 12 }; /* bytes; 2 to the power of these bits */

struct ends {
	uint64_t bits[1 << (END_BITS - 6)];
	bool has_short; /* some host has fewer bytes: all may be there */
};

/* The place of a host's last bytes. */
static inline size_t
ends_place(struct slice host)
{
	uint64_t hash =
	    read64(host.ptr + host.len - END) * 0x9e3779b97f4a7c15u;

	return (size_t)(hash >> (64 - END_BITS));
}

/* Add the host, or the ending that all intended hosts share. */
static inline void
ends_add(struct ends *ends, struct slice host)
{
	if (host.len < END)
		ends->has_short = true;
	else
		ends->bits[ends_place(host) >> 6] |= (uint64_t)1
						     << (ends_place(host) & 63);
}

/* False: no added host ends like this one. */
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
