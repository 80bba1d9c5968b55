/*
 * For the one-file page: the address of a unix socket, which a policy may name
 * and which is only looked at.  108 bytes as Linux has, so that the same ones
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
