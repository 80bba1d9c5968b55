/*
 * Directives of Apache that set headers, and the variables that they use:
 * mod_headers, SetEnvIf and mod_rewrite.
 *
 * Variables are followed by name: the condition on the Origin that sets a
 * variable is the condition for a header that uses the variable.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/import_apache.h"

static struct import_scope *
scope_of(struct apache *a)
{
	return apache_block(a)->scope;
}

/* The condition on the Origin of the sections around, or NULL. */
static const struct import_condition *
origin_condition(const struct apache *a)
{
	for (size_t i = a->depth + 1; i > 0; i--)
		if (a->blocks[i - 1].on != NULL)
			return a->blocks[i - 1].on;
	return NULL;
}

/* ---- variables ---- */

static void
variable_add(struct apache *a, enum variable_kind kind, struct slice name,
	     struct slice text)
{
	apache_add(a, &a->variables, &a->variable_count, &a->variable_room,
		   (struct variable){kind, name, text});
}

static const struct variable *
find_variable(const struct apache *a, struct slice name)
{
	for (size_t i = 0; i < a->variable_count; i++)
		if (slice_eq(a->variables[i].name, name))
			return &a->variables[i];
	return NULL;
}

/* Allow the origins that set the variable, or that are its value.  False: no
 * line sets it in one of these ways. */
static bool
allow_variable(struct apache *a, struct slice name)
{
	bool found = false;

	for (size_t i = 0; i < a->variable_count; i++) {
		const struct variable *variable = &a->variables[i];
		if (!slice_eq(variable->name, name) ||
		    variable->kind >= VARIABLE_PATH)
			continue;
		found = true;
		if (variable->kind == VARIABLE_ORIGIN)
			import_expression(a->import, scope_of(a), a->place,
					  variable->text);
		else if (variable->kind == VARIABLE_ANY)
			import_any_origin(a->import, scope_of(a), a->place);
		else
			import_header(a->import, scope_of(a), a->place,
				      SLICE("Access-Control-Allow-Origin"),
				      variable->text);
	}
	return found;
}

/* SetEnvIf ATTRIBUTE EXPRESSION NAME[=VALUE] ... */
void
apache_setenvif(struct apache *a)
{
	enum variable_kind kind = VARIABLE_OTHER;

	if (a->count < 4 || apache_is_unseen(a))
		return;
	if (apache_is_word(a, 1, "Origin") || apache_is_word(a, 1, "^Origin$"))
		kind = VARIABLE_ORIGIN;
	else if (apache_is_word(a, 1, "Request_URI"))
		kind = VARIABLE_PATH;
	for (size_t i = 3; i < a->count; i++) {
		struct slice name = a->words[i];
		name.len = text_find(name, '=');
		if (name.len > 0 && name.ptr[0] != '!')
			variable_add(a, kind, name, a->words[2]);
	}
	if (kind == VARIABLE_ORIGIN)
		apache_replaced(a, a->place.line);
}

/* SetEnv NAME VALUE */
void
apache_setenv(struct apache *a)
{
	if (a->count < 3 || apache_is_unseen(a) ||
	    memmem(a->words[2].ptr, a->words[2].len, "://", 3) == NULL)
		return;
	variable_add(a, VARIABLE_VALUE, a->words[1], a->words[2]);
}

void
apache_define(struct apache *a)
{
	if (a->count > 2)
		apache_add(a, &a->definitions, &a->definition_count,
			   &a->definition_room,
			   (struct variable){VARIABLE_VALUE, a->words[1],
					     a->words[2]});
}

/* ---- mod_rewrite ---- */

static bool
is_origin_test(struct slice test)
{
	return slice_eq_nocase(test, SLICE("%{HTTP:Origin}")) ||
	       slice_eq_nocase(test, SLICE("%{HTTP_ORIGIN}"));
}

