/*
 * The values of keys, read by their kind.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "base/text.h"
#include "policy/reader.h"
#include "policy/values.h"

/* The section's header, for messages. */
static const char *
section_label(struct loader *loader, const struct section *section)
{
	char label[READER_SECTION_MAX + 3];

	snprintf(label, sizeof(label), "[%s%s%.*s]",
		 section_word(section->kind), section->named ? " " : "",
		 (int)section->name.len,
		 section->name.len == 0 ? "" : section->name.ptr);
	return loader_quote(loader, slice_from(label));
}

/* A misspelt origins key is not also reported as missing origins. */
static void
note_misspelt_origins(struct section *section, const char *nearest)
{
	if (nearest != NULL && strncmp(nearest, "origins", 7) == 0)
		section->incomplete = true;
}

static void
unknown_key(struct loader *loader, struct section *section,
	    const struct entry *entry)
{
	const char *label = section_label(loader, section);
	const char *nearest =
	    keys_nearest(section->kind, section->named, entry->key);
	enum section_kind home = section_with_key(entry->key);
	const char *key = loader_quote(loader, entry->key);

	if (section->kind == SECTION_CORS && home == SECTION_CORS)
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->key,
			      "unknown-key", NULL,
			      "\"%s\" is for [cors NAME], not for [cors]", key);
	else if (home != SECTION_LOST && home != section->kind)
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->key,
			      "unknown-key", NULL,
			      "unknown key \"%s\" in %s; it belongs in [%s]",
			      key, label, section_word(home));
	else
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->key,
			      "unknown-key", nearest,
			      "unknown key \"%s\" in %s", key, label);
	if (home == SECTION_LOST)
		note_misspelt_origins(section, nearest);
}

static void *
field_of(void *target, const struct key *key)
{
	return (char *)target + key->offset;
}

static void
bad_value(struct loader *loader, const struct key *key,
	  const struct entry *entry, const char *fix, const char *wanted)
{
	loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
		      "bad-value", fix, "\"%s\" takes %s%s, not \"%s\"",
		      key->name, wanted, key->none ? ", or none" : "",
		      loader_quote(loader, entry->value));
}

static void
set_boolean(struct loader *loader, const struct key *key, void *target,
	    const struct entry *entry)
{
	static const char *const words[] = {"yes",  "no",    "on", "off",
					    "true", "false", NULL};
	const char *fix = value_nearest(entry->value, words);
	bool value = false;

	if (slice_eq(entry->value, SLICE("1")))
		fix = "yes";
	else if (slice_eq(entry->value, SLICE("0")))
		fix = "no";
	if (value_boolean(entry->value, &value))
		memcpy(field_of(target, key), &value, sizeof(value));
	else
		bad_value(loader, key, entry, fix, "yes or no");
}

static const struct measure *
measure_of(enum value_kind kind)
{
	switch (kind) {
	case VALUE_DURATION:
	case VALUE_SECONDS_LIMIT:
		return &value_duration;
	case VALUE_SIZE:
	case VALUE_LENGTH:
	case VALUE_SIZE_LIMIT:
		return &value_size;
	default:
		return &value_count;
	}
}

/* A number that the key takes, for one that it does not: with the right unit,
 * or the largest.  False: there is none. */
static bool
number_fix(const struct measure *measure, const struct key *key,
	   struct slice text, char fix[static VALUE_TEXT])
{
	uint64_t number = 0;
	bool valid = value_number(measure, text, &number);

	if (!valid && (!value_number_fix(measure, text, fix) ||
		       !value_number(measure, slice_from(fix), &number)))
		return false;
	if (number > key->max)
		value_number_write(measure, key->max, fix);
	return number > key->max || (!valid && number >= key->min);
}

/* A number within the key's bounds.  False: reported. */
static bool
read_number(struct loader *loader, const struct key *key,
	    const struct entry *entry, uint64_t *out)
{
	const struct measure *measure = measure_of(key->kind);
	char fix[VALUE_TEXT], least[VALUE_TEXT], most[VALUE_TEXT];
	char wanted[80];
	bool valid = value_number(measure, entry->value, out), fixed;

	if (valid && *out >= key->min && *out <= key->max)
		return true;
	fixed = number_fix(measure, key, entry->value, fix);
	value_number_write(measure, key->min, least);
	value_number_write(measure, key->max, most);
	snprintf(wanted, sizeof(wanted), "%s from %s to %s", measure->name,
		 least, most);
	bad_value(loader, key, entry, fixed ? fix : NULL,
		  valid || measure->grammar == NULL ? wanted
						    : measure->grammar);
	return false;
}

