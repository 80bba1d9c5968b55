/*
 * Sets of origins whose cost does not grow with their number.
 *
 * Exact origins are found by a hash of the whole value and compared byte for
 * byte (Fetch, CORS check): no parsing, and no tree whose nodes could be joined
 * by mistake (GHSA-vhxv-fg4m-p2w8: foo.com and bar.com let barfoo.com in).
 * Wildcards are found by the suffixes of a strictly parsed host, taken only
 * after its dots, and only those whose length some wildcard has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/origin.h"

#include <stdint.h>

/*
 * Four to a cache line: the line that tells a hit is nearly always the first
 * and only one, and a miss never looks at a text.
 */
struct slot {
	const void *item; /* NULL: empty */
	uint32_t tag;	  /* the hash's half that did not choose the slot */
	uint32_t len;	  /* of an exact origin */
};

/* Open addressing, at most half full. */
struct table {
	struct slot *slots;
	size_t mask;
	size_t used;
	uint64_t seed;
};

/* Kinds of wildcards, to look up only those that the set has. */
enum {
	SUBDOMAIN = 1,		/* "*.host" with a port or none */
	ANY_PORT = 2,		/* "host:*" */
	SUBDOMAIN_ANY_PORT = 3, /* both */
	KINDS = 4
};

struct origin_set {
	struct table exact;
	struct table wild;
	bool has[KINDS];
	uint64_t suffix_lengths[4]; /* bit n: some "*." has n bytes after it */
	const struct regex *const *regexes;
	size_t regex_count;
};

/* ---- hashing ---- */

/* mix() for processors of 32 bits, which have no product of 128: the same. */
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

/* Both halves of a product: every bit of a and b reaches every bit. */
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

static inline uint64_t
read64(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* 0 to 8 bytes; those of 4 to 8 overlap, the length tells them apart. */
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
 * Chance hardly finds collisions of these 64-bit products, but whoever writes
 * the policy can search for them.  So the seed changes when a table fills
 * badly, and bytes are always compared.
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

/* The key of a wildcard. */
static inline uint64_t
hash_wild(uint64_t scheme_hash, struct slice host, unsigned kind, unsigned port)
{
	uint64_t what = (uint64_t)kind << 32 | port;

	return mix(hash_bytes(host, scheme_hash) ^ what, 0x8ebc6af09c88c6e3u);
}

/* ---- tables ---- */

enum {
	RUN_MAX = 256, /* slots in a row before the table is rebuilt */
	SEEDS = 4
};

static unsigned
kind_of(const struct origin_pattern *p)
{
	return (p->any_subdomain ? SUBDOMAIN : 0U) |
	       (p->any_port ? ANY_PORT : 0U);
}

static uint64_t
hash_pattern(const struct table *table, const struct origin_pattern *p)
{
	unsigned kind = kind_of(p);

	if (kind == 0)
		return hash_bytes(p->text, table->seed);
	return hash_wild(hash_bytes(p->scheme, table->seed), p->host, kind,
			 p->any_port ? 0 : p->port);
}

static bool
same_pattern(const struct slot *slot, const struct origin_pattern *p)
{
	const struct origin_pattern *other = slot->item;

	if (kind_of(p) == 0)
		return slice_eq(slice_of(slot->item, slot->len), p->text);
	return kind_of(other) == kind_of(p) &&
	       (p->any_port || other->port == p->port) &&
	       slice_eq(other->host, p->host) &&
	       slice_eq(other->scheme, p->scheme);
}

/*
 * The slot of a pattern, or the empty one where it belongs.  NULL: too many
 * slots in a row are taken.
 */
static struct slot *
find_slot(const struct table *table, const struct origin_pattern *p,
	  uint64_t hash)
{
	for (size_t i = 0; i < RUN_MAX; i++) {
		struct slot *slot = &table->slots[(hash + i) & table->mask];
		if (slot->item == NULL ||
		    (slot->tag == (uint32_t)(hash >> 32) &&
		     same_pattern(slot, p)))
			return slot;
	}
	return NULL;
}

static bool
table_add(struct table *table, const struct origin_pattern *p)
{
	uint64_t hash = hash_pattern(table, p);
	struct slot *slot = find_slot(table, p, hash);

	if (slot == NULL)
		return false;
	if (slot->item != NULL)
		return true; /* a duplicate */
	slot->item = kind_of(p) == 0 ? (const void *)p->text.ptr : p;
	slot->tag = (uint32_t)(hash >> 32);
	slot->len = (uint32_t)p->text.len;
	table->used++;
	return true;
}

static bool
table_fill(struct table *table, const struct origin_pattern *patterns,
	   size_t count, bool wild)
{
	table->used = 0;
	memset(table->slots, 0, (table->mask + 1) * sizeof(*table->slots));
	for (size_t i = 0; i < count; i++)
		if ((kind_of(&patterns[i]) != 0) == wild &&
		    !table_add(table, &patterns[i]))
			return false;
	return true;
}

/*
 * A table of the patterns that are wildcards, or of those that are not, of
 * which there are `count` of `total`.  Runs longer than RUN_MAX do not happen
 * by chance: then other seeds are tried, and at last a larger table.
 */
static bool
table_build(struct arena *arena, struct table *table,
	    const struct origin_pattern *patterns, size_t total, size_t count,
	    bool wild)
{
	size_t size = 8;

	while (size / 2 < count)
		size *= 2;
	for (int i = 0; i < 4; i++, size *= 4) {
		table->slots = arena_array(arena, size, sizeof(*table->slots));
		table->mask = size - 1;
		if (table->slots == NULL)
			break;
		for (table->seed = 0; table->seed < SEEDS; table->seed++)
			if (table_fill(table, patterns, total, wild))
				return true;
	}
	return false;
}

/* ---- building ---- */

/* Wildcards are compared part by part, so the set keeps copies. */
static const struct origin_pattern *
copy_wildcards(struct arena *arena, struct origin_set *set,
	       const struct origin_pattern *patterns, size_t total,
	       size_t count)
{
	struct origin_pattern *copy = arena_array(arena, count, sizeof(*copy));
	size_t n = 0;

	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < total; i++) {
		const struct origin_pattern *p = &patterns[i];
		unsigned kind = kind_of(p);
		if (kind == 0)
			continue;
		copy[n++] = *p;
		set->has[kind] = true;
		if (p->any_subdomain)
			set->suffix_lengths[p->host.len >> 6 & 3] |=
			    (uint64_t)1 << (p->host.len & 63);
	}
	return copy;
}

