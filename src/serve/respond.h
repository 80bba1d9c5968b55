/*
 * Handle one request, in the order of DESIGN.md section 4: path, status-path,
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
 * Handle the exchange by the settings.  Every failure becomes a response or a
 * broken sink, and a line in the log; outcome is filled.  Returns when the
 * program has ended, or was passed to the reaper.
 */
void respond(const struct settings *, struct exchange *);

#endif
