/*
 * Whole policies and their settings: every key's field and unit, the defaults,
 * the effects of the command line and the kind of start.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/settings.h"

#define CORS "[cors]\norigins = https://a.example\n"

static const struct load_options lint = {.use = LOAD_LINT};

/* The settings of a text, which must have no error. */
static struct settings *
parse(const char *text, const struct load_options *options)
{
	struct diag_list *diags = diag_list_new();
	struct settings *settings =
	    settings_parse("/srv/x/p.ini", slice_from(text), options, diags);

	if (settings == NULL) {
		diag_print(diags, stdout);
		fail_msg("errors");
	}
	assert_int_equal(diag_total(diags), 0);
	diag_list_free(diags);
	return settings;
}

static struct settings *
app_of(const char *lines)
{
	char text[2000];

	snprintf(text, sizeof(text), "[app]\n%s" CORS, lines);
	return parse(text, &lint);
}

static struct settings *
server_of(const char *lines)
{
	char text[2000];

	snprintf(text, sizeof(text), "[server]\n%s" CORS, lines);
	return parse(text, &lint);
}

static void
test_defaults(void **state)
{
	struct settings *s = parse(CORS, &lint);

	(void)state;
	assert_string_equal(s->file, "/srv/x/p.ini");
	assert_string_equal(s->folder, "/srv/x");
	assert_null(s->app.exec);
	assert_int_equal(s->app.forward_count, 0);
	assert_int_equal(s->app.root_count, 0);
	assert_int_equal(s->app.inject, INJECT_REWRITE);
	assert_int_equal(s->app.max_body, 64 << 20);
	assert_int_equal(s->app.max_header, 64 << 10);
	assert_int_equal(s->app.connect_timeout, 3000);
	assert_int_equal(s->app.first_byte_timeout, 60000);
	assert_int_equal(s->app.idle_timeout, 60000);
	assert_int_equal(s->app.total_timeout, 0);
	assert_int_equal(s->app.kill_grace, 2000);
	assert_int_equal(s->app.on_abort, ON_ABORT_END);
	assert_false(s->app.cpu_limit.set || s->app.memory_limit.set ||
		     s->app.file_limit.set || s->app.process_limit.set);
	assert_int_equal(s->app.local_redirect, LOCAL_REDIRECT_AUTO);
	assert_false(s->app.lenient || s->app.restore_authorization);
	assert_int_equal(s->app.stderr_to, STDERR_LOG);
	assert_null(s->app.directory);
	assert_int_equal(s->app.keep, 0);
	assert_int_equal(s->app.handler_count, 0);
	assert_non_null(s->app.env);
	assert_null(s->app.env[0]);
	assert_int_equal(s->server.workers, 32);
	assert_false(s->server.has_peers || s->server.access_log);
	assert_int_equal(s->server.idle_timeout, 60000);
	assert_int_equal(s->server.drain_timeout, 30000);
	assert_int_equal(s->server.reload, 2000);
	assert_null(s->server.status_path);
	assert_int_equal(s->server.log_format, LOG_FORMAT_TEXT);
	assert_null(s->server.log_file);
	assert_int_equal(s->source_count, 0);
	assert_int_equal(s->policies->count, 1);
	settings_release(s);
}

