/*
 * [app] and [server]: the tables of their keys, and the keys that need more
 * than a table; [env] and [handlers], whose keys are any names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cors/path.h"
#include "policy/fix.h"
#include "policy/reader.h"
#include "policy/values.h"

enum { MILLISECONDS_MAX = INT_MAX }; /* poll takes no more */

#define HOURS_MAX ((uint64_t)MILLISECONDS_MAX / 3600000 * 3600000)

/* A program and its arguments.  NULL: reported. */
static char *const *
read_program(struct loader *loader, const struct entry *entry)
{
	char *const *words = NULL;
	const char *fault = value_words(loader->arena, entry->value, &words);

	if (fault == NULL && words[0] == NULL)
		fault = "a program is wanted";
	if (fault == NULL && words[0][0] == '\0')
		fault = "the program's name is empty";
	if (fault == NULL)
		return loader_program(loader, words);
	loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
		      "bad-value", NULL, "\"%s\": %s",
		      loader_quote(loader, entry->key), fault);
	return NULL;
}

static void
set_exec(struct loader *loader, void *target, const struct entry *entry)
{
	struct app_values *values = target;

	values->app.exec = read_program(loader, entry);
}

static void
bad_address(struct loader *loader, const struct entry *entry, struct slice item,
	    const char *fault)
{
	static const struct slice local = {"tcp:localhost:", 14};
	char fix[READER_INI_MAX + 1];
	bool named = slice_starts(item, local) && item.len < sizeof(fix);
	struct address address;

	if (named) {
		snprintf(fix, sizeof(fix), "tcp:127.0.0.1:%.*s",
			 (int)(item.len - local.len), item.ptr + local.len);
		named =
		    address_parse(loader->scratch, slice_from(fix),
				  loader->settings->folder, &address) == NULL;
	}
	loader_report(
	    loader, SEVERITY_ERROR, entry->line, item, "bad-value",
	    named ? fix : NULL,
	    "\"forward\" takes unix:PATH or tcp:ADDRESS:PORT, not \"%s\": %s",
	    loader_quote(loader, item), fault);
}

static void
set_forward(struct loader *loader, void *target, const struct entry *entry)
{
	struct app_values *values = target;
	struct slice rest = entry->value, item;

	if (loader->options->exec_only) {
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, entry->key,
		    "bad-value", NULL,
		    "\"forward\" needs the full corswrap; this one can only "
		    "exec");
		return;
	}
	while (text_word_next(&rest, &item)) {
		size_t count = values->app.forward_count;
		const char *fault;

		if (!loader_grow(loader, loader->arena, &values->forward, count,
				 &values->forward_room,
				 sizeof(*values->forward)))
			return;
		values->app.forward = values->forward;
		fault =
		    address_parse(loader->arena, item, loader->settings->folder,
				  &values->forward[count]);
		if (fault == NULL)
			values->app.forward_count++;
		else
			bad_address(loader, entry, item, fault);
	}
}

static void
set_root(struct loader *loader, void *target, const struct entry *entry)
{
	struct app_values *values = target;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (!loader_grow(loader, loader->arena, &values->root,
				 values->app.root_count, &values->root_room,
				 sizeof(*values->root)))
			return;
		values->app.root = values->root;
		values->root[values->app.root_count++] =
		    loader_path(loader, item);
	}
}

/* Append a list of addresses and prefixes to *networks. */
static void
add_networks(struct loader *loader, const struct entry *entry,
	     struct network **networks, size_t *count, size_t *room)
{
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (!loader_grow(loader, loader->arena, networks, *count, room,
				 sizeof(**networks)))
			return;
		if (network_parse(item, &(*networks)[*count]))
			++*count;
		else
			loader_report(
			    loader, SEVERITY_ERROR, entry->line, item,
			    "bad-value", NULL,
			    "\"%s\" takes addresses and prefixes like "
			    "192.0.2.0/24, not \"%s\"",
			    entry->key.ptr, loader_quote(loader, item));
	}
}

static void
set_peers(struct loader *loader, void *target, const struct entry *entry)
{
	struct server_values *values = target;
	struct server *server = &values->server;

	add_networks(loader, entry, &values->peers, &server->peer_count,
		     &values->peer_room);
	server->peers = values->peers;
	server->has_peers = server->peer_count > 0;
}

static void
set_status_clients(struct loader *loader, void *target,
		   const struct entry *entry)
{
	struct server_values *values = target;
	struct server *server = &values->server;

	add_networks(loader, entry, &values->status_clients,
		     &server->status_client_count, &values->status_client_room);
	server->status_clients = values->status_clients;
}

