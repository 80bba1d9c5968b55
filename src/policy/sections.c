/*
 * Whole sections: their values, what [cors NAME] inherits, and the specs that
 * policies are built from.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

/* ---- reading ---- */

static void
read_app(struct loader *loader, struct section *section)
{
	struct app_values unused = {.app = settings_app_default};
	struct app_values *values = section->ignored ? &unused : &loader->app;

	keys_read(loader, section, keys_app, values, values->lines);
}

static void
read_server(struct loader *loader, struct section *section)
{
	struct server_values unused = {.server = settings_server_default};
	struct server_values *values =
	    section->ignored ? &unused : &loader->server;

	keys_read(loader, section, keys_server, values, values->lines);
}

static void
read_warm(struct loader *loader, struct section *section)
{
	struct warm_values unused = {.warm = settings_warm_default};
	struct warm_values *values = section->ignored ? &unused : &loader->warm;

	keys_read(loader, section, keys_warm, values, values->lines);
}

static bool
cors_values_init(struct loader *loader, struct cors_values *values,
		 const struct section *section)
{
	struct slice name = slice_from(loader_quote(loader, section->name));
	struct slice parts[] = {section->named ? SLICE("[cors ")
					       : SLICE("[cors"),
				section->named ? name : SLICE(""), SLICE("]")};

	*values = (struct cors_values){
	    .section = section,
	    .label = arena_join(loader->scratch, parts, 3),
	    .origins = loader_scratch(loader, 1, sizeof(*values->origins)),
	    .max_age = -1,
	    .preflight_status = 204,
	};
	if (values->label == NULL)
		loader_no_memory(loader);
	return values->label != NULL && values->origins != NULL;
}

static void
read_cors(struct loader *loader, struct section *section)
{
	struct cors_values unused = {.label = NULL};
	struct cors_values *values =
	    section->ignored ? &unused : &loader->cors[loader->cors_count];

	if (!cors_values_init(loader, values, section))
		return;
	keys_read(loader, section, keys_cors, values, values->lines);
	if (section->ignored)
		return;
	origins_merge(loader, values->origins);
	loader->cors_count++;
}

static bool
sets_origins(const struct cors_values *values)
{
	return values->lines[CORS_ORIGINS] != 0 ||
	       values->lines[CORS_ORIGINS_FILE] != 0 ||
	       values->lines[CORS_ORIGINS_REGEX] != 0 ||
	       values->lines[CORS_ORIGINS_ENV] != 0;
}

/* DESIGN.md section 3: a key that is set replaces the one of [cors], also for
 * lists; the origins keys are one group. */
static void
inherit(struct cors_values *values, const struct cors_values *base)
{
	for (size_t i = 0; keys_cors[i].name != NULL; i++) {
		const struct key *key = &keys_cors[i];
		if (values->lines[i] == 0 && key->size > 0)
			memcpy((char *)values + key->offset,
			       (const char *)base + key->offset, key->size);
	}
	if (!sets_origins(values))
		values->origins = base->origins;
}

/* [cors] first, wherever it is in the file. */
static void
read_all_cors(struct loader *loader)
{
	loader->cors =
	    loader_scratch(loader, loader->count, sizeof(*loader->cors));
	if (loader->cors == NULL)
		return;
	for (int named = 0; named <= 1; named++) {
		for (size_t i = 0; i < loader->count; i++) {
			struct section *section = &loader->sections[i];
			if (section->kind == SECTION_CORS &&
			    section->named == named)
				read_cors(loader, section);
		}
		if (!named && loader->cors_count > 0)
			loader->base = &loader->cors[0];
	}
	for (size_t i = 1; loader->base != NULL && i < loader->cors_count; i++)
		inherit(&loader->cors[i], loader->base);
}

void
sections_read(struct loader *loader)
{
	struct settings *settings = loader->settings;

	loader->app.app = settings->app;
	loader->server.server = settings->server;
	loader->warm.warm = settings->warm;
	for (size_t i = 0; i < loader->count; i++) {
		struct section *section = &loader->sections[i];
		if (section->kind == SECTION_APP)
			read_app(loader, section);
		else if (section->kind == SECTION_SERVER)
			read_server(loader, section);
		else if (section->kind == SECTION_WARM)
			read_warm(loader, section);
		else if (section->kind == SECTION_ENV)
			keys_read_env(loader, section);
		else if (section->kind == SECTION_HANDLERS)
			keys_read_handlers(loader, section);
	}
	settings->app = loader->app.app;
	settings->server = loader->server.server;
	settings->warm = loader->warm.warm;
	read_all_cors(loader);
}

/* ---- specs ---- */

/* `*` covers all names but authorization (Fetch, "CORS non-wildcard
 * request-header name"). */