static void
test_app(void **state)
{
	struct settings *s = app_of(
	    "exec = bin/a 'b c'\nroot = cgi /srv/y\n"
	    "root = z\ninject = rewrite\nmax-body = 1G\nmax-header = 8K\n"
	    "connect-timeout = 10ms\nfirst-byte-timeout = 1m\n"
	    "idle-timeout = none\ntotal-timeout = 1h\nkill-grace = 0\n"
	    "on-abort = finish\ncpu-limit = 1500ms\nmemory-limit = 1G\n"
	    "file-limit = 64\nprocess-limit = 10\nlocal-redirect = pass\n"
	    "stderr = fastcgi\nauthorization = restore\ndirectory = d e\n"
	    "keep = 4\n");
	const struct app *app = &s->app;

	(void)state;
	assert_string_equal(app->exec[0], "/srv/x/bin/a");
	assert_string_equal(app->exec[1], "b c");
	assert_null(app->exec[2]);
	assert_int_equal(app->root_count, 3);
	assert_string_equal(app->root[0], "/srv/x/cgi");
	assert_string_equal(app->root[1], "/srv/y");
	assert_string_equal(app->root[2], "/srv/x/z");
	assert_int_equal(app->inject, INJECT_REWRITE);
	assert_int_equal(app->max_body, 1 << 30);
	assert_int_equal(app->max_header, 8192);
	assert_int_equal(app->connect_timeout, 10);
	assert_int_equal(app->first_byte_timeout, 60000);
	assert_int_equal(app->idle_timeout, 0);
	assert_int_equal(app->total_timeout, 3600000);
	assert_int_equal(app->kill_grace, 0);
	assert_int_equal(app->on_abort, ON_ABORT_FINISH);
	assert_true(app->cpu_limit.set);
	assert_int_equal(app->cpu_limit.value, 2);
	assert_int_equal(app->memory_limit.value, 1 << 30);
	assert_int_equal(app->file_limit.value, 64);
	assert_int_equal(app->process_limit.value, 10);
	assert_int_equal(app->local_redirect, LOCAL_REDIRECT_PASS);
	assert_int_equal(app->stderr_to, STDERR_FASTCGI);
	assert_true(app->restore_authorization);
	assert_string_equal(app->directory, "/srv/x/d e");
	assert_int_equal(app->keep, 4);
	settings_release(s);
}

static void
test_prepend(void **state)
{
	struct settings *s = app_of("inject = prepend\n");

	(void)state;
	assert_int_equal(s->app.inject, INJECT_PREPEND);
	settings_release(s);
}

static void
test_forward(void **state)
{
	struct settings *s = app_of(
	    "forward = unix:a.sock tcp:127.0.0.1:9000\n"
	    "forward = tcp:[::1]:9001\nlenient = on\nlocal-redirect = 302\n"
	    "cpu-limit = none\n");
	const struct app *app = &s->app;

	(void)state;
	assert_int_equal(app->forward_count, 3);
	assert_string_equal(app->forward[0].path, "/srv/x/a.sock");
	assert_string_equal(app->forward[1].host, "127.0.0.1");
	assert_int_equal(app->forward[2].port, 9001);
	assert_true(app->lenient);
	assert_int_equal(app->local_redirect, LOCAL_REDIRECT_302);
	assert_false(app->cpu_limit.set);
	settings_release(s);
}

static void
test_server(void **state)
{
	struct settings *s = server_of(
	    "workers = 8\npeers = 192.0.2.0/24\n"
	    "peers = ::1\nidle-timeout = 5s\ndrain-timeout = 0\nreload = 1m\n"
	    "status-path = /-/status\nstatus-clients = 127.0.0.1, ::1\n"
	    "access-log = true\nlog = debug\nlog-format = json\n"
	    "log-file = log/x y\n");
	const struct server *server = &s->server;

	(void)state;
	assert_int_equal(server->workers, 8);
	assert_true(server->has_peers);
	assert_int_equal(server->peer_count, 2);
	assert_true(network_has(&server->peers[0], SLICE("192.0.2.7")));
	assert_true(network_has(&server->peers[1], SLICE("::1")));
	assert_int_equal(server->idle_timeout, 5000);
	assert_int_equal(server->drain_timeout, 0);
	assert_int_equal(server->reload, 60000);
	assert_string_equal(server->status_path, "/-/status");
	assert_int_equal(server->status_client_count, 2);
	assert_true(server->access_log);
	assert_int_equal(server->log, LOG_LEVEL_DEBUG);
	assert_int_equal(server->log_format, LOG_FORMAT_JSON);
	assert_string_equal(server->log_file, "/srv/x/log/x y");
	settings_release(s);
}

