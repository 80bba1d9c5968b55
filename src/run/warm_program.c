/*
 * Deciding which programs run warm, and which requests are for the same program
 * and so may share an interpreter.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/warm_pool.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { FAULTS = 3 /* failures in a row after which a zygote is replaced */ };

/* ---- which scripts ---- */

static bool
same_words(char *const *a, char *const *b)
{
	for (; *a != NULL && *b != NULL; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return *a == *b;
}

/* A pattern may match the script's real path or the path that the web server
 * uses: they differ if a folder in it is a symbolic link. */
bool
warm_is_wanted(const struct settings *settings, const struct script *script,
	       char *const *env)
{
	const struct warm_policy *policy = &settings->warm;
	const char *named = variables_find(env, "SCRIPT_FILENAME");

	if (policy->exec && settings->app.exec != NULL &&
	    same_words(script->argv, settings->app.exec))
		return true;
	for (const char *const *s = policy->scripts; *s != NULL; s++)
		if (fnmatch(*s, script->path, FNM_PATHNAME) == 0 ||
		    (named != NULL && fnmatch(*s, named, FNM_PATHNAME) == 0))
			return true;
	return false;
}

/* ---- programs ---- */

/*
 * Lasting variables are those that the interpreter reads itself and those that
 * have the same value in every request: those of [env], and some of the web
 * server, which a script may look at while it is compiled.  A zygote is started
 * with them; a request with other values needs another zygote.
 */
static bool
is_lasting(const struct settings *settings, const struct child_spec *spec,
	   const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (char *const *v = settings->app.env; *v != NULL; v++)
		if (strncmp(variable, *v, len) == 0)
			return true;
	return interpreter_reads(variable) ||
	       (!interpreter_is_server(spec->argv) &&
		interpreter_may_see(variable));
}

/* Strings that are appended to each other, each with its NUL.  to: NULL to only
 * count the bytes. */
struct bytes {
	char *to;
	size_t len;
};

static void
put(struct bytes *b, const char *text)
{
	size_t len = strlen(text) + 1;

	if (b->to != NULL)
		memcpy(b->to + b->len, text, len);
	b->len += len;
}

/* The key is argv, "", the directory, "", and the lasting variables. */
static void
put_key(struct bytes *b, const struct settings *settings,
	const struct child_spec *spec)
{
	for (char *const *word = spec->argv; *word != NULL; word++)
		put(b, *word);
	put(b, "");
	put(b, spec->directory == NULL ? "" : spec->directory);
	put(b, "");
	for (char *const *v = spec->env; *v != NULL; v++)
		if (is_lasting(settings, spec, *v))
			put(b, *v);
}

/* A NULL-terminated copy; the list and its strings are one allocation.  NULL:
 * no memory. */
static char **
copy_list(const char *const *list, size_t count)
{
	size_t size = (count + 1) * sizeof(char *);
	char **copy, *text;

	for (size_t i = 0; i < count; i++)
		size += strlen(list[i]) + 1;
	copy = malloc(size);
	if (copy == NULL)
		return NULL;
	text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(list[i]) + 1;

		copy[i] = memcpy(text, list[i], len);
		text += len;
	}
	copy[count] = NULL;
	return copy;
}

static char **
copy_words(const char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	return copy_list(words, count);
}

static char **
copy_lasting(const struct settings *settings, const struct child_spec *spec)
{
	const char *list[256];
	size_t count = 0;

	for (char *const *v = spec->env; *v != NULL && count < 256; v++)
		if (is_lasting(settings, spec, *v))
			list[count++] = *v;
	return copy_list(list, count);
}

void
warm_program_free(struct warm_program *p)
{
	if (p == NULL)
		return;
	free(p->key);
	free(p->loaded);
	free(p->argv);
	free(p->directory);
	free(p->env);
	free(p->load);
	free(p->watch);
	free(p->name);
	free(p);
}

