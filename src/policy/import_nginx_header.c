/*
 * Directives of nginx that set headers, and the variables that they use:
 * add_header, more_set_headers, "set" and "map".
 *
 * Variables are followed by name, as for Apache: the condition on $http_origin
 * that gives a variable its value is the condition for allowing the Origin.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/import_nginx.h"

#include "base/array.h"
#include "base/text.h"

/* ---- variables ---- */

bool
nginx_is_origin(struct slice word)
{
	return slice_eq(word, SLICE("$http_origin")) ||
	       slice_eq(word, SLICE("${http_origin}"));
}

struct slice
nginx_variable_name(struct slice word)
{
	if (word.len == 0 || word.ptr[0] != '$')
		return SLICE_NONE;
	word = slice_after(word, 1);
	if (word.len > 1 && word.ptr[0] == '{')
		word = text_chop(slice_after(word, 1), '}');
	return word;
}

static void
variable_add(struct nginx *n, struct slice name, struct origin_test test,
	     struct slice value)
{
	if (!array_grow_in(n->import->arena, &n->variables, n->variable_count,
			   &n->variable_room, sizeof(*n->variables))) {
		n->import->no_memory = true;
		return;
	}
	n->variables[n->variable_count++] =
	    (struct variable){name, test, value};
}

static void
allow_test(struct nginx *n, struct origin_test test)
{
	struct import_scope *scope = nginx_block(n)->scope;

	if (!slice_present(test.text))
		import_any_origin(n->import, scope, n->place);
	else if (test.literal)
		import_header(n->import, scope, n->place,
			      SLICE("Access-Control-Allow-Origin"), test.text);
	else
		import_expression(n->import, scope, n->place, test.text);
}

static bool
allow_variable(struct nginx *n, struct slice name)
{
	bool found = false;

	for (size_t i = 0; i < n->variable_count; i++) {
		if (!slice_eq(n->variables[i].name, name) ||
		    (n->variables[i].test.literal &&
		     n->variables[i].test.text.len == 0))
			continue;
		found = true;
		allow_test(n, n->variables[i].test);
	}
	return found;
}

bool
nginx_is_known(const struct nginx *n, struct slice name)
{
	for (size_t i = 0; i < n->variable_count; i++)
		if (slice_eq(n->variables[i].name, name))
			return true;
	return false;
}

/* Is the value an origin by itself? */
static bool
is_literal_origin(struct slice value)
{
	return slice_eq(value, SLICE("*")) ||
	       (memmem(value.ptr, value.len, "://", 3) != NULL &&
		text_find(value, '$') == value.len);
}

static bool
is_about_cors(struct slice name)
{
	return text_has_nocase(name, SLICE("cors")) ||
	       text_has_nocase(name, SLICE("origin")) ||
	       text_has_nocase(name, SLICE("allow"));
}

/* set $NAME VALUE */
void
nginx_set(struct nginx *n)
{
	struct slice name =
	    n->count > 2 ? nginx_variable_name(n->words[1]) : SLICE_NONE;
	struct slice value = n->count > 2 ? n->words[2] : SLICE("");
	const struct block *block = nginx_block(n);
	bool tested =
	    block->kind == BLOCK_IF && slice_present(block->test.text);

	if (!slice_present(name) || nginx_is_unseen(n))
		return;
	if (is_literal_origin(value))
		variable_add(n, name, (struct origin_test){value, true}, value);
	else if (tested && value.len > 0)
		variable_add(n, name, block->test, value);
	else if (nginx_is_origin(value))
		variable_add(n, name, (struct origin_test){.text = SLICE_NONE},
			     SLICE_NONE);
	else if (is_about_cors(name))
		variable_add(n, name, (struct origin_test){SLICE(""), true},
			     value);
	else if (!slice_present(nginx_variable_name(value)) ||
		 !is_about_cors(value))
		return; /* of another variable */
	nginx_replaced(n);
}

