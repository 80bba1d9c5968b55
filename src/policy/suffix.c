/*
 * Public suffixes through libpsl.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/suffix.h"

#include <libpsl.h>

enum { HOST_MAX = 255 };

/* The list that is compiled in: whoever shows a policy to the analyzer page
 * must not make it open files. */
bool
suffix_is_public(struct slice host)
{
	const psl_ctx_t *list = psl_builtin();
	char text[HOST_MAX + 1];

	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (memchr(host.ptr, '.', host.len) == NULL)
		return true; /* the list's rule "*" */
	if (list == NULL || host.len > HOST_MAX)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	return psl_is_public_suffix(list, text) != 0;
}
