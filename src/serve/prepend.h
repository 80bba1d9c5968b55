/*
 * inject = prepend: write our header lines, then replace this process with the
 * program.
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

/* Can a program replace us?  Not under an nph-* name, because we must write
 * the status line. */
bool prepend_possible(const struct exchange *);

/*
 * Write the CORS lines of the decision to standard output and become the
 * program.  Returns only if that failed: a response has then been sent, the
 * cause logged and outcome filled.  Closes no descriptors of the caller.
 * Plain CGI only.
 */
void prepend_run(const struct settings *, struct exchange *,
		 const struct script *, char **variables, struct body *,
		 const struct cors_decision *, const struct request *);

#endif
