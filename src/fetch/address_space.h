/*
 * The IP address space of a URL (Local Network Access, 2.1), as far as its host
 * shows it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ADDRESS_SPACE_H
#define ADDRESS_SPACE_H

#include "fetch/url.h"

/* From the least to the most private. */
enum url_space {
	SPACE_UNKNOWN, /* a name: it depends on its addresses */
	SPACE_PUBLIC,
	SPACE_LOCAL,
	SPACE_LOOPBACK
};

/* The address space of the host. */
enum url_space url_space(const struct url *);

/* "public", "local", "loopback"; SPACE_UNKNOWN: "unknown". */
const char *url_space_name(enum url_space);
/* Parse "public", "local" or "loopback"; SPACE_UNKNOWN: it is another word. */
enum url_space url_space_parse(struct slice);

#endif
