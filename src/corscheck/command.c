/*
 * Messages that all subcommands of corscheck share.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
command_usage(const struct command *command, int asked)
{
	fprintf(asked ? stdout : stderr, "usage: corscheck %s %s\n",
		command->name, command->usage);
	return asked ? CHECK_GOOD : CHECK_USAGE;
}

bool
command_is_coloured(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && isatty(fileno(out)) &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

int
command_no_memory(void)
{
	fprintf(stderr, "corscheck: no memory\n");
	return CHECK_USAGE;
}
