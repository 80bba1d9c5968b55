/*
 * Sends a program's standard error to the log or to the web server: line by
 * line, tagged, and limited per request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_STDERR_H
#define RUN_STDERR_H

#include <stddef.h>
#include <sys/types.h>

#include "policy/settings.h"
#include "run/exchange.h"

enum {
	STDERR_MAX = 64 * 1024, /* bytes of a request; the rest is counted */
	STDERR_LINE = 1024	/* longer lines are split */
};

struct stderr_reader {
	struct exchange *exchange;
	enum stderr_to to;
	const char *program; /* its name, for the tag */
	pid_t pid;
	int refused; /* errno: the client no longer takes them, so they are
			logged; 0 */
	size_t count;
	size_t dropped;
	size_t len;		    /* of the line begun */
	char line[STDERR_LINE + 1]; /* room for its newline */
};

/* path: of the program; kept by reference. */
void stderr_init(struct stderr_reader *, struct exchange *, enum stderr_to,
		 const char *path, pid_t pid);
/* Bytes that have been read already. */
void stderr_add(struct stderr_reader *, const char *, size_t);
/* Read from fd, which is readable.  False: it has ended. */
bool stderr_read(struct stderr_reader *, int fd);
/* Write the last line, and how much was dropped. */
void stderr_end(struct stderr_reader *);

#endif
