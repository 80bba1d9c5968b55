/*
 * What the tests of the header block have in common: decisions of several
 * policies, memory that ends at a page that cannot be touched, and one way to
 * run a block from first byte to last.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HEADER_KIT_H
#define HEADER_KIT_H

/* Fuzzers bring assertions of their own. */
#ifndef FUZZ_H
#include "unit.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cors/decide.h"
#include "cors/header_block.h"

/* What the policy says and who asks. */
enum kit_case {
	KIT_NONE,      /* no policy covers the request */
	KIT_LIST,      /* an origin of the list asks; expose x-total */
	KIT_DENIED,    /* one that is not in it */
	KIT_NO_ORIGIN, /* nobody */
	KIT_ANY,       /* origins = * */
	KIT_ANY_ALL,   /* and expose = * */
	KIT_CRED,      /* with credentials, expose = x-total */
	KIT_CRED_ALL,  /* with credentials, expose = * */
	KIT_KEEP,      /* app-headers = keep */
	KIT_TIMING,    /* timing = same */
	KIT_FORWARD,   /* preflight = forward, passed */
	KIT_REFUSED,   /* preflight = forward, refused */
	KIT_CASES
};

struct kit {
	struct arena *arena;
	struct request request[KIT_CASES];
	struct cors_decision decision[KIT_CASES];
};

static const struct cors_decision *
kit_decision(const struct kit *kit, enum kit_case which)
{
	return which == KIT_NONE ? NULL : &kit->decision[which];
}

static void
kit_policy(struct kit *kit, enum kit_case which, struct policy_spec *spec,
	   char *const *variables)
{
	static const struct slice expose[] = {{"x-total", 7}};
	static struct origin_pattern origins[KIT_CASES];
	struct slice text = SLICE("https://a.com");

	assert_int_equal(origin_pattern_parse(text, &origins[which]),
			 ORIGIN_FAULT_NONE);
	spec->max_age = -1;
	spec->preflight_status = 204;
	if (!spec->any_origin) {
		spec->origins = &origins[which];
		spec->origin_count = 1;
	}
	if (!spec->expose.any)
		spec->expose = (struct name_list){expose, 1, false};
	struct policy_set *set = policy_set_build(kit->arena, spec, 1);
	assert_non_null(set);
	request_read(&kit->request[which], variables);
	decide_by_policy(set->policies[0], &kit->request[which], NULL,
		    &kit->decision[which]);
}

static void
kit_open(struct kit *kit)
{
	static char get[] = "REQUEST_METHOD=GET";
	static char options[] = "REQUEST_METHOD=OPTIONS";
	static char a_com[] = "HTTP_ORIGIN=https://a.com";
	static char b_com[] = "HTTP_ORIGIN=https://b.com";
	static char asked[] = "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT";
	static char *const allowed[] = {get, a_com, NULL};
	static char *const denied[] = {get, b_com, NULL};
	static char *const none[] = {get, NULL};
	static char *const preflight[] = {options, a_com, asked, NULL};
	static const struct slice put[] = {{"PUT", 3}};
	static struct policy_spec specs[KIT_CASES];

	kit->arena = arena_new();
	assert_non_null(kit->arena);
	kit_policy(kit, KIT_LIST, &specs[KIT_LIST], allowed);
	kit_policy(kit, KIT_DENIED, &specs[KIT_DENIED], denied);
	kit_policy(kit, KIT_NO_ORIGIN, &specs[KIT_NO_ORIGIN], none);
	specs[KIT_ANY].any_origin = true;
	kit_policy(kit, KIT_ANY, &specs[KIT_ANY], allowed);
	specs[KIT_ANY_ALL].any_origin = true;
	specs[KIT_ANY_ALL].expose.any = true;
	kit_policy(kit, KIT_ANY_ALL, &specs[KIT_ANY_ALL], none);
	specs[KIT_CRED].credentials = true;
	kit_policy(kit, KIT_CRED, &specs[KIT_CRED], allowed);
	specs[KIT_CRED_ALL].credentials = true;
	specs[KIT_CRED_ALL].expose.any = true;
	kit_policy(kit, KIT_CRED_ALL, &specs[KIT_CRED_ALL], allowed);
	specs[KIT_KEEP].keep_app_headers = true;
	kit_policy(kit, KIT_KEEP, &specs[KIT_KEEP], allowed);
	specs[KIT_TIMING].timing = TIMING_SAME;
	kit_policy(kit, KIT_TIMING, &specs[KIT_TIMING], allowed);
	specs[KIT_FORWARD].forward_preflight = true;
	specs[KIT_FORWARD].methods = (struct name_list){put, 1, false};
	kit_policy(kit, KIT_FORWARD, &specs[KIT_FORWARD], preflight);
	specs[KIT_REFUSED].forward_preflight = true;
	kit_policy(kit, KIT_REFUSED, &specs[KIT_REFUSED], preflight);
}

