/*
 * A policy from the CORS lines of another server's configuration.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IMPORT_H
#define IMPORT_H

#include "base/arena.h"
#include "policy/diagnostic.h"

/* IMPORT_GUESS: found out from the text of each file.  IMPORT_OTHER: any text
 * with lines that set CORS headers, such as programs and the configurations of
 * lighttpd, Caddy and IIS. */
enum import_from { IMPORT_GUESS, IMPORT_APACHE, IMPORT_NGINX, IMPORT_OTHER };

struct import_file {
	const char *name; /* for messages */
	struct slice text;
};

/*
 * Read the files, in their order, as parts of one configuration.  The notes
 * (sorted) list what cannot be imported, what was wrong, and which lines can
 * be deleted.  *policy: the policy as INI, without lint errors or warnings, in
 * memory of the arena; absent: no line sets a CORS header.  False: out of
 * memory.
 */
bool import_policy(struct arena *, enum import_from, const struct import_file *,
		   size_t count, struct diag_list *notes, struct slice *policy);

#endif
