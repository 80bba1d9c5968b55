/*
 * [app] and [server]: the tables of their keys, and the keys that need more
 * than a table.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <limits.h>
#include <unistd.h>

#include "cors/path.h"
#include "policy/feature.h"
#include "policy/reader.h"
#include "policy/values.h"

enum { MILLISECONDS_MAX = INT_MAX }; /* poll takes no more */

#define MINUTE 60000
#define HOURS_MAX ((uint64_t)MILLISECONDS_MAX / 3600000 * 3600000)
#define GIB ((uint64_t)1 << 30)

static void
exec_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct app *app = target;
	char *const *words = NULL;
	const char *fault = value_words(loader->arena, entry->value, &words);

	if (fault == NULL && words[0] == NULL)
		fault = "a program is wanted";
	if (fault == NULL && words[0][0] == '\0')
		fault = "the program's name is empty";
	if (fault != NULL) {
		loader_error(loader, entry->line, "bad-value", NULL,
			     "\"exec\": %s", fault);
		return;
	}
	app->exec = loader_program(loader, words);
}

static void
forward_fault(struct loader *loader, const struct entry *entry,
	      struct slice item, const char *fault)
{
	static const struct slice local = {"tcp:localhost:", 14};
	char fix[READER_LINE_MAX + 1];
	bool named = slice_starts(item, local);

	if (named)
		snprintf(fix, sizeof(fix), "tcp:127.0.0.1:%.*s",
			 (int)(item.len - local.len), item.ptr + local.len);
	loader_error(
	    loader, entry->line, "bad-value", named ? fix : NULL,
	    "\"forward\" takes unix:PATH or tcp:ADDRESS:PORT, not \"%s\": %s",
	    loader_quote(loader, item), fault);
}

static void
forward_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct app *app = target;
	struct slice rest = entry->value, item;

	if (!feature_forward) {
		loader_error(
		    loader, entry->line, "bad-value", NULL,
		    "\"forward\" needs the full corswrap; this one can only "
		    "exec");
		return;
	}
	while (value_next(&rest, &item)) {
		struct address *list = loader_list(
		    loader, app->forward, app->forward_count, sizeof(*list));
		if (list == NULL)
			return;
		const char *fault =
		    address_parse(loader->arena, item, loader->settings->folder,
				  &list[app->forward_count]);
		if (fault != NULL) {
			forward_fault(loader, entry, item, fault);
			continue;
		}
		app->forward = list;
		app->forward_count++;
	}
}

static void
root_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct app *app = target;
	struct slice rest = entry->value, item;

	while (value_next(&rest, &item)) {
		const char **list = loader_list(loader, app->root,
						app->root_count, sizeof(*list));
		if (list == NULL)
			return;
		list[app->root_count++] = loader_path(loader, item);
		app->root = list;
	}
}

/* A list of addresses and prefixes; *count grows with it. */
static void
networks_take(struct loader *loader, const char *key, const struct entry *entry,
	      const struct network **networks, size_t *count)
{
	struct slice rest = entry->value, item;

	while (value_next(&rest, &item)) {
		struct network *list =
		    loader_list(loader, *networks, *count, sizeof(*list));
		if (list == NULL)
			return;
		if (!network_parse(item, &list[*count])) {
			loader_error(loader, entry->line, "bad-value", NULL,
				     "\"%s\" takes addresses and prefixes like "
				     "192.0.2.0/24, not \"%s\"",
				     key, loader_quote(loader, item));
			continue;
		}
		*networks = list;
		++*count;
	}
}

static void
peers_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct server *server = target;

	networks_take(loader, "peers", entry, &server->peers,
		      &server->peer_count);
	server->has_peers = server->peer_count > 0;
}

static void
status_clients_take(struct loader *loader, void *target,
		    const struct entry *entry)
{
	struct server *server = target;

	networks_take(loader, "status-clients", entry, &server->status_clients,
		      &server->status_client_count);
}

static void
status_path_take(struct loader *loader, void *target, const struct entry *entry)
{
	struct server *server = target;
	struct slice path = entry->value;

	const char *fix = path_fix(loader->scratch, path);

	/* Compared with paths in normal form, whole. */
	if (!path_pattern_valid(path) || path.ptr[path.len - 1] == '*' ||
	    fix != NULL) {
		loader_error(
		    loader, entry->line, "bad-value", fix,
		    "\"status-path\" takes a path that begins with \"/\", "
		    "without \"*\", not \"%s\"",
		    loader_quote(loader, path));
		return;
	}
	server->status_path = arena_text(loader->arena, path);
	if (server->status_path == NULL)
		loader_no_memory(loader);
}

