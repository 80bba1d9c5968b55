/*
 * corscheck help: the meaning of the id of a diagnostic or a reason, and what
 * to do.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <string.h>

#include "explain/help.h"
#include "explain/messages.h"

static int
print_all(void)
{
	for (const struct help_entry *e = help_entries(); e->id != NULL; e++)
		printf("%-26s %-8s %.*s\n", e->id, e->kind,
		       (int)strcspn(e->text, "\n"), e->text);
	return CHECK_GOOD;
}

/* A message of a browser: its cause and fix.  CHECK_BAD: unknown. */
static int
explain_message(const char *text)
{
	struct arena *arena = arena_new();
	const struct message *m;
	const char *words;

	if (arena == NULL)
		return command_no_memory();
	m = message_find(arena, slice_from(text), &words);
	if (m != NULL) {
		printf("\"%s\"\n\n%s\n\nFix: %s.\n", words, m->cause, m->fix);
		if (m->id != NULL)
			printf("\nMore: corscheck help %s\n", m->id);
	}
	int status = arena_failed(arena) ? command_no_memory()
		     : m == NULL	 ? CHECK_BAD
					 : CHECK_GOOD;
	arena_free(arena);
	return status;
}

int
help_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const struct help_entry *e;
	int letter = getopt_long(argc, argv, "h", options, NULL);

	if (letter != -1 || argc - optind > 1)
		return command_usage(command, letter == 'h');
	if (optind == argc)
		return print_all();
	e = help_find(slice_from(argv[optind]));
	if (e != NULL) {
		printf("%s (%s)\n\n%s", e->id, e->kind, e->text);
		return CHECK_GOOD;
	}
	int status = explain_message(argv[optind]);
	if (status != CHECK_BAD)
		return status;
	fprintf(stderr,
		"corscheck: help: no such id: \"%s\" (`corscheck help` lists "
		"them)\n",
		argv[optind]);
	return CHECK_USAGE;
}
