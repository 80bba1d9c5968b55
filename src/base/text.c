/*
 * The functions of text.h that are too long to be inline.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"

static const char hex_digits[] = "0123456789abcdef";

size_t
text_find_any(struct slice s, const char *set)
{
	size_t i = 0;

	/* strchr would also find the NUL at the end of the set. */
	while (i < s.len && (s.ptr[i] == '\0' || strchr(set, s.ptr[i]) == NULL))
		i++;
	return i;
}

size_t
text_find_nocase(struct slice s, struct slice part)
{
	for (size_t i = 0; i + part.len <= s.len; i++)
		if (text_starts_nocase(slice_after(s, i), part))
			return i;
	return s.len;
}

size_t
text_utf8_length(struct slice s)
{
	const unsigned char *b = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	len = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (b[0] == 0xe0)
		low = 0xa0; /* below: overlong */
	else if (b[0] == 0xed)
		high = 0x9f; /* above: a surrogate */
	else if (b[0] == 0xf0)
		low = 0x90;
	else if (b[0] == 0xf4)
		high = 0x8f; /* above: past U+10FFFF */
	if (s.len < len || b[1] < low || b[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (b[i] >> 6 != 2)
			return 0;
	return len;
}

bool
text_is_utf8(struct slice s)
{
	while (s.len > 0) {
		size_t len = text_utf8_length(s);
		if (len == 0)
			return false;
		s = slice_after(s, len);
	}
	return true;
}

size_t
text_put_utf8(char to[static TEXT_UTF8_MAX], unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

static bool
is_http_blank(char c)
{
	return ascii_is_blank(c) || c == '\r' || c == '\n';
}

struct slice
text_trim_http(struct slice s)
{
	while (s.len > 0 && is_http_blank(s.ptr[0]))
		s = slice_after(s, 1);
	while (s.len > 0 && is_http_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
text_list_next(struct slice *rest, struct slice *item)
{
	while (text_element_next(rest, item))
		if (item->len > 0)
			return true;
	return false;
}

static bool
is_separator(char c)
{
	return ascii_is_blank(c) || c == ',';
}

bool
text_word_next(struct slice *rest, struct slice *word)
{
	size_t len = 0;

	while (rest->len > 0 && is_separator(rest->ptr[0]))
		*rest = slice_after(*rest, 1);
	while (len < rest->len && !is_separator(rest->ptr[len]))
		len++;
	*word = slice_of(rest->ptr, len);
	*rest = slice_after(*rest, len);
	return len > 0;
}

size_t
text_digits(struct slice s)
{
	size_t len = 0;

	while (len < s.len && ascii_is_digit(s.ptr[len]))
		len++;
	return len;
}

bool
text_is_digits(struct slice s)
{
	return s.len > 0 && text_digits(s) == s.len;
}

/* False: not a number.  *over: it is more than max, and *out is undefined. */
static bool
read_number(struct slice s, uint64_t max, uint64_t *out, bool *over)
{
	uint64_t value = 0;

	*over = false;
	if (!text_is_digits(s))
		return false;
	for (size_t i = 0; i < s.len && !*over; i++) {
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');
		*over = digit > max || value > (max - digit) / 10;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool
text_number(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value;
	bool over;

	if (!read_number(s, max, &value, &over) || over)
		return false;
	*out = value;
	return true;
}

bool
text_number_capped(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t value;
	bool over;

	if (!read_number(s, max, &value, &over))
		return false;
	*out = over ? max : value;
	return true;
}

static size_t
put_number(char *buf, uint64_t value, unsigned base)
{
	size_t len = 1;

	for (uint64_t rest = value; rest >= base; rest /= base)
		len++;
	for (size_t at = len; at > 0; value /= base)
		buf[--at] = hex_digits[value % base];
	return len;
}

size_t
text_put_decimal(char buf[static TEXT_DECIMAL_MAX], uint64_t value)
{
	return put_number(buf, value, 10);
}

size_t
text_put_hex(char buf[static TEXT_HEX_MAX], uint64_t value)
{
	return put_number(buf, value, 16);
}

int
text_hex_byte(struct slice s)
{
	int high = s.len < 2 ? -1 : ascii_hex(s.ptr[0]);
	int low = s.len < 2 ? -1 : ascii_hex(s.ptr[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct slice
text_lower(char *to, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		to[i] = ascii_lower(s.ptr[i]);
	return slice_of(to, s.len);
}

static size_t
escape(char c, char *to)
{
	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex_digits[(unsigned char)c >> 4];
	to[3] = hex_digits[(unsigned char)c & 15];
	return TEXT_QUOTED_BYTE_MAX;
}

size_t
text_quote_byte(char c, char to[static TEXT_QUOTED_BYTE_MAX])
{
	if (!ascii_is_printable(c))
		return escape(c, to);
	to[0] = c;
	return 1;
}

size_t
text_quote(struct slice text, const char *also, char *buf, size_t cap)
{
	char one[TEXT_QUOTED_BYTE_MAX];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		/* strchr would find the NUL at the end of `also`. */
		size_t n = c != '\0' && strchr(also, c) != NULL
			       ? escape(c, one)
			       : text_quote_byte(c, one);
		if (len + n >= cap)
			break;
		memcpy(buf + len, one, n);
		len += n;
	}
	buf[len] = '\0';
	return len;
}