static struct name_list
list_names(struct loader *loader, const struct items *items,
	   bool keep_authorization)
{
	static const struct slice authorization = {"authorization", 13};
	struct items beside = {.any = true};

	if (!items->any)
		return items_names(loader, items);
	if (keep_authorization && items_have(items, authorization))
		items_add(loader, &beside, authorization, 0);
	return items_names(loader, &beside);
}

/* An empty list allows every method, as without the key. */
static void
finish_allow(struct loader *loader, const struct items *methods,
	     struct policy_spec *spec)
{
	spec->has_allow = methods->count > 0;
	if (!spec->has_allow)
		return;
	spec->allow = items_names(loader, methods);
	if (!name_list_complete_allow(loader->arena, &spec->allow))
		loader_no_memory(loader);
}

static void
finish_origins(struct loader *loader, const struct origins *origins,
	       struct policy_spec *spec, struct spec_source *source)
{
	source->has_origins = origins_any(origins);
	spec->no_origin = origins->none_line != 0;
	spec->any_origin = origins->any_line != 0;
	for (size_t i = 0; i < origins->file_count; i++)
		if (origins->files[i].file->variable != NULL)
			source->variable = origins->files[i].file->variable;
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
		if (origins->files[i].file->variable == NULL)
			files[source->file_count++] =
			    origins->files[i].file->path;
	for (size_t i = 0; i < origins->regex_count; i++) {
		regexes[i] = origins->regexes[i].regex;
		texts[i] = origins->regexes[i].text;
	}
	spec->regexes = regexes;
	spec->regex_count = origins->regex_count;
	source->files = files;
	source->regexes = texts;
	source->regex_count = origins->regex_count;
}

/* Where a person has to change the key: in [cors], if the section inherits it.
 * The origins keys are one group: an origin is added where any of them
 * is set. */
static struct key_place
find_place(const struct loader *loader, const struct cors_values *values,
	   enum cors_key key)
{
	const struct cors_values *holder = values, *base = loader->base;

	/* Other sections that inherit `credentials` may need it unchanged, so
	 * it is changed in the section itself. */
	if (base != NULL && key != CORS_CREDENTIALS &&
	    (key == CORS_ORIGINS
		 ? sets_origins(base) && !sets_origins(values)
		 : base->lines[key] != 0 && values->lines[key] == 0))
		holder = base;
	return (struct key_place){holder->lines[key], holder->section->line,
				  holder->section->name, holder->credentials};
}

static void
finish_places(const struct loader *loader, const struct cors_values *values,
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
		source->places[i] = find_place(loader, values, keys[i]);
}

static void
finish_cors(struct loader *loader, const struct cors_values *values,
	    struct policy_spec *spec, struct spec_source *source)
{
	struct name_list paths = items_names(loader, &values->paths);
	struct name_list hosts = items_names(loader, &values->hosts);

	*spec = (struct policy_spec){
	    .name = values->section->name,
	    .line = values->section->line,
	    .methods = list_names(loader, &values->methods, false),
	    .headers = list_names(loader, &values->headers, true),
	    .expose = list_names(loader, &values->expose, false),
	    .credentials = values->credentials,
	    .max_age = values->max_age,
	    .forward_preflight = values->forward_preflight,
	    .preflight_status = values->preflight_status,
	    .enforce = values->enforce,
	    .timing = values->timing.kind,
	    .resource_policy = values->resource_policy,
	    .isolate = values->isolate,
	    .keep_app_headers = values->keep_app_headers,
	    .debug = values->debug,
	    .paths = paths.names,
	    .path_count = paths.count,
	    .hosts = hosts.names,
	    .host_count = hosts.count,
	};
	if (spec->timing == TIMING_LIST)
		spec->timing_origins =
		    items_names(loader, &values->timing.origins);
	*source = (struct spec_source){
	    .allow_null = values->allow_null,
	    .allow_insecure = values->allow_insecure,
	    .allow_public_suffix = values->allow_public_suffix,
	};
	finish_places(loader, values, source);
	finish_allow(loader, &values->allow, spec);
	finish_origins(loader, values->origins, spec, source);
}

bool
sections_finish(struct loader *loader)
{
	struct settings *settings = loader->settings;
	struct policy_spec *specs =
	    loader_array(loader, loader->cors_count, sizeof(*specs));
	struct spec_source *sources =
	    loader_array(loader, loader->cors_count, sizeof(*sources));

	if (specs == NULL || sources == NULL)
		return false;
	for (size_t i = 0; i < loader->cors_count; i++)
		finish_cors(loader, &loader->cors[i], &specs[i], &sources[i]);
	settings->specs = specs;
	settings->spec_sources = sources;
	settings->spec_count = loader->cors_count;
	return true;
}
