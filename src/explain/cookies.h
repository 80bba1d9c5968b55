/*
 * What happens to cookies, which CORS headers do not control.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_COOKIES_H
#define EXPLAIN_COOKIES_H

#include "cors/cookie.h"
#include "explain/explanation.h"

/* Does the request send credentials to another site than the page's? */
bool explain_cookies_cross(const struct explanation *);

/* If so, note which cookies are sent; for exchanges without a live
 * response. */
void explain_note_cookies(struct explanation *);

/* What a browser does with a cookie that the response sets. */
enum cookie_fate {
	COOKIE_GOES,	   /* it is sent with the page's next request */
	COOKIE_REFUSED,	   /* it is not stored */
	COOKIE_SAME_SITE,  /* it is only sent for pages of its own site */
	COOKIE_THIRD_PARTY /* it is not sent if third-party cookies are blocked
			    */
};

/* Of the value of a Set-Cookie field; *why (refused): the cause in words. */
enum cookie_fate explain_cookie_fate(const struct explanation *,
				     const struct cookie *, const char **why);

#endif
