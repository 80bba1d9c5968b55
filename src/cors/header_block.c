/*
 * Reading the header block that a program prints.
 *
 * The whole block is collected (at most max-header bytes) and then rewritten in
 * place as plain lines, "Name:value\n" for each field, unfolded and without
 * invalid lines.  header_rewrite.c reads these.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/header_block.h"

#include "base/text.h"
#include "cors/names.h"

enum { HEADER_LARGE = 4096 };

void
header_init(struct header_block *block, char *buf, size_t cap,
	    const struct header_options *options)
{
	memset(block, 0, sizeof(*block));
	block->buf = buf;
	block->cap = cap;
	block->state = HEADER_MORE;
	block->options = *options;
}

static enum header_state
bad(struct header_block *block, enum header_fault fault)
{
	block->fault = fault;
	block->state = HEADER_BAD;
	return block->state;
}

/* RFC 9110, 5.5: no control byte except the tab, so no lone CR, either. */
static bool
is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
is_status_line(struct slice line)
{
	return slice_starts(line, SLICE("HTTP/"));
}

/* Could the first line be a header field, even an invalid one? */
static bool
looks_like_header(struct slice line)
{
	struct slice name = slice_of(line.ptr, text_find(line, ':'));

	if (is_status_line(line))
		return true;
	if (name.len == line.len)
		return false;
	name = text_trim(name);
	return name.len == 0 || token_is_valid(name);
}

/* The value of three digits, alone or before a space; 0: invalid. */
static int
parse_status(struct slice value)
{
	uint64_t status;

	if (value.len < 3 || (value.len > 3 && value.ptr[3] != ' ') ||
	    !text_number(slice_of(value.ptr, 3), 999, &status))
		return 0;
	return (int)status;
}

static bool
is_hop_by_hop(const struct header_block *block, struct slice name)
{
	static const struct slice hop[] = {
	    {"connection", 10}, {"keep-alive", 10}, {"te", 2},
	    {"trailer", 7},	{"upgrade", 7},
	};

	for (size_t i = 0; i < sizeof(hop) / sizeof(*hop); i++)
		if (slice_eq_nocase(name, hop[i]))
			return true;
	if (slice_eq_nocase(name, SLICE("transfer-encoding")))
		return !block->options.keep_transfer_encoding;
	return text_starts_nocase(name, SLICE("proxy-"));
}

bool
header_is_cors(struct slice name)
{
	static const struct slice prefix = {"access-control-", 15};

	return name.len > prefix.len && text_starts_nocase(name, prefix);
}

static void
drop(struct header_block *block, struct slice line)
{
	block->notes |= HEADER_NOTE_DROPPED;
	if (block->bad_len > 0)
		return;
	block->bad_len =
	    line.len < sizeof(block->bad) ? line.len : sizeof(block->bad);
	memcpy(block->bad, line.ptr, block->bad_len);
}

/* ---- from raw lines to plain fields ---- */

/* The plain lines, written over bytes that have been read already. */
struct plain {
	struct header_block *block;
	size_t to;
	struct slice length; /* the value of Content-Length, in the buffer */
	bool fault;
};

static void
store(struct plain *plain, struct slice name, struct slice value)
{
	char *buf = plain->block->buf;

	memmove(buf + plain->to, name.ptr, name.len);
	plain->to += name.len;
	buf[plain->to++] = ':';
	memmove(buf + plain->to, value.ptr, value.len);
	plain->to += value.len;
	buf[plain->to++] = '\n';
	plain->block->fields++;
}

static void
fault(struct plain *plain, enum header_fault what)
{
	if (!plain->fault)
		(void)bad(plain->block, what);
	plain->fault = true;
}

static bool
is_length(struct slice value)
{
	return text_is_digits(value) && value.len < 19;
}

/* X-Sendfile of Apache and lighttpd, X-Accel-Redirect of nginx. */
static bool
names_file(struct slice name)
{
	return slice_eq_nocase(name, SLICE("x-sendfile")) ||
	       slice_eq_nocase(name, SLICE("x-sendfile2")) ||
	       slice_eq_nocase(name, SLICE("x-lighttpd-send-file")) ||
	       slice_eq_nocase(name, SLICE("x-accel-redirect"));
}

