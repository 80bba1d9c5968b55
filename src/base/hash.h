/*
 * A hash of bytes.  It is fast for origins, which have some tens of bytes and
 * are hashed for every request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* mix() for 32-bit processors, for which compilers have no 128-bit integers.
 * The result is the same. */
static inline uint64_t
mix_by_halves(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t low = a_low * b_low;
	uint64_t middle = a_high * b_low + (low >> 32);
	uint64_t other = a_low * b_high + (uint32_t)middle;
	uint64_t high = a_high * b_high + (middle >> 32) + (other >> 32);

	return (other << 32 | (uint32_t)low) ^ high;
}

/* The product has 128 bits: XOR its halves, so that each bit of a and b affects
 * many bits of the result. */
static inline uint64_t
mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	return mix_by_halves(a, b);
#endif
}

/* Eight bytes as a number, in the byte order of the processor. */
static inline uint64_t
read64(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* 0 to 8 bytes as a number.  From 4 bytes on, the two halves may overlap.
 * Texts of different lengths can have the same number: the hash includes the
 * length. */
static inline uint64_t
read_few(const char *at, size_t len)
{
	uint32_t low = 0, high = 0;

	if (len >= 4) {
		memcpy(&low, at, 4);
		memcpy(&high, at + len - 4, 4);
		return (uint64_t)high << 32 | low;
	}
	return len == 0 ? 0
			: (uint64_t)(unsigned char)at[0] |
			      (uint64_t)(unsigned char)at[len / 2] << 8 |
			      (uint64_t)(unsigned char)at[len - 1] << 16;
}

/*
 * A hash of the bytes.  It is not cryptographic: collisions are rare by chance,
 * but the author of a policy can construct them.  So a hash table also compares
 * the bytes, and is filled again with another seed if it has long runs.
 */
static inline uint64_t
hash_bytes(struct slice s, uint64_t seed)
{
	const uint64_t k0 = 0xa0761d6478bd642fu, k1 = 0xe7037ed1a0b428dbu;
	uint64_t h = seed ^ mix(s.len ^ k0, k1);
	const char *at = s.ptr;
	size_t left = s.len;

	for (; left > 16; left -= 16, at += 16)
		h = mix(read64(at) ^ k0, read64(at + 8) ^ h);
	if (left > 8)
		return mix(read64(at) ^ k1, read64(at + left - 8) ^ h);
	return mix(read_few(at, left) ^ k1, h ^ k0);
}

#endif
