/*
 * The thread that starts, watches, replaces and ends warm interpreters.
 *
 * Only this thread adds zygotes to the list and removes them, so it may use a
 * zygote without the lock.  It takes the lock for the members that requests
 * use, too.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/warm_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"

enum {
	/* Times are in milliseconds. */
	TICK = 1000,		  /* between two checks of the times below */
	COMPILE_TIME = 60 * 1000, /* the most for compiling */
	SLOW = 3000,		  /* of compiling; then send SIGCONT */
	IDLE = 10 * 60 * 1000,	  /* unused, after which it ends */
	EVICTED = 30 * 1000, /* before a program that made room starts again */
	PAUSE = 1000,	     /* after a failure; doubled by each one, up to: */
	PAUSE_MAX = 5 * 60 * 1000,
	SETTLE = 2 * WATCH_TICK, /* after ZYGOTE_YOUNG; doubled, up to: */
	SETTLE_MAX = WATCH_SECONDS,
	CLOSE_TIME = 2000, /* for all zygotes together to end */
	EACH = 3,	   /* descriptors polled for a zygote */
	ZYGOTES = 64	   /* polled at once */
};

/* ---- zygotes ---- */

static void
zygote_drop(struct warm_zygote *z)
{
	zygote_free(z->zygote);
	interpreter_free(&z->php);
	free(z->name);
	free(z);
}

static bool
is_php(const struct warm_zygote *z)
{
	return z->php.memory != NULL;
}

void
warm_retire(struct warm_zygote *z)
{
	struct warm_program *p = z->program;

	if (p == NULL)
		return;
	if (p->now == z)
		p->now = NULL;
	if (p->fresh == z)
		p->fresh = NULL;
	z->program = NULL;
	z->ready = false;
	/* A spare fork exits when its socket is closed. */
	while (z->spare_count > 0)
		(void)close(z->spares[--z->spare_count]);
}

void
warm_complain(struct warm *w, struct warm_program *p, const char *why)
{
	char name[512], text[1024];

	if (p->complained)
		return;
	p->complained = true;
	log_event(w->log, LOG_LEVEL_WARNING, "warm-refused", NULL,
		  "corscheck warm tells more; or take it out of [warm] scripts",
		  "%s: runs cold: %s",
		  log_quote(slice_from(p->name), name, sizeof(name)),
		  log_quote(slice_from(why), text, sizeof(text)));
}

void
warm_put_off(struct warm_program *p)
{
	p->pause = p->pause == 0 ? PAUSE : p->pause * 2;
	if (p->pause > PAUSE_MAX)
		p->pause = PAUSE_MAX;
	p->not_before = clock_ms() + p->pause;
}

static void
refuse(struct warm *w, struct warm_program *p, const char *why)
{
	warm_complain(w, p, why);
	warm_put_off(p);
}

/* ---- start ---- */

/* How many processes of p count for [warm] `max`: an interpreter is one (its
 * forks do not count), each server of php-cgi is one. */
static unsigned
processes(const struct warm_program *p)
{
	unsigned servers = p->now != NULL ? p->now->server_count : 0;

	if (servers > 0)
		return servers;
	return p->now != NULL || p->fresh != NULL;
}

static bool
has_room(const struct warm *w)
{
	unsigned count = 0;

	for (const struct warm_program *p = w->programs; p != NULL; p = p->next)
		count += processes(p);
	return count < w->max;
}

/* Make room for a program that has no zygote: if `max` is reached, retire the
 * zygote whose last request is the oldest.  The caller holds the lock. */
static bool
make_room(struct warm *w)
{
	struct warm_program *oldest = NULL;

	if (has_room(w))
		return true;
	for (struct warm_program *p = w->programs; p != NULL; p = p->next)
		if (p->now != NULL &&
		    (oldest == NULL || p->used < oldest->used))
			oldest = p;
	if (oldest == NULL)
		return false;
	oldest->not_before = clock_ms() + EVICTED;
	warm_retire(oldest->now);
	return true;
}

