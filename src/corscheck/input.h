/*
 * Files that a subcommand reads whole: by name, or "-" for standard input.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORSCHECK_INPUT_H
#define CORSCHECK_INPUT_H

#include "base/arena.h"

/* The name as messages have it: "-" is "standard input". */
const char *input_name(const char *name);

/* The bytes of the file, at most max of them, in memory of the arena.  False:
 * the cause was printed on standard error. */
bool input_read(struct arena *, const char *name, size_t max,
		struct slice *bytes);

#endif
