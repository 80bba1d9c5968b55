/*
 * Loading a changed policy without losing a request, and rejecting an invalid
 * one without losing the current one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "run/warm.h"
#include "serve/pool.h"

enum {
	SETTLE = 100,  /* ms in which a file must not change, or it is still
			  being written */
	AGAIN = 30000, /* ms between looks at a policy that has been refused */
	RETIRED = 500  /* ms between looks for settings that can be freed */
};

/* Settings that have been replaced and may still be in use. */
struct retired {
	struct retired *next;
	struct settings *settings;
};

struct reload {
	struct pool *pool;
	struct retired *retired;
	/* Times are clock_ms_coarse */
	uint64_t due;	    /* when to look next */
	bool forced;	    /* SIGHUP: load in any case */
	uint64_t reread;    /* when recent files must be read again; 0: done */
	uint64_t refused;   /* when a policy was refused; 0: none is */
	uint64_t again;	    /* when to try to load it again */
	uint64_t files;	    /* fingerprint of its files */
	uint64_t complaint; /* fingerprint of its diagnostics */
};

static struct settings *
current(const struct reload *r)
{
	return atomic_load_explicit(&r->pool->current, memory_order_relaxed);
}

/* A fingerprint for comparing states of the files; it need not resist
 * attacks. */
static uint64_t
mix_in(uint64_t hash, const void *bytes, size_t len)
{
	return hash_bytes(slice_of(bytes, len), hash);
}

/* The fingerprint of the files that the settings came from, by stat(2). */
static uint64_t
fingerprint(const struct settings *s)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < s->source_count; i++) {
		struct stat st;

		if (stat(s->sources[i].path, &st) != 0) {
			hash = mix_in(hash, &errno, sizeof(errno));
			continue;
		}
		hash = mix_in(hash, &st.st_ino, sizeof(st.st_ino));
		hash = mix_in(hash, &st.st_size, sizeof(st.st_size));
		hash = mix_in(hash, &st.st_mtim, sizeof(st.st_mtim));
		hash = mix_in(hash, &st.st_ctim, sizeof(st.st_ctim));
	}
	return hash;
}

/* ---- settings that have been replaced ---- */

static bool
in_use(struct pool *pool, const struct settings *settings)
{
	bool found = false;

	pthread_mutex_lock(&pool->lock);
	for (struct worker *w = pool->workers; w != NULL && !found; w = w->next)
		found = atomic_load(&w->using) == settings;
	pthread_mutex_unlock(&pool->lock);
	return found;
}

/* Free those that no worker uses any more. */
static void
sweep(struct reload *r)
{
	struct retired **link = &r->retired;

	while (*link != NULL) {
		struct retired *old = *link;

		if (in_use(r->pool, old->settings)) {
			link = &old->next;
			continue;
		}
		*link = old->next;
		settings_release(old->settings);
		free(old);
	}
}

static unsigned
limit_of(const struct pool *pool, const struct settings *settings)
{
	return pool->options->workers > 0 ? pool->options->workers
					  : settings->server.workers;
}

static void
set_limit(struct pool *pool, unsigned limit)
{
	pthread_mutex_lock(&pool->lock);
	pool->limit = limit > 0 ? limit : 1;
	if (pool->acceptors == 0)
		pool->acceptors = 1;
	pthread_cond_broadcast(&pool->slot);
	pthread_cond_broadcast(&pool->room);
	pthread_mutex_unlock(&pool->lock);
}

/* ---- loading ---- */

/* Log errors and warnings, each as a line. */
static void
log_diagnostics(struct log *log, const struct diag_list *list)
{
	char line[1024];

	for (size_t i = 0; i < diag_total(list); i++) {
		const struct diag *d = diag_at(list, i);
		bool error = d->severity == SEVERITY_ERROR;

		if (d->severity == SEVERITY_NOTE)
			continue;
		diag_format(d, line, sizeof(line));
		log_event(log, error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			  error ? "bad-policy" : "policy", NULL, NULL, "%s",
			  line);
	}
}

/* Log the diagnostics, unless they are the same as the last time and the reload
 * was not forced. */
static void
complain(struct reload *r, const struct diag_list *list, bool forced)
{
	struct log *log = r->pool->log;
	uint64_t said = 0;
	char line[1024];

	for (size_t i = 0; i < diag_total(list); i++) {
		diag_format(diag_at(list, i), line, sizeof(line));
		said = mix_in(said, line, strlen(line));
	}
	if (said == r->complaint && !forced)
		return;
	r->complaint = said;
	log_diagnostics(log, list);
	log_event(log, LOG_LEVEL_ERROR, "reload-refused", NULL,
		  "fix the file, and it is reloaded automatically",
		  "%s has errors: still using the previous policy",
		  r->pool->options->policy);
}

