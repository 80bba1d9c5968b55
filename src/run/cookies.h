/*
 * Cookies of programs that browsers will not send for pages of other sites:
 * the policy allows them credentials, but the cookie has no SameSite=None.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_COOKIES_H
#define RUN_COOKIES_H

#include "cors/header_block.h"
#include "run/exchange.h"

/*
 * Log each Set-Cookie without SameSite=None or Secure in a response to a page
 * of another site, if the policy allows that page credentials.  A responder
 * logs it once for each section and name of a cookie, as a warning; plain CGI
 * cannot remember what it logged, and logs at the level debug.
 */
void cookies_check(const struct exchange *, const struct cors_decision *,
		   const struct request *, const struct header_block *);

#endif