/* Read a field that concerns the response as a whole.  True: it must not be
 * stored. */
static bool
special(struct plain *plain, struct slice name, struct slice value)
{
	struct header_block *block = plain->block;

	if (slice_eq_nocase(name, SLICE("status"))) {
		if (block->status != 0)
			return true;
		block->status = parse_status(value);
		if (block->status == 0)
			fault(plain, HEADER_FAULT_STATUS);
		return false;
	}
	if (slice_eq_nocase(name, SLICE("content-length"))) {
		if (!is_length(value) ||
		    (block->has_length && !slice_eq(plain->length, value)))
			fault(plain, HEADER_FAULT_LENGTH);
		if (block->has_length)
			return true;
		block->has_length = true;
		(void)text_number(value, UINT64_MAX, &block->length);
		plain->length =
		    slice_of(block->buf + plain->to + name.len + 1, value.len);
		return false;
	}
	if (is_hop_by_hop(block, name)) {
		block->notes |= HEADER_NOTE_HOP;
		return true;
	}
	if (slice_eq_nocase(name, SLICE("location")))
		block->location = slice_starts(value, SLICE("/"))
				      ? HEADER_LOCATION_LOCAL
				      : HEADER_LOCATION_OTHER;
	else if (header_is_cors(name))
		block->notes |= HEADER_NOTE_APP_CORS;
	else if (slice_eq_nocase(name, SLICE("transfer-encoding")))
		block->coded = true;
	else if (names_file(name))
		block->elsewhere = true;
	return false;
}

static void
plain_status_line(struct plain *plain, struct slice line)
{
	static const char name[] = "Status";
	size_t at = text_find(line, ' ');
	struct slice value = text_trim(slice_after(line, at));
	plain->block->notes |= HEADER_NOTE_STATUS_LINE;
	plain->block->status = parse_status(value);
	if (plain->block->status == 0 || !is_value(value) || at < 6) {
		fault(plain, HEADER_FAULT_STATUS);
		return;
	}
	/* "HTTP/1 " is as long as "Status:", so the value is not overwritten
	 * before it is moved. */
	store(plain, slice_of(name, sizeof(name) - 1), value);
}

static void
plain_field(struct plain *plain, struct slice line)
{
	size_t colon = text_find(line, ':');
	struct slice name = slice_of(line.ptr, colon);

	if (colon == line.len || !token_is_valid(name)) {
		drop(plain->block, line);
		return;
	}
	struct slice value = text_trim(slice_after(line, colon + 1));
	if (!is_value(value)) {
		drop(plain->block, line);
		return;
	}
	if (!special(plain, name, value))
		store(plain, name, value);
}

/*
 * The next line with its continuation lines (RFC 9112, 5.2: each fold becomes a
 * blank).  Returns where the line after it begins.
 */
static size_t
next_line(struct header_block *block, size_t from, size_t end,
	  struct slice *line)
{
	char *buf = block->buf;
	const char *newline = memchr(buf + from, '\n', end - from);
	size_t stop = (size_t)(newline - buf);

	*line = text_chop(slice_of(buf + from, stop - from), '\r');
	while (
	    stop + 1 < end && line->len > 0 && ascii_is_blank(buf[stop + 1]) &&
	    (newline = memchr(buf + stop + 1, '\n', end - stop - 1)) != NULL) {
		block->notes |= HEADER_NOTE_UNFOLDED;
		size_t next = (size_t)(newline - buf);
		struct slice more = text_trim(
		    text_chop(slice_of(buf + stop + 1, next - stop - 1), '\r'));
		/* Append it to the line; the blank takes the place of the
		 * newline. */
		size_t at = (size_t)(line->ptr - buf) + line->len;
		buf[at++] = ' ';
		memmove(buf + at, more.ptr, more.len);
		line->len += 1 + more.len;
		stop = next;
	}
	return stop + 1;
}

