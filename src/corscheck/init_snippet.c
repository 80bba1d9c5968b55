/*
 * Writes the lines for each web server: the templates in snippets/, with values
 * filled in.  The README there describes the templates.
 *
 * examples/servers and the manuals have the same lines (tools/fill-snippets),
 * and t/servers/metavariables.t puts them into the servers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

struct template
{
	const char *name;
	const char *text;
};
#include "corscheck/snippets.h"

#define ALL_APPS (INIT_APPS_ONE | INIT_APPS_SCRIPTS)
/* A CGI program cannot forward. */
#define CGI_APPS (ALL_APPS & ~INIT_APP_BIT(INIT_APP_FORWARD))
#define CGI_ONE (INIT_APPS_ONE & ~INIT_APP_BIT(INIT_APP_FORWARD))
/* lighttpd as a daemon starts programs with /dev/null as standard error. */
#define LIGHTTPD_LOG "/var/log/lighttpd/corswrap-%s.log"

const struct init_server init_servers[] = {
    {"lighttpd", "lighttpd, mod_fastcgi: starts corswrap", false, ALL_APPS,
     LIGHTTPD_LOG},
    {"lighttpd-cgi", "lighttpd, mod_cgi", true, CGI_APPS, LIGHTTPD_LOG},
    {"apache-fcgid", "Apache, mod_fcgid: starts corswrap", false, ALL_APPS,
     NULL},
    {"apache-cgi", "Apache, mod_cgid or mod_cgi", true, CGI_APPS, NULL},
    {"apache-proxy", "Apache, mod_proxy_fcgi", false, ALL_APPS, NULL},
    {"htaccess", "shared hosting: Apache, and only a folder of one's own", true,
     CGI_APPS, ".ht%s.log"},
    {"nginx", "nginx", false, ALL_APPS, NULL},
    {"haproxy", "HAProxy", false, ALL_APPS, NULL},
    {"caddy", "Caddy", false, ALL_APPS, NULL},
    {"busybox", "busybox httpd", true, CGI_ONE, NULL},
    {"systemd", "units that start corswrap for a server", false, ALL_APPS,
     NULL},
    {NULL, NULL, false, 0, NULL},
};

