/*
 * Memory that is built up piece by piece and freed as a whole.
 *
 * A loaded policy lives in one arena: nothing in it is freed by itself, so no
 * pointer into a policy can dangle while the policy is in use.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ARENA_H
#define ARENA_H

#include "base/slice.h"

struct arena;

/* A new, empty arena, or NULL when memory is out.  Free with arena_free. */
struct arena *arena_new(void);
/* Free the arena and all that was allocated from it.  NULL is allowed. */
void arena_free(struct arena *);

/*
 * size bytes, zeroed and aligned for any type; owned by the arena.  NULL: out
 * of memory (errno ENOMEM).  Size 0 gives a valid, unique pointer.
 */
void *arena_alloc(struct arena *, size_t size);
/* count * size bytes, checked for overflow; else as arena_alloc. */
void *arena_array(struct arena *, size_t count, size_t size);
/* A NUL-terminated copy of the slice, owned by the arena; NULL: no memory. */
char *arena_text(struct arena *, struct slice);
/* The slices joined, as arena_text. */
char *arena_join(struct arena *, const struct slice *, size_t count);
/* A copy of the slice (NUL-terminated behind its end); absent: no memory. */
struct slice arena_slice(struct arena *, struct slice);
/* The same with A to Z in lower case. */
struct slice arena_lower(struct arena *, struct slice);

#endif