/* The program owns key, which is freed on failure, too.  NULL: no memory. */
static struct warm_program *
program_new(const struct settings *settings, const char *name,
	    const struct child_spec *spec, char *key, size_t key_len)
{
	const struct warm_policy *policy = &settings->warm;
	struct warm_program *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		free(key);
		return NULL;
	}
	p->key = key;
	p->key_len = key_len;
	p->files = spec->files;
	p->spare = policy->spare < WARM_SPARES ? policy->spare : WARM_SPARES;
	p->memory = policy->memory;
	p->renew_count = policy->renew.count;
	p->renew_time = policy->renew.time;
	p->name = strdup(name);
	p->env = copy_lasting(settings, spec);
	p->argv = copy_words((const char *const *)spec->argv);
	p->load = copy_words(policy->load);
	p->watch = copy_words(policy->watch);
	if (spec->directory != NULL)
		p->directory = strdup(spec->directory);
	if (p->name != NULL && p->env != NULL && p->argv != NULL &&
	    p->load != NULL && p->watch != NULL &&
	    (spec->directory == NULL || p->directory != NULL))
		return p;
	warm_program_free(p);
	return NULL;
}

/* Forget the program whose last request is the oldest, among those without a
 * zygote. */
static void
drop_oldest(struct warm *w)
{
	struct warm_program **oldest = NULL, *p;

	for (struct warm_program **at = &w->programs; (p = *at) != NULL;
	     at = &p->next)
		if (p->now == NULL && p->fresh == NULL &&
		    (oldest == NULL || p->used < (*oldest)->used))
			oldest = at;
	if (oldest == NULL)
		return;
	p = *oldest;
	*oldest = p->next;
	w->program_count--;
	warm_program_free(p);
}

struct warm_program *
warm_program_of(struct warm *w, const struct settings *settings,
		const char *name, const struct child_spec *spec)
{
	struct bytes key = {.to = NULL};
	struct warm_program *p = NULL;

	put_key(&key, settings, spec);
	key.to = malloc(key.len);
	if (key.to == NULL)
		return NULL;
	key.len = 0;
	put_key(&key, settings, spec);
	for (p = w->programs; p != NULL; p = p->next)
		if (p->key_len == key.len &&
		    memcmp(p->key, key.to, key.len) == 0) {
			free(key.to);
			return p;
		}
	if (w->program_count >= WARM_PROGRAMS)
		drop_oldest(w);
	if (w->program_count >= WARM_PROGRAMS) {
		free(key.to);
		return NULL;
	}
	p = program_new(settings, name, spec, key.to, key.len);
	if (p == NULL)
		return NULL;
	p->next = w->programs;
	w->programs = p;
	w->program_count++;
	return p;
}

void
warm_count(struct warm *w, const struct settings *settings,
	   struct warm_program *p)
{
	const struct often *after = &settings->warm.after;
	uint64_t now = clock_ms();

	if (p->used == 0 || now - p->window > after->time) {
		p->window = now;
		p->count = 0;
	}
	p->used = now;
	p->count++;
	if (p->now == NULL && p->fresh == NULL && !p->wanted &&
	    p->count >= after->count && settings->warm.max > 0) {
		w->max = settings->warm.max;
		p->wanted = true;
		warm_poke(w);
	}
}

void
warm_let_go(struct warm *w, struct warm_zygote *z, enum warm_result result)
{
	struct warm_program *p;

	pthread_mutex_lock(&w->lock);
	p = z->program;
	z->users--;
	z->faults = result == WARM_COLD ? z->faults + 1 : 0;
	if (p != NULL && (result == WARM_STALE || z->faults >= FAULTS)) {
		warm_retire(z);
		/* The program is in use, so start a new zygote at once. */
		p->wanted = p->fresh == NULL;
	}
	if (p != NULL && p->fresh == NULL && p->renew_count > 0 &&
	    z->count >= p->renew_count)
		p->wanted = true;
	if (z->program == NULL || p->wanted)
		warm_poke(w);
	pthread_mutex_unlock(&w->lock);
}