const struct init_server *
init_server_find(const char *name)
{
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const char *
init_default_root(const struct init_plan *plan)
{
	return plan->server != NULL && plan->server->cgi ? plan->folder
							 : "/usr/lib/cgi-bin";
}

const char *
init_default_path(const struct init_plan *plan)
{
	if (plan->server != NULL && strcmp(plan->server->name, "htaccess") == 0)
		return "/api";
	switch (plan->app) {
	case INIT_APP_ROOT:
		return plan->server == NULL ? "/api" : "/cgi-bin";
	case INIT_APP_GIT:
		return "/git";
	case INIT_APP_PHP:
		return "/app";
	default:
		return "/api";
	}
}

/*
 * Debian's HAProxy runs in a chroot without our socket, as a user that could
 * not open it: so use a port, derived from the name so that two policies have
 * different ones.
 */
const char *
init_default_address(const struct init_plan *plan)
{
	enum { FIRST = 9100, COUNT = 800 };
	unsigned long sum = 0;
	char text[sizeof("tcp:127.0.0.1:65535")];

	if (plan->server == NULL || strcmp(plan->server->name, "haproxy") != 0)
		return NULL;
	for (const char *p = plan->name; *p != '\0'; p++)
		sum = (sum * 31 + (unsigned char)*p) % COUNT;
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%lu", FIRST + sum);
	return arena_text(plan->arena, slice_from(text));
}

const char *
init_default_document_root(const struct init_plan *plan)
{
	size_t len = strlen(plan->folder);

	if (plan->server == NULL || strcmp(plan->server->name, "busybox") != 0)
		return "/var/www/html";
	return arena_text(plan->arena,
			  slice_of(plan->folder, len < 8 ? len : len - 8));
}

/* ---- values ---- */

/* The extensions of scripts; the first is the one that others are mapped to. */
static const char *const root_extensions[] = {"pl", "py", "sh", "cgi", NULL};
static const char *const php_extensions[] = {"php", NULL};
/* corswrap.cgi only runs scripts that have a handler. */
static const char *const htaccess_extensions[] = {"pl", "php", NULL};

static const char *const *
extensions_of(const struct init_plan *plan)
{
	if (plan->app == INIT_APP_PHP)
		return php_extensions;
	return strcmp(plan->server->name, "htaccess") == 0 ? htaccess_extensions
							   : root_extensions;
}

/* The length of a path without slashes at its end; "/" keeps its own. */
static size_t
length_of_folder(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

static const char *
root_of(const struct init_plan *plan)
{
	bool folder =
	    plan->app != INIT_APP_EXEC && plan->app != INIT_APP_FORWARD;

	return folder && plan->app_value != NULL ? plan->app_value
						 : init_default_root(plan);
}

/* The script that handles a folder; NULL: there is none. */
static const char *
index_of(const struct init_plan *plan)
{
	static const char *const names[] = {"index.cgi", "index.pl", "index.py",
					    "index.sh"};
	char path[PATH_MAX];

	if (plan->app == INIT_APP_PHP)
		return "index.php";
	for (size_t i = 0;
	     plan->app == INIT_APP_ROOT && i < sizeof(names) / sizeof(*names);
	     i++)
		if (snprintf(path, sizeof(path), "%s/%s", root_of(plan),
			     names[i]) < (int)sizeof(path) &&
		    access(path, F_OK) == 0)
			return names[i];
	return NULL;
}

/* Without a final /: the templates add it where it belongs. */
static void
write_folder(const char *path, FILE *out)
{
	fwrite(path, 1, length_of_folder(path), out);
}

/* --path / becomes empty: everything is below it. */
static size_t
path_length(const struct init_plan *plan)
{
	size_t len = length_of_folder(plan->path);

	return len == 1 ? 0 : len;
}

/* As a regular expression: of the bytes that --path accepts, these two are
 * special. */
static void
write_path_expression(const struct init_plan *plan, FILE *out)
{
	size_t len = path_length(plan);

	for (size_t i = 0; i < len; i++) {
		if (strchr(".+", plan->path[i]) != NULL)
			fputc('\\', out);
		fputc(plan->path[i], out);
	}
}

/* The policy's name, with only bytes that every server accepts in
 * identifiers. */
static void
write_id(const struct init_plan *plan, FILE *out)
{
	for (const char *p = plan->name; *p != '\0'; p++)
		fputc(strchr(".+~-", *p) != NULL ? '_' : *p, out);
}

/* Write the extensions: a text before each, one between two, and one after
 * each. */
static void
write_extensions(const struct init_plan *plan, const char *before,
		 const char *between, const char *behind, FILE *out)
{
	const char *const *extension = extensions_of(plan);

	for (size_t i = 0; extension[i] != NULL; i++)
		fprintf(out, "%s%s%s%s", i == 0 ? "" : between, before,
			extension[i], behind);
}

/* Write ".py" => ".pl" for all but the first, which the responder is set
 * for. */
static void
write_extension_map(const struct init_plan *plan, FILE *out)
{
	const char *const *extension = extensions_of(plan);

	for (size_t i = 1; extension[i] != NULL; i++)
		fprintf(out, "%s\".%s\" => \".%s\"", i == 1 ? "" : ", ",
			extension[i], extension[0]);
}

static void
write_cgi_assign(const struct init_plan *plan, FILE *out)
{
	const char *const *extension = extensions_of(plan);

	for (size_t i = 0; extension[i] != NULL; i++)
		fprintf(out, "%s\".%s\" => \"%s\"", i == 0 ? "" : ", ",
			extension[i], plan->corswrap);
}

/* The path of a unix socket; NULL: it is a TCP address, and *tcp points to
 * it. */
static const char *
unix_path(const struct init_plan *plan, const char **tcp)
{
	*tcp = NULL;
	if (plan->address == NULL)
		return "";
	if (strncmp(plan->address, "unix:", 5) == 0)
		return plan->address + 5;
	*tcp = plan->address + 4;
	return NULL;
}

/* Write the responder's address.  Each server has its own prefixes for the path
 * of a unix socket, and for host and port. */
static void
write_socket(const struct init_plan *plan, const char *before_path,
	     const char *before_host, FILE *out)
{
	const char *tcp, *path = unix_path(plan, &tcp);

	if (path == NULL)
		fprintf(out, "%s%s", before_host, tcp);
	else if (*path != '\0')
		fprintf(out, "%s%s", before_path, path);
	else
		fprintf(out, "%s/run/corswrap/%s.sock", before_path,
			plan->name);
}

/* The socket's folder, without a final /. */
static void
write_socket_folder(const struct init_plan *plan, FILE *out)
{
	const char *tcp, *path = unix_path(plan, &tcp);
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL || slash == path)
		fputs("/run/corswrap", out);
	else
		fwrite(path, 1, (size_t)(slash - path), out);
}

/* mod_proxy has a worker of its own for each name. */
static void
write_proxy(const struct init_plan *plan, FILE *out)
{
	const char *tcp;

	fputs("fcgi://", out);
	if (unix_path(plan, &tcp) == NULL) {
		fputs(tcp, out);
	} else {
		fputs("corswrap-", out);
		write_id(plan, out);
	}
}

static void
write_proxy_handler(const struct init_plan *plan, FILE *out)
{
	const char *tcp;

	if (unix_path(plan, &tcp) == NULL) {
		fputs("proxy:", out);
	} else {
		write_socket(plan, "proxy:unix:", "", out);
		fputc('|', out);
	}
	write_proxy(plan, out);
}

/* The socket of a program that lighttpd starts: lighttpd does not make its
 * folder. */
static void
write_started_socket(const struct init_plan *plan, FILE *out)
{
	const char *tcp, *path = unix_path(plan, &tcp);

	if (path != NULL && *path != '\0')
		fputs(path, out);
	else
		fprintf(out, "/run/lighttpd/corswrap-%s.sock", plan->name);
}

/* ---- filling in ---- */

static bool
is(const char *name, size_t len, const char *what)
{
	return strlen(what) == len && strncmp(name, what, len) == 0;
}

/* Values that are plain words. */
static const char *
word_of(const struct init_plan *plan, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} words[] = {
	    {"corswrap", plan->corswrap},
	    {"policy", plan->policy},
	    {"folder", plan->folder},
	    {"name", plan->name},
	    {"user", plan->user},
	    {"document-root", plan->document_root},
	    {"index", index_of(plan)},
	    {"extension", extensions_of(plan)[0]},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(name, len, words[i].name))
			return words[i].value;
	return NULL;
}

