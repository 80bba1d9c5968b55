/*
 * The environment of the program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "env.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_PATH \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static struct slice
name_of(const char *variable)
{
	const char *equals = strchr(variable, '=');

	return equals == NULL ? SLICE_NONE :
	    slice_of(variable, (size_t)(equals - variable));
}

static bool
is_name(struct slice name)
{
	if (name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '_')
			return false;
	}
	return true;
}

/* What must not come in from outside (httpoxy; our own; the loader's). */
static bool
is_dropped(struct slice name)
{
	return !is_name(name) || slice_eq(name, SLICE("HTTP_PROXY")) ||
	    slice_starts(name, SLICE("CORSWRAP_")) ||
	    slice_starts(name, SLICE("REDIRECT_CORSWRAP_")) ||
	    slice_starts(name, SLICE("LISTEN_")) ||
	    slice_eq(name, SLICE("NOTIFY_SOCKET")) ||
	    slice_starts(name, SLICE("LD_")) ||
	    slice_eq(name, SLICE("FCGI_ROLE"));
}

struct builder {
	char **to;
	size_t count;
};

/* The place of a name in what has been taken so far, or NULL. */
static char **
find(const struct builder *b, struct slice name)
{
	for (size_t i = 0; i < b->count; i++)
		if (strncmp(b->to[i], name.ptr, name.len) == 0 &&
		    b->to[i][name.len] == '=')
			return &b->to[i];
	return NULL;
}

static void
set(struct builder *b, char *variable)
{
	char **old = find(b, name_of(variable));

	if (old != NULL)
		*old = variable;
	else
		b->to[b->count++] = variable;
}

static void
unset(struct builder *b, const char *name)
{
	char **old = find(b, slice_from(name));

	if (old != NULL)
		*old = b->to[--b->count];
}

/* "NAME=value" in the memory at *at; the value may be NULL: taken out. */
static void
set_made(struct builder *b, char **at, const char *name, const char *value)
{
	size_t name_len = strlen(name), len;

	if (value == NULL) {
		unset(b, name);
		return;
	}
	len = strlen(value);
	memcpy(*at, name, name_len);
	(*at)[name_len] = '=';
	memcpy(*at + name_len + 1, value, len + 1);
	set(b, *at);
	*at += name_len + len + 2;
}

static size_t
made_size(const struct script *script)
{
	const char *values[] = { script->script_name, script->script_filename,
		script->path_info, script->path_translated };
	size_t size = 128; /* names, CONTENT_LENGTH */

	for (size_t i = 0; i < 4; i++)
		size += values[i] == NULL ? 0 : strlen(values[i]) + 1;
	return size;
}

static void
restore_authorization(struct builder *b, char *const *variables, char **at)
{
	static const char from[] = "REDIRECT_HTTP_AUTHORIZATION=";

	for (; *variables != NULL; variables++)
		if (strncmp(*variables, from, sizeof(from) - 1) == 0)
			set_made(b, at, "HTTP_AUTHORIZATION",
			    *variables + sizeof(from) - 1);
}

static size_t
authorization_size(char *const *variables)
{
	for (; *variables != NULL; variables++)
		if (strncmp(*variables, "REDIRECT_HTTP_AUTHORIZATION=", 28) ==
		    0)
			return strlen(*variables) + 1;
	return 0;
}

static char *
literal(const char *text)
{
	/* execve's argv and envp are not const for old callers' sake. */
	union {
		const char *in;
		char *out;
	} cast = { text };

	return cast.out;
}

static void
add_defaults(struct builder *b, const struct app *app)
{
	for (size_t i = 0; app->env[i] != NULL; i++)
		set(b, app->env[i]);
	if (find(b, SLICE("PATH")) == NULL)
		set(b, literal(DEFAULT_PATH));
	/* php-cgi refuses to run without it. */
	if (find(b, SLICE("REDIRECT_STATUS")) == NULL)
		set(b, literal("REDIRECT_STATUS=200"));
}

int
env_build(const struct settings *settings, const struct exchange *exchange,
    const struct script *script, const struct body *body, struct env *out)
{
	const struct app *app = &settings->app;
	size_t count = 16;
	struct builder b = { NULL, 0 };
	char length[24];

	for (char **v = exchange->variables; *v != NULL; v++)
		count++;
	for (char *const *v = app->env; *v != NULL; v++)
		count++;
	out->variables = calloc(count, sizeof(char *));
	out->memory = malloc(made_size(script) +
	    authorization_size(exchange->variables));
	if (out->variables == NULL || out->memory == NULL) {
		env_free(out);
		return -1;
	}
	char *at = out->memory;
	b.to = out->variables;
	for (char **v = exchange->variables; *v != NULL; v++)
		if (!is_dropped(name_of(*v)))
			b.to[b.count++] = *v;
	if (app->restore_authorization)
		restore_authorization(&b, exchange->variables, &at);
	if (script->rewritten) {
		set_made(&b, &at, "SCRIPT_NAME", script->script_name);
		set_made(&b, &at, "SCRIPT_FILENAME", script->script_filename);
		set_made(&b, &at, "PATH_INFO", script->path_info);
		set_made(&b, &at, "PATH_TRANSLATED", script->path_translated);
		/* It tells of the redirect that led here; php-cgi with a
		 * PATH_INFO would look for its script by it, and fail. */
		unset(&b, "REDIRECT_URL");
	}
	if (body->length > 0) {
		(void)snprintf(length, sizeof(length), "%llu",
		    (unsigned long long)body->length);
		set_made(&b, &at, "CONTENT_LENGTH", length);
	}
	add_defaults(&b, app);
	b.to[b.count] = NULL;
	return 0;
}

void
env_free(struct env *env)
{
	free(env->variables);
	free(env->memory);
	*env = (struct env){ NULL, NULL };
}