/* A line of "map $NAME $OTHER { ... }": $OTHER gets the meaning of $NAME. */
static void
read_map_of_variable(struct nginx *n, const struct block *block)
{
	size_t count = n->variable_count;
	bool any = nginx_is_word(n, 0, "default");

	for (size_t i = 0; i < count && !any; i++) {
		struct variable variable = n->variables[i];
		if (slice_eq(variable.name, block->from) &&
		    (!slice_present(variable.value) ||
		     slice_eq(variable.value, n->words[0]) ||
		     slice_starts(n->words[0], SLICE("~"))))
			variable_add(n, block->variable, variable.test,
				     n->words[1]);
	}
}

/* A line of "map $http_origin $NAME { ... }". */
void
nginx_map_line(struct nginx *n)
{
	const struct block *block = nginx_block(n);
	struct slice key = n->words[0], variable = block->variable;
	struct slice value = n->count > 1 ? n->words[1] : SLICE("");
	struct origin_test test = {.text = SLICE_NONE};

	nginx_replaced(n);
	if (n->count < 2 || value.len == 0 || slice_eq(value, SLICE("0")))
		return; /* "hostnames", or origins that are not allowed */
	if (slice_present(block->from)) {
		read_map_of_variable(n, block);
		return;
	}
	if (slice_eq(key, SLICE("default"))) {
		if (!nginx_is_origin(value) && !is_literal_origin(value))
			return;
	} else if (slice_starts(key, SLICE("~"))) {
		test.text =
		    slice_after(key, slice_starts(key, SLICE("~*")) ? 2 : 1);
	} else {
		test = (struct origin_test){key, true};
	}
	if (is_literal_origin(value) &&
	    (!slice_eq(value, SLICE("*")) || slice_eq(key, SLICE("default"))))
		test = (struct origin_test){value, true};
	variable_add(n, variable, test, value);
}

/* ---- headers ---- */

static void
set_origin(struct nginx *n, struct slice value)
{
	const struct block *block = NULL;
	struct slice name = nginx_variable_name(value);

	for (size_t i = 0; i <= n->depth; i++)
		if (n->blocks[i].kind == BLOCK_IF &&
		    (slice_present(n->blocks[i].test.text) ||
		     slice_present(n->blocks[i].variable)))
			block = &n->blocks[i];
	if (nginx_is_origin(value) || slice_eq(value, SLICE("*"))) {
		if (block != NULL && slice_present(block->test.text))
			allow_test(n, block->test);
		else if (block != NULL && allow_variable(n, block->variable))
			return;
		else if (slice_present(n->refused.text))
			allow_test(n, n->refused);
		else if (nginx_is_origin(value))
			import_any_origin(n->import, nginx_block(n)->scope,
					  n->place);
		else
			import_header(
			    n->import, nginx_block(n)->scope, n->place,
			    SLICE("Access-Control-Allow-Origin"), value);
	} else if (text_find(value, '$') == value.len) {
		import_header(n->import, nginx_block(n)->scope, n->place,
			      SLICE("Access-Control-Allow-Origin"), value);
	} else if (!slice_present(name) || !allow_variable(n, name)) {
		nginx_block(n)->scope->set = true;
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "not-carried-over",
			   "no line here says what \"%s\" is: write the "
			   "origins that it means into the policy",
			   import_quote(n->import, value));
	}
}

/* The value of another header: the text, or the value of its variable.  If it
 * repeats the names of a request, all names are allowed. */
