/*
 * Running a program and sending its output to the client, until it ends, the
 * client disconnects, or a timeout passes.
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
 * Run the script and relay its response.  Every failure is logged and ends in
 * response_fail; ran, failure and body_bytes of the exchange's outcome are set.
 *
 * When this returns, the program has been reaped, and if the request failed,
 * its process group has been terminated.  Or the program still runs, and is
 * left to the exchange's reaper, or to itself if it could not be terminated.
 */
void relay_run(const struct settings *, struct exchange *,
	       const struct script *, char **variables, struct body *,
	       struct response *);

#endif
