/*
 * [cors] and [cors NAME] as wholes: what they inherit, and the specs that
 * policies are built from.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

bool
origins_any(const struct origins *origins)
{
	return origins->any_line != 0 || origins->null_line != 0 ||
	       origins->count > 0 || origins->file_count > 0 ||
	       origins->regex_count > 0;
}

static bool
draft_init(struct loader *loader, struct draft *draft,
	   const struct section *section)
{
	struct slice name = slice_from(loader_quote(loader, section->name));
	struct slice parts[] = {section->named ? SLICE("[cors ")
					       : SLICE("[cors"),
				section->named ? name : SLICE(""), SLICE("]")};
	char *label = arena_join(loader->scratch, parts, 3);

	if (label == NULL)
		loader_no_memory(loader);
	*draft = (struct draft){
	    .section = section,
	    .max_age = -1,
	    .preflight_status = 204,
	};
	draft->label = label;
	draft->origins = loader_scratch(loader, 1, sizeof(*draft->origins));
	if (label == NULL || draft->origins == NULL)
		return false;
	return true;
}

static bool
sets_origins(const struct draft *draft)
{
	return draft->lines[CORS_ORIGINS] != 0 ||
	       draft->lines[CORS_ORIGINS_FILE] != 0 ||
	       draft->lines[CORS_ORIGINS_REGEX] != 0;
}

/* DESIGN.md section 3: a key that is set replaces what [cors] says, lists too;
 * the three origins keys are one group. */
static void
inherit(struct draft *draft, const struct draft *base)
{
	for (size_t i = 0; keys_cors[i].name != NULL; i++) {
		const struct key *key = &keys_cors[i];
		if (draft->lines[i] == 0 && key->size > 0)
			memcpy((char *)draft + key->offset,
			       (const char *)base + key->offset, key->size);
	}
	if (!sets_origins(draft))
		draft->origins = base->origins;
}

/* Keys are read for their mistakes alone. */
static void
read_stray(struct loader *loader, struct section *section)
{
	struct draft draft;

	if (draft_init(loader, &draft, section))
		keys_read(loader, section, keys_cors, &draft, draft.lines);
}

static void
read_draft(struct loader *loader, struct section *section)
{
	struct draft *draft = &loader->drafts[loader->draft_count];

	if (!draft_init(loader, draft, section))
		return;
	keys_read(loader, section, keys_cors, draft, draft->lines);
	origins_merge(loader, draft->origins);
	loader->draft_count++;
}

/* [cors] first, wherever it stands. */
static void
read_sections(struct loader *loader, bool named)
{
	for (size_t i = 0; i < loader->count; i++) {
		struct section *section = &loader->sections[i];
		if (section->kind != SECTION_CORS || section->named != named)
			continue;
		if (section->stray)
			read_stray(loader, section);
		else
			read_draft(loader, section);
	}
}

void
cors_read(struct loader *loader)
{
	loader->drafts =
	    loader_scratch(loader, loader->count, sizeof(*loader->drafts));
	if (loader->drafts == NULL)
		return;
	read_sections(loader, false);
	if (loader->draft_count > 0)
		loader->base = &loader->drafts[0];
	read_sections(loader, true);
	if (loader->base == NULL)
		return;
	for (size_t i = 1; i < loader->draft_count; i++)
		inherit(&loader->drafts[i], loader->base);
}

/* `*` has swallowed what it covers: all but authorization (Fetch, "CORS
 * non-wildcard request-header name"). */
static struct name_list
list_names(struct loader *loader, const struct items *items,
	   bool keep_authorization)
{
	static const struct item authorization = {{"authorization", 13}, 0};
	struct items beside = {.any = true};

	if (!items->any)
		return items_names(loader, items);
	if (keep_authorization && items_have(items, authorization.text))
		items_add(loader, &beside, authorization.text, 0);
	return items_names(loader, &beside);
}

/* An empty list is no list. */
static void
finish_allow(struct loader *loader, const struct draft *draft,
	     struct policy_spec *spec)
{
	spec->has_allow = draft->allow.count > 0;
	if (!spec->has_allow)
		return;
	spec->allow = items_names(loader, &draft->allow);
	if (!name_list_complete_allow(loader->arena, &spec->allow))
		loader_no_memory(loader);
}

static void
finish_origins(struct loader *loader, const struct origins *origins,
	       struct policy_spec *spec, struct spec_source *source)
{
	source->has_origins = origins_any(origins);
	spec->any_origin = origins->any_line != 0;
	if (spec->any_origin)
		return;
	spec->null_origin = origins->null_line != 0;
	spec->origins = origins->merged;
	spec->origin_count = origins->merged_count;
	source->inline_count = origins->inline_count;

