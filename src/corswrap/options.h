/*
 * The command line of corswrap.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct options {
	bool test;
	bool version;
	bool help;
	const char *policy;  /* -c */
	const char *address; /* -l */
	unsigned workers;    /* -w; 0: of the policy */
	mode_t mode;	     /* -m */
	char **command;	     /* COMMAND, NULL: none; [0] is made a path */
};

extern const char options_help[]; /* what -h prints; fits a screen */

/* Read argv.  -1: the error, and what to do, is on standard error. */
int options_read(struct options *, int argc, char **argv);

/*
 * The path of COMMAND's first word: the current folder and PATH count.  0 and
 * the absolute path in buf; -1: not found, reported on standard error.
 */
int options_find_command(const char *word, char *buf, size_t cap);

#endif
