/*
 * Warnings and notes: valid values that are probably mistakes, and files that
 * other users can write to or read.
 *
 * A warning about a key that [cors NAME] inherits is given once, for [cors].
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cors/names.h"

enum {
	MAX_AGE_LOW = 60,
	MAX_AGE_SAFARI = 600,	/* WebKit, CrossOriginPreflightResultCache */
	MAX_AGE_CHROMIUM = 7200 /* services/network/cors/preflight_result.cc */
};

static void
lint_max_age(struct loader *loader, const struct cors_values *values)
{
	unsigned line = values->lines[CORS_MAX_AGE];

	if (line == 0 || values->max_age < 0)
		return;
	if (values->max_age < MAX_AGE_LOW)
		loader_warn(loader, line, "max-age-low", NULL,
			    "with \"max-age = %ld\" browsers repeat the "
			    "preflight all the time; %d or more avoids that",
			    values->max_age, MAX_AGE_LOW);
	else if (values->max_age > MAX_AGE_CHROMIUM)
		loader_note(
		    loader, line, "max-age-capped", NULL,
		    "browsers use less than %ld: Chromium at most %d, Safari "
		    "at most %d",
		    values->max_age, MAX_AGE_CHROMIUM, MAX_AGE_SAFARI);
	else if (values->max_age > MAX_AGE_SAFARI)
		loader_note(loader, line, "max-age-capped", NULL,
			    "Safari uses less than %ld: at most %d",
			    values->max_age, MAX_AGE_SAFARI);
}

/* Names beside `*`, which does not cover authorization. */
static void
lint_beside_any(struct loader *loader, const struct items *items,
		const char *key)
{
	if (!items->any)
		return;
	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->list[i];
		if (strcmp(key, "headers") == 0 &&
		    slice_eq(item->text, SLICE("authorization")))
			continue;
		loader_report(loader, SEVERITY_WARNING, item->line, item->text,
			      "shadowed", NULL,
			      "\"%s\" is covered by \"*\" in \"%s\"",
			      loader_quote(loader, item->text), key);
	}
}

static void
lint_headers(struct loader *loader, const struct cors_values *values)
{
	const struct items *headers = &values->headers;

	if (values->lines[CORS_HEADERS] == 0 || headers->any ||
	    headers->count == 0)
		return;
	for (size_t i = 0; i < headers->count; i++)
		if (!request_header_is_plain(headers->list[i].text))
			return;
	loader_warn(loader, values->lines[CORS_HEADERS], "useless-headers",
		    NULL,
		    "\"headers\" names only headers that need no permission; "
		    "the key can be left out");
}

static void
lint_lists(struct loader *loader, const struct cors_values *values)
{
	if (values->lines[CORS_METHODS] != 0)
		lint_beside_any(loader, &values->methods, "methods");
	if (values->lines[CORS_HEADERS] != 0)
		lint_beside_any(loader, &values->headers, "headers");
	if (values->lines[CORS_EXPOSE] != 0)
		lint_beside_any(loader, &values->expose, "expose");
	if (values->lines[CORS_TIMING] != 0 &&
	    values->timing.kind == TIMING_ANY)
		for (size_t i = 0; i < values->timing.origins.count; i++)
			loader_report(
			    loader, SEVERITY_WARNING,
			    values->timing.origins.list[i].line,
			    values->timing.origins.list[i].text, "shadowed",
			    NULL, "\"%s\" is covered by \"*\" in \"timing\"",
			    loader_quote(loader,
					 values->timing.origins.list[i].text));
	lint_headers(loader, values);
}

/* The preflight allows the method, but the response to the request is 405. */
static void
lint_allow(struct loader *loader, const struct cors_values *values)
{
	unsigned methods = values->lines[CORS_METHODS];
	unsigned allow = values->lines[CORS_ALLOW];

	if ((methods == 0 && allow == 0) || values->allow.count == 0)
		return;
	for (size_t i = 0; i < values->methods.count; i++) {
		const struct item *item = &values->methods.list[i];
		if (items_have(&values->allow, item->text) ||
		    slice_eq(item->text, SLICE("OPTIONS")))
			continue;
		loader_warn(
		    loader, methods != 0 ? item->line : allow,
		    "allow-misses-method", NULL,
		    "method \"%s\" is in \"methods\" but not in \"allow\": its "
		    "preflight passes, and the request then gets 405",
		    loader_quote(loader, item->text));
	}
}

