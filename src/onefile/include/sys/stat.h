/*
 * For the one-file page: what wasi-libc does not declare, since its files have no
 * modes.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_STAT_H
#define ONEFILE_SYS_STAT_H

#include_next <sys/stat.h>

int fchmod(int fd, mode_t mode);

#endif