/* Start the process of z.  False: it failed, and the log has the reason. */
static bool
launch(struct warm *w, struct warm_program *p,
       const struct interpreter *interpreter, struct warm_zygote *z)
{
	struct zygote_spec spec = {.interpreter = interpreter,
				   .env = p->env,
				   .directory = p->directory,
				   .files = p->files,
				   .watch = (const char *const *)p->watch,
				   .loaded = p->loaded};
	enum child_stage stage;

	z->zygote = zygote_start(&spec, &stage);
	if (z->zygote != NULL)
		return true;
	refuse(w, p, zygote_start_fault(errno));
	return false;
}

/* Start a zygote of p.  The caller holds the lock. */
static void
start(struct warm *w, struct warm_program *p)
{
	struct warm_zygote *z = calloc(1, sizeof(*z));
	struct interpreter interpreter = {.memory = NULL};
	const char *fault = "out of memory";

	p->wanted = false;
	if (z != NULL)
		z->name = strdup(p->name);
	/* Find the interpreter at each start: the script's first line may have
	 * changed. */
	if (z != NULL && z->name != NULL)
		fault = interpreter_find(p->argv, p->env,
					 (const char *const *)p->load,
					 &interpreter);
	if (fault != NULL)
		refuse(w, p, fault);
	if (fault != NULL || !launch(w, p, &interpreter, z)) {
		if (z != NULL)
			free(z->name);
		free(z);
	} else {
		z->program = p;
		z->since = clock_ms();
		z->next = w->zygotes;
		w->zygotes = z;
		p->fresh = z;
		if (interpreter.server > 0) {
			z->php = interpreter;
			interpreter.memory = NULL;
		}
	}
	interpreter_free(&interpreter);
}

/* Start a server of php-cgi.  The caller holds the lock. */
static bool
start_server(struct warm *w, struct warm_zygote *z)
{
	struct warm_program *p = z->program;
	char *argv[INTERPRETER_WORDS + 1];
	struct child_spec spec = {.argv = argv,
				  .env = p->env,
				  .directory = p->directory,
				  .files = p->files,
				  .prepared = true};
	enum child_stage stage;
	struct php *php, **last = &z->idle;

	memcpy(argv, z->php.argv, z->php.server * sizeof(*argv));
	argv[z->php.server] = NULL;
	php = php_start(&spec, &stage);
	if (php == NULL) {
		refuse(w, p, zygote_start_fault(errno));
		return false;
	}
	/* Append it: servers that have run a request come first, because their
	 * memory is allocated already. */
	while (*last != NULL)
		last = &(*last)->next;
	*last = php;
	z->idle_count++;
	z->server_count++;
	return true;
}

/* Keep [warm] `spare` servers idle, at least one, as far as `max` allows.  The
 * caller holds the lock. */
static void
start_servers(struct warm *w)
{
	for (struct warm_program *p = w->programs; p != NULL; p = p->next) {
		struct warm_zygote *z = p->now;
		unsigned wanted = p->spare > 1 ? p->spare : 1;

		if (z == NULL || !is_php(z) || clock_ms() < p->not_before)
			continue;
		while (z->idle_count < wanted &&
		       (z->server_count == 0 || has_room(w)) &&
		       start_server(w, z))
			continue;
	}
}

/* The caller holds the lock. */
static void
start_wanted(struct warm *w)
{
	for (struct warm_program *p = w->programs; p != NULL; p = p->next)
		if (p->wanted && p->fresh == NULL &&
		    clock_ms() >= p->not_before &&
		    (p->now != NULL || make_room(w)))
			start(w, p);
}

/* ---- output and reports of zygotes ---- */

static void
log_line(struct warm *w, struct warm_zygote *z, pid_t pid)
{
	if (z->line_len > 0)
		log_program(w->log, z->name, (long)pid,
			    slice_of(z->line, z->line_len));
	z->line_len = 0;
}

