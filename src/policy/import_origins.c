/*
 * Makes origins of the regular expressions that configurations compare Origin
 * with.
 *
 * Nearly all of them were written by hand and are a list of names with a few
 * optional parts.  Such an expression is expanded into the texts that it
 * matches, in which a wildcard is one of the marks below, and each text becomes
 * an origin of the policy.  An expression that is too complex stays an
 * expression, but must match the whole Origin: one that may match anywhere also
 * allows https://example.com.attacker.example.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/fix.h"
#include "policy/hostname.h"
#include "policy/import_parts.h"

enum mark {
	MARK_LABEL = 1, /* one byte or more, and no dot */
	MARK_SOME = 2,	/* one byte or more */
	MARK_ANY = 3,	/* any bytes, or none */
	MARK_DIGITS = 4,
	MARK_START = 5,
	MARK_END = 6
};

enum { TEXTS_MAX = 64, TEXT_MAX = 300, DEPTH_MAX = 20 };

/* The texts that a part of an expression matches. */
struct set {
	struct slice at[TEXTS_MAX];
	size_t count;
};

struct expander {
	struct arena *arena;
	struct slice rest;
	unsigned depth;
	bool failed;
	bool loose_dot; /* a '.' that was meant as a dot */
};

/* ---- sets ---- */

static void
set_add(struct expander *x, struct set *set, struct slice a, struct slice b)
{
	if (set->count == TEXTS_MAX || a.len + b.len > TEXT_MAX) {
		x->failed = true;
		return;
	}
	const char *text = arena_join(x->arena, (struct slice[]){a, b}, 2);
	if (text == NULL)
		x->failed = true;
	else
		set->at[set->count++] = slice_of(text, a.len + b.len);
}

/* Every text of a, with every text of b after it. */
static void
set_append(struct expander *x, struct set *a, const struct set *b)
{
	struct set all = {.count = 0};

	for (size_t i = 0; i < a->count && !x->failed; i++)
		for (size_t k = 0; k < b->count && !x->failed; k++)
			set_add(x, &all, a->at[i], b->at[k]);
	*a = all;
}

static void
set_one(struct expander *x, struct set *set, char c)
{
	set->count = 0;
	set_add(x, set, slice_of(&c, 1), SLICE(""));
}

/* ---- the expression ---- */

static bool
take(struct expander *x, char c)
{
	if (x->rest.len == 0 || x->rest.ptr[0] != c)
		return false;
	x->rest = slice_after(x->rest, 1);
	return true;
}

/* The set of bytes that an atom matches. */
enum kind {
	KIND_LITERAL,
	KIND_DOT,
	KIND_LABEL,
	KIND_ANY,
	KIND_DIGIT,
	KIND_GROUP
};

struct atom {
	enum kind kind;
	struct set set; /* of a literal and of a group */
};

/* The bytes of a class, between '[' and ']'. */
static enum kind class_kind(struct slice class)
{
	bool negated = class.len > 0 && class.ptr[0] == '^';
	bool dot = text_find(class, '.') < class.len;

	if (negated)
		return dot ? KIND_LABEL : KIND_ANY;
	if (dot)
		return KIND_ANY;
	return slice_eq(class, SLICE("0-9")) || slice_eq(class, SLICE("\\d"))
		   ? KIND_DIGIT
		   : KIND_LABEL;
}

static void
read_class(struct expander *x, struct atom *atom)
{
	size_t end = 0;

	while (end < x->rest.len && (x->rest.ptr[end] != ']' || end == 0))
		end += x->rest.ptr[end] == '\\' ? 2 : 1;
	if (end >= x->rest.len) {
		x->failed = true;
		return;
	}
	struct slice class = slice_of(x->rest.ptr, end);
	x->rest = slice_after(x->rest, end + 1);
	atom->kind = class_kind(class);
	if (class.len == 1 || (class.len == 2 && class.ptr[0] == '\\' &&
			       !ascii_is_alpha(class.ptr[1]))) {
		atom->kind = KIND_LITERAL;
		set_one(x, &atom->set, class.ptr[class.len - 1]);
	}
}