static void
set_status_path(struct loader *loader, void *target, const struct entry *entry)
{
	struct server_values *values = target;
	struct slice path = entry->value;
	const char *fix = fix_path(loader->scratch, path);

	/* It is compared with whole, normalized paths. */
	if (!path_pattern_valid(path) || path.ptr[path.len - 1] == '*' ||
	    fix != NULL) {
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, path, "bad-value", fix,
		    "\"status-path\" takes a path that begins with \"/\", "
		    "without \"*\", not \"%s\"",
		    loader_quote(loader, path));
		return;
	}
	values->server.status_path = arena_text(loader->arena, path);
	if (values->server.status_path == NULL)
		loader_no_memory(loader);
}

static void
set_user(struct loader *loader, void *target, const struct entry *entry)
{
	struct server_values *values = target;
	struct slice name = entry->value;

	/* The start checks whether the user exists. */
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_printable(name.ptr[i]) ||
		    ascii_is_blank(name.ptr[i]) || name.ptr[i] == '/' ||
		    name.ptr[i] == ':')
			name.len = 0;
	if (name.len == 0 || name.ptr[0] == '-') {
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "bad-value", NULL,
			      "\"user\" takes the name of a user, not \"%s\"",
			      loader_quote(loader, entry->value));
		return;
	}
	values->server.user = arena_text(loader->arena, name);
	if (values->server.user == NULL)
		loader_no_memory(loader);
}

/* The token must be too long to guess, and need no escaping in a URL. */
static void
set_self_check(struct loader *loader, void *target, const struct entry *entry)
{
	enum { LEAST = 16, MOST = 64 };
	struct app_values *values = target;
	struct slice token = entry->value;
	bool good = token.len >= LEAST && token.len <= MOST;

	for (size_t i = 0; i < token.len && good; i++)
		good = ascii_is_alpha(token.ptr[i]) ||
		       ascii_is_digit(token.ptr[i]);
	if (!good) {
		loader_report(loader, SEVERITY_ERROR, entry->line, token,
			      "bad-value", NULL,
			      "\"self-check\" takes a token of %d to %d letters "
			      "and digits, made at random",
			      LEAST, MOST);
		return;
	}
	values->app.self_check = arena_text(loader->arena, token);
	if (values->app.self_check == NULL)
		loader_no_memory(loader);
}

/* With one designated member gcc and clang do not warn about the members that
 * are left out. */
#define APP(member) .offset = offsetof(struct app_values, app.member)
#define SERVER(member) .offset = offsetof(struct server_values, server.member)
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
    {"exec", .kind = VALUE_OWN, .set = set_exec},
    {"forward", .kind = VALUE_OWN, .set = set_forward, .repeats = true},
    {"root", .kind = VALUE_OWN, .set = set_root, .repeats = true},
    {"inject", VALUE_CHOICE, APP(inject), .words = inject_words},
    {"max-body", VALUE_SIZE, APP(max_body), RANGE(0, (uint64_t)1 << 50)},
    {"max-header", VALUE_LENGTH, APP(max_header), RANGE(64, 64 << 20)},
    {"body-timeout", VALUE_DURATION, APP(body_timeout), RANGE(0, HOURS_MAX),
     .none = true},
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
    {"self-check", .kind = VALUE_OWN, .set = set_self_check},
    {0},
};

const struct key keys_server[] = {
    {"workers", VALUE_COUNT, SERVER(workers), RANGE(1, 65536)},
    {"peers", .kind = VALUE_OWN, .set = set_peers, .repeats = true},
    {"idle-timeout", VALUE_DURATION, SERVER(idle_timeout), RANGE(0, HOURS_MAX),
     .none = true},
    {"drain-timeout", VALUE_DURATION, SERVER(drain_timeout),
     RANGE(0, HOURS_MAX)},
    {"reload", VALUE_DURATION, SERVER(reload), RANGE(0, HOURS_MAX),
     .none = true},
    {"status-path", .kind = VALUE_OWN, .set = set_status_path},
    {"status-clients", .kind = VALUE_OWN, .set = set_status_clients,
     .repeats = true},
    {"access-log", VALUE_BOOLEAN, SERVER(access_log)},
    {"log", VALUE_CHOICE, SERVER(log), .words = level_words},
    {"log-format", VALUE_CHOICE, SERVER(log_format), .words = format_words},
    {"log-file", VALUE_PATH, SERVER(log_file)},
    {"user", .kind = VALUE_OWN, .set = set_user},
    {"landlock", VALUE_BOOLEAN, SERVER(landlock)},
    {0},
};

