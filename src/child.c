/*
 * Starting a program, and ending it.
 *
 * vfork, because fork copies page tables (2.9 ms from a 64 MB parent, measured)
 * and posix_spawn knows no limits, no parent-death signal, and not which step
 * failed.  Between vfork and exec the child runs on our memory with all signals
 * blocked, and calls only what is async-signal-safe.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __GLIBC__
#define __rlimit_resource_t int /* as POSIX has it; glibc: an enum */
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4U /* Linux 5.11; older ones refuse it */
#endif

/* Shared with the child until it execs. */
struct start {
	const struct child_spec *spec;
	pid_t parent;
	volatile int error;
	volatile enum child_stage stage;
};

static _Noreturn void
give_up(struct start *start, enum child_stage stage)
{
	start->error = errno;
	start->stage = stage;
	_exit(127);
}

static int
limit(__rlimit_resource_t what, const struct limit *to)
{
	struct rlimit both = { to->value, to->value };
	struct rlimit now;

	if (!to->set)
		return 0;
	/* Below root the hard limit can only be lowered. */
	if (getrlimit(what, &now) == 0 && both.rlim_max > now.rlim_max)
		both.rlim_cur = both.rlim_max = now.rlim_max;
	return setrlimit(what, &both);
}

/*
 * 32 and 33 are the C library's own, which it lets nobody set; but whoever
 * started us may have passed them on ignored.
 */
static void
default_internal_signals(void)
{
	/* The kernel's struct sigaction: all zero is SIG_DFL, no flags. */
	static const unsigned long zero[4];

	for (int sig = 32; sig < 34; sig++)
		(void)syscall(SYS_rt_sigaction, sig, zero, NULL, 8);
}

static void
default_signals(void)
{
	struct sigaction action = { 0 };

	/* Handled ones become default at exec; ignored ones would stay. */
	action.sa_handler = SIG_DFL;
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)sigaction(sig, &action, NULL);
	default_internal_signals();
}

static int
set_descriptors(const struct child_spec *spec)
{
	if (dup2(spec->in, 0) < 0 || dup2(spec->out, 1) < 0 ||
	    dup2(spec->err, 2) < 0)
		return -1;
#ifdef SYS_close_range
	/* All of ours are close-on-exec; this is for what libraries opened. */
	(void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
#endif
	return 0;
}

static int
set_limits(const struct app *app)
{
	if (app == NULL)
		return 0;
	return limit(RLIMIT_CPU, &app->cpu_limit) != 0 ||
	    limit(RLIMIT_AS, &app->memory_limit) != 0 ||
	    limit(RLIMIT_NOFILE, &app->file_limit) != 0 ||
	    limit(RLIMIT_NPROC, &app->process_limit) != 0 ? -1 : 0;
}

/* Runs between vfork and exec too: nothing but async-signal-safe calls. */
int
child_enter(const struct child_spec *spec, enum child_stage *stage)
{
	sigset_t none;

	*stage = CHILD_STAGE_SETUP;
	/* EPERM: a session's leader, which leads its group already. */
	if (setpgid(0, 0) != 0 && errno != EPERM)
		return -1;
	default_signals();
	if (set_descriptors(spec) != 0)
		return -1;
	*stage = CHILD_STAGE_CHDIR;
	if (spec->directory != NULL && chdir(spec->directory) != 0)
		return -1;
	*stage = CHILD_STAGE_SETUP;
	if (set_limits(spec->limits) != 0)
		return -1;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	*stage = CHILD_STAGE_EXEC;
	return 0;
}

static _Noreturn void
run(struct start *start)
{
	const struct child_spec *spec = start->spec;
	enum child_stage stage;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != start->parent)
		_exit(127);
	if (child_enter(spec, &stage) == 0)
		(void)execve(spec->argv[0], spec->argv, spec->env);
	give_up(start, stage);
}

int
child_start(const struct child_spec *spec, struct child *child,
    enum child_stage *stage)
{
	struct start start = { spec, getpid(), 0, CHILD_STAGE_START };
	sigset_t all, old;

	*child = (struct child){ 0, -1 };
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = vfork();
	if (pid == 0)
		run(&start);
	int error = pid < 0 ? errno : start.error;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	*stage = start.stage;
	if (error != 0) {
		if (pid > 0)
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				continue;
		errno = error;
		return -1;
	}
	child->pid = pid;
#ifdef SYS_pidfd_open
	child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
#endif
	return 0;
}

bool
child_wait(const struct child *child, int ms)
{
	struct pollfd wait = { child->pidfd, POLLIN, 0 };
	siginfo_t info;

	if (child->pidfd >= 0) {
		int rc;
		do
			rc = poll(&wait, 1, ms);
		while (rc < 0 && errno == EINTR && ms < 0);
		return rc > 0;
	}
	/* An old kernel: look every 10 ms. */
	for (;;) {
		struct timespec nap = { 0, 10 * 1000 * 1000 };
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)child->pid, &info,
			WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0)
			return true;
		if (ms == 0)
			return false;
		(void)nanosleep(&nap, NULL);
		if (ms > 0)
			ms = ms > 10 ? ms - 10 : 0;
	}
}

int
child_reap(struct child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child->pidfd >= 0)
		(void)close(child->pidfd);
	*child = (struct child){ 0, -1 };
	return status;
}

void
child_kill(const struct child *child, int sig)
{
	if (child->pid > 0)
		(void)kill(-child->pid, sig);
}

int
child_end(struct child *child, uint64_t grace)
{
	pid_t group = child->pid;
	int left = grace > 3600000 ? 3600000 : (int)grace;
	struct timespec nap = { 0, 10 * 1000 * 1000 };

	child_kill(child, SIGTERM);
	if (!child_wait(child, left)) {
		/* Not reaped yet, so the number cannot be another's. */
		child_kill(child, SIGKILL);
		return child_reap(child);
	}
	int status = child_reap(child);
	/* The rest of the group has its grace too. */
	while (kill(-group, 0) == 0 && left > 0) {
		(void)nanosleep(&nap, NULL);
		left = left > 10 ? left - 10 : 0;
	}
	(void)kill(-group, SIGKILL);
	return status;
}

/* A first line that ends in CRLF names an interpreter that does not exist. */
static bool
has_crlf(const char *path)
{
	char first[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, first, sizeof(first));
	const char *end;

	if (fd >= 0)
		(void)close(fd);
	if (n < 3 || first[0] != '#' || first[1] != '!')
		return false;
	end = memchr(first, '\n', (size_t)n);
	return end != NULL && end[-1] == '\r';
}

const char *
child_hint(const char *file, enum child_stage stage, int error)
{
	if (stage == CHILD_STAGE_EXEC && has_crlf(file))
		return "its #! line ends in a carriage return: save it with "
		       "Unix line ends";
	if (stage == CHILD_STAGE_CHDIR)
		return "check directory in [app]";
	if (stage != CHILD_STAGE_EXEC)
		return "check the limits of this user and of the machine";
	switch (error) {
	case ENOEXEC:
		return "its first line must be #! and an interpreter, such as "
		       "#!/usr/bin/perl";
	case ENOENT:
		return "the file, or the interpreter in its #! line, is "
		       "missing; a carriage return at the end of that line "
		       "counts as part of the name";
	case EACCES:
		return "chmod +x it; the file system must not be noexec";
	default:
		return NULL;
	}
}
