/*
 * The drop-in that corswrap's systemd units need for a plan: it sets the path
 * of the policy, the user, and the folders that the application writes to,
 * which the units would make read-only.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <string.h>

#include "base/slice.h"

/* Do the units look for the policy elsewhere? */
static bool
is_elsewhere(const struct init_plan *plan)
{
	const char *base = strrchr(plan->policy, '/') + 1;
	size_t len = strlen(plan->name);

	return strcmp(plan->folder, plan->units) != 0 ||
	       strncmp(base, plan->name, len) != 0 ||
	       strcmp(base + len, ".ini") != 0;
}

static bool
is_other_user(const struct init_plan *plan)
{
	return strcmp(plan->user, "www-data") != 0;
}

/* Does the application keep files in its folder? */
static bool
writes(const struct init_plan *plan)
{
	return plan->app == INIT_APP_GIT ||
	       (plan->app == INIT_APP_PHP && plan->forward == NULL);
}

static bool
is_in_home(const char *path)
{
	return path != NULL &&
	       (slice_starts(slice_from(path), SLICE("/home/")) ||
		slice_starts(slice_from(path), SLICE("/root/")));
}

static bool
needs_home(const struct init_plan *plan)
{
	return is_in_home(plan->policy) || is_in_home(plan->corswrap) ||
	       (plan->app != INIT_APP_FORWARD && is_in_home(plan->app_value));
}

bool
init_unit_service(const struct init_plan *plan)
{
	return is_elsewhere(plan) || is_other_user(plan) || writes(plan) ||
	       needs_home(plan);
}

bool
init_unit_socket(const struct init_plan *plan)
{
	static const char folder[] = "unix:/run/corswrap/";
	const char *name = plan->address;
	size_t len = strlen(plan->name);

	if (is_other_user(plan))
		return true;
	if (name == NULL)
		return false;
	if (strncmp(name, folder, sizeof(folder) - 1) != 0)
		return true;
	name += sizeof(folder) - 1;
	return strncmp(name, plan->name, len) != 0 ||
	       strcmp(name + len, ".sock") != 0;
}

void
init_unit_write(const struct init_plan *plan, const char *before,
		const char *after, FILE *out)
{
	if (is_other_user(plan) || writes(plan))
		fprintf(out, "%sUser=%s%s%sDynamicUser=no%s", before,
			plan->user, after, before, after);
	/* www-data does not exist on other systems. */
	if (is_other_user(plan))
		fprintf(out, "%sSupplementaryGroups=%s", before, after);
	if (writes(plan))
		fprintf(out, "%sReadWritePaths=-%s%s", before, plan->app_value,
			after);
	/* Sessions, on Debian; a missing folder is skipped. */
	if (plan->app == INIT_APP_PHP && writes(plan))
		fprintf(out, "%sReadWritePaths=-/var/lib/php/sessions%s",
			before, after);
	if (needs_home(plan))
		fprintf(out, "%sProtectHome=no%s", before, after);
}
