/*
 * The analyzer page: corscheck as a CGI program or a FastCGI responder.
 *
 * Every client may use it, so its input comes only from the request, and its
 * output is only text: it opens no file, resolves no name and sends no request
 * (DESIGN.md section 4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "explain/edit.h"
#include "explain/explanation.h"
#include "explain/messages.h"
#include "explain/paste.h"
#include "policy/diagnostic.h"

/* Limits of a form (DESIGN.md section 4).  A byte of a field can take three in
 * the body, where it is percent-encoded. */
enum {
	PAGE_POLICY_MAX = 65536,
	PAGE_PASTE_MAX = 1 << 20, /* a HAR without its bodies */
	PAGE_BODY_MAX = 4 << 20,
	PAGE_QUERY_MAX = 65536,
	PAGE_HEADERS_MAX = 100, /* lines of request headers */
	PAGE_CPU_SECONDS = 10,	/* of a request */
	PAGE_CHANGES_MAX = 16	/* lines that a fix changes */
};

/* The requested part of the page. */
enum page_part {
	PAGE_ANSWER,
	PAGE_FORM, /* the form without a result, as for GET */
	PAGE_REFERENCE,
	PAGE_LINT /* only the policy's errors, for the script */
};

/* The form as received; a missing field is absent. */
struct page_form {
	struct slice paste; /* a text of any kind */
	struct slice read;  /* the mark of the paste that was read last */
	struct slice url;
	struct slice origin;
	struct slice method;
	struct slice headers; /* lines */
	struct slice as;      /* "fetch", "image", ... */
	struct slice browser;
	struct slice policy;
	bool credentials;
	bool no_cors;
	enum page_part part;
};

/* A text that replaces the policy, and its changes. */
struct page_edit {
	struct slice text; /* absent: there is none */
	struct line_change changes[PAGE_CHANGES_MAX];
	size_t count;
};

/* A part of the form that was missing, and therefore assumed. */
struct page_assumed {
	bool url;
	bool origin;
	bool method;
};

/* The result for the form. */
struct page_result {
	/* of the paste; PASTED_UNKNOWN: there is none, or paste_fault */
	enum pasted_kind kind;
	bool fresh;		 /* the paste differs from that of the form
				    before */
	struct pasted pasted;	 /* what was read of it */
	const char *paste_fault; /* or NULL */
	const struct message *message; /* of a console, or NULL */
	struct slice imported; /* a policy from a configuration, or absent */
	struct diag_list *import_notes; /* NULL: not a configuration */
	const char *server_fix;		/* the lines for that server, or NULL */
	const char *server_fix_origin;	/* the origin of the page that they are
					   for; printable */

	struct page_assumed assumed;
	struct question_faults faults; /* of the request */
	struct diag_list *diags;       /* of the policy, or NULL */
	struct settings *settings;     /* NULL: no policy, or an invalid one */
	bool policy_is_bad;
	bool explained;	  /* e is set */
	bool by_response; /* by a response that was pasted */
	struct explanation e;
	/* the same for the "Try it" button: a page of this origin */
	bool own_explained;
	struct explanation own;
	struct page_edit fix;	     /* the request is then allowed */
	struct page_edit correction; /* of the policy's errors with a certain
					fix */
};

/* A request, from CGI or FastCGI. */
struct page_request {
	char *const *variables; /* "NAME=value", NULL-terminated */
	/* Read the next len bytes of the body.  Returns how many; fewer at its
	 * end. */
	size_t (*read)(void *ctx, char *to, size_t len);
	void *ctx;
	FILE *out; /* for the response, in the form of CGI (RFC 3875, 6) */
};

struct page {
	const struct page_request *request; /* NULL: there is no server */
	FILE *out;			    /* of the HTML */
	struct arena *arena;
	char nonce[33];	  /* of style and script (CSP) */
	struct slice own; /* the origin of this page; absent: unknown */
	struct page_form form;
	bool foreign;		    /* the form came from another site */
	bool alone;		    /* the one-file page: it sends nothing */
	struct page_result *result; /* NULL: only the form */
};

/* ---- cgi.c, fastcgi.c ---- */

/* Handle the request in the environment and on standard input; returns the
 * exit status. */
int page_cgi(void);

/* Handle requests on a listening socket, one after the other, until
 * SIGTERM, SIGINT or SIGUSR1; returns the exit status. */
int page_fastcgi(int listener);

/* ---- page.c ---- */

/* Write the response to a request, with its headers. */
void page_respond(const struct page_request *);

/*
 * ---- page_read.c, page_answer.c: bytes of a form to a result ----
 *
 * Pure: no file, no socket, no clock.  page_read, page_explain, then
 * page_html, called by page.c or by the one-file page.
 */

enum page_fault {
	PAGE_GOOD,
	PAGE_NO_FORM,	  /* more fields than the form has */
	PAGE_LONG_POLICY, /* more than PAGE_POLICY_MAX */
	PAGE_LONG_PASTE,
	PAGE_NO_MEMORY
};

/* Read page->form from a body or a query. */
enum page_fault page_read(struct page *, struct slice bytes);

/* Update the fields of the form from the pasted text, and set the members of
 * the result about it.  False: out of memory. */
bool page_take_paste(struct page *, struct page_result *);

/* Does import make a policy of this kind of text? */
bool page_is_configuration(enum pasted_kind);

/* Make the result, and update page->form.  False: out of memory.  Call
 * page_result_free in both cases. */
bool page_explain(struct page *, struct page_result *);
void page_result_free(struct page_result *);

/* ---- the parts of the page ---- */

void page_html(struct page *); /* page_html.c: all of it */
/* page_lint.c: <div id="lint"> in it: the errors of the policy, and the
 * kind of the pasted text */
void page_lint_html(struct page *);
void page_answer_html(struct page *);	 /* page_verdict.c */
void page_form_html(struct page *);	 /* page_form.c */
void page_examples_html(struct page *);	 /* page_examples.c */
void page_walk_html(struct page *);	 /* page_walk.c */
void page_try_html(struct page *);	 /* page_try.c */
void page_reference_html(struct page *); /* page_reference.c */

/* Write a form with one button that sends the fields unchanged, except the
 * policy. */
void page_button_html(struct page *, const char *label, struct slice policy);

/* Write the text of a fix and the end of its <p>; `...` is code, and lines to
 * copy become a block. */
void page_fix_html(FILE *, const char *text);

/* Write received bytes, escaped as on the terminal. */
void page_bytes_html(struct page *, struct slice bytes);

/* The id of the field that has such a fault, or of the form. */
const char *page_field_id(enum question_part);

/* May the page's script send this request?  Then there is a button. */
bool page_may_try(const struct page *);

#endif
