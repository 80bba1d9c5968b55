/*
 * A table from text to a number.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/tally.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

enum { SLOTS_FIRST = 1024 };

/* The slot of the key, or the empty one where it belongs. */
static uint32_t *
find_slot(const struct tally *tally, struct slice key)
{
	size_t mask = tally->slot_count - 1;
	size_t at = (size_t)hash_bytes(key, 0) & mask;

	while (tally->slots[at] != 0 &&
	       !slice_eq(tally->keys[tally->slots[at] - 1], key))
		at = (at + 1) & mask;
	return &tally->slots[at];
}

/* Make room for one more key: at most half of the slots are used.  False: no
 * memory. */
static bool
make_slots(struct tally *tally)
{
	size_t count =
	    tally->slot_count == 0 ? SLOTS_FIRST : 2 * tally->slot_count;
	uint32_t *slots;

	if (2 * (tally->count + 1) <= tally->slot_count)
		return true;
	slots = calloc(count, sizeof(*slots));
	if (slots == NULL || tally->count >= UINT32_MAX / 2) {
		free(slots);
		return false;
	}
	free(tally->slots);
	tally->slots = slots;
	tally->slot_count = count;
	for (size_t i = 0; i < tally->count; i++)
		*find_slot(tally, tally->keys[i]) = (uint32_t)i + 1;
	return true;
}

size_t
tally_place(struct tally *tally, struct slice key, bool *added)
{
	uint32_t *slot;

	if (added != NULL)
		*added = false;
	if (!make_slots(tally))
		return TALLY_NONE;
	slot = find_slot(tally, key);
	if (*slot != 0)
		return *slot - 1;
	struct slice copy = arena_slice(tally->arena, key);
	if (!slice_present(copy) ||
	    !array_grow(&tally->keys, tally->count, &tally->room,
			sizeof(*tally->keys)))
		return TALLY_NONE;
	tally->keys[tally->count] = copy;
	*slot = (uint32_t)++tally->count;
	if (added != NULL)
		*added = true;
	return tally->count - 1;
}

static int
rank_compare(const void *left, const void *right)
{
	const struct tally_rank *a = left;
	const struct tally_rank *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

void
tally_sort(struct tally_rank *ranks, size_t count)
{
	qsort(ranks, count, sizeof(*ranks), rank_compare);
}

void
tally_free(struct tally *tally)
{
	free(tally->keys);
	free(tally->slots);
}
