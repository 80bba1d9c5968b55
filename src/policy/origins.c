/*
 * The values of origins, origins-file, origins-regex and timing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "base/text.h"
#include "policy/fix.h"

/* "origins = https://a # ours": one error, not one for each word of it. */
static bool
is_late_comment(struct loader *loader, struct slice item, unsigned line)
{
	if (item.ptr[0] != '#')
		return false;
	loader_error(
	    loader, line, "invalid-origin", NULL,
	    "\"#\" begins a comment at the start of a line alone; \";\" does "
	    "after a blank");
	return true;
}

static void
add_origin(struct loader *loader, struct origins *origins, struct slice item,
	   unsigned line)
{
	struct origin_item add = {.line = line};
	enum origin_fault fault;

	if (slice_eq(item, SLICE("*"))) {
		if (origins->any_line == 0)
			origins->any_line = line;
		return;
	}
	fault = origin_pattern_check(item, &add.pattern);
	if (fault == ORIGIN_FAULT_NULL) {
		/* check_cors reports it if it is not allowed. */
		if (origins->null_line == 0)
			origins->null_line = line;
		return;
	}
	if (fault != ORIGIN_FAULT_NONE) {
		loader_bad_origin(loader, loader->file, line, item, fault);
		origins->faulty = true;
	} else if (loader_grow(loader, loader->scratch, &origins->items,
			       origins->count, &origins->room, sizeof(add))) {
		origins->items[origins->count++] = add;
	}
}

void
origins_set(struct loader *loader, void *target, const struct entry *entry)
{
	struct cors_values *values = target;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (is_late_comment(loader, item, entry->line)) {
			values->origins->faulty = true;
			return;
		}
		add_origin(loader, values->origins, item, entry->line);
	}
}

void
origins_set_file(struct loader *loader, void *target, const struct entry *entry)
{
	struct cors_values *values = target;
	struct origins *origins = values->origins;
	struct file_item add = {.line = entry->line};

	if (entry->value.len == 0)
		return;
	add.file = origins_file_load(loader, entry->value, entry->line);
	if (add.file == NULL) {
		origins->faulty = true;
		return;
	}
	for (size_t i = 0; i < origins->file_count; i++) {
		if (origins->files[i].file == add.file) {
			loader_warn(loader, entry->line, "shadowed", NULL,
				    "\"%s\" is read already, see line %u",
				    loader_quote(loader, entry->value),
				    origins->files[i].line);
			return;
		}
	}
	if (loader_grow(loader, loader->scratch, &origins->files,
			origins->file_count, &origins->file_room, sizeof(add)))
		origins->files[origins->file_count++] = add;
}

/* A regex has memory of its own, which settings_release frees. */
static bool
keep_regex(struct loader *loader, struct regex *regex)
{
	struct settings *settings = loader->settings;

	if (!loader_grow(loader, loader->arena, &settings->regexes,
			 settings->regex_count, &loader->regex_room,
			 sizeof(struct regex *)))
		return false;
	settings->regexes[settings->regex_count++] = regex;
	return true;
}

void
origins_set_regex(struct loader *loader, void *target,
		  const struct entry *entry)
{
	struct cors_values *values = target;
	struct origins *origins = values->origins;
	struct regex_item add = {.text = entry->value, .line = entry->line};
	char fault[120];

	if (entry->value.len == 0)
		return;
	struct regex *regex = regex_compile(entry->value, fault, sizeof(fault));
	if (regex == NULL) {
		loader_error(loader, entry->line, "regex", NULL,
			     "regular expression \"%s\": %s",
			     loader_quote(loader, entry->value), fault);
		origins->faulty = true;
		return;
	}
	if (!keep_regex(loader, regex)) {
		regex_free(regex);
		return;
	}
	add.regex = regex;
	if (loader_grow(loader, loader->scratch, &origins->regexes,
			origins->regex_count, &origins->regex_room,
			sizeof(add)))
		origins->regexes[origins->regex_count++] = add;
}

/* One origin of `timing`; Timing-Allow-Origin knows no patterns. */
static void
add_timing_origin(struct loader *loader, struct timing *timing,
		  struct slice item, unsigned line)
{
	struct origin_pattern pattern;
	enum origin_fault fault = origin_pattern_check(item, &pattern);

	if (fault == ORIGIN_FAULT_NONE && !origin_pattern_is_exact(&pattern)) {
		loader_error(
		    loader, line, "wildcard", NULL,
		    "origin \"%s\": \"timing\" takes whole origins, \"*\" or "
		    "\"same\"",
		    loader_quote(loader, item));
	} else if (fault == ORIGIN_FAULT_NULL) {
		loader_error(
		    loader, line, "null-prohibited", NULL,
		    "origin \"null\": every sandboxed frame and every file "
		    "sends it");
	} else if (fault != ORIGIN_FAULT_NONE) {
		loader_bad_origin(loader, loader->file, line, item, fault);
	} else if (!items_have(&timing->origins, item)) {
		items_add(loader, &timing->origins, item, line);
		if (timing->kind == TIMING_NONE)
			timing->kind = TIMING_LIST;
	}
}

void
origins_set_timing(struct loader *loader, void *target,
		   const struct entry *entry)
{
	struct timing *timing = &((struct cors_values *)target)->timing;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (is_late_comment(loader, item, entry->line))
			return;
		if (slice_eq(item, SLICE("*")))
			timing->kind = TIMING_ANY;
		else if (!slice_eq(item, SLICE("same")))
			add_timing_origin(loader, timing, item, entry->line);
		else if (timing->kind == TIMING_NONE)
			timing->kind = TIMING_SAME;
		if (timing->kind == TIMING_SAME && timing->origins.count > 0)
			break;
	}
	if (timing->kind == TIMING_SAME && timing->origins.count > 0)
		loader_error(
		    loader, entry->line, "bad-value", NULL,
		    "\"timing\" takes \"same\" alone, \"*\", or origins");
}
