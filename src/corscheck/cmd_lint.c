/*
 * corscheck lint and dump: what is wrong with a policy, and what it says.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "policy/settings.h"

/* JSON is UTF-8; what is not, as a file's name may be, is escaped. */
static json_t *
json_text(struct diag_list *diags, const char *text)
{
	if (text == NULL)
		return json_null();
	json_t *string = json_string(text);
	if (string == NULL)
		string = json_string(
		    diag_quote(diags, slice_from(text), strlen(text)));
	return string;
}

static json_t *
json_diag(struct diag_list *diags, const struct diag *diag)
{
	return json_pack("{s:o, s:I, s:s, s:s, s:o, s:o}", "file",
			 json_text(diags, diag->file), "line",
			 (json_int_t)diag->line, "severity",
			 severity_name(diag->severity), "id", diag->id,
			 "message", json_text(diags, diag->message), "fix",
			 json_text(diags, diag->fix));
}

static void
append_json(json_t *array, struct diag_list *diags)
{
	for (size_t i = 0; i < diag_total(diags); i++)
		json_array_append_new(array,
				      json_diag(diags, diag_at(diags, i)));
}

/* The file could not be read: a matter of usage, not of its contents. */
static bool
is_unreadable(const struct diag_list *diags)
{
	for (size_t i = 0; i < diag_total(diags); i++)
		if (strcmp(diag_at(diags, i)->id, "no-policy") == 0)
			return true;
	return false;
}

/* One policy: its diagnostics into the array, or printed without one. */
static int
lint_file(const char *file, bool strict, json_t *array)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();
	int status = CHECK_GOOD;

	if (diags == NULL) {
		fprintf(stderr, "corscheck: no memory\n");
		return CHECK_USAGE;
	}
	settings_release(settings_load(file, &options, diags));
	if (array == NULL)
		diag_print(diags, stdout);
	else
		append_json(array, diags);
	if (is_unreadable(diags))
		status = CHECK_USAGE;
	else if (diag_count(diags, SEVERITY_ERROR) > 0 ||
		 (strict && diag_count(diags, SEVERITY_WARNING) > 0))
		status = CHECK_BAD;
	diag_list_free(diags);
	return status;
}

int
lint_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"strict", no_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	bool strict = false, json = false;
	int letter, status = CHECK_GOOD;

	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'j')
			json = true;
		else if (letter == 's')
			strict = true;
		else
			return command_usage(command, letter == 'h');
	}
	if (optind == argc)
		return command_usage(command, 0);

	json_t *array = json ? json_array() : NULL;
	for (int i = optind; i < argc; i++) {
		int one = lint_file(argv[i], strict, array);
		if (one > status)
			status = one;
	}
	if (array != NULL) {
		json_dumpf(array, stdout, JSON_INDENT(2));
		printf("\n");
		json_decref(array);
	}
	return status;
}

/* Written as a whole or not at all. */
static int
print_dump(const struct settings *settings)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
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
	struct settings *settings = settings_load_or_print(argv[optind], &load);
	if (settings != NULL)
		status = print_dump(settings);
	settings_release(settings);
	return status;
}
