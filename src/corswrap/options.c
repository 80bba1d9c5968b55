/*
 * The command line of corswrap (DESIGN.md section 2).
 *
 * Every message says what to do next: most people first see this program in a
 * web server's error log.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corswrap/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/executable.h"

enum { WORKERS_MAX = 65536 };

/* clang-format off */
const char options_help[] =
"usage: corswrap [-t] [-c POLICY] [-l ADDRESS] [-w WORKERS] [-m MODE] [--]\n"
"                [COMMAND [ARG ...]]\n"
"Adds CORS to a CGI or FastCGI program.\n"
"\n"
"  -c, --config POLICY    the policy file (else CORSWRAP_CONFIG, NAME.ini beside\n"
"                         the program, or the system's corswrap.ini)\n"
"  -t, --test             test the policy and exit: 0, or 1 with errors\n"
"  -l, --listen ADDRESS   serve FastCGI on unix:/path, tcp:127.0.0.1:9000 or\n"
"                         tcp:[::1]:9000\n"
"  -m, --mode MODE        permissions of the unix socket, octal (0660)\n"
"  -w, --workers WORKERS  threads at most, beats `workers` of the policy\n"
"  -V, --version          print the version\n"
"  -h, --help             print this\n"
"  COMMAND [ARG ...]      the program to run, beats `exec` of the policy\n"
"\n"
"A web server starts it without -l: as FastCGI with a listening socket as\n"
"standard input, as CGI with REQUEST_METHOD set (arguments are then not read).\n"
"The policy file is described in corswrap.ini(5); `corscheck lint POLICY`\n"
"explains what is wrong with one, `corscheck init FILE` writes a first one.\n";
/* clang-format on */

static int
wrong(const char *what, const char *value, const char *next)
{
	fprintf(stderr, "corswrap: %s: %s (%s)\n", what, value, next);
	return -1;
}

static int
read_number(const char *text, int base, unsigned long max, unsigned long *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	*out = strtoul(text, &end, base);
	return errno != 0 || *end != '\0' || *out > max ? -1 : 0;
}

static int
read_option(struct options *o, int letter)
{
	unsigned long number;

	switch (letter) {
	case 'c':
		o->policy = optarg;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case 'l':
		o->address = optarg;
		return 0;
	case 'm':
		if (read_number(optarg, 8, 0777, &number) != 0)
			return wrong("bad mode", optarg, "write it as 0660");
		o->mode = (mode_t)number;
		return 0;
	case 't':
		o->test = true;
		return 0;
	case 'V':
		o->version = true;
		return 0;
	case 'w':
		if (read_number(optarg, 10, WORKERS_MAX, &number) != 0 ||
		    number == 0)
			return wrong("bad number of workers", optarg,
				     "from 1 to 65536");
		o->workers = (unsigned)number;
		return 0;
	default:
		fputs("corswrap: `corswrap -h` lists the options\n", stderr);
		return -1;
	}
}

int
options_read(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"help", no_argument, NULL, 'h'},
	    {"listen", required_argument, NULL, 'l'},
	    {"mode", required_argument, NULL, 'm'},
	    {"test", no_argument, NULL, 't'},
	    {"version", no_argument, NULL, 'V'},
	    {"workers", required_argument, NULL, 'w'},
	    {NULL, 0, NULL, 0},
	};
	int letter;

	*o = (struct options){.mode = 0660};
	/* '+': options of COMMAND are COMMAND's */
	while ((letter =
		    getopt_long(argc, argv, "+c:hl:m:tVw:", names, NULL)) != -1)
		if (read_option(o, letter) != 0)
			return -1;
	if (optind < argc)
		o->command = argv + optind;
	return 0;
}

int
options_find_command(const char *word, char *buf, size_t cap)
{
	if (executable_at(word, buf, cap) || executable_in_path(word, buf, cap))
		return 0;
	return wrong("no such program", word,
		     "give its path, and make it executable");
}
