/*
 * IP addresses as text, both ways.
 *
 * Addresses are written in the one canonical form: dotted decimal, and for IPv6
 * RFC 5952 with hexadecimal groups only.  This is how the URL standard
 * serializes hosts, and so how browsers write origins.  inet_ntop writes some
 * IPv6 addresses with dots and needs C strings.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/slice.h"

/* Compare with memcmp or ip_eq: unused bytes are zero. */
struct ip {
	unsigned char bytes[16]; /* network order; IPv4: the first four */
	bool v6;
};

enum { IP_TEXT_MAX = 39 }; /* without NUL, brackets or zone */

/* "192.0.2.1": four decimal numbers up to 255 without leading zeros. */
bool ip_parse_v4(struct slice, struct ip *);
/* RFC 4291, 2.2, in any case, with "::" or a dotted quad at the end or both; no
 * brackets, no zone.  The same as the URL standard's "IPv6 parser". */
bool ip_parse_v6(struct slice, struct ip *);
/* Either of them. */
bool ip_parse(struct slice, struct ip *);

/*
 * The URL standard's "IPv4 parser": one to four numbers, decimal, octal or
 * hexadecimal; the last one fills the remaining bytes; a final dot is allowed.
 * Only for hosts for which ip_ends_in_number is true.
 */
bool ip_parse_url_v4(struct slice, struct ip *);
/* The URL standard's "ends in a number checker": must this host be an IPv4
 * address, and is it invalid if it is not?  A final dot is ignored. */
bool ip_ends_in_number(struct slice host);

/* Write the canonical text, IP_TEXT_MAX bytes at most, without NUL; returns its
 * length. */
size_t ip_write(const struct ip *, char buf[static IP_TEXT_MAX]);

bool ip_eq(const struct ip *, const struct ip *);
/* 127.0.0.0/8 and ::1. */
bool ip_is_loopback(const struct ip *);
/* ::ffff:0:0/96, an IPv4 address inside an IPv6 one. */
bool ip_is_mapped(const struct ip *);
/* Change such an address to the IPv4 address in it; others stay as they are. */
void ip_unmap(struct ip *);

/* Clear all but the first bits, so that networks compare and print alike. */
void ip_mask(struct ip *, unsigned bits);
/* The same family and the same first bits (up to 32 or 128)? */
bool ip_in_network(const struct ip *, const struct ip *network, unsigned bits);

#endif
