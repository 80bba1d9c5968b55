/*
 * For the one-file page: getrandom(2), which system.c has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_RANDOM_H
#define ONEFILE_SYS_RANDOM_H

#include <sys/types.h>

ssize_t getrandom(void *bytes, size_t len, unsigned flags);

#endif
