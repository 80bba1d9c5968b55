/*
 * For the one-file page: functions that wasi-libc does not have, or that fail
 * there, depending on its version.  system.c has them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_STDLIB_H
#define ONEFILE_STDLIB_H

#include_next <stdlib.h>

char *onefile_realpath(const char *path, char *real);
int onefile_mkstemp(char *path);
int onefile_mkostemp(char *path, int flags);
#define realpath onefile_realpath
#define mkstemp onefile_mkstemp
#define mkostemp onefile_mkostemp

#endif
