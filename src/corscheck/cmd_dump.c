/*
 * corscheck dump: a policy in its canonical form.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory_stream.h"
#include "corscheck/input.h"

/* Print the whole dump or nothing. */
static int
print_dump(const struct settings *settings)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = memory_stream(&text, &len);
	int result = out == NULL ? -1 : settings_dump(settings, out);
	int saved = errno;

	if (out != NULL && fclose(out) != 0)
		result = -1;
	if (result == 0)
		fwrite(text, 1, len, stdout);
	else
		fprintf(stderr, "corscheck: dump: %s\n",
			saved == ENAMETOOLONG
			    ? "a path cannot be written in a line of a policy"
			    : strerror(saved));
	free(text);
	return result == 0 ? CHECK_GOOD : CHECK_USAGE;
}

int
dump_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const struct load_options load = {.use = LOAD_LINT};
	int letter = getopt_long(argc, argv, "h", options, NULL);
	int status = CHECK_USAGE;

	if (letter != -1 || argc - optind != 1)
		return command_usage(command, letter == 'h');
	struct input input = {.arena = arena_new()};
	struct settings *settings = NULL;
	if (input.arena != NULL)
		settings = input_settings_or_print(&input, argv[optind], &load);
	else
		(void)command_no_memory();
	if (settings != NULL)
		status = print_dump(settings);
	settings_release(settings);
	arena_free(input.arena);
	return status;
}
