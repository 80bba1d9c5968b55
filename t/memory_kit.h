/*
 * Allocations that fail when a test needs it, in a program that is linked with
 * $(memory_kit_wraps) of t/local.mk.  Included once.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef MEMORY_KIT_H
#define MEMORY_KIT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"

/* Allocations until one fails; -1: it has failed, or none will. */
static long until = -1;

/* Shall all those after it fail, too? */
static bool lasting;

static bool
fails(void)
{
	if (until < 0 ? !lasting : until-- != 0)
		return false;
	errno = ENOMEM;
	return true;
}

/* The linker sends the calls of corswrap's code here (t/local.mk). */
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_arena_alloc(struct arena *, size_t);
void *__real_arena_array(struct arena *, size_t, size_t);
struct slice __real_arena_slice(struct arena *, struct slice);
char *__real_arena_text(struct arena *, struct slice);
struct slice __real_arena_lower(struct arena *, struct slice);
char *__real_arena_join(struct arena *, const struct slice *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_arena_alloc(struct arena *, size_t);
void *__wrap_arena_array(struct arena *, size_t, size_t);
struct slice __wrap_arena_slice(struct arena *, struct slice);
char *__wrap_arena_text(struct arena *, struct slice);
struct slice __wrap_arena_lower(struct arena *, struct slice);
char *__wrap_arena_join(struct arena *, const struct slice *, size_t);

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

/* An arena fails by itself, so that it knows of it (arena_failed). */
#define TOO_LONG slice_of("", SIZE_MAX)

void *
__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return __real_arena_alloc(arena, fails() ? SIZE_MAX : size);
}

void *
__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
	return __real_arena_array(arena, fails() ? SIZE_MAX : count, size);
}

struct slice
__wrap_arena_slice(struct arena *arena, struct slice text)
{
	return __real_arena_slice(arena, fails() ? TOO_LONG : text);
}

char *
__wrap_arena_text(struct arena *arena, struct slice text)
{
	return __real_arena_text(arena, fails() ? TOO_LONG : text);
}

struct slice
__wrap_arena_lower(struct arena *arena, struct slice text)
{
	return __real_arena_lower(arena, fails() ? TOO_LONG : text);
}

char *
__wrap_arena_join(struct arena *arena, const struct slice *parts, size_t count)
{
	const struct slice too_long = TOO_LONG;

	if (fails())
		return __real_arena_join(arena, &too_long, 1);
	return __real_arena_join(arena, parts, count);
}

#endif
