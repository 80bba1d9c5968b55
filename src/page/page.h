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

/* The limit of a form (DESIGN.md section 4: 64K of policy): three bytes for
 * each byte of the policy, and the other fields. */
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
	struct slice paste; /* what the visitor has, of any kind */
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
	/* of what was pasted; PASTED_UNKNOWN: nothing, or paste_fault */
	enum pasted_kind kind;
	bool fresh;		 /* it is not the one of the form before */
	struct pasted pasted;	 /* what was read of it */
	const char *paste_fault; /* or NULL */
	const struct message *message; /* of a console, or NULL */
	struct slice imported; /* a policy from a configuration, or absent */
	struct diag_list *import_notes; /* NULL: not a configuration */
	const char *server_fix;		/* the lines for that server, or NULL */
	const char *server_fix_origin;	/* of which page; printable */

	struct page_assumed assumed;
	struct question_faults faults; /* of the request */
	struct diag_list *diags;       /* of the policy, or NULL */
	struct settings *settings;     /* NULL: no policy, or an invalid one */
	bool policy_is_bad;
	bool explained;	  /* e is there */
	bool by_response; /* by a response that was pasted */
	struct explanation e;
	/* for the user's own browser: the same for a page of this origin */
	bool own_explained;
	struct explanation own;
	struct page_edit fix;	     /* with which the request is allowed */
	struct page_edit correction; /* of the certain errors of the policy */
};

/* A request, from CGI or FastCGI. */
struct page_request {
	char *const *variables; /* "NAME=value", NULL-terminated */
	/* The next len bytes of the body; how many, fewer at its end. */
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

/* Write the response. */
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

/* Read the fields from a body or a query. */
enum page_fault page_read(struct page *, struct slice bytes);

/* The request from the form: its fields, updated from the pasted text.
 * False: out of memory. */
bool page_take_paste(struct page *, struct page_result *);

/* One that becomes a policy (corscheck import)? */
bool page_is_configuration(enum pasted_kind);

/* Make the result; page->form is then ready to be shown.  False: out of
 * memory. */
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

/* A form with one button that sends the fields unchanged, except the
 * policy.
 */
void page_button_html(struct page *, const char *label, struct slice policy);

/* A text of fixes in which `...` is code; lines to copy become a block. */
void page_fix_html(FILE *, const char *text);

/* Received bytes, escaped as on the terminal. */
void page_bytes_html(struct page *, struct slice bytes);

/* The id of the field that has such a fault, or of the form. */
const char *page_field_id(enum question_part);

/* May the page's script send this request?  Then there is a button. */
bool page_may_try(const struct page *);

#endif
