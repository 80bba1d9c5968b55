/*
 * Memory freed as a whole: a chain of blocks.  Each is twice as large as the
 * previous one, up to a limit, so that a policy of a million origins needs only
 * a few hundred calls of calloc and free.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

enum { BLOCK_FIRST = 4096, BLOCK_MAX = 1 << 20, ALIGN = alignof(max_align_t) };

struct block {
	struct block *next;
	size_t cap;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *head; /* the block that is being filled */
	bool failed;
};

struct arena *
arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void
arena_free(struct arena *arena)
{
	struct block *next;

	if (arena == NULL)
		return;
	for (struct block *block = arena->head; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

bool
arena_failed(const struct arena *arena)
{
	return arena->failed;
}

static void *
out_of_memory(struct arena *arena)
{
	arena->failed = true;
	errno = ENOMEM;
	return NULL;
}

/* calloc need not clear new pages: they are zero, and cost nothing until they
 * are used. */
static struct block *
block_new(struct arena *arena, size_t cap)
{
	struct block *block = NULL;

	if (cap <= PTRDIFF_MAX - sizeof(struct block))
		block = calloc(1, sizeof(*block) + cap);
	if (block == NULL)
		return out_of_memory(arena);
	block->cap = cap;
	return block;
}

/*
 * A block with room for size bytes.  A large piece gets a block of its own,
 * linked behind the head, so that the free rest of the head stays in use.
 */
static struct block *
block_add(struct arena *arena, size_t size)
{
	size_t cap = BLOCK_FIRST;

	if (arena->head != NULL)
		cap = arena->head->cap < BLOCK_MAX / 2 ? arena->head->cap * 2
						       : BLOCK_MAX;
	bool alone = size > cap / 2 && arena->head != NULL;
	struct block *block =
	    block_new(arena, alone || size > cap ? size : cap);
	if (block == NULL)
		return NULL;
	if (alone) {
		block->next = arena->head->next;
		arena->head->next = block;
	} else {
		block->next = arena->head;
		arena->head = block;
	}
	return block;
}

static void *
allocate(struct arena *arena, size_t size, size_t align)
{
	struct block *block = arena->head;
	size_t start = 0;

	if (block != NULL)
		start = (block->used + align - 1) & ~(align - 1);
	if (block == NULL || start > block->cap || block->cap - start < size) {
		block = block_add(arena, size);
		if (block == NULL)
			return NULL;
		start = 0;
	}
	block->used = start + size;
	return block->bytes + start;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	/* At least one byte, so that the pointer is unique. */
	return allocate(arena, size == 0 ? 1 : size, ALIGN);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return out_of_memory(arena);
	return arena_alloc(arena, count * size);
}

char *
arena_join(struct arena *arena, const struct slice *parts, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].len >= SIZE_MAX - len)
			return out_of_memory(arena);
		len += parts[i].len;
	}
	char *text = allocate(arena, len + 1, 1), *end = text;
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		/* The empty slice may have no address (C11, 7.24.1). */
		if (parts[i].len > 0)
			memcpy(end, parts[i].ptr, parts[i].len);
		end += parts[i].len;
	}
	*end = '\0';
	return text;
}

char *
arena_text(struct arena *arena, struct slice text)
{
	return arena_join(arena, &text, 1);
}

struct slice
arena_slice(struct arena *arena, struct slice text)
{
	char *copy = arena_text(arena, text);

	return copy == NULL ? SLICE_NONE : slice_of(copy, text.len);
}

struct slice
arena_lower(struct arena *arena, struct slice text)
{
	char *copy = arena_text(arena, text);

	return copy == NULL ? SLICE_NONE
			    : text_lower(copy, slice_of(copy, text.len));
}
