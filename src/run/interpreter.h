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
 * Does an interpreter read the variable ("NAME=value") before the script's
 * first statement?  Then it must be started with the value that requests have.
 */
bool interpreter_reads(const char *variable);

/*
 * argv: what is executed when the program starts cold, absolute: a script, or
 * an interpreter with its switches and a script; more words are the script's.
 * env: what it is started with; env(1) in a first line uses its PATH.  load:
 * modules to be loaded beforehand, NULL-terminated.
 *
 * NULL: *out is filled (interpreter_free).  Else why it cannot run warm, a
 * constant text.
 */
const char *interpreter_find(char *const *argv, char *const *env,
			     const char *const *load, struct interpreter *out);
void interpreter_free(struct interpreter *);

#endif
