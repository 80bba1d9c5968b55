/*
 * What becomes of cookies, which no CORS header decides.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_COOKIES_H
#define EXPLAIN_COOKIES_H

#include "cors/cookie.h"
#include "explain/explanation.h"

/* Does the request take credentials to another site than the page's? */
bool explain_cookies_cross(const struct explanation *);

/* If so, note which cookies go along; for what no live response shows. */
void explain_note_cookies(struct explanation *);

/* What a browser does with a cookie that the response sets. */
enum cookie_fate {
	COOKIE_GOES,	   /* it goes along with the page's next request */
	COOKIE_REFUSED,	   /* it is not kept */
	COOKIE_SAME_SITE,  /* it goes along for pages of its own site alone */
	COOKIE_THIRD_PARTY /* it does not where third-party cookies are blocked
			    */
};

/* Of the value of a Set-Cookie field; *why (refused): the cause in words. */
enum cookie_fate explain_cookie_fate(const struct explanation *,
				     const struct cookie *, const char **why);

#endif
