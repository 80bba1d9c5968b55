/*
 * What every subcommand of corscheck says in the same words.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdio.h>

int
command_usage(const struct command *command, int asked)
{
	fprintf(asked ? stdout : stderr, "usage: corscheck %s %s\n",
		command->name, command->usage);
	return asked ? CHECK_GOOD : CHECK_USAGE;
}
