/*
 * corswrap: puts correct CORS headers in front of a CGI program.
 *
 * It chooses its mode, FastCGI responder or CGI program, by how it was
 * started, in the order of DESIGN.md section 2.  FCGX_IsCGI would guess wrong
 * under inetd, and it installs signal handlers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <unistd.h>

#include "base/os.h"
#include "corswrap/start.h"
#include "serve/cgi.h"
#include "serve/listen.h"
#include "serve/locate.h"

enum { FIRST_INHERITED = 3 }; /* sd_listen_fds(3) */

/* CGI is handled before this. */
extern char **environ; /* not declared by any header of POSIX */

static int
start(struct start *s, bool listening)
{
	int inherited;

	if (listening) {
		start_take(s, STDIN_FILENO, 1);
		return start_command(s) != 0 ? 1 : start_fastcgi(s);
	}
	if (s->options.version) {
		puts("corswrap " PACKAGE_VERSION);
		return 0;
	}
	if (s->options.help) {
		fputs(options_help, stdout);
		return 0;
	}
	if (start_command(s) != 0)
		return 1;
	if (s->options.test)
		return start_test(s);
	inherited = listen_inherited();
	start_take(s, FIRST_INHERITED, inherited);
	if (inherited > 0 || s->options.address != NULL)
		return start_fastcgi(s);
	fputs("corswrap: nothing to do: use -l ADDRESS, or have a web server "
	      "start it\n",
	      stderr);
	fputs(options_help, stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	static const struct load_options cgi = {.use = LOAD_CGI};
	static struct start s;
	bool listening = os_is_listener(STDIN_FILENO);

	if (!listening && started_as_cgi())
		return cgi_run(&cgi, argc, argv, environ);
	if (options_read(&s.options, argc, argv) != 0)
		return 2;
	s.argv0 = argc > 0 ? argv[0] : NULL;
	return start(&s, listening);
}
