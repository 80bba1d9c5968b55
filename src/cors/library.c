/*
 * The functions of cors.h for requests.  The files that corswrap uses do the
 * work; this file provides the memory that they leave to the caller.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/library.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/text.h"
#include "cors/header_block.h"
#include "cors/names.h"
#include "cors/own_response.h"
#include "cors/path.h"

enum state { STATE_UNDECIDED, STATE_NO_MEMORY, STATE_DECIDED };

struct cors_request {
	enum state state;
	struct request request;
	struct cors_decision decision;
	struct regex_scratch *scratch;
	char *path; /* the normalized path */
	size_t path_room;
	char *block; /* for header_init */
	size_t block_room;
	char *text; /* the response that is being built */
	size_t text_length;
	size_t text_room;
};

typedef int write_call(void *ctx, const char *bytes, size_t length);
typedef int each_call(void *ctx, const char *name, size_t name_length,
		      const char *value, size_t value_length);

struct cors_request *
cors_request_new(void)
{
	return calloc(1, sizeof(struct cors_request));
}

void
cors_request_free(struct cors_request *r)
{
	if (r == NULL)
		return;
	regex_scratch_free(r->scratch);
	free(r->path);
	free(r->block);
	free(r->text);
	free(r);
}

/* ---- the decision ---- */

static int
fail(int error)
{
	errno = error;
	return -1;
}

int
cors_decide(struct cors_request *r, const struct cors_policy *policy,
	    char *const *variables)
{
	const struct policy_set *set = policy->policies;
	struct slice path = SLICE_NONE;

	request_read(&r->request, variables);
	r->state = STATE_NO_MEMORY;
	if (set->uses_paths) {
		if (buffer_need(&r->path, &r->path_room,
				path_room(&r->request)) != 0)
			return fail(ENOMEM);
		path = path_normalize(&r->request, r->path, r->path_room);
	}
	if (set->uses_regexes && r->scratch == NULL &&
	    (r->scratch = regex_scratch_new()) == NULL)
		return fail(ENOMEM);
	decide_request(set, &r->request, path, r->scratch, &r->decision);
	r->state = STATE_DECIDED;
	return 0;
}

int
cors_status(const struct cors_request *r)
{
	return r->state == STATE_DECIDED ? r->decision.status : 500;
}

const char *
cors_reason(const struct cors_request *r)
{
	const struct cors_decision *d = &r->decision;

	if (r->state == STATE_UNDECIDED)
		return "undecided";
	if (r->state == STATE_NO_MEMORY)
		return "no-memory";
	if (d->verdict == CORS_BAD_PATH)
		return "bad-path";
	if (d->verdict == CORS_BAD_HOST)
		return "bad-host";
	if (d->verdict == CORS_UNKNOWN_POLICY)
		return "unknown-policy";
	return d->policy == NULL ? "no-policy" : cors_reason_id(d->reason);
}

/* ---- building a response ---- */

static int
add_piece(void *ctx, struct slice piece)
{
	struct cors_request *r = ctx;

	if (!array_reserve(&r->text, r->text_length + piece.len, &r->text_room,
			   1))
		return -1;
	memcpy(r->text + r->text_length, piece.ptr, piece.len);
	r->text_length += piece.len;
	return 0;
}

/* Call each for every header line of the text, except those with one of the
 * `count` names in `without`.  Returns what each returned last. */
static int
each_line(const struct cors_request *r, const struct slice *without,
	  size_t count, each_call *each, void *ctx)
{
	struct slice rest = slice_of(r->text, r->text_length);
	int result = 0;

	while (result == 0 && rest.len > 0) {
		struct slice line = text_line_next(&rest);
		size_t colon = text_find(line, ':'), i = 0;
		struct slice name = slice_of(line.ptr, colon);

		if (colon == line.len)
			continue;
		while (i < count && !slice_eq_nocase(name, without[i]))
			i++;
		if (i < count)
			continue;
		struct slice value = text_trim(slice_after(line, colon + 1));
		result = each(ctx, name.ptr, name.len, value.ptr, value.len);
	}
	return result;
}

/* ---- responses of libcors ---- */

/* Write the response of libcors, or only its header lines, to the text. */
static int
make_answer(struct cors_request *r, bool body)
{
	bool head = slice_eq(r->request.method, SLICE("HEAD"));
	struct own_response own;
	size_t count;

	if (cors_status(r) == 0)
		return fail(EINVAL);
	if (r->state == STATE_DECIDED)
		own_response_make(&own, &r->decision, head);
	else
		own_response_error(&own, NULL, 500, NULL, head);
	count = body ? own.count : own.head;
	r->text_length = 0;
	for (size_t i = 0; i < count; i++)
		if (add_piece(r, own.pieces[i]) != 0)
			return fail(ENOMEM);
	return 0;
}

