/*
 * The question for explain, probe and read: their common flags, and pasted
 * requests.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "explain/messages.h"
#include "explain/paste.h"

enum { GO_ON = REQUEST_GO_ON };

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
set_browser(struct request_arguments *arguments, struct question_text *text,
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
				      "eventsource; WebSockets do not use "
				      "CORS: their server must check Origin");
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
set_embedder(struct fetch_how *how, const char *text)
{
	return fetch_embedder_parse(slice_from(text), &how->embedder)
		   ? GO_ON
		   : complain("--coep", " is require-corp or credentialless");
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

/* Read an option about how the request is made; false: it is another option. */
static bool
read_how(struct fetch_how *how, int letter, int *status)
{
	switch (letter) {
	case 'a':
		*status = set_as(how, optarg);
		break;
	case 'e':
		*status = set_embedder(how, optarg);
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

/* ---- pasted text ---- */

enum {
	PASTE_CURL = 256,
	PASTE_CONSOLE,
	PASTE_FETCH,
	PASTE_HAR,
	PASTE_TEXT, /* a HAR that is an argument itself */
	PASTE_ENTRY
};

/* Read an option with pasted text, or --entry; false: it is another option. */
static bool
read_paste(struct request_paste *paste, int letter, int *status)
{
	uint64_t entry;

	switch (letter) {
	case PASTE_CONSOLE:
	case PASTE_CURL:
	case PASTE_FETCH:
	case PASTE_HAR:
		if (paste->text != NULL) {
			*status =
			    complain("--curl, --fetch, --har and --console: ",
				     "one of them, once");
			return true;
		}
		paste->form = letter;
		paste->text = optarg;
		return true;
	case PASTE_ENTRY:
		if (text_number(slice_from(optarg), 1000000, &entry) &&
		    entry > 0)
			paste->entry = (size_t)entry;
		else
			*status = complain("--entry", " is a number from 1");
		return true;
	default:
		return false;
	}
}

/* The text is the option's value, or in the file that it names. */
static int
paste_text(struct request_arguments *arguments, struct slice *text)
{
	enum { PASTE_MAX = 64 << 20 };
	const struct request_paste *paste = &arguments->paste;

	if (paste->form == PASTE_HAR || strcmp(paste->text, "-") == 0)
		return input_read(&arguments->input, paste->text, PASTE_MAX,
				  text)
			   ? GO_ON
			   : CHECK_USAGE;
	*text = slice_from(paste->text);
	return GO_ON;
}

/* Flags override the pasted text. */
static int
merge(struct request_arguments *arguments, const struct pasted *pasted,
      struct question_text *text)
{
	if (!paste_question(pasted, text))
		return complain("out of memory", "");
	arguments->response = pasted->response;
	arguments->no_response = arguments->paste.form == PASTE_HAR &&
				 !slice_present(pasted->response);
	return GO_ON;
}

/* Print the cause and the fix of a message. */
static void
print_message(const struct message *m, const char *words, FILE *out)
{
	fprintf(out, "\"%s\"\n\n%s\n\nFix: %s.\n", words, m->cause, m->fix);
	if (m->id != NULL)
		fprintf(out, "More: corscheck help %s\n", m->id);
	fprintf(out, "\n");
}

/* Print the options that are missing for a full result. */
static void
print_lacks(const struct pasted *pasted, const struct question_text *text)
{
	bool url = slice_present(text->url) || slice_present(pasted->url);
	bool origin =
	    slice_present(text->origin) || slice_present(pasted->origin);

	printf("For the line to change, add -p POLICY%s%s; or test the server: "
	       "corscheck probe --console ...\n",
	       url ? "" : " --url URL", origin ? "" : " --origin ORIGIN");
}

static int
take_message(struct request_arguments *arguments, struct slice bytes,
	     struct question_text *text)
{
	struct arena *arena = arguments->input.arena;
	bool alone =
	    arguments->kind == REQUEST_URL_OPTION && arguments->policy == NULL;
	struct pasted pasted;
	const char *words;
	const struct message *m = message_find(arena, bytes, &words);

	if (!paste_console(arena, bytes, &pasted) || arena_failed(arena))
		return complain("out of memory", "");
	if (m == NULL && alone)
		return complain(
		    "unknown message: ",
		    "paste the whole line of the console, in English, or probe "
		    "the server: corscheck probe URL --origin ORIGIN");
	if (m != NULL)
		print_message(m, words, alone ? stdout : stderr);
	if (!alone)
		return merge(arguments, &pasted, text);
	print_lacks(&pasted, text);
	return CHECK_GOOD;
}

/* Detect the kind of the text; it is read as that, whatever the option says. */
static int
recognise(struct request_paste *paste, struct arena *arena, struct slice bytes)
{
	static const struct {
		enum pasted_kind kind;
		int form;
	} forms[] = {{PASTED_CURL, PASTE_CURL},
		     {PASTED_FETCH, PASTE_FETCH},
		     {PASTED_HAR, PASTE_HAR},
		     {PASTED_CONSOLE, PASTE_CONSOLE}};
	enum pasted_kind kind = paste_guess(arena, bytes);

	if (arena_failed(arena))
		return complain("out of memory", "");
	if (kind == PASTED_APACHE || kind == PASTED_NGINX)
		return complain(pasted_kind_name(kind),
				" is for corscheck import");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].kind != kind || forms[i].form == paste->form)
			continue;
		paste->form = forms[i].form;
		if (paste->bare)
			continue;
		fprintf(stderr,
			"corscheck: note: this is %s, and is read as "
			"that\n",
			pasted_kind_name(kind));
	}
	return GO_ON;
}

