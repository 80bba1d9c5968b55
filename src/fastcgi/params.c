/*
 * Find out whether the parameters of a FastCGI request are whole and within
 * bounds, without consuming or copying them.
 *
 * Follows what libfcgi will do with the same bytes: what would be a protocol
 * error to it is PEEK_BAD, and so is what it reads in another way than the
 * specification.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fastcgi/params.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "fastcgi/protocol.h"

/* The stream of name-value pairs, cut into records anywhere. */
struct pairs {
	unsigned char length[8]; /* of name and value, as far as they came */
	unsigned have;		 /* bytes of it */
	size_t skip;		 /* bytes of names and values still to come */
	size_t count;
	size_t total;
	size_t len; /* of the current pair with its '=' */
	bool nul;   /* it holds a NUL */
	struct peek *peek;
};

/* A length at p takes one byte or four (section 3.4). */
static unsigned
length_size(unsigned char first)
{
	return first & 0x80 ? 4 : 1;
}

static uint32_t
length_get(const unsigned char *p)
{
	if (!(p[0] & 0x80))
		return p[0];
	return (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Are both lengths of a pair there? */
static bool
pair_known(const struct pairs *s)
{
	if (s->have == 0)
		return false;
	unsigned name = length_size(s->length[0]);

	return s->have > name && s->have == name + length_size(s->length[name]);
}

/* False: past the bounds. */
static bool
pair_begin(struct pairs *s)
{
	unsigned name = length_size(s->length[0]);
	size_t bytes =
	    (size_t)length_get(s->length) + length_get(s->length + name);

	s->have = 0;
	s->skip = bytes;
	s->len = bytes + 1;
	s->nul = false;
	s->count++;
	/* As the "NAME=value" with its NUL that libfcgi makes of it.  Two
	 * lengths of 31 bits cannot overflow a size_t of 64, nor of 32. */
	if (bytes > WIRE_PARAMETERS_BYTES)
		return false;
	s->total += bytes + 2;
	return s->total <= WIRE_PARAMETERS_BYTES && s->count <= WIRE_PARAMETERS;
}

/* The current pair has ended.  False: more of them hold NULs than anybody
 * sends by mistake. */
static bool
pair_end(struct pairs *s)
{
	struct peek *k = s->peek;

	if (!s->nul)
		return true;
	if (k->nul_count == PEEK_NULS)
		return false;
	k->nul[k->nul_count].index = s->count - 1;
	k->nul[k->nul_count++].len = s->len;
	return true;
}

/*
 * A short pair of which all is there, as nearly every one is: nothing has to be
 * remembered.  Returns its bytes; 0: it is not such a one; *good false: past
 * the bounds.
 */
static size_t
pair_short(struct pairs *s, const unsigned char *p, size_t len, bool *good)
{
	size_t bytes;

	if (len < 2 || (p[0] | p[1]) & 0x80 || s->have > 0)
		return 0;
	bytes = (size_t)p[0] + p[1];
	if (bytes > len - 2)
		return 0;
	s->count++;
	s->total += bytes + 2;
	*good =
	    s->total <= WIRE_PARAMETERS_BYTES && s->count <= WIRE_PARAMETERS;
	s->nul = memchr(p + 2, '\0', bytes) != NULL;
	s->len = bytes + 1;
	*good = *good && pair_end(s);
	return 2 + bytes;
}

static bool
pairs_feed(struct pairs *s, const unsigned char *p, size_t len)
{
	bool good = true;

	while (len > 0) {
		if (s->skip > 0) {
			size_t n = s->skip < len ? s->skip : len;

			s->nul = s->nul || memchr(p, '\0', n) != NULL;
			s->skip -= n;
			p += n;
			len -= n;
			if (s->skip == 0 && !pair_end(s))
				return false;
			continue;
		}
		size_t pair = pair_short(s, p, len, &good);
		if (!good)
			return false;
		if (pair > 0) {
			p += pair;
			len -= pair;
			continue;
		}
		s->length[s->have++] = *p++;
		len--;
		if (pair_known(s) && !pair_begin(s))
			return false;
	}
	return true;
}

static bool
pairs_whole(const struct pairs *s)
{
	return s->skip == 0 && s->have == 0;
}

/* Is the first record at p the end of STDIN, so that there is no body? */
static size_t
empty_body(const unsigned char *p, size_t len, unsigned id)
{
	struct wire_header h;

	if (len < WIRE_HEADER)
		return 0;
	h = wire_header_get(p);
	if (h.version != WIRE_VERSION || h.type != WIRE_STDIN || h.id != id ||
	    h.content != 0 || h.padding > len - WIRE_HEADER)
		return 0;
	return WIRE_HEADER + h.padding;
}

/* Is the end of STDIN among the records at p? */
static bool
body_ended(const unsigned char *p, size_t len, unsigned id)
{
	while (len >= WIRE_HEADER) {
		struct wire_header h = wire_header_get(p);
		size_t size = WIRE_HEADER + h.content + h.padding;

		if (h.version != WIRE_VERSION || h.type != WIRE_STDIN ||
		    h.id != id)
			return false;
		if (h.content == 0)
			return true;
		if (size > len)
			return false;
		p += size;
		len -= size;
	}
	return false;
}

/* BEGIN_REQUEST or a management record must come first. */
static enum peek_state
look_first(struct peek *k, const unsigned char *p, size_t len,
	   struct wire_header h)
{
	const unsigned char *body = p + WIRE_HEADER;
	size_t size = WIRE_HEADER + h.content + h.padding;

	if (h.id == 0) {
		if (h.type == WIRE_BEGIN_REQUEST ||
		    h.content > PEEK_MANAGEMENT_MAX)
			return PEEK_BAD;
		k->used = size;
		return size > len ? PEEK_MORE : PEEK_MANAGEMENT;
	}
	/* libfcgi loses its way in the padding of a BEGIN_REQUEST; nobody pads
	 * these sixteen bytes. */
	if (h.type != WIRE_BEGIN_REQUEST || h.content != WIRE_BODY ||
	    h.padding != 0)
		return PEEK_BAD;
	if (len < WIRE_HEADER + WIRE_BODY)
		return PEEK_MORE;
	k->begun = true;
	k->id = h.id;
	k->keep = (body[2] & WIRE_KEEP_CONN) != 0;
	if (((unsigned)body[0] << 8 | body[1]) != WIRE_RESPONDER)
		return PEEK_ROLE;
	return PEEK_MORE;
}

/* One record of the parameters' stream; MORE: go on behind it. */
static enum peek_state
look_params(struct peek *k, struct pairs *pairs, const unsigned char *p,
	    size_t len, struct wire_header h)
{
	size_t there = len - WIRE_HEADER;

	/* libfcgi refuses another request by itself (CANT_MPX_CONN). */
	if (h.type == WIRE_BEGIN_REQUEST && h.id != 0) {
		k->strange = true;
		return h.content == WIRE_BODY && h.padding == 0 ? PEEK_MORE
								: PEEK_BAD;
	}
	/* Nothing else may stand between: it takes what a management record
	 * holds for parameters, past every bound of ours, and an empty record
	 * of another request for the end of them. */
	if (h.id != k->id)
		return PEEK_BAD;
	if (h.type != WIRE_PARAMS)
		return PEEK_BAD;
	/* Its padding would be read as the header of what follows. */
	if (h.content == 0)
		return pairs_whole(pairs) && h.padding == 0 ? PEEK_READY
							    : PEEK_BAD;
	if (!pairs_feed(pairs, p + WIRE_HEADER,
			h.content < there ? h.content : there))
		return PEEK_LARGE;
	return PEEK_MORE;
}

struct peek
peek_look(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	struct peek k = {.state = PEEK_MORE};
	struct pairs pairs = {.peek = &k};
	size_t at = 0;

	/* No web server's first byte is anything else. */
	if (len > 0 && p[0] != WIRE_VERSION)
		k.state = PEEK_BAD;
	while (k.state == PEEK_MORE && len - at >= WIRE_HEADER) {
		struct wire_header h = wire_header_get(p + at);
		size_t size = WIRE_HEADER + h.content + h.padding;

		if (h.version != WIRE_VERSION)
			k.state = PEEK_BAD;
		else if (!k.begun)
			k.state = look_first(&k, p + at, len - at, h);
		else
			k.state = look_params(&k, &pairs, p + at, len - at, h);
		if (size > len - at)
			break;
		at += size;
	}
	if (k.state == PEEK_READY) {
		size_t end = k.strange ? 0 : empty_body(p + at, len - at, k.id);

		k.used = at;
		k.whole = end > 0 ? at + end : 0;
		k.body_ended = end > 0 || body_ended(p + at, len - at, k.id);
		k.count = pairs.count;
		k.text = pairs.total;
	}
	return k;
}

/* The content of all PARAMS records in one piece; what follows the last byte
 * of it is of no use any more. */
static const unsigned char *
join_params(unsigned char *p, size_t used)
{
	size_t at = WIRE_HEADER + WIRE_BODY;
	unsigned char *start = p + at + WIRE_HEADER, *to = start;

	while (at < used) {
		struct wire_header h = wire_header_get(p + at);

		if (to != p + at + WIRE_HEADER)
			memmove(to, p + at + WIRE_HEADER, h.content);
		to += h.content;
		at += WIRE_HEADER + h.content + h.padding;
	}
	return start;
}

void
peek_parameters(const struct peek *k, void *bytes, char *text, char **list)
{
	const unsigned char *p = join_params(bytes, k->used);

	for (size_t i = 0; i < k->count; i++) {
		size_t name = length_get(p), value;

		p += length_size(*p);
		value = length_get(p);
		p += length_size(*p);
		list[i] = text;
		memcpy(text, p, name);
		text[name] = '=';
		memcpy(text + name + 1, p + name, value);
		text[name + 1 + value] = '\0';
		text += name + value + 2;
		p += name + value;
	}
	list[k->count] = NULL;
	for (size_t i = 0; i < k->nul_count; i++)
		for (size_t n = 0; n < k->nul[i].len; n++)
			if (list[k->nul[i].index][n] == '\0')
				list[k->nul[i].index][n] = '\x01';
}

bool
peek_bounded(char *const *variables)
{
	size_t count = 0, bytes = 0;

	for (; variables[count] != NULL; count++) {
		if (count == WIRE_PARAMETERS)
			return false;
		bytes += strlen(variables[count]) + 1;
	}
	return bytes <= WIRE_PARAMETERS_BYTES;
}

/* One pair of GET_VALUES_RESULT; returns its length. */
static size_t
put_value(unsigned char *p, struct slice name, unsigned value)
{
	char digits[16];
	int n = snprintf(digits, sizeof(digits), "%u", value);

	p[0] = (unsigned char)name.len;
	p[1] = (unsigned char)n;
	memcpy(p + 2, name.ptr, name.len);
	memcpy(p + 2 + name.len, digits, (size_t)n);
	return 2 + name.len + (size_t)n;
}

static size_t
put_named(unsigned char *p, struct slice name, unsigned workers)
{
	if (slice_eq(name, SLICE("FCGI_MAX_CONNS")) ||
	    slice_eq(name, SLICE("FCGI_MAX_REQS")))
		return put_value(p, name, workers);
	if (slice_eq(name, SLICE("FCGI_MPXS_CONNS")))
		return put_value(p, name, 0);
	return 0;
}

/* Answer the variables that are asked for; each at most once, so that the
 * answer has room. */
static size_t
put_values(unsigned char *out, const unsigned char *p, size_t len,
	   unsigned workers)
{
	size_t n = 0;

	while (len >= 2) {
		unsigned name = length_size(p[0]);

		if (name + 1 > len || name + length_size(p[name]) > len)
			break;
		size_t head = name + length_size(p[name]);
		size_t name_len = length_get(p);
		size_t value_len = length_get(p + name);

		if (name_len > len - head || value_len > len - head - name_len)
			break;
		size_t room = PEEK_ANSWER_MAX - WIRE_HEADER - n;
		if (room < name_len + 2 + 10)
			break;
		n += put_named(out + n,
			       slice_of((const char *)p + head, name_len),
			       workers);
		p += head + name_len + value_len;
		len -= head + name_len + value_len;
	}
	return n;
}

size_t
peek_answer(const void *record, size_t len, unsigned workers,
	    unsigned char answer[PEEK_ANSWER_MAX])
{
	const unsigned char *p = record;
	struct wire_header h = wire_header_get(p);
	unsigned char *body = answer + WIRE_HEADER;
	size_t n;

	if (h.type == WIRE_GET_VALUES && len >= WIRE_HEADER + h.content) {
		n = put_values(body, p + WIRE_HEADER, h.content, workers);
		wire_header_put(answer, WIRE_GET_VALUES_RESULT, 0, n);
		return WIRE_HEADER + n;
	}
	memset(body, 0, WIRE_BODY);
	body[0] = (unsigned char)h.type;
	wire_header_put(answer, WIRE_UNKNOWN_TYPE, 0, WIRE_BODY);
	return WIRE_HEADER + WIRE_BODY;
}
