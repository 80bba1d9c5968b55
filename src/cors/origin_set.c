/*
 * Sets of origins.  The time of a lookup does not grow with their number.
 *
 * Exact origins are found by a hash of the whole value and compared byte for
 * byte (Fetch, CORS check): no parsing, and no tree whose nodes could be joined
 * by mistake (GHSA-vhxv-fg4m-p2w8: with foo.com and bar.com, barfoo.com was
 * allowed).  Every other pattern becomes a place: a kind, a scheme and a part
 * of the host, with the ports that are allowed.  A strictly parsed host is
 * looked up as a whole, by its suffixes after dots, by the parts around a '*',
 * and by networks; each only for the lengths that some pattern has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/origin.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/host.h"
#include "base/ip.h"
#include "cors/host_ends.h"

/*
 * Four slots are a cache line: a hit nearly always reads only one line, and a
 * miss nearly never reads a text.
 */
struct slot {
	const void *item; /* NULL: empty */
	uint32_t tag;	  /* upper half of the hash; the lower selects a slot */
	uint32_t len;	  /* of an exact origin */
};

/* Open addressing, at most half full. */
struct table {
	struct slot *slots;
	size_t mask;
	size_t used;
	uint64_t seed;
};

/* The kinds of places.  Only kinds that the set has are looked up. */
enum {
	HOST,	   /* exactly this host, with several ports */
	SUBDOMAIN, /* "*.": the name after it */
	TAIL,	   /* a '*' within a label: the text after the '*' */
	LABEL,	   /* a '*' within a label: the whole host */
	NETWORK,   /* "192.168.0.0/16" */
	ANY_HOST,  /* any host with this scheme */
	KINDS
};

/* Ports from first to last; 0 is an origin without one. */
struct ports {
	uint16_t first;
	uint16_t last;
};

enum { LENGTHS = 4 }; /* 64-bit words: a bit for each length up to 255 */

struct place {
	const char *scheme;
	const char *host; /* for LABEL with its '*' */
	uint8_t scheme_len;
	uint8_t host_len;
	uint8_t kind;
	uint8_t at; /* LABEL: of the '*'; NETWORK: bits */
	uint32_t port_count;
	union {
		const struct ports *many; /* sorted, no overlap */
		struct ports one;	  /* port_count is 1 */
		uint64_t *heads; /* TAIL: bit n: a LABEL has n bytes before
				    its '*' */
	};
	struct place *same; /* while the table is filled: the next place with
			       the same key */
};

struct origin_set {
	struct table exact;
	struct table places;
	bool has[KINDS];
	/* Bit n: some pattern has n bytes after "*.", or n bytes after a '*'
	 * within a label, or is a network of n bits. */
	uint64_t suffixes[LENGTHS];
	uint64_t tails[LENGTHS];
	uint64_t networks[2][LENGTHS];
	struct ends ends; /* of the hosts of places */
	const struct regex *const *regexes;
	size_t regex_count;
};

static void
set_bit(uint64_t words[LENGTHS], size_t n)
{
	words[n >> 6 & 3] |= (uint64_t)1 << (n & 63);
}

static bool
has_bit(const uint64_t words[LENGTHS], size_t n)
{
	return (words[n >> 6 & 3] >> (n & 63) & 1) != 0;
}

/* ---- keys ---- */

/* The key of a place. */
struct key {
	struct slice scheme;
	struct slice host; /* LABEL: the part before the '*' */
	struct slice tail; /* LABEL: the part after it */
	unsigned kind;
	unsigned bits; /* NETWORK */
};

static inline uint64_t
hash_key(uint64_t scheme_hash, const struct key *key)
{
	uint64_t hash = hash_bytes(key->host, scheme_hash) ^
			((uint64_t)key->kind << 8 | key->bits);

	if (key->kind == LABEL)
		hash = hash_bytes(key->tail, hash);
	return mix(hash, 0x8ebc6af09c88c6e3u);
}

static struct slice
place_scheme(const struct place *place)
{
	return slice_of(place->scheme, place->scheme_len);
}

static struct slice
place_host(const struct place *place)
{
	return slice_of(place->host, place->host_len);
}

static struct key
key_of(const struct place *place)
{
	struct key key = {.scheme = place_scheme(place),
			  .host = place_host(place),
			  .kind = place->kind};

	if (place->kind == NETWORK)
		key.bits = place->at;
	if (place->kind != LABEL)
		return key;
	key.tail = slice_after(key.host, place->at + 1U);
	key.host.len = place->at;
	return key;
}

