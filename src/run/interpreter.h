/*
 * Whether a program can run warm, and how its interpreter is started then.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_INTERPRETER_H
#define RUN_INTERPRETER_H

#include <stdbool.h>

enum {
	INTERPRETER_WORDS = 64,	 /* of the program */
	INTERPRETER_CONTROL = 63 /* the descriptor of its control socket */
};

struct interpreter {
	const char *script;  /* absolute */
	const char *program; /* the interpreter, absolute */
	char **argv;	     /* [0] is program; NULL-terminated */
	char *memory;	     /* private: all of the above */
};

/*
 * argv: what is executed when the program starts cold, absolute: a script, or
 * an interpreter with its switches and a script; more words are the script's.
 * search: the PATH that env(1) in a first line would use.  folder: where the
 * interpreters' side of it is installed.  load: modules to be loaded
 * beforehand; NULL: none.
 *
 * NULL: *out is filled (interpreter_free).  Else why it cannot run warm, a
 * constant text.
 */
const char *interpreter_find(char *const *argv, const char *search,
			     const char *folder, const char *const *load,
			     struct interpreter *out);
void interpreter_free(struct interpreter *);

#endif
