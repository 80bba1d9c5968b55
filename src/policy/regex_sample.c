/*
 * Texts that a regular expression matches.
 *
 * The expression is read from left to right.  At each choice (an alternative,
 * a number of repetitions, a byte of a class) a generator seeded with the
 * number of the sample draws one.  The expression is not compiled.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/regex_sample.h"

#include "base/text.h"

enum {
	DEPTH_MAX = 30,	  /* of groups */
	STEPS_MAX = 4000, /* of a sample, plus 4 for each byte */
	FEW = 10,	/* the author chose up to so many members of a class */
	FOREVER = 65536 /* PCRE2 has no greater repetition */
};

/* The members of a class among visible ASCII. */
struct set {
	bool has[128];
	unsigned count;
};

struct walk {
	struct slice rest;
	struct regex_sample *out;
	uint32_t seed;
	unsigned dots;	/* single unescaped ones until now */
	unsigned stray; /* the one of them that is not a dot, from 1 */
	unsigned depth;
	size_t steps, steps_max;
	bool nocase;
	bool silent; /* read without writing: a branch that was not chosen */
	bool failed;
};

/* Something that may be repeated. */
struct repetition {
	unsigned min, max;
};

static void walk_branches(struct walk *);

static uint32_t
draw(struct walk *w, uint32_t below)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return (w->seed >> 16) % below;
}

static void
emit(struct walk *w, char c, bool varied)
{
	struct regex_sample *out = w->out;

	if (w->silent)
		return;
	if (out->len == SAMPLE_MAX) {
		w->failed = true;
		return;
	}
	out->text[out->len] = w->nocase ? ascii_lower(c) : c;
	out->varied[out->len++] = varied;
}

/* ---- sets ---- */

static void
set_add(struct set *set, unsigned char c)
{
	if (c <= ' ' || c >= 0x7f || set->has[c])
		return;
	set->has[c] = true;
	set->count++;
}

static void
set_add_range(struct set *set, unsigned from, unsigned to)
{
	for (; from <= to && from < 0x7f; from++)
		set_add(set, (unsigned char)from);
}

static void
set_invert(struct set *set)
{
	struct set other = {.count = 0};

	for (unsigned c = '!'; c < 0x7f; c++)
		if (!set->has[c])
			set_add(&other, (unsigned char)c);
	*set = other;
}

/* \d, \w, \s and their opposites; false: another letter. */
static bool
set_add_escape(struct set *set, char c)
{
	struct set add = {.count = 0};

	switch (ascii_lower(c)) {
	case 'w':
		set_add_range(&add, 'a', 'z');
		set_add_range(&add, 'A', 'Z');
		set_add(&add, '_');
		__attribute__((fallthrough));
	case 'd':
		set_add_range(&add, '0', '9');
		__attribute__((fallthrough));
	case 's':
	case 'h':
	case 'v':
		break;
	default:
		return false;
	}
	if (c != ascii_lower(c))
		set_invert(&add);
	for (unsigned i = '!'; i < 0x7f; i++)
		if (add.has[i])
			set_add(set, (unsigned char)i);
	return true;
}

/* "[:alpha:]" within a class; false: no byte of hosts is in it. */
static bool
set_add_posix(struct set *set, struct slice name)
{
	if (slice_eq(name, SLICE("alnum")) || slice_eq(name, SLICE("alpha")) ||
	    slice_eq(name, SLICE("lower"))) {
		set_add_range(set, 'a', 'z');
		if (name.ptr[2] == 'n')
			set_add_range(set, '0', '9');
		return true;
	}
	if (slice_eq(name, SLICE("digit")) || slice_eq(name, SLICE("xdigit"))) {
		set_add_range(set, '0', '9');
		if (name.ptr[0] == 'x')
			set_add_range(set, 'a', 'f');
		return true;
	}
	return slice_eq(name, SLICE("word")) && set_add_escape(set, 'w');
}

/* ---- reading ---- */

static char
peek(const struct walk *w)
{
	return w->rest.len > 0 ? w->rest.ptr[0] : '\0';
}

static void
skip(struct walk *w, size_t count)
{
	w->rest =
	    slice_after(w->rest, count < w->rest.len ? count : w->rest.len);
}