static void
read_escape(struct expander *x, struct atom *atom)
{
	if (x->rest.len == 0) {
		x->failed = true;
		return;
	}
	char c = x->rest.ptr[0];
	x->rest = slice_after(x->rest, 1);
	if (c == 'd')
		atom->kind = KIND_DIGIT;
	else if (c == 'w')
		atom->kind = KIND_LABEL;
	else if (c == 'S')
		atom->kind = KIND_ANY;
	else if (c == 'b') /* matches no byte */
		set_add(x, &atom->set, SLICE(""), SLICE(""));
	else if (ascii_is_alpha(c) || ascii_is_digit(c))
		x->failed = true;
	else
		set_one(x, &atom->set, c);
}

static void expand(struct expander *, struct set *);

static void
read_group(struct expander *x, struct atom *atom)
{
	atom->kind = KIND_GROUP;
	if (take(x, '?') && !take(x, ':')) {
		x->failed = true; /* look-around, or options */
		return;
	}
	expand(x, &atom->set);
	if (!take(x, ')'))
		x->failed = true;
}

static void
read_atom(struct expander *x, struct atom *atom)
{
	char c = x->rest.ptr[0];

	*atom = (struct atom){.kind = KIND_LITERAL};
	x->rest = slice_after(x->rest, 1);
	if (c == '(')
		read_group(x, atom);
	else if (c == '[')
		read_class(x, atom);
	else if (c == '\\')
		read_escape(x, atom);
	else if (c == '.')
		atom->kind = KIND_DOT;
	else if (c == '^')
		set_one(x, &atom->set, MARK_START);
	else if (c == '$')
		set_one(x, &atom->set, MARK_END);
	else if (strchr("*+?{", c) != NULL || !ascii_is_printable(c))
		x->failed = true; /* there is nothing to repeat */
	else
		set_one(x, &atom->set, c);
}

/* A repetition of an atom: is it given, can it be zero, can it be more than
 * one? */
struct repeat {
	bool given;
	bool none;
	bool many;
};

static struct repeat
read_repeat(struct expander *x)
{
	struct repeat repeat = {.given = true};

	if (take(x, '?')) {
		repeat.none = true;
	} else if (take(x, '*')) {
		repeat.none = repeat.many = true;
	} else if (take(x, '+')) {
		repeat.many = true;
	} else if (take(x, '{')) {
		size_t end = text_find(x->rest, '}');
		repeat.many = true;
		repeat.none = x->rest.len > 0 && x->rest.ptr[0] == '0';
		x->rest = slice_after(x->rest, end + 1);
	} else {
		repeat.given = false;
	}
	if (repeat.given && !take(x, '?'))
		(void)take(x, '+'); /* lazy, possessive: they match the same
				       texts */
	return repeat;
}

/* "([a-z0-9-]+\.)*": subdomains of any depth. */
static void
repeat_group(struct expander *x, struct atom *atom)
{
	static const char label[] = {MARK_LABEL, '.'};
	static const char some[] = {MARK_SOME, '.'};

	if (atom->set.count != 1 ||
	    !slice_eq(atom->set.at[0], slice_of(label, sizeof(label)))) {
		x->failed = true;
		return;
	}
	atom->set.at[0] = slice_of(some, sizeof(some));
}

/* The texts of an atom with its repetition. */
static void
settle(struct expander *x, struct atom *atom, struct repeat repeat)
{
	switch (atom->kind) {
	case KIND_LITERAL:
		x->failed |= repeat.many;
		break;
	case KIND_GROUP:
		if (repeat.many)
			repeat_group(x, atom);
		break;
	case KIND_DOT:
		x->loose_dot |= !repeat.given;
		set_one(x, &atom->set,
			!repeat.given ? '.'
			: repeat.none ? MARK_ANY
				      : MARK_SOME);
		return;
	case KIND_ANY:
		set_one(x, &atom->set, repeat.none ? MARK_ANY : MARK_SOME);
		x->failed |= !repeat.many;
		return;
	case KIND_LABEL:
		set_one(x, &atom->set, MARK_LABEL);
		x->failed |= !repeat.many;
		break;
	case KIND_DIGIT:
		set_one(x, &atom->set, MARK_DIGITS);
		x->failed |= !repeat.many;
		break;
	}
	if (repeat.none)
		set_add(x, &atom->set, SLICE(""), SLICE(""));
}

