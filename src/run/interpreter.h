/*
 * Whether a program can run warm, and how its interpreter is then started.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_INTERPRETER_H
#define RUN_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

enum {
	INTERPRETER_WORDS = 64,	 /* of the program */
	INTERPRETER_CONTROL = 63 /* the descriptor of its control socket */
};

struct interpreter {
	const char *script;  /* absolute; of php-cgi: none, the program again */
	const char *program; /* the interpreter, absolute */
	char **argv;	     /* [0] is program; NULL-terminated */
	/* php-cgi: how many of these words start a server; all of them start a
	 * program that reports what that is made of.  0: another one */
	size_t server;
	char *memory; /* private: all of the above */
};

/*
 * Is it php-cgi, which becomes a server for all scripts that it is started for
 * in the same way?  argv as in interpreter_find.
 */
bool interpreter_is_server(char *const *argv);

/*
 * Does an interpreter read the variable ("NAME=value") before the script's
 * first statement?  Then it must be started with the value that requests have.
 */
bool interpreter_reads(const char *variable);

/* Is it the web server's, the same in each of its requests for a script? */
bool interpreter_may_see(const char *variable);

/*
 * argv: what is executed when the program starts cold, absolute: a script, or
 * an interpreter with its switches and a script; more words are the script's.
 * Of php-cgi the script may be missing.  env: what it is started with; env(1)
 * in a first line uses its PATH.  load: modules to preload, NULL-terminated.
 *
 * NULL: *out is filled (interpreter_free).  Else why it cannot run warm, a
 * constant text.
 */
const char *interpreter_find(char *const *argv, char *const *env,
			     const char *const *load, struct interpreter *out);
void interpreter_free(struct interpreter *);

#endif