static bool
skip_text(struct walk *w, struct slice text)
{
	if (!slice_starts(w->rest, text))
		return false;
	skip(w, text.len);
	return true;
}

/* "[...]", from after the bracket. */
static void
read_class(struct walk *w, struct set *set)
{
	bool inverted = skip_text(w, SLICE("^")), first = true;

	for (; w->rest.len > 0 && (first || peek(w) != ']'); first = false) {
		char c = peek(w);

		if (slice_starts(w->rest, SLICE("[:"))) {
			size_t end = text_find(w->rest, ']');
			struct slice name = slice_after(w->rest, 2);
			if (end > 2)
				name.len = end - 3;
			if (!set_add_posix(set, name))
				w->out->exotic = true;
			skip(w, end + 1);
			continue;
		}
		skip(w, 1);
		if (c == '\\') {
			c = peek(w);
			skip(w, 1);
			if (set_add_escape(set, c))
				continue;
			if (ascii_is_alpha(c) || ascii_is_digit(c))
				w->out->exotic = true;
		}
		if (peek(w) == '-' && w->rest.len > 1 &&
		    w->rest.ptr[1] != ']' && w->rest.ptr[1] != '\\') {
			set_add_range(set, (unsigned char)c,
				      (unsigned char)w->rest.ptr[1]);
			skip(w, 2);
		} else {
			set_add(set, (unsigned char)c);
		}
	}
	skip(w, 1);
	if (inverted)
		set_invert(set);
}

/* "{3}", "{1,}", "{1,5}"; false: it is literal. */
static bool
read_braces(struct walk *w, struct repetition *out)
{
	struct slice text = slice_after(w->rest, 1);
	size_t digits = text_digits(text), more;
	uint64_t number;

	if (digits == 0 ||
	    !text_number(slice_of(text.ptr, digits), FOREVER, &number))
		return false;
	out->min = out->max = (unsigned)number;
	text = slice_after(text, digits);
	if (slice_starts(text, SLICE(","))) {
		text = slice_after(text, 1);
		more = text_digits(text);
		out->max = FOREVER;
		if (more > 0 &&
		    text_number(slice_of(text.ptr, more), FOREVER, &number))
			out->max = (unsigned)number;
		text = slice_after(text, more);
	}
	if (!slice_starts(text, SLICE("}")))
		return false;
	w->rest = slice_after(text, 1);
	return true;
}

static bool
read_repetition(struct walk *w, struct repetition *out)
{
	bool found = true;

	*out = (struct repetition){1, 1};
	switch (peek(w)) {
	case '*':
		*out = (struct repetition){0, FOREVER};
		skip(w, 1);
		break;
	case '+':
		*out = (struct repetition){1, FOREVER};
		skip(w, 1);
		break;
	case '?':
		*out = (struct repetition){0, 1};
		skip(w, 1);
		break;
	case '{':
		found = read_braces(w, out);
		break;
	default:
		found = false;
	}
	if (found && (peek(w) == '?' || peek(w) == '+'))
		skip(w, 1);
	return found;
}

/* ---- writing ---- */

/* One or two more than the minimum. */
static unsigned
draw_count(struct walk *w, const struct repetition *times)
{
	unsigned spare = times->max - times->min;

	return times->min + draw(w, (spare < 2 ? spare : 2) + 1);
}

/* Texts for a wildcard: the name of another person's host, or a part of one. */
static const struct slice fillers[] = {{"stranger", 8},
				       {"7", 1},
				       {"stranger-7", 10},
				       {"7qz", 3},
				       {"stranger.com", 12},
				       {".stranger.com", 13},
				       {"www.stranger", 12},
				       {"stranger.", 9},
				       {"com", 3},
				       {"org", 3},
				       {"dev", 3},
				       {".com", 4},
				       {"co.uk", 5},
				       {"stranger.co.uk", 14},
				       {"8080", 4},
				       {"https://stranger", 16},
				       {"https://", 8},
				       {"https://stranger.", 17},
				       {"https://stranger.com", 20},
				       {"https", 5},
				       {"//stranger.com", 14},
				       {"s://stranger.com", 16},
				       {"://stranger.com", 15},
				       {"", 0}};

enum { FILLERS = sizeof(fillers) / sizeof(fillers[0]) };

