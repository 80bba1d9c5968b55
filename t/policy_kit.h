/*
 * Policies for tests of the core, from a line of text as the policy file would
 * say it: "origins=https://a.com *; methods=PUT; credentials=yes".  No loader,
 * no checks: what a row says is what the core gets.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef POLICY_KIT_H
#define POLICY_KIT_H

#include <stdlib.h>

#include "cors/policy.h"
#include "unit.h"

enum { KIT_LIST_MAX = 64 };

/* The next word of *text, which ends at one of the separators. */
static inline struct slice
kit_word(struct slice *text, const char *separators)
{
	size_t len = 0;

	while (text->len > 0 && text->ptr[0] == ' ')
		*text = slice_after(*text, 1);
	while (len < text->len && strchr(separators, text->ptr[len]) == NULL)
		len++;
	struct slice word = slice_of(text->ptr, len);
	*text = slice_after(*text, len < text->len ? len + 1 : len);
	return word;
}

static inline const struct slice *
kit_list(struct arena *arena, struct slice value, size_t *count, bool *any)
{
	struct slice *list = arena_array(arena, KIT_LIST_MAX, sizeof(*list));

	assert_non_null(list);
	*count = 0;
	while (value.len > 0) {
		struct slice word = kit_word(&value, " ");
		if (any != NULL && slice_eq(word, SLICE("*")))
			*any = true;
		else if (word.len > 0) {
			assert_true(*count < KIT_LIST_MAX);
			list[(*count)++] = word;
		}
	}
	return list;
}

static inline void
kit_names(struct arena *arena, struct slice value, struct name_list *list)
{
	list->names = kit_list(arena, value, &list->count, &list->any);
}

static inline void
kit_origins(struct arena *arena, struct slice value, struct policy_spec *spec)
{
	size_t count;
	const struct slice *list =
	    kit_list(arena, value, &count, &spec->any_origin);
	struct origin_pattern *patterns =
	    arena_array(arena, count, sizeof(*patterns));

	assert_non_null(patterns);
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(list[i], SLICE("null"))) {
			spec->null_origin = true;
			continue;
		}
		assert_int_equal(origin_pattern_parse(
				     list[i], &patterns[spec->origin_count++]),
				 ORIGIN_FAULT_NONE);
	}
	spec->origins = patterns;
}

/* The place of the value among the words, which must have it. */
static inline int
kit_choice(struct slice value, const char *words)
{
	struct slice rest = slice_from(words);

	for (int i = 0; rest.len > 0; i++)
		if (slice_eq(kit_word(&rest, " "), value))
			return i;
	fail_msg("no such value: %.*s", (int)value.len, value.ptr);
	return -1;
}

static inline int
kit_number(struct slice value)
{
	char digits[16] = "";

	assert_true(value.len < sizeof(digits));
	memcpy(digits, value.ptr, value.len);
	return atoi(digits);
}

static inline void
kit_set(struct arena *arena, struct policy_spec *spec, struct slice key,
	struct slice value)
{
	static const char keys[] =
	    "name origins methods headers expose credentials max-age preflight "
	    "preflight-status allow enforce timing app-headers debug path "
	    "host resource-policy isolate";
	bool yes = slice_eq(value, SLICE("yes"));

	switch (kit_choice(key, keys)) {
	case 0:
		spec->name = value;
		break;
	case 1:
		kit_origins(arena, value, spec);
		break;
	case 2:
		kit_names(arena, value, &spec->methods);
		break;
	case 3:
		kit_names(arena, value, &spec->headers);
		break;
	case 4:
		kit_names(arena, value, &spec->expose);
		break;
	case 5:
		spec->credentials = yes;
		break;
	case 6:
		spec->max_age = kit_number(value);
		break;
	case 7:
		spec->forward_preflight = kit_choice(value, "answer forward");
		break;
	case 8:
		spec->preflight_status = kit_number(value);
		break;
	case 9:
		spec->has_allow = true;
		kit_names(arena, value, &spec->allow);
		assert_true(name_list_complete_allow(arena, &spec->allow));
		break;
	case 10:
		spec->enforce = (enum policy_enforce)kit_choice(
		    value, "advertise report block-unsafe block");
		break;
	case 11:
		spec->timing = slice_eq(value, SLICE("same")) ? TIMING_SAME
			       : slice_eq(value, SLICE("*"))  ? TIMING_ANY
							      : TIMING_LIST;
		if (spec->timing == TIMING_LIST)
			kit_names(arena, value, &spec->timing_origins);
		break;
	case 12:
		spec->keep_app_headers = kit_choice(value, "override keep");
		break;
	case 13:
		spec->debug = yes;
		break;
	case 14:
		spec->paths = kit_list(arena, value, &spec->path_count, NULL);
		break;
	case 16:
		spec->resource_policy = (enum policy_resource)kit_choice(
		    value, "none same-origin same-site cross-origin");
		break;
	case 17:
		spec->isolate =
		    (enum policy_isolate)kit_choice(value, "no report yes");
		break;
	default:
		spec->hosts = kit_list(arena, value, &spec->host_count, NULL);
		break;
	}
}

/* One section.  The text must live as long as the arena. */
static inline struct policy_spec
kit_spec(struct arena *arena, struct slice text)
{
	struct policy_spec spec = {.max_age = -1, .preflight_status = 204};

	while (text.len > 0) {
		struct slice item = kit_word(&text, ";");
		struct slice key = kit_word(&item, "=");
		kit_set(arena, &spec, key, item);
	}
	return spec;
}

/* Sections, one a line. */
static inline struct policy_set *
kit_policies(struct arena *arena, const char *text)
{
	struct policy_spec *specs =
	    arena_array(arena, KIT_LIST_MAX, sizeof(*specs));
	struct slice rest = slice_from(text);
	size_t count = 0;

	assert_non_null(specs);
	while (rest.len > 0) {
		assert_true(count < KIT_LIST_MAX);
		specs[count++] = kit_spec(arena, kit_word(&rest, "\n"));
	}
	struct policy_set *set = policy_set_build(arena, specs, count);
	assert_non_null(set);
	assert_int_equal(set->count, count);
	return set;
}

#endif
