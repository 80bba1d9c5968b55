/*
 * The CORS headers of another configuration, as keys of a policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "policy/import_parts.h"

enum key {
	KEY_ORIGIN,
	KEY_CREDENTIALS,
	KEY_METHODS,
	KEY_HEADERS,
	KEY_EXPOSE,
	KEY_MAX_AGE,
	KEY_TIMING,
	KEY_RESOURCE_POLICY,
	KEY_PRIVATE_NETWORK,
	KEY_NONE
};

static enum key
key_of(struct slice name)
{
	static const char *const names[] = {
	    [KEY_ORIGIN] = "Access-Control-Allow-Origin",
	    [KEY_CREDENTIALS] = "Access-Control-Allow-Credentials",
	    [KEY_METHODS] = "Access-Control-Allow-Methods",
	    [KEY_HEADERS] = "Access-Control-Allow-Headers",
	    [KEY_EXPOSE] = "Access-Control-Expose-Headers",
	    [KEY_MAX_AGE] = "Access-Control-Max-Age",
	    [KEY_TIMING] = "Timing-Allow-Origin",
	    [KEY_RESOURCE_POLICY] = "Cross-Origin-Resource-Policy",
	    [KEY_PRIVATE_NETWORK] = "Access-Control-Allow-Private-Network",
	};

	for (size_t i = 0; i < KEY_NONE; i++)
		if (slice_eq_nocase(name, slice_from(names[i])))
			return (enum key)i;
	return KEY_NONE;
}

bool
import_is_cors_header(struct slice name)
{
	return key_of(name) != KEY_NONE;
}

/* Several origins in one value never matched any page. */
static void
read_origins(struct import *import, struct import_scope *scope,
	     struct import_place place, struct slice value)
{
	struct slice rest = value, word;
	size_t count = 0;

	while (text_word_next(&rest, &word)) {
		count++;
		if (slice_eq(word, SLICE("*"))) {
			scope->any_origin = true;
			scope->any_place = place;
		} else {
			import_origin(import, scope, place, word);
		}
	}
	if (count > 1)
		import_say(import, SEVERITY_WARNING, place, "wildcard-in-list",
			   "Access-Control-Allow-Origin holds one origin, so "
			   "browsers refused this list; the policy allows each "
			   "of them");
	else if (count == 0)
		import_say(import, SEVERITY_WARNING, place, "not-carried-over",
			   "an empty Access-Control-Allow-Origin allows "
			   "nothing");
}

/* Methods and header names.  GET, HEAD and POST need not be listed, and
 * OPTIONS is for the preflight itself. */
static void
read_names(struct import *import, struct import_words *words,
	   struct import_place place, struct slice value, bool methods)
{
	static const char *const always[] = {"GET", "HEAD", "POST", "OPTIONS"};
	struct slice rest = value, word;

	while (text_word_next(&rest, &word)) {
		bool needed = true;
		for (size_t i = 0;
		     methods && i < sizeof(always) / sizeof(always[0]); i++)
			if (slice_eq_nocase(word, slice_from(always[i])))
				needed = false;
		if (needed)
			import_word_add(import, words, word, place);
	}
}

static void
read_credentials(struct import *import, struct import_scope *scope,
		 struct import_place place, struct slice value)
{
	if (slice_eq(value, SLICE("true"))) {
		scope->credentials = true;
		scope->credentials_place = place;
	} else {
		import_say(import, SEVERITY_WARNING, place, "credentials-value",
			   "Access-Control-Allow-Credentials is \"true\", in "
			   "lower case, or left out; browsers ignored \"%s\", "
			   "and so does the policy",
			   import_quote(import, value));
	}
}

static void
read_max_age(struct import *import, struct import_scope *scope,
	     struct import_place place, struct slice value)
{
	enum { MOST = 86400 };
	uint64_t seconds;

	if (!text_number_capped(value, MOST + 1, &seconds)) {
		import_say(import, SEVERITY_WARNING, place, "max-age-malformed",
			   "Access-Control-Max-Age is a plain number of "
			   "seconds; browsers ignored \"%s\"",
			   import_quote(import, value));
		return;
	}
	scope->max_age = (struct import_word){value, place};
	if (seconds > MOST) {
		scope->max_age.text = SLICE("86400");
		import_say(import, SEVERITY_NOTE, place, "max-age",
			   "no browser keeps a preflight for longer than a "
			   "day: the policy says 86400");
	}
}

void
import_header(struct import *import, struct import_scope *scope,
	      struct import_place place, struct slice name, struct slice value)
{
	value = text_trim(value);
	switch (key_of(name)) {
	case KEY_ORIGIN:
		read_origins(import, scope, place, value);
		break;
	case KEY_CREDENTIALS:
		read_credentials(import, scope, place, value);
		break;
	case KEY_METHODS:
		read_names(import, &scope->methods, place, value, true);
		break;
	case KEY_HEADERS:
		read_names(import, &scope->headers, place, value, false);
		break;
	case KEY_EXPOSE:
		read_names(import, &scope->expose, place, value, false);
		break;
	case KEY_MAX_AGE:
		read_max_age(import, scope, place, value);
		break;
	case KEY_TIMING:
		read_names(import, &scope->timing, place, value, false);
		break;
	case KEY_RESOURCE_POLICY:
		scope->resource_policy = (struct import_word){
		    arena_lower(import->arena, value), place};
		break;
	case KEY_PRIVATE_NETWORK:
		import_say(import, SEVERITY_NOTE, place, "not-carried-over",
			   "Access-Control-Allow-Private-Network is dead: "
			   "browsers prompt the visitor (Local Network "
			   "Access)");
		break;
	case KEY_NONE:
		return;
	}
	scope->set = true;
}
