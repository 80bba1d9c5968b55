/*
 * An explanation for people at a terminal.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/walk.h"

/* Colours of ECMA-48, 8.3.117 (SGR); empty where none are wanted. */
struct paint {
	struct explanation *e;
	FILE *out;
	const char *bold;
	const char *good;
	const char *bad;
	const char *dim;
	const char *end;
	bool after_list;
};

static void
print_question(void *ctx, const char *page, const char *call)
{
	struct paint *p = ctx;

	fprintf(p->out, "%s%s calls:%s\n%s\n", p->bold, page, p->end, call);
}

static void
print_heading(void *ctx, const char *text)
{
	struct paint *p = ctx;

	fprintf(p->out, "\n%s%s%s\n", p->bold, text, p->end);
	p->after_list = false;
}

static void
print_list(void *ctx, const struct texts *texts)
{
	struct paint *p = ctx;

	for (size_t i = 0; i < texts->count; i++)
		fprintf(p->out, "    - %s\n", texts->at[i]);
	p->after_list = true;
}

static void
print_head(void *ctx, char direction, const char *first,
	   const struct fetch_fields *fields)
{
	struct paint *p = ctx;

	if (p->after_list)
		fputc('\n', p->out);
	if (first != NULL)
		fprintf(p->out, "    %s%c%s %s\n", p->dim, direction, p->end,
			first);
	for (size_t i = 0; i < fields->count; i++)
		fprintf(p->out, "    %s%c%s %s: %s\n", p->dim, direction,
			p->end, explain_quote(p->e, fields->at[i].name),
			explain_quote(p->e, fields->at[i].value));
}

static void
print_checks(void *ctx, const struct checks *checks)
{
	struct paint *p = ctx;

	if (checks->count > 0)
		fputc('\n', p->out);
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->at[i];
		fprintf(p->out, "    %s%s%s %s\n",
			check->passes ? p->good : p->bad,
			check->passes ? "pass" : "FAIL", p->end, check->text);
	}
}

static void
print_note(void *ctx, const char *text)
{
	struct paint *p = ctx;

	fprintf(p->out, "\n    %s\n", text);
}

static void
print_readable(void *ctx, const char *before, const char *behind)
{
	struct paint *p = ctx;

	fprintf(p->out, "\n%s", before);
	for (size_t i = 0; i < p->e->readable_count; i++)
		fprintf(p->out, "%s%s", i > 0 ? ", " : " ",
			explain_quote(p->e, p->e->readable[i]));
	fprintf(p->out, "%s\n", behind);
}

static void
print_finding(void *ctx, const struct finding *f)
{
	struct paint *p = ctx;

	fprintf(p->out, "\n%s%s%s %s [%s]\n", f->serious ? p->bad : p->bold,
		f->serious ? "Mistake:" : "Advice:", p->end, f->message, f->id);
	if (f->fix != NULL)
		fprintf(p->out, "    %s\n", f->fix);
}

static void
print_verdict(void *ctx, const char *word)
{
	struct paint *p = ctx;
	const struct explanation *e = p->e;
	const char *const paints[] = {
	    [VERDICT_UNKNOWN] = p->bold,
	    [VERDICT_ALLOWED] = p->good,
	    [VERDICT_BLOCKED] = p->bad,
	};

	fprintf(p->out, "\n%s%s.%s", paints[e->verdict], word, p->end);
	if (e->reason != NULL)
		fprintf(p->out, " [%s]", e->reason);
	fputc('\n', p->out);
	if (e->message != NULL)
		fprintf(p->out, "%s\n", e->message);
	if (e->fix != NULL)
		fprintf(p->out, "\n%sFix:%s %s\n", p->bold, p->end, e->fix);
}

void
explain_text(struct explanation *e, FILE *out, bool colour)
{
	static const struct walk_output output = {
	    .question = print_question,
	    .heading = print_heading,
	    .responder = print_heading,
	    .list = print_list,
	    .head = print_head,
	    .checks = print_checks,
	    .note = print_note,
	    .readable = print_readable,
	    .finding = print_finding,
	    .verdict = print_verdict,
	};
	struct paint paint = {e, out, "", "", "", "", "", false};

	if (colour) {
		paint.bold = "\033[1m";
		paint.good = "\033[32m";
		paint.bad = "\033[1;31m";
		paint.dim = "\033[2m";
		paint.end = "\033[0m";
	}
	explain_walk(e, &output, &paint);
}
