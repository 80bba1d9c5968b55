/*
 * What is wrong with a [cors] section only as a whole: origins that its other
 * keys forbid, sections without origins, sections that cover the same request.
 *
 * [cors NAME] may inherit origins or credentials.  Then what is wrong with them
 * is said where NAME makes it wrong, and not again where [cors] was wrong
 * already.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "policy/suffix.h"

/* A section under test.  What [cors] did wrong itself has been said of it. */
struct check {
	struct loader *loader;
	const struct draft *draft;
	const struct draft *base; /* [cors], if the origins are its; or NULL */
};

/* The line for what inherited origins make wrong. */
static unsigned
own_line(const struct draft *draft, enum cors_key key)
{
	return draft->lines[key] != 0 ? draft->lines[key]
				      : draft->section->line;
}

static unsigned
origin_line(const struct check *check, unsigned line, enum cors_key key)
{
	return check->base == NULL ? line : own_line(check->draft, key);
}

static void
check_null(const struct check *check)
{
	const struct draft *draft = check->draft, *base = check->base;
	unsigned line = draft->origins->null_line;

	if (line == 0)
		return;
	if (!draft->allow_null) {
		if (base == NULL || base->allow_null)
			loader_error(
			    check->loader,
			    origin_line(check, line, CORS_ALLOW_NULL),
			    "null-prohibited", NULL,
			    "origin \"null\": every sandboxed frame and every "
			    "file sends it; only \"allow-null = yes\" in %s "
			    "allows it",
			    draft->label);
	} else if (draft->credentials) {
		if (base == NULL || !base->allow_null || !base->credentials)
			loader_error(
			    check->loader,
			    origin_line(check, line, CORS_CREDENTIALS),
			    "null-with-credentials", NULL,
			    "origin \"null\" with \"credentials = yes\": any "
			    "site could read what is private");
	}
}

static void
check_any(const struct check *check)
{
	const struct draft *draft = check->draft;
	unsigned line = draft->origins->any_line;

	if (line == 0 || !draft->credentials ||
	    (check->base != NULL && check->base->credentials))
		return;
	loader_error(
	    check->loader, origin_line(check, line, CORS_CREDENTIALS),
	    "wildcard-with-credentials", NULL,
	    "\"origins = *\" with \"credentials = yes\": browsers refuse it; "
	    "name the origins, or set \"credentials = no\"");
}

/* What may be wrong with one pattern. */
struct rule {
	const char *id;
	bool (*breaks)(const struct origin_pattern *);
	bool (*forbidden)(const struct draft *);
	const char *(*fix)(struct arena *, const struct origin_pattern *);
	const char *why;
};

static bool
is_insecure(const struct origin_pattern *pattern)
{
	return slice_eq(pattern->scheme, SLICE("http")) &&
	       !pattern->is_loopback;
}

static bool
forbids_insecure(const struct draft *draft)
{
	return draft->credentials && !draft->allow_insecure;
}

/* Names of the machine itself nobody else can have (RFC 6761, 6.3). */
bool
origin_is_suffix(const struct origin_pattern *pattern)
{
	return pattern->any_subdomain && !pattern->is_loopback &&
	       suffix_is_public(pattern->host);
}

static bool
forbids_suffix(const struct draft *draft)
{
	return draft->credentials && !draft->allow_public_suffix;
}

static const struct rule rules[] = {
    {"insecure-origin", is_insecure, forbids_insecure, origin_fix_secure,
     "with \"credentials = yes\", whoever is on the way can read what is "
     "private; \"allow-insecure = yes\" allows it"},
    {"public-suffix", origin_is_suffix, forbids_suffix, NULL,
     "anybody can register a name under it, and \"credentials = yes\" "
     "shows them what is private; \"allow-public-suffix = yes\" allows "
     "it"},
};

static void
break_rule(const struct check *check, const struct rule *rule,
	   const struct origins_file *file, unsigned line,
	   const struct origin_pattern *pattern)
{
	struct loader *loader = check->loader;

	diag_report(loader->diags, SEVERITY_ERROR,
		    file == NULL ? loader->file : file->name, line, rule->id,
		    rule->fix == NULL ? NULL
				      : rule->fix(loader->scratch, pattern),
		    "origin \"%s\"%s: %s", loader_quote(loader, pattern->text),
		    check->base == NULL ? "" : " of [cors]", rule->why);
}

/* Of inherited origins the first one stands for all. */
static bool
break_inherited(const struct check *check, const struct rule *rule,
		const struct origin_pattern *pattern)
{
	if (check->base == NULL)
		return false;
	break_rule(check, rule, NULL, own_line(check->draft, CORS_CREDENTIALS),
		   pattern);
	return true;
}

static void
check_file(const struct check *check, const struct rule *rule,
	   struct origins_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct origin_pattern *pattern = &file->patterns[i];
		if (!rule->breaks(pattern))
			continue;
		if (break_inherited(check, rule, pattern))
			return;
		break_rule(check, rule, file,
			   origins_file_line(file, pattern->text.ptr), pattern);
	}
}

