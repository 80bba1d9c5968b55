/*
 * corscheck init: a first policy in a new file, and the web server's snippet on
 * standard output; the values are from flags and, on a terminal, from up to
 * four questions about missing ones.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/os.h"
#include "base/text.h"
#include "corscheck/init.h"

/* ---- words ---- */

/* Add a word; NULL: no memory.  If memory is out, out_of_memory is set. */
static void
words_add(struct init_plan *plan, struct words *words, const char *text)
{
	if (text != NULL && array_grow_in(plan->arena, &words->at, words->count,
					  &words->room, sizeof(*words->at)))
		words->at[words->count++] = text;
	else
		plan->out_of_memory = true;
}

/* Add the words of a text, which are separated by blanks or commas. */
static void
words_split(struct init_plan *plan, struct words *words, const char *text)
{
	struct slice rest = slice_from(text), word;

	while (text_word_next(&rest, &word))
		words_add(plan, words, arena_text(plan->arena, word));
}

/* ---- flags ---- */

static bool
set_server(struct init_plan *plan, const char *name)
{
	plan->server = init_server_find(name);
	if (plan->server != NULL)
		return true;
	fprintf(stderr,
		"corscheck: init: --server %s: unknown server; known are",
		name);
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		fprintf(stderr, " %s", s->name);
	fputc('\n', stderr);
	return false;
}

/* --php FOLDER and --forward ADDRESS belong together: php-fpm. */
static bool
take_php_and_forward(struct init_plan *plan, enum init_app app,
		     const char *value)
{
	if (plan->app == INIT_APP_PHP && app == INIT_APP_FORWARD &&
	    plan->forward == NULL) {
		plan->forward = value;
		return true;
	}
	if (plan->app != INIT_APP_FORWARD || app != INIT_APP_PHP)
		return false;
	plan->forward = plan->app_value;
	plan->app = INIT_APP_PHP;
	plan->app_value = value;
	return true;
}

static bool
set_app(struct init_plan *plan, enum init_app app, const char *key,
	const char *value, const char *flag)
{
	if (plan->app == INIT_APP_UNSET) {
		plan->app = app;
		plan->app_value = value;
	} else if (!take_php_and_forward(plan, app, value)) {
		return init_fail("only one of --exec, --git, --root, --php and "
				 "--forward, or --php with --forward",
				 "");
	}
	return init_word_is_good(plan, key, value, flag);
}

static bool
set_path(struct init_plan *plan, const char *path)
{
	plan->path = path;
	if (*path == '/' && init_is_plain(path))
		return true;
	return init_fail(
	    "--path: the path in the address, as --path /api, not ", path);
}

/* An absolute path without bytes that servers treat specially. */
static bool
take_file(const char **to, const char *path, const char *flag)
{
	*to = path;
	if (*path == '/' && init_is_plain(path))
		return true;
	fprintf(stderr,
		"corscheck: init: %s: a path that begins with / and has "
		"letters, digits and / . _ + - ~ alone, not %s\n",
		flag, path);
	return false;
}

static bool
take_address(struct init_plan *plan, const char *address)
{
	bool path = strncmp(address, "unix:/", 6) == 0;
	bool host = strncmp(address, "tcp:", 4) == 0;
	const char *rest = address + (path ? 5 : 4);

	plan->address = address;
	/* The brackets of an IPv6 address, and the port's colon. */
	if ((path && init_is_plain(rest)) ||
	    (host && *rest != '\0' &&
	     rest[strspn(rest, "0123456789abcdefABCDEF.:[]")] == '\0'))
		return true;
	return init_fail("--socket: unix:/PATH or tcp:ADDRESS:PORT, not ",
			 address);
}

static bool
take_user(struct init_plan *plan, const char *user)
{
	plan->user = user;
	if (*user != '\0' && *user != '-' && init_is_plain(user) &&
	    strchr(user, '/') == NULL)
		return true;
	return init_fail(
	    "--user: the name of the user that the web server runs as, "
	    "as www-data, not ",
	    user);
}

static bool
add_word(struct init_plan *plan, struct words *words, const char *key,
	 const char *word, const char *flag)
{
	words_add(plan, words, word);
	return init_word_is_good(plan, key, word, flag);
}