static bool
fits(const struct set *set, const struct repetition *times, struct slice text)
{
	if (text.len < times->min || text.len > times->max)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!set->has[(unsigned char)text.ptr[i]])
			return false;
	return true;
}

/* A member of the set, preferably one that hosts often have. */
static char
draw_member(struct walk *w, const struct set *set)
{
	uint32_t nth = draw(w, set->count);

	for (unsigned tries = 0; tries < 4; tries++) {
		char c = "qz7x"[(nth + tries) % 4];
		if (set->has[(unsigned char)c] && set->count > FEW)
			return c;
	}
	for (unsigned c = '!'; c < 0x7f; c++)
		if (set->has[c] && nth-- == 0)
			return (char)c;
	return '\0';
}

/* A set that is repeated. */
static void
write_run(struct walk *w, const struct set *set, const struct repetition *times)
{
	unsigned start = draw(w, FILLERS + 4);
	unsigned count = times->min < 4 ? 4 : times->min;

	if (set->has[':'] && set->has['/'])
		w->out->any_scheme = true;
	for (unsigned i = 0; i < FILLERS && start < FILLERS; i++) {
		struct slice text = fillers[(start + i) % FILLERS];
		if (!fits(set, times, text))
			continue;
		for (size_t j = 0; j < text.len; j++)
			emit(w, text.ptr[j], true);
		return;
	}
	/* No filler: draw single bytes. */
	if (count > times->max)
		count = times->min;
	for (; count > 0 && set->count > 0 && !w->failed; count--)
		emit(w, draw_member(w, set), true);
}

static void
write_set(struct walk *w, const struct set *set)
{
	struct repetition times;

	if (set->count == 0)
		w->failed = w->failed || !w->silent;
	if (read_repetition(w, &times)) {
		if (!w->silent && times.max > 1) {
			write_run(w, set, &times);
			return;
		}
		if (times.min < times.max && draw(w, 2) == 0)
			return;
	}
	if (set->count > 0)
		emit(w, draw_member(w, set), set->count > FEW);
}

static void
write_literal(struct walk *w, char c)
{
	struct repetition times;
	unsigned count = 1;

	if (read_repetition(w, &times))
		count = draw_count(w, &times);
	for (; count > 0 && !w->failed && !w->silent; count--)
		emit(w, c, false);
}

/* A '.' without repetition is meant as a dot.  In every second sample one of
 * them is another byte. */
static void
write_dot(struct walk *w)
{
	struct set set = {.count = 0};
	struct repetition times;
	struct slice before = w->rest;
	bool stray;

	set_add_range(&set, '!', '~');
	if (read_repetition(w, &times) && times.max > 1) {
		w->rest = before;
		write_set(w, &set);
		return;
	}
	if (w->silent || (times.min == 0 && draw(w, 2) == 0))
		return;
	stray = ++w->dots == w->stray;
	emit(w, stray ? 'x' : '.', stray);
}

/* ---- walking ---- */

/* "\d", "\.", from after the backslash. */
static void
walk_escape(struct walk *w)
{
	struct set set = {.count = 0};
	char c = peek(w);

	skip(w, 1);
	if (set_add_escape(&set, c))
		write_set(w, &set);
	else if (c != '\0' && strchr("AzZbBG", c) != NULL)
		return;
	else if (ascii_is_alpha(c) || ascii_is_digit(c) || c == '\0')
		w->out->exotic = true;
	else
		write_literal(w, c);
}

enum group {
	GROUP_PLAIN,
	GROUP_FLAG,  /* "(?i)", all of it */
	GROUP_ASIDE, /* look-around: matches no text of its own */
	GROUP_UNKNOWN
};

/* What follows "(?". */
static enum group
read_group_head(struct walk *w)
{
	if (skip_text(w, SLICE("i)"))) {
		w->nocase = true;
		return GROUP_FLAG;
	}
	if (skip_text(w, SLICE("i:"))) {
		w->nocase = true;
		return GROUP_PLAIN;
	}
	if (skip_text(w, SLICE(":")) || skip_text(w, SLICE(">")) ||
	    skip_text(w, SLICE("|")))
		return GROUP_PLAIN;
	if (skip_text(w, SLICE("=")) || skip_text(w, SLICE("!")) ||
	    skip_text(w, SLICE("<=")) || skip_text(w, SLICE("<!")))
		return GROUP_ASIDE;
	if ((skip_text(w, SLICE("P<")) || skip_text(w, SLICE("<")) ||
	     skip_text(w, SLICE("'"))) &&
	    ascii_is_alpha(peek(w))) {
		skip(w, text_find_any(w->rest, ">'") + 1);
		return GROUP_PLAIN;
	}
	return GROUP_UNKNOWN;
}

