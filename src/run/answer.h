/*
 * Responses that corswrap makes itself: errors and empty ones, with the CORS
 * lines of the decision.  A script cannot read an error without them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ANSWER_H
#define RUN_ANSWER_H

#include "cors/decide.h"
#include "run/exchange.h"

/*
 * An error: Status, the CORS lines of the decision (may be NULL),
 * Cache-Control: no-store, a short text/plain body (not for HEAD), and with
 * 503 Retry-After.  text is sent to the client, so it must not contain a path
 * or a part of the policy; NULL: the meaning of the status.  Sets the
 * outcome's status.  0, or -1 with errno from the sink.
 */
int answer_error(struct exchange *, const struct cors_decision *, int status,
		 const char *text);

/* The response to a request whose verdict is not CORS_RUN.  Sets the
 * outcome's status; returns as above. */
int answer_decision(struct exchange *, const struct cors_decision *);

#endif
