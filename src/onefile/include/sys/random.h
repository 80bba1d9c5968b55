/*
 * For the one-file page: what wasi-libc lacks, or answers with an error, depending
 * on its age.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_RANDOM_H
#define ONEFILE_SYS_RANDOM_H

#include <sys/types.h>

ssize_t onefile_getrandom(void *bytes, size_t len, unsigned flags);
#define getrandom onefile_getrandom

#endif