/* The policy could not be loaded: log why, and keep the current one.  list:
 * NULL: no memory. */
static void
refuse(struct reload *r, const struct diag_list *list, uint64_t now,
       uint64_t files, bool forced)
{
	bool again = r->refused != 0 && files == r->files && !forced;

	r->refused = now;
	r->again = now + (settings_being_modified(current(r)) ? SETTINGS_RECENT
							      : AGAIN);
	r->files = files;
	if (list != NULL)
		complain(r, list, forced);
	else if (!again)
		log_event(r->pool->log, LOG_LEVEL_ERROR, "reload-refused", NULL,
			  "lower `workers`, or give the machine more memory",
			  "out of memory: still using the previous policy");
	if (!again)
		metrics_reloaded(r->pool->metrics, false);
}

/* When the files of these settings must be read once more. */
static uint64_t
reread_at(const struct settings *s)
{
	return settings_recently_modified(s)
		   ? clock_ms_coarse() + SETTINGS_RECENT
		   : 0;
}

/* Make the loaded settings current.  retired: memory for the old ones. */
static void
take_up(struct reload *r, struct settings *fresh, struct retired *retired,
	const struct diag_list *list)
{
	struct pool *pool = r->pool;
	struct settings *old = current(r);

	if (log_configure(pool->log, &fresh->server) != 0)
		log_event(pool->log, LOG_LEVEL_ERROR, "log-file", NULL,
			  "make it writable by the user that runs corswrap",
			  "cannot open the log file: %s; the old one stays",
			  strerror(errno));
	*retired = (struct retired){r->retired, old};
	r->retired = retired;
	atomic_store(&pool->current, fresh);
	set_limit(pool, limit_of(pool, fresh));
	warm_forget(pool->warm);
	r->reread = reread_at(fresh);
	r->refused = 0;
	r->complaint = 0;
	metrics_reloaded(pool->metrics, true);
	log_diagnostics(pool->log, list);
	log_event(pool->log, LOG_LEVEL_INFO, "reloaded", NULL, NULL,
		  "%s has been reloaded", pool->options->policy);
	sweep(r);
}

static void
load(struct reload *r, uint64_t now, bool forced)
{
	uint64_t files = fingerprint(current(r));
	struct retired *retired = malloc(sizeof(*retired));
	struct diag_list *list = retired == NULL ? NULL : diag_list_new();
	struct settings *fresh = NULL;

	if (list != NULL)
		fresh = settings_load(r->pool->options->policy,
				      &r->pool->options->load, list);
	if (fresh != NULL) {
		take_up(r, fresh, retired, list);
	} else {
		free(retired);
		refuse(r, list, now, files, forced);
	}
	diag_list_free(list);
}

/* Wait until the files stop changing: half a file may be a valid policy, but a
 * different one. */
static bool
settled(const struct reload *r)
{
	uint64_t before = fingerprint(current(r));

	poll(NULL, 0, SETTLE);
	return fingerprint(current(r)) == before;
}

struct reload *
reload_new(struct pool *pool, struct settings *settings)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->pool = pool;
	atomic_store(&pool->current, settings);
	set_limit(pool, limit_of(pool, settings));
	r->due = clock_ms_coarse() + settings->server.reload;
	r->reread = reread_at(settings);
	return r;
}

void
reload_free(struct reload *r)
{
	sweep(r);
	settings_release(current(r));
	free(r);
}

uint64_t
reload_due(const struct reload *r, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	if (r->forced || current(r)->server.reload > 0)
		due = r->due;
	if (r->retired != NULL && now + RETIRED < due)
		due = now + RETIRED;
	return due;
}

/* Should the files be loaded now? */
static bool
worth_loading(struct reload *r, uint64_t now)
{
	if (r->forced)
		return true;
	if (!settings_changed(current(r))) {
		r->refused = r->complaint = 0;
		if (r->reread == 0 || now < r->reread)
			return false;
		r->reread = 0;
		return settings_rewritten(current(r));
	}
	/* A rejected policy is loaded again when it changes, and from time to
	 * time: the error may be in a file that we do not know. */
	return r->refused == 0 || now >= r->again ||
	       fingerprint(current(r)) != r->files;
}

void
reload_look(struct reload *r, uint64_t now, bool forced)
{
	uint64_t interval = current(r)->server.reload;

	sweep(r);
	r->forced |= forced;
	if (!r->forced && (interval == 0 || now < r->due))
		return;
	r->due = now;
	if (worth_loading(r, now)) {
		if (!settled(r))
			return;
		load(r, now, r->forced);
		r->forced = false;
	}
	r->due = clock_ms_coarse() + current(r)->server.reload;
}
