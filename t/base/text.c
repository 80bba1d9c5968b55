/*
 * Small functions on text, by tables.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include "base/text.h"

/* A literal with its NULs. */
#define S(literal)                                                             \
	{                                                                      \
		(literal), sizeof(literal) - 1                                 \
	}

/* ---- trimming ---- */

static struct slice
chop_dot(struct slice s)
{
	return text_chop(s, '.');
}

static const struct trim_row {
	const char *name;
	struct slice (*trim)(struct slice);
	struct slice text;
	const char *want;
} trim_rows[] = {
    {"trim: nothing to do", text_trim, S("a b"), "a b"},
    {"trim: both ends", text_trim, S(" \t a\tb \t"), "a\tb"},
    {"trim: blanks alone", text_trim, S("\t \t"), ""},
    {"trim: empty", text_trim, S(""), ""},
    {"trim: line ends stay", text_trim, S("\r a \n"), "\r a \n"},
    {"trim: other controls stay", text_trim, S("\va\f"), "\va\f"},
    {"http: both ends", text_trim_http, S("\r\n\t a b \t\r\n"), "a b"},
    {"http: other controls stay", text_trim_http, S("\va\f"), "\va\f"},
    {"http: blanks alone", text_trim_http, S("\r\n"), ""},
    {"chop: one dot", chop_dot, S("a."), "a"},
    {"chop: only one", chop_dot, S("a.."), "a."},
    {"chop: none", chop_dot, S("a.b"), "a.b"},
    {"chop: empty", chop_dot, S(""), ""},
};

static void
test_trim(void **state)
{
	const struct trim_row *row = *state;
	struct slice end = unit_guard(row->text);
	struct slice front = unit_guard_front(row->text);

	unit_assert_slice(row->trim(end), row->want);
	unit_assert_slice(row->trim(front), row->want);
	assert_false(slice_present(row->trim(SLICE_NONE)));
	unit_unguard(end);
	unit_unguard_front(front);
}

/* Not with a length that wraps: an empty word of a file that is read. */
static void
test_after(void **state)
{
	(void)state;
	unit_assert_slice(slice_after(SLICE("abc"), 1), "bc");
	unit_assert_slice(slice_after(SLICE("abc"), 3), "");
	unit_assert_slice(slice_after(SLICE("abc"), 4), "");
	unit_assert_slice(slice_after(SLICE(""), 1), "");
	assert_false(slice_present(slice_after(SLICE_NONE, 1)));
}

/* ---- finding ---- */

static void
test_find(void **state)
{
	struct slice s = unit_guard(slice_of("ab\0c", 4));

	(void)state;
	assert_int_equal(text_find(s, 'a'), 0);
	assert_int_equal(text_find(s, 'c'), 3);
	assert_int_equal(text_find(s, '\0'), 2);
	assert_int_equal(text_find(s, 'x'), 4);
	assert_int_equal(text_find(SLICE_NONE, 'x'), 0);
	assert_int_equal(text_find_last(s, 'a'), 0);
	assert_int_equal(text_find_last(s, '\0'), 2);
	assert_int_equal(text_find_last(s, 'x'), 4);
	assert_int_equal(text_find_last(slice_from("a.b.c"), '.'), 3);
	assert_int_equal(text_find_last(SLICE_NONE, 'x'), 0);
	assert_int_equal(text_find_any(s, "cb"), 1);
	assert_int_equal(text_find_any(s, "c"), 3);
	assert_int_equal(text_find_any(s, "x"), 4);
	assert_int_equal(text_find_any(s, ""), 4);
	assert_int_equal(text_find_any(SLICE_NONE, "x"), 0);
	unit_unguard(s);
}

static const struct ends_row {
	const char *name;
	struct slice text, part;
	bool starts, ends; /* starts: in any case */
} ends_rows[] = {
    {"in the middle", S("abc"), S("b"), false, false},
    {"itself", S("abc"), S("abc"), true, true},
    {"other case", S("ABC"), S("abc"), true, false},
    {"at the beginning", S("abc"), S("aB"), true, false},
    {"at the end", S("abc"), S("bc"), false, true},
    {"longer", S("abc"), S("abcd"), false, false},
    {"nothing", S("abc"), S(""), true, true},
    {"nothing in nothing", S(""), S(""), true, true},
    {"only letters have case", S("[x"), S("{x"), false, false},
};

static void
test_ends(void **state)
{
	const struct ends_row *row = *state;
	struct slice text = unit_guard_front(row->text);

	assert_int_equal(text_starts_nocase(text, row->part), row->starts);
	assert_int_equal(text_ends(text, row->part), row->ends);
	unit_unguard_front(text);
}