/* Log standard error line by line. */
static void
take_text(struct warm *w, struct warm_zygote *z, pid_t pid, const char *text,
	  ssize_t len)
{
	for (ssize_t i = 0; i < len; i++) {
		if (text[i] == '\n' || z->line_len == WARM_LINE)
			log_line(w, z, pid);
		if (text[i] != '\n')
			z->line[z->line_len++] = text[i];
	}
}

/* Log the zygote's standard error, which has the messages of the compilation;
 * forks get the standard error of their request. */
static void
read_errors(struct warm *w, struct warm_zygote *z)
{
	char buf[4096];
	ssize_t n = read(z->zygote->err, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		log_line(w, z, z->zygote->process.pid);
		(void)close(z->zygote->err);
		z->zygote->err = -1;
	}
	take_text(w, z, z->zygote->process.pid, buf, n);
}

/* z has compiled: unless it takes too much memory, requests use it from now on.
 * The caller holds the lock. */
static void
take_fresh(struct warm *w, struct warm_zygote *z)
{
	struct warm_program *p = z->program;
	uint64_t memory = os_process_memory(z->zygote->process.pid);
	char why[96];

	if (p->memory > 0 && memory > p->memory) {
		(void)snprintf(why, sizeof(why),
			       "it takes %llu MiB; raise [warm] memory",
			       (unsigned long long)(memory >> 20));
		refuse(w, p, why);
		warm_retire(z);
		return;
	}
	if (p->now != NULL)
		warm_retire(p->now);
	p->now = z;
	p->fresh = NULL;
	p->pause = p->settle = 0;
	p->complained = false;
	z->ready = true;
	if (is_php(z)) /* it was only needed for its report */
		zygote_close_orders(z->zygote);
	for (unsigned i = 0; !is_php(z) && i < p->spare; i++) {
		int socket = zygote_fork(z->zygote);

		if (socket >= 0)
			z->spares[z->spare_count++] = socket;
	}
}

static void
take_news(struct warm *w, struct warm_zygote *z, enum zygote_news news)
{
	struct warm_program *p;

	pthread_mutex_lock(&w->lock);
	z->reported = news != ZYGOTE_COMPILING;
	p = z->program;
	if (p == NULL || news == ZYGOTE_COMPILING) {
		pthread_mutex_unlock(&w->lock);
		return;
	}
	switch (news) {
	case ZYGOTE_READY:
		take_fresh(w, z);
		break;
	case ZYGOTE_UNFIT:
		refuse(w, p, z->zygote->obstacle);
		warm_retire(z);
		break;
	case ZYGOTE_YOUNG:
		free(p->loaded);
		p->loaded = z->zygote->loaded;
		z->zygote->loaded = NULL;
		if (p->settle == SETTLE_MAX)
			warm_complain(w, p, "its files change all the time");
		p->settle = p->settle == 0 ? SETTLE : p->settle * 2;
		if (p->settle > SETTLE_MAX)
			p->settle = SETTLE_MAX;
		p->not_before = clock_ms() + p->settle;
		p->wanted = true;
		warm_retire(z);
		break;
	case ZYGOTE_COMPILING:
	case ZYGOTE_DEAD:
		break; /* bury handles its end, with the exit status */
	}
	pthread_mutex_unlock(&w->lock);
}

/* The zygote has ended: reap it.  Unless that was expected, log how it ended,
 * and delay the next start. */
static void
bury(struct warm *w, struct warm_zygote *z)
{
	struct warm_program *p;
	int status;
	char why[96];

	status = child_reap(&z->zygote->process);
	pthread_mutex_lock(&w->lock);
	/* The zygote of php-cgi exits after its report; its servers go on. */
	p = is_php(z) && z->ready ? NULL : z->program;
	if (p != NULL && WIFSIGNALED(status))
		(void)snprintf(why, sizeof(why), "signal %d ended it",
			       WTERMSIG(status));
	else if (p != NULL)
		(void)snprintf(why, sizeof(why),
			       "it ended by itself, with exit status %d",
			       WEXITSTATUS(status));
	if (p != NULL) {
		p->complained = p->complained && z != p->now;
		refuse(w, p, why);
		warm_retire(z);
	}
	pthread_mutex_unlock(&w->lock);
}

