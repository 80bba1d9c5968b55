/*
 * The canonical form of [app], [server], [env] and [handlers].
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/dump.h"

#include <arpa/inet.h>

#include "policy/values.h"

/* 0 is "none" for the keys that know it. */
static void
put_duration(struct dump *dump, const char *key, uint64_t value, uint64_t usual,
	     bool none)
{
	char text[VALUE_TEXT];

	value_write_duration(value, text);
	if (value != usual)
		dump_text(dump, key, value == 0 && none ? "none" : text);
}

static void
put_size(struct dump *dump, const char *key, uint64_t value, uint64_t usual)
{
	char text[VALUE_TEXT];

	value_write_size(value, text);
	if (value != usual)
		dump_text(dump, key, text);
}

/* Does the word stand for itself among words? */
static bool
is_plain(const char *word)
{
	return word[0] != '\0' && strpbrk(word, " \t'\"\\;") == NULL;
}

/*
 * A word as sh would read it.  ';' after a blank would begin a comment even
 * inside quotes, so there the quotes are closed and opened again.
 */
static void
append_word(struct dump *dump, char *line, size_t cap, const char *word)
{
	size_t len = strlen(line);
	bool plain = is_plain(word);

	if (len + strlen(word) * 5 + 4 > cap) {
		dump->failed = true;
		return;
	}
	if (len > 0)
		line[len++] = ' ';
	if (!plain)
		line[len++] = '\'';
	for (size_t i = 0; word[i] != '\0'; i++) {
		const char *put = NULL;

		if (word[i] == '\'')
			put = "'\\''";
		else if (word[i] == ';' && i > 0 && value_is_blank(word[i - 1]))
			put = "'';";
		if (put == NULL) {
			line[len++] = word[i];
		} else {
			memcpy(line + len, put, strlen(put));
			len += strlen(put);
		}
	}
	if (!plain)
		line[len++] = '\'';
	line[len] = '\0';
}

static void
put_words(struct dump *dump, const char *key, char *const *words)
{
	char line[8 * READER_LINE_MAX] = "";

	for (size_t i = 0; words[i] != NULL; i++)
		append_word(dump, line, sizeof(line), words[i]);
	dump_text(dump, key, line);
}

static void
put_limit(struct dump *dump, const char *key, struct limit limit,
	  void (*write)(uint64_t, char *))
{
	char text[VALUE_TEXT];

	if (!limit.set)
		return;
	write(limit.value, text);
	dump_text(dump, key, text);
}

static void
write_seconds(uint64_t seconds, char *buf)
{
	value_write_duration(seconds * 1000, buf);
}

static void
write_bytes(uint64_t bytes, char *buf)
{
	value_write_size(bytes, buf);
}

static void
write_count(uint64_t count, char *buf)
{
	snprintf(buf, VALUE_TEXT, "%llu", (unsigned long long)count);
}

static void
dump_program(struct dump *dump, const struct app *app)
{
	struct dump_list forward = {.dump = dump, .key = "forward"};
	struct dump_list root = {.dump = dump, .key = "root"};

	if (app->exec != NULL)
		put_words(dump, "exec", app->exec);
	for (size_t i = 0; i < app->forward_count; i++) {
		const struct address *address = &app->forward[i];
		char text[sizeof("unix:") + 256];
		struct slice path;

		if (address->path == NULL) {
			dump_item(&forward, slice_from(address->text));
			continue;
		}
		path =
		    dump_path_text(dump, address->path, "forward=unix", true);
		snprintf(text, sizeof(text), "unix:%.*s", (int)path.len,
			 path.ptr);
		dump_item(&forward, slice_from(text));
	}
	dump_list_end(&forward);
	for (size_t i = 0; i < app->root_count; i++)
		dump_item(&root,
			  dump_path_text(dump, app->root[i], "root", true));
	dump_list_end(&root);
}

static void
dump_limits(struct dump *dump, const struct app *app)
{
	put_limit(dump, "cpu-limit", app->cpu_limit, write_seconds);
	put_limit(dump, "memory-limit", app->memory_limit, write_bytes);
	put_limit(dump, "file-limit", app->file_limit, write_count);
	put_limit(dump, "process-limit", app->process_limit, write_count);
}