/* A designated member after all: gcc and clang warn of those left out only
 * where none is named. */
#define APP(member) .offset = offsetof(struct app, member)
#define SERVER(member) .offset = offsetof(struct server, member)
#define RANGE(least, most) .min = (least), .max = (most)

static const char *const inject_words[] = {"rewrite", "prepend", NULL};
static const char *const on_abort_words[] = {"end", "finish", NULL};
static const char *const redirect_words[] = {"auto", "pass", "302", NULL};
static const char *const stderr_words[] = {"log", "fastcgi", NULL};
static const char *const authorization_words[] = {"no", "restore", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug",
					  NULL};
static const char *const format_words[] = {"text", "json", NULL};

const struct key keys_app[] = {
    {"exec", .kind = VALUE_OWN, .take = exec_take},
    {"forward", .kind = VALUE_OWN, .take = forward_take, .repeats = true},
    {"root", .kind = VALUE_OWN, .take = root_take, .repeats = true},
    {"inject", VALUE_CHOICE, APP(inject), .words = inject_words},
    {"max-body", VALUE_SIZE, APP(max_body), RANGE(0, (uint64_t)1 << 50)},
    {"max-header", VALUE_LENGTH, APP(max_header), RANGE(64, 64 << 20)},
    {"connect-timeout", VALUE_DURATION, APP(connect_timeout),
     RANGE(0, HOURS_MAX), .none = true},
    {"first-byte-timeout", VALUE_DURATION, APP(first_byte_timeout),
     RANGE(0, HOURS_MAX), .none = true},
    {"idle-timeout", VALUE_DURATION, APP(idle_timeout), RANGE(0, HOURS_MAX),
     .none = true},
    {"total-timeout", VALUE_DURATION, APP(total_timeout), RANGE(0, HOURS_MAX),
     .none = true},
    {"kill-grace", VALUE_DURATION, APP(kill_grace), RANGE(0, HOURS_MAX)},
    {"on-abort", VALUE_CHOICE, APP(on_abort), .words = on_abort_words},
    {"cpu-limit", VALUE_SECONDS_LIMIT, APP(cpu_limit), RANGE(1, HOURS_MAX),
     .none = true},
    {"memory-limit", VALUE_SIZE_LIMIT, APP(memory_limit),
     RANGE(1 << 10, (uint64_t)1 << 50), .none = true},
    {"file-limit", VALUE_COUNT_LIMIT, APP(file_limit), RANGE(3, 1 << 30),
     .none = true},
    {"process-limit", VALUE_COUNT_LIMIT, APP(process_limit), RANGE(1, 1 << 30),
     .none = true},
    {"local-redirect", VALUE_CHOICE, APP(local_redirect),
     .words = redirect_words},
    {"lenient", VALUE_BOOLEAN, APP(lenient)},
    {"stderr", VALUE_CHOICE, APP(stderr_to), .words = stderr_words},
    {"authorization", VALUE_SWITCH, APP(restore_authorization),
     .words = authorization_words},
    {"directory", VALUE_PATH, APP(directory)},
    {"keep", VALUE_COUNT, APP(keep), RANGE(0, 10000)},
    {0},
};

const struct key keys_server[] = {
    {"workers", VALUE_COUNT, SERVER(workers), RANGE(1, 65536)},
    {"peers", .kind = VALUE_OWN, .take = peers_take, .repeats = true},
    {"idle-timeout", VALUE_DURATION, SERVER(idle_timeout), RANGE(0, HOURS_MAX),
     .none = true},
    {"drain-timeout", VALUE_DURATION, SERVER(drain_timeout),
     RANGE(0, HOURS_MAX)},
    {"reload", VALUE_DURATION, SERVER(reload), RANGE(0, HOURS_MAX),
     .none = true},
    {"status-path", .kind = VALUE_OWN, .take = status_path_take},
    {"status-clients", .kind = VALUE_OWN, .take = status_clients_take,
     .repeats = true},
    {"access-log", VALUE_BOOLEAN, SERVER(access_log)},
    {"log", VALUE_CHOICE, SERVER(log), .words = level_words},
    {"log-format", VALUE_CHOICE, SERVER(log_format), .words = format_words},
    {"log-file", VALUE_PATH, SERVER(log_file)},
    {0},
};
