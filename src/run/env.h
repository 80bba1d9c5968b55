/*
 * The environment of the program, and the parameters that forward sends
 * (DESIGN.md section 4, "The environment of the program").
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_ENV_H
#define RUN_ENV_H

#include "run/body.h"
#include "run/script.h"

struct env {
	char **variables; /* "NAME=value", NULL-terminated */
	char *memory;	  /* private */
};

/*
 * Build the environment from the variables of the exchange and [env].
 * HTTP_PROXY, CORSWRAP_*, LISTEN_*, NOTIFY_SOCKET, LD_* and invalid names are
 * dropped; PATH, REDIRECT_STATUS and CONTENT_LENGTH (of the body) are set.  It
 * points into the exchange's variables.  -1: no memory.  Free with env_free.
 */
int env_build(const struct settings *, const struct exchange *,
	      const struct script *, const struct body *, struct env *out);
void env_free(struct env *);

#endif
