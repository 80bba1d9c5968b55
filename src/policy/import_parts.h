/*
 * What the readers of an import share: the place in a configuration that a
 * directive holds for, and what the CORS headers there say.
 *
 * import_apache.c and import_nginx.c read; import_values.c puts what a header
 * says into the keys of a policy; import_origins.c turns regular expressions
 * into origins; import.c writes the policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IMPORT_PARTS_H
#define IMPORT_PARTS_H

#include "policy/import.h"

/* Where something was read. */
struct import_place {
	const char *file;
	unsigned line;
};

/* One word of a list, or one value. */
struct import_word {
	struct slice text; /* absent: not set */
	struct import_place place;
};

struct import_words {
	struct import_word *at;
	size_t count;
	size_t room;
};

/* What becomes a section of the policy. */
struct import_scope {
	struct slice path; /* words for the key `path`; empty: every path */
	struct slice host; /* for the key `host`; empty: every host */
	bool inherits;	   /* takes what it does not set from the one above */

	bool any_origin;
	struct import_place any_place;
	bool credentials;
	struct import_place credentials_place;
	struct import_words origins;
	struct import_words expressions; /* that could not be made origins */
	struct import_words methods;
	struct import_words headers;
	struct import_words expose;
	struct import_words timing;
	struct import_word max_age;
	struct import_word resource_policy;
	bool set; /* one of its lines sets a CORS header */
};

/* One file while it is read. */
struct import_source {
	const char *name;
	struct slice text;
	bool *replaced; /* by line, from 1: the policy says it now */
	unsigned lines;
};

struct import {
	struct arena *arena;
	struct diag_list *notes;
	struct import_scope **scopes;
	size_t scope_count;
	size_t scope_room;
	bool no_memory;
};

/* The scope with this path and host, made if it is new.  Never NULL: when
 * memory is out, that is noted in the import and the result is a scope that is
 * lost. */
struct import_scope *import_scope(struct import *, struct slice path,
				  struct slice host, bool inherits);

/* Say something about a line; `fix` may be NULL. */
void import_say(struct import *, enum severity, struct import_place,
		const char *id, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The text as a message quotes it. */
const char *import_quote(struct import *, struct slice);

/* These lines are not needed any longer. */
void import_replaced(struct import_source *, unsigned first, unsigned last);

/* Add a word that is not there yet (letter case ignored). */
void import_word_add(struct import *, struct import_words *, struct slice text,
		     struct import_place);

/* Access-Control-Allow-Origin repeats whatever Origin the request has. */
void import_any_origin(struct import *, struct import_scope *,
		       struct import_place);

/* The extensions in an expression such as "\.(ttf|woff)$": files that a server
 * sends itself, and corswrap never sees? */
bool import_is_static_files(struct slice expression);

/* ---- import_values.c ---- */

/* Does a policy say what this response header says? */
bool import_is_cors_header(struct slice name);

/*
 * The header `name` is set to `value` here.  `value` is text as the server
 * sends it, or "*" where it repeats what the request asked for.  Not for
 * Access-Control-Allow-Origin with anything but a literal value.
 */
void import_header(struct import *, struct import_scope *, struct import_place,
		   struct slice name, struct slice value);

/* ---- import_origins.c ---- */

/* A literal value of Access-Control-Allow-Origin that is no "*". */
void import_origin(struct import *, struct import_scope *, struct import_place,
		   struct slice text);

/* An Origin is allowed if this expression matches somewhere in it. */
void import_expression(struct import *, struct import_scope *,
		       struct import_place, struct slice expression);

/* ---- import_apache.c, import_nginx.c ---- */

void import_apache(struct import *, struct import_source *);
void import_nginx(struct import *, struct import_source *);

#endif
