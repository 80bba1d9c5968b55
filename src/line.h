/*
 * A client's connection, as what reads and writes it without libfcgi sees it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LINE_H
#define LINE_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

struct line {
	int fd;
	/* Readable once everything must end (exchange.h); -1: whoever
	 * interrupts a call means that its time is over (pool.h). */
	int stop_fd;
};

/*
 * The call that has just failed is to be made again.  With a limit of time on
 * the socket it ends with EINTR whenever the process is stopped and goes on
 * (signal(7)): Ctrl-Z, cpulimit, a debugger, a frozen container.
 */
static inline bool
line_goes_on(struct line line)
{
	struct pollfd stop = {line.stop_fd, POLLIN, 0};
	bool again;

	if (errno != EINTR || line.stop_fd < 0)
		return false;
	again = poll(&stop, 1, 0) <= 0;
	errno = EINTR;
	return again;
}

#endif
