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

#endif
