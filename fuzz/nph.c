/*
 * The header block of an nph- response, whole and byte by byte.  It comes from
 * the rewriter, so its line ends are correct.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "serve/cgi_io.h"

struct answer {
	size_t len;
	size_t body; /* where it begins in the input */
	bool whole;
	char bytes[1 << 17];
};

static int
emit(void *ctx, struct slice piece)
{
	struct answer *a = ctx;

	CHECK(piece.len <= sizeof(a->bytes) - a->len);
	memcpy(a->bytes + a->len, piece.ptr, piece.len);
	a->len += piece.len;
	return 0;
}

static void
run(struct slice text, size_t step, struct answer *a)
{
	struct cgi_sink *sink = calloc(1, sizeof(*sink));
	size_t used;

	CHECK(sink != NULL);
	sink->nph = true;
	sink->protocol = "HTTP/1.1";
	a->len = a->body = 0;
	while (a->body < text.len && sink->nph) {
		size_t left = text.len - a->body;
		CHECK(nph_feed(sink, text.ptr + a->body,
			       left < step ? left : step, &used) == 0);
		CHECK(used <= left && (used > 0 || !sink->nph));
		a->body += used;
	}
	a->whole = !sink->nph;
	if (a->whole)
		CHECK(nph_write(sink, emit, a) == 0);
	free(sink->head);
	free(sink);
}

FUZZ_TARGET(nph)
{
	static struct answer whole, bytes;
	static char lines[2 * 16384];
	struct slice text = slice_of(lines, 0);

	for (size_t i = 0; i < size && text.len + 2 < sizeof(lines); i++) {
		if (data[i] == '\r')
			continue;
		if (data[i] == '\n')
			lines[text.len++] = '\r';
		lines[text.len++] = (char)data[i];
	}

	run(text, SIZE_MAX, &whole);
	run(text, 1, &bytes);
	CHECK(whole.whole == bytes.whole && whole.body == bytes.body);
	CHECK(whole.len == bytes.len &&
	      memcmp(whole.bytes, bytes.bytes, whole.len) == 0);
	if (!whole.whole)
		return 0;
	CHECK(memcmp(whole.bytes, "HTTP/1.1 ", 9) == 0);
	CHECK(memmem(whole.bytes, whole.len, "\r\n\r\n", 4) ==
	      whole.bytes + whole.len - 4);
	return 0;
}
