/*
 * Internationalised host names without libidn2: no punycode is offered and
 * A-labels are checked by their bytes alone.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/idn.h"

bool
idn_to_ascii(struct slice host, char buf[static IDN_MAX])
{
	if (host.len >= IDN_MAX || !slice_is_ascii(host))
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	return true;
}

bool
idn_labels_valid(struct slice host)
{
	(void)host;
	return true;
}
