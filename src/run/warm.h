/*
 * Warm interpreters: a script that [warm] names is compiled once, and each
 * request runs in a fork of the process that has compiled it
 * (corswrap-warm(7)).  Other requests run cold: their program is started for
 * the request, as without [warm].
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

/*
 * The warm interpreters of one responder; free them with warm_free.  No process
 * or thread is started before a request needs one.  The log must outlive them.
 * NULL: no memory.
 *
 * warm_forget, warm_start and warm_serve may be called from several threads at
 * once.
 */
struct warm *warm_new(struct log *);

/*
 * Call this when the settings have changed.  Every interpreter is retired: new
 * requests do not use it, and it ends when its requests have ended.  Does not
 * wait for that.
 * NULL allowed.
 */
void warm_forget(struct warm *);

/* End all interpreters, wait until they have ended, and free everything.  No
 * request may be running.  NULL allowed. */
void warm_free(struct warm *);

/*
 * Run the program of spec in a fork of its warm interpreter, if it is one of
 * [warm] `scripts` and the interpreter is ready and not stale.
 *
 * WARM_USED: the program runs, and *child is its process (child_reap).  Any
 * other result: the program has not begun, and the caller must start it cold;
 * nothing was read from the descriptors of spec.
 */
enum warm_result warm_start(struct warm *, const struct settings *,
			    const struct script *, const struct child_spec *,
			    struct child *);

/*
 * The same for php-cgi, which runs as a FastCGI server.  It also relays the
 * response: after WARM_USED the request is finished.
 */
enum warm_result warm_serve(struct warm *, const struct settings *,
			    const struct script *, struct exchange *,
			    char **variables, struct body *, struct response *);

#endif