/* ---- idle servers ---- */

void
warm_doom(struct warm *w, struct warm_zygote *z, struct php *php)
{
	z->server_count--;
	php->next = w->doomed;
	w->doomed = php;
	warm_poke(w);
}

/* Log what an idle server has on its standard error: processes that a script
 * has left running may still write to it. */
static void
read_idle(struct warm *w, struct warm_zygote *z, const struct php *php)
{
	char buf[4096];
	ssize_t n = read(php->err, buf, sizeof(buf));

	if (n <= 0)
		return;
	take_text(w, z, php->process.pid, buf, n);
	log_line(w, z, php->process.pid);
}

/* Remove the idle servers of a retired zygote, and those that have ended or do
 * not get ready.  Of those that were not used for long, one is kept.  The
 * caller holds the lock. */
static void
look_at_servers(struct warm *w, struct warm_zygote *z, uint64_t now)
{
	struct php **at = &z->idle, *php;

	while ((php = *at) != NULL) {
		read_idle(w, z, php);
		if (z->program != NULL && php_lives(php) &&
		    (now - php->used < IDLE || z->idle_count == 1) &&
		    (now - php->used < COMPILE_TIME || php_ready(php))) {
			at = &php->next;
			continue;
		}
		*at = php->next;
		z->idle_count--;
		warm_doom(w, z, php);
	}
}

/* Takes the lock only to empty the list: ending a server may take a while. */
static void
end_doomed(struct warm *w)
{
	struct php *php, *next;

	pthread_mutex_lock(&w->lock);
	php = w->doomed;
	w->doomed = NULL;
	pthread_mutex_unlock(&w->lock);
	for (; php != NULL; php = next) {
		next = php->next;
		php_free(php);
	}
}

/* ---- time ---- */

/* Replace zygotes that are due to be renewed, and retire those that are idle or
 * take too long to compile.  The caller holds the lock. */
static void
look_at_clock(struct warm *w, uint64_t now)
{
	for (struct warm_zygote *z = w->zygotes; z != NULL; z = z->next) {
		struct warm_program *p = z->program;

		look_at_servers(w, z, now);
		if (p == NULL)
			continue;
		if (p->fresh == z && now - z->since > COMPILE_TIME) {
			refuse(w, p, "it does not get ready");
			warm_retire(z);
		} else if (p->fresh == z && now - z->since > SLOW) {
			(void)kill(z->zygote->process.pid, SIGCONT);
		} else if (p->now == z && now - p->used > IDLE) {
			warm_retire(z);
		} else if (p->now == z && p->renew_time > 0 &&
			   now - z->since > p->renew_time && p->fresh == NULL) {
			p->wanted = true;
		}
	}
}

/* Close the sockets of retired zygotes that no request holds, so that they end,
 * and free those that have ended.  The caller holds the lock. */
static void
close_retired(struct warm *w)
{
	struct warm_zygote **at = &w->zygotes, *z;

	while ((z = *at) != NULL) {
		if (z->program == NULL && z->users == 0 && !z->closing) {
			z->closing = true;
			zygote_close_orders(z->zygote);
			if (!z->reported && z->zygote->process.pid > 0)
				/* It is still compiling, and does not see that
				 * the socket was closed. */
				(void)kill(z->zygote->process.pid, SIGKILL);
		}
		/* Its idle servers must be gone: if it was retired in this turn
		 * of the loop, look_at_servers removes them in the next one. */
		if (z->closing && z->zygote->process.pid == 0 &&
		    z->idle == NULL) {
			*at = z->next;
			zygote_drop(z);
		} else {
			at = &z->next;
		}
	}
}

/* ---- the thread ---- */

enum { ON_END, ON_CONTROL, ON_ERR };

