/*
 * Stand-ins for what the static CGI program is built without: FastCGI
 * applications.  PCRE2, libidn2 and libpsl are left out as configure's --without
 * does.
 *
 * The loader refuses `forward` (load_options.exec_only), so that a policy never
 * allows more than with the full program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward.h"

struct forward_pool *
forward_pool_new(void)
{
	return NULL;
}

void
forward_pool_free(struct forward_pool *pool)
{
	(void)pool;
}

void
forward_run(struct forward_pool *pool, const struct settings *settings,
	    struct exchange *x, char **variables, struct body *body,
	    struct response *response, bool idempotent)
{
	(void)pool;
	(void)settings;
	(void)x;
	(void)variables;
	(void)body;
	(void)idempotent;
	response_fail(response, 500, "forward", NULL);
}
