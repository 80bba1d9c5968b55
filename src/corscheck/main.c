/*
 * corscheck: shows what a CORS policy does, and why.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "page/page.h"

#define REQUEST_WORDS                                                          \
	"           REQUEST: --origin ORIGIN [-X METHOD] [-H 'Name: value'] "  \
	"...\n"                                                                \
	"           [-d BODY] [--credentials] [--mode cors|no-cors]\n"         \
	"           [--as fetch|xhr|script|font|image|eventsource]\n"          \
	"           [--redirect follow|error|manual] [--upload-listener]\n"    \
	"           [--page-space public|local|loopback]\n"                    \
	"           [--coep require-corp|credentialless]\n"                    \
	"           [--browser chromium|firefox|safari|all]\n"                 \
	"           or --curl COMMAND | --fetch CALL | --har FILE [--entry "   \
	"N]\n"                                                                 \
	"           or --console MESSAGE, or one of these without its option"

static const struct command commands[] = {
    {"lint", lint_command,
     "[--json | --format gcc|sarif] [--strict] [--fix] POLICY ...",
     "what is wrong with a policy", NULL},
    {"help", help_command, "[ID | MESSAGE]",
     "what an id of a diagnostic or reason means, and the fix", NULL},
    {"dump", dump_command, "POLICY", "a policy in its canonical form", NULL},
    {"explain", explain_command,
     "[-p POLICY] [--json] --url URL REQUEST\n" REQUEST_WORDS,
     "what a browser will do with a request", NULL},
    {"probe", probe_command, "[--json] REQUEST URL\n" REQUEST_WORDS,
     "what a browser will do, with a live server", NULL},
    {"read", read_command, "[--json] --url URL REQUEST [FILE]\n" REQUEST_WORDS,
     "the same, with response headers that you paste", NULL},
    {"import", import_command, "[--from apache|nginx|other] FILE ...",
     "a policy from the CORS lines of another server", NULL},
    {"learn", learn_command, "LOG ...",
     "a first policy from the requests in access logs", NULL},
    {"replay", replay_command, "-p POLICY [-p OTHER] LOG ...",
     "how a policy would have responded, or where two differ", NULL},
    {"warm", warm_command, "POLICY SCRIPT [NAME=VALUE ...]",
     "whether a script can run warm, and what it gains", NULL},
    {"reference", reference_command, "[--json]",
     "headers, safelists, limits, and what many get wrong", NULL},
    {"init", init_command,
     "[--server NAME] [--origin ORIGIN] ... [--credentials]\n"
     "           [--method NAME] ... [--header NAME] ... [--path PATH]\n"
     "           [--exec WORDS | --git FOLDER | --root FOLDER | --php FOLDER]\n"
     "           [--push] [--forward ADDRESS] [--socket ADDRESS]\n"
     "           [--user NAME] [--log-file PATH] [--document-root FOLDER]\n"
     "           [--unit-folder FOLDER] [--corswrap PATH] FILE",
     "writes a commented policy, and says what the server needs", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* The commands, on one screen; `corscheck COMMAND -h` lists the options of
 * one. */
static int
usage(int asked)
{
	FILE *out = asked ? stdout : stderr;

	fprintf(out, "usage: corscheck COMMAND [OPTION ...] [ARGUMENT ...]\n"
		     "       corscheck COMMAND -h\n"
		     "       corscheck -V | -h\n\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->purpose);
	return asked ? CHECK_GOOD : CHECK_USAGE;
}

/* Run it with "corscheck NAME" as argv[0], which getopt(3) puts in front of its
 * messages. */
static int
run_command(const struct command *c, int argc, char **argv)
{
	struct command command = *c;
	char name[32];

	snprintf(name, sizeof(name), "corscheck %s", c->name);
	command.argv0 = argv[0];
	argv[1] = name;
	return c->run(&command, argc - 1, argv + 1);
}

static int
run(int argc, char **argv)
{
	if (argc < 2)
		return usage(0);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(1);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("corscheck %s\n", PACKAGE_VERSION);
		return CHECK_GOOD;
	}
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return run_command(c, argc, argv);
	fprintf(stderr, "corscheck: there is no subcommand \"%s\"\n", argv[1]);
	return usage(0);
}

/* Under a web server the arguments come from the client (RFC 3875, 4.4) and
 * are ignored. */
static bool
is_cgi(void)
{
	return getenv("REQUEST_METHOD") != NULL ||
	       getenv("GATEWAY_INTERFACE") != NULL;
}

int
main(int argc, char **argv)
{
	int status;

	/* Not FCGX_IsCGI, which is also true for a socket that has no peer but
	 * does not listen. */
	if (os_is_listener(STDIN_FILENO))
		return page_fastcgi(STDIN_FILENO);
	if (is_cgi())
		return page_cgi();
	status = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("corscheck: standard output");
		return CHECK_USAGE;
	}
	return status;
}
