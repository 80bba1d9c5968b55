/*
 * Cookies of programs that pages of other sites will miss: the policy allows
 * them credentials, but the cookie is not meant for other sites.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_COOKIES_H
#define RUN_COOKIES_H

#include "cors/header_block.h"
#include "run/exchange.h"

/*
 * Log each Set-Cookie of a response to a page of another site that lacks
 * SameSite=None or Secure, if the policy allows that page credentials: a
 * responder once for each section and name of a cookie, as a warning; plain CGI
 * forgets what it logged, and logs at the level debug.
 */
void cookies_check(const struct exchange *, const struct cors_decision *,
		   const struct request *, const struct header_block *);

#endif
