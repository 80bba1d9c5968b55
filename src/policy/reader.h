/*
 * The physical lines of a policy, checked before inih gets them.
 *
 * inih silently cuts lines at 199 bytes and section names at 49, takes indented
 * lines as continuations and ':' as '=', and knows no line numbers.  So every
 * line is checked here and given to inih only in a form that it cannot
 * misread: "[section]" or "key=value", without indentation, comment
 * or carriage return.  Lines that are too long for inih do not pass through it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef READER_H
#define READER_H

#include "base/slice.h"
#include "policy/diagnostic.h"

enum {
	READER_LINE_MAX = 65536, /* bytes, the line's end not counted */
	READER_INI_MAX = 198,	 /* what inih carries of "key=value" */
	READER_SECTION_MAX = 49, /* bytes between the brackets */
	READER_BUFFER = READER_INI_MAX + 2 /* with line feed and NUL */
};

enum line_kind {
	LINE_END,      /* of the file */
	LINE_SECTION,  /* text is the name between the brackets; `said` ends
			  after them */
	LINE_KEY,      /* text is "key=value", trimmed */
	LINE_LONG_KEY, /* the same, too long for inih: reader.key and .value */
	LINE_BAD,      /* reported; no section header */
	LINE_BAD_SECTION /* reported; the keys that follow are in no section */
};

struct reader {
	struct slice rest;
	size_t mark;   /* bytes of a byte order mark */
	unsigned line; /* of what reader_next returned last, from 1 */
	const char *file;
	struct diag_list *diags;
	const char *start;    /* of that line */
	struct slice said;    /* of the line, without comment and blanks */
	struct slice comment; /* after ';'; absent: there is none */
	struct slice key;   /* of a key line */
	struct slice value;
	char buffer[READER_BUFFER]; /* of LINE_KEY's text */
};

/* Begin at the start of the text, which must outlive the reader. */
void reader_init(struct reader *, struct slice text, const char *file,
		 struct diag_list *);

/* The next line; blank and comment lines are skipped. */
enum line_kind reader_next(struct reader *, struct slice *text);

#endif