/* RewriteCond TEST EXPRESSION [FLAGS] */
void
apache_rewritecond(struct apache *a)
{
	if (a->count < 3)
		return;
	struct slice test = a->words[1], pattern = a->words[2];
	bool negated = pattern.len > 0 && pattern.ptr[0] == '!';
	if (a->condition_line == 0)
		a->condition_line = a->place.line;
	if (is_origin_test(test)) {
		pattern = slice_after(pattern, negated);
		if (!negated && a->condition_count < CONDITIONS_MAX)
			a->conditions[a->condition_count++] = pattern;
		else if (negated && !slice_eq(pattern, SLICE("^$")))
			a->refused = pattern;
	} else if (slice_eq_nocase(test, SLICE("%{REQUEST_METHOD}"))) {
		a->options =
		    text_has_nocase(pattern, SLICE("OPTIONS")) && !negated;
		a->other_condition |= negated;
	} else {
		a->other_condition = true;
	}
}

/* "E=NAME:VALUE" among the flags.  True: a variable depends on the Origin. */
static bool
read_rewrite_variables(struct apache *a, struct slice flags)
{
	struct slice flag, rest = flags;
	bool found = false;

	while (text_element_next(&rest, &flag)) {
		if (!text_starts_nocase(flag, SLICE("E=")) &&
		    !text_starts_nocase(flag, SLICE("env=")))
			continue;
		flag = slice_after(flag, text_find(flag, '=') + 1);
		struct slice name = slice_of(flag.ptr, text_find(flag, ':'));
		struct slice value = slice_after(
		    flag, name.len < flag.len ? name.len + 1 : flag.len);
		found |= a->condition_count > 0;
		for (size_t i = 0; i < a->condition_count; i++)
			variable_add(a, VARIABLE_ORIGIN, name,
				     a->conditions[i]);
		if (a->condition_count == 0 && is_origin_test(value)) {
			variable_add(a, VARIABLE_ANY, name, value);
			found = true;
		}
	}
	return found;
}

static bool
has_flag(struct slice flags, const char *letter, const char *word)
{
	struct slice flag, rest = flags;

	while (text_element_next(&rest, &flag)) {
		flag.len = text_find(flag, '=');
		if (slice_eq_nocase(flag, slice_from(letter)) ||
		    slice_eq_nocase(flag, slice_from(word)))
			return true;
	}
	return false;
}

/* A rule that applies to OPTIONS. */
static void
read_options_rule(struct apache *a, struct slice flags, unsigned first)
{
	if (has_flag(flags, "F", "forbidden") || has_flag(flags, "G", "gone"))
		import_guarded(a->import, a->place, "rule refuses OPTIONS",
			       "take OPTIONS out of its condition");
	else if (!a->other_condition)
		apache_preflight(a, first);
}

void
apache_rewriterule(struct apache *a)
{
	struct slice flags = a->count > 3 ? a->words[3] : SLICE("");
	unsigned first =
	    a->condition_line != 0 ? a->condition_line : a->place.line;

	flags = slice_after(flags, flags.len > 0 && flags.ptr[0] == '[');
	flags = text_chop(flags, ']');
	if (!apache_is_unseen(a)) {
		if (read_rewrite_variables(a, flags))
			apache_replaced(a, first);
		else if (a->options)
			read_options_rule(a, flags, first);
	}
	a->condition_count = 0;
	a->options = a->other_condition = false;
	a->condition_line = 0;
}

/* ---- Header ---- */

struct header {
	bool always;
	struct slice action;
	struct slice name;
	struct slice value;
	struct slice on;   /* the variable of env=, or absent */
	struct slice expr; /* of expr= after the value, or absent */
	bool unless;	   /* env=! */
};

/* False: words are missing. */
static bool
parse_header(const struct apache *a, struct header *h)
{
	size_t at = 1;

	*h = (struct header){.on = SLICE_NONE, .expr = SLICE_NONE};
	h->always = apache_is_word(a, 1, "always");
	at += h->always || apache_is_word(a, 1, "onsuccess");
	if (at + 1 >= a->count)
		return false;
	h->action = a->words[at];
	h->name = text_chop(a->words[at + 1], ':');
	at += 2;
	/* edit takes an expression before the value */
	at += text_starts_nocase(h->action, SLICE("edit"));
	h->value = at < a->count ? a->words[at] : SLICE("");
	if (at + 1 >= a->count)
		return true;
	if (slice_starts(a->words[at + 1], SLICE("env="))) {
		h->on = slice_after(a->words[at + 1], 4);
		h->unless = slice_starts(h->on, SLICE("!"));
	} else if (slice_starts(a->words[at + 1], SLICE("expr="))) {
		h->expr = slice_after(a->words[at + 1], 5);
	}
	return true;
}