/* Why the origin is dangerous; NULL: it is not. */
static const char *
wildcard_warning(const struct cors_values *values,
		 const struct origin_pattern *pattern, const char **id)
{
	if (origin_is_public_suffix(pattern)) {
		*id = values->allow_public_suffix ? "broad-wildcard"
						  : "public-suffix";
		if (values->credentials && !values->allow_public_suffix)
			return NULL; /* an error */
		return "anyone can register a name under it";
	}
	if (origin_is_file(pattern)) {
		*id = "file-scheme";
		return values->credentials
			   ? NULL
			   : "only Cordova and old webviews send it, and any "
			     "page in any of them; browsers send \"null\"";
	}
	*id = "broad-wildcard";
	if (pattern->any_host)
		return "every page of this scheme is allowed, of any extension "
		       "or app";
	if (origin_is_wide_range(pattern))
		return values->credentials
			   ? NULL
			   : "the range has more addresses than one network";
	if (pattern->any_port && !pattern->is_loopback)
		return "every port of the host is allowed, whichever program "
		       "opens it";
	return NULL;
}

static void
lint_origin(struct loader *loader, const struct cors_values *values,
	    struct origins_file *file, unsigned line,
	    const struct origin_pattern *pattern)
{
	const char *id;
	const char *why = wildcard_warning(values, pattern, &id);

	if (why == NULL)
		return;
	diag_report(loader->diags, SEVERITY_WARNING,
		    file == NULL ? loader->file : file->name,
		    file == NULL ? loader_place(loader, line, pattern->text)
				 : origins_file_place(file, pattern->text),
		    id, NULL, "origin \"%s\": %s",
		    loader_quote(loader, pattern->text), why);
}

static void
lint_origins(struct loader *loader, const struct cors_values *values)
{
	const struct origins *origins = values->origins;

	for (size_t i = 0; i < origins->count; i++)
		lint_origin(loader, values, NULL, origins->items[i].line,
			    &origins->items[i].pattern);
	for (size_t i = 0; i < origins->file_count; i++) {
		struct origins_file *file = origins->files[i].file;
		for (size_t j = 0; j < file->count; j++)
			lint_origin(loader, values, file, 0,
				    &file->patterns[j]);
	}
	for (size_t i = 0; i < origins->regex_count; i++)
		loader_report(loader, SEVERITY_WARNING,
			      origins->regexes[i].line,
			      origins->regexes[i].text, "regex-origin", NULL,
			      "a regular expression easily allows more than it "
			      "should; \"origins\" knows subdomains and ports "
			      "(https://*.example.com, http://localhost:*)");
	if (origins->null_line != 0 && values->allow_null &&
	    !values->credentials)
		loader_warn(
		    loader, origins->null_line, "null-origin", NULL,
		    "origin \"null\" lets in every site: any page can open a "
		    "sandboxed frame that sends it");
}

static void
lint_reach(struct loader *loader, const struct cors_values *values)
{
	bool selected = values->paths.count > 0 || values->hosts.count > 0;
	bool attempted =
	    values->lines[CORS_PATH] != 0 || values->lines[CORS_HOST] != 0;

	if (!values->section->named || selected || values->section->incomplete)
		return;
	/* A path that is invalid has been reported. */
	if (attempted && diag_count(loader->diags, SEVERITY_ERROR) > 0)
		return;
	loader_warn(loader, values->section->line, "unreachable", NULL,
		    "%s has neither \"path\" nor \"host\": only the variable "
		    "CORSWRAP_POLICY chooses it",
		    values->label);
}

/* Fetch Metadata, 2: the headers are only sent to potentially trustworthy
 * URLs. */
static void
lint_isolate(struct loader *loader, const struct cors_values *values)
{
	if (values->lines[CORS_ISOLATE] != 0 && values->isolate != ISOLATE_NO)
		loader_note(loader, values->lines[CORS_ISOLATE],
			    "isolate-needs-https", NULL,
			    "browsers send Sec-Fetch-Site only to https and "
			    "localhost; over http \"isolate\" has no effect");
}

static void
lint_sections(struct loader *loader)
{
	for (size_t i = 0; i < loader->cors_count; i++) {
		const struct cors_values *values = &loader->cors[i];
		bool own_origins = values == loader->base ||
				   loader->base == NULL ||
				   values->origins != loader->base->origins;

		lint_max_age(loader, values);
		lint_lists(loader, values);
		lint_allow(loader, values);
		if (own_origins)
			lint_origins(loader, values);
		if (values->lines[CORS_DEBUG] != 0 && values->debug)
			loader_warn(
			    loader, values->lines[CORS_DEBUG], "debug-on", NULL,
			    "\"debug = yes\" shows every client why a "
			    "preflight was refused; not for production");
		lint_isolate(loader, values);
		lint_reach(loader, values);
	}
}

/*
 * ---- the policy's folder ----
 *
 * On shared hosting a policy is beside its program, in a folder that a web
 * server serves: only its name or the server's configuration keeps the server
 * from sending it as text.
 */

static struct slice
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slice_from(slash == NULL ? path : slash + 1);
}

