/*
 * Starting as a FastCGI responder, and testing such a start.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef START_H
#define START_H

#include "base/executable.h"
#include "corswrap/options.h"
#include "policy/settings.h"
#include "serve/listen.h"

enum { START_PATH = 4096, START_FDS = 64 };

struct start {
	struct options options;
	const char *argv0;
	struct executable self;
	char policy[START_PATH];
	char command[START_PATH];
	struct load_options load;
	struct arena *arena;
	struct address address;	 /* of -l */
	struct socket_file file; /* made for it */
	int fds[START_FDS];	 /* inherited, or made for -l */
	size_t fd_count;
};

/* Find COMMAND, if one was given.  -1: reported on standard error. */
int start_command(struct start *);
/* Inherited descriptors, from first on. */
void start_take(struct start *, int first, int count);
/* -t: the exit status. */
int start_test(struct start *);
/* Serve on inherited sockets, else on -l: the exit status. */
int start_fastcgi(struct start *);

#endif