static void
expand_sequence(struct expander *x, struct set *set)
{
	set->count = 0;
	set_add(x, set, SLICE(""), SLICE(""));
	while (!x->failed && x->rest.len > 0 &&
	       strchr("|)", x->rest.ptr[0]) == NULL) {
		struct atom atom;
		read_atom(x, &atom);
		if (!x->failed)
			settle(x, &atom, read_repeat(x));
		if (!x->failed)
			set_append(x, set, &atom.set);
	}
}

static void
expand(struct expander *x, struct set *set)
{
	set->count = 0;
	if (++x->depth > DEPTH_MAX)
		x->failed = true;
	do {
		struct set one = {.count = 0};
		expand_sequence(x, &one);
		for (size_t i = 0; i < one.count && !x->failed; i++)
			set_add(x, set, one.at[i], SLICE(""));
	} while (!x->failed && take(x, '|'));
	x->depth--;
}

/* ---- texts to origins ---- */

/* How an expression allows more, or less, than its author meant. */
struct looseness {
	bool start;  /* any text may be before it */
	bool end;    /* or after it */
	bool beside; /* "notexample.com" */
	bool depth;  /* one label became any depth */
	bool port;   /* any port; the default port is used */
	bool any;    /* any host */
	bool never;  /* a text that is never an Origin */
};

struct origins {
	struct import *import;
	struct set found;
	struct looseness loose;
};

static bool
has_mark(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ')
			return true;
	return false;
}

static bool
add_origin(struct origins *to, struct slice scheme, const char *star,
	   struct slice host, struct slice port)
{
	struct slice parts[] = {scheme, SLICE("://"), slice_from(star), host,
				port};
	struct origin_pattern pattern;
	struct arena *arena = to->import->arena;
	const char *text =
	    arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));

	if (text == NULL || to->found.count == TEXTS_MAX)
		return false;
	struct slice origin = arena_lower(arena, slice_from(text));
	if (origin_pattern_check(origin, &pattern) != ORIGIN_FAULT_NONE) {
		const char *fix = fix_origin(arena, origin);
		if (fix == NULL)
			return false;
		origin = slice_from(fix);
	}
	to->found.at[to->found.count++] = origin;
	return true;
}

/* A host with marks, and the port behind it. */
static bool
add_host(struct origins *to, struct slice scheme, struct slice host,
	 struct slice port)
{
	if (!has_mark(host))
		return add_origin(to, scheme, "", host, port);
	char first = host.ptr[0];
	struct slice rest = slice_after(host, 1);

	if (rest.len == 0 && first != MARK_DIGITS) {
		to->loose.any = true;
		return true;
	}
	if (first < ' ' && first != MARK_DIGITS && !has_mark(rest)) {
		if (rest.ptr[0] == '.') {
			to->loose.depth |= first == MARK_LABEL;
			return add_origin(to, scheme, "*.",
					  slice_after(rest, 1), port);
		}
		if (first != MARK_LABEL) {
			to->loose.beside = true;
			return add_origin(to, scheme, "*.", rest, port) &&
			       (first == MARK_SOME ||
				add_origin(to, scheme, "", rest, port));
		}
	}
	/* One mark within a label. */
	size_t at = text_find(host, MARK_LABEL);
	if (at == host.len || has_mark(slice_of(host.ptr, at)) ||
	    has_mark(slice_after(host, at + 1)))
		return false;
	struct slice parts[] = {slice_of(host.ptr, at), SLICE("*"),
				slice_after(host, at + 1)};
	const char *starred = arena_join(to->import->arena, parts, 3);
	return starred != NULL &&
	       add_origin(to, scheme, "", slice_from(starred), port);
}

/* On a developer's own machine any port is fine, and covers the default port;
 * elsewhere it would allow every user who can open a port there. */