static bool
write_address(const struct init_plan *plan, const char *name, size_t len,
	      FILE *out)
{
	if (is(name, len, "listen"))
		write_socket(plan, "unix:", "tcp:", out);
	else if (is(name, len, "socket-folder"))
		write_socket_folder(plan, out);
	else if (is(name, len, "socket:started"))
		write_started_socket(plan, out);
	else if (is(name, len, "socket:systemd"))
		write_socket(plan, "", "", out);
	else if (is(name, len, "socket:nginx"))
		write_socket(plan, "unix:", "", out);
	else if (is(name, len, "socket:haproxy"))
		write_socket(plan, "unix@", "", out);
	else if (is(name, len, "socket:caddy"))
		write_socket(plan, "unix/", "", out);
	else if (is(name, len, "socket:apache"))
		write_proxy_handler(plan, out);
	else if (is(name, len, "proxy"))
		write_proxy(plan, out);
	else
		return false;
	return true;
}

/* Write the value of @name@; false: unknown name. */
static bool
place(const struct init_plan *plan, const char *name, size_t len, FILE *out)
{
	const char *word = word_of(plan, name, len);

	if (word != NULL)
		fputs(word, out);
	else if (is(name, len, "id"))
		write_id(plan, out);
	else if (is(name, len, "program"))
		fprintf(out, "%s/%s.cgi", plan->folder, plan->name);
	else if (is(name, len, "path"))
		fwrite(plan->path, 1, path_length(plan), out);
	else if (is(name, len, "path:expression"))
		write_path_expression(plan, out);
	else if (is(name, len, "root"))
		write_folder(root_of(plan), out);
	else if (is(name, len, "unit-words"))
		init_unit_write(plan, " ", "", out);
	else if (is(name, len, "unit-lines"))
		init_unit_write(plan, "", "\n", out);
	else if (is(name, len, "extensions"))
		write_extensions(plan, "", "|", "", out);
	else if (is(name, len, "extensions:words"))
		write_extensions(plan, ".", " and ", "", out);
	else if (is(name, len, "extensions:map"))
		write_extension_map(plan, out);
	else if (is(name, len, "extensions:cgi"))
		write_cgi_assign(plan, out);
	else
		return write_address(plan, name, len, out);
	return true;
}

