/*
 * What a program has left outside of its process group.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/strays.h"

#include <poll.h>
#include <unistd.h>

#include "base/os.h"

enum { WALK_MAX = 2 * STRAYS_MAX }; /* processes, those of the group too */

void
strays_init(struct strays *s)
{
	s->count = 0;
}

static bool
is_known(const struct strays *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->pids[i] == pid)
			return true;
	return false;
}

static void
drop_last(struct strays *s)
{
	(void)close(s->fds[--s->count]);
}

/* The caller looks again at what add has opened: a number that was given to
 * another process meanwhile must not be taken for it. */
static bool
add(struct strays *s, pid_t pid)
{
	int fd;

	if (s->count == STRAYS_MAX || pid == getpid() || is_known(s, pid) ||
	    (fd = os_process_open(pid)) < 0)
		return false;
	s->pids[s->count] = pid;
	s->fds[s->count++] = fd;
	return true;
}

static void
add_child(struct strays *s, pid_t pid, pid_t parent, pid_t program)
{
	pid_t group = getpgid(pid);

	if (group > 0 && group != program && add(s, pid) &&
	    os_process_parent(pid) != parent)
		drop_last(s);
}

/* Those of the group are walked through, too, for their children. */
void
strays_of(struct strays *s, pid_t program)
{
	pid_t all[WALK_MAX];
	size_t count = 1;

	all[0] = program;
	for (size_t i = 0; i < count; i++) {
		size_t from = count;

		count +=
		    os_process_children(all[i], all + count, WALK_MAX - count);
		for (size_t k = from; k < count; k++)
			add_child(s, all[k], all[i], program);
	}
}

void
strays_at(struct strays *s, ino_t pipe)
{
	pid_t all[STRAYS_MAX];
	size_t count = pipe == 0 ? 0 : os_pipe_writers(pipe, all, STRAYS_MAX);

	for (size_t i = 0; i < count; i++)
		if (add(s, all[i]) && !os_writes_to(all[i], pipe))
			drop_last(s);
}

void
strays_signal(const struct strays *s, int signal)
{
	for (size_t i = 0; i < s->count; i++)
		(void)os_process_signal(s->fds[i], signal);
}

bool
strays_ended(const struct strays *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct pollfd end = {s->fds[i], POLLIN, 0};

		if (poll(&end, 1, 0) <= 0)
			return false;
	}
	return true;
}

void
strays_free(struct strays *s)
{
	while (s->count > 0)
		drop_last(s);
}
