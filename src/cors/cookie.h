/*
 * Set-Cookie as browsers read it: does the cookie go along with requests of
 * pages of other sites?
 *
 * A policy with credentials lets such pages read the response, but no CORS
 * header makes browsers send a cookie: they take it for SameSite=Lax unless it
 * says None, and None without Secure for no cookie at all (RFC 6265bis, 5.7).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_COOKIE_H
#define CORS_COOKIE_H

#include "base/slice.h"

struct cookie {
	struct slice name; /* may be empty */
	bool none;	   /* SameSite=None; the last SameSite counts */
	bool same_site;	   /* SameSite=Lax or Strict; neither: not said */
	bool secure;
	bool http_only;
	bool partitioned;
	/* The last of each counts; absent: it is not there. */
	struct slice domain; /* without a dot in front; may be empty */
	struct slice path;
};

/* Read the value of a Set-Cookie field. */
void cookie_read(struct slice field_value, struct cookie *out);

/* What the cookie lacks to go along with requests of other sites:
 * "SameSite=None; Secure", one of the two, or NULL: nothing. */
const char *cookie_lacks(const struct cookie *);

#endif
