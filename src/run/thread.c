/*
 * Threads: how they are started, and how one wakes another that waits in poll.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/thread.h"

#include <signal.h>
#include <unistd.h>

#include "base/os.h"

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	STACK = 2 * 1024 * 1024
#else
	STACK = 256 * 1024
#endif
};

int
thread_start(pthread_t *thread, void *(*run)(void *), void *context)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	(void)pthread_attr_setstacksize(&attributes, STACK);
	error = pthread_create(thread, &attributes, run, context);
	(void)pthread_attr_destroy(&attributes);
	return error;
}

int
thread_start_blocked(pthread_t *thread, void *(*run)(void *), void *context)
{
	sigset_t all, old;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = thread_start(thread, run, context);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

int
wakeup_open(struct wakeup *w)
{
	int fds[2];

	*w = (struct wakeup){-1, -1};
	if (os_pipe_nonblocking(fds) != 0)
		return -1;
	*w = (struct wakeup){fds[0], fds[1]};
	return 0;
}

void
wakeup_send(const struct wakeup *w)
{
	(void)!write(w->to, "", 1); /* a full pipe wakes as well */
}

void
wakeup_clear(const struct wakeup *w)
{
	char bytes[256];

	while (read(w->fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		continue;
}

void
wakeup_close(struct wakeup *w)
{
	if (w->fd >= 0) {
		(void)close(w->fd);
		(void)close(w->to);
	}
	*w = (struct wakeup){-1, -1};
}
