/*
 * For the one-file page: no terminal, so its width is never known.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_IOCTL_H
#define ONEFILE_SYS_IOCTL_H

#include_next <sys/ioctl.h>

struct winsize {
	unsigned short ws_row;
	unsigned short ws_col;
};

enum { TIOCGWINSZ = 0x5413 }; /* which fails */

#endif
