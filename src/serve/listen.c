/*
 * Listening sockets.
 *
 * FCGX_OpenSocket is not used: it removes any file at the path, leaves the
 * mode to the umask, does not support IPv6 and exits on errors.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "run/socket_address.h"

enum {
	BACKLOG = 1024,
	FIRST_INHERITED = 3, /* sd_listen_fds(3) */
	INHERITED_MAX = 64,
	LOCK_TRIES = 40,
	LOCK_PAUSE = 25 /* ms */
};

/* Parse a variable as a decimal number.  -1: it is unset or not a number. */
static long
number_of(const char *text)
{
	char *end;
	long n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' ? -1 : n;
}

int
listen_inherited(void)
{
	long count = number_of(getenv("LISTEN_FDS"));

	if (number_of(getenv("LISTEN_PID")) != (long)getpid() || count < 1 ||
	    count > INHERITED_MAX)
		return 0;
	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + (int)count; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return 0;
	return (int)count;
}

/* Make a socket that listens on the address.  -1 with errno. */
static int
bind_and_listen(const union socket_address *a, socklen_t len)
{
	int fd = os_socket(a->any.sa_family, false);
	int on = 1;
	int error;

	if (fd < 0)
		return -1;
	if (a->any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] must not also take the port of 0.0.0.0. */
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->any, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int
open_tcp(const struct address *address, char *error, size_t cap)
{
	const char *todo = "choose an address of this machine";
	union socket_address a;
	socklen_t len;
	int fd;

	if (socket_address_make(address, &a, &len) != 0) {
		snprintf(error, cap, "%s: not a numeric address",
			 address->text);
		return -1;
	}
	fd = bind_and_listen(&a, len);
	if (fd >= 0)
		return fd;
	if (errno == EADDRINUSE)
		todo = "stop the program that listens there, or choose "
		       "another port";
	else if (errno == EACCES)
		todo = "choose a port from 1024 on";
	snprintf(error, cap, "%s: %s; %s", address->text, strerror(errno),
		 todo);
	return -1;
}

/* Does a process accept connections at the path?  0: no; EISCONN: yes; else
 * the errno of the attempt. */
static int
probe(const union socket_address *a)
{
	int fd = os_socket(AF_UNIX, true);
	int result;

	if (fd < 0)
		return errno;
	if (connect(fd, &a->any, sizeof(a->un)) == 0)
		result = EISCONN;
	else if (errno == ECONNREFUSED || errno == ENOENT)
		result = 0;
	else
		result = errno == EAGAIN ? EISCONN : errno;
	close(fd);
	return result;
}

/* Make room at the path: remove a socket without a listener. */
static int
clear_path(const union socket_address *a, char *error, size_t cap)
{
	const char *path = a->un.sun_path;
	struct stat st;
	int result;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		snprintf(error, cap, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(error, cap,
			 "%s: is there already and no socket; move it away, or "
			 "choose another path",
			 path);
		return -1;
	}
	result = probe(a);
	if (result == EISCONN)
		snprintf(error, cap,
			 "%s: another program listens there; stop it first",
			 path);
	else if (result != 0)
		snprintf(error, cap, "%s: %s", path, strerror(result));
	else if (unlink(path) != 0 && errno != ENOENT)
		snprintf(error, cap,
			 "%s: cannot replace the stale socket: %s; remove it",
			 path, strerror(errno));
	else
		return 0;
	return -1;
}

/*
 * Lock the folder of the socket: if two processes start at once, neither may
 * take the other's new socket for a stale one.  If that fails, continue without
 * a lock (another program may hold one for its own reasons).  Returns the
 * descriptor to close at the end, or -1.
 */
static int
lock_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			break;
		poll(NULL, 0, LOCK_PAUSE);
	}
	return fd;
}

static const char *
unix_hint(int error)
{
	if (error == ENOENT)
		return "make the folder first";
	if (error == EACCES || error == EPERM)
		return "make the folder writable by the user that runs "
		       "corswrap";
	return "choose another path";
}

static int
open_unix(const struct address *address, mode_t mode, struct socket_file *file,
	  char *error, size_t cap)
{
	union socket_address a;
	struct stat st;
	socklen_t len;
	int lock, fd = -1;
	mode_t mask;

	if (socket_address_make(address, &a, &len) != 0) {
		snprintf(error, cap,
			 "%s: longer than %zu bytes; choose a shorter path",
			 address->text, sizeof(a.un.sun_path) - 1);
		return -1;
	}
	lock = lock_folder(address->path);
	if (clear_path(&a, error, cap) == 0) {
		/* bind(2) makes the file with 0777 less the umask */
		mask = umask(~mode & 0777);
		fd = bind_and_listen(&a, sizeof(a.un));
		if (fd < 0)
			snprintf(error, cap, "%s: %s; %s", address->text,
				 strerror(errno), unix_hint(errno));
		umask(mask);
	}
	if (fd >= 0 && lstat(address->path, &st) == 0)
		*file =
		    (struct socket_file){address->path, st.st_dev, st.st_ino};
	if (lock >= 0)
		close(lock);
	return fd;
}

int
listen_open(const struct address *address, mode_t mode,
	    struct socket_file *file, char *error, size_t error_cap)
{
	*file = (struct socket_file){.path = NULL};
	if (address->path != NULL)
		return open_unix(address, mode, file, error, error_cap);
	return open_tcp(address, error, error_cap);
}

bool
listen_is_exposed(int fd)
{
	union socket_address a = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len) != 0)
		return true;
	if (a.any.sa_family == AF_INET)
		return ntohl(a.in.sin_addr.s_addr) >> 24 != 127;
	if (a.any.sa_family != AF_INET6)
		return a.any.sa_family != AF_UNIX;
	if (IN6_IS_ADDR_V4MAPPED(&a.in6.sin6_addr))
		return a.in6.sin6_addr.s6_addr[12] != 127;
	return !IN6_IS_ADDR_LOOPBACK(&a.in6.sin6_addr);
}

void
listen_name(int fd, char *buf, size_t cap)
{
	union socket_address a = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, &a.any, &len) != 0)
		a.any.sa_family = AF_UNSPEC;
	if (a.any.sa_family == AF_UNIX) {
		/* The kernel does not NUL-terminate a path that fills it. */
		int room = (int)(len - offsetof(struct sockaddr_un, sun_path));
		snprintf(buf, cap, "unix:%.*s", room, a.un.sun_path);
	} else if (a.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host));
		snprintf(buf, cap, "tcp:%s:%u", host, ntohs(a.in.sin_port));
	} else if (a.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host));
		snprintf(buf, cap, "tcp:[%s]:%u", host, ntohs(a.in6.sin6_port));
	} else {
		snprintf(buf, cap, "descriptor %d", fd);
	}
}

void
listen_remove(const struct socket_file *file, int fd)
{
	struct stat st;

	if (file->path != NULL && os_is_listener(fd) &&
	    lstat(file->path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_dev == file->device && st.st_ino == file->inode)
		unlink(file->path);
}
