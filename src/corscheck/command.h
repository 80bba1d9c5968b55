/*
 * The subcommands of corscheck.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit statuses (DESIGN.md section 2). */
enum {
	CHECK_GOOD = 0, /* clean, allowed */
	CHECK_BAD = 1,	/* errors in the policy, the browser would block */
	CHECK_USAGE = 2 /* usage, unusable policy, unreadable file, network */
};

struct command {
	const char *name;
	int (*run)(const struct command *, int argc, char **argv);
	const char *usage; /* the text after "corscheck NAME" */
	const char *purpose;
	const char *argv0; /* of main; NULL in the table */
};

/* Each runs a subcommand: argv[0] is its name.  Returns the exit status. */
int lint_command(const struct command *, int argc, char **argv);
int dump_command(const struct command *, int argc, char **argv);
int explain_command(const struct command *, int argc, char **argv);
int read_command(const struct command *, int argc, char **argv);
int probe_command(const struct command *, int argc, char **argv);
int reference_command(const struct command *, int argc, char **argv);
int warm_command(const struct command *, int argc, char **argv);
int help_command(const struct command *, int argc, char **argv);
int import_command(const struct command *, int argc, char **argv);
int learn_command(const struct command *, int argc, char **argv);
int replay_command(const struct command *, int argc, char **argv);
int init_command(const struct command *, int argc, char **argv);

/* Print a subcommand's usage: to standard output if it was requested (asked),
 * else to standard error.  Returns the exit status. */
int command_usage(const struct command *, int asked);

/* Is it a terminal that is not "dumb", and NO_COLOR is not set or empty
 * (https://no-color.org/)? */
bool command_is_coloured(FILE *);

/* Report that memory is out.  Returns CHECK_USAGE. */
int command_no_memory(void);

#endif
