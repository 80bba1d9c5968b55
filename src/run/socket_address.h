/*
 * Addresses of `listen` and `forward` as the system takes them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_SOCKET_ADDRESS_H
#define RUN_SOCKET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "policy/settings.h"

/* Any socket address without casts that alias. */
union socket_address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* 0, or -1 with errno: ENAMETOOLONG (a path), EINVAL (not a numeric host). */
int socket_address_make(const struct address *, union socket_address *,
			socklen_t *len);

#endif
