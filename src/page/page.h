/*
 * The analyzer page: corscheck as a CGI program or a FastCGI responder.
 *
 * It is for everybody who can reach it, so it takes everything from a request
 * and gives nothing but words back: it opens no file, resolves no name and
 * sends nothing (DESIGN.md section 4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "explain/explanation.h"
#include "policy/diagnostic.h"

/* What may come (DESIGN.md section 4: 64K of policy); three bytes for each in a
 * form, and what else is in it. */
enum {
	PAGE_POLICY_MAX = 65536,
	PAGE_BODY_MAX = 4 * PAGE_POLICY_MAX,
	PAGE_QUERY_MAX = 65536,
	PAGE_HEADERS_MAX = 100, /* lines of request headers */
	PAGE_CPU_SECONDS = 10	/* of a request */
};

/* The form as it came; a field that did not is absent. */
struct page_form {
	struct slice url;
	struct slice origin;
	struct slice method;
	struct slice headers; /* lines */
	struct slice policy;
	bool credentials;
};

/* What is found out about it. */
struct page_result {
	struct question_faults faults; /* of what was asked */
	struct diag_list *diags;       /* of the policy, or NULL */
	struct settings *settings;     /* NULL: no policy, or a bad one */
	bool policy_is_bad;
	bool explained; /* e is there */
	struct explanation e;
	/* for the visitor's own browser: the same of a page of this origin */
	bool own_explained;
	struct explanation own;
};

/* A request, however it came. */
struct page_request {
	char *const *variables; /* "NAME=value", NULL-terminated */
	/* The next len bytes of the body; how many, fewer at its end. */
	size_t (*read)(void *ctx, char *to, size_t len);
	void *ctx;
	FILE *out; /* for the response, as CGI has it (RFC 3875, 6) */
};

struct page {
	const struct page_request *request;
	FILE *out; /* of the HTML */
	struct arena *arena;
	char nonce[33];	  /* of style and script (CSP) */
	struct slice own; /* the origin of this page; absent: unknown */
	struct page_form form;
	bool foreign;		    /* the form came from another site */
	bool alone;		    /* the one-file page: it sends nothing */
	struct page_result *result; /* NULL: the form alone */
};

/* ---- cgi.c, fastcgi.c ---- */

/* Answer the request that the environment and standard input have; the exit
 * status. */
int page_cgi(void);

/* Answer requests on a listening socket, one after the other, until SIGTERM,
 * SIGINT or SIGUSR1; the exit status. */
int page_fastcgi(int listener);

/* ---- page.c ---- */

/* Write the response. */
void page_respond(const struct page_request *);

/* ---- page_answer.c: from the form to a result; false: no memory ---- */

bool page_explain(struct page *, struct page_result *);
void page_result_free(struct page_result *);

/* ---- the parts of the page ---- */

void page_html(struct page *);	    /* page_html.c: all of it */
void page_form_html(struct page *); /* page_form.c */
void page_walk_html(struct page *); /* page_walk.c */
void page_try_html(struct page *);  /* page_try.c */

/* The id of the field that has such a fault, or of the form. */
const char *page_field_id(enum question_part);

/* May the page's script send this request?  Then there is a button. */
bool page_may_try(const struct page *);

#endif
