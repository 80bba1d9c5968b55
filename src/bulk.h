/*
 * Output in FastCGI records, without libfcgi's 8 KiB buffer in the way.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BULK_H
#define BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	BULK_RECORD = 65528,	     /* content of a record: a multiple of 8 */
	BULK_ROOM = BULK_RECORD + 8, /* of a buffer: header and content */
	BULK_SPLICE_MIN = 16384	     /* bytes that are worth a splice */
};

/* Of one program's output; zero at first. */
struct bulk {
	bool looked; /* whether it can be spliced is known */
	bool splices;
	bool widened; /* the pipe has been made larger */
};

/*
 * All functions that write: the whole of it, 0 or more; -1 with errno EPIPE or
 * ECONNRESET: the client is gone, or took nothing for as long as SO_SNDTIMEO
 * says.
 */

int bulk_vector(int to, struct iovec *, int count);
/* STDOUT records around bytes that stay where they are. */
int bulk_records(int to, unsigned id, const void *bytes, size_t len);
/*
 * How many bytes could be spliced from fd, at most max (0: no matter): 0 when
 * it is no pipe or there is too little in it.  Once it holds much, it is made
 * larger.
 */
size_t bulk_waiting(struct bulk *, int fd, size_t max);
/*
 * Move bytes that bulk_waiting has found, in STDOUT records, from page to page.
 * room: BULK_ROOM bytes for where that does not work.  Returns len.
 */
ssize_t bulk_splice(struct bulk *, int to, unsigned id, int fd, size_t len,
		    char *room);

#endif
