/*
 * Memory that is allocated piece by piece and freed as a whole.
 *
 * A loaded policy is in one arena.  No part of it is freed separately, so no
 * pointer into a policy can dangle while the policy is in use.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ARENA_H
#define ARENA_H

#include "base/slice.h"

struct arena;

/* A new, empty arena; NULL: out of memory.  Free it with arena_free. */
struct arena *arena_new(void);
/* Free the arena and everything allocated from it.  NULL is allowed. */
void arena_free(struct arena *);

/* Has an allocation from it failed?  Then a part of what was built in it may be
 * missing, even if it looks whole: check this before it is used. */
bool arena_failed(const struct arena *);

/*
 * size bytes, zeroed and aligned for any type; owned by the arena.  NULL: out
 * of memory (errno ENOMEM).  Size 0 gives a valid, unique pointer.
 */
void *arena_alloc(struct arena *, size_t size);
/* count * size bytes, checked for overflow; else as arena_alloc. */
void *arena_array(struct arena *, size_t count, size_t size);
/* A NUL-terminated copy of the slice, owned by the arena; NULL: out of memory
 * (errno ENOMEM). */
char *arena_text(struct arena *, struct slice);
/* The same for the concatenation of the slices. */
char *arena_join(struct arena *, const struct slice *, size_t count);
/* A copy of the slice, followed by a NUL.  The copy of an absent slice is
 * empty, not absent.  Absent: out of memory. */
struct slice arena_slice(struct arena *, struct slice);
/* The same, with A to Z in lower case. */
struct slice arena_lower(struct arena *, struct slice);

#endif
