/*
 * The canonical form of a policy, as INI.
 *
 * Every section has all of its values, inherited or not, but no defaults.  If
 * [cors] has another value than the default and [cors NAME] has the default,
 * the default is written, because NAME would inherit the value.  So reading a
 * dump gives the same specs, and dumping those the same bytes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "policy/reader.h"
#include "policy/settings.h"
#include "policy/values.h"

enum { WIDTH = 78 }; /* of lines that can be split */

struct dump {
	FILE *out;
	const struct settings *settings;
	const char *section; /* its header is not yet written */
	struct slice name;
	bool begun;  /* something is written */
	bool failed; /* a value does not fit a line of a policy */
};

/* A list being written to as few lines as it needs. */
struct dump_list {
	struct dump *dump;
	const char *key;
	char line[READER_LINE_MAX + 1];
	size_t len;
};

/* The lines that follow are in this section; if none follows, its header is not
 * written. */
static void
begin_section(struct dump *dump, const char *word, struct slice name)
{
	dump->section = word;
	dump->name = name;
}

static void
put_header(struct dump *dump)
{
	if (dump->section == NULL)
		return;
	fprintf(dump->out, "%s[%s%s%.*s]\n", dump->begun ? "\n" : "",
		dump->section, dump->name.len > 0 ? " " : "",
		(int)dump->name.len, dump->name.len > 0 ? dump->name.ptr : "");
	dump->section = NULL;
	dump->begun = true;
}

/* "key = value", without the blanks if the line would be too long or contain a
 * comment. */
static void
dump_line(struct dump *dump, const char *key, struct slice value)
{
	size_t len = strlen(key) + value.len + 1;
	/* "= ;x" would be a comment. */
	bool tight =
	    len + 2 > READER_LINE_MAX || (value.len > 0 && value.ptr[0] == ';');

	put_header(dump);
	if (len > READER_LINE_MAX)
		dump->failed = true;
	else if (value.len == 0)
		fprintf(dump->out, "%s =\n", key);
	else
		fprintf(dump->out, tight ? "%s=%.*s\n" : "%s = %.*s\n", key,
			(int)value.len, value.ptr);
}

static void
dump_text(struct dump *dump, const char *key, const char *value)
{
	dump_line(dump, key, slice_from(value));
}

static void
dump_boolean(struct dump *dump, const char *key, bool value)
{
	dump_text(dump, key, value ? "yes" : "no");
}

static void
dump_number(struct dump *dump, const char *key, uint64_t value)
{
	char text[VALUE_TEXT];

	value_number_write(&value_count, value, text);
	dump_text(dump, key, text);
}

static void
dump_list_end(struct dump_list *list)
{
	if (list->len > 0)
		dump_line(list->dump, list->key,
			  slice_of(list->line, list->len));
	list->len = 0;
}

static void
dump_item(struct dump_list *list, struct slice item)
{
	size_t room = WIDTH - strlen(list->key) - 3;

	if (list->len > 0 && list->len + 1 + item.len > room)
		dump_list_end(list);
	if (item.len > READER_LINE_MAX) {
		list->dump->failed = true;
		return;
	}
	if (list->len > 0)
		list->line[list->len++] = ' ';
	memcpy(list->line + list->len, item.ptr, item.len);
	list->len += item.len;
}

static bool
is_representable(struct slice path, bool in_list)
{
	if (path.len == 0 || text_trim(path).len != path.len)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];
		if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
			return false;
		if (in_list && (ascii_is_blank(c) || c == ','))
			return false;
		if (c == ';' && (i == 0 || ascii_is_blank(path.ptr[i - 1])))
			return false;
	}
	return true;
}

/*
 * A path: absolute, so that the dump can be in any folder; relative to the
 * policy's folder if the name of that folder cannot be written in a policy.
 */
static struct slice
dump_path_text(struct dump *dump, const char *path, const char *key,
	       bool in_list)
{
	struct slice text = slice_from(path);
	size_t folder = strlen(dump->settings->folder);

	if (is_representable(text, in_list) &&
	    strlen(key) + 1 + text.len <= READER_LINE_MAX)
		return text;
	if (folder > 1 &&
	    slice_starts(text, slice_from(dump->settings->folder)) &&
	    path[folder] == '/')
		text = slice_after(text, folder + 1);
	if (!is_representable(text, in_list))
		dump->failed = true;
	return text;
}

