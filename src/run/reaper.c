/*
 * The thread that watches programs after their response has ended.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/reaper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/ending.h"
#include "run/metrics.h"
#include "run/thread.h"

enum {
	POLL_TICK = 50,	  /* ms between two checks without a pidfd */
	REST_READS = 64,  /* the most reads of what an ended program left */
	ENDLESS = 600000, /* ms: the longest poll */
	OWN = 2,	  /* entries in fds for the thread itself */
	EACH = 3	  /* entries in fds for each program */
};

enum phase {
	RUNS,
	ENDS, /* being terminated: a timeout, or corswrap stops */
	LEFT  /* could not be terminated, and is only to be reaped */
};

/* A program that is watched; see struct reaper_program. */
struct case_of {
	struct case_of *next;
	enum phase phase;
	struct child child;
	struct ending ending;
	int out;
	int err;
	ino_t pipes[2];
	uint64_t idle;	/* ms: idle-timeout, */
	uint64_t total; /* total-timeout, */
	uint64_t grace; /* and kill-grace */
	uint64_t started;
	uint64_t last;
	atomic_uint *left;
	struct exchange exchange; /* has only the log, for messages */
	struct stderr_reader messages;
	char name[];
};

struct reaper {
	struct log *log;
	struct metrics *metrics;
	int stop_fd;
	struct wakeup poke;
	pthread_t thread;
	pthread_mutex_t lock;  /* for what follows */
	bool running;	       /* the thread has been started */
	bool quit;	       /* the thread must end */
	struct case_of *given; /* programs that are not yet in cases */
	/* Used by the thread alone: */
	struct case_of *cases;
	struct pollfd *fds;
	size_t room; /* entries that fds has room for */
	bool stopping;
	char buf[64 * 1024];
};

static void
log_case(struct reaper *r, const struct case_of *c, enum log_level level,
	 const char *id, const char *todo, const char *text)
{
	char name[512];

	log_event(r->log, level, id, NULL, todo, "%s: %s",
		  log_quote(slice_from(c->name), name, sizeof(name)), text);
	if (level == LOG_LEVEL_ERROR && r->metrics != NULL)
		metrics_failed(r->metrics, id);
}

/* ---- the end of a program ---- */

/* The program has ended, or is abandoned: close its pipes, and stop counting it
 * as running.  If it is LEFT, that was done when it was abandoned. */
static void
let_go(struct reaper *r, struct case_of *c)
{
	file_close(&c->out);
	file_close(&c->err);
	stderr_end(&c->messages);
	if (c->phase == LEFT)
		return;
	if (r->metrics != NULL)
		metrics_running(r->metrics, -1);
	if (c->left != NULL)
		(void)atomic_fetch_sub(c->left, 1);
}

static void
report(struct reaper *r, const struct case_of *c, int status)
{
	char text[128];

	if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text),
			       "terminated by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
		log_case(
		    r, c, LOG_LEVEL_ERROR, "killed",
		    "run it by hand; a limit in [app] may have terminated it",
		    text);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		(void)snprintf(text, sizeof(text), "exit status %d",
			       WEXITSTATUS(status));
		log_case(r, c, LOG_LEVEL_WARNING, "exit-status", NULL, text);
	}
}

/* Terminate the program.  why: the deadline that has passed; NULL: corswrap
 * stops. */
static void
begin_end(struct reaper *r, struct case_of *c, const struct deadline *why)
{
	if (why == NULL)
		log_case(r, c, LOG_LEVEL_ERROR, "stopped", NULL,
			 "terminated: corswrap is shutting down");
	else
		log_case(r, c, LOG_LEVEL_ERROR, why->id, why->todo, why->text);
	file_close(&c->out);
	c->phase = ENDS;
	ending_begin(&c->ending, &c->child, c->pipes[0], c->pipes[1], c->grace);
}

/* ---- time ---- */

static struct deadline
deadline_of(const struct case_of *c)
{
	static const struct deadline idle = {
	    0, "idle-timeout", "run long tasks in the background",
	    "it has closed its output but does not exit"};
	static const struct deadline total = {
	    0, "total-timeout",
	    "raise total-timeout if such requests are meant",
	    "timed out: it took too long"};
	struct deadline d = {.at = DEADLINE_NEVER};

	deadline_sooner(&d, c->last, c->idle, &idle);
	deadline_sooner(&d, c->started, c->total, &total);
	return d;
}

