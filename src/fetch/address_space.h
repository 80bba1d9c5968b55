/*
 * IP address spaces (Local Network Access, 2.1), as far as a URL shows them.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ADDRESS_SPACE_H
#define ADDRESS_SPACE_H

#include "fetch/url.h"

/* From the least to the most private. */
enum url_space {
	SPACE_UNKNOWN, /* a name: only its addresses show it */
	SPACE_PUBLIC,
	SPACE_LOCAL,
	SPACE_LOOPBACK
};

enum url_space url_space(const struct url *);

/* "public", "local", "loopback"; SPACE_UNKNOWN: "unknown". */
const char *url_space_name(enum url_space);
/* The three words; SPACE_UNKNOWN: another word. */
enum url_space url_space_parse(struct slice);

#endif
