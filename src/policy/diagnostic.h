/*
 * Diagnostics of a policy: collected all at once, printed as a compiler does.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef DIAG_H
#define DIAG_H

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diag {
	const char *file; /* NULL: none (the command line) */
	unsigned line;	  /* from 1; 0: the file as a whole */
	enum severity severity;
	const char *id;	     /* "unknown-key", ... (DESIGN.md section 4) */
	const char *message; /* without the fix */
	const char *fix;     /* the corrected text, or NULL */
};

/* All diagnostics of a load, in the order of file and line once sorted. */
struct diag_list;

/* NULL: no memory.  The list owns what is reported to it. */
struct diag_list *diag_list_new(void);
void diag_list_free(struct diag_list *);

/*
 * Report.  id: kept by reference (a literal).  file and fix: copied, may be
 * NULL; a fix with a byte that is not printable ASCII is left out.  The message
 * is formatted and copied.  Untrusted bytes must be escaped by the caller
 * (diag_quote).  Memory out: counted as an error, text lost (the load then
 * fails all the same).
 */
void diag_report(struct diag_list *, enum severity, const char *file,
		 unsigned line, const char *id, const char *fix,
		 const char *format, ...) __attribute__((format(printf, 7, 8)));
void diag_vreport(struct diag_list *, enum severity, const char *file,
		  unsigned line, const char *id, const char *fix,
		  const char *format, va_list)
    __attribute__((format(printf, 7, 0)));

/* Let this file's diagnostics come before those of files reported later. */
void diag_file(struct diag_list *, const char *file);

/* The bytes with control and non-ASCII bytes as \xHH, at most max of them and
 * then "...", in the list's memory; never NULL. */
const char *diag_quote(struct diag_list *, struct slice, size_t max);

size_t diag_count(const struct diag_list *, enum severity);
/* Sort by file (in order of first report), line, order of report.  What was
 * reported twice, word for word, is then there once. */
void diag_sort(struct diag_list *);
size_t diag_total(const struct diag_list *);
const struct diag *diag_at(const struct diag_list *, size_t);

/* "error", "warning", "note". */
const char *severity_name(enum severity);

/*
 * "FILE:LINE: error: TEXT (did you mean "FIX"?) [ID]" without a newline into
 * buf, as snprintf returns and truncates.  Without ":LINE" where the line is 0.
 */
int diag_format(const struct diag *, char *buf, size_t cap);
/* Every diagnostic a line. */
void diag_print(const struct diag_list *, FILE *);

#endif
