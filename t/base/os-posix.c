/*
 * The same with POSIX only.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#define OS_POSIX_ONLY 1

#include "base/os.c"
#include "base/os_signal.c"
#include "os.c"
