/*
 * The functions of base/os.h do the same with Linux's own calls and with POSIX
 * only: this file is built once with each (os-posix.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/os.h"
#include "base/os_condition.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void
assert_marked(int fd, bool nonblocking)
{
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, nonblocking);
}

static void
test_pipes(void **state)
{
	int a[2], b[2];

	(void)state;
	assert_int_equal(os_pipe(a), 0);
	assert_int_equal(os_pipe_nonblocking(b), 0);
	for (int i = 0; i < 2; i++) {
		assert_marked(a[i], false);
		assert_marked(b[i], true);
	}
	assert_true(os_pipe_room(a[1]) >= 512);
	assert_int_equal(os_dup_to(a[0], b[0]), b[0]);
	assert_marked(b[0], false);
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(close(a[0]), 0);
	assert_int_equal(read(b[0], &(char){0}, 1), 1);
	for (int i = 0; i < 2; i++)
		(void)close(b[i]);
	(void)close(a[1]);
}

/* A pipe that others write to as well: their writes block, ours do not. */
static void
test_pipe_reopen(void **state)
{
	char bytes[4096] = {0};
	int a[2], own;

	(void)state;
	assert_int_equal(os_pipe(a), 0);
	own = os_pipe_reopen(a[1]);
	if (own < 0) {
		assert_int_equal(errno, ENOTSUP); /* the POSIX half */
	} else {
		while (write(own, bytes, sizeof(bytes)) > 0)
			continue;
		assert_int_equal(errno, EAGAIN);
		assert_marked(own, true);
		assert_marked(a[1], false);
		assert_int_equal(close(own), 0);
	}
	assert_int_equal(os_pipe_reopen(open("/dev/null", O_WRONLY)), -1);
	assert_int_equal(os_pipe_reopen(-1), -1);
	(void)close(a[0]);
	(void)close(a[1]);
}

