/*
 * [app] self-check: what corswrap found, for users without a shell on the
 * server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SERVE_SELF_CHECK_H
#define SERVE_SELF_CHECK_H

#include "cors/request.h"
#include "policy/settings.h"
#include "run/exchange.h"

/* Is it a GET whose query has corswrap-check=TOKEN with the policy's token?  The
 * token is compared in a time that does not depend on its bytes. */
bool self_check_asked(const struct settings *, const struct exchange *,
		      const struct request *);

/*
 * Respond with the policy that was found, its diagnostics, the program that
 * would run, its permissions and its variables (the values of passwords and
 * cookies left out), and the server, as text that is never cached.  No program
 * runs.  0; -1 with errno; 1: no memory, and nothing was sent.
 */
int self_check_answer(const struct settings *, struct exchange *,
		      const struct request *);

#endif
