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

#include "serve/line.h"

enum {
	BULK_RECORD = 65528,	    /* content of a record: a multiple of 8 */
	BULK_ROOM = BULK_RECORD + 8 /* of a buffer: header and content */
};

/* Of one program's output; zero at first, bulk_end at last. */
struct bulk {
	bool looked;  /* whether it can be spliced is known */
	bool splices; /* it can: the pipes are there, empty between calls */
	int taken[2];
	int record[2];
};

/*
 * All functions that write: the whole of it, 0 or more; -1 with errno EPIPE or
 * ECONNRESET: the client is gone, or took nothing for as long as SO_SNDTIMEO
 * says.
 */

int bulk_vector(struct line to, struct iovec *, int count);
/* STDOUT records around bytes that stay where they are. */
int bulk_records(struct line to, unsigned id, const void *bytes, size_t len);
/*
 * Is fd a pipe with so much in it that its output had better not pass through
 * our memory?  It stays so once it was.
 */
bool bulk_wanted(struct bulk *, int fd);
/*
 * Then: move what is there, at most max bytes (0: no matter), in STDOUT records
 * and from page to page.  Returns how many, 0 at the end of fd, or -1 with
 * errno, EAGAIN: nothing is there.
 */
ssize_t bulk_move(struct bulk *, struct line to, unsigned id, int fd,
		  size_t max);
void bulk_end(struct bulk *);

#endif
