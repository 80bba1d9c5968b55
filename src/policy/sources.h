/*
 * The files that settings came from.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SOURCES_H
#define SOURCES_H

#include "policy/settings.h"

/* Remember the file at path (kept by reference) as it was when these bytes
 * were read from it. */
void source_set(struct source_file *, const char *path, const struct stat *,
		struct slice bytes);

#endif