static void
test_sockets(void **state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/corswrap-os.XXXXXX";
	socklen_t len = sizeof(to);
	int listener, client, server;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s/s", folder);
	listener = os_socket(AF_UNIX, true);
	assert_marked(listener, true);
	assert_int_equal(bind(listener, (void *)&to, sizeof(to)), 0);
	assert_false(os_is_listener(listener));
	assert_int_equal(listen(listener, 1), 0);
	assert_true(os_is_listener(listener));
	assert_false(os_is_listener(0));
	client = os_socket(AF_UNIX, false);
	assert_marked(client, false);
	assert_int_equal(connect(client, (void *)&to, sizeof(to)), 0);
	server = os_accept(listener, (void *)&to, &len);
	assert_marked(server, false);
	(void)close(listener);
	(void)close(client);
	(void)close(server);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s/s", folder);
	assert_int_equal(unlink(to.sun_path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* The file, if it is one, keeps written data and has no name. */
static void
check_file(int fd)
{
	char got[8] = "";
	struct stat st;

	assert_marked(fd, false);
	assert_int_equal(write(fd, "content", 7), 7);
	assert_int_equal(pread(fd, got, 7, 0), 7);
	assert_string_equal(got, "content");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
}

static void
test_files(void **state)
{
	char got[8] = "";
	off_t at = 3;
	int fd, to, pipes[2];

	(void)state;
	fd = os_memory_file("corswrap-test");
	if (fd >= 0) {
		check_file(fd);
		(void)close(fd);
	} else {
		assert_int_equal(errno, ENOSYS);
	}
	assert_int_equal(os_unnamed_file("/nonexistent"), -1);
	fd = os_unnamed_file("/tmp");
	check_file(fd);
	to = os_unnamed_file("/tmp");
	assert_int_equal(os_send_file(to, fd, &at, 100), 4);
	assert_int_equal(at, 7);
	assert_int_equal(os_send_file(to, fd, &at, 100), 0);
	assert_int_equal(pread(to, got, 7, 0), 4);
	assert_string_equal(got, "tent");
	assert_int_equal(os_pipe(pipes), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if (os_splice(fd, pipes[1], 7) == 7)
		assert_int_equal(read(pipes[0], got, 7), 7);
	else
		assert_int_equal(errno, EINVAL);
	(void)close(fd);
	(void)close(to);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

/* A pipe that can be spliced from has the requested size, and its bytes
 * reach a socket. */
static void
test_pipe_to_socket(void **state)
{
	int pipes[2], sockets[2], file;
	char got[4];

	(void)state;
	assert_int_equal(os_pipe(pipes), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	file = os_unnamed_file("/tmp");
	assert_false(os_pipe_resize(file, 1 << 18));
	if (os_pipe_resize(pipes[0], 1 << 18)) {
		assert_int_equal(os_pipe_room(pipes[1]), 1 << 18);
		assert_int_equal(write(pipes[1], "abc", 3), 3);
		assert_int_equal(
		    os_splice_to_socket(pipes[0], sockets[0], 3, false), 3);
		assert_int_equal(read(sockets[1], got, 4), 3);
		assert_memory_equal(got, "abc", 3);
	} else {
		assert_int_equal(
		    os_splice_to_socket(pipes[0], sockets[0], 3, true), -1);
		assert_int_equal(errno, EINVAL);
	}
	(void)close(file);
	for (int i = 0; i < 2; i++) {
		(void)close(pipes[i]);
		(void)close(sockets[i]);
	}
}

static void
test_rename(void **state)
{
	char a[] = "/tmp/corswrap-os.XXXXXX", b[] = "/tmp/corswrap-os.XXXXXX";
	int fd = mkstemp(a), other = mkstemp(b);

	(void)state;
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(os_rename_new(a, b), -1);
	if (errno != ENOSYS) {
		assert_int_equal(errno, EEXIST);
		assert_int_equal(unlink(b), 0);
		assert_int_equal(os_rename_new(a, b), 0);
		assert_int_equal(access(b, F_OK), 0);
	}
	(void)unlink(a);
	(void)unlink(b);
	(void)close(fd);
	(void)close(other);
}

static void
test_executable(void **state)
{
	char path[4096];
	struct stat a, b;
	ssize_t len = os_executable(path, sizeof(path) - 1);

	(void)state;
	if (len < 0) {
		assert_int_equal(errno, ENOSYS);
		assert_int_equal(os_executable_stat(&a), -1);
		return;
	}
	path[len] = '\0';
	assert_int_equal(stat(path, &a), 0);
	assert_int_equal(os_executable_stat(&b), 0);
	/* What runs under qemu is qemu (tools/matrix). */
	if (getenv("CORSWRAP_EMULATED") == NULL)
		assert_int_equal(a.st_ino, b.st_ino);
}

#ifndef OS_POSIX_ONLY
/* It is that of the file that runs. */
static void
test_architecture(void **state)
{
	unsigned char head[20];
	uint16_t machine;
	FILE *file = fopen("/proc/self/exe", "rb");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
	memcpy(&machine, head + 18, sizeof(machine));
	(void)fclose(file);
	assert_int_equal(os_architecture(),
			 (long)head[4] << 24 | (long)head[5] << 16 | machine);
}
#endif

/* The other side counts as gone only when it no longer reads. */
static void
test_watch_closed(void **state)
{
	int pair[2];
	struct pollfd p = {-1, POLLIN, 0};

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int ends[2], fd;

	p.fd = os_watch_closed(pair[0]);
#ifdef OS_POSIX_ONLY
	assert_int_equal(p.fd, -1);
	assert_int_equal(errno, ENOSYS);
#else
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	assert_int_equal(poll(&p, 1, 50), 0);
	(void)close(pair[1]);
	assert_int_equal(poll(&p, 1, 10000), 1);
	(void)close(p.fd);
#endif
	assert_int_equal(os_pipe(ends), 0);
	p.fd = os_watch_closed(ends[1]);
	assert_int_equal(poll(&p, 1, 0), 0);
	(void)close(ends[0]);
	assert_int_equal(poll(&p, 1, 10000), 1);
	(void)close(p.fd);
	(void)close(ends[1]);
	fd = open("/dev/null", O_WRONLY);
	assert_int_equal(os_watch_closed(fd), -1);
	(void)close(fd);
#ifndef OS_POSIX_ONLY
	assert_true(access(os_exec_name(), X_OK) == 0);
#endif
	(void)close(pair[0]);
}

/* Whether sent to the process or a thread, and in the order in which they
 * are taken. */
static void
test_signals(void **state)
{
	sigset_t some, old;
	struct pollfd p;
	int fd;

	(void)state;
	(void)sigemptyset(&some);
	(void)sigaddset(&some, SIGUSR1);
	(void)sigaddset(&some, SIGHUP);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &some, &old), 0);
	fd = os_signals(&some);
	assert_marked(fd, true);
	assert_int_equal(os_signal_next(fd), 0);
	p = (struct pollfd){fd, POLLIN, 0};
	for (int i = 0; i < 4; i++) {
		int number = i % 2 == 0 ? SIGUSR1 : SIGHUP;

		assert_int_equal(kill(getpid(), number), 0);
		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_int_equal(os_signal_next(fd), number);
		assert_int_equal(os_signal_next(fd), 0);
	}
	(void)close(fd);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
test_poll(void **state)
{
	struct timespec brief = {0, 300 * 1000};
	struct pollfd fd = {.events = POLLIN};
	int fds[2];

	(void)state;
	assert_int_equal(os_pipe(fds), 0);
	fd.fd = fds[0];
	assert_int_equal(os_poll(&fd, 1, &brief), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(os_poll(&fd, 1, NULL), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* ---- children ---- */

struct message {
	char *const *argv; /* NULL: fail */
	int out;
	int error;
};

OS_UNSEEN static int
child(void *context)
{
	struct message *m = context;

	os_die_with_parent(SIGTERM);
	os_signal_default(SIGUSR1);
	if (m->argv != NULL && os_child_dup(m->out, 1) == 1 &&
	    os_child_dup(os_child_open_null(), 0) == 0) {
		os_close_on_exec_from(3);
		(void)execv(m->argv[0], m->argv);
	}
	m->error = 42;
	return 7;
}

/* How it ended. */
static int
reap(pid_t pid, int pidfd)
{
	struct pollfd ended = {pidfd, POLLIN, 0};
	int status;

	if (pidfd >= 0) {
		assert_int_equal(poll(&ended, 1, 10000), 1);
		(void)close(pidfd);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_child_fails(void **state)
{
	struct message m = {NULL, -1, 0};
	int pidfd, status;
	pid_t pid;

	(void)state;
	pid = os_start(child, &m, sizeof(m), &pidfd);
	assert_true(pid > 0);
	assert_int_equal(m.error, 42);
	status = reap(pid, pidfd);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* A child reports its error also where the limit of open files leaves none for
 * it: fork needs two for the report. */
static void
test_child_reports_without_descriptors(void **state)
{
	struct message m = {NULL, -1, 0};
	int first = dup(STDERR_FILENO), second = dup(STDERR_FILENO);
	int pidfd, status;
	struct rlimit had, few;
	pid_t pid;

	(void)state;
	assert_true(first > 2 && second > first);
	(void)close(first);
	(void)close(second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	few = had;
	few.rlim_cur = (rlim_t)second + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	pid = os_start(child, &m, sizeof(m), &pidfd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &had), 0);
	assert_true(pid > 0);
	assert_int_equal(m.error, 42);
	status = reap(pid, pidfd);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* It execs with our descriptors and with default signal actions: an ignored
 * signal would not end it. */
static void
test_child_execs(void **state)
{
	char sh[] = "/bin/sh", c[] = "-c",
	     script[] = "cat; ls /dev/fd/ | grep -c '^[3-9]$'; kill -USR1 $$";
	char *const argv[] = {sh, c, script, NULL};
	char got[64];
	size_t len = 0;
	ssize_t n;
	int fds[2], pidfd, status;
	struct message m = {argv, -1, 0};
	pid_t pid;

	(void)state;
	assert_false(os_signal_is_ignored(SIGUSR1));
	assert_true(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	assert_true(os_signal_is_ignored(SIGUSR1));
	assert_int_equal(os_pipe(fds), 0);
	/* A descriptor that a library has left open. */
	assert_int_equal(fcntl(dup(fds[0]), F_SETFD, 0), 0);
	m.out = fds[1];
	pid = os_start(child, &m, sizeof(m), &pidfd);
	(void)close(fds[1]);
	assert_true(pid > 0);
	assert_int_equal(m.error, 0);
	while ((n = read(fds[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	/* The descriptor that ls reads its folder by. */
	assert_string_equal(got, "1\n");
	status = reap(pid, pidfd);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGUSR1);
	os_signal_default(SIGUSR1);
	assert_false(os_signal_is_ignored(SIGUSR1));
	(void)close(fds[0]);
}

#ifndef OS_POSIX_ONLY
/* make check-valgrind: valgrind before 3.20 has no pidfd_open, and another
 * process sees valgrind as the executable of what runs under it. */
static bool
under_valgrind(void)
{
	const char *watched = getenv("CORSWRAP_WATCHED");

	return watched != NULL && strcmp(watched, "valgrind") == 0;
}

/* A pidfd is readable when its process has ended. */
static void
assert_ended(int pidfd, bool ended)
{
	struct pollfd p = {pidfd, POLLIN, 0};

	if (!under_valgrind())
		assert_int_equal(poll(&p, 1, ended ? 10000 : 0), ended);
}

/* Another process's child can be observed like our own: its pid, its end,
 * its status, its limits. */
static void
test_others(void **state)
{
	struct rlimit few = {20, 20}, had;
	siginfo_t end;
	int sockets[2], status, fd;
	pid_t pid, sender = 0;
	char byte = 'r';

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_int_equal(os_name_senders(sockets[0]), 0);
	pid = fork();
	if (pid == 0) {
		/* If this test fails, the read ends with our process. */
		(void)close(sockets[0]);
		(void)!write(sockets[1], &byte, 1);
		(void)!read(sockets[1], &byte, 1);
		(void)getrlimit(RLIMIT_NOFILE, &few);
		_exit((int)few.rlim_cur);
	}
	assert_int_equal(os_receive(sockets[0], &byte, 1, &sender), 1);
	assert_int_equal(sender, pid);
	fd = os_process_open(pid);
	assert_ended(fd, false);
	assert_int_equal(os_process_status(pid), -1);
	assert_true(os_process_memory(pid) > 4096);
	assert_int_equal(os_process_limit(pid, RLIMIT_NOFILE, &few, &had), 0);
	assert_true(had.rlim_cur > 20);
	assert_int_equal(write(sockets[0], &byte, 1), 1);
	assert_ended(fd, true);
	assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	assert_int_equal(os_process_status(pid), 20 << 8);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 20 << 8);
	assert_int_equal(os_process_status(pid), -1);
	(void)close(fd);
	(void)close(sockets[0]);
	(void)close(sockets[1]);
}
#endif

#ifndef OS_POSIX_ONLY
static pid_t
hold_pipe(int writer, bool executes)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (executes) {
			(void)fcntl(writer, F_SETFD, 0);
			execl("/bin/sleep", "sleep", "30", (char *)NULL);
		}
		(void)sleep(30);
		_exit(127);
	}
	return pid;
}

/* A child of ours before its exec has all our pipes, but is not a stray. */
static void
test_pipe_writers(void **state)
{
	int pipe_fds[2];
	struct stat st;
	pid_t list[8];

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(fstat(pipe_fds[1], &st), 0);
	pid_t forked = hold_pipe(pipe_fds[1], false);
	pid_t program = hold_pipe(pipe_fds[1], true);
	assert_true(forked > 0 && program > 0);
	for (int i = 0; i < 500 && !os_writes_to(program, st.st_ino); i++)
		(void)usleep(10000);
	assert_true(os_writes_to(program, st.st_ino));
	if (!under_valgrind()) {
		assert_false(os_writes_to(forked, st.st_ino));
		assert_int_equal(os_pipe_writers(st.st_ino, list, 8), 1);
		assert_int_equal(list[0], program);
	}
	(void)kill(forked, SIGKILL);
	(void)kill(program, SIGKILL);
	(void)waitpid(forked, NULL, 0);
	(void)waitpid(program, NULL, 0);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}
#endif

struct awaited {
	pthread_mutex_t lock;
	pthread_cond_t condition;
	bool came;
};

static void *
let_come(void *context)
{
	struct awaited *a = context;

	(void)pthread_mutex_lock(&a->lock);
	a->came = true;
	(void)pthread_cond_signal(&a->condition);
	(void)pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* A wait ends when its time is over, also one that is past a second's end, and
 * before that when what it waits for has come. */
static void
test_condition(void **state)
{
	struct awaited a = {.lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t thread;

	(void)state;
	os_condition_init(&a.condition);
	(void)pthread_mutex_lock(&a.lock);
	os_condition_wait(&a.condition, &a.lock, 0);
	os_condition_wait(&a.condition, &a.lock, 999);
	assert_int_equal(pthread_create(&thread, NULL, let_come, &a), 0);
	while (!a.came)
		os_condition_wait(&a.condition, &a.lock, UINT32_MAX);
	(void)pthread_mutex_unlock(&a.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)pthread_cond_destroy(&a.condition);
	(void)pthread_mutex_destroy(&a.lock);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pipes),
	    cmocka_unit_test(test_pipe_reopen),
	    cmocka_unit_test(test_sockets),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_pipe_to_socket),
	    cmocka_unit_test(test_rename),
#ifndef OS_POSIX_ONLY
	    cmocka_unit_test(test_pipe_writers),
#endif
	    cmocka_unit_test(test_executable),
	    cmocka_unit_test(test_watch_closed),
	    cmocka_unit_test(test_poll),
	    cmocka_unit_test(test_condition),
	    cmocka_unit_test(test_child_fails),
	    cmocka_unit_test(test_child_reports_without_descriptors),
	    cmocka_unit_test(test_child_execs),
#ifndef OS_POSIX_ONLY
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_architecture),
#endif
	    /* Last: a forked child has not the thread that it starts, and
	     * valgrind takes that thread's memory for lost. */
	    cmocka_unit_test(test_signals),
	};

	return unit_run(tests, sizeof(tests) / sizeof(tests[0]));
}
