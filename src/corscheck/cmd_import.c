/*
 * corscheck import: a policy from the CORS lines of an .htaccess, httpd or
 * nginx configuration.
 *
 * The policy goes to standard output, so that it can be redirected to a file;
 * notes about the lines go to standard error.
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

#include "corscheck/input.h"
#include "policy/import.h"

enum { CONFIGURATION_MAX = 4 << 20 };

static int
print_import(struct arena *arena, enum import_from from,
	     const struct import_file *files, size_t count)
{
	struct diag_list *notes = diag_list_new();
	struct slice policy;
	int status = CHECK_USAGE;

	if (notes == NULL ||
	    !import_policy(arena, from, files, count, notes, &policy)) {
		fprintf(stderr, "corscheck: memory is out\n");
	} else {
		status = CHECK_GOOD;
		diag_print(notes, stderr);
		if (slice_present(policy))
			fwrite(policy.ptr, 1, policy.len, stdout);
		else
			fprintf(stderr, "corscheck: import: no line sets a "
					"CORS header\n");
	}
	diag_list_free(notes);
	return status;
}

static int
import_files(struct input *input, enum import_from from, int count,
	     char **names)
{
	struct import_file *files =
	    arena_array(input->arena, (size_t)count, sizeof(*files));

	if (files == NULL) {
		fprintf(stderr, "corscheck: memory is out\n");
		return CHECK_USAGE;
	}
	for (int i = 0; i < count; i++) {
		files[i].name = input_name(names[i]);
		if (!input_read(input, names[i], CONFIGURATION_MAX,
				&files[i].text))
			return CHECK_USAGE;
	}
	return print_import(input->arena, from, files, (size_t)count);
}

static bool
parse_from(const char *name, enum import_from *from)
{
	if (strcmp(name, "apache") == 0)
		*from = IMPORT_APACHE;
	else if (strcmp(name, "nginx") == 0)
		*from = IMPORT_NGINX;
	else if (strcmp(name, "other") == 0)
		*from = IMPORT_OTHER;
	else
		return false;
	return true;
}

int
import_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"from", required_argument, NULL, 'f'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	enum import_from from = IMPORT_GUESS;
	int letter;

	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter != 'f')
			return command_usage(command, letter == 'h');
		if (!parse_from(optarg, &from)) {
			fprintf(stderr, "corscheck: --from is apache, "
					"nginx or other\n");
			return CHECK_USAGE;
		}
	}
	if (optind == argc)
		return command_usage(command, 0);
	struct input input = {.arena = arena_new()};
	int status =
	    input.arena == NULL
		? command_no_memory()
		: import_files(&input, from, argc - optind, argv + optind);
	arena_free(input.arena);
	return status;
}
