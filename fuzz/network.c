/*
 * Addresses, prefixes and their members, compared with inet_pton and a loop
 * over bits: lines of a network, an address, and an address to listen on.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include <arpa/inet.h>

#include "policy/settings.h"

/* The bits of an address; IPv4-mapped ones count as IPv4; 0: not an
 * address. */
static int
plain_bits(const char *text, unsigned char bits[128])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char bytes[16];
	int len = 0, skip = 0;

	if (inet_pton(AF_INET, text, bytes) == 1)
		len = 4;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		len = 16;
	if (len == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0)
		skip = 12;
	for (int i = skip * 8; i < len * 8; i++)
		bits[i - skip * 8] = bytes[i / 8] >> (7 - i % 8) & 1;
	return (len - skip) * 8;
}

static bool
plain_has(const struct network *network, const char *address)
{
	unsigned char bits[128];
	int len = plain_bits(address, bits);

	if (len != (network->ip.v6 ? 128 : 32))
		return false;
	for (unsigned i = 0; i < network->bits; i++)
		if (bits[i] != (network->ip.bytes[i / 8] >> (7 - i % 8) & 1))
			return false;
	return true;
}

FUZZ_TARGET(network)
{
	struct slice rest = fuzz_slice(data, size);
	struct slice net = fuzz_until(&rest, '\n');
	struct slice host = fuzz_until(&rest, '\n');
	struct arena *arena = arena_new();
	struct network network;
	struct address address;
	/* The zone of a link-local address does not affect the network. */
	struct slice zone = host;
	struct slice bare = fuzz_until(&zone, '%');
	char *text = fuzz_text(bare);
	bool nul = strlen(text) < bare.len;

	CHECK(arena != NULL);
	if (network_parse(net, &network)) {
		CHECK(network.bits <= (network.ip.v6 ? 128 : 32));
		CHECK(network_has(&network, host) ==
		      (!nul && plain_has(&network, text)));
	}
	if (address_parse(arena, rest, "/folder", &address) == NULL) {
		CHECK((address.path == NULL) != (address.host == NULL));
		if (address.path != NULL)
			CHECK(address.path[0] == '/');
		else
			CHECK(address.port > 0 &&
			      strpbrk(address.host, "[]/ ") == NULL);
	}
	free(text);
	arena_free(arena);
	return 0;
}