static int
take_paste(struct request_arguments *arguments, struct question_text *text)
{
	struct request_paste *paste = &arguments->paste;
	struct arena *arena = arguments->input.arena;
	struct pasted pasted;
	struct slice bytes;
	bool good;

	if (paste->text == NULL)
		return GO_ON;
	int status = paste_text(arguments, &bytes);
	if (status == GO_ON)
		status = recognise(paste, arena, bytes);
	if (status != GO_ON)
		return status;
	if (paste->form == PASTE_CONSOLE)
		return take_message(arguments, bytes, text);
	if (paste->form == PASTE_CURL)
		good = paste_curl(arena, bytes, &pasted);
	else if (paste->form == PASTE_FETCH)
		good = paste_fetch(arena, bytes, &pasted);
	else
		good = paste_har(arena, bytes, paste->entry, &pasted);
	if (!good && pasted.fault != NULL && !pasted.no_memory &&
	    !arena_failed(arena))
		return complain(pasted.fault, "");
	paste_settle(&pasted);
	if (pasted.no_memory || arena_failed(arena))
		return complain("out of memory", "");
	for (size_t i = 0; i < pasted.notes.count; i++)
		fprintf(stderr, "corscheck: note: %s\n", pasted.notes.at[i]);
	return merge(arguments, &pasted, text);
}

