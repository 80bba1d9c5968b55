/*
 * For the one-file page: what wasi-libc does not declare, since its files have no
 * owners.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_UNISTD_H
#define ONEFILE_UNISTD_H

#include_next <unistd.h>

int fchown(int fd, uid_t user, gid_t group);

#endif
