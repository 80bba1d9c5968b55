/*
 * Public suffixes without libpsl: two labels are believed to be somebody's own
 * name (DESIGN.md section 5).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/suffix.h"

bool
suffix_is_public(struct slice host)
{
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	return memchr(host.ptr, '.', host.len) == NULL;
}
