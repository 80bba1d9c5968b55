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

/*
 * Which bytes of a file a diagnostic is about.  A byte order mark counts; a tab
 * is one byte.
 */
struct text_place {
	unsigned line;	 /* from 1; 0: the file as a whole */
	unsigned column; /* of the first byte, from 1; 0: the line as a whole */
	unsigned length; /* in bytes */
};

/*
 * A fix replaces exactly the bytes of line, column and length.  With length 0
 * it is a line of its own, in front of the byte at column.  With column 0 it
 * cannot be applied to this line: the text that it corrects is in a variable,
 * or in another line.
 */
struct diag {
	const char *file; /* NULL: none (the command line) */
	unsigned line, column, length; /* as in struct text_place */
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
 * NULL; a fix with a byte that is not printable ASCII is left out.  The
 * message is formatted and copied.  Untrusted bytes must be escaped by the
 * caller (diag_quote).  Out of memory: counted as an error without text (so
 * the load fails).
 */
void diag_report(struct diag_list *, enum severity, const char *file,
		 struct text_place, const char *id, const char *fix,
		 const char *format, ...) __attribute__((format(printf, 7, 8)));
void diag_vreport(struct diag_list *, enum severity, const char *file,
		  struct text_place, const char *id, const char *fix,
		  const char *format, va_list)
    __attribute__((format(printf, 7, 0)));

/* A line as a whole. */
struct text_place text_place_line(unsigned line);
/* The word of a line that begins at `start`. */
struct text_place text_place_word(unsigned line, const char *start,
				  struct slice word);

/* Print this file's diagnostics before those of files reported later. */
void diag_file(struct diag_list *, const char *file);

/* The bytes with control and non-ASCII bytes as \xHH, at most max of them and
 * then "...", in the list's memory; never NULL. */
const char *diag_quote(struct diag_list *, struct slice, size_t max);

/*
 * "; corscheck: ignore ID ..."  is at the end of this line: diag_sort removes
 * its warnings and notes with one of the IDs (split at blanks and commas).
 * Errors stay: a policy with errors is not used.
 */
void diag_ignore(struct diag_list *, const char *file, unsigned line,
		 struct slice ids);

/* All that were reported, including those that diag_cap leaves out. */
size_t diag_count(const struct diag_list *, enum severity);
/* Sort by file (in order of first report), line, order of report.  Identical
 * reports are merged. */
void diag_sort(struct diag_list *);
size_t diag_total(const struct diag_list *);
const struct diag *diag_at(const struct diag_list *, size_t);

/* Leave DIAG_SHOWN of each file, errors before warnings before notes, and add
 * one that says how many more there were (`too-many`).  After diag_sort. */
enum { DIAG_SHOWN = 50 };
void diag_cap(struct diag_list *);

/* "error", "warning", "note". */
const char *severity_name(enum severity);

/*
 * "FILE:LINE: error: TEXT (did you mean "FIX"?) [ID]" without a newline into
 * buf, as snprintf returns and truncates.  Without ":LINE" where the line is 0.
 */
int diag_format(const struct diag *, char *buf, size_t cap);
/* diag_cap, and every diagnostic a line. */
void diag_print(struct diag_list *, FILE *);
/* One of them, with its line feed. */
void diag_print_one(const struct diag *, FILE *);
/* A text about reports that were lost, or empty. */
void diag_print_lost(const struct diag_list *, FILE *);

#endif
