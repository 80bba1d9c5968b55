/*
 * The values of origins, origins-file, origins-env, origins-regex and timing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "policy/fix.h"

/* "origins = https://a # ours": one error, not one for each word of it. */
static bool
is_late_comment(struct loader *loader, struct slice item, unsigned line)
{
	if (item.ptr[0] != '#')
		return false;
	loader_report(
	    loader, SEVERITY_ERROR, line, item, "invalid-origin", NULL,
	    "\"#\" begins a comment at the start of a line alone; \";\" does "
	    "after a blank");
	return true;
}

/* The words that are not origins; false: another word. */
static bool
add_word(struct origins *origins, struct slice item, unsigned line)
{
	unsigned *where = NULL;

	if (slice_eq(item, SLICE("*")))
		where = &origins->any_line;
	else if (slice_eq(item, SLICE("none")))
		where = &origins->none_line;
	if (where != NULL && *where == 0)
		*where = line;
	return where != NULL;
}

/* "https://a;https://b", "https://a | https://b" */
static void
warn_separator(struct loader *loader, struct slice item, unsigned line)
{
	size_t at = text_find_any(item, ";|");
	struct origin_pattern pattern;

	if (at == item.len ||
	    (item.len > 1 &&
	     origin_pattern_parse(slice_of(item.ptr, at), &pattern) !=
		 ORIGIN_FAULT_NONE))
		return;
	loader_report(loader, SEVERITY_WARNING, line, item, "separator", NULL,
		      "origins are separated by blanks or commas, not by "
		      "\"%c\"",
		      item.ptr[at]);
}

static void
add_origin(struct loader *loader, struct origins *origins, struct slice item,
	   unsigned line)
{
	struct origin_item add = {.line = line};
	enum origin_fault fault;

	if (add_word(origins, item, line))
		return;
	fault = origin_pattern_check(item, &add.pattern);
	if (fault == ORIGIN_FAULT_NULL) {
		/* check_cors reports it if it is not allowed. */
		if (origins->null_line == 0)
			origins->null_line = line;
		return;
	}
	if (fault != ORIGIN_FAULT_NONE) {
		loader_bad_origin(loader, loader->file,
				  loader_place(loader, line, item),
				  ORIGIN_IN_LIST, item, fault);
		warn_separator(loader, item, line);
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
			loader_report(loader, SEVERITY_WARNING, entry->line,
				      entry->value, "shadowed", NULL,
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

/* ---- origins-env ---- */

/* With CGI a client can set these, or parts of them. */
static const char *const from_clients[] = {
    "HTTP_", "REDIRECT_", "REMOTE_", "REQUEST_", "SERVER_",  "SCRIPT_",
    "PATH_", "CONTENT_",  "AUTH_",   "QUERY_",	 "CORSWRAP_"};

static bool
is_variable(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alpha(name.ptr[i]) && name.ptr[i] != '_' &&
		    (i == 0 || !ascii_is_digit(name.ptr[i])))
			return false;
	return name.len > 0;
}

/* False: the name is not allowed, which has been reported. */
static bool
check_variable(struct loader *loader, const struct entry *entry)
{
	if (!is_variable(entry->value)) {
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "bad-value", NULL,
			      "\"origins-env\" takes the name of a variable, "
			      "not \"%s\"",
			      loader_quote(loader, entry->value));
		return false;
	}
	for (size_t i = 0; i < sizeof(from_clients) / sizeof(from_clients[0]);
	     i++) {
		if (!slice_starts(entry->value, slice_from(from_clients[i])))
			continue;
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "bad-value", NULL,
			      "\"origins-env\": under CGI a client can set "
			      "variables that begin with %s; use another name "
			      "than \"%s\"",
			      from_clients[i],
			      loader_quote(loader, entry->value));
		return false;
	}
	return true;
}

/* Read the words of the variable's value like those of `origins`. */
static void
read_variable(struct loader *loader, struct origins *origins,
	      struct origins_file *file)
{
	struct slice rest = file->text, item;
	size_t room = 0;