/* ---- lists ---- */

static bool
word_next(struct slice *rest, struct slice *item)
{
	return text_word_next(rest, item);
}

static bool
element_next(struct slice *rest, struct slice *item)
{
	return text_element_next(rest, item);
}

static bool
line_next(struct slice *rest, struct slice *item)
{
	bool more = rest->len > 0;

	*item = text_line_next(rest);
	return more;
}

static const struct list_row {
	const char *name;
	bool (*next)(struct slice *rest, struct slice *item);
	struct slice text;
	const char *want; /* each item, followed by '|' */
} list_rows[] = {
    {"elements: three", element_next, S("a, b ,c"), "a|b|c|"},
    {"elements: empty text", element_next, S(""), "|"},
    {"elements: a comma at the end", element_next, S("a,"), "a||"},
    {"elements: a comma in front", element_next, S(",a"), "|a|"},
    {"elements: commas alone", element_next, S(" ,\t, "), "|||"},
    {"elements: blanks within stay", element_next, S("a b,c"), "a b|c|"},
    {"elements: absent", element_next, {NULL, 0}, ""},
    {"list: three", text_list_next, S("a, b ,c"), "a|b|c|"},
    {"list: empty ones are left out", text_list_next, S(",a, ,b,"), "a|b|"},
    {"list: empty text", text_list_next, S(""), ""},
    {"list: commas alone", text_list_next, S(" ,\t, "), ""},
    {"list: blanks within stay", text_list_next, S("a b"), "a b|"},
    {"list: line ends are no blanks", text_list_next, S("a,\rb"), "a|\rb|"},
    {"list: absent", text_list_next, {NULL, 0}, ""},
    {"words: blanks and commas part", word_next, S("a b\tc,d"), "a|b|c|d|"},
    {"words: empty ones are left out", word_next, S(" ,a ,\t,b, "), "a|b|"},
    {"words: empty text", word_next, S(""), ""},
    {"words: separators alone", word_next, S(", ,"), ""},
    {"words: absent", word_next, {NULL, 0}, ""},
    {"lines: both ends", line_next, S("a\nb\r\nc"), "a|b|c|"},
    {"lines: empty ones are lines", line_next, S("\n\r\na\n"), "||a|"},
    {"lines: a CR within stays", line_next, S("a\rb\n"), "a\rb|"},
    {"lines: a CR at the end goes", line_next, S("a\r"), "a|"},
    {"lines: empty text", line_next, S(""), ""},
    {"lines: absent", line_next, {NULL, 0}, ""},
};

static void
test_list(void **state)
{
	const struct list_row *row = *state;
	struct slice text = unit_guard(row->text);
	struct slice rest = slice_present(row->text) ? text : SLICE_NONE, item;
	char got[64];
	size_t len = 0;

	while (row->next(&rest, &item)) {
		memcpy(got + len, item.ptr, item.len);
		len += item.len;
		got[len++] = '|';
	}
	unit_assert_slice(slice_of(got, len), row->want);
	/* After the end it stays at the end. */
	assert_false(row->next(&rest, &item));
	unit_unguard(text);
}

/* ---- numbers ---- */

