/*
 * Conflicts within and between [cors] sections: origins that other keys forbid,
 * sections without origins, sections that cover the same requests.
 *
 * [cors NAME] may inherit origins or credentials.  An error in them is reported
 * in the line of NAME that causes it, unless it was already reported for
 * [cors].
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <stdlib.h>

#include "policy/fix.h"
#include "policy/hostname.h"

/* A section being checked. */
struct check {
	struct loader *loader;
	const struct cors_values *values;
	const struct cors_values *base; /* [cors], if the origins are inherited;
					   its own errors have been reported */
};

/* The line for an error with inherited origins. */
static unsigned
own_line(const struct cors_values *values, enum cors_key key)
{
	return values->lines[key] != 0 ? values->lines[key]
				       : values->section->line;
}

static unsigned
origin_line(const struct check *check, unsigned line, enum cors_key key)
{
	return check->base == NULL ? line : own_line(check->values, key);
}

static void
check_null(const struct check *check)
{
	const struct cors_values *values = check->values, *base = check->base;
	unsigned line = values->origins->null_line;

	if (line == 0)
		return;
	if (!values->allow_null) {
		if (base == NULL || base->allow_null)
			loader_error(
			    check->loader,
			    origin_line(check, line, CORS_ALLOW_NULL),
			    "null-prohibited", NULL,
			    "origin \"null\": every sandboxed frame and every "
			    "file sends it; only \"allow-null = yes\" in %s "
			    "allows it",
			    values->label);
	} else if (values->credentials) {
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
	const struct cors_values *values = check->values;
	unsigned line = values->origins->any_line;

	if (line == 0 || !values->credentials ||
	    (check->base != NULL && check->base->credentials))
		return;
	loader_error(
	    check->loader, origin_line(check, line, CORS_CREDENTIALS),
	    "wildcard-with-credentials", NULL,
	    "\"origins = *\" with \"credentials = yes\": browsers refuse it; "
	    "name the origins, or set \"credentials = no\"");
}

/* An inherited `none` has been checked in [cors]. */
static void
check_none(const struct check *check)
{
	const struct origins *origins = check->values->origins;

	if (origins->none_line == 0 || check->base != NULL)
		return;
	if (origins->any_line != 0 || origins->null_line != 0 ||
	    origins->count > 0 || origins->file_count > 0 ||
	    origins->regex_count > 0)
		loader_error(check->loader, origins->none_line, "bad-value",
			     NULL,
			     "\"none\" allows no origin and must be the only "
			     "item of \"origins\"; remove it or the others");
}

/* A rule for origins: an error in the sections that forbid it. */
struct rule {
	const char *id;
	bool (*breaks)(const struct origin_pattern *);
	bool (*forbidden)(const struct cors_values *);
	const char *(*fix)(struct arena *, const struct origin_pattern *);
	const char *why;
};

static bool
forbids_insecure(const struct cors_values *values)
{
	return values->credentials && !values->allow_insecure;
}

/* Names under localhost cannot be registered (RFC 6761, 6.3). */
bool
origin_is_public_suffix(const struct origin_pattern *pattern)
{
	struct slice parent = origin_pattern_parent(pattern);

	return slice_present(parent) && !pattern->is_loopback &&
	       hostname_is_public_suffix(parent);
}

bool
origin_is_wide_range(const struct origin_pattern *pattern)
{
	return pattern->is_range && !pattern->is_loopback &&
	       pattern->bits < (pattern->host.ptr[0] == '[' ? 7 : 8);
}

bool
origin_is_file(const struct origin_pattern *pattern)
{
	return slice_eq(pattern->scheme, SLICE("file"));
}

static bool
forbids_wide(const struct cors_values *values)
{
	return values->credentials;
}

#ifdef WITHOUT_PSL
static bool
is_label_under_suffix(const struct origin_pattern *pattern)
{
	return pattern->any_label && origin_is_public_suffix(pattern);
}

/* With credentials the rule for all public suffixes applies. */
static bool
forbids_label(const struct cors_values *values)
{
	return !values->credentials && !values->allow_public_suffix;
}
#endif

static bool
forbids_suffix(const struct cors_values *values)
{
	return values->credentials && !values->allow_public_suffix;
}

static const struct rule rules[] = {
    {"insecure-origin", origin_pattern_is_insecure, forbids_insecure,
     fix_insecure_origin,
     "with \"credentials = yes\", whoever is on the way can read what is "
     "private; \"allow-insecure = yes\" allows it"},
    {"public-suffix", origin_is_public_suffix, forbids_suffix, NULL,
     "anyone can register a name under it, and \"credentials = yes\" shows "
     "them what is private; \"allow-public-suffix = yes\" allows it"},
    {"broad-wildcard", origin_is_wide_range, forbids_wide, NULL,
     "with \"credentials = yes\" too many machines can read what is private"},
    {"file-scheme", origin_is_file, forbids_wide, NULL,
     "any page in any webview that opens files sends it, and \"credentials = "
     "yes\" shows them what is private"},
#ifdef WITHOUT_PSL
    {"public-suffix", is_label_under_suffix, forbids_label, NULL,
     "this program has no list of public suffixes; \"allow-public-suffix = "
     "yes\" says that no one else can register a name under it"},
#endif
};

static void
break_rule(const struct check *check, const struct rule *rule,
	   const struct origins_file *file, struct text_place place,
	   const struct origin_pattern *pattern)
{
	struct loader *loader = check->loader;

	diag_report(loader->diags, SEVERITY_ERROR,
		    file == NULL ? loader->file : file->name, place, rule->id,
		    rule->fix == NULL || check->base != NULL
			? NULL /* the origin is in another line */
			: rule->fix(loader->scratch, pattern),
		    "origin \"%s\"%s: %s", loader_quote(loader, pattern->text),
		    check->base == NULL ? "" : " of [cors]", rule->why);
}

/* One error for all inherited origins. */
static bool
break_inherited(const struct check *check, const struct rule *rule,
		const struct origin_pattern *pattern)
{
	if (check->base == NULL)
		return false;
	break_rule(check, rule, NULL,
		   text_place_line(own_line(check->values, CORS_CREDENTIALS)),
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
			   origins_file_place(file, pattern->text), pattern);
	}
}

