/*
 * corscheck explain and probe: what a browser will do with a request, under a
 * policy or with a live server.
 *
 * Both take the same flags and print the same walk, so they are in one file.
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
#include "corscheck/input.h"
#include "explain/explanation.h"
#include "probe/probe.h"

/* The command line of both. */
struct arguments {
	struct arena *arena; /* of the question too; arguments_free frees it */
	struct question question;
	const char *policy; /* -p; NULL: none was named */
	bool json;
	bool all; /* --browser all */
};

enum url_kind {
	URL_OPTION,  /* explain: --url URL, and -p POLICY */
	URL_ARGUMENT /* probe: URL is the one argument */
};

enum { GO_ON = -1 };

/* ---- the flags ---- */

static int
complain(const char *what, const char *reason)
{
	fprintf(stderr, "corscheck: %s%s\n", what, reason);
	return CHECK_USAGE;
}

/* An option given twice is an error, not the last one. */
static int
set_once(struct slice *to, const char *name, const char *text)
{
	if (slice_present(*to))
		return complain(name, " is given twice");
	*to = slice_from(text);
	return GO_ON;
}

static int
set_browser(struct arguments *arguments, struct question_text *text,
	    const char *name)
{
	arguments->all = slice_eq(slice_from(name), SLICE("all"));
	if (arguments->all ||
	    fetch_browser_parse(slice_from(name), &text->browser))
		return GO_ON;
	return complain("--browser", " is chromium, firefox, safari or all");
}

static int
set_space(enum url_space *to, const char *text)
{
	if (*to != SPACE_UNKNOWN)
		return complain("--page-space", " is given twice");
	*to = url_space_parse(slice_from(text));
	return *to != SPACE_UNKNOWN
		   ? GO_ON
		   : complain("--page-space", " is public, local or loopback");
}

static int
set_as(struct fetch_how *how, const char *text)
{
	return fetch_as_parse(slice_from(text), &how->as)
		   ? GO_ON
		   : complain("--as", " is fetch, xhr, script, font, image or "
				      "eventsource; WebSockets know no CORS: "
				      "their server has to look at Origin");
}

static int
set_mode(struct fetch_how *how, const char *text)
{
	how->no_cors = slice_eq(slice_from(text), SLICE("no-cors"));
	return how->no_cors || slice_eq(slice_from(text), SLICE("cors"))
		   ? GO_ON
		   : complain("--mode", " is cors or no-cors");
}

static int
set_redirect(struct fetch_how *how, const char *text)
{
	static const char *const names[] = {[FETCH_FOLLOW] = "follow",
					    [FETCH_ERROR] = "error",
					    [FETCH_MANUAL] = "manual"};

	for (int i = 0; i <= FETCH_MANUAL; i++) {
		if (!slice_eq(slice_from(text), slice_from(names[i])))
			continue;
		how->redirect = (enum fetch_redirect)i;
		return GO_ON;
	}
	return complain("--redirect", " is follow, error or manual");
}

/* Of how it asks; false: it is another letter. */
static bool
read_how(struct fetch_how *how, int letter, int *status)
{
	switch (letter) {
	case 'a':
		*status = set_as(how, optarg);
		break;
	case 'd':
		how->has_body = true;
		break;
	case 'l':
		how->listens = true;
		break;
	case 'm':
		*status = set_mode(how, optarg);
		break;
	case 'r':
		*status = set_redirect(how, optarg);
		break;
	default:
		return false;
	}
	return true;
}

static int
read_flags(struct arguments *arguments, struct question_text *text,
	   struct slice *headers, const struct command *command,
	   enum url_kind kind, int argc, char **argv)
{
	static const struct option options[] = {
	    {"as", required_argument, NULL, 'a'},
	    {"browser", required_argument, NULL, 'b'},
	    {"credentials", no_argument, NULL, 'c'},
	    {"data", required_argument, NULL, 'd'},
	    {"header", required_argument, NULL, 'H'},
	    {"help", no_argument, NULL, 'h'},
	    {"json", no_argument, NULL, 'j'},
	    {"method", required_argument, NULL, 'X'},
	    {"mode", required_argument, NULL, 'm'},
	    {"origin", required_argument, NULL, 'o'},
	    {"page-space", required_argument, NULL, 's'},
	    {"policy", required_argument, NULL, 'p'},
	    {"redirect", required_argument, NULL, 'r'},
	    {"upload-listener", no_argument, NULL, 'l'},
	    {"url", required_argument, NULL, 'u'},
	    {NULL, 0, NULL, 0},
	};
	const char *letters = kind == URL_OPTION ? "d:hH:X:p:" : "d:hH:X:";
	struct slice policy = SLICE_NONE;
	int letter, status = GO_ON;

