/*
 * What is asked of explain and probe on the command line: the same flags, read
 * in one place.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ASK_H
#define ASK_H

#include "corscheck/corscheck.h"
#include "explain/explanation.h"

struct ask {
	struct arena *arena; /* of the question too; ask_free frees it */
	struct question question;
	const char *policy; /* -p; NULL: none was named */
	bool json;
};

enum ask_url {
	ASK_URL_OPTION,	 /* explain: --url URL, and -p POLICY */
	ASK_URL_ARGUMENT /* probe: URL is the one argument */
};

enum { ASK_GO_ON = -1 };

/*
 * Read argv.  ASK_GO_ON: *out is the question; else the exit status, and what
 * is wrong has been said on standard error.  Call ask_free in both cases.
 */
int ask_read(struct ask *out, const struct command *, enum ask_url, int argc,
	     char **argv);
void ask_free(struct ask *);

/*
 * Print the explanation in the form that was asked for, coloured if standard
 * output is a terminal and NO_COLOR is not set (https://no-color.org/).
 * Returns the exit status (DESIGN.md section 2).
 */
int ask_tell(struct explanation *, bool json);

#endif