static void
check_rule(const struct check *check, const struct rule *rule)
{
	const struct origins *origins = check->values->origins;

	if (!rule->forbidden(check->values) ||
	    (check->base != NULL && rule->forbidden(check->base)))
		return;
	for (size_t i = 0; i < origins->count; i++) {
		const struct origin_item *item = &origins->items[i];
		if (!rule->breaks(&item->pattern))
			continue;
		if (break_inherited(check, rule, &item->pattern))
			return;
		break_rule(
		    check, rule, NULL,
		    loader_place(check->loader, item->line, item->pattern.text),
		    &item->pattern);
	}
	for (size_t i = 0; i < origins->file_count; i++)
		check_file(check, rule, origins->files[i].file);
}

static void
check_section(struct loader *loader, const struct cors_values *values)
{
	struct check check = {.loader = loader, .values = values};

	if (values != loader->base && loader->base != NULL &&
	    values->origins == loader->base->origins)
		check.base = loader->base;
	check_none(&check);
	check_any(&check);
	if (values->origins->any_line != 0)
		return; /* it covers everything else */
	check_null(&check);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		check_rule(&check, &rules[i]);
	check_regexes(loader, values, check.base);
}

/* Can an error be the reason that there are no origins? */
static bool
is_excused(const struct loader *loader, const struct cors_values *values)
{
	const struct cors_values *base = loader->base;

	if (values->section->incomplete || values->section->guessed ||
	    values->origins->faulty)
		return true;
	return base != NULL && values->origins == base->origins &&
	       base->section->incomplete;
}

/* DESIGN.md section 3: a [cors NAME] that ends with no origins, or a file in
 * which no section has any. */
static void
check_missing(struct loader *loader)
{
	bool some = loader->incomplete;

	for (size_t i = 0; i < loader->count; i++)
		if (loader->sections[i].kind == SECTION_CORS &&
		    loader->sections[i].ignored)
			some = true; /* an error is reported already */
	for (size_t i = 0; i < loader->cors_count; i++) {
		const struct cors_values *values = &loader->cors[i];
		if (origins_any(values->origins) ||
		    is_excused(loader, values)) {
			some = true;
		} else if (values->section->named) {
			loader_error(
			    loader, values->section->line, "missing-origins",
			    NULL,
			    "%s has no origins, neither its own nor those of "
			    "[cors]",
			    values->label);
			some = true;
		}
	}
	if (!some)
		loader_error(
		    loader,
		    loader->base == NULL ? 1 : loader->base->section->line,
		    "missing-origins", NULL,
		    "no section has origins; nothing would be allowed");
}

/*
 * ---- sections that cover the same requests ----
 *
 * The Origin chooses between them (DESIGN.md section 3, "Choosing").  To make
 * that possible, no two of them have an origin in common, and they may differ
 * in few keys, so that requests without Origin get the same response from
 * each.
 */

/* The part of a spec that decides which requests a section covers, and the keys
 * that policy_spec_differs compares. */
static bool
compared_spec(struct loader *loader, const struct cors_values *values,
	      struct policy_spec *spec)
{
	struct name_list paths = items_names(loader, &values->paths);
	struct name_list hosts = items_names(loader, &values->hosts);

	*spec = (struct policy_spec){
	    .name = values->section->name,
	    .paths = paths.names,
	    .path_count = paths.count,
	    .hosts = hosts.names,
	    .host_count = hosts.count,
	    .forward_preflight = values->forward_preflight,
	    .preflight_status = values->preflight_status,
	    .allow = items_names(loader, &values->allow),
	    .enforce = values->enforce,
	    .resource_policy = values->resource_policy,
	    .isolate = values->isolate,
	    .keep_app_headers = values->keep_app_headers,
	    .debug = values->debug,
	};
	if (spec->allow.count > 0 &&
	    !name_list_complete_allow(loader->scratch, &spec->allow))
		loader_no_memory(loader);
	return paths.count > 0 || hosts.count > 0;
}