/* ---- [env] and [handlers] ---- */

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = *(const struct entry *const *)left;
	const struct entry *b = *(const struct entry *const *)right;
	int order = strcmp(a->key.ptr, b->key.ptr);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : 1;
}

/* Report names that are set twice.  They are sorted, since there may be
 * many. */
static void
find_duplicates(struct loader *loader, const struct section *section)
{
	const struct entry **sorted =
	    loader_scratch(loader, section->count, sizeof(*sorted));
	const struct entry *first = NULL;

	if (sorted == NULL)
		return;
	for (size_t i = 0; i < section->count; i++)
		sorted[i] = &section->entries[i];
	qsort(sorted, section->count, sizeof(*sorted), entry_compare);
	for (size_t i = 0; i < section->count; i++) {
		if (first != NULL && slice_eq(first->key, sorted[i]->key))
			loader_report(loader, SEVERITY_ERROR, sorted[i]->line,
				      sorted[i]->key, "duplicate-key", NULL,
				      "\"%s\" is set twice, first in line %u",
				      loader_quote(loader, first->key),
				      first->line);
		else
			first = sorted[i];
	}
}

/* False: the name has a blank, which has been reported.  Usually it is "export
 * NAME". */
static bool
is_variable(struct loader *loader, const struct entry *entry)
{
	const char *blank = strpbrk(entry->key.ptr, " \t");
	const char *last = strrchr(entry->key.ptr, ' ');

	if (blank == NULL)
		return true;
	loader_report(loader, SEVERITY_ERROR, entry->line, entry->key,
		      "bad-value", last == NULL ? NULL : last + 1,
		      "the name of a variable holds no blank, \"%s\" does",
		      loader_quote(loader, entry->key));
	return false;
}

void
keys_read_env(struct loader *loader, struct section *section)
{
	char **env = loader_array(loader, section->count + 1, sizeof(*env));
	size_t count = 0;

	if (env == NULL)
		return;
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		struct slice parts[] = {entry->key, SLICE("="), entry->value};

		if (!is_variable(loader, entry))
			continue;
		env[count] = arena_join(loader->arena, parts, 3);
		if (env[count++] == NULL) {
			loader_no_memory(loader);
			return;
		}
	}
	find_duplicates(loader, section);
	if (!section->ignored)
		loader->app.app.env = env;
}

/* False: reported.  An extension begins with the last dot of a file name. */
static bool
is_extension(struct loader *loader, const struct entry *entry)
{
	struct slice key = entry->key;
	char fix[QUOTE_MAX];

	if (key.len > 1 && key.ptr[0] == '.' &&
	    memchr(key.ptr, '/', key.len) == NULL &&
	    memchr(key.ptr + 1, '.', key.len - 1) == NULL)
		return true;
	while (key.len > 0 && (key.ptr[0] == '.' || key.ptr[0] == '*'))
		key = slice_after(key, 1);
	snprintf(fix, sizeof(fix), ".%.*s", (int)key.len, key.ptr);
	bool fixed = key.len > 0 && key.len + 2 < sizeof(fix) &&
		     memchr(key.ptr, '/', key.len) == NULL &&
		     memchr(key.ptr, '.', key.len) == NULL;
	loader_report(loader, SEVERITY_ERROR, entry->line, entry->key,
		      "unknown-key", fixed ? fix : NULL,
		      "\"%s\" is not a file name extension; [handlers] takes "
		      "keys like \".php\"",
		      loader_quote(loader, entry->key));
	return false;
}

static bool
read_handler(struct loader *loader, const struct entry *entry,
	     struct handler *handler)
{
	if (!is_extension(loader, entry))
		return false;
	handler->extension = entry->key.ptr;
	handler->argv = read_program(loader, entry);
	return handler->argv != NULL;
}

void
keys_read_handlers(struct loader *loader, struct section *section)
{
	struct handler *handlers =
	    loader_array(loader, section->count, sizeof(*handlers));
	size_t count = 0;

	if (handlers == NULL)
		return;
	for (size_t i = 0; i < section->count; i++)
		if (read_handler(loader, &section->entries[i],
				 &handlers[count]))
			count++;
	find_duplicates(loader, section);
	if (section->ignored)
		return;
	loader->app.app.handlers = handlers;
	loader->app.app.handler_count = count;
}
