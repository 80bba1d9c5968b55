/*
 * glibc's malloc keeps seven freed pieces of a size for each thread.  libfcgi
 * allocates and frees some fifty, of few sizes, for each request; most of
 * these take the slow way, which is a sixth of all the work of a preflight.
 * With room for more in the cache of the thread they all take the quick one,
 * and workers share no lock.  That room is a tunable, read from the environment
 * when a process starts; mallopt(3) has no name for it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corswrap/tune.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_MALLOC 1
#else
#define OTHER_MALLOC 0
#endif

#if defined(__GLIBC__) && !OTHER_MALLOC

static const char name[] = "GLIBC_TUNABLES";
/* 127 is the most that older versions take; libfcgi's buffers have 8 KiB. */
static const char value[] =
    "glibc.malloc.tcache_count=127:glibc.malloc.tcache_max=9216";

void
tune(char **argv)
{
	/* The name we were called by: the policy is looked for beside it. */
	const char *path = (const char *)getauxval(AT_EXECFN);

	/* Somebody else's tunables stand; a preloaded malloc (valgrind's) has
	 * none. */
	if (path == NULL || getenv(name) != NULL ||
	    getenv("LD_PRELOAD") != NULL || setenv(name, value, 1) != 0)
		return;
	execv(path, argv);
	/* We do as well without. */
	unsetenv(name);
}

#else

void
tune(char **argv)
{
	(void)argv;
}

#endif
