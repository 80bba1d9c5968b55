/*
 * The conditions on the Origin and the method in an expression of Apache
 * (ap_expr), in <If> or after "expr=" in a Header.
 *
 * Only comparisons with the Origin are read, each with the operand after it.
 * They count as joined by "or".  Other conditions (a host, a path) have no key
 * in a section, and the caller adds a note.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/import_parts.h"

/* The place after the next "%{HTTP:Origin}", "%{req:Origin}", "%{HTTP_ORIGIN}"
 * or req('Origin'); 0: there is none. */
static size_t
origin_end(struct slice text)
{
	size_t at = 0;

	for (;;) {
		struct slice rest = slice_after(text, at);
		size_t found = text_find_nocase(rest, SLICE("origin"));
		if (found == rest.len)
			return 0;
		at += found + 6;
		rest = slice_after(text, at);
		if (slice_starts(rest, SLICE("}")))
			return at + 1;
		if (slice_starts(rest, SLICE("')")) ||
		    slice_starts(rest, SLICE("\")")))
			return at + 2;
	}
}

/* Cut the text between quotes, slashes or "m#...#" off the beginning. */
static struct slice
take_operand(struct slice *text)
{
	char end;

	*text = text_trim(*text);
	if (text->len > 1 && text->ptr[0] == 'm' &&
	    !ascii_is_alpha(text->ptr[1]))
		*text = slice_after(*text, 1);
	if (text->len < 2)
		return SLICE("");
	end = text->ptr[0];
	*text = slice_after(*text, 1);
	for (size_t i = 0; i < text->len; i++) {
		if (text->ptr[i] == '\\') {
			i++;
		} else if (text->ptr[i] == end) {
			struct slice operand = slice_of(text->ptr, i);
			*text = slice_after(*text, i + 1);
			return operand;
		}
	}
	struct slice operand = *text;
	*text = slice_after(*text, text->len);
	return operand;
}

static void
test_add(struct import_condition *c, struct slice text, bool literal)
{
	if (c->count == IMPORT_TESTS_MAX) {
		c->unclear = true;
		return;
	}
	c->tests[c->count++] = (struct import_test){text, literal};
}

/* in { 'https://a', 'https://b' } */
static void
read_list(struct import_condition *c, struct slice *rest)
{
	struct slice item, list;

	*rest = slice_after(*rest, 1);
	list = slice_of(rest->ptr, text_find(*rest, '}'));
	*rest = slice_after(*rest, list.len);
	while (text_element_next(&list, &item))
		test_add(c, take_operand(&item), true);
}

/* The operator after the Origin, and its operand. */
static void
read_comparison(struct import_condition *c, struct slice *rest)
{
	static const char *const equal[] = {"-eq", "eq", "==", "="};

	*rest = text_trim(*rest);
	for (size_t i = 0; i < 2; i++)
		if (slice_starts(*rest, i == 0 ? SLICE("=~") : SLICE("-re"))) {
			*rest = slice_after(*rest, i == 0 ? 2 : 3);
			test_add(c, take_operand(rest), false);
			return;
		}
	for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++)
		if (slice_starts(*rest, slice_from(equal[i]))) {
			*rest = slice_after(*rest, strlen(equal[i]));
			test_add(c, take_operand(rest), true);
			return;
		}
	if (slice_starts(*rest, SLICE("!="))) {
		*rest = slice_after(*rest, 2);
		/* != '': the request has an Origin. */
		c->any |= take_operand(rest).len == 0;
		c->unclear |= !c->any;
		return;
	}
	struct slice list =
	    slice_starts(*rest, SLICE("-")) ? slice_after(*rest, 1) : *rest;
	if (slice_starts(list, SLICE("in"))) {
		list = text_trim(slice_after(list, 2));
		if (slice_starts(list, SLICE("{"))) {
			read_list(c, &list);
			*rest = list;
			return;
		}
	}
	c->unclear = true;
}

/* REQUEST_METHOD == 'OPTIONS', and not "!=". */
static bool
is_options(struct slice text)
{
	size_t at = text_find_nocase(text, SLICE("REQUEST_METHOD"));
	struct slice rest = slice_after(text, at);
	size_t end = text_find(rest, '&');

	rest = slice_of(rest.ptr, end);
	return text_has_nocase(rest, SLICE("OPTIONS")) &&
	       !text_has_nocase(rest, SLICE("!"));
}

void
import_condition(struct slice text, struct import_condition *c)
{
	struct slice rest = text;
	size_t end;

	*c = (struct import_condition){.count = 0};
	if (text_has_nocase(text, SLICE("REQUEST_METHOD"))) {
		c->method = true;
		c->preflight = is_options(text);
	}
	/* A negation of the whole expression, or of a comparison in
	 * parentheses. */
	c->unclear = text_has_nocase(text, SLICE("!(")) ||
		     text_has_nocase(text, SLICE("! (")) ||
		     text_has_nocase(text, SLICE("!~"));
	while ((end = origin_end(rest)) > 0) {
		struct slice before = text_trim(slice_of(rest.ptr, end));
		bool present = text_has_nocase(before, SLICE("-n "));
		c->origin = true;
		rest = slice_after(rest, end);
		if (present)
			c->any = true;
		else
			read_comparison(c, &rest);
	}
	c->other = c->origin && (text_has_nocase(text, SLICE("HTTP:Host")) ||
				 text_has_nocase(text, SLICE("HTTP_HOST")) ||
				 text_has_nocase(text, SLICE("REQUEST_URI")) ||
				 text_has_nocase(text, SLICE("REMOTE_ADDR")) ||
				 text_has_nocase(text, SLICE("{HTTPS}")));
}