/* The NAME in "%{NAME}e"; absent: another value. */
static struct slice
variable_in(struct slice value)
{
	if (!slice_starts(value, SLICE("%{")) || !text_ends(value, SLICE("}e")))
		return SLICE_NONE;
	return slice_of(value.ptr + 2, value.len - 4);
}

/* Does it repeat a value of the request: %{Origin}i, expr=%{HTTP:...}? */
static bool
is_repeated(struct slice value)
{
	return slice_starts(value, SLICE("expr=")) ||
	       (slice_starts(value, SLICE("%{")) &&
		text_ends(value, SLICE("}i")));
}

static void
allow_condition(struct apache *a, const struct import_condition *on)
{
	for (size_t i = 0; i < on->count; i++)
		if (on->tests[i].literal)
			import_origin(a->import, scope_of(a), a->place,
				      on->tests[i].text);
		else
			import_expression(a->import, scope_of(a), a->place,
					  on->tests[i].text);
	if (on->unclear)
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "not-carried-over",
			   "the condition on the Origin cannot be read: write "
			   "the origins that it allows into the policy");
	if (on->other)
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "not-carried-over",
			   "the condition is on more than the Origin; the "
			   "policy holds for every host and path until you "
			   "write \"host\" or \"path\"");
	scope_of(a)->set = true;
}

static void
origin_from_variable(struct apache *a, struct slice name)
{
	const struct import_condition *on = origin_condition(a);

	if (allow_variable(a, name))
		return;
	if (on != NULL)
		allow_condition(a, on);
	else if (slice_eq_nocase(name, SLICE("HTTP_ORIGIN")) ||
		 slice_eq_nocase(name, SLICE("ORIGIN")))
		import_any_origin(a->import, scope_of(a), a->place);
	else
		import_say(
		    a->import, SEVERITY_WARNING, a->place, "not-carried-over",
		    "no line here sets \"%s\": write the origins that it "
		    "means into the policy",
		    import_quote(a->import, name));
	scope_of(a)->set = true;
}

/* Warn about a second line that sets it. */
static void
check_origin_twice(struct apache *a, const struct header *h)
{
	bool adds = slice_eq_nocase(h->action, SLICE("add")) ||
		    slice_eq_nocase(h->action, SLICE("append")) ||
		    slice_eq_nocase(h->action, SLICE("merge"));

	if (slice_present(h->on) || slice_present(h->expr) ||
	    origin_condition(a) != NULL || apache_is_preflight(a))
		return;
	if (a->origin_scope == scope_of(a) &&
	    (adds || h->always != a->origin_always))
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "duplicate-header",
			   "with line %u this made two "
			   "Access-Control-Allow-Origin, which browsers refuse",
			   a->origin_line);
	a->origin_scope = scope_of(a);
	a->origin_line = a->place.line;
	a->origin_always = h->always;
}

/* If the value repeats the request's, or is "*", the condition says which
 * origins are meant.  False: there is no condition. */
static bool
origin_from_condition(struct apache *a, const struct header *h)
{
	const struct import_condition *on = origin_condition(a);

	if (slice_present(h->on) && !h->unless && allow_variable(a, h->on))
		return true;
	if (slice_present(h->expr)) {
		struct import_condition own;
		import_condition(h->expr, &own);
		if (own.origin && !own.any) {
			allow_condition(a, &own);
			return true;
		}
	}
	if (on != NULL)
		allow_condition(a, on);
	else if (slice_present(a->refused))
		import_expression(a->import, scope_of(a), a->place, a->refused);
	return on != NULL || slice_present(a->refused);
}

static void
set_origin(struct apache *a, const struct header *h)
{
	struct slice variable = variable_in(h->value);
	bool varies = slice_present(variable);
	bool known = varies && find_variable(a, variable) != NULL;
	bool star = slice_eq(h->value, SLICE("*"));

	check_origin_twice(a, h);
	if (!known && (star || is_repeated(h->value) || varies) &&
	    origin_from_condition(a, h))
		return;
	if (varies)
		origin_from_variable(a, variable);
	else if (is_repeated(h->value))
		import_any_origin(a->import, scope_of(a), a->place);
	else
		import_header(a->import, scope_of(a), a->place, h->name,
			      h->value);
}

