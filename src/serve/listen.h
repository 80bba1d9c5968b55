/*
 * Listening sockets: our own (-l), inherited on descriptor 0, or from systemd.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <sys/types.h>

#include "policy/settings.h"

/*
 * LISTEN_FDS with LISTEN_PID our own: the number of descriptors from 3 on, set
 * close-on-exec; else 0.
 */
int listen_inherited(void);

/* The file of a unix socket that listen_open made. */
struct socket_file {
	const char *path; /* that of the address; NULL: TCP */
	dev_t device;
	ino_t inode;
};

/*
 * Bind and listen.  A stale unix socket is replaced, a live one or any other
 * file never.  mode is the socket file's; it never has a wider one, not even
 * briefly.  *file is for listen_remove.  -1: error has the cause and what to
 * do.
 */
int listen_open(const struct address *, mode_t mode, struct socket_file *file,
		char *error, size_t error_cap);

/* Does fd listen on TCP beyond loopback (so that `peers` is needed)? */
bool listen_is_exposed(int fd);

/* The name of a listening socket as for -l ("unix:/path",
 * "tcp:127.0.0.1:9000"), of cap bytes with its NUL. */
void listen_name(int fd, char *buf, size_t cap);

/* Remove the unix socket that listen_open made, unless the path has another
 * file by now.  fd: the socket, which must still be open, so that its inode
 * cannot have been reused. */
void listen_remove(const struct socket_file *, int fd);

#endif
