/*
 * Was the program started by a web server as a CGI program?
 *
 * Apache makes the words of a query without `=` the program's arguments
 * (RFC 3875, 4.4), so a client could write `?-l+tcp:0.0.0.0:9000`: this must
 * be known before argv is looked at.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "corswrap/options.h"

bool
options_is_cgi(void)
{
	return getenv("REQUEST_METHOD") != NULL ||
	       getenv("GATEWAY_INTERFACE") != NULL;
}

const char *
options_lighttpd_script(int argc, char **argv)
{
	const char *script = getenv("SCRIPT_FILENAME");

	if (argc != 2 || script == NULL || strcmp(argv[1], script) != 0)
		return NULL;
	return argv[1];
}