static void
test_env(void **state)
{
	struct settings *s = parse(
	    "[env]\nA = 'x' \"y\"\nB=\nLD_X = z=1\n"
	    "[handlers]\n.php = /usr/bin/php-cgi -d 'a b'\n.pl = perl\n" CORS,
	    &lint);

	(void)state;
	assert_string_equal(s->app.env[0], "A='x' \"y\"");
	assert_string_equal(s->app.env[1], "B=");
	assert_string_equal(s->app.env[2], "LD_X=z=1");
	assert_null(s->app.env[3]);
	assert_int_equal(s->app.handler_count, 2);
	assert_string_equal(s->app.handlers[0].extension, ".php");
	assert_string_equal(s->app.handlers[0].argv[0], "/usr/bin/php-cgi");
	assert_string_equal(s->app.handlers[0].argv[2], "a b");
	assert_null(s->app.handlers[0].argv[3]);
	assert_string_equal(s->app.handlers[1].argv[0], "/srv/x/perl");
	settings_release(s);
}

/* [cors] without origins is a spec, but not a policy. */
static void
test_specs(void **state)
{
	struct settings *s =
	    parse("[cors a]\norigins = https://a.example\n"
		  "path = /a\n[cors]\nmethods = PUT get\nheaders = X-A x-a *\n"
		  "allow = GET PUT\n[cors b]\norigins = *\nhost = b.example\n",
		  &lint);

	(void)state;
	assert_int_equal(s->spec_count, 3);
	assert_int_equal(s->policies->count, 2);
	assert_int_equal(s->specs[0].name.len, 0);
	assert_false(s->spec_sources[0].has_origins);
	assert_true(slice_eq(s->specs[1].name, SLICE("a")));
	assert_int_equal(s->specs[1].line, 1);
	assert_int_equal(s->specs[1].origin_count, 1);
	assert_int_equal(s->specs[1].methods.count, 1);
	assert_true(s->specs[1].headers.any);
	assert_int_equal(s->specs[1].headers.count, 0);
	assert_int_equal(s->specs[1].allow.count, 4);
	assert_int_equal(s->specs[1].max_age, -1);
	assert_true(s->specs[2].any_origin);
	assert_int_equal(s->specs[2].host_count, 1);
	assert_true(s->policies->uses_paths);
	settings_release(s);
}

/* ---- effects of the kind of start ---- */

static char *const command[] = {(char *)(uintptr_t) "/bin/sh",
				(char *)(uintptr_t) "-c", NULL};

static const struct use_row {
	const char *name;
	const char *text;
	struct load_options options;
	const char *diags; /* "LINE:ID LINE:ID" */
} use_rows[] = {
    {"lint asks for no root", CORS, {.use = LOAD_LINT}, ""},
    {"lint asks for no peers",
     CORS,
     {.use = LOAD_LINT, .peers_needed = true},
     ""},
    {"CGI asks for no root", CORS, {.use = LOAD_CGI}, ""},
    {"FastCGI asks for a root",
     "[app]\n" CORS,
     {.use = LOAD_FASTCGI},
     "1:missing-root"},
    {"FastCGI asks for a root, without [app]",
     CORS,
     {.use = LOAD_FASTCGI},
     "1:missing-root"},
    {"FastCGI with exec", "[app]\nexec = a\n" CORS, {.use = LOAD_FASTCGI}, ""},
    {"FastCGI with a bad exec",
     "[app]\nexec = 'a\n" CORS,
     {.use = LOAD_FASTCGI},
     "2:bad-value"},
    {"FastCGI with forward",
     "[app]\nforward = unix:a\n" CORS,
     {.use = LOAD_FASTCGI},
     ""},
    {"FastCGI with root", "[app]\nroot = a\n" CORS, {.use = LOAD_FASTCGI}, ""},
    {"FastCGI with a command",
     CORS,
     {.use = LOAD_FASTCGI, .command = command},
     ""},
    {"forward",
     "[app]\nforward = unix:a tcp:127.0.0.1:9\n" CORS,
     {.use = LOAD_CGI},
     ""},
    {"forward where programs can only be started",
     "[app]\nforward = unix:a tcp:127.0.0.1:9\n" CORS,
     {.use = LOAD_CGI, .exec_only = true},
     "2:bad-value"},
    {"FastCGI asks for peers",
     CORS "[server]\nworkers = 1\n",
     {.use = LOAD_FASTCGI, .command = command, .peers_needed = true},
     "3:missing-peers"},
    {"FastCGI with peers",
     CORS "[server]\npeers = ::1\n",
     {.use = LOAD_FASTCGI, .command = command, .peers_needed = true},
     ""},
    {"FastCGI with bad peers",
     CORS "[server]\npeers = x\n",
     {.use = LOAD_FASTCGI, .command = command, .peers_needed = true},
     "4:bad-value"},
    {"no file is opened",
     "[cors]\norigins-file = /etc/passwd\n",
     {.use = LOAD_LINT},
     "2:origins-file-unreadable"},
    {"no warnings unless asked for",
     CORS "methods = patch GET\n",
     {.use = LOAD_LINT},
     ""},
    {"warnings asked for",
     CORS "methods = patch GET\n",
     {.use = LOAD_LINT, .warnings = true},
     "3:method-case 3:safelisted"},
};

