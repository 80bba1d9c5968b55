/*
 * A request as people can copy it: "Copy as cURL", "Copy as PowerShell", "Copy
 * as fetch", a HAR, a console message, response headers.
 *
 * paste_curl.c, paste_powershell.c, paste_fetch.c, paste_har.c,
 * paste_console.c and paste_response.c read it, paste_any.c detects the kind;
 * paste.c recovers the request of the script, without the headers that the
 * browser added.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PASTE_H
#define PASTE_H

#include "explain/explanation.h"

struct pasted_headers {
	struct slice *at; /* each "Name: value" */
	size_t count;
	size_t room;
};

/* What was read; a member that is absent is not in the text. */
struct pasted {
	struct arena *arena;
	struct slice url;
	struct slice origin;
	struct slice page; /* the URL of the page: Referer, referrer */
	struct slice method;
	struct pasted_headers headers;
	bool body; /* it has a body */
	bool credentials;
	struct slice mode; /* of the request (Fetch, 2.2.5) */
	struct slice destination;
	struct slice redirect;
	struct texts notes; /* how a part was interpreted, and why */
	const char *fault;  /* why it cannot be read; NULL: it was */
	bool no_memory;
	/* of a HAR: the response as a header block; absent: no response */
	struct slice response;
};

/* Add a header as "NAME: VALUE". */
void paste_header(struct pasted *, struct slice name, struct slice value);
/* Add a header that is in this form; line is kept by reference. */
void paste_line(struct pasted *, struct slice line);
/* Add a note, cut after 511 bytes. */
void paste_note(struct pasted *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Set `fault`, the error in the text, unless it is set. */
void paste_fault(struct pasted *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Has it a header of this name? */
bool paste_has(const struct pasted *, struct slice name);

/* Read `text` into a new *out, in memory of the arena and of `text`.  False:
 * out->fault is the error, or memory is out.  Call paste_settle next. */
bool paste_curl(struct arena *, struct slice text, struct pasted *out);
/* Is it a command of PowerShell?  paste_curl reads these, too. */
bool paste_is_powershell(struct slice text);
bool paste_powershell(struct arena *, struct slice text, struct pasted *out);
bool paste_fetch(struct arena *, struct slice text, struct pasted *out);
/* entry: from 1; 0: the one that is probably meant (with CORS and failed, else
 * with CORS, else failed, else the first). */
bool paste_har(struct arena *, struct slice text, size_t entry,
	       struct pasted *out);
/* Read response headers, as curl -i, curl -v and developer tools show them, and
 * the request if they show it.  False: memory is out. */
bool paste_response(struct arena *, struct slice text, struct pasted *out);
/* Read a message of a browser's console, and the parts of the request that it
 * names: URL, origin, method, a header.  False: memory is out. */
bool paste_console(struct arena *, struct slice text, struct pasted *out);

/*
 * Remove what the browser added: its own headers, Origin and Referer, cookies.
 * A preflight becomes the request that it announces.
 */
void paste_settle(struct pasted *);

/* Add what was read to the text of a question; parts that are already set there
 * are kept.  False: memory is out. */
bool paste_question(const struct pasted *, struct question_text *);

/* ---- paste_any.c: text of an unknown kind ---- */

enum pasted_kind {
	PASTED_UNKNOWN,
	PASTED_CURL,
	PASTED_FETCH,
	PASTED_HAR,
	PASTED_CONSOLE,
	PASTED_RESPONSE,
	PASTED_APACHE,
	PASTED_NGINX,
	PASTED_OTHER, /* another configuration, or a program */
	PASTED_POLICY,
	PASTED_URL
};

/* The kind of the text, found out by features that only that kind has. */
enum pasted_kind paste_guess(struct arena *, struct slice text);
/* "a cURL command", with its article. */
const char *pasted_kind_name(enum pasted_kind);
/*
 * Read the text as that kind, and settle it.  A configuration or a policy is
 * not read here.  False: out->fault is the error, or memory is out.
 */
bool paste_any(struct arena *, struct slice text, enum pasted_kind,
	       struct pasted *out);

#endif
