/*
 * What becomes of cookies, which no CORS header decides.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_COOKIES_H
#define EXPLAIN_COOKIES_H

#include "explain/explanation.h"

/* Does the request take credentials to another site than the page's? */
bool explain_cookies_cross(const struct explanation *);

/* If so, note which cookies go along; for what no live response shows. */
void explain_note_cookies(struct explanation *);

#endif
