/*
 * corscheck init: a first policy, and the lines for the web server.
 *
 * cmd_init.c reads flags and asks for missing values, init_place.c finds the
 * paths of files, init_policy.c makes, checks and writes the policy,
 * init_snippet.c the lines for the server, and init_unit.c those for systemd.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef INIT_H
#define INIT_H

#include <stdio.h>

#include "base/arena.h"

/* The application behind corswrap. */
enum init_app {
	INIT_APP_UNSET,
	INIT_APP_EXEC, /* one program */
	INIT_APP_GIT,  /* git-http-backend, for the repositories of a folder */
	INIT_APP_FORWARD, /* a FastCGI application */
	INIT_APP_ROOT,	  /* the scripts of a folder */
	INIT_APP_PHP	  /* a folder of PHP, with its images and stylesheets */
};
#define INIT_APP_BIT(app) (1U << (app))
/* Everything below --path is the application's. */
#define INIT_APPS_ONE                                                          \
	(INIT_APP_BIT(INIT_APP_EXEC) | INIT_APP_BIT(INIT_APP_GIT) |            \
	 INIT_APP_BIT(INIT_APP_FORWARD))
/* Only scripts are the application's; the server serves the other files. */
#define INIT_APPS_SCRIPTS                                                      \
	(INIT_APP_BIT(INIT_APP_ROOT) | INIT_APP_BIT(INIT_APP_PHP))

struct words {
	const char **at;
	size_t count;
	size_t room;
};

struct init_server {
	const char *name;    /* "nginx" */
	const char *purpose; /* "nginx: a responder on a socket" */
	bool cgi;	     /* corswrap is beside its policy, as NAME.cgi */
	unsigned apps;	     /* INIT_APP_BIT of the applications that it
				supports */
	const char *log;     /* log-file of the policy, with %s for its name;
				NULL: standard error goes to a log */
};

struct init_plan {
	struct arena *arena;
	bool out_of_memory;
	const struct init_server *server; /* NULL: not given */
	struct words origins;
	struct words methods;
	struct words headers;
	bool credentials;
	bool credentials_known; /* set by a flag */
	enum init_app app;
	const char *app_value; /* a command, a folder or an address */
	bool push;	       /* every client that can reach git may push */
	const char *forward;   /* --forward beside --php: php-fpm */
	const char *path;      /* of URLs: "/api"; NULL: the default */
	const char *address;   /* --socket: where the responder listens */
	const char *user;      /* the user of the web server */
	const char *log_file;  /* NULL: the server's default */
	const char *document_root; /* of the server */
	const char *units;	   /* where systemd's units look for policies */

	/* set by init_find_policy, init_find_name, init_find_corswrap */
	const char *policy;   /* absolute */
	const char *folder;   /* of the policy, absolute */
	bool make_folder;     /* the folder does not exist yet */
	const char *name;     /* the policy's file name without .ht and .ini */
	const char *corswrap; /* the path of corswrap */
};

/* ---- init_place.c ---- */

/* "corscheck: init: TEXT MORE" to standard error; returns false. */
bool init_fail(const char *text, const char *more);
/* Has the text only bytes without a special meaning for any server? */
bool init_is_plain(const char *path);
/* Set policy and folder from FILE; then the name; and the path of corswrap,
 * unless --corswrap did.  False: the cause was printed on standard error. */
bool init_find_policy(struct init_plan *, const char *file);
bool init_find_name(struct init_plan *);
bool init_find_corswrap(struct init_plan *, const char *argv0);

/* ---- init_policy.c ---- */

/* Write the policy, with comments. */
void init_policy_write(const struct init_plan *, FILE *);
/* Make the file, completely or not at all; never replace another one.  False:
 * failed, and the cause was printed on standard error. */
bool init_policy_create(const struct init_plan *);
/* Warn on standard error about files of the plan that are missing or not
 * accessible to the user.  False: memory was out, which was printed. */
bool init_warn_missing(const struct init_plan *);
/*
 * Would the policy accept `key = word`?  what ("--origin") and the diagnostics
 * go to standard error.
 */
bool init_word_is_good(const struct init_plan *, const char *key,
		       const char *word, const char *what);
/* Is the whole policy without errors?  They are printed on standard error. */
bool init_policy_is_good(const struct init_plan *);

/* ---- init_unit.c ---- */

/* Does the service, or the socket, of systemd need a drop-in? */
bool init_unit_service(const struct init_plan *);
bool init_unit_socket(const struct init_plan *);
/* Write the lines of the service's drop-in, except that of the command, each
 * between the two texts. */
void init_unit_write(const struct init_plan *, const char *before,
		     const char *after, FILE *);

/* ---- init_snippet.c ---- */

/* All servers; after the last is one without name. */
extern const struct init_server init_servers[];
/* The server of that name; NULL: unknown. */
const struct init_server *init_server_find(const char *name);
/* The default folder of scripts. */
const char *init_default_root(const struct init_plan *);
/* The default of --path. */
const char *init_default_path(const struct init_plan *);
/* The default of --socket; NULL: a file with the policy's name in
 * /run/corswrap. */
const char *init_default_address(const struct init_plan *);
/* The default of --document-root; NULL: no memory. */
const char *init_default_document_root(const struct init_plan *);
/* Write the lines for the server, with the values of the plan. */
void init_snippet_write(const struct init_plan *, FILE *);

#endif
