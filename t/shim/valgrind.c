/*
 * Linked into every program of a build for `make check-valgrind`: each
 * restarts itself under valgrind, however it was started.  A script instead of
 * the program would not work: the policy is searched beside the program, and
 * web servers clean the environment.  Programs that it starts (perl, php-cgi,
 * a CGI program) run without valgrind.
 *
 * VALGRIND_OPTIONS and VALGRIND_REPORTS come from the Makefile.
 *
 * SPDX-License-Identifier: ISC
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

enum { ARGUMENTS_MAX = 256 };

/* Debian's /usr/bin/valgrind is a script, which would use PATH and change
 * LD_LIBRARY_PATH. */
static const char *const launchers[] = {
    "/usr/bin/valgrind.bin", "/usr/bin/valgrind", "/usr/local/bin/valgrind"};

/*
 * valgrind writes a file to TMPDIR, which tests set to unwritable folders; and
 * it sets variables for C++.
 */
static const char hidden[] = "UNDER_VALGRIND_TMPDIR";

static void
hide_environment(void)
{
	const char *tmpdir = getenv("TMPDIR");

	if (tmpdir != NULL)
		(void)setenv(hidden, tmpdir, 1);
	(void)setenv("TMPDIR", VALGRIND_REPORTS, 1);
}

static void
restore_environment(void)
{
	const char *tmpdir = getenv(hidden);

	if (tmpdir != NULL)
		(void)setenv("TMPDIR", tmpdir, 1);
	else
		(void)unsetenv("TMPDIR");
	(void)unsetenv(hidden);
	(void)unsetenv("GLIBCPP_FORCE_NEW");
	(void)unsetenv("GLIBCXX_FORCE_NEW");
}

/* valgrind emulates reading the link /proc/self/exe, but not stat(2) of it
 * (src/run/script.c needs that). */
int
stat(const char *path, struct stat *status)
{
	char self[PATH_MAX];
	ssize_t len = strcmp(path, "/proc/self/exe") == 0
			  ? readlink(path, self, sizeof(self) - 1)
			  : -1;

	if (len > 0) {
		self[len] = '\0';
		path = self;
	}
	return fstatat(AT_FDCWD, path, status, 0);
}

/*
 * valgrind turns the clone of base/os.c into a fork: the child's report of a
 * failed exec (struct start of run/child.c) would not reach the parent.  It is
 * copied when the child's function returns; clone does not return before the
 * child has ended or called exec (CLONE_VFORK).
 */
enum { START = 24 };
int __clone(int (*)(void *), void *, int, void *, ...);
static _Thread_local struct {
	int (*run)(void *);
	void *shared;
} report;

static int
run_and_report(void *start)
{
	int rc = report.run(start);

	memcpy(report.shared, start, START);
	return rc;
}

int
clone(int (*run)(void *), void *stack, int flags, void *start, ...)
{
	va_list more;
	int pid;

	va_start(more, start);
	void *pidfd = va_arg(more, void *);
	va_end(more);
	report.run = run;
	report.shared = mmap(NULL, START, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report.shared == MAP_FAILED)
		return -1;
	memcpy(report.shared, start, START);
	pid = __clone(run_and_report, stack, flags, start, pidfd);
	memcpy(start, report.shared, START);
	(void)munmap(report.shared, START);
	return pid;
}

__attribute__((constructor)) static void
start_under_valgrind(int argc, char **argv)
{
	/* The name we were called by, which valgrind passes on unchanged. */
	const char *self = (const char *)getauxval(AT_EXECFN);
	static char here[PATH_MAX + 2];
	static char options[] = VALGRIND_OPTIONS;
	static const char *words[ARGUMENTS_MAX];
	/* Pids are reused in a long run. */
	static char report[sizeof(VALGRIND_REPORTS) + 64];
	struct timespec now = {0, 0};
	size_t n = 0;
	char *rest = NULL;

	if (RUNNING_ON_VALGRIND) {
		restore_environment();
		return;
	}
	/* After fexecve(3) that is /dev/fd/N, which may be closed by now. */
	if (strncmp(self, "/dev/fd/", 8) == 0 &&
	    readlink("/proc/self/exe", here, sizeof(here) - 1) > 0)
		self = here;
	/* valgrind looks in PATH for a name without a slash; busybox httpd
	 * starts programs by such a name, in their folder. */
	if (strchr(self, '/') == NULL) {
		(void)snprintf(here, sizeof(here), "./%s", self);
		self = here;
	}
	hide_environment();
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(report, sizeof(report),
		       "--log-file=" VALGRIND_REPORTS "/%%p.%jd.%09ld",
		       (intmax_t)now.tv_sec, now.tv_nsec);
	words[n++] = "valgrind";
	for (char *word = strtok_r(options, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	words[n++] = report;
	words[n++] = "--";
	words[n++] = self;
	for (int i = 1; i < argc && n < ARGUMENTS_MAX - 1; i++)
		words[n++] = argv[i];
	for (size_t i = 0; i < sizeof(launchers) / sizeof(*launchers); i++)
		(void)execve(launchers[i], (char **)(uintptr_t)words, environ);
	/* A program that runs without valgrind must not count as checked. */
	static const char text[] = "no valgrind\n";
	(void)!write(2, text, sizeof(text) - 1);
	_exit(98);
}
