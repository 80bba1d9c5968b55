/*
 * For the one-file page: functions that wasi-libc does not have, or that fail
 * there, depending on its version.  Its files have no modes.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_STAT_H
#define ONEFILE_SYS_STAT_H

#include_next <sys/stat.h>

int onefile_fchmod(int fd, mode_t mode);
#define fchmod onefile_fchmod

#endif
