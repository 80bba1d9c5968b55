/*
 * A FastCGI request by a plain decoder: records are put together first, then
 * pairs are read.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PLAIN_REQUEST_H
#define PLAIN_REQUEST_H

#include "fuzz.h"

#include "fastcgi/protocol.h"

enum { PLAIN_BYTES = 65536 };

struct plain_request {
	size_t params_len;
	size_t body_len;
	bool params_ended;
	bool body_ended;
	bool aborted;
	bool others;	 /* a record that belongs to something else */
	bool managed;	 /* a management record */
	bool end_padded; /* the record that ends the parameters is padded */
	size_t used;	 /* bytes up to where this stopped */
	unsigned char params[PLAIN_BYTES];
	unsigned char body[PLAIN_BYTES];
};

/* Where the records after the first BEGIN_REQUEST begin, if that is valid
 * and only management records and aborts are before it; 0: there is none.
 * *clean: it is the first record, and unpadded. */
static size_t
plain_begin(const unsigned char *p, size_t left, unsigned *id, bool *clean)
{
	const unsigned char *start = p;

	while (left >= FCGI_HEADER_LEN) {
		struct fcgi_header h = fcgi_header_get(p);
		size_t size = FCGI_HEADER_LEN + h.content + h.padding;

		if (h.version != FCGI_VERSION_1 || size > left)
			return 0;
		*id = h.id;
		*clean = p == start && h.padding == 0;
		p += size;
		left -= size;
		if (h.type == FCGI_BEGIN_REQUEST)
			return (size_t)(p - start);
	}
	return 0;
}

/* The records after a valid BEGIN_REQUEST with this id. */
static void
plain_records(const unsigned char *p, size_t left, unsigned id,
	      struct plain_request *out)
{
	memset(out, 0, offsetof(struct plain_request, params));
	while (left >= FCGI_HEADER_LEN && !out->body_ended && !out->aborted) {
		struct fcgi_header h = fcgi_header_get(p);
		size_t size = FCGI_HEADER_LEN + h.content + h.padding;
		bool params = h.type == FCGI_PARAMS && !out->params_ended;
		bool body = h.type == FCGI_STDIN && out->params_ended;

		if (h.version != FCGI_VERSION_1)
			return;
		out->managed = out->managed || h.id == 0;
		/* The end counts before its padding has arrived. */
		if (h.id == id && params && h.content == 0) {
			out->params_ended = true;
			out->end_padded = h.padding > 0;
		}
		if (h.id == id && body && h.content == 0)
			out->body_ended = true;
		if (size > left && h.id == id && body) {
			/* The received part is passed on. */
			size_t there = left - FCGI_HEADER_LEN;
			if (there > h.content)
				there = h.content;
			memcpy(out->body + out->body_len, p + FCGI_HEADER_LEN,
			       there);
			out->body_len += there;
		}
		if (size > left) {
			/* An end without all of its padding may count or
			 * not. */
			out->others =
			    out->others || h.id != id || out->body_ended;
			return;
		}
		if (h.id == id && params) {
			memcpy(out->params + out->params_len,
			       p + FCGI_HEADER_LEN, h.content);
			out->params_len += h.content;
		} else if (h.id == id && body) {
			memcpy(out->body + out->body_len, p + FCGI_HEADER_LEN,
			       h.content);
			out->body_len += h.content;
		} else if (h.id == id && h.type == FCGI_ABORT_REQUEST) {
			out->aborted = true;
		} else {
			out->others = true;
		}
		p += size;
		left -= size;
		out->used += size;
	}
}

/* A length of one byte or four; false: not there. */
static bool
plain_length(const unsigned char **p, size_t *left, size_t *out)
{
	size_t n = *left > 0 && (**p & 0x80) != 0 ? 4 : 1;

	if (*left < n)
		return false;
	*out = n == 1 ? (*p)[0]
		      : (size_t)((*p)[0] & 0x7f) << 24 | (size_t)(*p)[1] << 16 |
			    (size_t)(*p)[2] << 8 | (*p)[3];
	*p += n;
	*left -= n;
	return true;
}

struct plain_pair {
	struct slice name;
	struct slice value;
};

/* The next pair; 1, 0 at the end, -1: cut short. */
static int
plain_pair(const unsigned char **p, size_t *left, struct plain_pair *pair)
{
	size_t name, value;

	if (*left == 0)
		return 0;
	if (!plain_length(p, left, &name) || !plain_length(p, left, &value) ||
	    name > *left || value > *left - name)
		return -1;
	pair->name = slice_of((const char *)*p, name);
	pair->value = slice_of((const char *)*p + name, value);
	*p += name + value;
	*left -= name + value;
	return 1;
}

#endif