static inline bool
key_fits(const struct place *place, const struct key *key)
{
	struct slice host = place_host(place);
	bool fits = place->kind == key->kind &&
		    slice_eq(place_scheme(place), key->scheme);

	if (key->kind != LABEL)
		return fits && slice_eq(host, key->host) &&
		       (key->kind != NETWORK || place->at == key->bits);
	return fits && place->at == key->host.len &&
	       slice_starts(host, key->host) &&
	       slice_eq(slice_after(host, place->at + 1U), key->tail);
}

/* ---- tables ---- */

enum {
	RUN_MAX = 256, /* slots in a row before the table is rebuilt */
	SEEDS = 4
};

/* An item of a table: an origin's text, or a place. */
struct entry {
	struct slice text;
	struct place *place;
};

static uint64_t
hash_entry(const struct table *table, const struct entry *entry)
{
	if (entry->place == NULL)
		return hash_bytes(entry->text, table->seed);
	struct key key = key_of(entry->place);
	return hash_key(hash_bytes(key.scheme, table->seed), &key);
}

static bool
same_entry(const struct slot *slot, const struct entry *entry)
{
	if (entry->place == NULL)
		return slice_eq(slice_of(slot->item, slot->len), entry->text);
	struct key key = key_of(entry->place);
	return key_fits(slot->item, &key);
}

/* The slot of an entry, or the empty slot for it.  NULL: the run is full. */
static struct slot *
find_slot(const struct table *table, const struct entry *entry, uint64_t hash)
{
	for (size_t i = 0; i < RUN_MAX; i++) {
		struct slot *slot = &table->slots[(hash + i) & table->mask];
		if (slot->item == NULL ||
		    (slot->tag == (uint32_t)(hash >> 32) &&
		     same_entry(slot, entry)))
			return slot;
	}
	return NULL;
}

static bool
table_add(struct table *table, const struct entry *entry)
{
	uint64_t hash = hash_entry(table, entry);
	struct slot *slot = find_slot(table, entry, hash);

	if (slot == NULL)
		return false;
	if (slot->item != NULL && entry->place != NULL) {
		struct place *first = (struct place *)(uintptr_t)slot->item;
		entry->place->same = first->same;
		first->same = entry->place;
	}
	if (slot->item != NULL)
		return true;
	slot->item =
	    entry->place == NULL ? (const void *)entry->text.ptr : entry->place;
	slot->tag = (uint32_t)(hash >> 32);
	slot->len = (uint32_t)entry->text.len;
	table->used++;
	return true;
}

/* The content of a table: the exact patterns, or the places. */
struct content {
	const struct origin_pattern *patterns;
	struct place *places; /* NULL: the patterns */
	size_t count;
};

static bool
table_fill(struct table *table, const struct content *content)
{
	table->used = 0;
	memset(table->slots, 0, (table->mask + 1) * sizeof(*table->slots));
	for (size_t i = 0; i < content->count; i++) {
		struct entry entry = {.place = NULL};

		if (content->places != NULL) {
			entry.place = &content->places[i];
			entry.place->same = NULL;
		} else {
			if (!origin_pattern_is_exact(&content->patterns[i]))
				continue;
			entry.text = content->patterns[i].text;
		}
		if (!table_add(table, &entry))
			return false;
	}
	return true;
}

/*
 * Build a table of `used` entries.  Runs longer than RUN_MAX do not happen by
 * chance, but patterns can be constructed for them: then other seeds and larger
 * tables are tried.  False: no memory, or all of them failed.
 */
static bool
table_build(struct arena *arena, struct table *table,
	    const struct content *content, size_t used)
{
	size_t size = 8;

	while (size / 2 < used)
		size *= 2;
	for (int i = 0; i < 4; i++, size *= 4) {
		table->slots = arena_array(arena, size, sizeof(*table->slots));
		table->mask = size - 1;
		if (table->slots == NULL)
			break;
		for (table->seed = 0; table->seed < SEEDS; table->seed++)
			if (table_fill(table, content))
				return true;
	}
	return false;
}

/* ---- building ---- */

static unsigned
kind_of(const struct origin_pattern *p)
{
	if (p->any_host)
		return ANY_HOST;
	if (p->is_range)
		return NETWORK;
	if (p->any_label)
		return LABEL;
	return p->any_subdomain ? SUBDOMAIN : HOST;
}