/* The flags for paths, the address and the user. */
static bool
take_place(struct init_plan *plan, int letter, const char *value)
{
	switch (letter) {
	case 'p':
		return set_path(plan, value);
	case 'S':
		return take_address(plan, value);
	case 'u':
		return take_user(plan, value);
	case 'l':
		return take_file(&plan->log_file, value, "--log-file");
	case 'U':
		return take_file(&plan->units, value, "--unit-folder");
	case 'd':
		return take_file(&plan->document_root, value,
				 "--document-root");
	default:
		return take_file(&plan->corswrap, value, "--corswrap");
	}
}

static bool
set_flag(struct init_plan *plan, int letter, const char *value)
{
	switch (letter) {
	case 's':
		return set_server(plan, value);
	case 'o':
		return add_word(plan, &plan->origins, "origins", value,
				"--origin");
	case 'm':
		return add_word(plan, &plan->methods, "methods", value,
				"--method");
	case 'H':
		return add_word(plan, &plan->headers, "headers", value,
				"--header");
	case 'c':
		plan->credentials = plan->credentials_known = true;
		return true;
	case 'w':
		plan->push = true;
		return true;
	case 'e':
		return set_app(plan, INIT_APP_EXEC, "exec", value, "--exec");
	case 'r':
		return set_app(plan, INIT_APP_ROOT, "root", value, "--root");
	case 'f':
		return set_app(plan, INIT_APP_FORWARD, "forward", value,
			       "--forward");
	case 'P':
		return set_app(plan, INIT_APP_PHP, "root", value, "--php");
	case 'g':
		return set_app(plan, INIT_APP_GIT, "root", value, "--git");
	default:
		return take_place(plan, letter, value);
	}
}

/* ---- questions, on a terminal ---- */

/* A line without blanks around it, in the arena; an empty line becomes the
 * default, if there is one.  NULL: the input has ended. */
static const char *
answer(struct init_plan *plan, const char *otherwise)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	const char *text = NULL;

	if (otherwise == NULL)
		fputs(": ", stderr);
	else
		fprintf(stderr, " [%s]: ", otherwise);
	len = getline(&line, &room, stdin);
	if (len >= 0) {
		size_t end = strlen(line), start = strspn(line, " \t\r\n");
		while (end > start && strchr(" \t\r\n", line[end - 1]) != NULL)
			end--;
		text = arena_text(plan->arena,
				  slice_of(line + start, end - start));
		if (text != NULL && *text == '\0' && otherwise != NULL)
			text = otherwise;
	} else {
		fputc('\n', stderr);
	}
	free(line);
	return text;
}

static bool
ask_server(struct init_plan *plan)
{
	fprintf(stderr, "1. Which web server?\n");
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		fprintf(stderr, "     %-13s %s\n", s->name, s->purpose);
	while (plan->server == NULL) {
		const char *text = answer(plan, init_servers[0].name);
		if (text == NULL)
			return false;
		plan->server = init_server_find(text);
		if (plan->server == NULL)
			fprintf(stderr, "   One of these names, please");
	}
	return true;
}

static bool
ask_origins(struct init_plan *plan)
{
	fprintf(stderr, "2. Which pages may call it?  Their origins: scheme "
			"and host, as\n"
			"   https://app.example.com; https://*.example.com for "
			"subdomains; * for all");
	while (plan->origins.count == 0) {
		const char *text = answer(plan, NULL);
		bool good = true;
		if (text == NULL)
			return false;
		words_split(plan, &plan->origins, text);
		for (size_t i = 0; i < plan->origins.count; i++)
			good &= init_word_is_good(plan, "origins",
						  plan->origins.at[i],
						  plan->origins.at[i]);
		if (good && plan->origins.count > 0)
			break;
		plan->origins.count = 0;
		fprintf(stderr, "   Once more, all of them");
	}
	return true;
}

static bool
ask_credentials(struct init_plan *plan)
{
	fprintf(stderr,
		"3. May they send the visitor's cookies and logins? (yes, no)");
	for (;;) {
		const char *text = answer(plan, "no");
		if (text == NULL)
			return false;
		plan->credentials = *text == 'y' || *text == 'Y';
		if ((plan->credentials || *text == 'n' || *text == 'N') &&
		    init_policy_is_good(plan))
			return true;
		plan->credentials = false;
		fprintf(stderr, "   yes or no");
	}
}

/* The kind of a folder: a PHP application has an index.php, and
 * repositories end in .git. */
