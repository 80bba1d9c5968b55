/*
 * The pasted configuration of another server: for any text the resulting
 * policy lints without errors and warnings.  The first byte says how it is
 * read.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "policy/import.h"
#include "policy/settings.h"

static void
check_policy(struct slice policy)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();

	CHECK(diags != NULL);
	settings_release(settings_parse("policy", policy, &options, diags));
	CHECK(diag_count(diags, SEVERITY_ERROR) == 0);
	CHECK(diag_count(diags, SEVERITY_WARNING) == 0);
	diag_list_free(diags);
}

FUZZ_TARGET(import)
{
	struct arena *arena = arena_new();
	struct diag_list *notes = diag_list_new();
	struct slice policy;

	CHECK(arena != NULL && notes != NULL);
	if (size > 0) {
		const struct import_file file = {
		    "a.conf", slice_after(fuzz_slice(data, size), 1)};
		CHECK(import_policy(
		    arena, (enum import_from)(data[0] % (IMPORT_OTHER + 1)),
		    &file, 1, notes, &policy));
		if (slice_present(policy))
			check_policy(policy);
	}
	for (size_t i = 0; i < diag_total(notes); i++)
		for (const char *c = diag_at(notes, i)->message; *c != '\0';
		     c++)
			CHECK(*c >= ' ' && *c < '\x7f');
	diag_list_free(notes);
	arena_free(arena);
	return 0;
}
