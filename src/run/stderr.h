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
	STDERR_MAX = 64 * 1024, /* bytes per request; more are only counted */
	STDERR_LINE = 1024	/* longer lines are split */
};

struct stderr_reader {
	struct exchange *exchange;
	enum stderr_to to;
	const char *program; /* its name, for the tag */
	pid_t pid;
	int refused; /* errno of the sink, which no longer takes lines, so that
			they are logged; 0: none */
	size_t count;
	size_t dropped;
	size_t len;		    /* bytes of the unfinished line */
	char line[STDERR_LINE + 1]; /* with room for its newline */
};

/* path: of the program; kept by reference. */
void stderr_init(struct stderr_reader *, struct exchange *, enum stderr_to,
		 const char *path, pid_t pid);
/* Add bytes that the caller has read. */
void stderr_add(struct stderr_reader *, const char *, size_t);
/* Read once from fd, which must be readable.  False: it has ended. */
bool stderr_read(struct stderr_reader *, int fd);
/* Write the unfinished line, and log how much was dropped. */
void stderr_end(struct stderr_reader *);

#endif
