/*
 * An explanation for people at a terminal.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/walk.h"

/* Colours of ECMA-48, 8.3.117 (SGR); empty without colours. */
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

/* Skip the directives that begin here, each between backquotes and with a blank
 * before the next; *count is their number. */
static const char *
skip_directives(const char *text, size_t *count)
{
	const char *end;

	*count = 0;
	while (text[0] == '`' && (end = strchr(text + 1, '`')) != NULL) {
		++*count;
		text = end + 1;
		if (text[0] != ' ' || text[1] != '`')
			break;
		text++;
	}
	return text;
}

/* If there are several directives, each is on a line of its own, for
 * copying. */
static void
print_fix(FILE *out, const char *fix)
{
	while (*fix != '\0') {
		size_t len = strcspn(fix, "`"), count;
		const char *at = fix + len;
		const char *end = skip_directives(at, &count);

		if (count < 2) {
			if (count == 0 && *end != '\0')
				end++; /* a backquote alone */
			fwrite(fix, 1, (size_t)(end - fix), out);
			fix = end;
			continue;
		}
		while (len > 0 && fix[len - 1] == ' ')
			len--;
		fwrite(fix, 1, len, out);
		while (count-- > 0) {
			len = strcspn(at + 1, "`");
			fprintf(out, "\n        %.*s", (int)len, at + 1);
			at += len + 3;
		}
		fix = end + strspn(end, ",; ");
		if (*fix != '\0')
			fputs("\n    ", out);
	}
	fputc('\n', out);
}

static void
print_finding(void *ctx, const struct finding *f)
{
	struct paint *p = ctx;

	fprintf(p->out, "\n%s%s%s %s [%s]\n", f->serious ? p->bad : p->bold,
		f->serious ? "Mistake:" : "Advice:", p->end, f->message, f->id);
	if (f->fix != NULL) {
		fputs("    ", p->out);
		print_fix(p->out, f->fix);
	}
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
	if (e->fix != NULL) {
		fprintf(p->out, "\n%sFix:%s ", p->bold, p->end);
		print_fix(p->out, e->fix);
	}
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

/* ---- all browsers ---- */

static bool
same_text(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool
same_fields(const struct fetch_fields *a, const struct fetch_fields *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_eq(a->at[i].name, b->at[i].name) ||
		    !slice_eq(a->at[i].value, b->at[i].value))
			return false;
	return true;
}

static bool
same_readable(const struct explanation *a, const struct explanation *b)
{
	if (a->readable_count != b->readable_count)
		return false;
	for (size_t i = 0; i < a->readable_count; i++)
		if (!slice_eq(a->readable[i], b->readable[i]))
			return false;
	return true;
}

/* Compare the requests and the verdict; console messages always differ. */
static bool
agree(const struct explanation *a, const struct explanation *b)
{
	return a->verdict == b->verdict && same_text(a->reason, b->reason) &&
	       a->sent == b->sent && a->plan.preflight == b->plan.preflight &&
	       same_fields(&a->preflight_request, &b->preflight_request) &&
	       same_fields(&a->request, &b->request) && same_readable(a, b);
}

static const char *
verdict_of(const struct explanation *e)
{
	return e->verdict == VERDICT_ALLOWED   ? "allowed"
	       : e->verdict == VERDICT_BLOCKED ? "blocked"
					       : "unknown";
}

static void
print_row(const struct explanation *e, FILE *out)
{
	fprintf(out, "    %-9s %s%s%s%s%s\n",
		fetch_engine(e->question.browser)->name, verdict_of(e),
		e->reason == NULL ? "" : " [",
		e->reason == NULL ? "" : e->reason,
		e->reason == NULL ? "" : "]",
		e->plan.preflight ? ", with a preflight" : "");
}

void
explain_text_all(struct explanation all[FETCH_BROWSERS], FILE *out, bool colour)
{
	bool same = agree(&all[FETCH_CHROMIUM], &all[FETCH_FIREFOX]) &&
		    agree(&all[FETCH_CHROMIUM], &all[FETCH_SAFARI]);

	if (same) {
		explain_text(&all[FETCH_CHROMIUM], out, colour);
		fputs("\nChromium, Firefox and Safari agree; the words are "
		      "Chromium's.\n",
		      out);
		return;
	}
	for (int i = 0; i < FETCH_BROWSERS; i++) {
		const struct fetch_engine *engine =
		    fetch_engine((enum fetch_browser)i);
		fprintf(out, "%s== %s ==\n\n", i > 0 ? "\n" : "", engine->name);
		explain_text(&all[i], out, colour);
	}
	fputs("\nThe browsers differ:\n", out);
	for (int i = 0; i < FETCH_BROWSERS; i++)
		print_row(&all[i], out);
}
