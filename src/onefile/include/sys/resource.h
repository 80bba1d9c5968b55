/*
 * For the one-file page: WebAssembly has no process limits, and the page has
 * no file descriptors or processor time to limit.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_RESOURCE_H
#define ONEFILE_SYS_RESOURCE_H

#include <errno.h>

typedef unsigned long long rlim_t;
struct rlimit {
	rlim_t rlim_cur;
	rlim_t rlim_max;
};

enum { RLIMIT_CPU, RLIMIT_NOFILE };

static inline int
getrlimit(int which, struct rlimit *limit)
{
	(void)which;
	(void)limit;
	errno = ENOSYS;
	return -1;
}

static inline int
setrlimit(int which, const struct rlimit *limit)
{
	(void)which;
	(void)limit;
	errno = ENOSYS;
	return -1;
}

#endif
