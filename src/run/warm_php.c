/*
 * Handing a request to a php-cgi that runs as a FastCGI server.
 *
 * A server is first sent all parameters of the request except their end (the
 * empty FCGI_PARAMS record), and begins only when that is sent.  If anything
 * fails before, the program is started cold, as with forks; so no request runs
 * twice.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/warm.h"

#include <string.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/forward.h"
#include "run/warm_pool.h"

enum { LOOK = 16 /* requests between two looks at a server's memory */ };

/* The command line without the script that [handlers] appends, because one
 * server runs all scripts of a folder.  False: it is too long. */
static bool
words_of(const struct script *script, char *to[INTERPRETER_WORDS])
{
	size_t count = 0;

	for (; script->argv[count] != NULL; count++) {
		if (count + 1 >= INTERPRETER_WORDS)
			return false;
		to[count] = script->argv[count];
	}
	if (count > 1 && strcmp(to[count - 1], script->path) == 0)
		count--;
	to[count] = NULL;
	return true;
}

/* An idle server that is ready, or NULL.  It skips those that are starting: on
 * a busy machine that takes longer than a request may wait.  The caller holds
 * the lock. */
static struct php *
take(struct warm *w, struct warm_zygote *z)
{
	struct php **at = &z->idle, *php;

	while ((php = *at) != NULL) {
		bool lives = php_lives(php);

		if (lives && !php_ready(php)) {
			at = &php->next;
			continue;
		}
		*at = php->next;
		php->next = NULL;
		z->idle_count--;
		if (lives)
			return php;
		warm_doom(w, z, php);
	}
	return NULL;
}

/* A server for the request, taken from `idle`, and its zygote (*from), held;
 * NULL: the request runs cold. */
static struct php *
take_server(struct warm *w, const struct settings *settings,
	    const struct child_spec *spec, struct warm_zygote **from)
{
	struct warm_program *p;
	struct warm_zygote *z = NULL;
	struct php *php = NULL;

	pthread_mutex_lock(&w->lock);
	p = w->stopping ? NULL
			: warm_program_of(w, settings, spec->argv[0], spec);
	if (p != NULL) {
		warm_count(w, settings, p);
		z = p->now;
	}
	if (z != NULL) {
		php = take(w, z);
		if (z->idle == NULL)
			warm_poke(w); /* to start another server */
	}
	if (php != NULL) {
		z->users++;
		z->count++;
	}
	pthread_mutex_unlock(&w->lock);
	*from = z;
	return php;
}

/* May the server get another request?  The caller holds the lock. */
static bool
is_good(const struct warm_zygote *z, struct php *php)
{
	uint64_t most = z->program->memory;

	php->used = clock_ms();
	if (php->left <= 1)
		return false;
	php->left--;
	return most == 0 || php->left % LOOK != 0 ||
	       os_process_memory(php->process.pid) <= most;
}

static void
give_back(struct warm *w, struct warm_zygote *z, struct php *php,
	  enum warm_result result, bool good)
{
	pthread_mutex_lock(&w->lock);
	if (good && z->program != NULL && is_good(z, php)) {
		php->next = z->idle;
		z->idle = php;
		z->idle_count++;
		z->program->pause = 0;
	} else {
		/* It failed before its first request began, and so may the
		 * next server: do not start one after the other. */
		if (result == WARM_COLD && php->fresh && z->program != NULL)
			warm_put_off(z->program);
		warm_doom(w, z, php);
	}
	pthread_mutex_unlock(&w->lock);
}

/* WARM_USED: the server has all but the end of the parameters. */
static enum warm_result
offer(struct warm_zygote *z, struct php *php, const struct settings *settings,
      char *const *variables)
{
	if (php_offer(php, variables, clock_ms() + WARM_HAND_TIME) != 0 ||
	    child_limit(php->process.pid, &settings->app) != 0)
		return WARM_COLD;
	return zygote_is_stale(z->zygote) ? WARM_STALE : WARM_USED;
}

enum warm_result
warm_serve(struct warm *w, const struct settings *settings,
	   const struct script *script, struct exchange *x, char **variables,
	   struct body *body, struct response *response)
{
	char *argv[INTERPRETER_WORDS];
	struct child_spec spec = {.argv = argv,
				  .env = variables,
				  .directory = script->directory,
				  .files = x->file_limit};
	struct warm_zygote *z = NULL;
	enum warm_result result;
	struct php *php;
	bool good = false;

	if (!interpreter_is_server(script->argv) ||
	    !warm_is_wanted(settings, script, variables))
		return WARM_NONE;
	/* The kernel would count the time of all requests of a server. */
	if (settings->app.cpu_limit.set || !words_of(script, argv))
		return WARM_COLD;
	php = take_server(w, settings, &spec, &z);
	if (php == NULL)
		return WARM_COLD;
	result = offer(z, php, settings, variables);
	if (result == WARM_USED) {
		struct forward_own own = {.fd = php->connection,
					  .err = php->err,
					  .child = &php->process,
					  .pipe = php->pipe,
					  .name = script->path};

		php->fresh = false;
		good = forward_own(&own, settings, x, body, response);
	}
	give_back(w, z, php, result, good);
	warm_let_go(w, z, result);
	return result;
}
