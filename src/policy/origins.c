/*
 * The values of origins, origins-file, origins-regex and timing.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "policy/idn.h"
#include "policy/values.h"

/* A host that another test would refuse later has its A-labels tested too,
 * because the host comes before port and path (DESIGN.md section 4). */
static bool
has_bad_label(struct slice text)
{
	const char *at = memmem(text.ptr, text.len, "://", 3);

	if (at == NULL || memmem(text.ptr, text.len, "xn--", 4) == NULL)
		return false;
	struct slice host = slice_after(text, (size_t)(at - text.ptr) + 3);
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] == ':' || host.ptr[i] == '/')
			host.len = i;
	return !idn_labels_valid(host);
}

enum origin_fault
origins_parse(struct slice text, struct origin_pattern *pattern)
{
	enum origin_fault fault = origin_pattern_parse(text, pattern);
	bool host_passed =
	    fault == ORIGIN_FAULT_NONE || fault > ORIGIN_FAULT_HOST;

	return host_passed && has_bad_label(text) ? ORIGIN_FAULT_HOST : fault;
}

/* What is wrong, in words that follow the origin. */
static const char *
fault_text(enum origin_fault fault, struct slice text)
{
	switch (fault) {
	case ORIGIN_FAULT_NONE:
		break;
	case ORIGIN_FAULT_INVALID:
		return "an origin holds no quotes, \"?\", \"#\" or \"@\"";
	case ORIGIN_FAULT_NULL:
		return "every sandboxed frame and every file sends it; only "
		       "\"allow-null = yes\" allows it";
	case ORIGIN_FAULT_FILE_SCHEME:
		return "a page opened from a file has the origin null";
	case ORIGIN_FAULT_SCHEME:
		return memmem(text.ptr, text.len, "://", 3) == NULL
			   ? "an origin begins with a scheme and \"://\""
			   : "what stands before \"://\" is no scheme";
	case ORIGIN_FAULT_TOO_LONG:
		return "a scheme has at most 64 bytes, a host 253, and 251 "
		       "after \"*.\"";
	case ORIGIN_FAULT_NON_ASCII:
		return "browsers send such a host in punycode";
	case ORIGIN_FAULT_CASE:
		return "browsers send origins in lower case";
	case ORIGIN_FAULT_WILDCARD:
		return "\"*\" stands for subdomains (https://*.example.com), "
		       "for a port (http://localhost:*), or alone";
	case ORIGIN_FAULT_IPV6:
		return "an IPv6 address stands in brackets, in the form of RFC "
		       "5952";
	case ORIGIN_FAULT_IPV4:
		return "a host whose last label begins with a digit is an IPv4 "
		       "address of four numbers";
	case ORIGIN_FAULT_HOST:
		return "the host is no valid name";
	case ORIGIN_FAULT_PORT:
		return "a port is a number from 1 to 65535 without leading "
		       "zeros, or \"*\"";
	case ORIGIN_FAULT_DEFAULT_PORT:
		return "browsers leave the default port out";
	case ORIGIN_FAULT_PATH:
		return "an origin has no path, not even \"/\"";
	}
	return "";
}

void
origins_fault(struct loader *loader, const struct origins_file *file,
	      unsigned line, struct slice text, enum origin_fault fault)
{
	diag_report(loader->diags, SEVERITY_ERROR,
		    file == NULL ? loader->file : file->name, line,
		    origin_fault_id(fault), origin_fix(loader->scratch, text),
		    "origin \"%s\": %s", loader_quote(loader, text),
		    fault_text(fault, text));
}

/* "origins = https://a # ours": said once, not of every word behind it. */
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
item_take(struct loader *loader, struct origins *origins, struct slice item,
	  unsigned line)
{
	struct origin_item add = {.line = line};
	enum origin_fault fault;

	if (slice_eq(item, SLICE("*"))) {
		if (origins->any_line == 0)
			origins->any_line = line;
		return;
	}
	fault = origins_parse(item, &add.pattern);
	if (fault == ORIGIN_FAULT_NULL) {
		/* conflicts.c knows whether it is allowed. */
		if (origins->null_line == 0)
			origins->null_line = line;
		return;
	}
	if (fault != ORIGIN_FAULT_NONE) {
		origins_fault(loader, NULL, line, item, fault);
		origins->faulty = true;
	} else if (loader_grow(loader, &origins->items, origins->count,
			       &origins->cap, sizeof(add))) {
		origins->items[origins->count++] = add;
	}
}

void
origins_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct draft *draft = target;
	struct slice rest = entry->value, item;

	while (value_next(&rest, &item)) {
		if (is_late_comment(loader, item, entry->line)) {
			draft->origins->faulty = true;
			return;
		}
		item_take(loader, draft->origins, item, entry->line);
	}
}

void
origins_file_take(struct loader *loader, void *target,
		  const struct entry *entry)
{
	struct draft *draft = target;
	struct origins *origins = draft->origins;
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
	if (loader_grow(loader, &origins->files, origins->file_count,
			&origins->file_cap, sizeof(add)))
		origins->files[origins->file_count++] = add;
}

/* Regexes are not in the arena: the settings must know of each. */
static bool
keep_regex(struct loader *loader, struct regex *regex)
{
	struct settings *settings = loader->settings;
	struct regex **grown = loader_list(
	    loader, settings->regexes, settings->regex_count, sizeof(*grown));

	if (grown == NULL)
		return false;
	grown[settings->regex_count++] = regex;
	settings->regexes = grown;
	return true;
}

void
origins_regex_take(struct loader *loader, void *target,
		   const struct entry *entry)
{
	struct draft *draft = target;
	struct origins *origins = draft->origins;
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
	if (loader_grow(loader, &origins->regexes, origins->regex_count,
			&origins->regex_cap, sizeof(add)))
		origins->regexes[origins->regex_count++] = add;
}

/* One origin of `timing`; Timing-Allow-Origin knows no patterns. */
static void
timing_origin(struct loader *loader, struct timing *timing, struct slice item,
	      unsigned line)
{
	struct origin_pattern pattern;
	enum origin_fault fault = origins_parse(item, &pattern);

	if (fault == ORIGIN_FAULT_NONE &&
	    (pattern.any_subdomain || pattern.any_port)) {
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
		origins_fault(loader, NULL, line, item, fault);
	} else if (!items_have(&timing->origins, item)) {
		items_add(loader, &timing->origins, item, line);
		if (timing->kind == TIMING_NONE)
			timing->kind = TIMING_LIST;
	}
}

void
timing_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct timing *timing = &((struct draft *)target)->timing;
	struct slice rest = entry->value, item;

	while (value_next(&rest, &item)) {
		if (is_late_comment(loader, item, entry->line))
			return;
		if (slice_eq(item, SLICE("*")))
			timing->kind = TIMING_ANY;
		else if (!slice_eq(item, SLICE("same")))
			timing_origin(loader, timing, item, entry->line);
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