/* The ports of a pattern; 0 is an origin without port. */
static struct ports
ports_of(const struct origin_pattern *p)
{
	if (p->any_port)
		return (struct ports){0, PORT_MAX};
	return (struct ports){(uint16_t)p->port, p->port_last != 0
						     ? p->port_last
						     : (uint16_t)p->port};
}

/* Does a range include the default port, and so origins without port? */
static bool
covers_no_port(const struct origin_pattern *p)
{
	unsigned usual = port_default(p->scheme);

	return p->port_last != 0 && usual >= p->port && usual <= p->port_last;
}

/* The number of places for a pattern. */
static size_t
places_of(const struct origin_pattern *p)
{
	if (origin_pattern_is_exact(p))
		return 0;
	return 1U + (covers_no_port(p) ? 1 : 0) + (p->any_label ? 1 : 0);
}

/* Set the host of the place to the bytes of the network.  False: no memory. */
static bool
set_network(struct arena *arena, struct origin_set *set,
	    const struct origin_pattern *p, struct place *place)
{
	struct slice text = p->host;
	struct ip ip;

	if (text.ptr[0] == '[')
		text = slice_of(text.ptr + 1, text.len - 2);
	(void)ip_parse(text, &ip);
	size_t len = ip.v6 ? 16 : 4;
	struct slice bytes =
	    arena_slice(arena, slice_of((const char *)ip.bytes, len));
	place->host = bytes.ptr;
	place->host_len = (uint8_t)len;
	place->at = p->bits;
	set_bit(set->networks[ip.v6], p->bits);
	return slice_present(bytes);
}

/* Make the place for the part after a '*' within a label.  False: no memory. */
static bool
set_tail(struct arena *arena, struct origin_set *set, const struct place *label,
	 struct place *tail)
{
	*tail = *label;
	tail->kind = TAIL;
	tail->host += label->at + 1U;
	tail->host_len = (uint8_t)(label->host_len - label->at - 1);
	tail->at = 0;
	tail->heads = arena_array(arena, LENGTHS, sizeof(*tail->heads));
	if (tail->heads == NULL)
		return false;
	set_bit(tail->heads, label->at);
	set_bit(set->tails, tail->host_len);
	set->has[TAIL] = true;
	return true;
}

static void
add_end(struct origin_set *set, const struct place *place)
{
	struct slice host = place_host(place);

	if (place->kind == LABEL)
		host = slice_after(host, place->at + 1U);
	if (place->kind == NETWORK || place->kind == ANY_HOST)
		return;
	ends_add(&set->ends, host);
}

/* Make the places of a pattern, places_of it.  False: no memory. */
static bool
fill_places(struct arena *arena, struct origin_set *set,
	    const struct origin_pattern *p, struct place *place)
{
	*place = (struct place){
	    .scheme = p->scheme.ptr,
	    .scheme_len = (uint8_t)p->scheme.len,
	    .host = p->host.ptr,
	    .host_len = p->any_host ? 0 : (uint8_t)p->host.len,
	    .kind = (uint8_t)kind_of(p),
	    .at = p->any_label ? p->star : 0,
	    .port_count = 1,
	    .one = ports_of(p),
	};
	set->has[place->kind] = true;
	add_end(set, place);
	if (p->any_subdomain)
		set_bit(set->suffixes, p->host.len);
	if (p->is_range && !set_network(arena, set, p, place))
		return false;
	if (p->any_label && !set_tail(arena, set, place, place + 1))
		return false;
	if (covers_no_port(p)) {
		size_t last = places_of(p) - 1;
		place[last] = *place;
		place[last].one = (struct ports){0, 0};
	}
	return true;
}