static inline void
kit_close(struct kit *kit)
{
	arena_free(kit->arena);
}

/* Memory whose last byte lies before a page that cannot be touched. */
struct fenced {
	char *pages;
	size_t size; /* of the pages, without the fence */
};

static void
fenced_open(struct fenced *f, size_t cap)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	f->size = (cap + page) / page * page;
	f->pages = mmap(NULL, f->size + page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f->pages != MAP_FAILED);
	assert_int_equal(mprotect(f->pages + f->size, page, PROT_NONE), 0);
}

/* The last len bytes before the fence. */
static char *
fenced_end(const struct fenced *f, size_t len)
{
	return f->pages + f->size - len;
}

static void
fenced_close(struct fenced *f)
{
	(void)munmap(f->pages, f->size + (size_t)sysconf(_SC_PAGESIZE));
}

/* All that comes of a block. */
struct result {
	enum header_state state;
	enum header_fault fault;
	unsigned notes;
	int status;
	bool local;
	size_t len;  /* of out */
	size_t body; /* where the body begins in out */
	char out[1 << 18];
};

static int
kit_emit(void *ctx, struct slice piece)
{
	struct result *result = ctx;

	if (result->len + piece.len > sizeof(result->out))
		return -1;
	memcpy(result->out + result->len, piece.ptr, piece.len);
	result->len += piece.len;
	return 0;
}

/*
 * Run text through a block whose buffer has cap bytes, in steps as next gives
 * them (each at least 1), to its end.
 */
static void
kit_run(struct slice text, size_t cap, const struct header_options *options,
	const struct cors_decision *decision, size_t (*next)(void *), void *ctx,
	struct result *result)
{
	struct fenced buffer, input;
	struct header_block block;
	size_t at = 0, used;

	fenced_open(&buffer, cap);
	fenced_open(&input, text.len);
	memset(result, 0, offsetof(struct result, out));
	header_init(&block, fenced_end(&buffer, cap), cap, options);
	while (at < text.len && block.state == HEADER_MORE) {
		size_t step = next(ctx);
		if (step > text.len - at)
			step = text.len - at;
		char *piece = fenced_end(&input, step);
		memcpy(piece, text.ptr + at, step);
		(void)header_feed(&block, piece, step, &used);
		assert_true(used <= step);
		assert_true(block.state != HEADER_MORE || used == step);
		at += used;
	}
	if (block.state == HEADER_MORE)
		(void)header_end(&block);
	result->state = block.state;
	result->fault = block.fault;
	result->notes = block.notes;
	if (block.state == HEADER_DONE) {
		struct slice early = header_early_body(&block);
		result->status = header_status(&block);
		result->local = header_is_local_redirect(&block);
		assert_int_equal(
		    header_write(&block, decision, kit_emit, result), 0);
		result->body = result->len;
		assert_int_equal(kit_emit(result, early), 0);
		assert_int_equal(kit_emit(result, slice_after(text, at)), 0);
	}
	fenced_close(&buffer);
	fenced_close(&input);
}

static size_t
kit_whole(void *ctx)
{
	(void)ctx;
	return SIZE_MAX;
}

static size_t
kit_byte(void *ctx)
{
	(void)ctx;
	return 1;
}

/* xorshift64: the same numbers on every machine. */
static uint64_t
kit_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline size_t
kit_some(void *ctx)
{
	return 1 + (size_t)(kit_random(ctx) % 9);
}

static void
kit_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->fault, b->fault);
	assert_int_equal(a->notes, b->notes);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->local, b->local);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->body, b->body);
	assert_memory_equal(a->out, b->out, a->len);
}

#endif
