/*
 * Set-Cookie as browsers read it: is the cookie sent with requests from pages
 * of other sites?
 *
 * A policy with credentials allows such pages to read the response, but no CORS
 * header makes browsers send a cookie.  The default of SameSite is Lax, and
 * browsers reject a cookie with SameSite=None but without Secure (RFC 6265bis,
 * 5.7).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_COOKIE_H
#define CORS_COOKIE_H

#include "base/slice.h"

struct cookie {
	struct slice name; /* may be empty */
	bool none;	   /* SameSite=None; the last SameSite counts */
	bool same_site;	   /* SameSite=Lax or Strict */
	bool secure;
	bool http_only;
	bool partitioned;
	/* The last one of each counts; absent: not set. */
	struct slice domain; /* without a dot in front; may be empty */
	struct slice path;
};

/* Read the value of a Set-Cookie field; *out points into it. */
void cookie_read(struct slice field_value, struct cookie *out);

/* What is missing for the cookie to be sent with requests from other sites:
 * "SameSite=None; Secure", one of the two, or NULL: nothing. */
const char *cookie_lacks(const struct cookie *);

#endif