static void
set_number(struct loader *loader, const struct key *key, void *target,
	   const struct entry *entry)
{
	uint64_t value = 0;
	bool none = key->none && slice_eq(entry->value, SLICE("none"));

	if (!none && !read_number(loader, key, entry, &value))
		return;
	if (key->kind == VALUE_LENGTH)
		memcpy(field_of(target, key), &(size_t){(size_t)value},
		       sizeof(size_t));
	else if (key->kind == VALUE_COUNT)
		memcpy(field_of(target, key), &(unsigned){(unsigned)value},
		       sizeof(unsigned));
	else
		memcpy(field_of(target, key), &value, sizeof(value));
}

static void
set_limit(struct loader *loader, const struct key *key, void *target,
	  const struct entry *entry)
{
	struct limit limit = {.set = !slice_eq(entry->value, SLICE("none"))};

	if (limit.set && !read_number(loader, key, entry, &limit.value))
		return;
	/* RLIMIT_CPU counts whole seconds. */
	if (key->kind == VALUE_SECONDS_LIMIT)
		limit.value = (limit.value + 999) / 1000;
	memcpy(field_of(target, key), &limit, sizeof(limit));
}

/* One of the key's words; its number, or -1. */
static int
read_word(struct loader *loader, const struct key *key,
	  const struct entry *entry)
{
	char wanted[100] = "";
	size_t len = 0;

	if (key->unset && entry->value.len == 0)
		return 0;
	for (int i = 0; key->words[i] != NULL; i++)
		if (slice_eq(entry->value, slice_from(key->words[i])))
			return i + key->unset;
	for (int i = 0; key->words[i] != NULL && len < sizeof(wanted); i++)
		len +=
		    (size_t)snprintf(wanted + len, sizeof(wanted) - len, "%s%s",
				     i == 0			 ? ""
				     : key->words[i + 1] == NULL ? " or "
								 : ", ",
				     key->words[i]);
	bad_value(loader, key, entry, value_nearest(entry->value, key->words),
		  wanted);
	return -1;
}

static void
set_word(struct loader *loader, const struct key *key, void *target,
	 const struct entry *entry)
{
	int word = read_word(loader, key, entry);
	bool second = word == 1;

	if (word < 0)
		return;
	/* gcc and clang store every enum of the settings as unsigned int. */
	if (key->kind == VALUE_CHOICE)
		memcpy(field_of(target, key), &word, sizeof(word));
	else
		memcpy(field_of(target, key), &second, sizeof(second));
}

static void
set_path(struct loader *loader, const struct key *key, void *target,
	 const struct entry *entry)
{
	const char *path;

	if (entry->value.len == 0) {
		bad_value(loader, key, entry, NULL, "a path");
		return;
	}
	path = loader_path(loader, entry->value);
	memcpy(field_of(target, key), &path, sizeof(path));
}

static void
set_value(struct loader *loader, const struct key *key, void *target,
	  const struct entry *entry)
{
	switch (key->kind) {
	case VALUE_BOOLEAN:
		set_boolean(loader, key, target, entry);
		break;
	case VALUE_DURATION:
	case VALUE_SIZE:
	case VALUE_LENGTH:
	case VALUE_COUNT:
		set_number(loader, key, target, entry);
		break;
	case VALUE_SECONDS_LIMIT:
	case VALUE_SIZE_LIMIT:
	case VALUE_COUNT_LIMIT:
		set_limit(loader, key, target, entry);
		break;
	case VALUE_CHOICE:
	case VALUE_SWITCH:
		set_word(loader, key, target, entry);
		break;
	case VALUE_PATH:
		set_path(loader, key, target, entry);
		break;
	case VALUE_OWN:
		key->set(loader, target, entry);
		break;
	}
}

void
keys_read(struct loader *loader, struct section *section,
	  const struct key *table, void *target, unsigned lines[KEYS_MAX])
{
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		int index =
		    keys_find(section->kind, section->named, entry->key);

		if (index < 0) {
			unknown_key(loader, section, entry);
			continue;
		}
		if (lines[index] != 0 && !table[index].repeats) {
			loader_report(loader, SEVERITY_ERROR, entry->line,
				      entry->key, "duplicate-key", NULL,
				      "\"%s\" is set twice, first in line %u",
				      table[index].name, lines[index]);
			continue;
		}
		if (lines[index] == 0)
			lines[index] = entry->line;
		set_value(loader, &table[index], target, entry);
	}
}
