/*
 * FastCGI records, client side.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fastcgi/record.h"

/* ---- the request ---- */

/* Section 3.4: lengths up to 127 are one byte, others four, the first bit set,
 * most significant byte first. */
static size_t
length_size(size_t length)
{
	return length < 128 ? 1 : 4;
}

static unsigned char *
length_put(unsigned char *out, size_t length)
{
	if (length < 128) {
		*out++ = (unsigned char)length;
		return out;
	}
	*out++ = (unsigned char)(0x80 | (length >> 24 & 0x7f));
	*out++ = (unsigned char)(length >> 16);
	*out++ = (unsigned char)(length >> 8);
	*out++ = (unsigned char)length;
	return out;
}

struct pair {
	struct slice name;
	struct slice value;
};

/* Split a variable.  False: it is no "NAME=value", or is longer than a length
 * can express. */
static bool
pair_of(const char *variable, struct pair *pair)
{
	const char *equals = strchr(variable, '=');

	if (equals == NULL || equals == variable)
		return false;
	pair->name = slice_of(variable, (size_t)(equals - variable));
	pair->value = slice_from(equals + 1);
	return pair->name.len <= INT32_MAX && pair->value.len <= INT32_MAX;
}

static size_t
pairs_size(char *const *variables)
{
	size_t size = 0;
	struct pair pair;

	for (; *variables != NULL; variables++)
		if (pair_of(*variables, &pair))
			size += length_size(pair.name.len) +
				length_size(pair.value.len) + pair.name.len +
				pair.value.len;
	return size;
}

/* The size of the headers for so many bytes of a stream. */
static size_t
headers_size(size_t bytes)
{
	return (bytes + RECORD_CONTENT - 1) / RECORD_CONTENT * FCGI_HEADER_LEN;
}

size_t
record_request_size(char *const *variables, size_t body)
{
	size_t pairs = pairs_size(variables);

	/* BEGIN_REQUEST; PARAMS and its end; STDIN and its end */
	return sizeof(FCGI_BeginRequestRecord) + headers_size(pairs) + pairs +
	       FCGI_HEADER_LEN + record_body_size(body) + FCGI_HEADER_LEN;
}

/*
 * The bytes of a stream were written after room for all their headers.  Move
 * them to their places and put the headers in between, from first to last.
 */
static unsigned char *
frame(unsigned char *room, unsigned type, size_t bytes)
{
	unsigned char *from = room + headers_size(bytes);

	while (bytes > 0) {
		size_t n = bytes < RECORD_CONTENT ? bytes : RECORD_CONTENT;

		/* The header of the last record is right before its bytes;
		 * earlier headers make room as their bytes move up. */
		memmove(room + FCGI_HEADER_LEN, from, n);
		fcgi_header_put(room, type, RECORD_ID, n);
		room += FCGI_HEADER_LEN + n;
		from += n;
		bytes -= n;
	}
	return room;
}

size_t
record_request_put(unsigned char *out, char *const *variables, bool keep)
{
	const FCGI_BeginRequestBody begin = {
	    .roleB0 = FCGI_RESPONDER,
	    .flags = keep ? FCGI_KEEP_CONN : 0,
	};
	unsigned char *at = out, *pairs, *to;
	struct pair pair;
	size_t size = pairs_size(variables);

	at += fcgi_header_put(at, FCGI_BEGIN_REQUEST, RECORD_ID, sizeof(begin));
	memcpy(at, &begin, sizeof(begin));
	at += sizeof(begin);
	pairs = to = at + headers_size(size);
	for (; *variables != NULL; variables++) {
		if (!pair_of(*variables, &pair))
			continue;
		to = length_put(to, pair.name.len);
		to = length_put(to, pair.value.len);
		memcpy(to, pair.name.ptr, pair.name.len);
		to += pair.name.len;
		memcpy(to, pair.value.ptr, pair.value.len);
		to += pair.value.len;
	}
	at = frame(at, FCGI_PARAMS, (size_t)(to - pairs));
	at += fcgi_header_put(at, FCGI_PARAMS, RECORD_ID, 0);
	return (size_t)(at - out);
}

size_t
record_body_size(size_t body)
{
	return headers_size(body) + body;
}

void
record_body_put(unsigned char *room, size_t body)
{
	(void)frame(room, FCGI_STDIN, body);
}

/* ---- the response ---- */

void
record_reader_init(struct record_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

/* A header is complete: is such a record allowed here? */
static bool
accept_header(struct record_reader *reader)
{
	struct fcgi_header h = fcgi_header_get(reader->header);

	if (h.version != FCGI_VERSION_1)
		return false;
	reader->type = h.type;
	reader->content = h.content;
	reader->padding = h.padding;
	reader->ours = h.id == RECORD_ID;
	/* Section 3.3: id 0 is for management records; corswrap sends none, but
	 * a reply does no harm. */
	if (h.id == 0)
		return h.type == FCGI_GET_VALUES_RESULT ||
		       h.type == FCGI_UNKNOWN_TYPE;
	if (!reader->ours)
		return false;
	if (h.type == FCGI_END_REQUEST)
		return h.content >= sizeof(FCGI_EndRequestBody);
	return h.type == FCGI_STDOUT || h.type == FCGI_STDERR;
}

/* The record's content and padding have been read. */
static void
record_over(struct record_reader *reader)
{
	const unsigned char *end = reader->end;

	reader->have = 0;
	if (!reader->ours || reader->type != FCGI_END_REQUEST)
		return;
	reader->app_status = (uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 |
			     (uint32_t)end[2] << 8 | end[3];
	reader->protocol_status = end[4];
	reader->ended = true;
}

/* Take content of a record.  True: *piece is for the caller. */
static bool
take_content(struct record_reader *reader, struct slice data,
	     struct slice *piece)
{
	reader->content -= data.len;
	if (!reader->ours)
		return false;
	if (reader->type != FCGI_END_REQUEST) {
		*piece = data;
		return true;
	}
	for (size_t i = 0;
	     i < data.len && reader->end_have < sizeof(reader->end); i++)
		reader->end[reader->end_have++] = (unsigned char)data.ptr[i];
	return false;
}

enum record_event
record_read(struct record_reader *reader, const char *data, size_t len,
	    size_t *used, struct slice *piece)
{
	size_t at = 0, n;
	bool got = false;

	while (!got && !reader->ended && at < len) {
		if (reader->have < FCGI_HEADER_LEN) {
			reader->header[reader->have++] =
			    (unsigned char)data[at++];
			if (reader->have == FCGI_HEADER_LEN &&
			    !accept_header(reader)) {
				*used = at;
				return RECORD_BAD;
			}
		} else if (reader->content > 0) {
			n = size_least(reader->content, len - at);
			got =
			    take_content(reader, slice_of(data + at, n), piece);
			at += n;
		} else {
			n = size_least(reader->padding, len - at);
			reader->padding -= n;
			at += n;
		}
		if (reader->have == FCGI_HEADER_LEN && reader->content == 0 &&
		    reader->padding == 0)
			record_over(reader);
	}
	*used = at;
	if (got)
		return reader->type == FCGI_STDOUT ? RECORD_STDOUT
						   : RECORD_STDERR;
	return reader->ended ? RECORD_END : RECORD_MORE;
}

size_t
record_output_left(const struct record_reader *reader)
{
	if (reader->have < FCGI_HEADER_LEN || !reader->ours ||
	    reader->type != FCGI_STDOUT)
		return 0;
	return reader->content;
}

void
record_skip(struct record_reader *reader, size_t n)
{
	reader->content -= n;
	if (reader->content == 0 && reader->padding == 0)
		record_over(reader);
}