static struct slice
any_port(struct origins *to, struct slice host)
{
	if (slice_eq(host, SLICE("localhost")) ||
	    slice_eq(host, SLICE("127.0.0.1")))
		return SLICE(":*");
	to->loose.port = true;
	return SLICE("");
}

/* After "://". */
static bool
add_authority(struct origins *to, struct slice scheme, struct slice text)
{
	struct slice port = SLICE("");
	size_t colon = text_find(text, ':');

	if (text.len > 0 && text.ptr[text.len - 1] == '/') {
		to->loose.never = true;
		return true;
	}
	if (text.len > 1 && text.ptr[text.len - 1] == MARK_ANY &&
	    colon == text.len) {
		to->loose.end = true;
		text.len--;
	}
	if (text.len > 0 && text.ptr[0] == '[')
		colon = text.len;
	if (colon < text.len) {
		port = slice_after(text, colon);
		text.len = colon;
		if (has_mark(port))
			port = any_port(to, text);
	}
	return text.len > 0 && add_host(to, scheme, text, port);
}

/* Without a scheme, or with any: http and https. */
static bool
add_both(struct origins *to, struct slice text)
{
	return add_authority(to, SLICE("https"), text) &&
	       add_authority(to, SLICE("http"), text);
}

/* A text that may begin anywhere in an Origin. */
static bool
add_end(struct origins *to, struct slice text)
{
	const char any[] = {MARK_ANY};

	if (text.len > 0 && text.ptr[0] < ' ')
		return add_both(to, text);
	if (slice_starts(text, SLICE("//")))
		return add_both(to, slice_after(text, 2));
	const char *anywhere =
	    arena_join(to->import->arena,
		       (struct slice[]){slice_of(any, sizeof(any)), text}, 2);
	return anywhere != NULL &&
	       add_both(to, slice_of(anywhere, text.len + 1));
}

/* One text that the expression matches. */
static bool
add_text(struct origins *to, struct slice text)
{
	bool start = text.len > 0 && text.ptr[0] == MARK_START;
	bool end = text.len > 0 && text.ptr[text.len - 1] == MARK_END;

	if (start)
		text = slice_after(text, 1);
	text.len -= end ? 1 : 0;
	to->loose.end |= !end;
	const char *at =
	    text.len == 0 ? NULL : memmem(text.ptr, text.len, "://", 3);
	if (at != NULL) {
		struct slice scheme =
		    slice_of(text.ptr, (size_t)(at - text.ptr));
		struct slice rest = slice_after(text, scheme.len + 3);
		return has_mark(scheme) ? add_both(to, rest)
					: add_authority(to, scheme, rest);
	}
	if (start && text.len > 0 && text.ptr[0] >= ' ') {
		to->loose.never = true;
		return true;
	}
	to->loose.start |= !start;
	return text.len > 0 && add_end(to, text);
}

static void
say_looseness(struct import *import, struct import_place place,
	      const struct looseness *loose, bool loose_dot)
{
	if (loose->end)
		import_say(import, SEVERITY_WARNING, place, "regex-any-origin",
			   "nothing ended the expression (\"$\"), so it "
			   "allowed https://example.com.attacker.example as "
			   "well; the policy does not");
	if (loose->beside || loose->start)
		import_say(import, SEVERITY_WARNING, place, "regex-any-origin",
			   "the expression allowed names that only end alike, "
			   "such as https://notexample.com; the policy has the "
			   "name and its subdomains");
	if (loose->depth)
		import_say(import, SEVERITY_NOTE, place, "broad-wildcard",
			   "the expression had one label there; \"*.\" covers "
			   "subdomains of any depth");
	if (loose->port)
		import_say(import, SEVERITY_NOTE, place, "broad-wildcard",
			   "the expression had any port; the policy has the "
			   "default port: add those that your pages have");
	if (loose_dot)
		import_say(import, SEVERITY_NOTE, place, "regex",
			   "a \".\" without \"\\\" matches any byte; the "
			   "policy has a dot");
	if (loose->never)
		import_say(import, SEVERITY_NOTE, place, "regex-never",
			   "no Origin ends in \"/\" or has no scheme: that "
			   "part matched nothing");
}

