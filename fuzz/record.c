/*
 * Records of a FastCGI application: whole, byte by byte, and by a simple
 * decoder; and the request that we make from variables, read by the
 * responder's own reader.  The first byte selects which.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "fastcgi/params.h"
#include "fastcgi/record.h"

enum { ANSWER_MAX = 65536 };

struct answer {
	size_t out_len, err_len;
	enum record_event end; /* END, BAD or MORE */
	uint32_t app;
	unsigned protocol;
	char out[ANSWER_MAX];
	char err[ANSWER_MAX];
};

static void
read_answer(struct slice data, size_t step, struct answer *a)
{
	struct record_reader reader;
	size_t at = 0;

	memset(a, 0, offsetof(struct answer, out));
	record_reader_init(&reader);
	a->end = RECORD_MORE;
	while (at < data.len && a->end == RECORD_MORE) {
		size_t len = data.len - at < step ? data.len - at : step, used;
		struct slice piece;
		enum record_event event =
		    record_read(&reader, data.ptr + at, len, &used, &piece);
		CHECK(used <= len);
		at += used;
		if (event == RECORD_STDOUT || event == RECORD_STDERR) {
			bool out = event == RECORD_STDOUT;
			size_t *n = out ? &a->out_len : &a->err_len;
			CHECK(piece.len > 0 && piece.len <= used);
			memcpy((out ? a->out : a->err) + *n, piece.ptr,
			       piece.len);
			*n += piece.len;
		} else if (event != RECORD_MORE) {
			a->end = event;
		} else {
			CHECK(used == len);
		}
		CHECK(record_output_left(&reader) <= FCGI_MAX_LENGTH);
	}
	if (a->end == RECORD_END) {
		a->app = reader.app_status;
		a->protocol = reader.protocol_status;
	}
}

/* By the specification, from complete or partial records. */
static void
plain_answer(struct slice data, struct answer *a)
{
	const unsigned char *p = (const unsigned char *)data.ptr;
	size_t left = data.len;

	memset(a, 0, offsetof(struct answer, out));
	a->end = RECORD_MORE;
	while (left >= FCGI_HEADER_LEN) {
		size_t id = (size_t)p[2] << 8 | p[3];
		size_t content = (size_t)p[4] << 8 | p[5], padding = p[6];
		unsigned type = p[1];
		bool known = id == 0   ? type == 10 || type == 11
			     : id == 1 ? type == 6 || type == 7 ||
					     (type == 3 && content >= 8)
				       : false;
		if (p[0] != 1 || !known) {
			a->end = RECORD_BAD;
			return;
		}
		p += FCGI_HEADER_LEN;
		left -= FCGI_HEADER_LEN;
		size_t there = content < left ? content : left;
		if (id == 1 && type == 6) {
			memcpy(a->out + a->out_len, p, there);
			a->out_len += there;
		} else if (id == 1 && type == 7) {
			memcpy(a->err + a->err_len, p, there);
			a->err_len += there;
		}
		if (content + padding > left)
			return;
		if (id == 1 && type == 3) {
			a->end = RECORD_END;
			a->app = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
				 (uint32_t)p[2] << 8 | p[3];
			a->protocol = p[4];
			return;
		}
		p += content + padding;
		left -= content + padding;
	}
}

static void
same(const struct answer *a, const struct answer *b)
{
	CHECK(a->end == b->end);
	CHECK(a->out_len == b->out_len && a->err_len == b->err_len);
	CHECK(memcmp(a->out, b->out, a->out_len) == 0);
	CHECK(memcmp(a->err, b->err, a->err_len) == 0);
	CHECK(a->app == b->app && a->protocol == b->protocol);
}

/* Output that bypasses the reader. */
static void
check_skip(struct slice data)
{
	struct record_reader reader;
	struct slice piece;
	size_t at = 0, used;

	record_reader_init(&reader);
	while (at < data.len) {
		size_t left = record_output_left(&reader);
		if (left > data.len - at)
			left = data.len - at;
		if (left > 0) {
			record_skip(&reader, left);
			at += left;
			continue;
		}
		enum record_event event =
		    record_read(&reader, data.ptr + at, 1, &used, &piece);
		at += used;
		CHECK(event != RECORD_STDOUT);
		if (event == RECORD_END || event == RECORD_BAD)
			return;
	}
}

static void
check_request(struct slice rest)
{
	static struct params params;
	char *variables[FUZZ_VARIABLES_MAX + 1];
	size_t bytes = 0, used, n = fuzz_variables(&rest, variables);
	size_t size = record_request_size(variables, 0);
	unsigned char *out = malloc(size);

	CHECK(out != NULL);
	for (size_t i = 0; i < n; i++)
		bytes += strlen(variables[i]) + 2;
	/* The caller adds the end of STDIN. */
	CHECK(record_request_put(out, variables, true) ==
	      size - FCGI_HEADER_LEN);
	params_init(&params);
	enum params_event event =
	    params_parse(&params, 32, out, size - FCGI_HEADER_LEN, &used);
	/* Those without '=' are left out. */
	CHECK(event == PARAMS_READY
		  ? used == size - FCGI_HEADER_LEN
		  : event == PARAMS_LARGE && bytes > PARAMS_BYTES);
	CHECK(params.keep);
	free(out);
	fuzz_variables_free(variables);
}

FUZZ_TARGET(record)
{
	static struct answer whole, bytes, plain;
	struct slice rest = fuzz_slice(data, size);

	if (fuzz_byte(&rest) % 2 != 0) {
		check_request(rest);
		return 0;
	}
	read_answer(rest, SIZE_MAX, &whole);
	read_answer(rest, 1, &bytes);
	plain_answer(rest, &plain);
	same(&whole, &bytes);
	same(&whole, &plain);
	check_skip(rest);
	return 0;
}
