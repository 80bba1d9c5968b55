/*
 * The two ends of a plain CGI request: standard input and standard output; and
 * the signal with which the web server ends us.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CGI_IO_H
#define CGI_IO_H

#include "policy/settings.h"
#include "run/exchange.h"

enum { CGI_BUFFER = 16384 };

struct cgi_sink {
	struct sink sink; /* must be first: its functions cast it back */
	struct source source;
	char buffer[CGI_BUFFER]; /* so that our own response is one write */
	size_t used;
	char *copy; /* for copying, if splice does not work; NULL: not needed
		       yet */
	bool no_splice;
	int stop[2]; /* a pipe: readable once we must end */
	int watch;   /* os_watch_closed of standard output, or -1 */
	int wait;    /* idle-timeout in milliseconds, -1: none */
	/* How long the body may take (deadline_at_rate): since when (clock_ms),
	 * for how many ms, and the bytes that have come */
	uint64_t body_from;
	uint64_t body_time;
	uint64_t body_count;
	uint64_t until; /* clock_ms: total-timeout; 0: none */
	int exit_status;
	bool broken;
	/* nph-*: the header block is being collected, because the status line
	 * must come first */
	bool nph;
	const char *protocol; /* for the status line, "HTTP/1.1" */
	char *head;
	size_t head_len;
	size_t head_cap;
};

/* Fill it in.  This makes no system call. */
void cgi_sink_init(struct cgi_sink *);
/* Call it before the body is read, within body-timeout and total-timeout. */
void cgi_sink_bound(struct cgi_sink *, const struct app *);
/*
 * Call it after that, before a program runs: SIGTERM, SIGINT and SIGHUP then
 * make stop[0] readable instead of ending us, SIGPIPE is ignored, and a
 * client's disconnect is noticed.  -1 with errno.
 */
int cgi_sink_watch(struct cgi_sink *, const struct app *);
/* Reset what a program would inherit across exec: the alarm and SIGPIPE. */
void cgi_sink_unwatch(struct cgi_sink *);
/* Undo cgi_sink_watch, and free everything. */
void cgi_sink_close(struct cgi_sink *);

/* ---- programs whose name begins with nph- ---- */

/* Must the response begin with a status line?  By the last part of
 * SCRIPT_FILENAME, else of SCRIPT_NAME. */
bool nph_wanted(char *const *variables);
/* Collect the header block up to its blank line; sink->nph becomes false when
 * that has come.  *used: bytes that belonged to it.  -1 with errno. */
int nph_feed(struct cgi_sink *, const char *, size_t, size_t *used);
/* Write the block with its status line in front and without `Status:`. */
int nph_write(struct cgi_sink *, int (*emit)(void *ctx, struct slice), void *);

#endif