static void
dump_path(struct dump *dump, const char *key, const char *path)
{
	dump_line(dump, key, dump_path_text(dump, path, key, false));
}

/* ---- [app], [server], [env], [handlers] ---- */

/* none: the key has the word `none` for 0. */
static void
put_duration(struct dump *dump, const char *key, uint64_t value, uint64_t usual,
	     bool none)
{
	char text[VALUE_TEXT];

	value_number_write(&value_duration, value, text);
	if (value != usual)
		dump_text(dump, key, value == 0 && none ? "none" : text);
}

static void
put_size(struct dump *dump, const char *key, uint64_t value, uint64_t usual)
{
	char text[VALUE_TEXT];

	value_number_write(&value_size, value, text);
	if (value != usual)
		dump_text(dump, key, text);
}

/* Can the word be written without quotes? */
static bool
is_plain(const char *word)
{
	return word[0] != '\0' && strpbrk(word, " \t'\"\\;") == NULL;
}

/* A word in the syntax of sh.  ';' after a blank begins a comment even inside
 * quotes, so the quotes are closed and opened again in between. */
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
		else if (word[i] == ';' && i > 0 && ascii_is_blank(word[i - 1]))
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
	char line[READER_LINE_MAX + 1] = "";

	for (size_t i = 0; words[i] != NULL; i++)
		append_word(dump, line, sizeof(line), words[i]);
	dump_text(dump, key, line);
}

/* unit: the unit of the limit's value, as a number of the measure's smallest
 * unit. */
static void
put_limit(struct dump *dump, const char *key, struct limit limit,
	  const struct measure *measure, uint64_t unit)
{
	char text[VALUE_TEXT];

	if (!limit.set)
		return;
	value_number_write(measure, limit.value * unit, text);
	dump_text(dump, key, text);
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
	put_limit(dump, "cpu-limit", app->cpu_limit, &value_duration, 1000);
	put_limit(dump, "memory-limit", app->memory_limit, &value_size, 1);
	put_limit(dump, "file-limit", app->file_limit, &value_count, 1);
	put_limit(dump, "process-limit", app->process_limit, &value_count, 1);
}

static void
dump_app(struct dump *dump)
{
	static const char *const redirects[] = {"auto", "pass", "302"};
	const struct app *app = &dump->settings->app;
	const struct app *usual = &settings_app_default;

	begin_section(dump, "app", SLICE_NONE);
	dump_program(dump, app);
	if (app->inject == INJECT_PREPEND)
		dump_text(dump, "inject", "prepend");
	put_size(dump, "max-body", app->max_body, usual->max_body);
	put_size(dump, "max-header", app->max_header, usual->max_header);
	put_duration(dump, "body-timeout", app->body_timeout,
		     usual->body_timeout, true);
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
	if (app->self_check != NULL)
		dump_text(dump, "self-check", app->self_check);
}

static void
put_networks(struct dump *dump, const char *key, const struct network *networks,
	     size_t count)
{
	struct dump_list list = {.dump = dump, .key = key};

	for (size_t i = 0; i < count; i++) {
		const struct network *network = &networks[i];
		char text[IP_TEXT_MAX + sizeof("/128")];
		size_t len = ip_write(&network->ip, text);

		if (network->bits != (network->ip.v6 ? 128 : 32))
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"/%u", network->bits);
		dump_item(&list, slice_of(text, len));
	}
	dump_list_end(&list);
}

static void
dump_server(struct dump *dump)
{
	static const char *const levels[] = {"error", "warning", "info",
					     "debug"};
	const struct server *server = &dump->settings->server;
	const struct server *usual = &settings_server_default;

	begin_section(dump, "server", SLICE_NONE);
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
	if (server->user != NULL)
		dump_text(dump, "user", server->user);
	if (server->landlock)
		dump_boolean(dump, "landlock", true);
}

static void
dump_env(struct dump *dump)
{
	char *const *env = dump->settings->app.env;

	if (env[0] == NULL)
		return;
	begin_section(dump, "env", SLICE_NONE);
	for (; *env != NULL; env++) {
		size_t len = strcspn(*env, "=");
		char key[READER_LINE_MAX + 1];

		snprintf(key, sizeof(key), "%.*s", (int)len, *env);
		dump_text(dump, key, *env + len + 1);
	}
}

