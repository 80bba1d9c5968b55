/*
 * corscheck lint: errors of policies, printed or fixed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdlib.h>

#include "corscheck/input.h"
#include "corscheck/lint_fix.h"
#include "corscheck/lint_output.h"
#include "policy/settings.h"

enum form { FORM_TEXT, FORM_GCC, FORM_JSON, FORM_SARIF };

struct lint {
	struct input input;
	enum form form;
	bool strict;
	bool fix;
	bool standard_fixed; /* standard output is a policy */
	struct linted *files;
	size_t count;
};

/* The file could not be read: a usage error, not an error of the policy. */
static bool
is_unreadable(const struct diag_list *diags)
{
	for (size_t i = 0; i < diag_total(diags); i++)
		if (strcmp(diag_at(diags, i)->id, "no-policy") == 0)
			return true;
	return false;
}

static int
status_of(const struct linted *linted, bool strict)
{
	if (is_unreadable(linted->diags))
		return CHECK_USAGE;
	if (diag_count(linted->diags, SEVERITY_ERROR) > 0 ||
	    (strict && diag_count(linted->diags, SEVERITY_WARNING) > 0))
		return CHECK_BAD;
	return CHECK_GOOD;
}

/* One policy.  False: memory is out. */
static bool
lint_file(struct lint *lint, const char *name, struct linted *linted)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};

	*linted = (struct linted){.name = input_name(name),
				  .text = SLICE_NONE,
				  .diags = diag_list_new()};
	if (linted->diags == NULL)
		return false;
	settings_release(input_settings(&lint->input, name, &options,
					linted->diags, &linted->text));
	return !diag_out_of_memory(linted->diags);
}

static int
lint_files(struct lint *lint, char **names)
{
	int status = CHECK_GOOD;

	lint->files = calloc(lint->count, sizeof(*lint->files));
	if (lint->files == NULL)
		return -1;
	for (size_t i = 0; i < lint->count; i++) {
		lint->standard_fixed |= lint->fix && strcmp(names[i], "-") == 0;
		if (lint->fix && !lint_fix(&lint->input, names[i]))
			status = CHECK_USAGE;
		if (!lint_file(lint, names[i], &lint->files[i]))
			return -1;
		int one = status_of(&lint->files[i], lint->strict);
		if (one > status)
			status = one;
		diag_cap(lint->files[i].diags);
	}
	return status;
}

static bool
print_json(json_t *root, size_t flags)
{
	bool good = root != NULL && json_dumpf(root, stdout, flags) == 0;

	if (good)
		printf("\n");
	json_decref(root);
	return good;
}

static bool
print_files(const struct lint *lint)
{
	json_t *array = lint->form == FORM_JSON ? json_array() : NULL;

	if (lint->form == FORM_SARIF)
		return print_json(lint_sarif(lint->files, lint->count),
				  JSON_INDENT(2));
	FILE *out = lint->standard_fixed ? stderr : stdout;
	for (size_t i = 0; i < lint->count; i++)
		if (lint->form == FORM_JSON)
			lint_json(&lint->files[i], &array);
		else if (lint->form == FORM_GCC)
			lint_gcc(&lint->files[i], out);
		else if (command_is_coloured(out))
			lint_colour(&lint->files[i], out);
		else
			diag_print(lint->files[i].diags, out);
	return lint->form != FORM_JSON || print_json(array, JSON_INDENT(2));
}

static bool
parse_form(const char *name, enum form *form)
{
	static const char *const names[] = {
	    [FORM_TEXT] = "text",
	    [FORM_GCC] = "gcc",
	    [FORM_JSON] = "json",
	    [FORM_SARIF] = "sarif",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*form = (enum form)i;
			return true;
		}
	fprintf(stderr, "corscheck: --format is gcc, sarif, json or text\n");
	return false;
}

static void
lint_free(struct lint *lint)
{
	for (size_t i = 0; i < lint->count && lint->files != NULL; i++)
		diag_list_free(lint->files[i].diags);
	free(lint->files);
	arena_free(lint->input.arena);
}

static int
run_lint(struct lint *lint, char **names)
{
	int status = -1;

	lint->input.arena = arena_new();
	if (lint->input.arena != NULL)
		status = lint_files(lint, names);
	if (status >= 0 && !print_files(lint))
		status = -1;
	lint_free(lint);
	if (status < 0) {
		fprintf(stderr, "corscheck: no memory\n");
		return CHECK_USAGE;
	}
	return status;
}

int
lint_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"fix", no_argument, NULL, 'F'},
	    {"format", required_argument, NULL, 'f'},
	    {"json", no_argument, NULL, 'j'},
	    {"strict", no_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	struct lint lint = {.form = FORM_TEXT};
	int letter;

	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'F')
			lint.fix = true;
		else if (letter == 'f') {
			if (!parse_form(optarg, &lint.form))
				return CHECK_USAGE;
		} else if (letter == 'j')
			lint.form = FORM_JSON;
		else if (letter == 's')
			lint.strict = true;
		else
			return command_usage(command, letter == 'h');
	}
	if (optind == argc)
		return command_usage(command, 0);
	lint.count = (size_t)(argc - optind);
	return run_lint(&lint, argv + optind);
}
