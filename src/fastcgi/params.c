/*
 * Parse the beginning of a FastCGI request.
 *
 * Records may be cut and padded in any way that the specification allows.  What
 * no web server sends (a body before its parameters, a record of the wrong
 * version) is an error, because after it records cannot be told from their
 * contents.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fastcgi/params.h"

#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

/* ---- name-value pairs (FastCGI 1.0, section 3.4) ---- */

/* A length takes one byte or four, as its first byte says. */
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

/* Is there room for a pair of these lengths?  It becomes "NAME=value" with a
 * NUL.  The lengths have 31 bits, so their sum may overflow where size_t has
 * 32 bits and the bound is applied to each of them first. */
static bool
pair_fits(const struct params *p, size_t name, size_t value)
{
	return p->count < PARAMS_COUNT && name <= PARAMS_BYTES &&
	       value <= PARAMS_BYTES &&
	       name + value + 2 <= PARAMS_BYTES - p->used;
}

/* Copy bytes of a parameter.  A NUL would end the string early and so change
 * its meaning. */
static void
copy_text(struct params *p, const unsigned char *from, size_t len)
{
	char *to = p->text + p->used, *nul;

	memcpy(to, from, len);
	for (size_t at = 0; (nul = memchr(to + at, '\0', len - at)) != NULL;
	     at = (size_t)(nul - to) + 1)
		*nul = '\x01';
	p->used += len;
}

/*
 * Take a pair in one step, if its lengths are short and all of it has come, as
 * is usual.  Returns its bytes; 0: it is not such a pair.
 */
static size_t
short_pair(struct params *p, const unsigned char *at, size_t len)
{
	size_t name, value;

	if (len < 2 || (at[0] | at[1]) & 0x80 || p->length_have > 0)
		return 0;
	name = at[0];
	value = at[1];
	if (name + value > len - 2 || !pair_fits(p, name, value))
		return 0;
	p->list[p->count++] = p->text + p->used;
	copy_text(p, at + 2, name);
	p->text[p->used++] = '=';
	copy_text(p, at + 2 + name, value);
	p->text[p->used++] = '\0';
	return 2 + name + value;
}

/* Take one more byte of the lengths of a pair.  False: the pair does not fit.
 */
static bool
add_length(struct params *p, unsigned char byte)
{
	unsigned name;
	size_t value;

	p->length[p->length_have++] = byte;
	name = length_size(p->length[0]);
	if (p->length_have <= name ||
	    p->length_have < name + length_size(p->length[name]))
		return true;
	p->left = length_get(p->length);
	value = length_get(p->length + name);
	if (!pair_fits(p, p->left, value))
		return false;
	p->list[p->count++] = p->text + p->used;
	p->stage = PARAMS_NAME;
	return true;
}

/* Copy as much of the current name or value as has come; returns its bytes. */
static size_t
add_text(struct params *p, const unsigned char *at, size_t len)
{
	size_t taken = p->left < len ? p->left : len;

	copy_text(p, at, taken);
	p->left -= taken;
	if (p->left > 0)
		return taken;
	if (p->stage == PARAMS_NAME) {
		p->text[p->used++] = '=';
		p->left = length_get(p->length + length_size(p->length[0]));
		p->stage = PARAMS_VALUE;
	} else {
		p->text[p->used++] = '\0';
		p->length_have = 0;
		p->stage = PARAMS_LENGTHS;
	}
	return taken;
}

/* Take content of a PARAMS record.  False: it exceeds the limits. */
static bool
add_content(struct params *p, const unsigned char *at, size_t len)
{
	const unsigned char *end = at + len;

	/* An empty name or value has no byte that would end it. */
	while (at < end || (p->stage != PARAMS_LENGTHS && p->left == 0)) {
		size_t left = (size_t)(end - at), taken;

		if (p->stage != PARAMS_LENGTHS) {
			at += add_text(p, at, left);
			continue;
		}
		taken = short_pair(p, at, left);
		if (taken == 0 && !add_length(p, *at))
			return false;
		at += taken > 0 ? taken : 1;
	}
	return true;
}

