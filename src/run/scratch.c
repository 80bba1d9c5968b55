/*
 * A worker's memory, grown on need and kept.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>

#include "run/exchange.h"

int
scratch_need(char **buf, size_t *have, size_t cap)
{
	if (*have >= cap && *buf != NULL)
		return 0;
	char *fresh = malloc(cap);
	if (fresh == NULL)
		return -1;
	free(*buf);
	*buf = fresh;
	*have = cap;
	return 0;
}

int
scratch_grow(char **buf, size_t *have, size_t cap)
{
	char *fresh;

	if (*have >= cap)
		return 0;
	fresh = realloc(*buf, cap);
	if (fresh == NULL)
		return -1;
	*buf = fresh;
	*have = cap;
	return 0;
}

void
scratch_free(struct scratch *scratch)
{
	regex_scratch_free(scratch->regex);
	free(scratch->path);
	free(scratch->peeked);
	free(scratch->parameters);
	free(scratch->header);
	free(scratch->io);
	*scratch = (struct scratch){0};
}