	const char **files =
	    loader_array(loader, origins->file_count, sizeof(*files));
	const struct regex **regexes =
	    loader_array(loader, origins->regex_count, sizeof(*regexes));
	struct slice *texts =
	    loader_array(loader, origins->regex_count, sizeof(*texts));
	if (files == NULL || regexes == NULL || texts == NULL)
		return;
	for (size_t i = 0; i < origins->file_count; i++)
		files[i] = origins->files[i].file->path;
	for (size_t i = 0; i < origins->regex_count; i++) {
		regexes[i] = origins->regexes[i].regex;
		texts[i] = origins->regexes[i].text;
	}
	spec->regexes = regexes;
	spec->regex_count = origins->regex_count;
	source->files = files;
	source->file_count = origins->file_count;
	source->regexes = texts;
	source->regex_count = origins->regex_count;
}

/* The three origins keys are one group: to add an origin is to do it where any
 * of them stands. */
static struct key_place
find_place(const struct loader *loader, const struct draft *draft,
	   enum cors_key key)
{
	const struct draft *holder = draft, *base = loader->base;

	/* What [cors] hands down may be meant for others without credentials.
	 */
	if (base != NULL && key != CORS_CREDENTIALS &&
	    (key == CORS_ORIGINS
		 ? sets_origins(base) && !sets_origins(draft)
		 : base->lines[key] != 0 && draft->lines[key] == 0))
		holder = base;
	return (struct key_place){holder->lines[key], holder->section->line,
				  holder->section->name, holder->credentials};
}

static void
finish_places(const struct loader *loader, const struct draft *draft,
	      struct spec_source *source)
{
	static const enum cors_key keys[PLACE_COUNT] = {
	    [PLACE_ORIGINS] = CORS_ORIGINS,
	    [PLACE_METHODS] = CORS_METHODS,
	    [PLACE_HEADERS] = CORS_HEADERS,
	    [PLACE_CREDENTIALS] = CORS_CREDENTIALS,
	    [PLACE_ALLOW] = CORS_ALLOW,
	};

	for (size_t i = 0; i < PLACE_COUNT; i++)
		source->places[i] = find_place(loader, draft, keys[i]);
}

static void
finish_draft(struct loader *loader, struct draft *draft,
	     struct policy_spec *spec, struct spec_source *source)
{
	struct name_list paths = items_names(loader, &draft->paths);
	struct name_list hosts = items_names(loader, &draft->hosts);

	*spec = (struct policy_spec){
	    .name = draft->section->name,
	    .line = draft->section->line,
	    .methods = list_names(loader, &draft->methods, false),
	    .headers = list_names(loader, &draft->headers, true),
	    .expose = list_names(loader, &draft->expose, false),
	    .credentials = draft->credentials,
	    .max_age = draft->max_age,
	    .forward_preflight = draft->forward_preflight,
	    .preflight_status = draft->preflight_status,
	    .enforce = draft->enforce,
	    .timing = draft->timing.kind,
	    .keep_app_headers = draft->keep_app_headers,
	    .debug = draft->debug,
	    .paths = paths.names,
	    .path_count = paths.count,
	    .hosts = hosts.names,
	    .host_count = hosts.count,
	};
	if (spec->timing == TIMING_LIST)
		spec->timing_origins =
		    items_names(loader, &draft->timing.origins);
	*source = (struct spec_source){
	    .allow_null = draft->allow_null,
	    .allow_insecure = draft->allow_insecure,
	    .allow_public_suffix = draft->allow_public_suffix,
	};
	finish_places(loader, draft, source);
	finish_allow(loader, draft, spec);
	finish_origins(loader, draft->origins, spec, source);
}

bool
cors_finish(struct loader *loader)
{
	struct settings *settings = loader->settings;
	struct policy_spec *specs =
	    loader_array(loader, loader->draft_count, sizeof(*specs));
	struct spec_source *sources =
	    loader_array(loader, loader->draft_count, sizeof(*sources));

	if (specs == NULL || sources == NULL)
		return false;
	for (size_t i = 0; i < loader->draft_count; i++)
		finish_draft(loader, &loader->drafts[i], &specs[i],
			     &sources[i]);
	settings->specs = specs;
	settings->spec_sources = sources;
	settings->spec_count = loader->draft_count;
	return true;
}