/* Apache's default configuration denies access to these. */
static bool
is_hidden(struct slice name)
{
	return slice_starts(name, SLICE(".ht"));
}

/* The name of the program that finds this policy (serve/locate.c): the
 * policy's name without .ht and .ini.  Absent: there is no such name. */
static struct slice
stem_of(struct slice name)
{
	if (is_hidden(name))
		name = slice_after(name, 3);
	if (name.len < 5 || !text_ends(name, SLICE(".ini")))
		return SLICE_NONE;
	return slice_of(name.ptr, name.len - 4);
}

static bool
is_program(int folder, const char *name, struct slice stem)
{
	struct slice text = slice_from(name);
	struct stat st;

	if (!slice_starts(text, stem) ||
	    (text.len > stem.len && text.ptr[stem.len] != '.'))
		return false;
	return fstatat(folder, name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & S_IXUSR) != 0;
}

/* Is a program beside the policy that finds it by its name? */
static bool
beside_program(const struct settings *settings)
{
	struct slice stem = stem_of(base_name(settings->file));
	DIR *folder = slice_present(stem) ? opendir(settings->folder) : NULL;
	struct dirent *entry;
	bool found = false;

	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL)
		found = is_program(dirfd(folder), entry->d_name, stem);
	(void)closedir(folder);
	return found;
}

static void
lint_served(struct loader *loader)
{
	const struct settings *settings = loader->settings;
	const char *log = settings->server.log_file;
	struct slice name = base_name(settings->file);
	size_t len = strlen(settings->folder);

	if (!beside_program(settings))
		return;
	if (!is_hidden(name))
		loader_note(
		    loader, 1, "may-be-served", NULL,
		    "a web server that serves this folder may hand out the "
		    "policy as text; Apache keeps \".ht%s\" to itself, "
		    "lighttpd what url.access-deny = ( \".ini\" ) names",
		    loader_quote(loader, name));
	if (log != NULL && strncmp(log, settings->folder, len) == 0 &&
	    log[len] == '/' && strchr(log + len + 1, '/') == NULL &&
	    !is_hidden(base_name(log)))
		loader_note(
		    loader,
		    keys_line(SECTION_SERVER, loader->server.lines, "log-file"),
		    "may-be-served", NULL,
		    "a web server that serves this folder may hand out the "
		    "log as text; Apache keeps \".ht%s\" to itself, lighttpd "
		    "what url.access-deny = ( \".log\" ) names",
		    loader_quote(loader, base_name(log)));
}

/* A user who can write to the program, or replace the policy, decides what
 * runs.  In a sticky folder users can only replace files of their own. */
static void
lint_writable(struct loader *loader)
{
	const struct settings *settings = loader->settings;
	const char *program =
	    settings->app.exec == NULL ? NULL : settings->app.exec[0];
	struct stat st;

	if (program != NULL && stat(program, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IWOTH) != 0)
		loader_warn(loader,
			    keys_line(SECTION_APP, loader->app.lines, "exec"),
			    "writable-by-others", NULL,
			    "every user of this machine can write to the "
			    "program \"%s\" (mode %04o); run chmod o-w",
			    loader_quote(loader, slice_from(program)),
			    (unsigned)(st.st_mode & 07777));
	if (stat(settings->folder, &st) == 0 &&
	    (st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
		loader_warn(loader, 1, "writable-by-others", NULL,
			    "every user of this machine can replace files of "
			    "the policy's folder (mode %04o); run chmod o-w",
			    (unsigned)(st.st_mode & 07777));
}

/* Warn about scripts that never run warm. */
static void
lint_warm(struct loader *loader)
{
	const struct warm_policy *warm = &loader->settings->warm;
	const struct app *app = &loader->settings->app;
	unsigned line = keys_line(SECTION_WARM, loader->warm.lines, "scripts");

	if (line == 0)
		return;
	if (app->inject == INJECT_PREPEND)
		loader_warn(loader, line, "warm-unused", NULL,
			    "[warm] is for FastCGI responders, \"inject = "
			    "prepend\" for plain CGI");
	else if (app->forward_count > 0)
		loader_warn(loader, line, "warm-unused", NULL,
			    "[warm] starts programs in advance, but "
			    "\"forward\" starts no program");
	else if (warm->exec && app->exec == NULL &&
		 loader->options->command == NULL)
		loader_warn(
		    loader, line, "warm-unused", NULL,
		    "\"exec\" is the program of [app], which is not set");
}

void
lint(struct loader *loader)
{
	if (!loader->options->warnings)
		return;
	lint_sections(loader);
	lint_warm(loader);
	if (loader->in_memory)
		return;
	lint_missing(loader);
	lint_writable(loader);
	lint_served(loader);
}