static void
check_rule(const struct check *check, const struct rule *rule)
{
	const struct origins *origins = check->draft->origins;

	if (!rule->forbidden(check->draft) ||
	    (check->base != NULL && rule->forbidden(check->base)))
		return;
	for (size_t i = 0; i < origins->count; i++) {
		const struct origin_item *item = &origins->items[i];
		if (!rule->breaks(&item->pattern))
			continue;
		if (break_inherited(check, rule, &item->pattern))
			return;
		break_rule(check, rule, NULL, item->line, &item->pattern);
	}
	for (size_t i = 0; i < origins->file_count; i++)
		check_file(check, rule, origins->files[i].file);
}

static void
check_draft(struct loader *loader, const struct draft *draft)
{
	struct check check = {.loader = loader, .draft = draft};

	if (draft != loader->base && loader->base != NULL &&
	    draft->origins == loader->base->origins)
		check.base = loader->base;
	check_any(&check);
	if (draft->origins->any_line != 0)
		return; /* it covers everything else */
	check_null(&check);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		check_rule(&check, &rules[i]);
}

/* Could origins have been there, if it were not for an error? */
static bool
is_excused(const struct loader *loader, const struct draft *draft)
{
	const struct draft *base = loader->base;

	if (draft->section->suspect || draft->section->guessed ||
	    draft->origins->faulty)
		return true;
	return base != NULL && draft->origins == base->origins &&
	       base->section->suspect;
}

/* DESIGN.md section 3: a [cors NAME] that ends with no origins, or a file in
 * which no section has any. */
static void
check_missing(struct loader *loader)
{
	bool some = loader->suspect;

	for (size_t i = 0; i < loader->count; i++)
		if (loader->sections[i].kind == SECTION_CORS &&
		    loader->sections[i].stray)
			some = true; /* an error is reported already */
	for (size_t i = 0; i < loader->draft_count; i++) {
		const struct draft *draft = &loader->drafts[i];
		if (origins_any(draft->origins) || is_excused(loader, draft)) {
			some = true;
		} else if (draft->section->named) {
			loader_error(
			    loader, draft->section->line, "missing-origins",
			    NULL,
			    "%s has no origins, neither its own nor those of "
			    "[cors]",
			    draft->label);
			some = true;
		}
	}
	if (!some)
		loader_error(loader,
			     loader->base == NULL ? 1
						  : loader->base->section->line,
			     "missing-origins", NULL,
			     "no section has origins; nobody would be allowed "
			     "anything");
}

/* The part of a spec by which sections are chosen. */
static bool
selector(struct loader *loader, const struct draft *draft,
	 struct policy_spec *spec)
{
	struct name_list paths = items_names(loader, &draft->paths);
	struct name_list hosts = items_names(loader, &draft->hosts);

	*spec = (struct policy_spec){
	    .name = draft->section->name,
	    .paths = paths.names,
	    .path_count = paths.count,
	    .hosts = hosts.names,
	    .host_count = hosts.count,
	};
	return paths.count > 0 || hosts.count > 0;
}

static void
report_tie(struct loader *loader, const struct draft *later,
	   const struct draft *earlier, struct slice path, struct slice host)
{
	const char *has_path = path.len == 0 ? "" : " path \"";
	const char *has_host = host.len == 0 ? "" : " host \"";

	loader_error(
	    loader, own_line(later, path.len == 0 ? CORS_HOST : CORS_PATH),
	    "duplicate-match", NULL,
	    "%s and %s (line %u) cover the same requests:%s%s%s%s%s%s%s",
	    later->label, earlier->label, earlier->section->line, has_path,
	    path.len == 0 ? "" : loader_quote(loader, path),
	    path.len == 0 ? "" : "\"",
	    path.len == 0 || host.len == 0 ? "" : ",", has_host,
	    host.len == 0 ? "" : loader_quote(loader, host),
	    host.len == 0 ? "" : "\"");
}

/* One error for each section that ties with one before it. */
static void
check_ties(struct loader *loader)
{
	struct policy_spec *specs =
	    loader_scratch(loader, loader->draft_count, sizeof(*specs));
	const struct draft **drafts =
	    loader_scratch(loader, loader->draft_count, sizeof(*drafts));
	struct slice path, host;
	size_t count = 0;

	if (specs == NULL || drafts == NULL)
		return;
	for (size_t i = 0; i < loader->draft_count; i++) {
		const struct draft *draft = &loader->drafts[i];
		if (!draft->section->named ||
		    !selector(loader, draft, &specs[count]))
			continue;
		drafts[count++] = draft;
		for (size_t j = 0; j + 1 < count; j++) {
			if (!policy_spec_ties(&specs[j], &specs[count - 1],
					      &path, &host))
				continue;
			report_tie(loader, draft, drafts[j], path, host);
			break;
		}
	}
}

void
conflicts_check(struct loader *loader)
{
	for (size_t i = 0; i < loader->draft_count; i++)
		check_draft(loader, &loader->drafts[i]);
	check_missing(loader);
	check_ties(loader);
}
