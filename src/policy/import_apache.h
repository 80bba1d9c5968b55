/*
 * What the readers of Apache's configuration share: where they are in it, and
 * what its variables stand for.
 *
 * import_apache.c reads files and sections, import_apache_words.c words, and
 * import_apache_header.c the directives that set headers and variables.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IMPORT_APACHE_H
#define IMPORT_APACHE_H

#include "policy/import_parts.h"

enum { WORDS_MAX = 64, NESTED_MAX = 32, CONDITIONS_MAX = 16 };

enum variable_kind {
	VARIABLE_ORIGIN, /* set where Origin matches the text */
	VARIABLE_ANY,	 /* whatever Origin there is */
	VARIABLE_VALUE,	 /* the text, always */
	VARIABLE_PATH,	 /* set where the path matches the text */
	VARIABLE_OTHER	 /* set by something that no policy asks for */
};

struct variable {
	enum variable_kind kind;
	struct slice name;
	struct slice text;
};

/* An open section: "<Files ...>". */
struct block {
	unsigned line;
	struct import_scope *scope;
	bool unseen;	/* of files that the server sends itself */
	bool preflight; /* holds for OPTIONS alone */
	bool methods;	/* holds for some methods */
	bool options;	/* and OPTIONS is one of them */
	bool folder;	/* of a folder or of files, which no policy knows */
	bool file;	/* of one file */
	bool server;	/* <VirtualHost> */
	bool gone;	/* something in it was replaced */
	bool kept;	/* something in it was not */
	const struct import_condition *on; /* NULL, or the Origin has to pass */
};

struct apache {
	struct import *import;
	struct import_source *source;
	struct import_place place;
	unsigned last_line; /* of the directive */
	struct slice words[WORDS_MAX];
	size_t count;
	struct block blocks[NESTED_MAX];
	size_t depth; /* blocks[depth] is the innermost; [0] is the file */
	struct variable *variables;
	size_t variable_count;
	size_t variable_room;
	struct variable *definitions; /* Define NAME TEXT */
	size_t definition_count;
	size_t definition_room;
	struct slice rest; /* what is not read yet */
	/* of the RewriteCond lines above */
	struct slice conditions[CONDITIONS_MAX]; /* on Origin */
	size_t condition_count;
	struct slice refused; /* on Origin, with "!"; absent: none */
	bool options;	      /* on the method OPTIONS */
	bool other_condition;
	unsigned condition_line;
	/* a password is asked for, and not for OPTIONS alone */
	unsigned guard_line;
	bool options_exempt; /* Require method OPTIONS */
	bool set_here;	     /* this file sets a CORS header */
	unsigned folder;     /* line of the <Directory> that sets them */
	/* the last Access-Control-Allow-Origin without a condition */
	const struct import_scope *origin_scope;
	unsigned origin_line;
	bool origin_always;
};

/* ---- import_apache_words.c ---- */

/* Split the line into the words of a directive: "a b" and 'a b' are one, and
 * what Define said is put in. */
void apache_split(struct apache *, struct slice line);
/* Is the word with this index, of the directive that is being read, this text?
 * Case does not matter. */
bool apache_is_word(const struct apache *, size_t index, const char *text);
/* The innermost section. */
struct block *apache_block(struct apache *);
/* Is this in a section of files that the server sends itself? */
bool apache_is_unseen(const struct apache *);
/* Or in one that holds for preflights alone? */
bool apache_is_preflight(const struct apache *);
/* The lines from `first` to the directive's last are not needed any longer. */
void apache_replaced(struct apache *, unsigned first);
/* The same, and that corswrap answers preflights is said. */
void apache_preflight(struct apache *, unsigned first);
/* The words of `path` for an expression on paths; what is no beginning of a
 * path is said, and is every path. */
struct slice apache_match_path(struct apache *, struct slice expression);
/* Add to a list of variables.  Memory out is noted in the import. */
void apache_add(struct apache *, struct variable **list, size_t *count,
		size_t *room, struct variable);

/* ---- import_apache_header.c: the directives ---- */

void apache_header(struct apache *);
void apache_setenvif(struct apache *);
void apache_setenv(struct apache *);
void apache_define(struct apache *);
void apache_rewritecond(struct apache *);
void apache_rewriterule(struct apache *);

#endif
