/*
 * Public suffixes: the names under which anybody can register one.
 *
 * suffix.c asks libpsl; suffix_none.c takes its place in the static CGI
 * program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SUFFIX_H
#define SUFFIX_H

#include "base/slice.h"

/* Is the host (lower case, ASCII, a final dot allowed) a public suffix? */
bool suffix_is_public(struct slice host);

#endif