static int
wait_of(const struct case_of *c)
{
	struct deadline d;
	int ms;

	if (c->phase == ENDS)
		return ending_wait(&c->ending);
	d = c->phase == RUNS ? deadline_of(c)
			     : (struct deadline){.at = DEADLINE_NEVER};
	ms = deadline_wait(&d);
	if (ms < 0 || ms > ENDLESS)
		ms = ENDLESS;
	return c->child.pidfd < 0 && ms > POLL_TICK ? POLL_TICK : ms;
}

/* ---- what they write ---- */

static void
read_out(struct reaper *r, struct case_of *c)
{
	ssize_t n = read(c->out, r->buf, sizeof(r->buf));

	if (n > 0)
		c->last = clock_ms();
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		file_close(&c->out);
}

static void
read_err(struct case_of *c)
{
	if (!stderr_read(&c->messages, c->err))
		file_close(&c->err);
}

/* The program has ended: log what is left in its standard error.  The reads are
 * limited, because a child of it may still write there. */
static void
read_rest(struct case_of *c)
{
	for (int i = 0; i < REST_READS && c->err >= 0; i++) {
		struct pollfd p = {c->err, POLLIN, 0};

		if (poll(&p, 1, 0) <= 0)
			return;
		read_err(c);
	}
}

/* ---- a turn ---- */

static void
turn_ends(struct reaper *r, struct case_of *c)
{
	switch (ending_step(&c->ending)) {
	case ENDING_GOES_ON:
		return;
	case ENDING_DONE:
		read_rest(c);
		c->child.pid = 0;
		let_go(r, c);
		return;
	case ENDING_LEFT:
		ending_report(r->log, &c->child, c->name);
		if (r->metrics != NULL)
			metrics_failed(r->metrics, "not-ended");
		let_go(r, c);
		c->phase = LEFT;
		return;
	}
}

/* Do what is due for a program.  fds: what poll has found for its pidfd, its
 * output, and its standard error. */
static void
turn(struct reaper *r, struct case_of *c, const struct pollfd *fds)
{
	struct deadline d;

	if (c->err >= 0 && fds[2].revents != 0)
		read_err(c);
	if (c->out >= 0 && fds[1].revents != 0)
		read_out(r, c);
	if (c->phase == ENDS) {
		turn_ends(r, c);
	} else if (child_wait(&c->child, 0)) {
		if (c->phase == RUNS)
			read_rest(c);
		let_go(r, c);
		report(r, c, child_reap(&c->child));
		c->child.pid = 0;
	} else if (c->phase == RUNS) {
		d = deadline_of(c);
		if (r->stopping)
			begin_end(r, c, NULL);
		else if (deadline_over(&d))
			begin_end(r, c, &d);
	}
}

static void
drop_ended(struct reaper *r)
{
	struct case_of **at = &r->cases;

	while (*at != NULL) {
		struct case_of *c = *at;

		if (c->child.pid > 0) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c);
	}
}

/* ---- the thread ---- */

/* Move programs that were passed to the reaper into the thread's list.  False:
 * the thread must end. */
static bool
take_given(struct reaper *r)
{
	struct case_of *c;
	bool quit;

	(void)pthread_mutex_lock(&r->lock);
	while ((c = r->given) != NULL) {
		r->given = c->next;
		c->next = r->cases;
		r->cases = c;
	}
	quit = r->quit;
	(void)pthread_mutex_unlock(&r->lock);
	return !quit;
}

/* Fill in fds.  Returns how many entries it has; *ms: how long to wait, -1: no
 * limit. */
static size_t
list(struct reaper *r, int *ms)
{
	size_t count = OWN;

	*ms = -1;
	r->fds[0] = (struct pollfd){r->poke.fd, POLLIN, 0};
	r->fds[1] = (struct pollfd){r->stopping ? -1 : r->stop_fd, POLLIN, 0};
	for (struct case_of *c = r->cases; c != NULL; c = c->next) {
		int wait = wait_of(c);

		if (*ms < 0 || wait < *ms)
			*ms = wait;
		/* Without room it is only checked when poll returns. */
		if (count + EACH > r->room)
			continue;
		r->fds[count++] = (struct pollfd){
		    c->phase == ENDS && c->ending.reaped ? -1 : c->child.pidfd,
		    POLLIN, 0};
		r->fds[count++] = (struct pollfd){c->out, POLLIN, 0};
		r->fds[count++] = (struct pollfd){c->err, POLLIN, 0};
	}
	return count;
}

/* Make room in fds for all programs.  Without memory, those that find no room
 * are checked less often. */
static void
make_room(struct reaper *r)
{
	size_t want = OWN;

	for (struct case_of *c = r->cases; c != NULL; c = c->next)
		want += EACH;
	(void)array_reserve(&r->fds, want, &r->room, sizeof(*r->fds));
}