/* ---- management records (section 4) ---- */

/* Write one pair of GET_VALUES_RESULT, if there is room; returns its length. */
static size_t
put_value(unsigned char *out, size_t room, struct slice name, unsigned value)
{
	char digits[TEXT_DECIMAL_MAX];
	size_t len = text_put_decimal(digits, value);

	if (room < 2 + name.len + len)
		return 0;
	out[0] = (unsigned char)name.len;
	out[1] = (unsigned char)len;
	memcpy(out + 2, name.ptr, name.len);
	memcpy(out + 2 + name.len, digits, len);
	return 2 + name.len + len;
}

static size_t
put_named(unsigned char *out, size_t room, struct slice name, unsigned workers)
{
	if (slice_eq(name, SLICE(FCGI_MAX_CONNS)) ||
	    slice_eq(name, SLICE(FCGI_MAX_REQS)))
		return put_value(out, room, name, workers);
	if (slice_eq(name, SLICE(FCGI_MPXS_CONNS)))
		return put_value(out, room, name, 0);
	return 0;
}

/* Reply to the requested variables, as far as there is room: three are known,
 * and all of them fit. */
static size_t
put_values(unsigned char *out, size_t room, const unsigned char *p, size_t len,
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
		n += put_named(out + n, room - n,
			       slice_of((const char *)p + head, name_len),
			       workers);
		p += head + name_len + value_len;
		len -= head + name_len + value_len;
	}
	return n;
}

size_t
params_manage(const void *record, unsigned workers,
	      unsigned char reply[static PARAMS_REPLY_MAX])
{
	const unsigned char *content =
	    (const unsigned char *)record + FCGI_HEADER_LEN;
	struct fcgi_header h = fcgi_header_get(record);
	unsigned char *body = reply + FCGI_HEADER_LEN;
	FCGI_UnknownTypeBody unknown = {.type = (unsigned char)h.type};
	size_t len;

	if (h.type == FCGI_GET_VALUES) {
		len = put_values(body, PARAMS_REPLY_MAX - FCGI_HEADER_LEN,
				 content, h.content, workers);
		return fcgi_header_put(reply, FCGI_GET_VALUES_RESULT,
				       FCGI_NULL_REQUEST_ID, len) +
		       len;
	}
	memcpy(body, &unknown, sizeof(unknown));
	return fcgi_header_put(reply, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID,
			       sizeof(unknown)) +
	       sizeof(unknown);
}

/* ---- records ---- */

void
params_init(struct params *p)
{
	p->begun = p->keep = false;
	p->id = 0;
	p->count = p->used = 0;
	p->content = p->skip = 0;
	p->stage = PARAMS_LENGTHS;
	p->length_have = 0;
	p->left = 0;
	p->reply_len = 0;
}

/* A record in the input, of which a part may be missing. */
struct record {
	const unsigned char *at;
	size_t have;
	struct fcgi_header header;
};

/* FastCGI keeps id 0 for records that belong to no request. */
static enum params_event
take_management(struct params *p, unsigned workers, const struct record *r,
		size_t *taken)
{
	if (r->header.type == FCGI_BEGIN_REQUEST ||
	    r->header.content > PARAMS_MANAGEMENT_MAX)
		return PARAMS_BAD;
	if (r->have < FCGI_HEADER_LEN + r->header.content)
		return PARAMS_MORE;
	*taken = FCGI_HEADER_LEN + r->header.content;
	p->skip = r->header.padding;
	p->reply_len = params_manage(r->at, workers, p->reply);
	return PARAMS_REPLY;
}

static enum params_event
refuse(struct params *p, unsigned id, unsigned status, enum params_event event)
{
	p->reply_len = fcgi_end_put(p->reply, id, 0, status);
	return event;
}