static void
test_use(void **state)
{
	const struct use_row *row = *state;
	struct diag_list *diags = diag_list_new();
	struct settings *s = settings_parse(
	    "/srv/x/p.ini", slice_from(row->text), &row->options, diags);
	char got[200] = "";

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
			 "%s%u:%s", i == 0 ? "" : " ", diag->line, diag->id);
	}
	assert_string_equal(got, row->diags);
	assert_int_equal(s == NULL, diag_count(diags, SEVERITY_ERROR) > 0);
	settings_release(s);
	diag_list_free(diags);
}

/* Where each diagnostic is, with the bytes that its fix replaces. */
static const struct place_row {
	const char *name;
	const char *text;
	const char *places; /* LINE:COLUMN+LENGTH */
} place_rows[] = {
    {"a word of a list",
     "[cors]\n\torigins =  https://a.example, HTTP://b.c/\n", "2:32+11"},
    {"behind a byte order mark", "\xef\xbb\xbf[crs] ; x\n", "1:4+5"},
    {"a header", "  [cors] # x\r\norigins = *\n", "1:3+10"},
    {"a header without its end", "[cors\norigins = *\n", "1:1+5"},
    {"a new line", CORS "[cors]\nmethods = PUT\n", "3:1+6"},
    {"before any section", "\xef\xbb\xbf origins = *\n", "1:4+0"},
    {"a key", "[cors]\n Origins= *\n", "2:2+7"},
    {"a whole line", CORS " methods: PUT ; x\n", "3:2+12"},
    {"a value", CORS "max-age =10s\n", "3:10+3"},
    {"a value too long for inih",
     "[cors]\norigins =                                                    "
     "                                                                       "
     "                                                                       "
     " https://a.b https://c.d https://e.f/ https://g.h\n",
     "2:229+12"},
    {"[env]", CORS "[env]\nexport A = b\n", "4:1+8"},
    {"what is inherited",
     "[cors]\norigins = http://a.example\n[cors x]\n"
     "path = /x\ncredentials = yes\n",
     "5:0+0"},
    {"no one place", "[cors]\nmethods = PUT\n", "1:0+0"},
};

static void
test_places(void **state)
{
	const struct place_row *row = *state;
	struct diag_list *diags = diag_list_new();
	char got[200] = "";

	settings_release(settings_parse("/srv/x/p.ini", slice_from(row->text),
					&lint, diags));
	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
			 "%s%u:%u+%u", i == 0 ? "" : " ", diag->line,
			 diag->column, diag->length);
	}
	assert_string_equal(got, row->places);
	diag_list_free(diags);
}

static void
test_cgi_root(void **state)
{
	const struct load_options cgi = {.use = LOAD_CGI};
	struct settings *s = parse(CORS, &cgi);

	(void)state;
	assert_int_equal(s->app.root_count, 1);
	assert_string_equal(s->app.root[0], "/srv/x");
	settings_release(s);
}

/* COMMAND replaces exec and forward. */
static void
test_command(void **state)
{
	const struct load_options options = {.use = LOAD_FASTCGI,
					     .command = command};
	struct settings *s = parse("[app]\nforward = unix:a\n" CORS, &options);

	(void)state;
	assert_int_equal(s->app.forward_count, 0);
	assert_string_equal(s->app.exec[0], "/bin/sh");
	assert_string_equal(s->app.exec[1], "-c");
	assert_null(s->app.exec[2]);
	settings_release(s);
}

