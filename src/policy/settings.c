/*
 * Loaded settings: their defaults, their users, their files.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/settings.h"

#include "cors/regex.h"

static char *const no_env[] = {NULL};

/* DESIGN.md section 3, the tables' last column. */
const struct app settings_app_default = {
    .inject = INJECT_REWRITE,
    .max_body = (uint64_t)64 << 20,
    .max_header = 64 << 10,
    .connect_timeout = 3000,
    .first_byte_timeout = 60000,
    .idle_timeout = 60000,
    .total_timeout = 0,
    .kill_grace = 2000,
    .on_abort = ON_ABORT_END,
    .local_redirect = LOCAL_REDIRECT_AUTO,
    .stderr_to = STDERR_LOG,
    .env = no_env,
};

const struct server settings_server_default = {
    .workers = 32,
    .idle_timeout = 60000,
    .drain_timeout = 30000,
    .reload = 2000,
    .log = LOG_LEVEL_INFO,
    .log_format = LOG_FORMAT_TEXT,
};

/* A worker that holds the settings reads them after having counted itself, and
 * the last one to let go must see the reads of all others done: acquire and
 * release. */
struct settings *
settings_hold(struct settings *settings)
{
	__atomic_add_fetch(&settings->users, 1, __ATOMIC_RELAXED);
	return settings;
}

void
settings_release(struct settings *settings)
{
	if (settings == NULL ||
	    __atomic_sub_fetch(&settings->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < settings->regex_count; i++)
		regex_free(settings->regexes[i]);
	arena_free(settings->arena);
}
