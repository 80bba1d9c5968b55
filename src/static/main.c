/*
 * corswrap.cgi: the CGI half alone, for a cgi-bin and nothing else.
 *
 * Linked statically, without FastCGI, regular expressions or anything that
 * would have to be installed: two uploaded files are the whole of it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "corswrap/options.h"
#include "serve/cgi.h"

#include "serve/locate.h"

static const char help[] =
    "usage: corswrap.cgi [-t] [-c POLICY]\n"
    "Puts a correct CORS answer in front of a CGI program.  A web server "
    "starts\n"
    "it; upload it as NAME.cgi, and its policy beside it as .htNAME.ini.\n"
    "  -c POLICY  the policy file to test\n"
    "  -t         test the policy and exit: 0, or 1 with errors\n"
    "  -V, -h     print the version; print this\n";

/* With a shell at hand: the policy in words. */
static int
test(const char *given)
{
	struct load_options options = {.use = LOAD_CGI, .warnings = true};
	struct diag_list *list = diag_list_new();
	struct settings *settings = NULL;
	char path[4096];

	if (list == NULL || locate_policy(given, path, sizeof(path)) != 0) {
		fprintf(stderr, "corswrap.cgi: no policy: %s [no-policy]\n",
			list == NULL ? "" : path);
	} else {
		settings = settings_load(path, &options, list);
		diag_print(list, stderr);
	}
	diag_list_free(list);
	if (settings == NULL)
		return 1;
	printf("%s: ok\n", path);
	settings_release(settings);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *policy = NULL;
	bool do_test = false;
	int letter;

	if (options_is_cgi())
		return cgi_run(NULL, options_lighttpd_script(argc, argv),
			       environ);
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
		return test(policy);
	fputs(help, stderr);
	return 2;
}
