/*
 * Warnings and notes: what a policy may say, but probably should not.
 *
 * A key that [cors NAME] inherits is warned of where it stands, in [cors].
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "cors/names.h"

enum {
	MAX_AGE_LOW = 60,
	MAX_AGE_SAFARI = 600,	/* WebKit, CrossOriginPreflightResultCache */
	MAX_AGE_CHROMIUM = 7200 /* services/network/cors/preflight_result.cc */
};

void
lint_plain_method(struct loader *loader, const struct entry *entry,
		  struct slice method)
{
	loader_note(loader, entry->line, "safelisted", NULL,
		    "method \"%s\" is always allowed and need not be listed",
		    loader_quote(loader, method));
}

void
lint_method_case(struct loader *loader, const struct entry *entry,
		 struct slice method)
{
	char *upper = arena_text(loader->scratch, method);
	bool lower = false;

	for (size_t i = 0; upper != NULL && i < method.len; i++) {
		if (upper[i] < 'a' || upper[i] > 'z')
			continue;
		upper[i] = (char)(upper[i] - 'a' + 'A');
		lower = true;
	}
	if (lower)
		loader_warn(
		    loader, entry->line, "method-case", upper,
		    "method \"%s\": methods are case-sensitive, and browsers "
		    "put only DELETE, GET, HEAD, OPTIONS, POST and PUT in "
		    "upper case",
		    loader_quote(loader, method));
}

void
lint_plain_header(struct loader *loader, const struct entry *entry,
		  struct slice header)
{
	if (request_header_is_plain(header))
		loader_note(
		    loader, entry->line, "safelisted", NULL,
		    "header \"%s\" needs no permission unless its value is "
		    "unusual or longer than 128 bytes",
		    loader_quote(loader, header));
}

void
lint_plain_exposed(struct loader *loader, const struct entry *entry,
		   struct slice header)
{
	loader_note(loader, entry->line, "safelisted", NULL,
		    "header \"%s\" can always be read and need not be exposed",
		    loader_quote(loader, header));
}

void
lint_file_mode(struct loader *loader, const char *name,
	       const struct stat *status)
{
	if (!loader->options->warnings || !S_ISREG(status->st_mode) ||
	    (status->st_mode & S_IWOTH) == 0)
		return;
	diag_report(
	    loader->diags, SEVERITY_WARNING, name, 1, "writable-by-others",
	    NULL,
	    "everybody on this machine can write to the file (mode %04o); "
	    "take that away with chmod o-w",
	    (unsigned)(status->st_mode & 07777));
}

static void
lint_max_age(struct loader *loader, const struct draft *draft)
{
	unsigned line = draft->lines[CORS_MAX_AGE];

	if (line == 0 || draft->max_age < 0)
		return;
	if (draft->max_age < MAX_AGE_LOW)
		loader_warn(
		    loader, line, "max-age-low", NULL,
		    "with \"max-age = %ld\" browsers ask again and again; %d "
		    "or more spares preflights",
		    draft->max_age, MAX_AGE_LOW);
	else if (draft->max_age > MAX_AGE_CHROMIUM)
		loader_note(
		    loader, line, "max-age-capped", NULL,
		    "browsers use less than %ld: Chromium at most %d, Safari "
		    "at most %d",
		    draft->max_age, MAX_AGE_CHROMIUM, MAX_AGE_SAFARI);
	else if (draft->max_age > MAX_AGE_SAFARI)
		loader_note(loader, line, "max-age-capped", NULL,
			    "Safari uses less than %ld: at most %d",
			    draft->max_age, MAX_AGE_SAFARI);
}

/* Names beside `*`; authorization has to stand there. */
static void
lint_beside_any(struct loader *loader, const struct items *items,
		const char *key)
{
	if (!items->any)
		return;
	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->list[i];
		if (strcmp(key, "headers") == 0 &&
		    slice_eq(item->text, SLICE("authorization")))
			continue;
		loader_warn(loader, item->line, "shadowed", NULL,
			    "\"%s\" is covered by \"*\" in \"%s\"",
			    loader_quote(loader, item->text), key);
	}
}

static void
lint_headers(struct loader *loader, const struct draft *draft)
{
	const struct items *headers = &draft->headers;

	if (draft->lines[CORS_HEADERS] == 0 || headers->any ||
	    headers->count == 0)
		return;
	for (size_t i = 0; i < headers->count; i++)
		if (!request_header_is_plain(headers->list[i].text))
			return;
	loader_warn(
	    loader, draft->lines[CORS_HEADERS], "useless-headers", NULL,
	    "\"headers\" names only what browsers send without asking; the "
	    "key can be left out");
}

