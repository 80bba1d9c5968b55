/*
 * The log: one line per cause, text or JSON, escaped, with what to do about
 * it.
 *
 * Safe between threads: a line is one write.  A log that cannot be written
 * (disk full) never stops a request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include "cors/request.h"
#include "policy/settings.h"
#include "run/exchange.h"

struct log;

/* Make a log that writes to fd (2: standard error) until log_configure names a
 * file.  NULL: no memory. */
struct log *log_new(int fd);
void log_free(struct log *);
/*
 * Before there are threads, and before log_configure: if standard error is a
 * full pipe, a line is lost at once (otherwise a thread that writes to a pipe
 * without a reader would block without limit).
 */
void log_unblock(struct log *);

/* Take level, format and file from the settings; opens log-file (append,
 * 0640).  -1 with errno if the file cannot be opened: the old one stays. */
int log_configure(struct log *, const struct server *);
/* SIGHUP: open log-file again (it may have been rotated). */
int log_reopen(struct log *);

/*
 * One line.  id: short, for machines ("exec-failed"); request: may be NULL,
 * else its method, path, origin are in the line; todo: what to do about it, or
 * NULL.  Untrusted bytes in the text must come through log_quote.
 */
void log_event(struct log *, enum log_level, const char *id,
	       const struct request *, const char *todo, const char *format,
	       ...) __attribute__((format(printf, 6, 7)));

/* Log an error: there is no memory. */
void log_no_memory(struct log *, const struct request *);

bool log_wants(const struct log *, enum log_level);

/* Has log_first not been called with this key?  After 64 keys always false:
 * messages that are logged once must not fill the log or memory. */
bool log_first(struct log *, uint64_t key);

/* Escape untrusted bytes (\xHH) into buf, which has cap bytes; what does not
 * fit is cut off.  Returns buf. */
const char *log_quote(struct slice, char *buf, size_t cap);

/* A line that the program wrote to its standard error, tagged with its name
 * and, if above 0, its pid. */
void log_program(struct log *, const char *program, long pid, struct slice);

/* The access log's line for a request, if the settings want one. */
void log_access(struct log *, const struct settings *, const struct request *,
		const struct outcome *);

#endif
