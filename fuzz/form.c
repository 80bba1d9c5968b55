/*
 * The fields of a form, compared with a simple reading of the same bytes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "page/form.h"

static int
plain_hex(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits) % 16;
}

static size_t
plain_decode(struct slice s, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		bool two = i + 2 < s.len && s.ptr[i] == '%' &&
			   plain_hex(s.ptr[i + 1]) >= 0 &&
			   plain_hex(s.ptr[i + 2]) >= 0;
		to[n++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
		if (!two)
			continue;
		to[n - 1] = (char)(plain_hex(s.ptr[i + 1]) * 16 +
				   plain_hex(s.ptr[i + 2]));
		i += 2;
	}
	return n;
}

static void
check(struct slice raw, struct slice got)
{
	char *plain = fuzz_text(raw);
	size_t len = plain_decode(raw, plain);

	CHECK(slice_present(got));
	CHECK(slice_eq(got, slice_of(plain, len)));
	free(plain);
}

FUZZ_TARGET(form)
{
	struct slice rest = fuzz_slice(data, size);
	struct arena *arena = arena_new();
	struct form form;
	size_t n = 0;

	CHECK(arena != NULL);
	enum form_fault fault = form_parse(arena, rest, &form);
	CHECK(fault == FORM_GOOD || fault == FORM_TOO_MANY);
	while (rest.len > 0) {
		struct slice value = fuzz_until(&rest, '&');
		if (value.len == 0)
			continue;
		struct slice name = fuzz_until(&value, '=');
		if (fault == FORM_GOOD) {
			CHECK(n < form.count);
			check(name, form.at[n].name);
			/* "a" is a field with an empty value, as "a=". */
			if (value.len > 0)
				check(value, form.at[n].value);
			else
				CHECK(form.at[n].value.len == 0);
		}
		n++;
	}
	CHECK((fault == FORM_TOO_MANY) == (n > FORM_FIELDS_MAX));
	if (fault == FORM_GOOD)
		CHECK(form.count == n);
	arena_free(arena);
	return 0;
}
