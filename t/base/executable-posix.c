/*
 * The same with POSIX only.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#define OS_POSIX_ONLY 1

#include "base/executable.c"
#include "base/os.c"
#include "executable.c"
