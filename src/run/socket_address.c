/*
 * Addresses of `listen` and `forward` as the system takes them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/socket_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* 0, or -1 with errno. */
static int
unix_address(const char *path, union socket_address *out, socklen_t *len)
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

int
socket_address_make(const struct address *address, union socket_address *out,
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
