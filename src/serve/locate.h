/*
 * How we were started, and where the policy file is (DESIGN.md section 2).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOCATE_H
#define LOCATE_H

#include <stdbool.h>
#include <stddef.h>

struct executable;

/*
 * Find out how this program was called, as executable_find does; argv0 is
 * main's.  False: unknown.
 */
bool locate_program(struct executable *, const char *argv0);

/*
 * The path of the policy file: given (-c, may be NULL), CORSWRAP_CONFIG of the
 * process environment, beside the program, named after the name it was called
 * by, else under sysconfdir.  0 and the path in buf; -1 with errno: none exists
 * (buf then holds the last path tried, or what is unknown).
 */
int locate_policy(const char *given, const struct executable *, char *buf,
		  size_t cap);

/* Did a web server start us as a CGI program?  Then argv may come from the
 * client. */
bool started_as_cgi(void);
/* The script that lighttpd names as the one argument, or NULL. */
const char *started_with_script(int argc, char **argv);

#endif
