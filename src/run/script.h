/*
 * Which program runs for a request (DESIGN.md section 3, "The program, in this
 * order"): exec, lighttpd's argv[1], or the script that the server names,
 * under `root`, through [handlers], never corswrap itself.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_SCRIPT_H
#define RUN_SCRIPT_H

#include "cors/request.h"
#include "policy/settings.h"
#include "run/exchange.h"

struct script {
	char **argv;	       /* words to execute, NULL-terminated; [0] is the
				  file given to execve */
	const char *directory; /* working directory of the program */
	const char *path;      /* of the script (or of exec), for logs */
	/* If `rewritten`, the next four replace the server's variables, because
	 * the path was split or came from PATH_TRANSLATED; NULL: remove the
	 * variable. */
	bool rewritten;
	const char *script_name;
	const char *script_filename;
	const char *path_info;
	const char *path_translated;
	char *memory; /* private: all of the above; script_free */
};

/*
 * Find the program.  0: *out is filled (script_free).  Else the status of the
 * response (403, 404, 500, 502); the log has the cause and a hint.  With
 * `forward` argv is NULL; FastCGI then needs no script, plain CGI resolves its
 * variables as without `forward`.
 */
int script_resolve(const struct settings *, struct exchange *,
		   const struct request *, struct script *out);
void script_free(struct script *);

#endif
