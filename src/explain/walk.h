/*
 * An explanation, passed to a printer step by step.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WALK_H
#define WALK_H

#include "explain/explanation.h"

/*
 * The functions that print the steps.  ctx is the caller's own.  Texts are
 * printable; header fields may not be, and go through explain_quote.
 */
struct walk_output {
	bool verdict_first; /* above the steps; else below them */
	/* The call in the script of "A page of ORIGIN": several lines, each
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
	/* The text before and after e->readable. */
	void (*readable)(void *ctx, const char *before, const char *behind);
	void (*finding)(void *ctx, const struct finding *);
	/* The verdict, and e's reason, message and fix. */
	void (*verdict)(void *ctx, const char *word);
};

/* Call the functions for all steps.  If memory is out, e->out_of_memory is
 * set. */
void explain_walk(struct explanation *, const struct walk_output *, void *ctx);

/* "Allowed", "Blocked", "Unknown". */
const char *explain_verdict_word(const struct explanation *);

#endif
