/*
 * The first process of a container.
 *
 * Orphans become children of process 1, which must wait for them: otherwise
 * each process that a program leaves behind is a zombie at its end, until the
 * container has no process ids left.  A responder waits for each of its
 * programs by pid; waiting for any child would take the status of another
 * worker's program.  So it is a process of its own, and process 1 only waits.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corswrap/first_process.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/server.h"

/* SIGCHLD must not be ignored: a child's status would then be lost. */
static void
on_child(int number)
{
	(void)number;
}

/* Wait for all children that have ended.  True: the responder is one of them.
 */
static bool
reap(pid_t responder, int *status)
{
	bool ended = false;
	pid_t pid;
	int one;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == responder) {
			*status = one;
			ended = true;
		}
	return ended;
}

/* SIGCHLD, and the signals that the responder handles. */
static void
fill(sigset_t *signals)
{
	server_signals(signals);
	sigaddset(signals, SIGCHLD);
}

pid_t
first_process_start(void)
{
	struct sigaction child = {.sa_handler = on_child}, before;
	sigset_t signals, mask;
	pid_t responder;

	if (getpid() != 1)
		return 0;
	fill(&signals);
	(void)sigprocmask(SIG_BLOCK, &signals, &mask);
	(void)sigaction(SIGCHLD, &child, &before);
	responder = fork();
	if (responder > 0)
		return responder;
	/* Ctrl-C in a terminal then comes once, by way of process 1. */
	if (responder == 0)
		(void)setpgid(0, 0);
	(void)sigaction(SIGCHLD, &before, NULL);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	return 0;
}

int
first_process_wait(pid_t responder)
{
	int status = 0, number;
	sigset_t signals;

	fill(&signals);
	while (!reap(responder, &status))
		if (sigwait(&signals, &number) == 0 && number != SIGCHLD)
			(void)kill(responder, number);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
