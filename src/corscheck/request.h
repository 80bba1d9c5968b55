/*
 * The arguments of explain, probe and read.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORSCHECK_REQUEST_H
#define CORSCHECK_REQUEST_H

#include "corscheck/command.h"
#include "corscheck/input.h"
#include "explain/explanation.h"

/* A copied request: --curl, --fetch, --har or --console. */
struct request_paste {
	int form;
	const char *text; /* the option's value or the argument; NULL: not
			     given */
	size_t entry;	  /* of a HAR, from 1; 0: not given */
	bool bare;	  /* it was given without an option */
};

enum request_url {
	REQUEST_URL_OPTION,   /* explain: --url URL, and -p POLICY */
	REQUEST_URL_ARGUMENT, /* probe: URL is the one argument */
	REQUEST_URL_FILE      /* read: --url URL, and a file as argument */
};

struct request_arguments {
	struct input input; /* its arena has the memory of all members */
	enum request_url kind;
	struct question question;
	const char *policy; /* -p; NULL: not given */
	bool json;
	bool all; /* --browser all */
	struct request_paste paste;
	struct slice response; /* the response in a HAR, or absent */
	bool no_response;      /* a HAR without a response */
};

enum { REQUEST_GO_ON = -1 };

/*
 * Read argv.  REQUEST_GO_ON: *out is the question, and optind is at the file,
 * if one may follow; else the exit status, and all errors have been printed on
 * standard error.  Call request_free_arguments in both cases.
 */
int request_read_arguments(struct request_arguments *out,
			   const struct command *, enum request_url, int argc,
			   char **argv);
void request_free_arguments(struct request_arguments *);

#endif
