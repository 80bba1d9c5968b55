/*
 * Addresses of sockets, and networks of addresses.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/settings.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "policy/values.h"

static const char no_memory[] = "no memory";

/* Is it numeric?  Names would have to be resolved, at a time when nobody waits
 * for it. */
static bool
is_address(int family, struct slice text)
{
	unsigned char bytes[16];
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(copy) ||
	    memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, bytes) == 1;
}

static const char *
parse_tcp(struct arena *arena, struct slice text, struct address *out)
{
	const char *colon = memrchr(text.ptr, ':', text.len);
	struct slice host, port;
	uint64_t number;
	int family = AF_INET;

	if (colon == NULL)
		return "a port is missing";
	host = slice_of(text.ptr, (size_t)(colon - text.ptr));
	port = slice_after(text, host.len + 1);
	if (!value_number(port, &number) || number < 1 || number > 65535 ||
	    port.ptr[0] == '0')
		return "a port is a number from 1 to 65535";
	if (host.len > 1 && host.ptr[0] == '[' &&
	    host.ptr[host.len - 1] == ']') {
		host = slice_of(host.ptr + 1, host.len - 2);
		family = AF_INET6;
	}
	if (!is_address(family, host))
		return "the address must be a number like 127.0.0.1 or [::1]";
	out->port = (uint16_t)number;
	out->host = arena_text(arena, host);
	return out->host == NULL ? no_memory : NULL;
}

static const char *
parse_unix(struct arena *arena, struct slice path, const char *folder,
	   struct address *out)
{
	size_t len = path.len > 0 && path.ptr[0] == '/' ? 0 : strlen(folder);
	char *text;

	if (path.len == 0)
		return "a path is missing";
	if (memchr(path.ptr, '\0', path.len) != NULL)
		return "a path holds no NUL";
	text = arena_alloc(arena, len + 1 + path.len + 1);
	if (text == NULL)
		return no_memory;
	memcpy(text, folder, len);
	if (len > 0 && folder[len - 1] != '/')
		text[len++] = '/';
	memcpy(text + len, path.ptr, path.len);
	if (len + path.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path is too long for a socket (107 bytes)";
	out->path = text;
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

static const unsigned char mapped[12] = {0, 0, 0, 0, 0,	   0,
					 0, 0, 0, 0, 0xff, 0xff};

/* A textual address; IPv4-mapped ones become IPv4. */
static bool
parse_address(struct slice text, struct network *out, bool *was_mapped)
{
	char copy[INET6_ADDRSTRLEN];

	*was_mapped = false;
	if (text.len >= sizeof(copy) || text.len == 0 ||
	    memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, copy, out->bytes) == 1) {
		out->bits = 32;
		return true;
	}
	if (inet_pton(AF_INET6, copy, out->bytes) != 1)
		return false;
	out->bits = 128;
	out->ipv6 = true;
	if (memcmp(out->bytes, mapped, sizeof(mapped)) != 0)
		return true;
	*was_mapped = true;
	memmove(out->bytes, out->bytes + sizeof(mapped), 4);
	memset(out->bytes + 4, 0, sizeof(out->bytes) - 4);
	out->bits = 32;
	out->ipv6 = false;
	return true;
}

/* Clear what is behind the significant bits, so that networks compare and
 * print alike. */
static void
clear_rest(struct network *network)
{
	for (unsigned i = network->bits; i < 128; i++)
		network->bytes[i / 8] &= (unsigned char)~(0x80u >> i % 8);
}

bool
network_parse(struct slice text, struct network *out)
{
	const char *slash =
	    text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
	size_t len = slash == NULL ? text.len : (size_t)(slash - text.ptr);
	struct slice bits = slice_after(text, len);
	bool was_mapped;
	uint64_t number;

	if (!parse_address(slice_of(text.ptr, len), out, &was_mapped))
		return false;
	if (slash == NULL)
		return true;
	bits = slice_after(bits, 1);
	if (!value_number(bits, &number) || bits.len > 3)
		return false;
	/* ::ffff:192.0.2.0/120 is 192.0.2.0/24 */
	if (was_mapped && number < 96)
		return false;
	if (was_mapped)
		number -= 96;
	if (number > out->bits)
		return false;
	out->bits = (unsigned)number;
	clear_rest(out);
	return true;
}

bool
network_has(const struct network *network, struct slice address)
{
	struct network one;
	bool was_mapped;
	const char *zone =
	    address.len == 0 ? NULL : memchr(address.ptr, '%', address.len);

	if (zone != NULL)
		address.len = (size_t)(zone - address.ptr);
	if (!parse_address(address, &one, &was_mapped) ||
	    one.ipv6 != network->ipv6)
		return false;
	one.bits = network->bits;
	clear_rest(&one);
	return memcmp(one.bytes, network->bytes, sizeof(one.bytes)) == 0;
}