static const struct number_row {
	const char *name;
	struct slice text;
	uint64_t max;
	bool good;	 /* text_number */
	uint64_t capped; /* text_number_capped; NO: false */
} number_rows[] = {
#define NO 4242
    {"number: zero", S("0"), 9, true, 0},
    {"number: leading zeros", S("000000000000000000000000080"), 99, true, 80},
    {"number: the most", S("65535"), 65535, true, 65535},
    {"number: one more", S("65536"), 65535, false, 65535},
    {"number: max is 0", S("1"), 0, false, 0},
    {"number: max is 0, and 0", S("0"), 0, true, 0},
    {"number: max is below 10", S("9"), 5, false, 5},
    {"number: 2^64-1", S("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
    {"number: 2^64", S("18446744073709551616"), UINT64_MAX, false, UINT64_MAX},
    {"number: ten times that", S("184467440737095516150"), UINT64_MAX, false,
     UINT64_MAX},
    {"number: over, then more digits", S("9999999999999999999990"), 1000, false,
     1000},
    {"number: over, then no digit", S("99999x"), 1000, false, NO},
    {"number: empty", S(""), 9, false, NO},
    {"number: absent", {NULL, 0}, 9, false, NO},
    {"number: a sign", S("+1"), 9, false, NO},
    {"number: a blank", S(" 1"), 9, false, NO},
    {"number: behind it", S("1 "), 9, false, NO},
    {"number: hexadecimal", S("0x1"), 9, false, NO},
    {"number: NUL", S("1\0"), 9, false, NO},
    {"number: before 0", S("/"), 9, false, NO},
    {"number: behind 9", S(":"), 9, false, NO},
};

static void
test_number(void **state)
{
	const struct number_row *row = *state;
	struct slice text = unit_guard(row->text);
	uint64_t value = NO;

	assert_int_equal(text_number(text, row->max, &value), row->good);
	assert_true(value == (row->good ? row->capped : NO));
	value = NO;
	assert_int_equal(text_number_capped(text, row->max, &value),
			 row->capped != NO);
	assert_true(value == row->capped);
	assert_int_equal(text_is_digits(text), row->capped != NO);
	unit_unguard(text);
}

static void
test_digits(void **state)
{
	(void)state;
	assert_int_equal(text_digits(SLICE("12a3")), 2);
	assert_int_equal(text_digits(SLICE("a")), 0);
	assert_int_equal(text_digits(SLICE("90")), 2);
	assert_int_equal(text_digits(SLICE_NONE), 0);
}

static const struct put_row {
	const char *name;
	uint64_t value;
	const char *decimal, *hex;
} put_rows[] = {
    {"put: 0", 0, "0", "0"},
    {"put: 9", 9, "9", "9"},
    {"put: 10", 10, "10", "a"},
    {"put: 65535", 65535, "65535", "ffff"},
    {"put: 65536", 65536, "65536", "10000"},
    {"put: 1000", 1000, "1000", "3e8"},
    {"put: 2^64-1", UINT64_MAX, "18446744073709551615", "ffffffffffffffff"},
};

static void
test_put(void **state)
{
	const struct put_row *row = *state;
	char decimal[TEXT_DECIMAL_MAX], hex[TEXT_HEX_MAX];

	unit_assert_slice(
	    slice_of(decimal, text_put_decimal(decimal, row->value)),
	    row->decimal);
	unit_assert_slice(slice_of(hex, text_put_hex(hex, row->value)),
			  row->hex);
}

static void
test_hex(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *at = c == '\0' ? NULL : strchr(digits, (char)c);
		int want = at == NULL ? -1 : (int)((at - digits) % 16);
		assert_int_equal(ascii_hex((char)c), want);
	}
	assert_int_equal(text_hex_byte(SLICE("7fx")), 0x7f);
	assert_int_equal(text_hex_byte(SLICE("fF")), 0xff);
	assert_int_equal(text_hex_byte(SLICE("f")), -1);
	assert_int_equal(text_hex_byte(SLICE("0g")), -1);
	assert_int_equal(text_hex_byte(SLICE("g0")), -1);
	assert_int_equal(text_hex_byte(SLICE_NONE), -1);
}

/* ---- bytes, letter case, quoting ---- */

static void
test_classes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		assert_int_equal(ascii_is_alpha((char)c), letter);
		assert_int_equal(ascii_is_digit((char)c), c >= '0' && c <= '9');
		assert_int_equal(ascii_is_blank((char)c),
				 c == ' ' || c == '\t');
		assert_int_equal(ascii_is_printable((char)c),
				 c >= 0x20 && c < 0x7f);
	}
}

static void
test_lower(void **state)
{
	char text[] = "AZ[@`az{\xc3\x84";
	struct slice s = slice_of(text, sizeof(text) - 1);
	char copy[sizeof(text)];

	(void)state;
	unit_assert_slice(text_lower(copy, s), "az[@`az{\xc3\x84");
	unit_assert_slice(text_lower(text, s), "az[@`az{\xc3\x84");
}

static const struct quote_row {
	const char *name;
	struct slice text;
	const char *also;
	size_t cap;
	const char *want;
} quote_rows[] = {
    {"quote: plain", S("a ~\"'"), "", 64, "a ~\"'"},
    {"quote: controls", S("\0\n\x1f\x7f"), "", 64, "\\x00\\x0a\\x1f\\x7f"},
    {"quote: not ASCII", S("\xc3\x84\xff"), "", 64, "\\xc3\\x84\\xff"},
    {"quote: a backslash stays", S("\\x41"), "", 64, "\\x41"},
    {"quote: a backslash does not", S("\\x41"), "\\", 64, "\\x5cx41"},
    {"quote: NUL is not in `also`", S("\0"), "\\", 64, "\\x00"},
    {"quote: empty", S(""), "", 1, ""},
    {"quote: just room", S("ab"), "", 3, "ab"},
    {"quote: no room for NUL", S("abc"), "", 3, "ab"},
    {"quote: no half escape", S("a\nb"), "", 5, "a"},
    {"quote: whole escape", S("a\nb"), "", 6, "a\\x0a"},
    {"quote: no room at all", S("a"), "", 1, ""},
};

