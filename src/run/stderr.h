/*
 * What a program writes to its standard error, on its way to the log or to the
 * web server: line by line, tagged, and never more than a request may say.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef COMPLAINTS_H
#define COMPLAINTS_H

#include <stddef.h>
#include <sys/types.h>

#include "policy/settings.h"
#include "run/exchange.h"

enum {
	COMPLAINTS_MAX =
	    64 * 1024,	       /* bytes of a request; the rest is counted */
	COMPLAINTS_LINE = 1024 /* longer lines are split */
};

struct complaints {
	struct exchange *exchange;
	enum stderr_to to;
	const char *program; /* its name, for the tag */
	pid_t pid;
	bool refused; /* the client did not take one: they go to the log now */
	size_t taken;
	size_t dropped;
	size_t len;			/* of the line begun */
	char line[COMPLAINTS_LINE + 1]; /* room for its newline */
};

/* path: of the program; kept by reference. */
void complaints_init(struct complaints *, struct exchange *, enum stderr_to,
		     const char *path, pid_t pid);
/* Take some that have come already. */
void complaints_add(struct complaints *, const char *, size_t);
/* Take some from fd, which is readable.  False: there will be no more. */
bool complaints_read(struct complaints *, int fd);
/* The last line, and how much was dropped. */
void complaints_end(struct complaints *);

#endif
