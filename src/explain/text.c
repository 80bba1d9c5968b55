/*
 * An explanation for people: the walk through the exchange, in the order in
 * which things happen.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

/* Colours of ECMA-48, 8.3.117 (SGR); empty where none are wanted. */
struct paint {
	struct explanation *e;
	FILE *out;
	const char *bold;
	const char *good;
	const char *bad;
	const char *dim;
	const char *end;
};

static void
heading(const struct paint *p, const char *text)
{
	fprintf(p->out, "\n%s%s%s\n", p->bold, text, p->end);
}

static void
print_bytes(const struct paint *p, struct slice bytes)
{
	fputs(explain_quote(p->e, bytes), p->out);
}

/* ---- requests and answers ---- */

static void
print_fields(const struct paint *p, char mark,
	     const struct fetch_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		fprintf(p->out, "    %s%c%s ", p->dim, mark, p->end);
		print_bytes(p, fields->at[i].name);
		fputs(": ", p->out);
		print_bytes(p, fields->at[i].value);
		fputc('\n', p->out);
	}
}

static void
print_request(const struct paint *p, struct slice method,
	      const struct fetch_fields *fields)
{
	const struct url *url = &p->e->question.url;

	fprintf(p->out, "    %s>%s ", p->dim, p->end);
	print_bytes(p, method);
	fputc(' ', p->out);
	print_bytes(p, url->target);
	fprintf(p->out, "\n    %s>%s Host: ", p->dim, p->end);
	print_bytes(p, url->authority);
	fputc('\n', p->out);
	print_fields(p, '>', fields);
}

static void
print_answer(const struct paint *p, const struct answer *answer)
{
	heading(p, explain_say_by(p->e, answer));
	if (answer->status != 0)
		fprintf(p->out, "    %s<%s %s%d\n", p->dim, p->end,
			answer->http2 ? "HTTP/2 " : "", answer->status);
	print_fields(p, '<', &answer->fields);
}

static void
print_checks(const struct paint *p, const struct checks *checks)
{
	if (checks->count > 0)
		fputc('\n', p->out);
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->at[i];
		fprintf(p->out, "    %s%s%s %s\n",
			check->passes ? p->good : p->bad,
			check->passes ? "pass" : "FAIL", p->end, check->text);
	}
}

/* ---- the steps ---- */

static void
print_why(const struct paint *p)
{
	const struct explanation *e = p->e;

	heading(p, explain_say_way(e));
	for (size_t i = 0; i < e->why.count; i++)
		fprintf(p->out, "    - %s\n", e->why.at[i]);
	if (e->plan.preflight)
		fputc('\n', p->out);
}

static void
print_preflight(const struct paint *p)
{
	const struct explanation *e = p->e;

	print_request(p, SLICE("OPTIONS"), &e->preflight_request);
	if (!e->preflight.known)
		return;
	print_answer(p, &e->preflight);
	print_checks(p, &e->preflight_checks);
	if (e->kept != NULL)
		fprintf(p->out, "\n    %s\n", e->kept);
}

static void
print_exchange(const struct paint *p)
{
	const struct explanation *e = p->e;

	heading(p, explain_say_request(e));
	if (!e->sent)
		return;
	print_request(p, e->plan.method, &e->request);
	if (e->steps.count > 0)
		heading(p, "The server redirects it:");
	for (size_t i = 0; i < e->steps.count; i++)
		fprintf(p->out, "    - %s\n", e->steps.at[i]);
	if (!e->answer.known)
		return;
	print_answer(p, &e->answer);
	print_checks(p, &e->request_checks);
}

static void
print_readable(const struct paint *p)
{
	struct explanation *e = p->e;

	if (!e->has_readable)
		return;
	fprintf(p->out, "\n%s", explain_say_readable());
	for (size_t i = 0; i < e->readable_count; i++) {
		fputs(i > 0 ? ", " : " ", p->out);
		print_bytes(p, e->readable[i]);
	}
	fprintf(p->out, "%s\n", explain_say_readable_end(e));
}

static void
print_findings(const struct paint *p)
{
	const struct explanation *e = p->e;

	for (size_t i = 0; i < e->finding_count; i++) {
		const struct finding *f = &e->findings[i];
		fprintf(p->out, "\n%s%s%s %s [%s]\n",
			f->serious ? p->bad : p->bold,
			f->serious ? "Mistake:" : "Advice:", p->end, f->message,
			f->id);
		if (f->fix != NULL)
			fprintf(p->out, "    %s\n", f->fix);
	}
}

static void
print_verdict(const struct paint *p)
{
	const struct explanation *e = p->e;
	const char *const paints[] = {
	    [VERDICT_UNKNOWN] = p->bold,
	    [VERDICT_ALLOWED] = p->good,
	    [VERDICT_BLOCKED] = p->bad,
	};

	fprintf(p->out, "\n%s%s.%s", paints[e->verdict], explain_say_verdict(e),
		p->end);
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
	struct paint paint = {e, out, "", "", "", "", ""};

	if (colour) {
		paint.bold = "\033[1m";
		paint.good = "\033[32m";
		paint.bad = "\033[1;31m";
		paint.dim = "\033[2m";
		paint.end = "\033[0m";
	}
	fprintf(out, "%s%s calls:%s\n%s\n", paint.bold, explain_say_page(e),
		paint.end, explain_say_call(e));
	if (!explain_is_refused(e)) {
		print_why(&paint);
		if (e->plan.preflight)
			print_preflight(&paint);
	}
	print_exchange(&paint);
	print_readable(&paint);
	print_findings(&paint);
	print_verdict(&paint);
}
