/*
 * The first line of a program: which interpreter a script names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FIRST_LINE_H
#define RUN_FIRST_LINE_H

#include "base/slice.h"

enum { FIRST_LINE_MAX = 256 }; /* as much of a #! line as the kernel reads */

/* The slices point into `bytes`, so a first_line must not be copied. */
struct first_line {
	struct slice head; /* the file's first bytes; absent: unreadable */
	struct slice line; /* after "#!"; absent: it does not begin so */
	bool ends;	   /* the line ends in a newline */
	char bytes[FIRST_LINE_MAX];
};

/* Read the first FIRST_LINE_MAX bytes.  Does not block on a FIFO. */
void first_line_read(struct first_line *, const char *file);

/* The path of the interpreter, as the kernel takes it from the line: a
 * carriage return is a part of it.  False: there is no interpreter. */
bool first_line_interpreter(const struct first_line *,
			    char path[static FIRST_LINE_MAX]);

#endif
