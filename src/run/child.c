/*
 * Starting a program, and waiting for its end.
 *
 * os_start is clone with CLONE_VM and CLONE_VFORK, as in posix_spawn: fork
 * copies page tables (2.9 ms from a 64 MB parent, measured), and posix_spawn
 * cannot set limits or a parent-death signal and does not report which step
 * failed.  Until it execs the child runs in our memory with all signals
 * blocked and calls only what is async-signal-safe.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "run/first_line.h"

enum { NAP_MAX = 10 }; /* ms between two checks without a pidfd */

/* Shared with the child until it execs. */
struct start {
	const struct child_spec *spec;
	pid_t parent;
	volatile int error;
	volatile enum child_stage stage;
};

/* ---- the child, until it execs ---- */

static int
limit(pid_t pid, int what, const struct limit *to)
{
	struct rlimit both = {to->value, to->value};
	struct rlimit now;

	if (!to->set)
		return 0;
	/* Only root may raise the hard limit. */
	if (os_process_limit(pid, what, NULL, &now) == 0 &&
	    both.rlim_max > now.rlim_max)
		both.rlim_cur = both.rlim_max = now.rlim_max;
	return os_process_limit(pid, what, &both, NULL);
}

/* The responder raises its own soft limit; programs get the old one. */
static void
lower_files(uint64_t to)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= to)
		return;
	files.rlim_cur = to;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int
child_limit(pid_t pid, const struct app *app)
{
	return limit(pid, RLIMIT_CPU, &app->cpu_limit) != 0 ||
		       limit(pid, OS_LIMIT_MEMORY, &app->memory_limit) != 0 ||
		       limit(pid, RLIMIT_NOFILE, &app->file_limit) != 0 ||
		       limit(pid, RLIMIT_NPROC, &app->process_limit) != 0
		   ? -1
		   : 0;
}

static int
set_limits(const struct app *app, uint64_t files)
{
	if (files > 0)
		lower_files(files);
	return app == NULL ? 0 : child_limit(0, app);
}

/*
 * Handled signals become default at exec; ignored ones would stay ignored, and
 * perl and sh misbehave with an ignored SIGCHLD or SIGPIPE.
 */
