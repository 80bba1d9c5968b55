/*
 * For the one-file page: what wasi-libc does not declare.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_STDLIB_H
#define ONEFILE_STDLIB_H

#include_next <stdlib.h>

char *realpath(const char *path, char *real);
int mkstemp(char *path);
int mkostemp(char *path, int flags);

#endif
