/*
 * The FastCGI responder: worker threads around accept, reload, and an orderly
 * end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SERVER_H
#define SERVER_H

#include <signal.h>

#include "base/executable.h"
#include "policy/settings.h"
#include "run/log.h"
#include "serve/listen.h"

struct server_options {
	const int *fds; /* listening sockets, close-on-exec */
	size_t fd_count;
	const struct socket_file
	    *own; /* fds[0] was made by listen_open and is used by this process
		     alone: when it stops, this file is removed, and clients
		     that have connected already are still served; NULL: all
		     sockets are inherited */
	const char *policy;	       /* the file to load on reload */
	const struct executable *self; /* the file that this process runs */
	struct load_options load;
	unsigned workers;    /* -w; 0: as in the settings */
	const char *program; /* our own name, for messages */
};

/* Fill the set with the signals that server_run handles. */
void server_signals(sigset_t *);

/*
 * Serve until SIGTERM, SIGINT or SIGUSR1, then finish running requests within
 * drain-timeout.  Releases the settings at the end.  Blocks the signals in all
 * threads.  Returns the exit status of the program (0: an orderly end).
 */
int server_run(const struct server_options *, struct settings *, struct log *);

#endif
