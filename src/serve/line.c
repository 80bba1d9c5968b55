/*
 * Interruptions and bounds of a client's connection.
 *
 * With a limit of time on the socket a call ends with EINTR whenever the
 * process is stopped and goes on (signal(7)): Ctrl-Z, cpulimit, a debugger, a
 * frozen container.  Taken for the wakes of pool.h, that would cost every
 * upload, and every answer whose client is slow.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/line.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

bool
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

/* libfcgi has three codes of its own, below 0.  EINTR: the end of our time. */
int
line_cut(int error)
{
	if (error == EAGAIN)
		error = ETIMEDOUT;
	errno = error > 0 && error != EINTR ? error : ECONNABORTED;
	return -1;
}

void
line_bound(int fd, int option, uint64_t milliseconds)
{
	struct timeval t = {.tv_sec = (time_t)(milliseconds / 1000),
			    .tv_usec =
				(suseconds_t)(milliseconds % 1000 * 1000)};

	(void)setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t));
}
