/*
 * Finds out whether a program can run warm, and makes the command line that
 * starts its interpreter so.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_INTERPRETER_H
#define RUN_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

enum {
	INTERPRETER_WORDS = 64,	 /* the most words of a command line */
	INTERPRETER_CONTROL = 63 /* the descriptor of its control socket */
};

struct interpreter {
	const char *script;  /* absolute path; for php-cgi that of program */
	const char *program; /* absolute path of the interpreter */
	char **argv;	     /* [0] is program; NULL-terminated */
	/* For php-cgi: how many words of argv start a server.  All of argv
	 * starts report.php, which reports the files of such a server.  0: it
	 * is not php-cgi. */
	size_t server;
	char *memory; /* private: owns all of the above */
};

/* Is it php-cgi, of which one server runs many scripts?  argv: as for
 * interpreter_find. */
bool interpreter_is_server(char *const *argv);

/*
 * Does an interpreter read the variable ("NAME=value") before the script's
 * first statement?  Then it must be started with the value that requests have.
 */
bool interpreter_reads(const char *variable);

/* Is it a variable of the web server that has the same value in all requests
 * for a script?  Then the script may see it while it is compiled. */
bool interpreter_may_see(const char *variable);

/*
 * argv: the command that starts the program cold, with absolute paths: a script
 * with its arguments, or an interpreter with its switches, a script and its
 * arguments.  For php-cgi the script may be missing.  env: the variables of the
 * process; if the first line names env(1), the interpreter is searched for in
 * their PATH.  load: modules to load in advance, NULL-terminated.
 *
 * NULL: *out is filled; free it with interpreter_free.  Otherwise the reason
 * why the program cannot run warm, a constant text.
 */
const char *interpreter_find(char *const *argv, char *const *env,
			     const char *const *load, struct interpreter *out);
void interpreter_free(struct interpreter *);

#endif
