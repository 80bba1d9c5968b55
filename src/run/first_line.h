/*
 * The first line of a program: which interpreter a script names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FIRST_LINE_H
#define RUN_FIRST_LINE_H

#include "base/slice.h"

enum { FIRST_LINE_MAX = 256 }; /* as much of a #! line as the kernel reads */

/* The slices point into bytes, so it must not be moved. */
struct first_line {
	struct slice head; /* the file's first bytes; absent: unreadable */
	struct slice line; /* behind "#!"; absent: no such line */
	bool ends;	   /* the line does, in a newline */
	char bytes[FIRST_LINE_MAX];
};

/* Reads no more than that, and does not block on a FIFO. */
void first_line_read(struct first_line *, const char *file);

/* The path of the interpreter, as the kernel takes it from the line: a
 * carriage return is a part of it.  False: there is no interpreter. */
bool first_line_interpreter(const struct first_line *,
			    char path[static FIRST_LINE_MAX]);

#endif