static void
default_signals(void)
{
	for (int sig = 1; sig < OS_SIGNALS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			os_signal_default(sig);
}

/* Move fd to 3 or above if it is 0, 1 or 2 and about to be replaced. */
static int
aside(int fd, int target)
{
	return fd < 0 || fd > 2 || fd == target ? fd : fcntl(fd, F_DUPFD, 3);
}

static int
put(int fd, int target)
{
	if (fd != target)
		return os_child_dup(fd, target);
	return fcntl(fd, F_SETFD, 0); /* it may be close-on-exec */
}

static int
set_descriptors(const struct child_spec *spec, int in)
{
	int out = aside(spec->out, 1), err = aside(spec->err, 2);
	int control = spec->control > 0 ? aside(spec->control, -1) : 0;

	if (control < 0 || in < 0 || out < 0 || err < 0 || put(in, 0) < 0 ||
	    put(out, 1) < 0 || put(err, 2) < 0)
		return -1;
	/* All of ours are close-on-exec; this is for descriptors that
	 * libraries opened. */
	os_close_on_exec_from(3);
	return control > 0 && put(control, spec->control_as) < 0 ? -1 : 0;
}

int
child_enter(const struct child_spec *spec, enum child_stage *stage)
{
	sigset_t none;
	int in;

	*stage = CHILD_STAGE_SETUP;
	if (!spec->prepared)
		default_signals();
	in = spec->in < 0 ? os_child_open_null() : aside(spec->in, 0);
	if (in < 0 && spec->in < 0)
		*stage = CHILD_STAGE_NULL;
	if (set_descriptors(spec, in) != 0)
		return -1;
	*stage = CHILD_STAGE_CHDIR;
	if (spec->directory != NULL && chdir(spec->directory) != 0)
		return -1;
	*stage = CHILD_STAGE_SETUP;
	if (set_limits(spec->limits, spec->files) != 0)
		return -1;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	*stage = CHILD_STAGE_EXEC;
	return 0;
}

OS_UNSEEN static int
run(void *context)
{
	struct start *start = context;
	const struct child_spec *spec = start->spec;
	enum child_stage stage;

	os_die_with_parent(spec->death_signal != 0 ? spec->death_signal
						   : SIGTERM);
	/* The parent may have died before that: no signal will come then. */
	if (getppid() != start->parent)
		return 127;
	if (spec->adopts)
		os_adopt_orphans();
	stage = CHILD_STAGE_SETUP;
	/* EPERM: a session leader, which leads its group already. */
	if ((setpgid(0, 0) == 0 || errno == EPERM) &&
	    child_enter(spec, &stage) == 0)
		(void)execve(spec->argv[0], spec->argv, spec->env);
	start->error = errno;
	start->stage = stage;
	return 127;
}

/* ---- start ---- */

static void
do_nothing(int number)
{
	(void)number;
}

void
child_prepare(void)
{
	struct sigaction pipe = {.sa_handler = do_nothing,
				 .sa_flags = SA_RESTART};

	for (int sig = 1; sig < OS_SIGNALS; sig++)
		if (os_signal_is_ignored(sig))
			os_signal_default(sig);
	(void)sigaction(SIGPIPE, &pipe, NULL);
}

int
child_start(const struct child_spec *spec, struct child *child,
	    enum child_stage *stage)
{
	struct start start = {spec, getpid(), 0, CHILD_STAGE_START};
	sigset_t all, old;
	int error;

	*child = (struct child){0, -1, 0};
	/* If SIGCHLD is ignored, waitpid finds no status. */
	if (!spec->prepared)
		(void)signal(SIGCHLD, SIG_DFL);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	child->pid = os_start(run, &start, sizeof(start), &child->pidfd);
	error = child->pid < 0 ? errno : start.error;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	*stage = start.stage;
	if (error == 0)
		return 0;
	if (child->pid > 0)
		(void)child_reap(child);
	*child = (struct child){0, -1, 0};
	errno = error;
	return -1;
}

/* ---- end ---- */

static void
nap(uint64_t ms)
{
	struct timespec time = {0, (long)(ms * 1000 * 1000)};

	(void)nanosleep(&time, NULL);
}

/* For kernels without pidfd. */
static bool
has_ended(const struct child *child)
{
	siginfo_t info;

	info.si_pid = 0;
	return waitid(P_PID, (id_t)child->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

bool
child_wait(const struct child *child, int ms)
{
	struct pollfd wait = {child->pidfd, POLLIN, 0};
	uint64_t until = clock_ms() + (uint64_t)(ms < 0 ? 0 : ms), now = 0;

	for (;;) {
		if (child->pidfd < 0) {
			if (has_ended(child))
				return true;
			if (ms != 0)
				nap(ms > 0 && ms < NAP_MAX ? (uint64_t)ms
							   : NAP_MAX);
		} else if (poll(&wait, 1, ms) > 0) {
			return true;
		}
		/* A signal may have interrupted the wait. */
		if (ms >= 0 && (now = clock_ms()) >= until)
			return false;
		if (ms > 0)
			ms = (int)(until - now);
	}
}

/* Another process is its parent, and must wait for it.  Until it does, the
 * kernel keeps the exit status and does not reuse the pid: so read the status
 * first. */
static int
reap_by_parent(const struct child *child)
{
	char order[16];
	int status, len;

	(void)child_wait(child, -1);
	status = os_process_status(child->pid);
	len = snprintf(order, sizeof(order), "w%ld", (long)child->pid);
	(void)send(child->parent, order, (size_t)len,
		   MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(child->parent);
	return status < 0 ? 0 : status;
}

int
child_reap(struct child *child)
{
	int status = 0;

	if (child->parent > 0)
		status = reap_by_parent(child);
	else
		while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	if (child->pidfd >= 0)
		(void)close(child->pidfd);
	*child = (struct child){0, -1, 0};
	return status;
}

void
child_kill(const struct child *child, int sig)
{
	if (child->pid <= 0)
		return;
	(void)kill(-child->pid, sig);
	/* The program may have left its group by setpgid(2). */
	if (getpgid(child->pid) != child->pid)
		(void)kill(child->pid, sig);
}

/* ---- what to log ---- */

/* A first line that ends in CRLF names an interpreter that does not exist. */
static bool
has_crlf(const char *file)
{
	struct first_line first;

	first_line_read(&first, file);
	return first.ends && text_ends(first.line, SLICE("\r"));
}

/* A byte order mark before the #!. */
static bool
has_mark(const char *file)
{
	struct first_line first;

	first_line_read(&first, file);
	return slice_starts(first.head, SLICE("\xEF\xBB\xBF"));
}

static const char *
exec_hint(const char *file, int error)
{
	struct stat status;

	switch (error) {
	case ENOEXEC:
		if (has_mark(file))
			return "it begins with a byte order mark, so that #! "
			       "is not its first word: save it as UTF-8 "
			       "without";
		return "its first line must be #! and an interpreter, such as "
		       "#!/usr/bin/perl";
	case ENOENT:
		if (access(file, F_OK) != 0)
			return "the file is missing: check exec, [handlers] "
			       "or what was deployed";
		return "the interpreter in its #! line is missing";
	case EACCES:
	case EPERM:
		if (stat(file, &status) == 0 && S_ISDIR(status.st_mode))
			return "it is a folder: name the program in it";
		return "chmod +x it and its interpreter; the file system must "
		       "not be noexec";
	case ETXTBSY:
		return "it is still being written; upload to another name and "
		       "rename";
	case E2BIG:
		return "its environment or arguments are too large";
	case ENOMEM:
		return "raise memory-limit";
	default:
		return NULL;
	}
}

/* How to fix it, for the log; may be NULL. */
static const char *
hint(const char *file, enum child_stage stage, int error)
{
	switch (stage) {
	case CHILD_STAGE_CHDIR:
		if (error == ENOENT || error == ENOTDIR)
			return "its folder does not exist: check exec, which "
			       "is a path of this machine and not of the URL, "
			       "and directory in [app]";
		return "make the folder accessible to the user that runs "
		       "corswrap, or set directory in [app]";
	case CHILD_STAGE_EXEC:
		if (has_crlf(file))
			return "its #! line ends in a carriage return: save it "
			       "with Unix line ends";
		return exec_hint(file, error);
	case CHILD_STAGE_NULL:
	case CHILD_STAGE_START:
	case CHILD_STAGE_SETUP:
		break;
	}
	switch (error) {
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files, or lower workers";
	case EAGAIN:
	case ENOMEM:
		return "raise the limits of processes and memory of this "
		       "user, or lower workers";
	default:
		return stage != CHILD_STAGE_NULL
			   ? NULL
			   : "a program reads /dev/null where a request has no "
			     "body: in a chroot make it with mknod -m 666 "
			     "dev/null c 1 3";
	}
}

int
child_report(struct log *log, const struct request *request, const char *file,
	     enum child_stage stage, int error)
{
	bool again = error == EAGAIN || error == ENOMEM || error == EMFILE ||
		     error == ENFILE;
	char path[512];

	log_event(log, LOG_LEVEL_ERROR, "start-failed", request,
		  hint(file, stage, error), "%s: cannot start: %s",
		  log_quote(slice_from(file), path, sizeof(path)),
		  strerror(error));
	return again ? 503 : 500;
}
