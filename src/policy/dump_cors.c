/*
 * The canonical form of [cors] and [cors NAME].
 *
 * A key that [cors] sets and [cors NAME] does not want is written out, since
 * NAME would inherit it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/dump.h"

#include <stdlib.h>

static void
put_names(struct dump *dump, const char *key, const struct name_list *names)
{
	struct dump_list list = {.dump = dump, .key = key};

	if (names->any)
		dump_item(&list, SLICE("*"));
	for (size_t i = 0; i < names->count; i++)
		dump_item(&list, names->names[i]);
	dump_list_end(&list);
	if (!names->any && names->count == 0)
		dump_text(dump, key, "");
}

/* What a section without [cors] above it would have. */
static const struct policy_spec usual_spec = {
    .max_age = -1,
    .preflight_status = 204,
};

static bool
same_names(const struct name_list *a, const struct name_list *b)
{
	if (a->any != b->any || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_eq(a->names[i], b->names[i]))
			return false;
	return true;
}

/* Is it neither so by default, nor (for NAME) so in [cors]? */
static void
put_changed_names(struct dump *dump, const char *key,
		  const struct name_list *names, const struct name_list *base)
{
	static const struct name_list none = {.count = 0};

	if (!same_names(names, &none) || !same_names(base, &none))
		put_names(dump, key, names);
}

static void
dump_origins(struct dump *dump, const struct policy_spec *spec,
	     const struct spec_source *source)
{
	struct dump_list list = {.dump = dump, .key = "origins"};

	if (spec->any_origin)
		dump_item(&list, SLICE("*"));
	for (size_t i = 0; i < source->inline_count; i++)
		dump_item(&list, spec->origins[i].text);
	if (spec->null_origin)
		dump_item(&list, SLICE("null"));
	dump_list_end(&list);
	for (size_t i = 0; i < source->file_count; i++)
		dump_path(dump, "origins-file", source->files[i]);
	for (size_t i = 0; i < source->regex_count; i++)
		dump_line(dump, "origins-regex", source->regexes[i]);
}

static void
dump_timing(struct dump *dump, const struct policy_spec *spec,
	    const struct policy_spec *base)
{
	if (spec->timing == TIMING_SAME)
		dump_text(dump, "timing", "same");
	else if (spec->timing == TIMING_ANY)
		dump_text(dump, "timing", "*");
	else if (spec->timing == TIMING_LIST)
		put_names(dump, "timing", &spec->timing_origins);
	else if (base->timing != TIMING_NONE)
		dump_text(dump, "timing", "");
}

static void
dump_answers(struct dump *dump, const struct policy_spec *spec,
	     const struct policy_spec *base)
{
	static const char *const enforce[] = {"advertise", "report",
					      "block-unsafe", "block"};

	if (spec->forward_preflight || base->forward_preflight)
		dump_text(dump, "preflight",
			  spec->forward_preflight ? "forward" : "answer");
	if (spec->preflight_status != 204 || base->preflight_status != 204)
		dump_number(dump, "preflight-status",
			    (uint64_t)spec->preflight_status);
	if (spec->has_allow || base->has_allow)
		put_names(dump, "allow", &spec->allow);
	if (spec->enforce != ENFORCE_ADVERTISE ||
	    base->enforce != ENFORCE_ADVERTISE)
		dump_text(dump, "enforce", enforce[spec->enforce]);
	dump_timing(dump, spec, base);
	if (spec->keep_app_headers || base->keep_app_headers)
		dump_text(dump, "app-headers",
			  spec->keep_app_headers ? "keep" : "override");
	if (spec->debug || base->debug)
		dump_boolean(dump, "debug", spec->debug);
}

static void
dump_places(struct dump *dump, const struct policy_spec *spec)
{
	const struct name_list paths = {spec->paths, spec->path_count, false};
	const struct name_list hosts = {spec->hosts, spec->host_count, false};

	if (paths.count > 0)
		put_names(dump, "path", &paths);
	if (hosts.count > 0)
		put_names(dump, "host", &hosts);
}

static void
dump_spec(struct dump *dump, const struct policy_spec *spec,
	  const struct spec_source *source, const struct policy_spec *base)
{
	dump_section(dump, "cors", spec->name);
	dump_places(dump, spec);
	dump_origins(dump, spec, source);
	put_changed_names(dump, "methods", &spec->methods, &base->methods);
	put_changed_names(dump, "headers", &spec->headers, &base->headers);
	put_changed_names(dump, "expose", &spec->expose, &base->expose);
	if (spec->credentials || base->credentials)
		dump_boolean(dump, "credentials", spec->credentials);
	if (spec->max_age >= 0)
		dump_number(dump, "max-age", (uint64_t)spec->max_age);
	dump_answers(dump, spec, base);
	if (source->allow_null)
		dump_boolean(dump, "allow-null", true);
	if (source->allow_insecure)
		dump_boolean(dump, "allow-insecure", true);
	if (source->allow_public_suffix)
		dump_boolean(dump, "allow-public-suffix", true);
}

/* [cors] first, then by NAME. */
static int
spec_compare(const void *left, const void *right)
{
	struct slice a = (*(const struct policy_spec *const *)left)->name;
	struct slice b = (*(const struct policy_spec *const *)right)->name;

	return slice_compare(a, b);
}

/* A [cors] without origins has handed its keys down already. */
int
dump_specs(struct dump *dump)
{
	const struct settings *settings = dump->settings;
	const struct policy_spec *base = &usual_spec;
	const struct policy_spec **sorted =
	    malloc((settings->spec_count + 1) * sizeof(*sorted));

	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < settings->spec_count; i++)
		sorted[i] = &settings->specs[i];
	qsort(sorted, settings->spec_count, sizeof(*sorted), spec_compare);
	for (size_t i = 0; i < settings->spec_count; i++) {
		const struct policy_spec *spec = sorted[i];
		const struct spec_source *source =
		    &settings->spec_sources[spec - settings->specs];

		if (!source->has_origins)
			continue;
		dump_spec(dump, spec, source,
			  spec->name.len == 0 ? &usual_spec : base);
		if (spec->name.len == 0)
			base = spec;
	}
	free(sorted);
	return 0;
}
