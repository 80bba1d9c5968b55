/*
 * malloc for a program that handles one request and exits: only for the static
 * corswrap.cgi.
 *
 * There the C library's allocator takes a good part of the time of a preflight:
 * its groups and their bookkeeping are on separate pages, and each page fault
 * costs more than the allocation.  Here small pieces are allocated side by side
 * in the program's own memory, and are never reused; large ones are separate
 * mappings, as with other allocators, and are unmapped when they are freed.
 * One thread; nothing between clone and exec allocates (child.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
	FIRST = 64 * 1024,  /* bytes; untouched pages cost nothing */
	CHUNK = 256 * 1024, /* bytes of the next ones */
	LARGE = 32 * 1024   /* larger pieces are separate mappings */
};

/* Before every piece. */
struct head {
	alignas(max_align_t) size_t size; /* the requested size */
	size_t mapped;			  /* bytes of its own mapping, or 0 */
};

static unsigned char first[FIRST] __attribute__((aligned(64)));
static struct {
	unsigned char *at; /* NULL: nothing is allocated yet */
	size_t left;
} free_memory;

void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);

static void *
out_of_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

static unsigned char *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Make room for a small piece of need bytes.  0, or -1: no memory. */
static int
refill(size_t need)
{
	if (free_memory.at == NULL) {
		free_memory.at = first;
		free_memory.left = sizeof(first);
	}
	if (free_memory.left >= need)
		return 0;
	unsigned char *chunk = map(CHUNK);
	if (chunk == NULL)
		return -1;
	free_memory.at = chunk;
	free_memory.left = CHUNK;
	return 0;
}

/* Allocate.  All bytes are zero, because they have never been used. */
static void *
take(size_t size)
{
	size_t need = sizeof(struct head) + size;
	struct head *head;

	if (size > PTRDIFF_MAX - 4096)
		return out_of_memory();
	if (size >= LARGE) {
		need = (need + 4095) & ~(size_t)4095;
		head = (struct head *)map(need);
		if (head == NULL)
			return out_of_memory();
		head->mapped = need;
	} else {
		need = (need + alignof(max_align_t) - 1) &
		       ~(alignof(max_align_t) - 1);
		if (refill(need) != 0)
			return out_of_memory();
		head = (struct head *)free_memory.at;
		free_memory.at += need;
		free_memory.left -= need;
		head->mapped = 0;
	}
	head->size = size;
	return head + 1;
}

void *
malloc(size_t size)
{
	return take(size);
}

void *
calloc(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return out_of_memory();
	return take(count * size);
}

void
free(void *piece)
{
	struct head *head = (struct head *)piece - 1;

	if (piece != NULL && head->mapped != 0) {
		int saved = errno; /* POSIX.1-2024: free keeps it */

		(void)munmap(head, head->mapped);
		errno = saved;
	}
}

void *
realloc(void *piece, size_t size)
{
	struct head *head = (struct head *)piece - 1;
	void *fresh;

	if (piece == NULL)
		return malloc(size);
	if (size <= head->size) {
		head->size = size;
		return piece;
	}
	fresh = malloc(size);
	if (fresh == NULL)
		return NULL;
	memcpy(fresh, piece, head->size);
	free(piece);
	return fresh;
}
