/*
 * Signals: read from a descriptor, and reset for programs.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/os.h"

#include <errno.h>
#include <unistd.h>

#ifndef OS_POSIX_ONLY
#include <sys/signalfd.h>
#include <sys/syscall.h>
#else
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#endif

#ifndef OS_POSIX_ONLY

/* The kernel's struct sigaction: the handler first; all zero is SIG_DFL. */
struct action {
	unsigned long words[8];
};

void
os_signal_default(int signal)
{
	static const struct action zero;

	(void)syscall(SYS_rt_sigaction, signal, &zero, NULL, 8);
}

bool
os_signal_is_ignored(int signal)
{
	struct action now = {{0}};

	return syscall(SYS_rt_sigaction, signal, NULL, &now, 8) == 0 &&
	       now.words[0] == (unsigned long)SIG_IGN;
}

int
os_signals(const sigset_t *signals)
{
	return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
os_signal_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)
		   ? (int)info.ssi_signo
		   : 0;
}

#else /* OS_POSIX_ONLY */

/* State of the thread that waits for signals. */
struct signal_reader {
	sigset_t signals;
	int to;
};

/* Retry: a lost signal could be the one that stops this process. */
static bool
write_all(int fd, const void *bytes, size_t len)
{
	for (int tries = 0; tries < 3; tries++)
		if (write(fd, bytes, len) == (ssize_t)len)
			return true;
	return false;
}

static void *
read_signals(void *context)
{
	struct signal_reader *r = context;
	sigset_t all;
	int number;
	char taken;

	/* Only these signals may interrupt it. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	/* Signals that arrived before are pending, each once.  After each one
	 * wait until os_signal_next has read it. */
	while (sigwait(&r->signals, &number) == 0)
		if (!write_all(r->to, &number, sizeof(number)) ||
		    read(r->to, &taken, 1) == 0)
			break;
	(void)close(r->to);
	free(r);
	return NULL;
}

int
os_signals(const sigset_t *signals)
{
	struct signal_reader *r = malloc(sizeof(*r));
	pthread_t thread;
	int fds[2], error;

	if (r == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
		free(r);
		return -1;
	}
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*r = (struct signal_reader){*signals, fds[1]};
	error = pthread_create(&thread, NULL, read_signals, r);
	if (error == 0) {
		(void)pthread_detach(thread);
		return fds[0];
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
	free(r);
	errno = error;
	return -1;
}

int
os_signal_next(int fd)
{
	int number;

	if (read(fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
		return 0;
	(void)write_all(fd, "", 1);
	return number;
}

void
os_signal_default(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	(void)sigaction(signal, &action, NULL);
}

bool
os_signal_is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 &&
	       action.sa_handler == SIG_IGN;
}

#endif