static void
lint_lists(struct loader *loader, const struct draft *draft)
{
	if (draft->lines[CORS_METHODS] != 0)
		lint_beside_any(loader, &draft->methods, "methods");
	if (draft->lines[CORS_HEADERS] != 0)
		lint_beside_any(loader, &draft->headers, "headers");
	if (draft->lines[CORS_EXPOSE] != 0)
		lint_beside_any(loader, &draft->expose, "expose");
	if (draft->lines[CORS_TIMING] != 0 && draft->timing.kind == TIMING_ANY)
		for (size_t i = 0; i < draft->timing.origins.count; i++)
			loader_warn(
			    loader, draft->timing.origins.list[i].line,
			    "shadowed", NULL,
			    "\"%s\" is covered by \"*\" in \"timing\"",
			    loader_quote(loader,
					 draft->timing.origins.list[i].text));
	lint_headers(loader, draft);
}

/* A preflight allows the method, and then the request gets 405. */
static void
lint_allow(struct loader *loader, const struct draft *draft)
{
	unsigned methods = draft->lines[CORS_METHODS];
	unsigned allow = draft->lines[CORS_ALLOW];

	if ((methods == 0 && allow == 0) || draft->allow.count == 0)
		return;
	for (size_t i = 0; i < draft->methods.count; i++) {
		const struct item *item = &draft->methods.list[i];
		if (items_have(&draft->allow, item->text) ||
		    slice_eq(item->text, SLICE("OPTIONS")))
			continue;
		loader_warn(
		    loader, methods != 0 ? item->line : allow,
		    "allow-misses-method", NULL,
		    "method \"%s\" stands in \"methods\" but not in \"allow\": "
		    "its preflight passes, and the request is then answered "
		    "405",
		    loader_quote(loader, item->text));
	}
}

/* What is to be said of one origin; NULL: nothing. */
static const char *
wildcard_warning(const struct draft *draft,
		 const struct origin_pattern *pattern, const char **id)
{
	if (origin_is_suffix(pattern)) {
		*id = draft->allow_public_suffix ? "broad-wildcard"
						 : "public-suffix";
		if (draft->credentials && !draft->allow_public_suffix)
			return NULL; /* an error */
		return "anybody can register a name under it";
	}
	*id = "broad-wildcard";
	if (pattern->any_port && !pattern->is_loopback)
		return "every port of the host is let in, whoever opens it";
	return NULL;
}

static void
lint_origin(struct loader *loader, const struct draft *draft,
	    struct origins_file *file, unsigned line,
	    const struct origin_pattern *pattern)
{
	const char *id;
	const char *why = wildcard_warning(draft, pattern, &id);

	if (why == NULL)
		return;
	diag_report(loader->diags, SEVERITY_WARNING,
		    file == NULL ? loader->file : file->name,
		    file == NULL ? line
				 : origins_file_line(file, pattern->text.ptr),
		    id, NULL, "origin \"%s\": %s",
		    loader_quote(loader, pattern->text), why);
}

static void
lint_origins(struct loader *loader, const struct draft *draft)
{
	const struct origins *origins = draft->origins;

	for (size_t i = 0; i < origins->count; i++)
		lint_origin(loader, draft, NULL, origins->items[i].line,
			    &origins->items[i].pattern);
	for (size_t i = 0; i < origins->file_count; i++) {
		struct origins_file *file = origins->files[i].file;
		for (size_t j = 0; j < file->count; j++)
			lint_origin(loader, draft, file, 0, &file->patterns[j]);
	}
	for (size_t i = 0; i < origins->regex_count; i++)
		loader_warn(loader, origins->regexes[i].line, "regex-origin",
			    NULL,
			    "a regular expression easily allows more than it "
			    "should; \"origins\" knows subdomains and ports "
			    "(https://*.example.com, http://localhost:*)");
	if (origins->null_line != 0 && draft->allow_null && !draft->credentials)
		loader_warn(
		    loader, origins->null_line, "null-origin", NULL,
		    "origin \"null\" lets in every site: any page can open a "
		    "sandboxed frame that sends it");
}

static void
lint_reach(struct loader *loader, const struct draft *draft)
{
	bool chosen = draft->paths.count > 0 || draft->hosts.count > 0;
	bool tried =
	    draft->lines[CORS_PATH] != 0 || draft->lines[CORS_HOST] != 0;

	if (!draft->section->named || chosen || draft->section->suspect)
		return;
	/* A path that was no good has been reported. */
	if (tried && diag_count(loader->diags, SEVERITY_ERROR) > 0)
		return;
	loader_warn(loader, draft->section->line, "unreachable", NULL,
		    "%s has neither \"path\" nor \"host\": only the variable "
		    "CORSWRAP_POLICY chooses it",
		    draft->label);
}

void
lint_sections(struct loader *loader)
{
	for (size_t i = 0; i < loader->draft_count; i++) {
		const struct draft *draft = &loader->drafts[i];
		bool own_origins = draft == loader->base ||
				   loader->base == NULL ||
				   draft->origins != loader->base->origins;

		lint_max_age(loader, draft);
		lint_lists(loader, draft);
		lint_allow(loader, draft);
		if (own_origins)
			lint_origins(loader, draft);
		if (draft->lines[CORS_DEBUG] != 0 && draft->debug)
			loader_warn(
			    loader, draft->lines[CORS_DEBUG], "debug-on", NULL,
			    "\"debug = yes\" tells everybody "
			    "why a preflight was refused; not for production");
		lint_reach(loader, draft);
	}
}
