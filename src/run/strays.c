/*
 * Processes that a program has left outside of its process group.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/strays.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/os.h"

enum {
	CHILDREN_MAX = 512, /* of one process; more are ignored */
	WRITERS_MAX = 64,   /* of one pipe; more are ignored */
	WALKS_MAX = 10	    /* through the descendants, while they change */
};

void
strays_init(struct strays *s)
{
	*s = (struct strays){0};
}

static bool
is_known(const struct strays *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].pid == pid)
			return true;
	return false;
}

static void
drop_last(struct strays *s)
{
	(void)close(s->list[--s->count].fd);
}

/* Open the process and add it.  Its pid may have been reused before it was
 * opened, so the caller then checks whether it still is the one it meant. */
static bool
add(struct strays *s, pid_t pid)
{
	int fd;

	if (pid == getpid() || is_known(s, pid) ||
	    !array_grow(&s->list, s->count, &s->room, sizeof(*s->list)) ||
	    (fd = os_process_open(pid)) < 0)
		return false;
	s->list[s->count++] = (struct stray){pid, fd};
	return true;
}

/* False: it has ended, or has another parent by now. */
static bool
add_child(struct strays *s, pid_t pid, pid_t parent, pid_t program)
{
	pid_t group = getpgid(pid);
	bool added = group > 0 && group != program && add(s, pid);
	bool same = os_process_parent(pid) == parent;

	if (added && !same)
		drop_last(s);
	return same;
}

static bool
has_ended(const struct stray *stray)
{
	struct pollfd end = {stray->fd, POLLIN, 0};

	return poll(&end, 1, 0) > 0;
}

/* A process during the search through descendants. */
struct seen {
	pid_t pid;
	pid_t parent;
};

struct walk {
	struct seen *list;
	size_t count;
	size_t room;
	/* Whether a process got another parent meanwhile; and the sum of the
	 * pids of those that have ended but were not waited for. */
	bool changed;
	uint64_t ended;
};

static bool
step(struct walk *w, pid_t pid, pid_t parent)
{
	if (!array_grow(&w->list, w->count, &w->room, sizeof(*w->list)))
		return false;
	w->list[w->count++] = (struct seen){pid, parent};
	return true;
}

/* Add the children of a process, and note them for the search.  If the pid of
 * the process has been reused, they are those of an unrelated one. */
static void
look_at(struct strays *s, struct walk *w, struct seen at, pid_t program)
{
	pid_t children[CHILDREN_MAX];
	size_t count = os_process_children(at.pid, children, CHILDREN_MAX);

	/* In this order: it may be waited for in between. */
	if (os_process_status(at.pid) >= 0)
		w->ended += (uint64_t)at.pid;
	if (at.parent != 0 && os_process_parent(at.pid) != at.parent) {
		w->changed = true;
		return;
	}
	for (size_t i = 0; i < count && step(w, children[i], at.pid); i++)
		if (!add_child(s, children[i], at.pid, program))
			w->changed = true;
}

/* Processes in the program's group are not strays, but their children may be:
 * so the search visits them, too. */
static struct walk
walk(struct strays *s, pid_t program)
{
	struct walk w = {0};

	if (program > 0)
		(void)step(&w, program, 0);
	for (size_t i = 0; i < s->count; i++)
		if (!has_ended(&s->list[i]))
			(void)step(&w, s->list[i].pid, 0);
	for (size_t i = 0; i < w.count; i++)
		look_at(s, &w, w.list[i], program);
	free(w.list);
	return w;
}

/* The children of a process that ends during a walk become children of the
 * program, which that walk has already passed: so walk again. */
void
strays_of(struct strays *s, pid_t program)
{
	uint64_t ended = 0;

	for (int i = 0; i < WALKS_MAX; i++) {
		struct walk w = walk(s, program);

		if (!w.changed && w.ended == ended)
			return;
		ended = w.ended;
	}
}

void
strays_at(struct strays *s, ino_t pipe)
{
	pid_t all[WRITERS_MAX];
	size_t count = pipe == 0 ? 0 : os_pipe_writers(pipe, all, WRITERS_MAX);

	for (size_t i = 0; i < count; i++)
		if (add(s, all[i]) && !os_writes_to(all[i], pipe))
			drop_last(s);
}

void
strays_signal(const struct strays *s, int signal)
{
	for (size_t i = 0; i < s->count; i++)
		(void)os_process_signal(s->list[i].fd, signal);
}

bool
strays_ended(const struct strays *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!has_ended(&s->list[i]))
			return false;
	return true;
}

void
strays_free(struct strays *s)
{
	while (s->count > 0)
		drop_last(s);
	free(s->list);
	strays_init(s);
}