/* ---- files and users ---- */

static void
write_policy(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
test_changed(void **state)
{
	char dir[] = "/tmp/corswrap-27-XXXXXX", policy[64], list[64], other[64];
	struct diag_list *diags = diag_list_new();
	struct settings *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(policy, sizeof(policy), "%s/p", dir);
	snprintf(list, sizeof(list), "%s/list", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	write_policy(policy, "[cors]\norigins-file = list\n");
	write_policy(list, "https://a.example\n");
	s = settings_load(policy, &lint, diags);
	assert_non_null(s);
	assert_int_equal(s->source_count, 2);
	assert_false(settings_changed(s));
	write_policy(other, "https://b.example\n");
	assert_int_equal(rename(other, list), 0);
	assert_true(settings_changed(s));
	settings_release(s);

	s = settings_load(policy, &lint, diags);
	assert_false(settings_changed(s));
	write_policy(list, "https://bb.example\n");
	assert_true(settings_changed(s));
	settings_release(s);

	s = settings_load(policy, &lint, diags);
	assert_false(settings_changed(s));
	unlink(policy);
	assert_true(settings_changed(s));
	settings_release(s);
	unlink(list);
	rmdir(dir);
	diag_list_free(diags);
}

/* More of everything than an array has room for at first, and a duplicate
 * section is not used (the sanitizers report mixed-up arrays).
 */
static void
test_long_lists(void **state)
{
	char text[4096] = "[app]\n", *end = text + strlen(text);
	struct diag_list *diags = diag_list_new();
	struct settings *s;

	(void)state;
	for (int i = 1; i <= 20; i++)
		end += sprintf(end, "forward = tcp:127.0.0.1:%d\nroot = r%d\n",
			       i, i);
	end += sprintf(end, "[server]\nstatus-path = /s\n");
	for (int i = 1; i <= 20; i++)
		end += sprintf(end,
			       "peers = 192.0.2.%d\n"
			       "status-clients = 198.51.100.%d\n",
			       i, i);
	end += sprintf(end, "%s", CORS);
	for (int i = 1; i <= 20; i++)
		end += sprintf(end, "origins-regex = https://r%d\n", i);
	s = parse(text, &lint);
	assert_int_equal(s->app.forward_count, 20);
	assert_int_equal(s->app.forward[0].port, 1);
	assert_int_equal(s->app.forward[19].port, 20);
	assert_int_equal(s->app.root_count, 20);
	assert_string_equal(s->app.root[0], "/srv/x/r1");
	assert_string_equal(s->app.root[19], "/srv/x/r20");
	assert_int_equal(s->server.peer_count, 20);
	assert_int_equal(s->server.peers[0].ip.bytes[3], 1);
	assert_int_equal(s->server.peers[19].ip.bytes[3], 20);
	assert_int_equal(s->server.status_client_count, 20);
	assert_int_equal(s->server.status_clients[19].ip.bytes[3], 20);
	assert_int_equal(s->regex_count, 20);
	settings_release(s);
	settings_release(NULL);

	snprintf(text, sizeof(text),
		 "[app]\nroot = a b c d e f g h i\n"
		 "[app]\nroot = j k\nforward = unix:l\n" CORS);
	assert_null(settings_parse("/p.ini", slice_from(text), &lint, diags));
	assert_int_equal(diag_total(diags), 1);
	diag_list_free(diags);
}

int
main(void)
{
	static struct CMUnitTest tests[60] = {
	    cmocka_unit_test(test_defaults), cmocka_unit_test(test_app),
	    cmocka_unit_test(test_forward),  cmocka_unit_test(test_server),
	    cmocka_unit_test(test_env),	     cmocka_unit_test(test_specs),
	    cmocka_unit_test(test_cgi_root), cmocka_unit_test(test_command),
	    cmocka_unit_test(test_changed),  cmocka_unit_test(test_long_lists),
	    cmocka_unit_test(test_prepend),
	};
	size_t n = 11;

	UNIT_ROWS(tests, n, use_rows, test_use);
	UNIT_ROWS(tests, n, place_rows, test_places);
	return unit_run(tests, n);
}