int
cors_answer(struct cors_request *r, write_call *write, void *ctx)
{
	if (make_answer(r, true) != 0)
		return -1;
	return write(ctx, r->text, r->text_length);
}

int
cors_answer_list(struct cors_request *r, each_call *each, void *ctx)
{
	static const struct slice without[] = {
	    {"Status", 6}, {"Content-Type", 12}, {"Content-Length", 14}};

	if (make_answer(r, false) != 0)
		return -1;
	return each_line(r, without, sizeof(without) / sizeof(*without), each,
			 ctx);
}

/* ---- responses of the program ---- */

/* Begin a block of `length` bytes, with room for line ends that are added. */
static int
begin_block(struct cors_request *r, struct header_block *block, size_t length,
	    const struct header_options *options)
{
	if (cors_status(r) != 0)
		return fail(EINVAL);
	if (buffer_need(&r->block, &r->block_room, length + 64) != 0)
		return fail(ENOMEM);
	header_init(block, r->block, r->block_room, options);
	return 0;
}

/* The block is complete: rewrite it into the text. */
static int
finish_block(struct cors_request *r, struct header_block *block)
{
	if (block->state == HEADER_MORE)
		header_end(block);
	if (block->state != HEADER_DONE)
		return fail(EBADMSG);
	r->text_length = 0;
	return header_write(block, &r->decision, add_piece, r) == 0
		   ? 0
		   : fail(ENOMEM);
}

int
cors_apply(struct cors_request *r, const char *bytes, size_t length,
	   write_call *write, void *ctx)
{
	struct slice server = r->request.server_software;
	bool apache = slice_starts(server, SLICE("Apache"));
	struct header_options options = {
	    .redirect_302 = !apache,
	    .server_redirects = apache,
	    .keep_transfer_encoding = slice_starts(server, SLICE("lighttpd")),
	};
	struct header_block block;
	size_t used;
	int result;

	if (begin_block(r, &block, length, &options) != 0)
		return -1;
	/* A block without blank line was not cut off: complete it. */
	if (header_feed(&block, bytes, length, &used) == HEADER_MORE &&
	    length > 0) {
		size_t ignored;
		header_feed(&block, "\n\n", 2, &ignored);
	}
	if (finish_block(r, &block) != 0)
		return -1;
	result = write(ctx, r->text, r->text_length);
	if (result == 0 && used < length)
		result = write(ctx, bytes + used, length - used);
	return result;
}

/* Is it a token, a colon and a value, on one line? */
static bool
is_header(struct slice line)
{
	size_t colon = text_find(line, ':');

	return colon < line.len && token_is_valid(slice_of(line.ptr, colon)) &&
	       text_find_any(line, "\r\n") == line.len;
}

/* The size of a block of these lines; 0: one of them is not a header.  *status:
 * one of them is Status. */
static size_t
measure(const char *const *headers, bool *status)
{
	size_t length = 1;

	*status = false;
	for (; *headers != NULL; headers++) {
		struct slice line = slice_from(*headers);
		if (!is_header(line))
			return 0;
		*status = *status || text_starts_nocase(line, SLICE("Status:"));
		length += line.len + 1;
	}
	return length;
}

int
cors_apply_list(struct cors_request *r, const char *const *headers,
		each_call *each, void *ctx)
{
	static const struct slice status = {"Status", 6};
	const struct slice own = SLICE("Status: 200 OK\n");
	struct header_options options = {.keep_transfer_encoding = true};
	struct header_block block;
	bool has_status;
	size_t length = measure(headers, &has_status), used;

	if (begin_block(r, &block, length + own.len, &options) != 0)
		return -1;
	if (length == 0)
		return fail(EBADMSG);
	/* Without Status, a Location would be a redirect that the server itself
	 * follows, and an empty list would not be a valid block. */
	if (!has_status)
		header_feed(&block, own.ptr, own.len, &used);
	for (; *headers != NULL; headers++) {
		header_feed(&block, *headers, strlen(*headers), &used);
		header_feed(&block, "\n", 1, &used);
	}
	header_feed(&block, "\n", 1, &used);
	if (finish_block(r, &block) != 0)
		return -1;
	return each_line(r, &status, has_status ? 0 : 1, each, ctx);
}