/* Write the inside as often as it is repeated. */
static void
write_group(struct walk *w, struct slice inside)
{
	struct repetition times;
	unsigned count = read_repetition(w, &times) ? draw_count(w, &times) : 1;
	struct slice after = w->rest;

	for (; count > 0 && !w->silent && !w->failed; count--) {
		w->rest = inside;
		walk_branches(w);
	}
	w->rest = after;
}

/* From after "(" to after the ")" and its repetition. */
static void
walk_group(struct walk *w)
{
	bool silent = w->silent, nocase = w->nocase;
	enum group group = GROUP_PLAIN;
	struct slice inside;

	if (skip_text(w, SLICE("?")))
		group = read_group_head(w);
	else if (peek(w) == '*')
		group = GROUP_UNKNOWN; /* "(*VERB)" */
	if (group == GROUP_FLAG)
		return;
	if (group != GROUP_PLAIN)
		w->out->exotic = true;
	if (group == GROUP_UNKNOWN) {
		w->failed = true;
		return;
	}
	inside = w->rest;
	w->silent = true;
	walk_branches(w);
	skip(w, 1);
	w->silent = silent;
	if (group == GROUP_PLAIN)
		write_group(w, inside);
	w->nocase = nocase;
}

/* Up to the next '|' or ')'. */
static void
walk_branch(struct walk *w)
{
	while (w->rest.len > 0 && peek(w) != '|' && peek(w) != ')' &&
	       !w->failed) {
		struct set set = {.count = 0};
		char c = peek(w);

		if (++w->steps > w->steps_max) {
			w->failed = w->out->exotic = true;
			return;
		}
		skip(w, 1);
		if (c == '(') {
			walk_group(w);
		} else if (c == '[') {
			read_class(w, &set);
			write_set(w, &set);
		} else if (c == '.') {
			write_dot(w);
		} else if (c == '\\') {
			walk_escape(w);
		} else if (c != '^' && c != '$') {
			write_literal(w, c);
		}
	}
}

/* Alternatives up to the ')' that closes them: one is chosen, and the others
 * are passed over. */
static void
walk_branches(struct walk *w)
{
	struct slice start = w->rest, end;
	bool silent = w->silent;
	unsigned count = 1, chosen;

	if (++w->depth > DEPTH_MAX) {
		w->failed = w->out->exotic = true;
		return;
	}
	w->silent = true;
	walk_branch(w);
	for (; peek(w) == '|' && !w->failed; count++) {
		skip(w, 1);
		walk_branch(w);
	}
	end = w->rest;
	w->silent = silent;
	if (!silent && !w->failed) {
		chosen = draw(w, count);
		w->rest = start;
		w->silent = true;
		for (; chosen > 0; chosen--) {
			walk_branch(w);
			skip(w, 1);
		}
		w->silent = false;
		walk_branch(w);
		w->rest = end;
	}
	w->depth--;
}

/* The number of dots in the expression, at least 1. */
static unsigned
count_dots(struct slice expression)
{
	unsigned count = 0;

	for (size_t i = 0; i < expression.len; i++)
		count += expression.ptr[i] == '.';
	return count == 0 ? 1 : count;
}

bool
regex_sample(struct slice expression, unsigned number, struct regex_sample *out)
{
	struct walk w = {.rest = expression,
			 .out = out,
			 .seed = number,
			 .steps_max = STEPS_MAX + 4 * expression.len};

	out->len = 0;
	out->exotic = out->any_scheme = false;
	for (int i = 0; i < 3; i++)
		(void)draw(&w, 2);
	/* In every second sample all dots are dots. */
	w.stray = number % 2 == 0 ? 0 : number / 2 % count_dots(expression) + 1;
	walk_branches(&w);
	if (w.rest.len > 0)
		out->exotic = true; /* a ')' too many */
	return !w.failed && w.rest.len == 0;
}
