/*
 * Small functions on text: trimming, lists, numbers, hexadecimal digits, letter
 * case, and quoting for messages.
 *
 * They take slices, do not read beyond them, ignore the locale and allocate
 * nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/slice.h"

/* ---- bytes ---- */

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A to Z and a to z. */
static inline bool
ascii_is_alpha(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* Space or tab: OWS of RFC 9110, 5.6.3, and what policies call blank. */
static inline bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Space to tilde: the bytes that every terminal prints unchanged. */
static inline bool
ascii_is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* The value of a hexadecimal digit in either case, or -1. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- the ends of a text ---- */

/* The index of the first c, or s.len. */
static inline size_t
text_find(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.ptr);
}

/* The index of the last c, or s.len. */
static inline size_t
text_find_last(struct slice s, char c)
{
	for (size_t at = s.len; at > 0; at--)
		if (s.ptr[at - 1] == c)
			return at - 1;
	return s.len;
}

/* The index of the first byte that is in the string `set`, or s.len.  NUL is
 * never in the set. */
size_t text_find_any(struct slice s, const char *set);

/* The index of the first `part`, ignoring ASCII case, or s.len.  An empty part
 * is at 0. */
size_t text_find_nocase(struct slice s, struct slice part);

/* Does the text contain `part`, ignoring ASCII case?  An empty text contains
 * nothing. */
static inline bool
text_has_nocase(struct slice s, struct slice part)
{
	return text_find_nocase(s, part) < s.len;
}

static inline bool
text_starts_nocase(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       slice_eq_nocase(slice_of(s.ptr, prefix.len), prefix);
}

static inline bool
text_ends(struct slice s, struct slice end)
{
	return s.len >= end.len &&
	       (end.len == 0 ||
		memcmp(s.ptr + (s.len - end.len), end.ptr, end.len) == 0);
}

/* Copy a piece to `at`, which has room for it.  Returns the end of the copy. */
static inline char *
text_append(char *at, struct slice piece)
{
	if (piece.len > 0)
		memcpy(at, piece.ptr, piece.len);
	return at + piece.len;
}

/* The text without blanks (space, tab) at both ends; an absent slice stays
 * absent. */
static inline struct slice
text_trim(struct slice s)
{
	while (s.len > 0 && ascii_is_blank(s.ptr[0]))
		s = slice_after(s, 1);
	while (s.len > 0 && ascii_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* The text without its last byte if that is c, for example a final dot or
 * CR. */
static inline struct slice
text_chop(struct slice s, char c)
{
	if (s.len > 0 && s.ptr[s.len - 1] == c)
		s.len--;
	return s;
}

/*
 * Cut the next line off *rest.  Returns it without "\n" or "\r\n" (or a final
 * "\r"); the line of an empty text is empty.
 */
static inline struct slice
text_line_next(struct slice *rest)
{
	size_t len = text_find(*rest, '\n');
	struct slice line = text_chop(slice_of(rest->ptr, len), '\r');

	*rest = slice_after(*rest, len + 1);
	return line;
}

/* As text_trim for HTTP whitespace (Fetch, 2.2): space, tab, CR, LF. */
struct slice text_trim_http(struct slice);

/* ---- lists ---- */

/*
 * Cut the next element of a comma-separated list off *rest, without blanks
 * around it; it may be empty.  *rest is absent after the last element.  False:
 * *rest was absent before.  So "" has one element and "a," has two.
 */
static inline bool
text_element_next(struct slice *rest, struct slice *element)
{
	size_t comma = 0;

	if (!slice_present(*rest))
		return false;
	while (comma < rest->len && rest->ptr[comma] != ',')
		comma++;
	*element = text_trim(slice_of(rest->ptr, comma));
	*rest = comma < rest->len ? slice_after(*rest, comma + 1) : SLICE_NONE;
	return true;
}

/* The same, but empty elements are skipped (RFC 9110, 5.6.1).  False: there are
 * no more. */
bool text_list_next(struct slice *rest, struct slice *item);

/* Cut the next word off *rest, a list of words separated by blanks or commas.
 * False: there are no more, and *word is empty. */
bool text_word_next(struct slice *rest, struct slice *word);

/* ---- numbers ---- */

/* The number of decimal digits at the beginning of the text. */
size_t text_digits(struct slice);
/* Is the text decimal digits only, and at least one? */
bool text_is_digits(struct slice);

/*
 * Read a number of decimal digits only, leading zeros allowed.  False: it is
 * not such a number, or more than max; *out is then unchanged.
 */
bool text_number(struct slice, uint64_t max, uint64_t *out);
/* The same, but a larger number becomes max. */
bool text_number_capped(struct slice, uint64_t max, uint64_t *out);

/*
 * Write value to buf in decimal, or in hexadecimal with lower-case letters,
 * without leading zeros or NUL.  Returns the number of bytes.
 */
enum { TEXT_DECIMAL_MAX = 20, TEXT_HEX_MAX = 16 };
size_t text_put_decimal(char buf[static TEXT_DECIMAL_MAX], uint64_t value);
size_t text_put_hex(char buf[static TEXT_HEX_MAX], uint64_t value);

/* The value of the two hexadecimal digits at the beginning of s, or -1. */
int text_hex_byte(struct slice s);

/* ---- letter case ---- */

/* Write s to `to` with A to Z in lower case, s.len bytes and no NUL.  `to` may
 * be s.ptr.  Returns the text written. */
struct slice text_lower(char *to, struct slice s);

/* ---- UTF-8 ---- */

/* The number of bytes of the first character of s, which must not be empty; 0:
 * it is not UTF-8 (Unicode, table 3-7). */
size_t text_utf8_length(struct slice s);

/* Is all of it UTF-8? */
bool text_is_utf8(struct slice s);

/* Write a code point below U+10000 to `to`.  Returns the number of bytes.  A
 * surrogate becomes three bytes, too, though these are not UTF-8. */
enum { TEXT_UTF8_MAX = 3 };
size_t text_put_utf8(char to[static TEXT_UTF8_MAX], unsigned c);

/* ---- quoting ---- */

/*
 * Write one byte for a message or log: unchanged if it is printable ASCII, else
 * "\xHH" with lower-case digits.  Returns the number of bytes, 1 or 4.
 */
enum { TEXT_QUOTED_BYTE_MAX = 4 };
size_t text_quote_byte(char c, char to[static TEXT_QUOTED_BYTE_MAX]);

/*
 * Write the whole text like that, with a NUL, to buf of cap bytes (cap > 0).
 * `also` lists printable bytes to escape, too: "\\" if the text must be
 * reversible.  The output ends before the first byte that does not fit.
 * TEXT_QUOTED_ROOM(len) bytes are enough for any text of that length.  Returns
 * the length without the NUL.
 */
#define TEXT_QUOTED_ROOM(len) ((len)*TEXT_QUOTED_BYTE_MAX + 1)
size_t text_quote(struct slice, const char *also, char *buf, size_t cap);

#endif