static int
read_flags(struct request_arguments *arguments, struct question_text *text,
	   struct slice *headers, const struct command *command,
	   enum request_url kind, int argc, char **argv)
{
	static const struct option options[] = {
	    {"as", required_argument, NULL, 'a'},
	    {"browser", required_argument, NULL, 'b'},
	    {"coep", required_argument, NULL, 'e'},
	    {"console", required_argument, NULL, PASTE_CONSOLE},
	    {"credentials", no_argument, NULL, 'c'},
	    {"curl", required_argument, NULL, PASTE_CURL},
	    {"data", required_argument, NULL, 'd'},
	    {"entry", required_argument, NULL, PASTE_ENTRY},
	    {"fetch", required_argument, NULL, PASTE_FETCH},
	    {"har", required_argument, NULL, PASTE_HAR},
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
	struct slice policy = SLICE_NONE;
	int letter, status = GO_ON;

	while (status == GO_ON &&
	       (letter = getopt_long(argc, argv, "d:hH:X:p:", options, NULL)) !=
		   -1) {
		if (kind != REQUEST_URL_OPTION && letter == 'p')
			return complain("-p", " is for explain; probe and read "
					      "judge what the server sent");
		if (read_how(&text->how, letter, &status) ||
		    read_paste(&arguments->paste, letter, &status))
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

/* Read the question, and print all its errors; of missing parts the names of
 * their options. */
static int
read_question(struct request_arguments *arguments, enum request_url kind,
	      const struct question_text *text)
{
	struct question_faults faults = {NULL, 0, 0};

	if (question_read(arguments->input.arena, text, &arguments->question,
			  &faults))
		return GO_ON;
	if (arena_failed(arguments->input.arena))
		return complain("out of memory", "");
	for (size_t i = 0; i < faults.count; i++) {
		enum question_part part = faults.at[i].part;
		if (part == QUESTION_URL && !slice_present(text->url))
			complain(kind == REQUEST_URL_OPTION ? "--url"
							    : "the URL",
				 " is missing: the URL that the page requests");
		else if (part == QUESTION_ORIGIN &&
			 !slice_present(text->origin))
			complain("--origin",
				 " is missing: the origin of the page");
		else
			complain(faults.at[i].text, "");
	}
	return faults.count > 0 ? CHECK_USAGE : complain("out of memory", "");
}

static bool
is_url(const char *word)
{
	return text_starts_nocase(slice_from(word), SLICE("http://")) ||
	       text_starts_nocase(slice_from(word), SLICE("https://"));
}

/* Is an argument pasted text: "-", a file, or the text itself, and not a
 * URL? */
static bool
is_pasted(struct request_arguments *arguments, const char *word)
{
	struct request_paste *paste = &arguments->paste;
	bool file = strcmp(word, "-") == 0 || access(word, R_OK) == 0;
	enum pasted_kind kind =
	    file || is_url(word)
		? PASTED_UNKNOWN
		: paste_guess(arguments->input.arena, slice_from(word));

	if (paste->text != NULL || is_url(word) ||
	    (!file && kind != PASTED_CURL && kind != PASTED_FETCH &&
	     kind != PASTED_HAR && kind != PASTED_CONSOLE))
		return false;
	/* take_paste detects the kind of a file's text. */
	paste->form = file		       ? PASTE_HAR
		      : kind == PASTED_CURL    ? PASTE_CURL
		      : kind == PASTED_FETCH   ? PASTE_FETCH
		      : kind == PASTED_CONSOLE ? PASTE_CONSOLE
					       : PASTE_TEXT;
	paste->text = word;
	paste->bare = true;
	return true;
}

int
request_read_arguments(struct request_arguments *out,
		       const struct command *command, enum request_url kind,
		       int argc, char **argv)
{
	struct question_text text = {.url = SLICE_NONE};
	struct slice *headers = NULL;
	int status;

	*out = (struct request_arguments){.input.arena = arena_new(),
					  .kind = kind};
	if (out->input.arena != NULL)
		headers = arena_array(out->input.arena, (size_t)argc,
				      sizeof(*headers));
	if (headers == NULL)
		return complain("out of memory", "");
	text.headers = headers;
	status = read_flags(out, &text, headers, command, kind, argc, argv);
	if (status != GO_ON)
		return status;
	/* The URL may be the only argument; before a file it must look like
	 * a URL. */
	if (optind < argc && !slice_present(text.url) &&
	    (kind != REQUEST_URL_FILE || is_url(argv[optind]))) {
		const char *word = argv[optind++];
		if (!is_pasted(out, word))
			text.url = slice_from(word);
	}
	if (argc - optind > (kind == REQUEST_URL_FILE)) {
		fprintf(stderr, "corscheck: unexpected argument \"%s\"\n",
			argv[optind + (kind == REQUEST_URL_FILE)]);
		return CHECK_USAGE;
	}
	status = take_paste(out, &text);
	return status != GO_ON ? status : read_question(out, kind, &text);
}

void
request_free_arguments(struct request_arguments *arguments)
{
	arena_free(arguments->input.arena);
	arguments->input.arena = NULL;
}