static void
dump_handlers(struct dump *dump)
{
	const struct app *app = &dump->settings->app;

	if (app->handler_count == 0)
		return;
	begin_section(dump, "handlers", SLICE_NONE);
	for (size_t i = 0; i < app->handler_count; i++)
		put_words(dump, app->handlers[i].extension,
			  app->handlers[i].argv);
}

static void
put_list(struct dump *dump, const char *key, const char *const *items,
	 bool paths)
{
	struct dump_list list = {.dump = dump, .key = key};

	for (; *items != NULL; items++)
		dump_item(&list, paths ? dump_path_text(dump, *items, key, true)
				       : slice_from(*items));
	dump_list_end(&list);
}

static void
put_often(struct dump *dump, const char *key, const struct often *value,
	  const struct often *usual)
{
	char time[VALUE_TEXT], text[2 * VALUE_TEXT];

	if (value->count == usual->count && value->time == usual->time)
		return;
	value_number_write(&value_duration, value->time, time);
	snprintf(text, sizeof(text), "%u in %s", value->count, time);
	dump_text(dump, key, text);
}

static void
dump_warm(struct dump *dump)
{
	const struct warm_policy *warm = &dump->settings->warm;
	const struct warm_policy *usual = &settings_warm_default;

	begin_section(dump, "warm", SLICE_NONE);
	if (warm->exec)
		dump_text(dump, "scripts", "exec");
	put_list(dump, "scripts", warm->scripts, true);
	put_list(dump, "load", warm->load, false);
	put_list(dump, "watch", warm->watch, true);
	put_often(dump, "after", &warm->after, &usual->after);
	if (warm->max != usual->max)
		dump_number(dump, "max", warm->max);
	put_size(dump, "memory", warm->memory, usual->memory);
	if (warm->spare != usual->spare)
		dump_number(dump, "spare", warm->spare);
	put_often(dump, "renew", &warm->renew, &usual->renew);
}

/* ---- [cors] and [cors NAME] ---- */

static void
put_names(struct dump *dump, const char *key, const struct name_list *names)
{
	struct dump_list list = {.dump = dump, .key = key};

	if (names->any)
		dump_item(&list, SLICE("*"));
	for (size_t i = 0; i < names->count; i++)
		dump_item(&list, names->names[i]);
	dump_list_end(&list);
	if (!names->any && names->count == 0)
		dump_text(dump, key, "");
}

/* The values of a section that inherits nothing. */
static const struct policy_spec usual_spec = {
    .max_age = -1,
    .preflight_status = 204,
};

static bool
same_names(const struct name_list *a, const struct name_list *b)
{
	if (a->any != b->any || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_eq(a->names[i], b->names[i]))
			return false;
	return true;
}

/* A list is written if it is not empty, or if NAME would otherwise inherit
 * one. */
static void
put_names_if_set(struct dump *dump, const char *key,
		 const struct name_list *names, const struct name_list *base)
{
	static const struct name_list none = {.count = 0};

	if (!same_names(names, &none) || !same_names(base, &none))
		put_names(dump, key, names);
}

static void
dump_origins(struct dump *dump, const struct policy_spec *spec,
	     const struct spec_source *source)
{
	struct dump_list list = {.dump = dump, .key = "origins"};

	if (spec->no_origin)
		dump_item(&list, SLICE("none"));
	if (spec->any_origin)
		dump_item(&list, SLICE("*"));
	for (size_t i = 0; i < source->inline_count; i++)
		dump_item(&list, spec->origins[i].text);
	if (spec->null_origin)
		dump_item(&list, SLICE("null"));
	dump_list_end(&list);
	if (source->variable != NULL)
		dump_text(dump, "origins-env", source->variable);
	for (size_t i = 0; i < source->file_count; i++)
		dump_path(dump, "origins-file", source->files[i]);
	for (size_t i = 0; i < source->regex_count; i++)
		dump_line(dump, "origins-regex", source->regexes[i]);
}

static void
dump_timing(struct dump *dump, const struct policy_spec *spec,
	    const struct policy_spec *base)
{
	if (spec->timing == TIMING_SAME)
		dump_text(dump, "timing", "same");
	else if (spec->timing == TIMING_ANY)
		dump_text(dump, "timing", "*");
	else if (spec->timing == TIMING_LIST)
		put_names(dump, "timing", &spec->timing_origins);
	else if (base->timing != TIMING_NONE)
		dump_text(dump, "timing", "");
}