struct origin_set *
origin_set_build(struct arena *arena, const struct origin_pattern *patterns,
		 size_t count, const struct regex *const *regexes,
		 size_t regex_count)
{
	struct origin_set *set = arena_alloc(arena, sizeof(*set));
	const struct origin_pattern *wildcards;
	size_t wild = 0;

	if (set == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		wild += kind_of(&patterns[i]) != 0;
	wildcards = copy_wildcards(arena, set, patterns, count, wild);
	if (wildcards == NULL ||
	    !table_build(arena, &set->exact, patterns, count, count - wild,
			 false) ||
	    !table_build(arena, &set->wild, wildcards, wild, wild, true))
		return NULL;
	set->regexes = regexes;
	set->regex_count = regex_count;
	return set;
}

/* ---- matching ---- */

static bool
find_exact(const struct table *table, struct slice origin)
{
	uint64_t hash = hash_bytes(origin, table->seed);

	if (table->used == 0)
		return false;
	for (size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
		const struct slot *slot = &table->slots[i];
		if (slot->item == NULL)
			return false;
		if (slot->tag == (uint32_t)(hash >> 32) &&
		    slot->len == origin.len &&
		    memcmp(slot->item, origin.ptr, origin.len) == 0)
			return true;
	}
}

/* Is there a wildcard of this kind for these parts? */
static bool
find_wild(const struct table *table, uint64_t scheme_hash,
	  const struct origin *parts, unsigned kind)
{
	unsigned port = (kind & ANY_PORT) != 0 ? 0 : parts->port;
	uint64_t hash = hash_wild(scheme_hash, parts->host, kind, port);

	for (size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
		const struct origin_pattern *p = table->slots[i].item;
		if (p == NULL)
			return false;
		if (table->slots[i].tag == (uint32_t)(hash >> 32) &&
		    kind_of(p) == kind &&
		    ((kind & ANY_PORT) != 0 || p->port == port) &&
		    slice_eq(p->host, parts->host) &&
		    slice_eq(p->scheme, parts->scheme))
			return true;
	}
}

/* "*." stands for one label or more, so the whole host is no suffix. */
static bool
find_suffix(const struct origin_set *set, uint64_t scheme_hash,
	    const struct origin *origin)
{
	struct origin parts = *origin;

	for (size_t i = 0; i < origin->host.len; i++) {
		size_t rest = origin->host.len - i - 1;
		if (origin->host.ptr[i] != '.' ||
		    (set->suffix_lengths[rest >> 6 & 3] >> (rest & 63) & 1) ==
			0)
			continue;
		parts.host = slice_after(origin->host, i + 1);
		if ((set->has[SUBDOMAIN] &&
		     find_wild(&set->wild, scheme_hash, &parts, SUBDOMAIN)) ||
		    (set->has[SUBDOMAIN_ANY_PORT] &&
		     find_wild(&set->wild, scheme_hash, &parts,
			       SUBDOMAIN_ANY_PORT)))
			return true;
	}
	return false;
}

static bool
match_wild(const struct origin_set *set, const struct origin *origin)
{
	uint64_t scheme_hash;

	if (set->wild.used == 0)
		return false;
	scheme_hash = hash_bytes(origin->scheme, set->wild.seed);
	if (set->has[ANY_PORT] &&
	    find_wild(&set->wild, scheme_hash, origin, ANY_PORT))
		return true;
	return !origin->is_ip &&
	       (set->has[SUBDOMAIN] || set->has[SUBDOMAIN_ANY_PORT]) &&
	       find_suffix(set, scheme_hash, origin);
}

enum origin_verdict
origin_set_check(const struct origin_set *set, struct slice origin,
		 struct regex_scratch *scratch)
{
	struct origin parsed;

	/* Check the length first, so that a megabyte costs nothing. */
	if (origin.len == 0 || origin.len > ORIGIN_MAX)
		return ORIGIN_MALFORMED;
	if (find_exact(&set->exact, origin))
		return ORIGIN_ALLOWED;
	if (!origin_parse(origin, &parsed))
		return ORIGIN_MALFORMED;
	if (match_wild(set, &parsed))
		return ORIGIN_ALLOWED;
	for (size_t i = 0; i < set->regex_count; i++)
		if (regex_match(set->regexes[i], origin, scratch))
			return ORIGIN_ALLOWED;
	return ORIGIN_UNKNOWN;
}
