/*
 * For the one-file page: the clock of a process, which newer versions of
 * wasi-libc do not have.  The page never reads it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_TIME_H
#define ONEFILE_TIME_H

#include_next <time.h>

#ifndef CLOCK_PROCESS_CPUTIME_ID
#define CLOCK_PROCESS_CPUTIME_ID CLOCK_MONOTONIC
#endif

#endif
