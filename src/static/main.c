/*
 * corswrap.cgi: only the CGI program, for a cgi-bin.
 *
 * Linked statically, without FastCGI and regular expressions, so that no
 * library has to be installed: uploading two files is enough.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/executable.h"
#include "corswrap/options.h"
#include "serve/cgi.h"
#include "serve/locate.h"

static const char help[] =
    "usage: corswrap.cgi [-t] [-c POLICY]\n"
    "Adds CORS to a CGI program.  A web server "
    "starts\n"
    "it; upload it as NAME.cgi, and its policy beside it as .htNAME.ini.\n"
    "  -c POLICY  the policy file to test\n"
    "  -t         test the policy and exit: 0, or 1 with errors\n"
    "  -V, -h     print the version; print this\n";

/* -t: check the policy, and print its diagnostics.  Returns the exit status. */
static int
test(const char *given, const char *argv0)
{
	struct executable self;
	const struct load_options options = {
	    .use = LOAD_CGI, .warnings = true, .exec_only = true};
	struct settings *settings;
	char path[4096];

	(void)locate_program(&self, argv0);
	if (locate_policy(given, &self, path, sizeof(path)) != 0) {
		fprintf(stderr, "corswrap.cgi: no policy: %s [no-policy]\n",
			path);
		return 1;
	}
	settings = settings_load_or_print(path, &options);
	if (settings == NULL)
		return 1;
	printf("%s: ok\n", path);
	settings_release(settings);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct load_options cgi = {.use = LOAD_CGI,
						.exec_only = true};
	const char *policy = NULL;
	bool do_test = false;
	int letter;

	if (started_as_cgi())
		return cgi_run(&cgi, argc, argv, environ);
	while ((letter = getopt(argc, argv, "c:htV")) != -1) {
		if (letter == 'c') {
			policy = optarg;
		} else if (letter == 't') {
			do_test = true;
		} else if (letter == 'V') {
			puts("corswrap.cgi " PACKAGE_VERSION);
			return 0;
		} else {
			fputs(help, letter == 'h' ? stdout : stderr);
			return letter == 'h' ? 0 : 2;
		}
	}
	if (do_test)
		return test(policy, argv[0]);
	fputs(help, stderr);
	return 2;
}
