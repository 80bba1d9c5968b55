/*
 * Set-Cookie: how browsers read it, and which attributes are missing for other
 * sites.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/cookie.h"
#include "unit.h"

static const struct row {
	const char *name; /* the field */
	const char *cookie;
	const char *lacks;
} rows[] = {
    {"sid=1", "sid", "SameSite=None; Secure"},
    {"sid=1; SameSite=None; Secure", "sid", NULL},
    {"sid=1;samesite=none;secure", "sid", NULL},
    {" sid = 1 ; SECURE ;\tSameSite = NONE ", "sid", NULL},
    {"sid=1; Secure; HttpOnly; SameSite=None; Path=/; Partitioned", "sid",
     NULL},
    {"sid=1; SameSite=None", "sid", "Secure"},
    {"sid=1; Secure", "sid", "SameSite=None"},
    {"sid=1; SameSite=Lax; Secure", "sid", "SameSite=None"},
    {"sid=1; SameSite=Strict", "sid", "SameSite=None; Secure"},
    {"sid=1; SameSite; Secure", "sid", "SameSite=None"},
    {"sid=1; SameSite=\"None\"; Secure", "sid", "SameSite=None"},
    {"sid=1; SameSite=None; Secure; SameSite=Lax", "sid", "SameSite=None"},
    {"sid=1; SameSite=Lax; Secure; SameSite=None", "sid", NULL},
    {"sid=1; Secure=yes; SameSite=None", "sid", NULL},
    {"sid=SameSite=None", "sid", "SameSite=None; Secure"},
    {"sid=1, SameSite=None, Secure", "sid", "SameSite=None; Secure"},
    {"value; SameSite=None; Secure", "", NULL},
    {"=value; Secure", "", "SameSite=None"},
    {"", "", "SameSite=None; Secure"},
    {";;;", "", "SameSite=None; Secure"},
    {"=;=;Secure=;SameSite=None;", "", NULL},
};

/* Attributes that cookie_lacks ignores. */
static const struct attributes_row {
	const char *name; /* the field */
	bool same_site;
	bool partitioned;
	bool http_only;
	const char *path; /* NULL: none */
	const char *domain;
} attributes[] = {
    {"a=b", false, false, false, NULL, NULL},
    {"a=b; SameSite=lax; PARTITIONED ; httponly=x", true, true, true, NULL,
     NULL},
    {"a=b; SameSite=Strict; SameSite=None", false, false, false, NULL, NULL},
    {"a=b; Path=/x; Path= / ; Domain=.example.com", false, false, false, "/",
     "example.com"},
    {"a=b; Path; Domain=", false, false, false, "", ""},
    {"a=b; Domain=example.com; Domain=other.example", false, false, false, NULL,
     "other.example"},
};

static void
assert_value(struct slice value, const char *expected)
{
	assert_int_equal(slice_present(value), expected != NULL);
	if (expected != NULL)
		assert_true(slice_eq(value, slice_from(expected)));
}

static void
test_attributes(void **state)
{
	const struct attributes_row *row = *state;
	struct cookie cookie;

	cookie_read(slice_from(row->name), &cookie);
	assert_int_equal(cookie.same_site, row->same_site);
	assert_int_equal(cookie.partitioned, row->partitioned);
	assert_int_equal(cookie.http_only, row->http_only);
	assert_value(cookie.path, row->path);
	assert_value(cookie.domain, row->domain);
}

static void
test_read(void **state)
{
	const struct row *row = *state;
	struct cookie cookie;

	cookie_read(slice_from(row->name), &cookie);
	assert_true(cookie.name.len == strlen(row->cookie));
	assert_memory_equal(cookie.name.len > 0 ? cookie.name.ptr : "",
			    row->cookie, cookie.name.len);
	if (row->lacks == NULL)
		assert_null(cookie_lacks(&cookie));
	else
		assert_string_equal(cookie_lacks(&cookie), row->lacks);
}

int
main(void)
{
	static struct CMUnitTest
	    tests[UNIT_COUNT(rows) + UNIT_COUNT(attributes)];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_read);
	UNIT_ROWS(tests, n, attributes, test_attributes);
	return unit_run(tests, n);
}
