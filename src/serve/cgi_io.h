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
	struct sink sink; /* first: it is cast back */
	struct source source;
	char buffer[CGI_BUFFER]; /* so that our own response is one write */
	size_t used;
	char *copy; /* where splice is impossible; malloc on need */
	bool no_splice;
	int stop[2]; /* a pipe: readable once we must end */
	int watch;   /* os_watch_closed of standard output, or -1 */
	int wait;    /* idle-timeout in milliseconds, -1: none */
	/* clock_ms: the body may be read since, with: (deadline_at_rate) */
	uint64_t body_from;
	uint64_t body_time;
	uint64_t body_count;
	uint64_t until; /* clock_ms: total-timeout; 0: none */
	int exit_status;
	bool broken;
	/* nph-*: the header block is collected and begins with HTTP/1.x */
	bool nph;
	const char *protocol; /* for the status line, "HTTP/1.1" */
	char *head;
	size_t head_len;
	size_t head_cap;
};

/* Fill in the functions.  This touches only memory. */
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
