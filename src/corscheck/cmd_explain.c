/*
 * corscheck explain, probe and read: what a browser will do with a request,
 * under a policy, with a live server, or with a pasted response.
 *
 * They print the same walk, so they are in one file.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "corscheck/request.h"
#include "explain/findings.h"
#include "probe/probe.h"

/* ---- the result ---- */

/* The exit status of one explanation (DESIGN.md section 2). */
static int
status_of(const struct explanation *e)
{
	if (e->unreachable)
		return CHECK_USAGE;
	return e->verdict == VERDICT_BLOCKED ? CHECK_BAD : CHECK_GOOD;
}

static bool
is_out_of_memory(const struct explanation *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (explain_out_of_memory(&all[i]))
			return true;
	return false;
}

/*
 * Print the explanation, or those of all browsers, in the requested form,
 * coloured if standard output is a terminal and NO_COLOR is not set
 * (https://no-color.org/).  Returns the worst exit status of them.
 */
static int
print_explanations(struct explanation *all, size_t count, bool json)
{
	int status = CHECK_GOOD;

	if (!is_out_of_memory(all, count)) {
		if (json && count > 1)
			explain_json_all(all, stdout);
		else if (json)
			explain_json(all, stdout);
		else if (count > 1)
			explain_text_all(all, stdout,
					 command_is_coloured(stdout));
		else
			explain_text(all, stdout, command_is_coloured(stdout));
	}
	if (is_out_of_memory(all, count)) {
		fprintf(stderr, "corscheck: out of memory\n");
		return CHECK_USAGE;
	}
	for (size_t i = 0; i < count; i++)
		if (status_of(&all[i]) > status)
			status = status_of(&all[i]);
	return status;
}

/* Begin an explanation for each requested browser.  Returns how many. */
static size_t
begin(const struct request_arguments *arguments,
      struct explanation all[FETCH_BROWSERS])
{
	size_t count = arguments->all ? FETCH_BROWSERS : 1;

	for (size_t i = 0; i < count; i++) {
		struct question question = arguments->question;
		if (arguments->all)
			question.browser = (enum fetch_browser)i;
		explain_begin(&all[i], arguments->input.arena, &question);
	}
	return count;
}

/* ---- explain ---- */

int
explain_command(const struct command *command, int argc, char **argv)
{
	const struct load_options load = {.use = LOAD_LINT};
	struct settings *settings = NULL;
	struct explanation all[FETCH_BROWSERS];
	struct request_arguments arguments;
	int status = request_read_arguments(&arguments, command,
					    REQUEST_URL_OPTION, argc, argv);

	if (status == REQUEST_GO_ON && arguments.policy != NULL) {
		settings = input_settings_or_print(&arguments.input,
						   arguments.policy, &load);
		if (settings == NULL)
			status = CHECK_USAGE;
	}
	if (status == REQUEST_GO_ON) {
		size_t count = begin(&arguments, all);
		/* The value that the web server would set for corswrap. */
		for (size_t i = 0; i < count; i++)
			explain_by_policy(
			    &all[i], settings,
			    slice_from(getenv("CORSWRAP_POLICY")));
		status = print_explanations(all, count, arguments.json);
	}
	settings_release(settings);
	request_free_arguments(&arguments);
	return status;
}

/* ---- read ---- */

int
read_command(const struct command *command, int argc, char **argv)
{
	enum { ANSWER_MAX = 4 << 20 };
	struct explanation all[FETCH_BROWSERS];
	struct request_arguments arguments;
	int status = request_read_arguments(&arguments, command,
					    REQUEST_URL_FILE, argc, argv);

	if (status == REQUEST_GO_ON && arguments.no_response) {
		fprintf(stderr, "corscheck: read: the entry has no response: "
				"the browser did not show it to the page\n");
		status = CHECK_USAGE;
	}
	/* A HAR already has the response. */
	if (status == REQUEST_GO_ON && !slice_present(arguments.response) &&
	    !input_read(&arguments.input, optind < argc ? argv[optind] : "-",
			ANSWER_MAX, &arguments.response))
		status = CHECK_USAGE;
	if (status == REQUEST_GO_ON) {
		size_t count = begin(&arguments, all);
		const char *fault = NULL;
		for (size_t i = 0; i < count && fault == NULL; i++)
			fault = explain_answers(&all[i], arguments.response);
		if (fault == NULL) {
			status = print_explanations(all, count, arguments.json);
		} else {
			fprintf(stderr, "corscheck: read: %s\n", fault);
			status = CHECK_USAGE;
		}
	}
	request_free_arguments(&arguments);
	return status;
}

/* ---- probe ---- */

#ifdef WITHOUT_PROBE
int
probe_command(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	fprintf(stderr, "corscheck: probe: this corscheck is built without it "
			"(configure --without-probe)\n");
	return CHECK_USAGE;
}
#else
/* CORSCHECK_TIMEOUT: how long a response may take, in seconds. */
enum { SECONDS = 30, SECONDS_MAX = 3600 };

/* 0: invalid, and reported. */
static long
read_seconds(void)
{
	struct slice text = slice_from(getenv("CORSCHECK_TIMEOUT"));
	uint64_t seconds;

	if (text.len == 0)
		return SECONDS;
	if (text_number(text, SECONDS_MAX, &seconds) && seconds > 0)
		return (long)seconds;
	fprintf(stderr,
		"corscheck: CORSCHECK_TIMEOUT is a number of seconds from 1 to "
		"%d\n",
		SECONDS_MAX);
	return 0;
}

int
probe_command(const struct command *command, int argc, char **argv)
{
	struct probe_client *client = NULL;
	struct explanation all[FETCH_BROWSERS];
	struct request_arguments arguments;
	int status = request_read_arguments(&arguments, command,
					    REQUEST_URL_ARGUMENT, argc, argv);
	long seconds = 0;

	if (status == REQUEST_GO_ON) {
		seconds = read_seconds();
		if (seconds == 0)
			status = CHECK_USAGE;
	}
	if (status == REQUEST_GO_ON) {
		client = probe_client_new(seconds);
		if (client == NULL) {
			fprintf(stderr, "corscheck: no memory\n");
			status = CHECK_USAGE;
		}
	}
	if (status == REQUEST_GO_ON) {
		size_t count = begin(&arguments, all);
		for (size_t i = 0; i < count; i++)
			probe(&all[i], client);
		status = print_explanations(all, count, arguments.json);
	}
	probe_client_free(client);
	request_free_arguments(&arguments);
	return status;
}
#endif
