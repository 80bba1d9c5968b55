/*
 * The sections and keys, and the suggestion for a misspelt one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/keys.h"

#include "base/text.h"
#include "policy/values.h"

static const char *const section_words[] = {"app",  "server", "env", "handlers",
					    "cors", "warm",   NULL};

const struct key *
keys_of(enum section_kind kind)
{
	switch (kind) {
	case SECTION_APP:
		return keys_app;
	case SECTION_SERVER:
		return keys_server;
	case SECTION_CORS:
		return keys_cors;
	case SECTION_WARM:
		return keys_warm;
	case SECTION_ENV:
	case SECTION_HANDLERS:
	case SECTION_LOST:
		break;
	}
	return NULL;
}

int
keys_find(enum section_kind kind, bool named, struct slice name)
{
	const struct key *table = keys_of(kind);

	for (int i = 0; table != NULL && table[i].name != NULL; i++)
		if ((named || !table[i].named_only) &&
		    slice_eq(name, slice_from(table[i].name)))
			return i;
	return -1;
}

unsigned
keys_line(enum section_kind kind, const unsigned lines[KEYS_MAX],
	  const char *name)
{
	return lines[keys_find(kind, false, slice_from(name))];
}

enum section_kind
section_with_key(struct slice name)
{
	static const enum section_kind kinds[] = {SECTION_CORS, SECTION_APP,
						  SECTION_SERVER, SECTION_WARM};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (keys_find(kinds[i], true, name) >= 0)
			return kinds[i];
	return SECTION_LOST;
}

/* Names from the headers and from other CORS libraries. */
static const char *
known_alias(struct slice name)
{
	static const struct {
		const char *alias;
		const char *key;
	} aliases[] = {
	    {"access-control-allow-origin", "origins"},
	    {"access-control-allow-methods", "methods"},
	    {"access-control-allow-headers", "headers"},
	    {"access-control-allow-credentials", "credentials"},
	    {"access-control-expose-headers", "expose"},
	    {"access-control-max-age", "max-age"},
	    {"timing-allow-origin", "timing"},
	    {"allow-origin", "origins"},
	    {"allow-origins", "origins"},
	    {"allowed-origins", "origins"},
	    {"allow-methods", "methods"},
	    {"allowed-methods", "methods"},
	    {"allow-headers", "headers"},
	    {"allowed-headers", "headers"},
	    {"expose-headers", "expose"},
	    {"exposed-headers", "expose"},
	    {"allow-credentials", "credentials"},
	    {"regex", "origins-regex"},
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (slice_eq_nocase(name, slice_from(aliases[i].alias)))
			return aliases[i].key;
	return NULL;
}

const char *
keys_nearest(enum section_kind kind, bool named, struct slice name)
{
	const struct key *table = keys_of(kind);
	const char *names[KEYS_MAX + 1];
	size_t count = 0;

	if (kind == SECTION_CORS && known_alias(name) != NULL)
		return known_alias(name);
	for (; table != NULL && table->name != NULL; table++)
		if (named || !table->named_only)
			names[count++] = table->name;
	names[count] = NULL;
	return value_nearest(name, names);
}

const char *
section_word(enum section_kind kind)
{
	return section_words[kind];
}

enum section_kind
section_find(struct slice word)
{
	size_t i = 0;

	while (section_words[i] != NULL &&
	       !slice_eq(word, slice_from(section_words[i])))
		i++;
	return (enum section_kind)i;
}

enum section_kind
section_nearest(struct slice word)
{
	const char *nearest = value_nearest(text_trim(word), section_words);

	return section_find(slice_from(nearest));
}
