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

/* If it does, add a note on which cookies are sent; for explanations without a
 * live response. */
void explain_note_cookies(struct explanation *);

/* What a browser does with a cookie that the response sets. */
enum cookie_fate {
	COOKIE_GOES,	   /* it is sent with the page's next requests */
	COOKIE_REFUSED,	   /* it is not stored */
	COOKIE_SAME_SITE,  /* it is only sent for pages of its own site */
	COOKIE_THIRD_PARTY /* it is not sent if third-party cookies are blocked
			    */
};

/* What the browser does with this cookie.  *why: the cause in words if it is
 * refused, else NULL. */
enum cookie_fate explain_cookie_fate(const struct explanation *,
				     const struct cookie *, const char **why);

#endif
