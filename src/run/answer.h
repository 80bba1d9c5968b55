/*
 * Answers that corswrap makes itself: errors and empty ones, with the CORS
 * lines of the decision.  An error without them would reach no script.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ANSWER_H
#define RUN_ANSWER_H

#include "cors/decide.h"
#include "run/exchange.h"

/*
 * An error: Status, the CORS lines of the decision (may be NULL),
 * Cache-Control: no-store, a short text/plain body (none for HEAD), and with
 * 503 Retry-After.  text is sent to the client: no path and nothing of the
 * policy in it; NULL: what the status means.  Sets the outcome's status.  0, or
 * -1 with errno from the sink.
 */
int answer_error(struct exchange *, const struct cors_decision *, int status,
		 const char *text);

/* What a decision whose verdict is not CORS_RUN answers with.  Sets the
 * outcome's status; returns as above. */
int answer_decision(struct exchange *, const struct cors_decision *);

#endif