static void
test_quote(void **state)
{
	const struct quote_row *row = *state;
	struct slice text = unit_guard(row->text);
	char buf[64];

	memset(buf, '#', sizeof(buf));
	size_t len = text_quote(text, row->also, buf, row->cap);
	assert_string_equal(buf, row->want);
	assert_int_equal(len, strlen(row->want));
	for (size_t i = row->cap; i < sizeof(buf); i++)
		assert_int_equal(buf[i], '#');
	assert_true(TEXT_QUOTED_ROOM(text.len) > len);
	unit_unguard(text);
}

/* ---- parts, UTF-8 ---- */

static void
test_find_nocase(void **state)
{
	struct slice text = unit_guard(SLICE("a Server: NGINX"));

	(void)state;
	assert_int_equal(text_find_nocase(text, SLICE("nginx")), 10);
	assert_int_equal(text_find_nocase(text, SLICE("A SERVER")), 0);
	assert_int_equal(text_find_nocase(text, SLICE("nginxx")), text.len);
	assert_int_equal(text_find_nocase(text, SLICE("")), 0);
	assert_int_equal(text_find_nocase(SLICE(""), SLICE("a")), 0);
	assert_int_equal(text_find_nocase(SLICE_NONE, SLICE("")), 0);
	assert_true(text_has_nocase(text, SLICE("nginx")));
	assert_false(text_has_nocase(text, SLICE("nginxx")));
	assert_false(text_has_nocase(SLICE(""), SLICE("")));
	unit_unguard(text);
}

static const struct utf8_row {
	const char *name;
	unsigned c;
	const char *want;
} utf8_rows[] = {
    {"utf8: the last of one byte", 0x7f, "\x7f"},
    {"utf8: the first of two", 0x80, "\xc2\x80"},
    {"utf8: the last of two", 0x7ff, "\xdf\xbf"},
    {"utf8: the first of three", 0x800, "\xe0\xa0\x80"},
    {"utf8: the last of three", 0xffff, "\xef\xbf\xbf"},
};

static void
test_utf8(void **state)
{
	const struct utf8_row *row = *state;
	char buf[TEXT_UTF8_MAX];
	size_t len = text_put_utf8(buf, row->c);

	unit_assert_slice(slice_of(buf, len), row->want);
}

static const struct utf8_length_row {
	const char *name;
	const char *text;
	size_t want;
} utf8_length_rows[] = {
    {"utf8 length: ASCII", "a\xff", 1},
    {"utf8 length: two bytes", "\xc3\xa4x", 2},
    {"utf8 length: three", "\xe2\x82\xac", 3},
    {"utf8 length: four", "\xf0\x9f\x98\x80", 4},
    {"utf8 length: the third is another's first", "\xe2\x82\xc3", 0},
    {"utf8 length: cut", "\xe2\x82", 0},
    {"utf8 length: too long", "\xc0\x80", 0},
    {"utf8 length: a surrogate", "\xed\xa0\x80", 0},
    {"utf8 length: past U+10FFFF", "\xf4\x90\x80\x80", 0},
    {"utf8 length: a byte that only follows", "\x80", 0},
};

static void
test_utf8_length(void **state)
{
	const struct utf8_length_row *row = *state;
	struct slice text = slice_from(row->text);

	assert_int_equal(text_utf8_length(text), row->want);
	if (row->want == 0)
		assert_false(text_is_utf8(text));
	else
		assert_true(text_is_utf8(slice_of(text.ptr, row->want)));
}

int
main(void)
{
	struct CMUnitTest tests[128];
	size_t n = 0;

	UNIT_ROWS(tests, n, trim_rows, test_trim);
	UNIT_TEST(tests, n, test_after);
	UNIT_TEST(tests, n, test_find);
	UNIT_TEST(tests, n, test_find_nocase);
	UNIT_ROWS(tests, n, utf8_rows, test_utf8);
	UNIT_ROWS(tests, n, utf8_length_rows, test_utf8_length);
	UNIT_ROWS(tests, n, ends_rows, test_ends);
	UNIT_ROWS(tests, n, list_rows, test_list);
	UNIT_ROWS(tests, n, number_rows, test_number);
	UNIT_TEST(tests, n, test_digits);
	UNIT_ROWS(tests, n, put_rows, test_put);
	UNIT_TEST(tests, n, test_hex);
	UNIT_TEST(tests, n, test_classes);
	UNIT_TEST(tests, n, test_lower);
	UNIT_ROWS(tests, n, quote_rows, test_quote);
	return unit_run(tests, n);
}
