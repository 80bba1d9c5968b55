/*
 * How XMLHttpRequest changes a Content-Type when it sends a string.
 *
 * The rows were seen in the browsers (Chromium 156, Firefox 153, WebKitGTK
 * 2.50; 684 types and pairs of types agreed).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/charset.h"
#include "unit.h"

/* NULL: it stays. */
static const struct row {
	const char *name; /* the value */
	const char *chromium;
	const char *standard;
} rows[] = {
    {"text/plain", NULL, NULL},
    {"", NULL, NULL},
    {"text", NULL, NULL},
    {"text/plain;charset", NULL, NULL},
    {"text/plain;charset=", NULL, NULL},
    {"text/plain;charset=iso-8859-1", "text/plain;charset=UTF-8",
     "text/plain;charset=UTF-8"},
    {"Text/Plain; charset=utf-8", "Text/Plain; charset=UTF-8", NULL},
    {"text/plain; charset=\"utf-8\"", "text/plain; charset=\"UTF-8\"", NULL},
    {"text/plain; CHARSET = x", "text/plain; CHARSET = UTF-8", NULL},
    {"text/plain; charset=x; charset=y",
     "text/plain; charset=UTF-8; charset=UTF-8", "text/plain;charset=UTF-8"},
    {"text/plain; charset=utf-8, text/plain",
     "text/plain; charset=UTF-8 text/plain", "text/plain;charset=UTF-8"},
    {"text/plain, text/plain; charset=x",
     "text/plain, text/plain; charset=UTF-8", NULL},
    {"multipart/form-data; boundary=x, text/plain;charset=x",
     "multipart/form-data; boundary=x, text/plain;charset=UTF-8",
     "multipart/form-data;boundary=\"x, text/plain\";charset=UTF-8"},
    {"multipart/form-data;boundary=\"a\\\"b;c\" x;charset=y;A=",
     "multipart/form-data;boundary=\"a\\\"b;c\" x;charset=UTF-8;A=",
     "multipart/form-data;boundary=\"a\\\"b;c\";charset=UTF-8"},
    {"text/plain;a=\"\";charset=x;a=b", "text/plain;a=\"\";charset=UTF-8;a=b",
     "text/plain;a=\"\";charset=UTF-8"},
    {"text/plain;xcharset=x", NULL, NULL},
    /* A byte that cannot be in a quoted string: not a parameter. */
    {"text/plain;a=\"\x01\";charset=x", "text/plain;a=\"\x01\";charset=UTF-8",
     "text/plain;charset=UTF-8"},
    {"charset=x", NULL, NULL},
};

static void
test_string(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	struct slice value = unit_guard(slice_from(row->name));
	struct slice chromium = value, safari = value;

	assert_non_null(arena);
	assert_true(fetch_charset_of_string(arena, FETCH_CHROMIUM, &chromium));
	unit_assert_slice(chromium,
			  row->chromium == NULL ? row->name : row->chromium);
	assert_true(fetch_charset_of_string(arena, FETCH_SAFARI, &safari));
	unit_assert_slice(safari,
			  row->standard == NULL ? row->name : row->standard);
	unit_unguard(value);
	arena_free(arena);
}

int
main(void)
{
	static struct CMUnitTest tests[UNIT_COUNT(rows)];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_string);
	return unit_run(tests, n);
}
