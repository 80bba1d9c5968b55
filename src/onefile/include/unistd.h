/*
 * For the one-file page: functions that wasi-libc does not have, or that fail
 * there, depending on its version.  Its files have no owners.  system.c has
 * it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_UNISTD_H
#define ONEFILE_UNISTD_H

#include_next <unistd.h>

int onefile_fchown(int fd, uid_t user, gid_t group);
#define fchown onefile_fchown

#endif
