/*
 * Handing a request to a fork of a warm interpreter.
 *
 * The fork begins at the last byte that it is sent.  If anything fails before
 * that, the program is started cold, which only costs time.  So no failure here
 * fails the request, and nothing here waits for long.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/warm.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/warm_pool.h"

/* Hold the zygote of p, and take a spare fork of it.  NULL: it has no zygote.
 * *spare: the socket of that fork; -1: no fork is waiting. */
static struct warm_zygote *
take_fork(struct warm_program *p, int *spare)
{
	struct warm_zygote *z = p->now;

	*spare = -1;
	if (z == NULL)
		return NULL;
	if (z->spare_count > 0)
		*spare = z->spares[--z->spare_count];
	z->users++;
	z->count++;
	return z;
}

/* Order a spare fork, so that the next request need not wait for it. */
static void
refill(struct warm *w, struct warm_zygote *z)
{
	int socket = -1;
	bool room;

	pthread_mutex_lock(&w->lock);
	room = z->program != NULL && z->spare_count < z->program->spare;
	pthread_mutex_unlock(&w->lock);
	if (room)
		socket = zygote_fork(z->zygote);
	if (socket < 0)
		return;
	pthread_mutex_lock(&w->lock);
	if (z->program != NULL && z->spare_count < z->program->spare) {
		z->spares[z->spare_count++] = socket;
		socket = -1;
	}
	pthread_mutex_unlock(&w->lock);
	if (socket >= 0)
		(void)close(socket);
}

/* The caller holds z.  socket: a spare fork, or -1. */
static enum warm_result
run_in(struct warm_zygote *z, int socket, const struct child_spec *spec,
       struct child *child)
{
	uint64_t until = clock_ms() + WARM_HAND_TIME;

	if (socket < 0)
		socket = zygote_fork(z->zygote);
	if (socket < 0 ||
	    zygote_hand(z->zygote, socket, spec, until, child) != 0)
		return WARM_COLD;
	/* Look at the files while the fork receives the request.  A later
	 * change counts as one that was made while the request ran. */
	if (zygote_is_stale(z->zygote)) {
		zygote_discard(socket, child);
		return WARM_STALE;
	}
	if (zygote_taken(socket, spec, until, child) != 0)
		return WARM_COLD;
	zygote_go(socket);
	return WARM_USED;
}

enum warm_result
warm_start(struct warm *w, const struct settings *settings,
	   const struct script *script, const struct child_spec *spec,
	   struct child *child)
{
	struct warm_program *p;
	struct warm_zygote *z = NULL;
	enum warm_result result;
	int spare = -1;

	if (!warm_is_wanted(settings, script, spec->env))
		return WARM_NONE;
	pthread_mutex_lock(&w->lock);
	p = w->stopping ? NULL
			: warm_program_of(w, settings, script->path, spec);
	if (p != NULL) {
		warm_count(w, settings, p);
		z = take_fork(p, &spare);
	}
	pthread_mutex_unlock(&w->lock);
	if (z == NULL)
		return WARM_COLD;
	result = run_in(z, spare, spec, child);
	if (result == WARM_USED)
		refill(w, z);
	warm_let_go(w, z, result);
	return result;
}

/* ---- struct warm ---- */

struct warm *
warm_new(struct log *log)
{
	struct warm *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	if (wakeup_open(&w->poke) != 0) {
		free(w);
		return NULL;
	}
	w->log = log;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void
warm_forget(struct warm *w)
{
	struct warm_program *p;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	for (struct warm_zygote *z = w->zygotes; z != NULL; z = z->next)
		warm_retire(z);
	while ((p = w->programs) != NULL) {
		w->programs = p->next;
		warm_program_free(p);
	}
	w->program_count = 0;
	if (w->keeping)
		warm_poke(w);
	pthread_mutex_unlock(&w->lock);
}

void
warm_free(struct warm *w)
{
	if (w == NULL)
		return;
	warm_forget(w);
	warm_stop(w);
	wakeup_close(&w->poke);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
