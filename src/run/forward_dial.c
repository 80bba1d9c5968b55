/*
 * Connecting to a FastCGI application.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"

enum { STEP = 100 }; /* ms to wait at a time */

union any_address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* 0, or -1 with errno. */
static int
unix_address(const char *path, union any_address *out, socklen_t *len)
{
	size_t n = strlen(path);

	if (n >= sizeof(out->un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path, n + 1);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

static int
make_address(const struct address *address, union any_address *out,
	     socklen_t *len)
{
	memset(out, 0, sizeof(*out));
	if (address->path != NULL)
		return unix_address(address->path, out, len);
	if (inet_pton(AF_INET, address->host, &out->in.sin_addr) == 1) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(address->port);
		*len = sizeof(out->in);
		return 0;
	}
	if (inet_pton(AF_INET6, address->host, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(address->port);
		*len = sizeof(out->in6);
		return 0;
	}
	errno = EINVAL;
	return -1;
}

/*
 * Wait for fd (-1: for nothing but the time) and for the reasons to give up.
 * 0: fd is ready, or the time is over; -1 with errno.
 */
static int
wait_for(int fd, int ms, const struct forward_watch *watch)
{
	struct pollfd fds[3] = {
	    {.fd = fd, .events = POLLOUT},
	    {.fd = watch->stop_fd, .events = POLLIN},
	    {.fd = watch->client == NULL ? -1 : watch->client->poll_fd,
	     .events = POLLIN | OS_POLLRDHUP}};

	if (poll(fds, 3, ms) < 0)
		return errno == EINTR ? 0 : -1;
	if (fds[1].revents != 0) {
		errno = ESHUTDOWN;
		return -1;
	}
	if (watch->client != NULL && fds[2].revents != 0 &&
	    watch->client->gone(watch->client)) {
		errno = ECANCELED;
		return -1;
	}
	return 0;
}

/* Milliseconds to wait, at most step. */
static int
time_left(uint64_t until, int step)
{
	uint64_t now = clock_ms();

	if (now >= until)
		return 0;
	return until - now < (uint64_t)step ? (int)(until - now) : step;
}

/* The connection is under way.  0: established; -1 with errno. */
static int
finish(int fd, uint64_t until, const struct forward_watch *watch)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int ms, error;

	while (poll(&ready, 1, 0) <= 0) {
		ms = time_left(until, STEP);
		if (ms == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (wait_for(fd, ms, watch) != 0)
			return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
dial(int fd, const union any_address *to, socklen_t len, uint64_t until,
     const struct forward_watch *watch)
{
	int on = 1;

	if (to->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (;;) {
		if (connect(fd, &to->any, len) == 0 || errno == EISCONN)
			return 0;
		if (errno == EINPROGRESS || errno == EALREADY)
			return finish(fd, until, watch);
		if (errno != EINTR)
			return -1;
	}
}

int
forward_pause(int milliseconds, const struct forward_watch *watch)
{
	return wait_for(-1, milliseconds, watch);
}

int
forward_dial(const struct address *address, uint64_t milliseconds,
	     const struct forward_watch *watch)
{
	uint64_t until =
	    milliseconds == 0 ? UINT64_MAX : clock_ms() + milliseconds;
	union any_address to;
	socklen_t len;
	int fd, error;

	if (make_address(address, &to, &len) != 0)
		return -1;
	fd = os_socket(to.any.sa_family, true);
	if (fd < 0)
		return -1;
	if (dial(fd, &to, len, until, watch) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}