static int
compare_ports(const void *left, const void *right)
{
	const struct ports *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Sort and merge the ports of places of one key.  False: no memory. */
static bool
join_ports(struct arena *arena, struct place *place)
{
	size_t count = 0, n = 0;

	for (const struct place *p = place; p != NULL; p = p->same)
		count++;
	struct ports *all = arena_array(arena, count, sizeof(*all));
	if (all == NULL)
		return false;
	for (const struct place *p = place; p != NULL; p = p->same)
		all[n++] = p->one;
	qsort(all, count, sizeof(*all), compare_ports);
	n = 0;
	for (size_t i = 1; i < count; i++) {
		if (all[i].first > all[n].last)
			all[++n] = all[i];
		else if (all[i].last > all[n].last)
			all[n].last = all[i].last;
	}
	place->many = all;
	place->port_count = (uint32_t)n + 1;
	if (place->port_count == 1)
		place->one = all[0];
	return true;
}

/* Merge places of one key into the one in the table.  False: no memory. */
static bool
join_places(struct arena *arena, const struct table *table)
{
	for (size_t i = 0; i <= table->mask; i++) {
		struct place *place =
		    (struct place *)(uintptr_t)table->slots[i].item;
		if (place == NULL || place->same == NULL)
			continue;
		if (place->kind != TAIL) {
			if (!join_ports(arena, place))
				return false;
			continue;
		}
		for (const struct place *p = place->same; p != NULL;
		     p = p->same)
			for (size_t word = 0; word < LENGTHS; word++)
				place->heads[word] |= p->heads[word];
	}
	return true;
}

struct origin_set *
origin_set_build(struct arena *arena, const struct origin_pattern *patterns,
		 size_t count, const struct regex *const *regexes,
		 size_t regex_count)
{
	struct origin_set *set = arena_alloc(arena, sizeof(*set));
	struct content exact = {.patterns = patterns, .count = count};
	struct content places = {.count = 0};
	size_t exact_count = 0, at = 0;

	if (set == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		places.count += places_of(&patterns[i]);
		exact_count += origin_pattern_is_exact(&patterns[i]);
	}
	places.places =
	    arena_array(arena, places.count + 1, sizeof(*places.places));
	if (places.places == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (origin_pattern_is_exact(&patterns[i]))
			continue;
		if (!fill_places(arena, set, &patterns[i], &places.places[at]))
			return NULL;
		at += places_of(&patterns[i]);
	}
	if (!table_build(arena, &set->exact, &exact, exact_count) ||
	    !table_build(arena, &set->places, &places, places.count) ||
	    !join_places(arena, &set->places))
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
	for (size_t i = (size_t)hash & table->mask;;
	     i = (i + 1) & table->mask) {
		const struct slot *slot = &table->slots[i];
		if (slot->item == NULL)
			return false;
		if (slot->tag == (uint32_t)(hash >> 32) &&
		    slot->len == origin.len &&
		    memcmp(slot->item, origin.ptr, origin.len) == 0)
			return true;
	}
}

/* A request's origin while it is looked up. */
struct query {
	const struct origin_set *set;
	const struct origin *origin;
	uint64_t scheme_hash;
};

/* The place of the key, or NULL. */
static const struct place *
find_place(const struct query *query, struct key key)
{
	const struct table *table = &query->set->places;

	key.scheme = query->origin->scheme;
	uint64_t hash = hash_key(query->scheme_hash, &key);
	for (size_t i = (size_t)hash & table->mask;;
	     i = (i + 1) & table->mask) {
		const struct place *place = table->slots[i].item;
		if (place == NULL)
			return NULL;
		if (table->slots[i].tag == (uint32_t)(hash >> 32) &&
		    key_fits(place, &key))
			return place;
	}
}

/* Is the origin's port allowed in a place of this key? */
static bool
find_with_port(const struct query *query, struct key key)
{
	const struct place *place = find_place(query, key);
	unsigned port = query->origin->port;

	if (place == NULL)
		return false;
	if (place->port_count == 1)
		return port >= place->one.first && port <= place->one.last;
	size_t low = 0, high = place->port_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (place->many[middle].first <= port)
			low = middle;
		else
			high = middle;
	}
	return port >= place->many[low].first && port <= place->many[low].last;
}

/* "*." matches one or more labels, so the whole host is not looked up. */
static bool
find_suffix(const struct query *query)
{
	struct slice host = query->origin->host;

	for (size_t i = 0; i < host.len; i++) {
		if (host.ptr[i] != '.' ||
		    !has_bit(query->set->suffixes, host.len - i - 1))
			continue;
		struct key key = {.host = slice_after(host, i + 1),
				  .kind = SUBDOMAIN};
		if (find_with_port(query, key))
			return true;
	}
	return false;
}

