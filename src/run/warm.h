/*
 * Warm interpreters: which scripts have one, and requests that run in a fork of
 * it (DESIGN.md section 3, [warm]; corswrap-warm(7)).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_WARM_H
#define RUN_WARM_H

#include "policy/settings.h"
#include "run/body.h"
#include "run/child.h"
#include "run/exchange.h"
#include "run/log.h"
#include "run/response.h"
#include "run/script.h"

struct warm;

/* All of a responder's; nothing is started before the first request that is
 * meant for one.  NULL: no memory. */
struct warm *warm_new(struct log *);

/* The settings have changed: end all of them, as soon as no request uses it. */
void warm_forget(struct warm *);

/* No request runs any more: end all, and wait until they have ended. */
void warm_free(struct warm *);

/*
 * Run the program of spec in a fork of its warm interpreter, if it is one of
 * [warm] `scripts`, one is there, and it is not stale.  WARM_USED: *child is
 * the program, and it has begun.  Else it has not, spec is untouched, and it is
 * to be started cold.
 */
enum warm_result warm_start(struct warm *, const struct settings *,
			    const struct script *, const struct child_spec *,
			    struct child *);

/*
 * The same for a program that becomes a server, php-cgi.  WARM_USED: it has
 * answered, as relay_run does.
 */
enum warm_result warm_serve(struct warm *, const struct settings *,
			    const struct script *, struct exchange *,
			    char **variables, struct body *, struct response *);

#endif
