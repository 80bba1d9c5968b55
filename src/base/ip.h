/*
 * Reading and writing IP addresses.
 *
 * Addresses are written in one canonical form: IPv4 in dotted decimal, IPv6 as
 * in RFC 5952 with hexadecimal groups only.  The URL standard serializes hosts
 * in this form, so browsers use it in origins.  inet_ntop(3) writes some IPv6
 * addresses with dots.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/slice.h"

/* Unused bytes are zero. */
struct ip {
	unsigned char bytes[16]; /* network order; IPv4: the first four */
	bool v6;
};

enum { IP_TEXT_MAX = 39 }; /* without NUL, brackets or zone */

/* The parsers return false if the text is not such an address; *out is then
 * unchanged. */

/* "192.0.2.1": four decimal numbers up to 255 without leading zeros. */
bool ip_parse_v4(struct slice, struct ip *);
/* RFC 4291, 2.2, in upper or lower case, with or without "::" and dotted
 * decimal at the end; no brackets, no zone.  As the URL standard's "IPv6
 * parser". */
bool ip_parse_v6(struct slice, struct ip *);
/* Either of them. */
bool ip_parse(struct slice, struct ip *);

/*
 * The URL standard's "IPv4 parser": one to four numbers, decimal, octal or
 * hexadecimal; the last one fills the remaining bytes; a final dot is allowed.
 * Only for hosts for which ip_ends_in_number is true.
 */
bool ip_parse_url_v4(struct slice, struct ip *);
/* The URL standard's "ends in a number checker".  If true, the host is an IPv4
 * address or invalid.  A final dot is ignored. */
bool ip_ends_in_number(struct slice host);

/* Write the canonical text, at most IP_TEXT_MAX bytes without NUL.  Returns its
 * length. */
size_t ip_write(const struct ip *, char buf[static IP_TEXT_MAX]);

bool ip_eq(const struct ip *, const struct ip *);
/* 127.0.0.0/8 and ::1. */
bool ip_is_loopback(const struct ip *);
/* ::ffff:0:0/96, an IPv4-mapped IPv6 address. */
bool ip_is_mapped(const struct ip *);
/* Change an IPv4-mapped address to the IPv4 address; leave others unchanged. */
void ip_unmap(struct ip *);

/* Clear all but the first `bits` bits, which leaves the address of the
 * network. */
void ip_mask(struct ip *, unsigned bits);
/* Does it have the same family and the same first `bits` bits as network?  bits
 * is at most 32 (IPv4) or 128. */
bool ip_in_network(const struct ip *, const struct ip *network, unsigned bits);

#endif