static enum init_app
app_of_folder(const char *folder)
{
	enum init_app app = INIT_APP_ROOT;
	const struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir != NULL && app != INIT_APP_PHP &&
	       (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		if (strcmp(entry->d_name, "index.php") == 0)
			app = INIT_APP_PHP;
		else if (len > 4 &&
			 strcmp(entry->d_name + len - 4, ".git") == 0)
			app = INIT_APP_GIT;
	}
	if (dir != NULL)
		closedir(dir);
	return app;
}

/* The kind of application that this text names. */
static enum init_app
app_of(const char *text)
{
	struct stat st;
	size_t len = strlen(text);

	if (strncmp(text, "unix:", 5) == 0 || strncmp(text, "tcp:", 4) == 0)
		return INIT_APP_FORWARD;
	if ((len > 0 && text[len - 1] == '/') ||
	    (stat(text, &st) == 0 && S_ISDIR(st.st_mode)))
		return app_of_folder(text);
	return INIT_APP_EXEC;
}

static bool
ask_app(struct init_plan *plan)
{
	static const char *const keys[] = {
	    [INIT_APP_EXEC] = "exec",	    [INIT_APP_GIT] = "root",
	    [INIT_APP_ROOT] = "root",	    [INIT_APP_PHP] = "root",
	    [INIT_APP_FORWARD] = "forward",
	};

	fprintf(stderr, "4. What responds?  A program (/srv/app/report.pl), a "
			"folder of scripts, of a PHP\n"
			"   application or of git repositories, or a FastCGI "
			"application\n"
			"   (unix:/run/app.sock, tcp:127.0.0.1:9000)");
	for (;;) {
		const char *text = answer(plan, init_default_root(plan));
		enum init_app app;
		if (text == NULL)
			return false;
		app = *text == '/' || strchr(text, ':') != NULL
			  ? app_of(text)
			  : INIT_APP_UNSET;
		if (app == INIT_APP_UNSET) {
			fprintf(stderr, "   A path that begins with /");
		} else if (init_word_is_good(plan, keys[app], text, text)) {
			plan->app = app;
			plan->app_value = text;
			return true;
		} else {
			fprintf(stderr, "   Once more");
		}
	}
}

/* Ask for missing values, each until the answer is valid.  False: the input
 * has ended. */
static bool
ask_questions(struct init_plan *plan)
{
	if (plan->server == NULL && !ask_server(plan))
		return false;
	if (plan->origins.count == 0 && !ask_origins(plan))
		return false;
	if (!plan->credentials_known && !ask_credentials(plan))
		return false;
	return plan->app != INIT_APP_UNSET || ask_app(plan);
}

/* ---- the plan as a whole ---- */

/* Does the server support the application, and the policy's name and folder? */
static bool
suits_server(const struct init_plan *plan)
{
	const char *base = strrchr(plan->policy, '/') + 1;
	size_t len = strlen(base), folder = strlen(plan->folder);

	if (plan->server->cgi &&
	    (len < 5 || strcmp(base + len - 4, ".ini") != 0))
		return init_fail(
		    "corswrap.cgi is called as its policy is: name it "
		    "NAME.ini, or .htNAME.ini under Apache, not ",
		    base);
	if ((plan->app == INIT_APP_FORWARD || plan->forward != NULL) &&
	    plan->server->cgi)
		return init_fail(
		    "--forward: a CGI program forwards nothing; name a "
		    "server that starts a responder, as ",
		    "lighttpd, apache-fcgid or nginx");
	if ((plan->server->apps & INIT_APP_BIT(plan->app)) == 0)
		return init_fail(
		    "this server cannot hand scripts to corswrap; use "
		    "--exec or --git with --server ",
		    plan->server->name);
	if (strcmp(plan->server->name, "busybox") == 0 &&
	    (folder < 8 || strcmp(plan->folder + folder - 8, "/cgi-bin") != 0))
		return init_fail(
		    "busybox httpd runs programs in cgi-bin/ of the "
		    "folder that it serves: put the policy there, not "
		    "into ",
		    plan->folder);
	return true;
}

/* Checks that need the whole plan. */
static bool
is_consistent(struct init_plan *plan)
{
	const char *flag = plan->app == INIT_APP_ROOT  ? "--root"
			   : plan->app == INIT_APP_PHP ? "--php"
			   : plan->app == INIT_APP_GIT ? "--git"
						       : NULL;

	if (plan->server != NULL && !suits_server(plan))
		return false;
	if (plan->push && plan->app != INIT_APP_GIT)
		return init_fail("--push: only with --git", "");
	if (flag != NULL && plan->server != NULL &&
	    !(init_is_plain(plan->app_value) && *plan->app_value == '/')) {
		fprintf(stderr,
			"corscheck: init: %s: for a server's lines it must "
			"begin with / and have letters, digits and / . _ + - ~ "
			"alone: %s\n",
			flag, plan->app_value);
		return false;
	}
	return init_policy_is_good(plan);
}