/* The raw block in buf[0..end) is complete: make plain lines of it. */
static enum header_state
finish(struct header_block *block, size_t end)
{
	struct plain plain = {block, 0, SLICE_NONE, false};
	size_t from = 0;
	struct slice line;

	if (end > HEADER_LARGE)
		block->notes |= HEADER_NOTE_LARGE;
	while (from < end) {
		bool first = from == 0;
		from = next_line(block, from, end, &line);
		if (first && is_status_line(line))
			plain_status_line(&plain, line);
		else
			plain_field(&plain, line);
	}
	block->len = plain.to;
	if (plain.fault)
		return block->state;
	if (block->status >= 100 && block->status < 200 &&
	    block->status != 101) {
		/* Skip the interim response and wait for the final one. */
		block->notes |= HEADER_NOTE_INTERIM;
		block->len = block->line = block->fields = 0;
		block->status = 0;
		block->has_length = block->coded = block->elsewhere = false;
		block->location = HEADER_LOCATION_NONE;
		return block->state;
	}
	if (block->status != 0 && (block->status < 200 || block->status > 599))
		return bad(block, HEADER_FAULT_STATUS);
	block->state = HEADER_DONE;
	return block->state;
}

/* The output does not begin with a header. */
static enum header_state
no_headers(struct header_block *block)
{
	if (!block->options.lenient)
		return bad(block, HEADER_FAULT_NO_HEADERS);
	block->early_body = true;
	block->state = HEADER_DONE;
	return block->state;
}

/* A line has ended in the buffer (its newline is the last byte). */
static enum header_state
line_ended(struct header_block *block)
{
	struct slice line = text_chop(
	    slice_of(block->buf + block->line, block->len - 1 - block->line),
	    '\r');
	size_t start = block->line;

	if (line.len == 0)
		return finish(block, start);
	if (start == 0 && !looks_like_header(line))
		return no_headers(block);
	block->line = block->len;
	return HEADER_MORE;
}

enum header_state
header_feed(struct header_block *block, const char *data, size_t len,
	    size_t *used)
{
	*used = 0;
	while (*used < len && block->state == HEADER_MORE) {
		const char *from = data + *used;
		size_t rest = len - *used;
		const char *newline = memchr(from, '\n', rest);
		size_t take =
		    newline == NULL ? rest : (size_t)(newline - from) + 1;

		if (take > block->cap - block->len) {
			if (block->line == 0 && block->options.lenient)
				return no_headers(block);
			return bad(block, HEADER_FAULT_TOO_LARGE);
		}
		memcpy(block->buf + block->len, from, take);
		block->len += take;
		*used += take;
		if (newline != NULL)
			(void)line_ended(block);
	}
	return block->state;
}

/*
 * The end of the complete fields in a block that was cut off.  A partial line
 * is dropped, with the whole field if it continues one.
 */
static size_t
whole_fields(const struct header_block *block)
{
	const char *buf = block->buf;
	size_t end = block->line;

	if (end == block->len)
		return end;
	while (end > 0 && ascii_is_blank(buf[end]))
		do
			end--;
		while (end > 0 && buf[end - 1] != '\n');
	return end;
}

enum header_state
header_end(struct header_block *block)
{
	if (block->state != HEADER_MORE)
		return block->state;
	if (block->len == 0)
		return bad(block, HEADER_FAULT_EMPTY);
	if (block->line == 0)
		return no_headers(block);
	block->notes |= HEADER_NOTE_CUT;
	(void)finish(block, whole_fields(block));
	if (block->state == HEADER_MORE)
		return bad(block, HEADER_FAULT_EMPTY);
	if (block->state == HEADER_DONE && block->fields == 0)
		return bad(block, HEADER_FAULT_NO_HEADERS);
	return block->state;
}

struct slice
header_early_body(const struct header_block *block)
{
	return block->early_body ? slice_of(block->buf, block->len) : SLICE("");
}

int
header_status(const struct header_block *block)
{
	/* RFC 3875, 6.2.3: a Location without a Status means 302. */
	if (block->status == 0)
		return block->location == HEADER_LOCATION_NONE ? 200 : 302;
	return block->status;
}

uint64_t
header_length(const struct header_block *block)
{
	return block->has_length && !block->coded ? block->length : UINT64_MAX;
}

bool
header_names_file(const struct header_block *block)
{
	return block->elsewhere;
}

bool
header_bodyless(const struct header_block *block)
{
	return block->status == 204 || block->status == 304;
}

bool
header_is_local_redirect(const struct header_block *block)
{
	return block->location == HEADER_LOCATION_LOCAL && block->fields == 1 &&
	       block->status == 0 && !block->options.redirect_302;
}
