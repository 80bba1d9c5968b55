/*
 * The beginning of a request and management records: the same however they are
 * split into reads, and the same as by a simple decoder.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_request.h"

#include "fastcgi/params.h"

struct result {
	enum params_event event;
	size_t at;	/* bytes that were taken */
	size_t replies; /* bytes of them */
	struct params params;
};

/* A whole reply of one record. */
static void
check_reply(const struct params *p)
{
	struct fcgi_header h = fcgi_header_get(p->reply);
	const unsigned char *at = p->reply + FCGI_HEADER_LEN;
	size_t left = h.content;
	struct plain_pair pair;
	int more;

	CHECK(p->reply_len <= PARAMS_REPLY_MAX);
	CHECK(p->reply_len == FCGI_HEADER_LEN + h.content + h.padding);
	CHECK(h.version == FCGI_VERSION_1);
	if (h.type != FCGI_GET_VALUES_RESULT) {
		CHECK(h.type == FCGI_UNKNOWN_TYPE ||
		      (h.type == FCGI_END_REQUEST && h.id != p->id));
		return;
	}
	while ((more = plain_pair(&at, &left, &pair)) > 0)
		CHECK(slice_starts(pair.name, SLICE("FCGI_M")));
	CHECK(more == 0 && h.id == 0);
}

/* In reads of so many bytes; bytes that were not taken are passed again. */
static void
parse(const uint8_t *data, size_t size, size_t step, struct result *r)
{
	size_t have = 0, used;

	params_init(&r->params);
	r->at = r->replies = 0;
	do {
		have = size - have < step ? size : have + step;
		do {
			r->event = params_parse(&r->params, 32, data + r->at,
						have - r->at, &used);
			CHECK(used <= have - r->at);
			r->at += used;
			if (r->event == PARAMS_REPLY) {
				check_reply(&r->params);
				r->replies += r->params.reply_len;
			}
		} while (r->event == PARAMS_REPLY);
		/* The number of bytes to keep is limited. */
		if (r->event == PARAMS_MORE)
			CHECK(have - r->at < PARAMS_INPUT);
	} while (r->event == PARAMS_MORE && have < size);
}

static void
check_same(const struct result *a, const struct result *b)
{
	CHECK(a->event == b->event && a->replies == b->replies);
	if (a->event != PARAMS_READY)
		return;
	CHECK(a->at == b->at && a->params.skip == b->params.skip);
	CHECK(a->params.id == b->params.id && a->params.keep == b->params.keep);
	CHECK(a->params.count == b->params.count);
	CHECK(a->params.used == b->params.used);
	CHECK(memcmp(a->params.text, b->params.text, a->params.used) == 0);
}

static void
check_ready(const uint8_t *data, size_t size, const struct params *got)
{
	static struct plain_request plain;
	struct plain_pair pair;
	const unsigned char *p;
	size_t start, left, n = 0, used = 0;
	unsigned id = 0;
	bool clean;
	int more;

	start = plain_begin(data, size, &id, &clean);
	CHECK(start > 0 && id == got->id);
	plain_records(data + start, size - start, id, &plain);
	CHECK(plain.params_ended);
	p = plain.params;
	left = plain.params_len;
	while ((more = plain_pair(&p, &left, &pair)) > 0) {
		CHECK(got->list[n++] == got->text + used);
		used += pair.name.len + 1 + pair.value.len;
		CHECK(got->text[used] == '\0');
		CHECK(memchr(got->list[n - 1], '\0', PARAMS_BYTES) ==
		      got->text + used++);
	}
	CHECK(more == 0 && n == got->count && used == got->used);
	CHECK(got->list[n] == NULL);
	CHECK(n <= PARAMS_COUNT && used <= PARAMS_BYTES);
}

FUZZ_TARGET(params)
{
	static struct result whole, cut;

	parse(data, size, SIZE_MAX, &whole);
	for (size_t step = 1; step < 12 && step < size; step += 4) {
		parse(data, size, step, &cut);
		check_same(&whole, &cut);
	}
	if (whole.event == PARAMS_READY && size < PLAIN_BYTES)
		check_ready(data, size, &whole.params);
	return 0;
}
