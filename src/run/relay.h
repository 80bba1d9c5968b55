/*
 * Run the program and send its output to the client until it ends, the client
 * disconnects, or a timeout.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_RELAY_H
#define RUN_RELAY_H

#include "run/body.h"
#include "run/env.h"
#include "run/response.h"
#include "run/script.h"

/*
 * Every failure ends in response_fail and the log; the exchange's outcome is
 * filled (ran, failure, body_bytes).  When this returns the program is reaped,
 * its descriptors are closed, and its group is ended unless it ended well; or
 * it goes on under the exchange's reaper.
 */
void relay_run(const struct settings *, struct exchange *,
	       const struct script *, char **variables, struct body *,
	       struct response *);

#endif