static size_t
gather(struct warm *w, struct pollfd *fds, struct warm_zygote **zygotes)
{
	size_t count = 0;

	for (struct warm_zygote *z = w->zygotes; z != NULL && count < ZYGOTES;
	     z = z->next) {
		const struct zygote *g = z->zygote;
		struct pollfd *f = &fds[1 + count * EACH];
		bool compiles = z->program != NULL && !z->ready;

		f[ON_END] = (struct pollfd){g->process.pidfd, POLLIN, 0};
		f[ON_CONTROL] =
		    (struct pollfd){compiles ? g->control : -1, POLLIN, 0};
		f[ON_ERR] = (struct pollfd){g->err, POLLIN, 0};
		zygotes[count++] = z;
	}
	return count;
}

static void
take_events(struct warm *w, struct warm_zygote *z, const struct pollfd *f)
{
	if (f[ON_ERR].revents != 0)
		read_errors(w, z);
	if (f[ON_CONTROL].revents != 0)
		take_news(w, z, zygote_read(z->zygote));
	if (f[ON_END].revents != 0 && z->zygote->process.pid > 0)
		bury(w, z);
}

static void
turn(struct warm *w, struct pollfd *fds, struct warm_zygote **zygotes)
{
	size_t count;
	uint64_t soonest = UINT64_MAX, now;
	int wait = -1;

	pthread_mutex_lock(&w->lock);
	look_at_clock(w, clock_ms());
	if (!w->stopping) {
		start_wanted(w);
		start_servers(w);
	}
	close_retired(w);
	for (struct warm_program *p = w->programs; p != NULL; p = p->next)
		if (p->wanted && p->not_before < soonest)
			soonest = p->not_before;
	count = gather(w, fds, zygotes);
	pthread_mutex_unlock(&w->lock);
	end_doomed(w);
	now = clock_ms();
	if (count > 0 || soonest != UINT64_MAX)
		wait = TICK;
	if (soonest > now && soonest - now < TICK)
		wait = (int)(soonest - now);
	fds[0] = (struct pollfd){w->poke.fd, POLLIN, 0};
	if (poll(fds, (nfds_t)(1 + count * EACH), wait) <= 0)
		return;
	if (fds[0].revents != 0)
		wakeup_clear(&w->poke);
	for (size_t i = 0; i < count; i++)
		take_events(w, zygotes[i], &fds[1 + i * EACH]);
}

static bool
is_over(struct warm *w)
{
	bool over;

	pthread_mutex_lock(&w->lock);
	over = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return over;
}

static void *
keep(void *context)
{
	struct warm *w = context;
	struct pollfd fds[1 + ZYGOTES * EACH];
	struct warm_zygote *zygotes[ZYGOTES];

	while (!is_over(w))
		turn(w, fds, zygotes);
	return NULL;
}

void
warm_poke(struct warm *w)
{
	if (!w->keeping && !w->stopping)
		w->keeping = thread_start_blocked(&w->keeper, keep, w) == 0;
	wakeup_send(&w->poke);
}

void
warm_stop(struct warm *w)
{
	struct warm_zygote *z;
	uint64_t until;

	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	wakeup_send(&w->poke);
	pthread_mutex_unlock(&w->lock);
	if (w->keeping)
		(void)pthread_join(w->keeper, NULL);
	w->keeping = false;
	/* Close all sockets first, so that the zygotes end at the same time and
	 * not one after the other. */
	for (z = w->zygotes; z != NULL; z = z->next)
		zygote_close_orders(z->zygote);
	until = clock_ms() + CLOSE_TIME;
	for (z = w->zygotes; z != NULL; z = z->next) {
		uint64_t now = clock_ms();

		if (z->zygote->process.pid > 0 &&
		    !child_wait(&z->zygote->process,
				now < until ? (int)(until - now) : 0))
			(void)kill(z->zygote->process.pid, SIGKILL);
	}
	while ((z = w->zygotes) != NULL) {
		w->zygotes = z->next;
		for (struct php *php; (php = z->idle) != NULL;) {
			z->idle = php->next;
			warm_doom(w, z, php);
		}
		zygote_drop(z);
	}
	end_doomed(w);
}
