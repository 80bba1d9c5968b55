/*
 * Terminating a program, step by step.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/ending.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/clock.h"

enum {
	LOOK = 10,	  /* ms between two checks if no pidfd can be polled */
	KILL_TIME = 1000, /* ms for SIGKILL: the kernel frees the memory */
	ROUNDS_MAX = 20	  /* of the search in stop_all */
};

ino_t
ending_pipe(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

void
ending_begin(struct ending *e, const struct child *child, ino_t out, ino_t err,
	     uint64_t grace)
{
	e->child = *child;
	e->status = 0;
	e->group = child->pid;
	e->killed = e->reaped = false;
	e->pipes[0] = out;
	e->pipes[1] = err;
	e->until = clock_ms() + grace;
	strays_init(&e->strays);
	/* Search before the signal: when the program ends, its children get
	 * another parent. */
	strays_of(&e->strays, child->pid);
	child_kill(child, SIGTERM);
	strays_signal(&e->strays, SIGTERM);
}

/* The program has ended: reap it.  From now on any process that can write to
 * its pipes is one that it has left behind. */
static void
reap(struct ending *e)
{
	size_t known = e->strays.count;

	e->status = child_reap(&e->child);
	e->reaped = true;
	strays_at(&e->strays, e->pipes[0]);
	strays_at(&e->strays, e->pipes[1]);
	if (e->strays.count > known || e->killed)
		strays_signal(&e->strays, e->killed ? SIGKILL : SIGTERM);
}

static void
signal_all(const struct ending *e, int signal)
{
	if (!e->reaped)
		child_kill(&e->child, signal);
	else if (e->group > 0)
		(void)kill(-e->group, signal);
	strays_signal(&e->strays, signal);
}

/* Stop all processes, and repeat that while more are found: one that was not
 * stopped yet may have started others. */
static void
stop_all(struct ending *e)
{
	size_t known = 0;

	for (int i = 0; i < ROUNDS_MAX && (i < 2 || e->strays.count > known);
	     i++) {
		known = e->strays.count;
		signal_all(e, SIGSTOP);
		strays_of(&e->strays, e->reaped ? 0 : e->child.pid);
	}
}

static void
kill_all(struct ending *e)
{
	uint64_t now = clock_ms();

	e->killed = true;
	e->until = now + KILL_TIME;
	stop_all(e);
	signal_all(e, SIGKILL);
	/* It runs as another user and got no signal: do not wait for it. */
	if (!e->reaped && kill(e->child.pid, 0) != 0 && errno == EPERM)
		e->until = now;
}

static enum ending_state
finished(struct ending *e, enum ending_state state)
{
	strays_free(&e->strays);
	return state;
}

enum ending_state
ending_step(struct ending *e)
{
	if (!e->reaped && child_wait(&e->child, 0))
		reap(e);
	/* The number of a group is reused only after its last process has
	 * ended.  Then it must not be signalled again. */
	if (e->reaped && e->group > 0 && kill(-e->group, 0) != 0)
		e->group = 0;
	if (e->reaped && e->group == 0 && strays_ended(&e->strays))
		return finished(e, ENDING_DONE);
	if (!e->killed && clock_ms() >= e->until)
		kill_all(e);
	if (e->killed && e->reaped)
		return finished(e, ENDING_DONE);
	return clock_ms() < e->until ? ENDING_GOES_ON
				     : finished(e, ENDING_LEFT);
}

int
ending_wait(const struct ending *e)
{
	uint64_t now = clock_ms();
	int ms = now >= e->until	  ? 0
		 : e->until - now > 60000 ? 60000
					  : (int)(e->until - now);

	return (e->reaped || e->child.pidfd < 0) && ms > LOOK ? LOOK : ms;
}

void
ending_report(struct log *log, const struct child *child, const char *name)
{
	char quoted[512];

	log_event(log, LOG_LEVEL_ERROR, "not-ended", NULL,
		  "run it as the user of corswrap, or make it exit by itself",
		  "%s: process %ld cannot be terminated, and is left running",
		  log_quote(slice_from(name), quoted, sizeof(quoted)),
		  (long)child->pid);
}

enum ending_state
ending_run(struct ending *e, int ms)
{
	uint64_t until = ms < 0 ? UINT64_MAX : clock_ms() + (uint64_t)ms;
	enum ending_state state;

	while ((state = ending_step(e)) == ENDING_GOES_ON &&
	       clock_ms() < until) {
		int wait = ending_wait(e);

		if (ms >= 0 && wait > ms)
			wait = ms;
		if (e->reaped)
			(void)poll(NULL, 0, wait);
		else
			(void)child_wait(&e->child, wait);
	}
	return state;
}
