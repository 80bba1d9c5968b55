/*
 * HOST:PORT as in URLs, origins and the Host header; loopback hosts and default
 * ports.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdint.h>

#include "base/slice.h"

enum { PORT_MAX = 65535 };

/*
 * Cut HOST[:PORT] at the first ':' that is not in brackets.  The host, with its
 * brackets; *port is what follows the ':', perhaps empty, absent without ':'.
 * Neither is checked.
 */
struct slice host_split(struct slice text, struct slice *port);

/* Decimal digits from 1 to 65535, leading zeros allowed; else 0. */
unsigned port_number(struct slice);

/* The port that URLs of a special scheme (lower case) are serialized without;
 * 0: the scheme has none. */
unsigned port_default(struct slice scheme);

/*
 * Is this the host of a URL (serialized) that never leaves this machine: 127/8,
 * [::1], localhost and names under it (RFC 6761, 6.3), with or without a final
 * dot?
 */
bool host_is_loopback(struct slice host);

/* Punycode, RFC 3492, 6.1: the bias of the next number, from the last delta and
 * the number of code points so far. */
uint32_t host_punycode_bias(uint32_t delta, uint32_t points, bool first);

#endif
