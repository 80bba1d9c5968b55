/*
 * corscheck init: a first policy, and what the web server is to be told.
 *
 * cmd_init.c reads flags, asks for the rest and writes the file, init_policy.c
 * makes and checks the policy's text, and init_snippet.c the server's.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef INIT_H
#define INIT_H

#include <stdio.h>

#include "base/arena.h"

/* What answers behind corswrap; the key of [app] that says so. */
enum init_app {
	INIT_APP_UNSET,
	INIT_APP_EXEC,	 /* one program */
	INIT_APP_ROOT,	 /* the scripts of a folder */
	INIT_APP_FORWARD /* a FastCGI application */
};

struct words {
	const char **at;
	size_t count;
	size_t room;
};

struct init_server {
	const char *name;    /* "nginx" */
	const char *purpose; /* "nginx; corswrap runs by itself" */
	bool cgi;	     /* corswrap lies beside its policy, as NAME.cgi */
	const char *one;     /* snippet for one program */
	const char *scripts; /* for the scripts of a folder */
	const char *scripts_path; /* --path, if none is given, of scripts */
};

struct init_plan {
	struct arena *arena;
	bool out_of_memory;
	const struct init_server *server; /* NULL: none named */
	struct words origins;
	struct words methods;
	struct words headers;
	bool credentials;
	bool credentials_known; /* said by a flag */
	enum init_app app;
	const char *app_value; /* as the policy has it */
	const char *path;      /* of URLs: "/api"; NULL: the default */

	/* found out, for the snippet */
	const char *policy;   /* absolute */
	const char *folder;   /* it lies in */
	const char *name;     /* its own, without .ht and .ini */
	const char *corswrap; /* the program */
};

/* ---- init_policy.c ---- */

/* The policy, commented. */
void init_policy_write(const struct init_plan *, FILE *);
/*
 * Would the policy take `key = word`?  what ("--origin") and the diagnostics go
 * to standard error.
 */
bool init_word_is_good(const struct init_plan *, const char *key,
		       const char *word, const char *what);
/* Is the policy as a whole without errors?  They go to standard error. */
bool init_policy_is_good(const struct init_plan *);

/* ---- init_snippet.c ---- */

/* Ended by one without a name. */
extern const struct init_server init_servers[];
/* NULL: there is none of that name. */
const struct init_server *init_server_find(const char *name);
/* Where scripts lie unless one says otherwise. */
const char *init_default_root(const struct init_plan *);
/* What the server is to be told; places filled in. */
void init_snippet_write(const struct init_plan *, FILE *);

#endif