static bool
is_setting(struct slice action)
{
	static const char *const actions[] = {"set", "add", "append", "merge",
					      "setifempty"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (slice_eq_nocase(action, slice_from(actions[i])))
			return true;
	return false;
}

/* "Header merge Vary Origin": corswrap sends Vary itself. */
static bool
is_vary(const struct header *h)
{
	return slice_eq_nocase(h->name, SLICE("Vary")) &&
	       text_starts_nocase(h->value, SLICE("Origin"));
}

/* The scope from the header's own condition, or the section's. */
static struct import_scope *
header_scope(struct apache *a, const struct header *h)
{
	const struct variable *on =
	    slice_present(h->on) ? find_variable(a, h->on) : NULL;

	if (on != NULL && on->kind == VARIABLE_PATH)
		return import_scope(a->import, apache_match_path(a, on->text),
				    scope_of(a)->host, true);
	if (h->unless || (on != NULL && on->kind == VARIABLE_OTHER))
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "not-carried-over",
			   "\"env=%s\" has no key in a policy: what this line "
			   "sets holds for every request",
			   import_quote(a->import, h->on));
	return scope_of(a);
}

/* A policy has paths of URLs, not files or folders. */
static void
check_folder(struct apache *a)
{
	const struct block *block = NULL;

	for (size_t i = 0; i <= a->depth; i++)
		if (a->blocks[i].folder)
			block = &a->blocks[i];
	if (block == NULL || block->line == a->folder)
		return;
	if (block->file || a->folder != 0)
		import_say(a->import, SEVERITY_WARNING,
			   (struct import_place){a->place.file, block->line},
			   "not-carried-over",
			   "a policy has no files and folders: what is in this "
			   "section holds for every path until you write "
			   "\"path\"");
	a->folder = block->line;
}

static void
set_header(struct apache *a, const struct header *h)
{
	struct import_scope *section = apache_block(a)->scope;

	a->set_here = true;
	check_folder(a);
	apache_block(a)->scope = header_scope(a, h);
	if (slice_eq_nocase(h->name, SLICE("Access-Control-Allow-Origin")))
		set_origin(a, h);
	else if (is_repeated(h->value) || slice_present(variable_in(h->value)))
		import_header(a->import, scope_of(a), a->place, h->name,
			      SLICE("*"));
	else
		import_header(a->import, scope_of(a), a->place, h->name,
			      h->value);
	apache_block(a)->scope = section;
}

/* "Header edit NAME EXPRESSION VALUE" sets the part that can be read. */
static void
edit_header(struct apache *a, struct header *h)
{
	bool origin = slice_eq(h->value, SLICE("*")) ||
		      memmem(h->value.ptr, h->value.len, "://", 3) != NULL;

	if (!slice_eq_nocase(h->name, SLICE("Access-Control-Allow-Origin")))
		return;
	if (origin && text_find(h->value, '$') == h->value.len)
		set_header(a, h);
	else
		import_say(a->import, SEVERITY_WARNING, a->place,
			   "not-carried-over",
			   "this changes what the program sends, which "
			   "corswrap replaces: write the origins into the "
			   "policy");
}

void
apache_header(struct apache *a)
{
	struct header h;

	if (!parse_header(a, &h))
		return;
	bool cors = import_is_cors_header(h.name);
	if (cors && apache_is_unseen(a)) {
		import_say(a->import, SEVERITY_NOTE, a->place, "stays",
			   "this holds for files that the server sends itself; "
			   "corswrap does not see them: leave it there");
		return;
	}
	if (!cors && (!is_vary(&h) || apache_is_unseen(a)) &&
	    !apache_is_preflight(a))
		return;
	apache_replaced(a, a->place.line);
	if (!cors)
		return;
	if (is_setting(h.action))
		set_header(a, &h);
	else if (text_starts_nocase(h.action, SLICE("edit")))
		edit_header(a, &h);
	/* unset: corswrap replaces the program's headers anyway */
}