static int
compare_texts(const void *left, const void *right)
{
	return slice_compare(*(const struct slice *)left,
			     *(const struct slice *)right);
}

/* Everything that the origins keys list, sorted by its text; NULL: no memory.
 */
static struct slice *
sorted_origins(struct loader *loader, const struct origins *origins,
	       size_t *count)
{
	size_t room = origins->count + origins->regex_count + 2, n = 0;
	struct slice *texts;

	for (size_t i = 0; i < origins->file_count; i++)
		room += origins->files[i].file->count;
	texts = loader_scratch(loader, room, sizeof(*texts));
	if (texts == NULL)
		return NULL;
	if (origins->any_line != 0)
		texts[n++] = SLICE("*");
	if (origins->null_line != 0)
		texts[n++] = SLICE("null");
	for (size_t i = 0; i < origins->count; i++)
		texts[n++] = origins->items[i].pattern.text;
	for (size_t i = 0; i < origins->regex_count; i++)
		texts[n++] = origins->regexes[i].text;
	for (size_t i = 0; i < origins->file_count; i++)
		for (size_t j = 0; j < origins->files[i].file->count; j++)
			texts[n++] = origins->files[i].file->patterns[j].text;
	qsort(texts, n, sizeof(*texts), compare_texts);
	*count = n;
	return texts;
}

/* An origin, pattern or expression that is in both; absent: there is none. */
static struct slice
common_origin(struct loader *loader, const struct origins *a,
	      const struct origins *b)
{
	size_t a_count = 0, b_count = 0;
	const struct slice *left = sorted_origins(loader, a, &a_count);
	const struct slice *right = sorted_origins(loader, b, &b_count);

	for (size_t i = 0, j = 0;
	     left != NULL && right != NULL && i < a_count && j < b_count;) {
		int order = slice_compare(left[i], right[j]);

		if (order == 0)
			return left[i];
		if (order < 0)
			i++;
		else
			j++;
	}
	return SLICE_NONE;
}

/* Two sections that tie. */
struct tie {
	const struct cors_values *earlier, *later;
	struct slice path; /* that both have, or absent */
	struct slice host;
};

static void
report_tie(struct loader *loader, const struct tie *tie, const char *why,
	   const char *what)
{
	const struct cors_values *later = tie->later, *earlier = tie->earlier;
	bool path = tie->path.len > 0, host = tie->host.len > 0;

	loader_error(
	    loader, own_line(later, path ? CORS_PATH : CORS_HOST),
	    "duplicate-match", NULL,
	    "%s and %s (line %u) cover the same requests (%s%s%s%s%s), and %s "
	    "\"%s\"",
	    later->label, earlier->label, earlier->section->line,
	    path ? "path " : "", path ? loader_quote(loader, tie->path) : "",
	    path && host ? ", " : "", host ? "host " : "",
	    host ? loader_quote(loader, tie->host) : "", why, what);
}

/* False: the Origin can choose between the two. */
static bool
check_tie(struct loader *loader, const struct tie *tie,
	  const struct policy_spec *earlier, const struct policy_spec *later)
{
	const char *key = policy_spec_differs(earlier, later);
	struct slice common;

	if (key != NULL) {
		report_tie(loader, tie, "they differ in", key);
		return true;
	}
	if (tie->earlier->origins->none_line != 0 ||
	    tie->later->origins->none_line != 0) {
		report_tie(loader, tie, "one of them has", "origins = none");
		return true;
	}
	common =
	    common_origin(loader, tie->earlier->origins, tie->later->origins);
	if (!slice_present(common))
		return false;
	report_tie(loader, tie, "both have the origin",
		   loader_quote(loader, common));
	return true;
}

/* One error for each section that ties with one before it. */
static void
check_ties(struct loader *loader)
{
	struct policy_spec *specs =
	    loader_scratch(loader, loader->cors_count, sizeof(*specs));
	const struct cors_values **sections =
	    loader_scratch(loader, loader->cors_count, sizeof(*sections));
	size_t count = 0;

	if (specs == NULL || sections == NULL)
		return;
	for (size_t i = 0; i < loader->cors_count; i++) {
		const struct cors_values *values = &loader->cors[i];
		if (!values->section->named ||
		    !compared_spec(loader, values, &specs[count]))
			continue;
		sections[count++] = values;
		for (size_t j = 0; j + 1 < count; j++) {
			struct tie tie = {.earlier = sections[j],
					  .later = values};
			if (policy_spec_ties(&specs[j], &specs[count - 1],
					     &tie.path, &tie.host) &&
			    check_tie(loader, &tie, &specs[j],
				      &specs[count - 1]))
				break;
		}
	}
}

void
check_cors(struct loader *loader)
{
	for (size_t i = 0; i < loader->cors_count; i++)
		check_section(loader, &loader->cors[i]);
	check_missing(loader);
	check_ties(loader);
}
