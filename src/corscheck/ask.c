/*
 * The flags of explain and probe, and how both print what they found.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int
complain(const char *what, const char *reason)
{
	fprintf(stderr, "corscheck: %s%s\n", what, reason);
	return CHECK_USAGE;
}

/* What is given twice must not pass unseen. */
static int
set_once(struct slice *to, const char *name, const char *text)
{
	if (slice_present(*to))
		return complain(name, " is given twice");
	*to = slice_from(text);
	return ASK_GO_ON;
}

static int
read_flags(struct ask *ask, struct question_text *text, struct slice *headers,
	   const struct command *command, enum ask_url kind, int argc,
	   char **argv)
{
	static const struct option options[] = {
	    {"credentials", no_argument, NULL, 'c'},
	    {"header", required_argument, NULL, 'H'},
	    {"help", no_argument, NULL, 'h'},
	    {"json", no_argument, NULL, 'j'},
	    {"method", required_argument, NULL, 'm'},
	    {"origin", required_argument, NULL, 'o'},
	    {"policy", required_argument, NULL, 'p'},
	    {"url", required_argument, NULL, 'u'},
	    {NULL, 0, NULL, 0},
	};
	const char *letters = kind == ASK_URL_OPTION ? "hH:p:" : "hH:";
	struct slice policy = SLICE_NONE;
	int letter, status = ASK_GO_ON;

	while (status == ASK_GO_ON &&
	       (letter = getopt_long(argc, argv, letters, options, NULL)) !=
		   -1) {
		/* probe takes its URL as an argument and asks no policy. */
		if (kind == ASK_URL_ARGUMENT &&
		    (letter == 'p' || letter == 'u'))
			return command_usage(command, 0);
		switch (letter) {
		case 'c':
			text->credentials = true;
			break;
		case 'H':
			headers[text->header_count++] = slice_from(optarg);
			break;
		case 'j':
			ask->json = true;
			break;
		case 'm':
			status = set_once(&text->method, "--method", optarg);
			break;
		case 'o':
			status = set_once(&text->origin, "--origin", optarg);
			break;
		case 'p':
			status = set_once(&policy, "-p", optarg);
			break;
		case 'u':
			status = set_once(&text->url, "--url", optarg);
			break;
		default:
			return command_usage(command, letter == 'h');
		}
	}
	ask->policy = policy.ptr;
	return status;
}

/* "corscheck explain" */
static char *
name_of(struct arena *arena, const struct command *command, char *otherwise)
{
	size_t room = sizeof("corscheck ") + strlen(command->name);
	char *name = arena_alloc(arena, room);

	if (name == NULL)
		return otherwise;
	snprintf(name, room, "corscheck %s", command->name);
	return name;
}

int
ask_read(struct ask *out, const struct command *command, enum ask_url kind,
	 int argc, char **argv)
{
	struct question_text text = {.url = SLICE_NONE};
	struct slice *headers = NULL;
	const char *wrong;
	int status;

	*out = (struct ask){.arena = arena_new()};
	if (out->arena != NULL)
		headers =
		    arena_array(out->arena, (size_t)argc, sizeof(*headers));
	if (headers == NULL)
		return complain("memory is out", "");
	text.headers = headers;
	/* In what getopt_long says. */
	argv[0] = name_of(out->arena, command, argv[0]);
	status = read_flags(out, &text, headers, command, kind, argc, argv);
	if (status != ASK_GO_ON)
		return status;
	if (kind == ASK_URL_ARGUMENT && optind < argc)
		text.url = slice_from(argv[optind++]);
	if (optind != argc) {
		fprintf(stderr, "corscheck: one word too many: \"%s\"\n",
			argv[optind]);
		return CHECK_USAGE;
	}
	if (!slice_present(text.url))
		return complain(kind == ASK_URL_OPTION ? "--url" : "the URL",
				" is missing: what does the page ask for?");
	if (!slice_present(text.origin))
		return complain("--origin", " is missing: of which origin is "
					    "the page?");
	wrong = question_read(out->arena, &text, &out->question);
	return wrong == NULL ? ASK_GO_ON : complain(wrong, "");
}

void
ask_free(struct ask *ask)
{
	arena_free(ask->arena);
	ask->arena = NULL;
}

/* ---- the answer ---- */

static bool
is_coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO) &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

int
ask_tell(struct explanation *e, bool json)
{
	if (!e->out_of_memory) {
		if (json)
			explain_json(e, stdout);
		else
			explain_text(e, stdout, is_coloured());
	}
	if (e->out_of_memory)
		return complain("memory is out", "");
	if (e->unreachable)
		return CHECK_USAGE;
	return e->verdict == VERDICT_BLOCKED ? CHECK_BAD : CHECK_GOOD;
}
