/*
 * Diagnostics of a policy: collected in a list, and printed in the format of
 * compilers.
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
 * it is a new line, inserted before the byte at column.  With column 0 it
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

/* The diagnostics of one load. */
struct diag_list;

/* An empty list.  NULL: no memory.  The list owns the texts of its
 * diagnostics. */
struct diag_list *diag_list_new(void);
void diag_list_free(struct diag_list *);

/*
 * Add a diagnostic.  id: kept by reference (a literal).  file and fix: copied,
 * may be NULL; a fix with a byte that is not printable ASCII is left out.  The
 * message is formatted and copied.  Untrusted bytes must be escaped by the
 * caller (diag_quote).  Out of memory: counted as an error without text (so the
 * load fails).
 */
void diag_report(struct diag_list *, enum severity, const char *file,
		 struct text_place, const char *id, const char *fix,
		 const char *format, ...) __attribute__((format(printf, 7, 8)));
void diag_vreport(struct diag_list *, enum severity, const char *file,
		  struct text_place, const char *id, const char *fix,
		  const char *format, va_list)
    __attribute__((format(printf, 7, 0)));

/* The place of a whole line. */
struct text_place text_place_line(unsigned line);
/* The place of a word in the line that begins at `start`. */
struct text_place text_place_word(unsigned line, const char *start,
				  struct slice word);

/* Print this file's diagnostics before those of files reported later. */
void diag_file(struct diag_list *, const char *file);

/* Quote bytes for a message: all but printable ASCII as \xHH, and "..." after
 * max bytes.  In the list's memory; "" if memory is out, never NULL. */
const char *diag_quote(struct diag_list *, struct slice, size_t max);

/* Report that the policy cannot be used because memory is out. */
void diag_no_memory(struct diag_list *, const char *file);

/* Was there no memory for a part of the list, or was diag_no_memory called?
 * Then the list says less than it should. */
bool diag_out_of_memory(const struct diag_list *);

/*
 * Record the comment "; corscheck: ignore ID ..." of a line: diag_sort removes
 * the warnings and notes of that line with one of the IDs (separated by blanks
 * or commas).  Errors are kept, because a policy with errors is not used.
 */
void diag_ignore(struct diag_list *, const char *file, unsigned line,
		 struct slice ids);

/* The number of diagnostics of this severity.  It includes those that diag_cap
 * left out and, for errors, reports that were lost; not those that diag_sort
 * removed. */
size_t diag_count(const struct diag_list *, enum severity);
/* Sort by file (in order of first report), line, order of report.  Remove those
 * that diag_ignore covers, and all but the first of identical ones. */
void diag_sort(struct diag_list *);
/* How many there are in the list, and the one with this index, from 0. */
size_t diag_total(const struct diag_list *);
const struct diag *diag_at(const struct diag_list *, size_t);

/* Keep at most DIAG_SHOWN diagnostics of each file, errors before warnings
 * before notes, and add one (`too-many`) with the number of the others.  Call
 * it after diag_sort. */
enum { DIAG_SHOWN = 50 };
void diag_cap(struct diag_list *);

/* "error", "warning", "note". */
const char *severity_name(enum severity);

/*
 * "FILE:LINE: error: TEXT (did you mean "FIX"?) [ID]" without a newline into
 * buf; returns and truncates as snprintf does.  There is no ":LINE" if the line
 * is 0, and no "FILE:" if the file is NULL.
 */
int diag_format(const struct diag *, char *buf, size_t cap);
/* Call diag_cap, and print every diagnostic and diag_print_lost. */
void diag_print(struct diag_list *, FILE *);
/* Print one diagnostic and a line feed. */
void diag_print_one(const struct diag *, FILE *);
/* If reports were lost because memory was out, print how many. */
void diag_print_lost(const struct diag_list *, FILE *);

#endif
