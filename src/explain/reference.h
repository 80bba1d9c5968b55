/*
 * A reference of CORS: request headers and their response headers, when a
 * browser sends a preflight, what `*` covers, safelists, limits; and common
 * errors of other pages.
 *
 * Tables of text, for several writers: corscheck reference, its JSON, the
 * page.  The text is printable ASCII; text between two ` is a header, a value
 * or code.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>

enum { REFERENCE_COLUMNS = 4 };

struct reference_column {
	const char *key;   /* in JSON: "request_header" */
	const char *title; /* of the column: "the browser sends" */
};

struct reference_section {
	const char *id;	   /* "pairs"; a word */
	const char *title; /* "Request and response headers" */
	const char *text;  /* text above the table, or NULL */
	struct reference_column columns[REFERENCE_COLUMNS];
	size_t column_count;
	/* cells of row_count rows, NULL where a row has fewer */
	const char *const (*rows)[REFERENCE_COLUMNS];
	size_t row_count;
};

/* The sections in reading order. */
extern const struct reference_section reference_sections[];
extern const size_t reference_section_count;

#endif
