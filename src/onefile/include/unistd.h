/*
 * For the one-file page: a function that wasi-libc does not have, or that fails
 * there, depending on its version.  The files have no owners.  system.c has it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_UNISTD_H
#define ONEFILE_UNISTD_H

#include_next <unistd.h>

int onefile_fchown(int fd, uid_t user, gid_t group);
#define fchown onefile_fchown

#endif
