/*
 * Answer one request, in the order of DESIGN.md section 4: path, status-path,
 * policy, preflight, enforce, allow, program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RESPOND_H
#define RESPOND_H

#include "cors/decide.h"
#include "policy/settings.h"
#include "run/exchange.h"

/*
 * Answer the exchange by the settings.  Everything that goes wrong becomes an
 * answer or a broken sink, and a line in the log; outcome is filled.  Returns
 * when the program has ended or been left behind (background children).
 */
void respond(const struct settings *, struct exchange *);

/*
 * An error made by corswrap itself: Status, the CORS lines of the decision
 * (may be NULL), Cache-Control: no-store, a short text/plain body, and extra
 * (whole header lines, may be NULL; "Retry-After: 1\r\n").  text is sent to
 * the client: no path, no policy text in it; NULL: the status in words.
 */
int respond_error(struct exchange *, const struct cors_decision *, int status,
    const char *text, const char *extra);

/* "Not Found" for 404 and so on; "" for what we do not know. */
const char *respond_phrase(int status);

#endif
