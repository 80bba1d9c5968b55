/*
 * inject = prepend: our header lines, then the program in our own place.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PREPEND_H
#define PREPEND_H

#include "cors/decide.h"
#include "policy/settings.h"
#include "run/body.h"
#include "run/exchange.h"
#include "run/script.h"

/* Can our place be given to a program at all?  Not under an nph-* name, where
 * somebody must write the status line. */
bool prepend_possible(const struct exchange *);

/*
 * Write the CORS lines of the decision to standard output and become the
 * program.  Returns only when that was impossible: the request has then been
 * answered, the cause logged and outcome filled.  Closes nothing of the
 * caller's.  Plain CGI alone.
 */
void prepend_run(const struct settings *, struct exchange *,
		 const struct script *, char **variables, struct body *,
		 const struct cors_decision *, const struct request *);

#endif