void
dump_app(struct dump *dump)
{
	static const char *const redirects[] = {"auto", "pass", "302"};
	const struct app *app = &dump->settings->app;
	const struct app *usual = &settings_app_default;

	dump_section(dump, "app", SLICE_NONE);
	dump_program(dump, app);
	if (app->inject == INJECT_PREPEND)
		dump_text(dump, "inject", "prepend");
	put_size(dump, "max-body", app->max_body, usual->max_body);
	put_size(dump, "max-header", app->max_header, usual->max_header);
	put_duration(dump, "connect-timeout", app->connect_timeout,
		     usual->connect_timeout, true);
	put_duration(dump, "first-byte-timeout", app->first_byte_timeout,
		     usual->first_byte_timeout, true);
	put_duration(dump, "idle-timeout", app->idle_timeout,
		     usual->idle_timeout, true);
	put_duration(dump, "total-timeout", app->total_timeout,
		     usual->total_timeout, true);
	put_duration(dump, "kill-grace", app->kill_grace, usual->kill_grace,
		     false);
	if (app->on_abort == ON_ABORT_FINISH)
		dump_text(dump, "on-abort", "finish");
	dump_limits(dump, app);
	if (app->local_redirect != LOCAL_REDIRECT_AUTO)
		dump_text(dump, "local-redirect",
			  redirects[app->local_redirect]);
	if (app->lenient)
		dump_boolean(dump, "lenient", true);
	if (app->stderr_to == STDERR_FASTCGI)
		dump_text(dump, "stderr", "fastcgi");
	if (app->restore_authorization)
		dump_text(dump, "authorization", "restore");
	if (app->directory != NULL)
		dump_path(dump, "directory", app->directory);
	if (app->keep > 0)
		dump_number(dump, "keep", app->keep);
}

static void
put_networks(struct dump *dump, const char *key, const struct network *networks,
	     size_t count)
{
	struct dump_list list = {.dump = dump, .key = key};

	for (size_t i = 0; i < count; i++) {
		const struct network *network = &networks[i];
		char text[INET6_ADDRSTRLEN + 8];

		if (inet_ntop(network->ipv6 ? AF_INET6 : AF_INET,
			      network->bytes, text, INET6_ADDRSTRLEN) == NULL)
			continue;
		if (network->bits != (network->ipv6 ? 128 : 32))
			snprintf(text + strlen(text), 8, "/%u", network->bits);
		dump_item(&list, slice_from(text));
	}
	dump_list_end(&list);
}

void
dump_server(struct dump *dump)
{
	static const char *const levels[] = {"error", "warning", "info",
					     "debug"};
	const struct server *server = &dump->settings->server;
	const struct server *usual = &settings_server_default;

	dump_section(dump, "server", SLICE_NONE);
	if (server->workers != usual->workers)
		dump_number(dump, "workers", server->workers);
	put_networks(dump, "peers", server->peers, server->peer_count);
	put_duration(dump, "idle-timeout", server->idle_timeout,
		     usual->idle_timeout, true);
	put_duration(dump, "drain-timeout", server->drain_timeout,
		     usual->drain_timeout, false);
	put_duration(dump, "reload", server->reload, usual->reload, true);
	if (server->status_path != NULL) {
		dump_text(dump, "status-path", server->status_path);
		put_networks(dump, "status-clients", server->status_clients,
			     server->status_client_count);
		if (server->status_client_count == 0)
			dump_text(dump, "status-clients", "");
	}
	if (server->access_log)
		dump_boolean(dump, "access-log", true);
	if (server->log != usual->log)
		dump_text(dump, "log", levels[server->log]);
	if (server->log_format == LOG_FORMAT_JSON)
		dump_text(dump, "log-format", "json");
	if (server->log_file != NULL)
		dump_path(dump, "log-file", server->log_file);
}

void
dump_env(struct dump *dump)
{
	char *const *env = dump->settings->app.env;

	if (env[0] == NULL)
		return;
	dump_section(dump, "env", SLICE_NONE);
	for (; *env != NULL; env++) {
		size_t len = strcspn(*env, "=");
		char key[READER_LINE_MAX + 1];

		snprintf(key, sizeof(key), "%.*s", (int)len, *env);
		dump_text(dump, key, *env + len + 1);
	}
}

void
dump_handlers(struct dump *dump)
{
	const struct app *app = &dump->settings->app;

	if (app->handler_count == 0)
		return;
	dump_section(dump, "handlers", SLICE_NONE);
	for (size_t i = 0; i < app->handler_count; i++)
		put_words(dump, app->handlers[i].extension,
			  app->handlers[i].argv);
}
