/*
 * Shared by the readers of Apache's configuration: their position in it, and
 * the meaning of its variables.
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
	VARIABLE_ANY,	 /* set for every Origin */
	VARIABLE_VALUE,	 /* the text, always */
	VARIABLE_PATH,	 /* set where the path matches the text */
	VARIABLE_OTHER	 /* set by a condition that policies do not have */
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
	bool unseen;	/* for files that the server itself sends */
	bool preflight; /* applies only to OPTIONS */
	bool methods;	/* applies only to some methods */
	bool options;	/* and OPTIONS is one of them */
	bool folder; /* of a folder or of files, which policies do not have */
	bool file;   /* for one file */
	bool server; /* <VirtualHost> */
	bool gone;   /* the policy replaces one of its lines */
	bool kept;   /* one of its lines must stay */
	const struct import_condition *on; /* its condition on Origin; NULL:
					      none */
};

struct apache {
	struct import *import;
	struct import_source *source;
	struct import_place place; /* of the directive */
	unsigned last_line;	   /* of the directive's last line */
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
	struct slice rest; /* the text that is not read yet */
	/* of the RewriteCond lines above */
	struct slice conditions[CONDITIONS_MAX]; /* on Origin */
	size_t condition_count;
	struct slice refused; /* an expression on Origin with "!": other origins
				 are refused; absent: there is no such line */
	bool options;	      /* one is on the method OPTIONS */
	bool other_condition;
	unsigned condition_line;
	/* the line that requires a password, also for OPTIONS; 0: none */
	unsigned guard_line;
	bool options_exempt; /* Require method OPTIONS */
	bool set_here;	     /* a line sets a CORS header */
	unsigned folder;     /* line of the <Directory> that sets them */
	/* the last Access-Control-Allow-Origin without a condition */
	const struct import_scope *origin_scope;
	unsigned origin_line;
	bool origin_always;
};

/* ---- import_apache_words.c ---- */

/* Split the line into the words of a directive: "a b" and 'a b' are one word,
 * and variables of Define are replaced. */
void apache_split(struct apache *, struct slice line);
/* Is the word with this index, of the directive that is being read, this text?
 * Case does not matter. */
bool apache_is_word(const struct apache *, size_t index, const char *text);
/* The innermost section. */
struct block *apache_block(struct apache *);
/* Is the directive in a section for files that the server itself sends? */
bool apache_is_unseen(const struct apache *);
/* Is the directive in a section that applies only to OPTIONS? */
bool apache_is_preflight(const struct apache *);
/* Record that the lines from `first` to the directive's last line can be
 * deleted. */
void apache_replaced(struct apache *, unsigned first);
/* The same, with a note that corswrap handles preflights. */
void apache_preflight(struct apache *, unsigned first);
/* The value of the key `path` for a regular expression on paths.  Only a plain
 * beginning of a path, such as "^/api/", can be converted; for others the value
 * is empty (every path), and a warning is added. */
struct slice apache_match_path(struct apache *, struct slice expression);
/* Add to a list of variables.  If memory is out, import->no_memory is set. */
void apache_add(struct apache *, struct variable **list, size_t *count,
		size_t *room, struct variable);

/* ---- import_apache_header.c: each reads the directive in words[] ---- */

void apache_header(struct apache *);
void apache_setenvif(struct apache *);
void apache_setenv(struct apache *);
void apache_define(struct apache *);
void apache_rewritecond(struct apache *);
void apache_rewriterule(struct apache *);

#endif
