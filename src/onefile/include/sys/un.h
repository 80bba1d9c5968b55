/*
 * For the one-file page: the address of a unix socket, which a policy may name
 * and which is only checked.  108 bytes as on Linux, so that the same paths
 * are too long.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_SYS_UN_H
#define ONEFILE_SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
	sa_family_t sun_family;
	char sun_path[108];
};

#endif
