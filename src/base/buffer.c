/*
 * Buffers that are reused and only grow.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/buffer.h"

#include <stdlib.h>

int
buffer_need(char **buf, size_t *have, size_t cap)
{
	char *fresh;

	if (*have >= cap && *buf != NULL)
		return 0;
	/* Not realloc, which would copy contents that are not needed. */
	fresh = malloc(cap);
	if (fresh == NULL)
		return -1;
	free(*buf);
	*buf = fresh;
	*have = cap;
	return 0;
}
