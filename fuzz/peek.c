/*
 * The beginning of a connection, looked at however much of it is there, and
 * management records, against the plain decoder.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_request.h"

#include "fastcgi/params.h"

/* Once something is known of a beginning, more bytes do not change it. */
static void
check_prefixes(const uint8_t *data, size_t size, const struct peek *whole)
{
	enum peek_state before = PEEK_MORE;
	size_t step = size > 512 ? size / 256 : 1;

	for (size_t len = 0; len < size; len += step) {
		/* Flush with the end, so that a look too far is seen. */
		struct peek k = peek_look(data, len);
		CHECK(k.used <= len || k.state == PEEK_MORE);
		if (before != PEEK_MORE)
			CHECK(k.state == before);
		before = k.state;
	}
	if (before != PEEK_MORE)
		CHECK(whole->state == before);
}

static void
check_ready(const uint8_t *data, size_t size, const struct peek *k)
{
	static struct plain_request plain;
	const unsigned char *p;
	struct plain_pair pair;
	size_t left, count = 0, total = 0, nuls = 0;
	int more;

	CHECK(k->begun && size > WIRE_HEADER + WIRE_BODY);
	p = data + WIRE_HEADER + WIRE_BODY;
	plain_records(p, size - WIRE_HEADER - WIRE_BODY, k->id, &plain);
	CHECK(plain.params_ended);
	p = plain.params;
	left = plain.params_len;
	while ((more = plain_pair(&p, &left, &pair)) > 0) {
		total += pair.name.len + pair.value.len + 2;
		/* The name and its value lie together. */
		if (pair.name.len + pair.value.len > 0 &&
		    memchr(pair.name.ptr, '\0',
			   pair.name.len + pair.value.len) != NULL) {
			CHECK(nuls < k->nul_count);
			CHECK(k->nul[nuls].index == count);
			CHECK(k->nul[nuls++].len ==
			      pair.name.len + pair.value.len + 1);
		}
		count++;
	}
	CHECK(more == 0 && nuls == k->nul_count);
	CHECK(count <= WIRE_PARAMETERS && total <= WIRE_PARAMETERS_BYTES);
	if (k->body_ended)
		CHECK(plain.body_ended);
}

static void
check_answer(const uint8_t *data, const struct peek *k)
{
	unsigned char answer[PEEK_ANSWER_MAX];
	size_t len = peek_answer(data, k->used, 32, answer);
	struct wire_header h = wire_header_get(answer);
	const unsigned char *p = answer + WIRE_HEADER;
	size_t left = h.content;
	struct plain_pair pair;
	int more = 0;

	CHECK(len >= WIRE_HEADER && len <= sizeof(answer));
	CHECK(len == WIRE_HEADER + h.content + h.padding && h.id == 0);
	if (data[1] != WIRE_GET_VALUES) {
		CHECK(h.type == WIRE_UNKNOWN_TYPE && p[0] == data[1]);
		return;
	}
	CHECK(h.type == WIRE_GET_VALUES_RESULT);
	while ((more = plain_pair(&p, &left, &pair)) > 0)
		CHECK(slice_starts(pair.name, SLICE("FCGI_M")));
	CHECK(more == 0);
}

FUZZ_TARGET(peek)
{
	struct peek k = peek_look(data, size);

	check_prefixes(data, size, &k);
	if (k.state == PEEK_READY && size < PLAIN_BYTES)
		check_ready(data, size, &k);
	if (k.state == PEEK_MANAGEMENT) {
		CHECK(k.used <= size);
		check_answer(data, &k);
	}
	return 0;
}
