/*
 * The calls of cors.h that load, parse and free a policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/library.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/settings.h"

typedef void report_call(void *ctx, const char *message);

/* Pass every error to the caller, in the format of diag_format. */
static void
report_errors(const struct diag_list *list, report_call *report, void *ctx)
{
	char text[4096];

	for (size_t i = 0; report != NULL && i < diag_total(list); i++) {
		const struct diag *d = diag_at(list, i);
		if (d->severity != SEVERITY_ERROR)
			continue;
		(void)diag_format(d, text, sizeof(text));
		report(ctx, text);
	}
}

/* Load the file or, if it is NULL, parse the text. */
static struct cors_policy *
make(const char *file, const char *name, struct slice text, report_call *report,
     void *ctx)
{
	/* [app] and [server] are read, but not used. */
	const struct load_options options = {.use = LOAD_LINT};
	struct cors_policy *policy = calloc(1, sizeof(*policy));
	struct diag_list *list = diag_list_new();

	if (policy != NULL && list != NULL) {
		policy->settings =
		    file != NULL ? settings_load(file, &options, list)
				 : settings_parse(name, text, &options, list);
		report_errors(list, report, ctx);
	}
	if (policy == NULL || policy->settings == NULL) {
		bool no_memory = policy == NULL || list == NULL;
		free(policy);
		policy = NULL;
		if (no_memory)
			errno = ENOMEM;
	} else {
		policy->policies = policy->settings->policies;
	}
	diag_list_free(list);
	return policy;
}

struct cors_policy *
cors_load(const char *file, report_call *report, void *ctx)
{
	return make(file, NULL, SLICE_NONE, report, ctx);
}

struct cors_policy *
cors_parse(const char *name, const char *text, size_t length,
	   report_call *report, void *ctx)
{
	return make(NULL, name, slice_of(text, length), report, ctx);
}

int
cors_changed(const struct cors_policy *policy)
{
	return settings_changed(policy->settings);
}

void
cors_free(struct cors_policy *policy)
{
	if (policy == NULL)
		return;
	settings_release(policy->settings);
	free(policy);
}