static enum params_event
take_begin(struct params *p, const struct record *r, size_t *taken)
{
	FCGI_BeginRequestBody body;

	/* A server may abort a request while our END_REQUEST is on its way.
	 * Records of a request that is not active are ignored (section
	 * 3.3). */
	if (r->header.type == FCGI_ABORT_REQUEST) {
		*taken = FCGI_HEADER_LEN;
		p->skip = r->header.content + r->header.padding;
		return PARAMS_MORE;
	}
	if (r->header.type != FCGI_BEGIN_REQUEST ||
	    r->header.content != sizeof(body))
		return PARAMS_BAD;
	if (r->have < FCGI_HEADER_LEN + sizeof(body))
		return PARAMS_MORE;
	memcpy(&body, r->at + FCGI_HEADER_LEN, sizeof(body));
	*taken = FCGI_HEADER_LEN + sizeof(body);
	p->skip = r->header.padding;
	p->begun = true;
	p->id = r->header.id;
	p->keep = (body.flags & FCGI_KEEP_CONN) != 0;
	if ((body.roleB1 << 8 | body.roleB0) != FCGI_RESPONDER)
		return refuse(p, p->id, FCGI_UNKNOWN_ROLE, PARAMS_ROLE);
	return PARAMS_MORE;
}

/* A record of a second request: refuse to begin that, because a connection has
 * one request at a time (FCGI_MPXS_CONNS is 0), and ignore its other records.
 */
static enum params_event
take_another(struct params *p, const struct record *r, size_t *taken)
{
	*taken = FCGI_HEADER_LEN;
	p->skip = r->header.content + r->header.padding;
	return r->header.type == FCGI_BEGIN_REQUEST
		   ? refuse(p, r->header.id, FCGI_CANT_MPX_CONN, PARAMS_REPLY)
		   : PARAMS_MORE;
}

static enum params_event
take_params(struct params *p, const struct record *r, size_t *taken)
{
	if (r->header.type != FCGI_PARAMS)
		return PARAMS_BAD;
	*taken = FCGI_HEADER_LEN;
	p->content = r->header.content;
	p->skip = r->header.padding;
	if (p->content > 0)
		return PARAMS_MORE;
	if (p->stage != PARAMS_LENGTHS || p->length_have > 0)
		return PARAMS_BAD; /* ends within a pair */
	p->list[p->count] = NULL;
	return PARAMS_READY;
}

/* Handle a record, beginning with its header.  PARAMS_MORE with *taken 0: more
 * bytes are needed. */
static enum params_event
take_record(struct params *p, unsigned workers, const unsigned char *at,
	    size_t have, size_t *taken)
{
	struct record r = {.at = at, .have = have};

	*taken = 0;
	/* A client that speaks another protocol may not send a whole header. */
	if (have > 0 && at[0] != FCGI_VERSION_1)
		return PARAMS_BAD;
	if (have < FCGI_HEADER_LEN)
		return PARAMS_MORE;
	r.header = fcgi_header_get(at);
	if (r.header.id == FCGI_NULL_REQUEST_ID)
		return take_management(p, workers, &r, taken);
	if (!p->begun)
		return take_begin(p, &r, taken);
	if (r.header.id != p->id)
		return take_another(p, &r, taken);
	return take_params(p, &r, taken);
}

enum params_event
params_parse(struct params *p, unsigned workers, const void *bytes, size_t len,
	     size_t *used)
{
	const unsigned char *at = bytes, *end = at + len;
	enum params_event event = PARAMS_MORE;
	size_t taken;

	do {
		size_t have = (size_t)(end - at);

		if (p->content > 0) {
			taken = size_least(p->content, have);
			p->content -= taken;
			if (!add_content(p, at, taken))
				event = PARAMS_LARGE;
		} else if (p->skip > 0) {
			taken = size_least(p->skip, have);
			p->skip -= taken;
		} else {
			event = take_record(p, workers, at, have, &taken);
		}
		at += taken;
	} while (event == PARAMS_MORE && taken > 0);
	*used = (size_t)(at - (const unsigned char *)bytes);
	return event;
}
