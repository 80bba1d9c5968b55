/*
 * Shared by the readers of an import: the scope of a directive in a
 * configuration, and the CORS headers there.
 *
 * import_apache.c, import_nginx.c and import_other.c read; import_condition.c
 * has Apache's expressions; import_values.c turns the value of a header into
 * keys of a policy; import_origins.c turns regular expressions into origins;
 * import_write.c writes the policy.
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

/* A part of the configuration that becomes a section of the policy. */
struct import_scope {
	struct slice path; /* words for the key `path`; empty: every path */
	struct slice host; /* for the key `host`; empty: every host */
	struct import_words aliases; /* other names of that host */
	bool inherits; /* inherits the other values from the one above */

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
	bool *replaced; /* by line, from 1: replaced by the policy */
	unsigned lines;
	enum import_from from;
	bool included; /* another file includes it */
	bool open;     /* it is being read */
};

struct import {
	struct arena *arena;
	struct diag_list *notes;
	struct import_source *sources; /* all files */
	size_t source_count;
	struct import_scope **scopes;
	size_t scope_count;
	size_t scope_room;
	bool no_memory;
};

/* The scope with this path and host, made if it is new.  Never NULL: if memory
 * is out, no_memory is set, and the result is a scope that is discarded. */
struct import_scope *import_scope(struct import *, struct slice path,
				  struct slice host, bool inherits);

/* Add a note about a line; line 0: about the file. */
void import_say(struct import *, enum severity, struct import_place,
		const char *id, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The text as a message quotes it: escaped, and cut after 120 bytes. */
const char *import_quote(struct import *, struct slice);

/* Record that these lines can be deleted. */
void import_replaced(struct import_source *, unsigned first, unsigned last);

/* Add a word (copied) unless the list has it; letter case is ignored. */
void import_word_add(struct import *, struct import_words *, struct slice text,
		     struct import_place);

/* Allow every Origin, because Access-Control-Allow-Origin repeats it; adds a
 * warning. */
void import_any_origin(struct import *, struct import_scope *,
		       struct import_place);

/* Does the expression, such as "\.(ttf|woff)$", match only files that the
 * server itself sends, so that corswrap never gets these requests?  Yes if it
 * has a '.' and no extension of programs. */
bool import_is_static_files(struct slice expression);

/* "cors.conf" for "/etc/nginx/cors.conf". */
struct slice import_base_name(struct slice path);

/* The given file that an "include" of this name means: that with the same base
 * name.  NULL: there is none; if the name suggests CORS headers, a warning is
 * added. */
struct import_source *import_included(struct import *, struct import_place,
				      struct slice name);

/* Warn that no preflight gets to corswrap, because the server requires a
 * password or refuses OPTIONS.  what: "refuses OPTIONS"; fix: a command. */
void import_guarded(struct import *, struct import_place, const char *what,
		    const char *fix);

/* ---- import_condition.c ---- */

enum { IMPORT_TESTS_MAX = 32 };

/* The operand that an Origin is compared with. */
struct import_test {
	struct slice text;
	bool literal; /* an origin; else an expression */
};

/* An expression of Apache. */
struct import_condition {
	bool origin;	/* it compares the Origin */
	bool any;	/* it tests whether there is an Origin */
	bool unclear;	/* a part about the Origin could not be read */
	bool other;	/* it also tests a host, a path or an address */
	bool method;	/* it tests the method */
	bool preflight; /* the method is OPTIONS */
	struct import_test tests[IMPORT_TESTS_MAX];
	size_t count;
};

/* Read an expression; never fails (unclear). */
void import_condition(struct slice text, struct import_condition *);

/* ---- import_values.c ---- */

/* Do policies have keys for this response header? */
bool import_is_cors_header(struct slice name);

/*
 * Read a header of the scope.  `value` is the text that the server sends, or
 * "*" if it repeats a value of the request; for Access-Control-Allow-Origin it
 * must be literal.  Names without a key are ignored.
 */
void import_header(struct import *, struct import_scope *, struct import_place,
		   struct slice name, struct slice value);

/* ---- import_origins.c ---- */

/* Allow a literal value of Access-Control-Allow-Origin, other than "*". */
void import_origin(struct import *, struct import_scope *, struct import_place,
		   struct slice text);

/* Allow the origins that this expression matches; it may match any part of an
 * Origin. */
void import_expression(struct import *, struct import_scope *,
		       struct import_place, struct slice expression);

/* ---- import_write.c ---- */

/* Write what the import collected as INI; *policy is in memory of the arena.
 * It is unchanged if no CORS header is set or memory is out (no_memory). */
void import_write(struct import *, const struct import_file *files,
		  size_t count, struct slice *policy);

/* ---- import_apache.c, import_nginx.c, import_other.c ---- */

/* Read a file; the first two read the files that it includes, too. */
void import_apache(struct import *, struct import_source *);
void import_nginx(struct import *, struct import_source *);
void import_other(struct import *, struct import_source *);

#endif