	while (text_word_next(&rest, &item))
		room++;
	file->patterns = loader_array(loader, room, sizeof(*file->patterns));
	if (file->patterns == NULL)
		return;
	rest = file->text;
	while (text_word_next(&rest, &item)) {
		struct origin_pattern *pattern = &file->patterns[file->count];
		enum origin_fault fault;

		if (add_word(origins, item, file->policy_line))
			continue;
		fault = origin_pattern_check(item, pattern);
		if (fault == ORIGIN_FAULT_NONE)
			file->count++;
		else if (fault == ORIGIN_FAULT_NULL)
			origins->null_line = file->policy_line;
		else
			loader_bad_origin(loader, file->name,
					  text_place_line(file->policy_line),
					  ORIGIN_IN_LIST, item, fault);
		origins->faulty =
		    origins->faulty ||
		    (fault != ORIGIN_FAULT_NONE && fault != ORIGIN_FAULT_NULL);
	}
}

/* A policy on the page must not reveal the server's variables, and lint does
 * not run in the responder's environment. */
static const char *
variable_value(struct loader *loader, const struct entry *entry,
	       const char *name)
{
	const char *value = loader->in_memory ? NULL : getenv(name);

	if (value != NULL)
		return value;
	if (loader->in_memory)
		loader_report(loader, SEVERITY_WARNING, entry->line,
			      entry->value, "origins-env", NULL,
			      "the variable \"%s\" is not read here", name);
	else if (loader->options->use == LOAD_LINT)
		loader_report(loader, SEVERITY_WARNING, entry->line,
			      entry->value, "origins-env", NULL,
			      "the variable \"%s\" is not set here; where the "
			      "policy is used it must be",
			      name);
	else
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "origins-env", NULL,
			      "the variable \"%s\" is not set; set it, empty "
			      "for no origins",
			      name);
	return "";
}

void
origins_set_env(struct loader *loader, void *target, const struct entry *entry)
{
	struct origins *origins = ((struct cors_values *)target)->origins;
	struct file_item add = {.line = entry->line};

	if (entry->value.len == 0)
		return;
	if (!check_variable(loader, entry)) {
		origins->faulty = true;
		return;
	}
	add.file = loader_scratch(loader, 1, sizeof(*add.file));
	char *name = arena_text(loader->arena, entry->value);
	if (add.file == NULL || name == NULL) {
		loader_no_memory(loader);
		return;
	}
	char *value = arena_text(
	    loader->arena, slice_from(variable_value(loader, entry, name)));
	if (value == NULL) {
		loader_no_memory(loader);
		return;
	}
	for (char *at = value; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	*add.file = (struct origins_file){.variable = name,
					  .policy_line = entry->line,
					  .name = loader->file,
					  .text = slice_from(value)};
	read_variable(loader, origins, add.file);
	if (add.file->patterns != NULL &&
	    loader_grow(loader, loader->scratch, &origins->files,
			origins->file_count, &origins->file_room, sizeof(add)))
		origins->files[origins->file_count++] = add;
}

/* ---- origins-regex, timing ---- */

/* A regex owns memory, which settings_release frees. */
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
	errno = 0;
	struct regex *regex = regex_compile(entry->value, fault, sizeof(fault));
	if (regex == NULL && errno == ENOMEM) {
		loader_no_memory(loader);
		origins->faulty = true;
		return;
	}
	if (regex == NULL) {
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "regex", NULL, "regular expression \"%s\": %s",
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

/* One origin of `timing`; Timing-Allow-Origin has no patterns. */
static void
add_timing_origin(struct loader *loader, struct timing *timing,
		  struct slice item, unsigned line)
{
	struct origin_pattern pattern;
	enum origin_fault fault = origin_pattern_check(item, &pattern);

	if (fault == ORIGIN_FAULT_NONE && !origin_pattern_is_exact(&pattern)) {
		loader_report(
		    loader, SEVERITY_ERROR, line, item, "wildcard", NULL,
		    "origin \"%s\": \"timing\" takes whole origins, \"*\" or "
		    "\"same\"",
		    loader_quote(loader, item));
	} else if (fault == ORIGIN_FAULT_NULL) {
		loader_report(
		    loader, SEVERITY_ERROR, line, item, "null-prohibited", NULL,
		    "origin \"null\": every sandboxed frame and every file "
		    "sends it");
	} else if (fault != ORIGIN_FAULT_NONE) {
		loader_bad_origin(loader, loader->file,
				  loader_place(loader, line, item),
				  ORIGIN_IN_TIMING, item, fault);
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
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, entry->value,
		    "bad-value", NULL,
		    "\"timing\" takes \"same\" alone, \"*\", or origins");
}