/* "\.example?$": with and without the last letter.  Only one is meant. */
static bool
is_cut_short(const struct set *found, struct slice origin)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->at[i].len == origin.len + 1 &&
		    slice_starts(found->at[i], origin) &&
		    ascii_is_alpha(found->at[i].ptr[origin.len]) &&
		    text_find(slice_after(origin, 6), ':') == origin.len - 6)
			return true;
	return false;
}

/* The expression itself, but matching the whole Origin. */
static void
keep_expression(struct import *import, struct import_scope *scope,
		struct import_place place, struct slice expression)
{
	if (expression.len > 0 && expression.ptr[0] == '^')
		expression = slice_after(expression, 1);
	expression = text_trim(text_chop(expression, '$'));
	if (expression.len == 0) {
		import_say(import, SEVERITY_WARNING, place, "not-carried-over",
			   "an empty expression: write the origins that are "
			   "meant into the policy");
		return;
	}
	import_word_add(import, &scope->expressions, expression, place);
	import_say(import, SEVERITY_NOTE, place, "regex-origin",
		   "the expression is kept; in the policy it has to match the "
		   "whole Origin");
}

void
import_expression(struct import *import, struct import_scope *scope,
		  struct import_place place, struct slice expression)
{
	struct expander x = {.arena = import->arena, .rest = expression};
	struct origins *to = arena_alloc(import->arena, sizeof(*to));
	struct set *texts = arena_alloc(import->arena, sizeof(*texts));

	scope->set = true;
	if (to == NULL || texts == NULL) {
		import->no_memory = true;
		return;
	}
	to->import = import;
	expand(&x, texts);
	x.failed |= x.rest.len > 0;
	for (size_t i = 0; i < texts->count && !x.failed; i++)
		x.failed = !add_text(to, texts->at[i]);
	if (x.failed) {
		keep_expression(import, scope, place, expression);
		return;
	}
	if (to->loose.any) {
		import_any_origin(import, scope, place);
		return;
	}
	for (size_t i = 0; i < to->found.count; i++)
		if (is_cut_short(&to->found, to->found.at[i]))
			import_say(import, SEVERITY_WARNING, place, "regex",
				   "\"?\" makes the last letter optional, so "
				   "the expression allowed %s as well; the "
				   "policy does not",
				   import_quote(import, to->found.at[i]));
		else
			import_word_add(import, &scope->origins,
					to->found.at[i], place);
	say_looseness(import, place, &to->loose, x.loose_dot);
}

/* ---- a literal ---- */

void
import_origin(struct import *import, struct import_scope *scope,
	      struct import_place place, struct slice text)
{
	struct origin_pattern pattern;
	enum origin_fault fault = origin_pattern_check(text, &pattern);

	scope->set = true;
	if (slice_eq(text, SLICE("null"))) {
		import_say(import, SEVERITY_WARNING, place, "null-accepted",
			   "\"null\" is the origin of every sandboxed frame; "
			   "the policy leaves it out");
		return;
	}
	if (fault != ORIGIN_FAULT_NONE) {
		const char *fix = fix_origin(import->arena, text);
		/* "," was meant as a separator */
		if (fix != NULL && strstr(fix, "://") == NULL)
			fix = NULL;
		import_say(import, SEVERITY_WARNING, place,
			   fix == NULL ? "not-carried-over" : "acao-mismatch",
			   "\"%s\" equals no page's origin: %s%s%s",
			   import_quote(import, text),
			   origin_fault_text(fault, text),
			   fix == NULL ? "" : "; the policy has ",
			   fix == NULL ? "" : fix);
		if (fix == NULL)
			return;
		text = slice_from(fix);
	} else if (text_find(text, '*') < text.len) {
		import_say(
		    import, SEVERITY_NOTE, place, "acao-mismatch",
		    "browsers compare Access-Control-Allow-Origin byte "
		    "for byte: this \"*\" matched nothing; in the policy "
		    "it does");
	}
	import_word_add(import, &scope->origins, text, place);
}
