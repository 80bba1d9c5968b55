/*
 * Replacements for the parts that the static CGI program leaves out: FastCGI
 * applications, the reaper of a responder, and the warnings that only lint and
 * a start as FastCGI make.  PCRE2, libidn2 and libpsl are left out as by
 * configure --without.
 *
 * The loader refuses `forward` (load_options.exec_only), so that a policy never
 * allows more than with the full program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"
#include "run/forward.h"
#include "run/reaper.h"

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
	response_fail(response, 500, "forward");
}

int
reaper_take(struct reaper *reaper, const struct reaper_program *program)
{
	(void)reaper;
	(void)program;
	return -1;
}

int
reaper_end(struct reaper *reaper, const struct reaper_program *program,
	   const struct ending *ending)
{
	(void)reaper;
	(void)program;
	(void)ending;
	return -1;
}

void
reaper_leave(struct reaper *reaper, const struct child *child, const char *name)
{
	(void)reaper;
	(void)child;
	(void)name;
}

void
lint_missing(struct loader *loader)
{
	(void)loader;
}
