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
 * Split HOST[:PORT] at the first ':' that is not in brackets.  Returns the
 * host, with its brackets.  *port is the text after the ':', which may be
 * empty; absent: there is no ':'.  Neither is checked.
 */
struct slice host_split(struct slice text, struct slice *port);

/* The port from 1 to 65535 that the text is in decimal, leading zeros allowed;
 * 0: it is invalid. */
unsigned port_number(struct slice);

/* The default port of a scheme (in lower case), which serialized URLs omit (URL
 * standard, "special scheme"); 0: the scheme has none. */
unsigned port_default(struct slice scheme);

/*
 * Does this host of a serialized URL always mean this machine: 127.0.0.0/8,
 * [::1], localhost and its subdomains (RFC 6761, 6.3), which may have a final
 * dot?
 */
bool host_is_loopback(struct slice host);

/* The bias for the next number of Punycode (RFC 3492, 6.1).  delta is the last
 * one, first: it was the first; points: the number of code points so far. */
uint32_t host_punycode_bias(uint32_t delta, uint32_t points, bool first);

#endif