/* Can a '*' within a label match this byte? */
static bool
is_filling(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Find a '*' within a label before the tail.  heads: where it can be. */
static bool
find_head(const struct query *query, struct slice tail, const uint64_t *heads)
{
	struct slice host = query->origin->host;
	size_t end = host.len - tail.len;

	for (size_t at = end; at > 0 && is_filling(host.ptr[at - 1]); at--) {
		if (!has_bit(heads, at - 1))
			continue;
		struct key key = {.host = slice_of(host.ptr, at - 1),
				  .tail = tail,
				  .kind = LABEL};
		if (find_with_port(query, key))
			return true;
	}
	return false;
}

/* The bits of a word that belong to lengths below `end`. */
static uint64_t
bits_below(uint64_t word, size_t first, size_t end)
{
	if (end <= first)
		return 0;
	return end - first >= 64 ? word
				 : word & (((uint64_t)1 << (end - first)) - 1);
}

static bool
find_label(const struct query *query)
{
	struct slice host = query->origin->host;

	for (size_t word = 0; word < LENGTHS; word++) {
		uint64_t bits =
		    bits_below(query->set->tails[word], word * 64, host.len);
		for (; bits != 0; bits &= bits - 1) {
			size_t len = word * 64 + (size_t)__builtin_ctzll(bits);
			struct slice tail = slice_after(host, host.len - len);
			if (!is_filling(host.ptr[host.len - len - 1]))
				continue;
			struct key key = {.host = tail, .kind = TAIL};
			const struct place *place = find_place(query, key);
			if (place != NULL &&
			    find_head(query, tail, place->heads))
				return true;
		}
	}
	return false;
}

static bool
find_network(const struct query *query)
{
	struct slice text = query->origin->host;
	struct ip ip;

	if (text.len > 2 && text.ptr[0] == '[')
		text = slice_of(text.ptr + 1, text.len - 2);
	if (!ip_parse(text, &ip))
		return false;
	/* From the longest: each mask is applied to the previous result. */
	for (size_t bits = ip.v6 ? 129 : 33; bits-- > 0;) {
		if (!has_bit(query->set->networks[ip.v6], bits))
			continue;
		ip_mask(&ip, (unsigned)bits);
		struct key key = {
		    .host = slice_of((const char *)ip.bytes, ip.v6 ? 16 : 4),
		    .kind = NETWORK,
		    .bits = (unsigned)bits};
		if (find_with_port(query, key))
			return true;
	}
	return false;
}

static bool
match_places(const struct origin_set *set, const struct origin *origin)
{
	struct query query = {.set = set, .origin = origin};

	if (set->places.used == 0)
		return false;
	query.scheme_hash = hash_bytes(origin->scheme, set->places.seed);
	if (set->has[ANY_HOST] &&
	    find_with_port(&query, (struct key){.kind = ANY_HOST}))
		return true;
	if (origin->opaque)
		return false;
	if (set->has[NETWORK] && find_network(&query))
		return true;
	if (!ends_have(&set->ends, origin->host))
		return false;
	if (set->has[HOST] &&
	    find_with_port(&query,
			   (struct key){.host = origin->host, .kind = HOST}))
		return true;
	if (origin->is_ip)
		return false;
	return (set->has[SUBDOMAIN] && find_suffix(&query)) ||
	       (set->has[TAIL] && find_label(&query));
}

enum origin_verdict
origin_set_check(const struct origin_set *set, struct slice origin,
		 struct regex_scratch *scratch)
{
	struct origin parsed;

	/* Check the length first, so that a value of a megabyte costs nothing.
	 */
	if (origin.len == 0 || origin.len > ORIGIN_MAX)
		return ORIGIN_MALFORMED;
	if (find_exact(&set->exact, origin))
		return ORIGIN_ALLOWED;
	if (!origin_parse(origin, &parsed))
		return ORIGIN_MALFORMED;
	if (match_places(set, &parsed))
		return ORIGIN_ALLOWED;
	for (size_t i = 0; i < set->regex_count; i++)
		if (regex_match(set->regexes[i], origin, scratch))
			return ORIGIN_ALLOWED;
	return ORIGIN_UNKNOWN;
}

enum origin_match
origin_set_match(const struct origin_set *set, struct slice origin,
		 struct regex_scratch *scratch)
{
	struct origin parsed;

	if (origin_set_check(set, origin, scratch) != ORIGIN_ALLOWED)
		return ORIGIN_BY_NONE;
	if (find_exact(&set->exact, origin))
		return ORIGIN_EXACTLY;
	return origin_parse(origin, &parsed) && match_places(set, &parsed)
		   ? ORIGIN_BY_PATTERN
		   : ORIGIN_BY_REGEX;
}