static void *
watch(void *argument)
{
	struct reaper *r = argument;

	while (take_given(r)) {
		size_t at = OWN, count;
		int ms;

		make_room(r);
		count = list(r, &ms);
		if (poll(r->fds, (nfds_t)count, ms) < 0)
			(void)poll(NULL, 0, 1);
		if (r->fds[0].revents != 0)
			wakeup_clear(&r->poke);
		if (r->fds[1].revents != 0)
			r->stopping = true;
		for (struct case_of *c = r->cases; c != NULL; c = c->next) {
			static const struct pollfd none[EACH];

			turn(r, c, at + EACH <= count ? r->fds + at : none);
			at += EACH;
		}
		drop_ended(r);
	}
	return NULL;
}

/* ---- for callers ---- */

static struct case_of *
case_new(struct reaper *r, const char *name)
{
	size_t len = strlen(name) + 1;
	struct case_of *c = calloc(1, sizeof(*c) + len);

	if (c == NULL)
		return NULL;
	memcpy(c->name, name, len);
	c->exchange.log = r->log;
	c->out = c->err = -1;
	return c;
}

/* Pass the program to the thread, and start that for the first one.  -1: it
 * could not be started, and c is freed. */
static int
give(struct reaper *r, struct case_of *c)
{
	(void)pthread_mutex_lock(&r->lock);
	if (!r->running)
		r->running = thread_start_blocked(&r->thread, watch, r) == 0;
	if (!r->running) {
		(void)pthread_mutex_unlock(&r->lock);
		free(c);
		return -1;
	}
	c->next = r->given;
	r->given = c;
	(void)pthread_mutex_unlock(&r->lock);
	wakeup_send(&r->poke);
	return 0;
}

/* The thread's own copy of what describes the program.  NULL: no memory. */
static struct case_of *
case_from(struct reaper *r, const struct reaper_program *p)
{
	struct case_of *c = case_new(r, p->name);

	if (c == NULL)
		return NULL;
	c->child = p->child;
	c->out = p->out;
	c->err = p->err;
	c->pipes[0] = p->pipes[0];
	c->pipes[1] = p->pipes[1];
	c->idle = p->app->idle_timeout;
	c->total = p->app->total_timeout;
	c->grace = p->app->kill_grace;
	c->started = p->started;
	c->last = p->last;
	c->left = p->left;
	c->messages = *p->messages;
	c->messages.exchange = &c->exchange;
	c->messages.to = STDERR_LOG;
	c->messages.program = strrchr(c->name, '/');
	c->messages.program =
	    c->messages.program == NULL ? c->name : c->messages.program + 1;
	return c;
}

int
reaper_take(struct reaper *r, const struct reaper_program *p)
{
	struct case_of *c = case_from(r, p);

	return c == NULL ? -1 : give(r, c);
}

int
reaper_end(struct reaper *r, const struct reaper_program *p,
	   const struct ending *ending)
{
	struct case_of *c = case_from(r, p);

	if (c == NULL)
		return -1;
	c->phase = ENDS;
	c->ending = *ending;
	return give(r, c);
}

void
reaper_leave(struct reaper *r, const struct child *child, const char *name)
{
	struct case_of *c = case_new(r, name);

	if (c == NULL)
		return;
	c->child = *child;
	c->phase = LEFT;
	c->messages.exchange = &c->exchange;
	(void)give(r, c);
}

struct reaper *
reaper_new(struct log *log, struct metrics *metrics, int stop_fd)
{
	struct reaper *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->fds = calloc(OWN, sizeof(*r->fds));
	if (r->fds == NULL || wakeup_open(&r->poke) != 0) {
		free(r->fds);
		free(r);
		return NULL;
	}
	r->log = log;
	r->metrics = metrics;
	r->stop_fd = stop_fd;
	r->room = OWN;
	(void)pthread_mutex_init(&r->lock, NULL);
	return r;
}

void
reaper_free(struct reaper *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->quit = true;
	(void)pthread_mutex_unlock(&r->lock);
	if (r->running) {
		wakeup_send(&r->poke);
		(void)pthread_join(r->thread, NULL);
	}
	while (r->cases != NULL) {
		struct case_of *c = r->cases;

		r->cases = c->next;
		file_close(&c->out);
		file_close(&c->err);
		file_close(&c->child.pidfd);
		if (c->child.parent > 0)
			(void)close(c->child.parent);
		free(c);
	}
	(void)pthread_mutex_destroy(&r->lock);
	wakeup_close(&r->poke);
	free(r->fds);
	free(r);
}
