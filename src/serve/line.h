/*
 * A client's connection, as what reads and writes it without libfcgi sees it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stdint.h>

struct line {
	int fd;
	/* Readable once everything must end (exchange.h); -1: whoever
	 * interrupts a call means that its time is over (pool.h). */
	int stop_fd;
};

/*
 * The call that has just failed is to be made again: it was interrupted, and
 * not by who meant it.
 */
bool line_goes_on(struct line);

/* A read of the body has failed with error, or with 0: -1, and errno
 * ETIMEDOUT, ECONNABORTED or the like. */
int line_cut(int error);

/* SO_RCVTIMEO or SO_SNDTIMEO, in milliseconds; 0: none. */
void line_bound(int fd, int option, uint64_t milliseconds);

#endif