static void
set_defaults(struct init_plan *plan)
{
	if (plan->app == INIT_APP_UNSET) {
		plan->app = INIT_APP_ROOT;
		plan->app_value = init_default_root(plan);
	}
	if (plan->headers.count == 0)
		words_add(plan, &plan->headers, "Content-Type");
	/* git requests protocol version 2 with it. */
	if (plan->app == INIT_APP_GIT)
		words_add(plan, &plan->headers, "Git-Protocol");
	if (plan->path == NULL)
		plan->path = init_default_path(plan);
	if (plan->address == NULL)
		plan->address = init_default_address(plan);
	if (plan->units == NULL)
		plan->units = SYSCONFDIR "/corswrap";
	if (plan->user == NULL)
		plan->user = "www-data";
	if (plan->document_root == NULL)
		plan->document_root = init_default_document_root(plan);
	if (plan->document_root == NULL)
		plan->out_of_memory = true;
}

/* Print the next steps. */
static int
finish(const struct init_plan *plan)
{
	fprintf(stderr,
		"corscheck: init: wrote %s; `corscheck lint` checks it after "
		"each change\n",
		plan->policy);
	if (!init_warn_missing(plan))
		return CHECK_USAGE;
	if (plan->server != NULL) {
		init_snippet_write(plan, stdout);
		return CHECK_GOOD;
	}
	fprintf(stderr, "corscheck: init: --server NAME prints the lines for "
			"the web server; NAME is one of");
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		fprintf(stderr, " %s", s->name);
	fputc('\n', stderr);
	return CHECK_GOOD;
}

static int
make(struct init_plan *plan, const char *file, const char *argv0)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

	if (!init_find_policy(plan, file) || !init_find_name(plan) ||
	    !init_find_corswrap(plan, argv0))
		return CHECK_USAGE;
	if (terminal && !ask_questions(plan)) {
		init_fail("nothing was written", "");
		return CHECK_USAGE;
	}
	if (plan->origins.count == 0) {
		init_fail("add the origin of the pages that may call, as "
			  "--origin https://app.example.com (on a terminal "
			  "corscheck init prompts for it)",
			  "");
		return CHECK_USAGE;
	}
	set_defaults(plan);
	if (plan->out_of_memory) {
		init_fail("no memory", "");
		return CHECK_USAGE;
	}
	if (!is_consistent(plan) || !init_policy_create(plan))
		return CHECK_USAGE;
	return finish(plan);
}

int
init_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"server", required_argument, NULL, 's'},
	    {"origin", required_argument, NULL, 'o'},
	    {"method", required_argument, NULL, 'm'},
	    {"header", required_argument, NULL, 'H'},
	    {"credentials", no_argument, NULL, 'c'},
	    {"exec", required_argument, NULL, 'e'},
	    {"root", required_argument, NULL, 'r'},
	    {"forward", required_argument, NULL, 'f'},
	    {"git", required_argument, NULL, 'g'},
	    {"push", no_argument, NULL, 'w'},
	    {"php", required_argument, NULL, 'P'},
	    {"path", required_argument, NULL, 'p'},
	    {"socket", required_argument, NULL, 'S'},
	    {"user", required_argument, NULL, 'u'},
	    {"log-file", required_argument, NULL, 'l'},
	    {"document-root", required_argument, NULL, 'd'},
	    {"unit-folder", required_argument, NULL, 'U'},
	    {"corswrap", required_argument, NULL, 'C'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	struct init_plan plan = {.arena = arena_new()};
	bool good = true;
	int letter, status = CHECK_USAGE;

	if (plan.arena == NULL)
		return command_no_memory();
	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'h' || letter == '?') {
			arena_free(plan.arena);
			return command_usage(command, letter == 'h');
		}
		good = good && set_flag(&plan, letter, optarg);
	}
	if (argc - optind != 1)
		status = command_usage(command, 0);
	else if (good)
		status = make(&plan, argv[optind], command->argv0);
	arena_free(plan.arena);
	return status;
}
