/*
 * Shared by the readers of nginx' configuration: their position in it, and the
 * meaning of its variables.
 *
 * import_nginx.c reads files and blocks, import_nginx_words.c words, and
 * import_nginx_header.c the directives that set headers and variables.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IMPORT_NGINX_H
#define IMPORT_NGINX_H

#include "policy/import_parts.h"

enum { WORDS_MAX = 32, NESTED_MAX = 32 };

/* A condition on the Origin: an expression or a literal; absent: any Origin. */
struct origin_test {
	struct slice text;
	bool literal;
};

struct variable {
	struct slice name; /* without "$" */
	struct origin_test test;
	struct slice value; /* its value if the test is true; absent: the
			       Origin */
};

enum block_kind {
	BLOCK_OTHER,
	BLOCK_SERVER,
	BLOCK_LOCATION,
	BLOCK_IF,
	BLOCK_MAP
};

struct block {
	enum block_kind kind;
	unsigned line;
	struct import_scope *scope;
	bool unseen;	/* for files that the server itself sends */
	bool preflight; /* if ($request_method = OPTIONS) */
	bool refuses;	/* if ($request_method !~ ...), without OPTIONS */
	bool headers;	/* it has an add_header */
	bool origin;	/* it sets Access-Control-Allow-Origin */
	bool gone;	/* the policy replaces one of its lines */
	bool kept;	/* one of its lines must stay */
	struct origin_test test; /* of "if"; absent: no condition */
	struct slice variable;	 /* that "if" tests, or that "map" sets */
	struct slice from;	 /* the variable that "map" reads, or absent */
};

struct nginx {
	struct import *import;
	struct import_source *source;
	struct import_place place; /* of the directive's first word */
	unsigned line;		   /* where the reader is */
	struct slice rest;
	struct slice words[WORDS_MAX];
	size_t count;
	struct block blocks[NESTED_MAX];
	size_t depth;
	size_t lost; /* blocks that were too deep */
	struct variable *variables;
	size_t variable_count;
	size_t variable_room;
	struct origin_test refused; /* "!~": all other requests are refused */
	bool said_always;	    /* the note about "always" has been given */
};

/* ---- import_nginx_words.c ---- */

/* Read the words of the next directive.  Returns the byte that ended it (';',
 * '{' or '}'), 0 at the end of the text. */
char nginx_next(struct nginx *);
/* Is the word with this index, of the directive that is being read, this text?
 */
bool nginx_is_word(const struct nginx *, size_t index, const char *text);
/* The innermost block. */
struct block *nginx_block(struct nginx *);
/* Is the directive in a location of files that the server itself sends? */
bool nginx_is_unseen(const struct nginx *);
/* Is the directive in a block that applies only to OPTIONS? */
bool nginx_is_preflight(const struct nginx *);
/* Record that the directive's lines can be deleted. */
void nginx_replaced(struct nginx *);

/* ---- import_nginx_header.c ---- */

/* Is the word $http_origin? */
bool nginx_is_origin(struct slice word);
/* NAME of "$NAME" and "${NAME}"; absent: the word does not begin with a
 * variable. */
struct slice nginx_variable_name(struct slice word);
/* Has a line set this variable? */
bool nginx_is_known(const struct nginx *, struct slice name);

/* Each reads the directive in words[]; nginx_map_line a line of a "map". */
void nginx_set(struct nginx *);
void nginx_map_line(struct nginx *);
void nginx_add_header(struct nginx *);
void nginx_more_headers(struct nginx *);
void nginx_hide(struct nginx *);

#endif
