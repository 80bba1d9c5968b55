/*
 * Plain CGI: one request from the environment, standard input and output.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CGI_H
#define CGI_H

#include "policy/settings.h"

/*
 * Serve the request of this process's environment by the policy file that
 * locate_policy finds.  argc and argv are main's.  Returns the exit status.
 */
int cgi_run(const struct load_options *, int argc, char **argv,
	    char **environment);

#endif
