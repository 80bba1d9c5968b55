/*
 * For the one-file page: what wasi-libc lacks, or answers with an error, depending
 * on its age.  Its files have no modes.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_STAT_H
#define ONEFILE_SYS_STAT_H

#include_next <sys/stat.h>

int onefile_fchmod(int fd, mode_t mode);
#define fchmod onefile_fchmod

#endif
