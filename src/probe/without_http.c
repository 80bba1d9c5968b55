/*
 * Replaces http.c if libcurl is left out (configure --without-probe): `read`
 * works, and no request is ever sent.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "probe/probe.h"

enum probe_fault
probe_send(struct probe_client *client, struct explanation *e,
	   const struct url *url, struct slice method,
	   const struct fetch_fields *fields, struct response *out,
	   const char **why)
{
	(void)client;
	(void)e;
	(void)url;
	(void)method;
	(void)fields;
	(void)out;
	*why = "libcurl was left out";
	return PROBE_NETWORK;
}
