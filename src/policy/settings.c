/*
 * Loaded settings: their defaults, and whether their files have changed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cors/regex.h"

static char *const no_env[] = {NULL};

/* DESIGN.md section 3, the tables' last column. */
const struct app settings_app_default = {
    .inject = INJECT_REWRITE,
    .max_body = (uint64_t)64 << 20,
    .max_header = 64 << 10,
    .body_timeout = 20000,
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

static const char *const no_words[] = {NULL};

const struct warm_policy settings_warm_default = {
    .scripts = no_words,
    .load = no_words,
    .watch = no_words,
    .after = {2, 60000},
    .max = 8,
    .memory = (uint64_t)256 << 20,
    .spare = 1,
    .renew = {10000, 3600000},
};

const struct server settings_server_default = {
    .workers = 32,
    .idle_timeout = 60000,
    .drain_timeout = 30000,
    .reload = 2000,
    .log = LOG_LEVEL_INFO,
    .log_format = LOG_FORMAT_TEXT,
};

const struct handler *
app_handler(const struct app *app, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash == NULL ? path : slash, '.');

	for (size_t i = 0; dot != NULL && i < app->handler_count; i++)
		if (strcmp(app->handlers[i].extension, dot) == 0)
			return &app->handlers[i];
	return NULL;
}

void
settings_release(struct settings *settings)
{
	if (settings == NULL)
		return;
	for (size_t i = 0; i < settings->regex_count; i++)
		regex_free(settings->regexes[i]);
	arena_free(settings->arena);
}

/*
 * ---- have the files changed? ----
 *
 * stat nearly always shows it.  It does not if a file is changed twice within
 * one tick of its file system's clock (4 ms on most, 1 or 2 s on some) and
 * keeps its size: the file may then differ from what was read.
 */

/* Can another change leave the same times?  Also true if the time is in the
 * future, since another machine's clock may have set it. */
static bool
is_recent(const struct stat *status)
{
	int64_t changed = (int64_t)status->st_ctim.tv_sec * 1000 +
			  status->st_ctim.tv_nsec / 1000000;

	return clock_wall_ms() - changed < SETTINGS_RECENT;
}

void
source_file_set(struct source_file *source, const char *path,
		const struct stat *status, struct slice bytes)
{
	bool recent = is_recent(status);

	*source = (struct source_file){
	    .path = path,
	    .state = file_state_of(status),
	    .recent = recent,
	    .sum = recent ? hash_bytes(bytes, 0) : 0,
	};
}

bool
settings_changed(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct source_file *source = &settings->sources[i];
		struct file_state now;
		struct stat status;

		if (stat(source->path, &status) != 0)
			return true;
		now = file_state_of(&status);
		if (!file_same_state(&now, &source->state))
			return true;
	}
	return false;
}

bool
settings_recently_modified(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++)
		if (settings->sources[i].recent)
			return true;
	return false;
}

/* settings_changed detects files that cannot be read or have grown. */
static bool
is_rewritten(const struct source_file *source)
{
	struct stat status;
	char *bytes;
	size_t len;
	bool other;

	if (read_file(source->path, (size_t)source->state.size, &bytes, &len,
		      &status) != 0)
		return false;
	other = hash_bytes(slice_of(bytes, len), 0) != source->sum;
	free(bytes);
	return other;
}

bool
settings_rewritten(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++)
		if (settings->sources[i].recent &&
		    is_rewritten(&settings->sources[i]))
			return true;
	return false;
}

bool
settings_being_modified(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++) {
		struct stat now;

		if (stat(settings->sources[i].path, &now) == 0 &&
		    is_recent(&now))
			return true;
	}
	return false;
}