/* Write a line with its values filled in. */
static void
write_line(const struct init_plan *plan, const char *line, size_t len,
	   FILE *out)
{
	const char *end = line + len;

	while (line < end) {
		const char *at = memchr(line, '@', (size_t)(end - line));
		const char *to =
		    at == NULL ? NULL
			       : memchr(at + 1, '@', (size_t)(end - at - 1));
		if (to == NULL) {
			fwrite(line, 1, (size_t)(end - line), out);
			return;
		}
		fwrite(line, 1, (size_t)(at - line), out);
		if (place(plan, at + 1, (size_t)(to - at - 1), out)) {
			line = to + 1;
		} else {
			/* This @ belongs to the text: corswrap@NAME.socket. */
			fputc('@', out);
			line = at + 1;
		}
	}
}

/* ---- templates ---- */

/* Does systemd's service need a drop-in, its socket, or either? */
static bool
is_word_for_unit(const struct init_plan *plan, struct slice word)
{
	return (!slice_eq(word, SLICE("%unit+socket")) &&
		init_unit_service(plan)) ||
	       (!slice_eq(word, SLICE("%unit+service")) &&
		init_unit_socket(plan));
}

/* Does the plan match a word of a % line? */
static bool
is_word_for(const struct init_plan *plan, const char *word, size_t len)
{
	static const struct {
		const char *word;
		unsigned apps;
	} words[] = {
	    {"%all", ALL_APPS},
	    {"%one", INIT_APPS_ONE},
	    {"%scripts", INIT_APPS_SCRIPTS},
	    {"%exec", INIT_APP_BIT(INIT_APP_EXEC)},
	    {"%git", INIT_APP_BIT(INIT_APP_GIT)},
	    {"%forward", INIT_APP_BIT(INIT_APP_FORWARD)},
	    {"%root", INIT_APP_BIT(INIT_APP_ROOT)},
	    {"%php", INIT_APP_BIT(INIT_APP_PHP)},
	    {"%index", INIT_APPS_SCRIPTS},
	};
	const char *plus = memchr(word, '+', len);
	size_t name_len = plus == NULL ? len : (size_t)(plus - word);
	const char *tcp;

	if (is(word, len, "%folder"))
		return unix_path(plan, &tcp) != NULL;
	if (is(word, name_len, "%unit"))
		return is_word_for_unit(plan, slice_of(word, len));
	if (is(word, name_len, "%index") && index_of(plan) == NULL)
		return false;
	if (plus != NULL &&
	    is(plus, len - name_len, "+top") != (path_length(plan) == 0))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(word, name_len, words[i].word))
			return (words[i].apps & INIT_APP_BIT(plan->app)) != 0;
	return false;
}

/* Does the plan match one of the words of a % line? */
static bool
is_for(const struct init_plan *plan, const char *line, size_t len)
{
	const char *end = line + len;

	for (const char *at = line, *to; at < end; at = to + 1) {
		to = memchr(at, ' ', (size_t)(end - at));
		to = to == NULL ? end : to;
		if (is_word_for(plan, at, (size_t)(to - at)))
			return true;
	}
	return false;
}

/* Write the template of that name, with those that it includes.  A template
 * that is included (inner) cannot include others. */
static void
write_template(const struct init_plan *plan, const char *name, size_t name_len,
	       bool inner, FILE *out)
{
	static const char include[] = "%include ";
	const size_t include_len = sizeof(include) - 1;
	const char *line = NULL, *end;
	bool wanted = true;

	for (const struct template *t = templates; t->name != NULL; t++)
		if (is(name, name_len, t->name))
			line = t->text;
	for (; line != NULL && *line != '\0'; line = end + 1) {
		size_t len;
		end = strchr(line, '\n');
		len = (size_t)(end - line);
		if (strncmp(line, include, include_len) == 0) {
			if (wanted && !inner)
				write_template(plan, line + include_len,
					       len - include_len, true, out);
		} else if (*line == '%') {
			wanted = is_for(plan, line, len);
		} else if (wanted) {
			write_line(plan, line, len + 1, out);
		}
	}
}

void
init_snippet_write(const struct init_plan *plan, FILE *out)
{
	write_template(plan, plan->server->name, strlen(plan->server->name),
		       false, out);
	if (plan->push)
		write_template(plan, "push", strlen("push"), false, out);
}
