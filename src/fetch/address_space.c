/*
 * IP address spaces by the table of Local Network Access, "Non-public IP
 * address blocks"; all other addresses are public.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/address_space.h"

#include "base/ip.h"
#include "base/text.h"

static const struct {
	const char *address;
	unsigned bits;
	enum url_space space;
} blocks[] = {
    {"0.0.0.0", 32, SPACE_LOOPBACK},  /* connects to this machine */
    {"0.0.0.0", 8, SPACE_LOCAL},      /* RFC 791 */
    {"127.0.0.0", 8, SPACE_LOOPBACK}, /* RFC 1122 */
    {"10.0.0.0", 8, SPACE_LOCAL},     /* RFC 1918 */
    {"172.16.0.0", 12, SPACE_LOCAL},
    {"192.168.0.0", 16, SPACE_LOCAL},
    {"100.64.0.0", 10, SPACE_LOCAL},	/* RFC 6598 */
    {"198.18.0.0", 15, SPACE_LOOPBACK}, /* RFC 2544 */
    {"169.254.0.0", 16, SPACE_LOCAL},	/* RFC 3927 */
    {"::", 128, SPACE_LOOPBACK},
    {"::1", 128, SPACE_LOOPBACK}, /* RFC 4291 */
    {"fc00::", 7, SPACE_LOCAL},	  /* RFC 4193 */
    {"fe80::", 10, SPACE_LOCAL},  /* RFC 4291 */
    {"fec0::", 10, SPACE_LOCAL},  /* RFC 3879 */
};

static enum url_space
space_of_address(struct ip ip)
{
	struct ip network;

	ip_unmap(&ip);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (ip_parse(slice_from(blocks[i].address), &network) &&
		    ip_in_network(&ip, &network, blocks[i].bits))
			return blocks[i].space;
	return SPACE_PUBLIC;
}

enum url_space
url_space(const struct url *url)
{
	struct url plain = *url;
	struct slice host = text_chop(url->host, '.'), address = url->host;
	struct ip ip;

	if (address.len > 2 && address.ptr[0] == '[')
		address = slice_of(address.ptr + 1, address.len - 2);
	if (ip_parse(address, &ip))
		return space_of_address(ip);
	plain.scheme = SLICE("http"); /* so that only the host counts */
	plain.host = host;
	if (url_is_trustworthy(&plain))
		return SPACE_LOOPBACK;
	/* RFC 6762: names of multicast DNS are on the local link. */
	return text_ends(host, SLICE(".local")) ? SPACE_LOCAL : SPACE_UNKNOWN;
}

static const char *const names[] = {
    [SPACE_UNKNOWN] = "unknown",
    [SPACE_PUBLIC] = "public",
    [SPACE_LOCAL] = "local",
    [SPACE_LOOPBACK] = "loopback",
};

const char *
url_space_name(enum url_space space)
{
	return names[space];
}

enum url_space
url_space_parse(struct slice text)
{
	for (int i = SPACE_PUBLIC; i <= SPACE_LOOPBACK; i++)
		if (slice_eq(text, slice_from(names[i])))
			return (enum url_space)i;
	return SPACE_UNKNOWN;
}