	while (status == GO_ON && (letter = getopt_long(argc, argv, letters,
							options, NULL)) != -1) {
		/* probe takes its URL as an argument and asks no policy. */
		if (kind == URL_ARGUMENT && (letter == 'p' || letter == 'u'))
			return command_usage(command, 0);
		if (read_how(&text->how, letter, &status))
			continue;
		switch (letter) {
		case 'b':
			status = set_browser(arguments, text, optarg);
			break;
		case 'c':
			text->credentials = true;
			break;
		case 'H':
			headers[text->header_count++] = slice_from(optarg);
			break;
		case 'j':
			arguments->json = true;
			break;
		case 'X':
			status = set_once(&text->method, "--method", optarg);
			break;
		case 'o':
			status = set_once(&text->origin, "--origin", optarg);
			break;
		case 'p':
			status = set_once(&policy, "-p", optarg);
			break;
		case 's':
			status = set_space(&text->page_space, optarg);
			break;
		case 'u':
			status = set_once(&text->url, "--url", optarg);
			break;
		default:
			return command_usage(command, letter == 'h');
		}
	}
	arguments->policy = policy.ptr;
	return status;
}

static int
read_question(struct arguments *arguments, const struct question_text *text)
{
	struct question_faults faults = {NULL, 0, 0};

	if (question_read(arguments->arena, text, &arguments->question,
			  &faults))
		return GO_ON;
	for (size_t i = 0; i < faults.count; i++)
		complain(faults.at[i].text, "");
	return faults.count > 0 ? CHECK_USAGE : complain("memory is out", "");
}

/*
 * Read argv.  GO_ON: *out is the question; else the exit status, and what
 * is wrong has been said on standard error.  Call arguments_free in both cases.
 */
static int
arguments_read(struct arguments *out, const struct command *command,
	       enum url_kind kind, int argc, char **argv)
{
	struct question_text text = {.url = SLICE_NONE};
	struct slice *headers = NULL;
	int status;

	*out = (struct arguments){.arena = arena_new()};
	if (out->arena != NULL)
		headers =
		    arena_array(out->arena, (size_t)argc, sizeof(*headers));
	if (headers == NULL)
		return complain("memory is out", "");
	text.headers = headers;
	status = read_flags(out, &text, headers, command, kind, argc, argv);
	if (status != GO_ON)
		return status;
	if (kind == URL_ARGUMENT && optind < argc)
		text.url = slice_from(argv[optind++]);
	if (optind != argc) {
		fprintf(stderr, "corscheck: one word too many: \"%s\"\n",
			argv[optind]);
		return CHECK_USAGE;
	}
	if (!slice_present(text.url))
		status = complain(kind == URL_OPTION ? "--url" : "the URL",
				  " is missing: what does the page ask for?");
	if (!slice_present(text.origin))
		status = complain("--origin", " is missing: of which origin "
					      "is the page?");
	return status != GO_ON ? status : read_question(out, &text);
}

static void
arguments_free(struct arguments *arguments)
{
	arena_free(arguments->arena);
	arguments->arena = NULL;
}

/* ---- the answer ---- */

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
		if (all[i].out_of_memory)
			return true;
	return false;
}

/*
 * Print the explanation, or those of all browsers, in the form that was asked
 * for, coloured if standard output is a terminal and NO_COLOR is not set
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
			explain_text_all(all, stdout, command_is_coloured(stdout));
		else
			explain_text(all, stdout, command_is_coloured(stdout));
	}
	if (is_out_of_memory(all, count))
		return complain("memory is out", "");
	for (size_t i = 0; i < count; i++)
		if (status_of(&all[i]) > status)
			status = status_of(&all[i]);
	return status;
}

/* Begin those that were asked for; how many. */
static size_t
begin(const struct arguments *arguments, struct explanation all[FETCH_BROWSERS])
{
	size_t count = arguments->all ? FETCH_BROWSERS : 1;

	for (size_t i = 0; i < count; i++) {
		struct question question = arguments->question;
		if (arguments->all)
			question.browser = (enum fetch_browser)i;
		explain_begin(&all[i], arguments->arena, &question);
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
	struct arguments arguments;
	int status =
	    arguments_read(&arguments, command, URL_OPTION, argc, argv);

	if (status == GO_ON && arguments.policy != NULL) {
		struct input input = {.arena = arguments.arena};
		settings =
		    input_settings_or_print(&input, arguments.policy, &load);
		if (settings == NULL)
			status = CHECK_USAGE;
	}
	if (status == GO_ON) {
		size_t count = begin(&arguments, all);
		/* As the web server would set it for corswrap. */
		for (size_t i = 0; i < count; i++)
			explain_by_policy(
			    &all[i], settings,
			    slice_from(getenv("CORSWRAP_POLICY")));
		status = print_explanations(all, count, arguments.json);
	}
	settings_release(settings);
	arguments_free(&arguments);
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
	struct arguments arguments;
	int status =
	    arguments_read(&arguments, command, URL_ARGUMENT, argc, argv);
	long seconds = 0;

	if (status == GO_ON) {
		seconds = read_seconds();
		if (seconds == 0)
			status = CHECK_USAGE;
	}
	if (status == GO_ON) {
		client = probe_client_new(seconds);
		if (client == NULL) {
			fprintf(stderr, "corscheck: no memory\n");
			status = CHECK_USAGE;
		}
	}
	if (status == GO_ON) {
		size_t count = begin(&arguments, all);
		for (size_t i = 0; i < count; i++)
			probe(&all[i], client);
		status = print_explanations(all, count, arguments.json);
	}
	probe_client_free(client);
	arguments_free(&arguments);
	return status;
}
#endif
