/*
 * A table from text to a number: the different values in a log.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

#include "base/arena.h"

struct tally {
	struct arena *arena;
	struct slice *keys; /* in the order of first occurrence */
	size_t count;
	size_t room;
	uint32_t *slots; /* 0: empty, else the key's place plus 1 */
	size_t slot_count;
};

#define TALLY_NONE ((size_t)-1)

/* The place of the key in keys[]; a new key is copied and added.  TALLY_NONE:
 * memory is out.  *added: it was new; may be NULL. */
size_t tally_place(struct tally *, struct slice key, bool *added);
/* How often a key occurred. */
struct tally_rank {
	uint64_t count;
	size_t place;
};

/* The most frequent first, equals in the order of first occurrence. */
void tally_sort(struct tally_rank *, size_t count);

/* Free the memory that is not in the arena.  Not the tally itself. */
void tally_free(struct tally *);

#endif
