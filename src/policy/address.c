/*
 * Addresses of sockets, and networks of addresses.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/settings.h"

#include <sys/un.h>

#include "base/host.h"
#include "base/text.h"

static const char no_memory[] = "no memory";

static const char *
parse_tcp(struct arena *arena, struct slice text, struct address *out)
{
	size_t colon = text_find_last(text, ':');
	struct slice host, port;
	struct ip ip;
	bool valid;

	if (colon == text.len)
		return "a port is missing";
	host = slice_of(text.ptr, colon);
	port = slice_after(text, host.len + 1);
	out->port = (uint16_t)port_number(port);
	if (out->port == 0 || port.ptr[0] == '0')
		return "a port is a number from 1 to 65535";
	/* Not a name: resolving it would block, and its address may change. */
	if (host.len > 1 && host.ptr[0] == '[' &&
	    host.ptr[host.len - 1] == ']') {
		host = slice_of(host.ptr + 1, host.len - 2);
		valid = ip_parse_v6(host, &ip);
	} else {
		valid = ip_parse_v4(host, &ip);
	}
	if (!valid)
		return "the address must be a number like 127.0.0.1 or [::1]";
	out->host = arena_text(arena, host);
	return out->host == NULL ? no_memory : NULL;
}

static const char *
parse_unix(struct arena *arena, struct slice path, const char *folder,
	   struct address *out)
{
	struct slice parts[] = {slice_from(folder), SLICE("/"), path};
	size_t first = 0;

	if (path.len == 0)
		return "a path is missing";
	if (text_find(path, '\0') < path.len)
		return "a path holds no NUL";
	if (path.ptr[0] == '/')
		first = 2;
	else if (text_ends(parts[0], SLICE("/")) || parts[0].len == 0)
		parts[1] = SLICE("");
	out->path = arena_join(arena, parts + first, 3 - first);
	if (out->path == NULL)
		return no_memory;
	if (strlen(out->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path is too long for a socket (107 bytes)";
	return NULL;
}

const char *
address_parse(struct arena *arena, struct slice text, const char *folder,
	      struct address *out)
{
	*out = (struct address){.text = arena_text(arena, text)};
	if (out->text == NULL)
		return no_memory;
	if (slice_starts(text, SLICE("unix:")))
		return parse_unix(arena, slice_after(text, 5), folder, out);
	if (slice_starts(text, SLICE("tcp:")))
		return parse_tcp(arena, slice_after(text, 4), out);
	return "it begins with neither \"unix:\" nor \"tcp:\"";
}

bool
network_parse(struct slice text, struct network *out)
{
	size_t len = text_find(text, '/');
	uint64_t bits;
	bool mapped;

	if (!ip_parse(slice_of(text.ptr, len), &out->ip))
		return false;
	bits = out->ip.v6 ? 128 : 32;
	if (len < text.len &&
	    (text.len - len > sizeof("/128") - 1 ||
	     !text_number(slice_after(text, len + 1), bits, &bits)))
		return false;
	/* ::ffff:192.0.2.0/120 is 192.0.2.0/24 */
	mapped = ip_is_mapped(&out->ip);
	if (mapped && bits < 96)
		return false;
	if (mapped) {
		ip_unmap(&out->ip);
		bits -= 96;
	}
	out->bits = (unsigned)bits;
	ip_mask(&out->ip, out->bits);
	return true;
}

bool
network_has(const struct network *network, struct slice address)
{
	struct ip ip;

	address.len = text_find(address, '%'); /* fe80::1%eth0 */
	if (!ip_parse(address, &ip))
		return false;
	ip_unmap(&ip);
	return ip_in_network(&ip, &network->ip, network->bits);
}
