/*
 * Forms as browsers send them, and invalid ones.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>

#include "page/form.h"
#include "unit.h"

/* Every field as NAME=VALUE in brackets, bytes that are not plain as <HH>. */
static const struct row {
	const char *name;
	struct slice text;
	const char *want;
} rows[] = {
    {"nothing", {NULL, 0}, ""},
    {"an empty text", SLICE(""), ""},
    {"one field", SLICE("a=b"), "[a=b]"},
    {"two", SLICE("a=b&c=d"), "[a=b][c=d]"},
    {"the same name twice", SLICE("a=1&a=2"), "[a=1][a=2]"},
    {"no value", SLICE("a"), "[a=]"},
    {"an empty value", SLICE("a="), "[a=]"},
    {"no name", SLICE("=b"), "[=b]"},
    {"nothing but =", SLICE("="), "[=]"},
    {"= in a value", SLICE("a=b=c"), "[a=b=c]"},
    {"empty pairs", SLICE("&&a=b&&"), "[a=b]"},
    {"a blank is +", SLICE("a+b=c+d"), "[a b=c d]"},
    {"and %20", SLICE("a=%20"), "[a= ]"},
    {"+ is %2B", SLICE("a=%2B%2b"), "[a=++]"},
    {"& and = in a value", SLICE("a=%26%3D"), "[a=&=]"},
    {"in a name", SLICE("%26%3d=b"), "[&==b]"},
    {"line ends", SLICE("a=%0D%0A"), "[a=<0D><0A>]"},
    {"NUL", SLICE("a=b%00c"), "[a=b<00>c]"},
    {"a NUL that is not written so", SLICE("a=b\0c"), "[a=b<00>c]"},
    {"UTF-8", SLICE("a=%C3%A9"), "[a=<C3><A9>]"},
    {"bytes that are none", SLICE("a=%FF\xfe"), "[a=<FF><FE>]"},
    {"a lone %", SLICE("a=%"), "[a=%]"},
    {"% and one digit at the end", SLICE("a=%4"), "[a=%4]"},
    {"% and no digits", SLICE("a=%zz%4g%g4"), "[a=%zz%4g%g4]"},
    {"% and digits behind a lone one", SLICE("a=%%41"), "[a=%A]"},
    {"decoded once", SLICE("a=%2541"), "[a=%41]"},
    {"; does not part fields", SLICE("a=b;c=d"), "[a=b;c=d]"},
};

static void
show(const struct form *form, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < form->count; i++) {
		struct slice parts[] = {form->at[i].name, form->at[i].value};
		for (size_t j = 0; j < 2; j++) {
			len += (size_t)snprintf(out + len, cap - len, "%s",
						j == 0 ? "[" : "=");
			for (size_t k = 0; k < parts[j].len; k++) {
				unsigned char c =
				    (unsigned char)parts[j].ptr[k];
				len += (size_t)snprintf(
				    out + len, cap - len,
				    c >= ' ' && c < 0x7f ? "%c" : "<%02X>", c);
			}
		}
		len += (size_t)snprintf(out + len, cap - len, "]");
	}
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	struct slice text = row->text;
	struct form form;
	char out[512];

	if (slice_present(text))
		text = unit_guard(text);
	assert_int_equal(form_parse(arena, text, &form), FORM_GOOD);
	show(&form, out, sizeof(out));
	assert_string_equal(out, row->want);
	if (slice_present(text))
		unit_unguard(text);
	arena_free(arena);
}

static void
test_get(void **state)
{
	struct arena *arena = arena_new();
	struct form form;

	(void)state;
	assert_int_equal(form_parse(arena, SLICE("url=1&url=2&a"), &form),
			 FORM_GOOD);
	unit_assert_slice(form_get(&form, SLICE("url")), "1");
	unit_assert_slice(form_get(&form, SLICE("a")), "");
	assert_false(slice_present(form_get(&form, SLICE("ur"))));
	assert_false(slice_present(form_get(&form, SLICE(""))));
	arena_free(arena);
}

static void
test_many(void **state)
{
	struct arena *arena = arena_new();
	char text[4 * FORM_FIELDS_MAX + 8];
	struct form form;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "a=b&"[i % 4];
	assert_int_equal(
	    form_parse(arena, slice_of(text, 4 * FORM_FIELDS_MAX), &form),
	    FORM_GOOD);
	assert_int_equal(form.count, FORM_FIELDS_MAX);
	assert_int_equal(
	    form_parse(arena, slice_of(text, 4 * FORM_FIELDS_MAX + 1), &form),
	    FORM_TOO_MANY);
	arena_free(arena);
}

/* Any bytes: no byte beyond them is read, and no field is longer than they. */
static void
test_any(void **state)
{
	uint32_t seed = 20240607;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct arena *arena = arena_new();
		struct form form;
		char bytes[40];
		size_t len, sum = 0;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 16) % (sizeof(bytes) + 1);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (seed >> 24) % 3 == 0
				       ? (char)(seed >> 16)
				       : "%&=+4aF"[(seed >> 16) % 7];
		}
		struct slice text = slice_of(bytes + sizeof(bytes) - len, len);
		memmove(bytes + sizeof(bytes) - len, bytes, len);
		assert_int_equal(form_parse(arena, text, &form), FORM_GOOD);
		for (size_t i = 0; i < form.count; i++)
			sum += form.at[i].name.len + form.at[i].value.len;
		assert_true(sum <= len);
		arena_free(arena);
	}
}

int
main(void)
{
	struct CMUnitTest tests[UNIT_COUNT(rows) + 3];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	UNIT_TEST(tests, n, test_get);
	UNIT_TEST(tests, n, test_many);
	UNIT_TEST(tests, n, test_any);
	return unit_run(tests, n);
}