static void
dump_answers(struct dump *dump, const struct policy_spec *spec,
	     const struct policy_spec *base)
{
	static const char *const enforce[] = {"advertise", "report",
					      "block-unsafe", "block"};
	static const char *const resource[] = {"", "same-origin", "same-site",
					       "cross-origin"};
	static const char *const isolate[] = {"no", "report", "yes"};

	if (spec->forward_preflight || base->forward_preflight)
		dump_text(dump, "preflight",
			  spec->forward_preflight ? "forward" : "answer");
	if (spec->preflight_status != 204 || base->preflight_status != 204)
		dump_number(dump, "preflight-status",
			    (uint64_t)spec->preflight_status);
	if (spec->has_allow || base->has_allow)
		put_names(dump, "allow", &spec->allow);
	if (spec->enforce != ENFORCE_ADVERTISE ||
	    base->enforce != ENFORCE_ADVERTISE)
		dump_text(dump, "enforce", enforce[spec->enforce]);
	dump_timing(dump, spec, base);
	if (spec->resource_policy != RESOURCE_NONE ||
	    base->resource_policy != RESOURCE_NONE)
		dump_text(dump, "resource-policy",
			  resource[spec->resource_policy]);
	if (spec->isolate != ISOLATE_NO || base->isolate != ISOLATE_NO)
		dump_text(dump, "isolate", isolate[spec->isolate]);
	if (spec->keep_app_headers || base->keep_app_headers)
		dump_text(dump, "app-headers",
			  spec->keep_app_headers ? "keep" : "override");
	if (spec->debug || base->debug)
		dump_boolean(dump, "debug", spec->debug);
}

static void
dump_places(struct dump *dump, const struct policy_spec *spec)
{
	const struct name_list paths = {spec->paths, spec->path_count, false};
	const struct name_list hosts = {spec->hosts, spec->host_count, false};

	if (paths.count > 0)
		put_names(dump, "path", &paths);
	if (hosts.count > 0)
		put_names(dump, "host", &hosts);
}

static void
dump_spec(struct dump *dump, const struct policy_spec *spec,
	  const struct spec_source *source, const struct policy_spec *base)
{
	begin_section(dump, "cors", spec->name);
	dump_places(dump, spec);
	dump_origins(dump, spec, source);
	put_names_if_set(dump, "methods", &spec->methods, &base->methods);
	put_names_if_set(dump, "headers", &spec->headers, &base->headers);
	put_names_if_set(dump, "expose", &spec->expose, &base->expose);
	if (spec->credentials || base->credentials)
		dump_boolean(dump, "credentials", spec->credentials);
	if (spec->max_age >= 0)
		dump_number(dump, "max-age", (uint64_t)spec->max_age);
	dump_answers(dump, spec, base);
	if (source->allow_null)
		dump_boolean(dump, "allow-null", true);
	if (source->allow_insecure)
		dump_boolean(dump, "allow-insecure", true);
	if (source->allow_public_suffix)
		dump_boolean(dump, "allow-public-suffix", true);
}

/* [cors] first, then by NAME. */
static int
spec_compare(const void *left, const void *right)
{
	struct slice a = (*(const struct policy_spec *const *)left)->name;
	struct slice b = (*(const struct policy_spec *const *)right)->name;

	return slice_compare(a, b);
}

static int
dump_specs(struct dump *dump)
{
	const struct settings *settings = dump->settings;
	const struct policy_spec *base = &usual_spec;
	const struct policy_spec **sorted =
	    malloc((settings->spec_count + 1) * sizeof(*sorted));

	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < settings->spec_count; i++)
		sorted[i] = &settings->specs[i];
	qsort(sorted, settings->spec_count, sizeof(*sorted), spec_compare);
	for (size_t i = 0; i < settings->spec_count; i++) {
		const struct policy_spec *spec = sorted[i];
		const struct spec_source *source =
		    &settings->spec_sources[spec - settings->specs];

		if (!source->has_origins)
			continue; /* others have inherited its keys */
		dump_spec(dump, spec, source,
			  spec->name.len == 0 ? &usual_spec : base);
		if (spec->name.len == 0)
			base = spec;
	}
	free(sorted);
	return 0;
}

int
settings_dump(const struct settings *settings, FILE *out)
{
	struct dump dump = {.out = out, .settings = settings};

	dump_app(&dump);
	dump_server(&dump);
	dump_env(&dump);
	dump_handlers(&dump);
	dump_warm(&dump);
	if (dump_specs(&dump) != 0)
		return -1;
	if (dump.failed) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
