/*
 * HOST:PORT, loopback hosts and default ports.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/host.h"

#include "base/ip.h"
#include "base/text.h"

struct slice
host_split(struct slice text, struct slice *port)
{
	bool inside = false;
	size_t i = 0;

	/* The URL standard's "host state". */
	while (i < text.len && (inside || text.ptr[i] != ':')) {
		if (text.ptr[i] == '[')
			inside = true;
		else if (text.ptr[i] == ']')
			inside = false;
		i++;
	}
	*port = i < text.len ? slice_after(text, i + 1) : SLICE_NONE;
	return slice_of(text.ptr, i);
}

unsigned
port_number(struct slice text)
{
	uint64_t value;

	return text_number(text, PORT_MAX, &value) ? (unsigned)value : 0;
}

unsigned
port_default(struct slice scheme)
{
	if (slice_eq(scheme, SLICE("https")) || slice_eq(scheme, SLICE("wss")))
		return 443;
	if (slice_eq(scheme, SLICE("http")) || slice_eq(scheme, SLICE("ws")))
		return 80;
	return slice_eq(scheme, SLICE("ftp")) ? 21 : 0;
}

bool
host_is_loopback(struct slice host)
{
	struct ip ip;

	if (ip_parse_v4(host, &ip))
		return ip_is_loopback(&ip);
	if (slice_eq(host, SLICE("[::1]")))
		return true;
	host = text_chop(host, '.');
	return slice_eq(host, SLICE("localhost")) ||
	       text_ends(host, SLICE(".localhost"));
}

uint32_t
host_punycode_bias(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	for (delta += delta / points; delta > 35 * 26 / 2; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}
