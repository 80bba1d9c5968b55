/*
 * Reading requests from access logs: corswrap's own JSON, nginx' and Caddy's
 * JSON, and the combined format followed by Origin.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOG_READ_H
#define LOG_READ_H

#include <stdint.h>

#include "base/slice.h"

enum { LOG_DAY = 11 }; /* "2026-11-29" and a NUL */

/* The values of a request in a line; absent: not in the line.  They point
 * into the line, and are valid until the next one is read. */
struct log_entry {
	struct slice method;
	struct slice uri;
	struct slice host;
	struct slice origin;
	struct slice referer;	   /* where the line has no place for Origin */
	struct slice asked_method; /* of a preflight */
	struct slice asked_headers;
	int status;
	char day[LOG_DAY]; /* empty: unknown */
};

struct log_counts {
	uint64_t lines;
	uint64_t requests;    /* lines with a request */
	uint64_t others;      /* lines without a request, in our own log */
	uint64_t unknown;     /* lines that are not of such a log */
	uint64_t without;     /* requests whose line has no place for Origin */
	const char *unpacker; /* for the file that is compressed; NULL: none */
};

/* Called for each request; false stops. */
typedef bool (*log_take)(void *ctx, const struct log_entry *);

/*
 * Read the file, "-": standard input, line by line, however large it is.  The
 * counts are increased.  False: errno is the cause (ECANCELED: take has stopped
 * it), or the file is compressed (counts->unpacker).
 */
bool log_read(const char *name, struct log_counts *, log_take take, void *ctx);

/* Read all of these files.  Prints on standard error how many lines have an
 * unknown format; command: the subcommand, for messages.  False: the cause was
 * printed; take only stops if memory is out. */
bool log_read_all(const char *command, int count, char *const *names,
		  struct log_counts *, log_take take, void *ctx);

/* Read a line without its line feed; for log_read and its test.  Changes the
 * line, and increases the counts.  False: it has no request. */
bool log_parse(char *line, size_t len, struct log_entry *, struct log_counts *);

#endif