static void
set_other(struct nginx *n, struct slice name, struct slice value)
{
	struct slice variable = nginx_variable_name(value);
	bool found = false;

	if (text_find(value, '$') == value.len ||
	    text_has_nocase(value, SLICE("$http_access_control_request"))) {
		import_header(n->import, nginx_block(n)->scope, n->place, name,
			      text_find(value, '$') == value.len ? value
								 : SLICE("*"));
		return;
	}
	for (size_t i = 0; i < n->variable_count; i++) {
		struct slice text = n->variables[i].value;
		if (!slice_present(variable) || !slice_present(text) ||
		    !slice_eq(n->variables[i].name, variable))
			continue;
		found = true;
		if (text.len > 0 && text_find(text, '$') == text.len)
			import_header(n->import, nginx_block(n)->scope,
				      n->place, name, text);
		else if (text.len > 0)
			import_header(n->import, nginx_block(n)->scope,
				      n->place, name, SLICE("*"));
	}
	nginx_block(n)->scope->set = true;
	if (!found)
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "not-carried-over",
			   "no line here says what \"%s\" is: write it into "
			   "the policy",
			   import_quote(n->import, value));
}

/* One header that is sent twice. */
static void
check_twice(struct nginx *n)
{
	struct block *block = nginx_block(n);

	if (block->origin && block->kind != BLOCK_IF &&
	    nginx_is_word(n, 0, "add_header"))
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "duplicate-header",
			   "with the line above this made two "
			   "Access-Control-Allow-Origin, which browsers "
			   "refuse");
	block->origin = true;
}

static void
read_one_header(struct nginx *n, struct slice name, struct slice value)
{
	name = text_chop(name, ':');
	if (nginx_is_unseen(n)) {
		if (import_is_cors_header(name))
			import_say(n->import, SEVERITY_NOTE, n->place, "stays",
				   "this holds for files that the server sends "
				   "itself; corswrap does not see them: leave "
				   "it there");
		return;
	}
	bool vary = slice_eq_nocase(name, SLICE("Vary")) &&
		    text_starts_nocase(value, SLICE("Origin"));
	bool cors = import_is_cors_header(name);
	if (!cors && !vary && !nginx_is_preflight(n))
		return;
	nginx_replaced(n);
	if (!cors)
		return;
	if (slice_eq_nocase(name, SLICE("Access-Control-Allow-Origin"))) {
		check_twice(n);
		set_origin(n, value);
	} else {
		set_other(n, name, value);
	}
}

void
nginx_add_header(struct nginx *n)
{
	bool always = nginx_is_word(n, 3, "always");

	nginx_block(n)->headers = true;
	if (n->count == 2) { /* 'Name: value' in one word */
		size_t colon = text_find(n->words[1], ':');
		if (colon < n->words[1].len) {
			n->words[2] =
			    text_trim(slice_after(n->words[1], colon + 1));
			n->words[1].len = colon;
			n->count = 3;
		}
	}
	if (n->count < 3)
		return;
	if (import_is_cors_header(n->words[1]) && !always && !n->said_always &&
	    !nginx_is_unseen(n) && !nginx_is_preflight(n)) {
		n->said_always = true;
		import_say(n->import, SEVERITY_WARNING, n->place,
			   "error-without-cors",
			   "without \"always\" nginx left this out of errors, "
			   "which the page could not read; corswrap sends it "
			   "with every status");
	}
	read_one_header(n, n->words[1], n->words[2]);
}

/* proxy_hide_header NAME, more_clear_headers NAME ...: corswrap removes the
 * program's own. */
void
nginx_hide(struct nginx *n)
{
	bool all = n->count > 1 && !nginx_is_unseen(n);

	for (size_t i = 1; i < n->count; i++)
		all &=
		    import_is_cors_header(n->words[i]) ||
		    text_starts_nocase(n->words[i], SLICE("Access-Control-"));
	if (all)
		nginx_replaced(n);
}

/* more_set_headers "Name: value" ... */
void
nginx_more_headers(struct nginx *n)
{
	for (size_t i = 1; i < n->count; i++) {
		struct slice name = n->words[i];
		size_t colon = text_find(name, ':');
		if (colon == name.len)
			continue;
		struct slice value = text_trim(slice_after(name, colon + 1));
		name.len = colon;
		read_one_header(n, name, value);
	}
}
