/*
 * An explanation, told step by step to whoever prints it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WALK_H
#define WALK_H

#include "explain/explanation.h"

/*
 * How each thing is printed.  ctx is the caller's own.  Texts are printable;
 * what is in header fields is not, and goes through explain_quote.
 */
struct walk_output {
	bool verdict_first; /* above the steps; else below them */
	/* "A page of ORIGIN" calls what is in a script: several lines, each
	 * indented by four blanks or more. */
	void (*question)(void *ctx, const char *page, const char *call);
	void (*heading)(void *ctx, const char *text);
	/* Who responds; `code` in it. */
	void (*responder)(void *ctx, const char *text);
	void (*list)(void *ctx, const struct texts *);
	/* The head of a request ('>') or a response ('<').  first: its first
	 * line, NULL where the status is not known. */
	void (*head)(void *ctx, char direction, const char *first,
		     const struct fetch_fields *);
	void (*checks)(void *ctx, const struct checks *);
	void (*note)(void *ctx, const char *text);
	/* What is in front of e->readable and behind it. */
	void (*readable)(void *ctx, const char *before, const char *behind);
	void (*finding)(void *ctx, const struct finding *);
	/* And e's reason, message and fix. */
	void (*verdict)(void *ctx, const char *word);
};

/* All of it.  Memory out is noted in the explanation. */
void explain_walk(struct explanation *, const struct walk_output *, void *ctx);

/* "Allowed", "Blocked", "Unknown". */
const char *explain_verdict_word(const struct explanation *);

#endif
