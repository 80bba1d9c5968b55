/*
 * Features of Linux, with POSIX fallbacks.
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
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef OS_POSIX_ONLY
#include <sched.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer takes clone for a fork and loses track of the caller; it does
 * not intercept this other name. */
int __clone(int (*)(void *), void *, int, void *, ...);
#define clone __clone
#endif

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4U /* Linux 5.11; older ones refuse it */
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000 /* Linux 5.2; older ones ignore it */
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1U /* musl has neither this nor renameat2 */
#endif
#endif

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __APPLE__
#include <sys/random.h>
#endif

void
os_limit_arenas(int count)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, count);
#else
	(void)count;
#endif
}

void
os_trim_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/* Make a file in the folder and unlink it at once.  -1 with errno. */
static int
unlinked_file(const char *folder)
{
	char name[4096];
	int fd;

	if (snprintf(name, sizeof(name), "%s/corswrap.XXXXXX", folder) >=
	    (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(name);
	if (fd < 0)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)unlink(name);
	return fd;
}

/* Mark the descriptors from first on and below most, one at a time. */
static void
mark_each(int first, int most)
{
	for (int fd = first; fd < most; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void
os_open_standard(void)
{
	struct pollfd fds[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
	int null;

	/* One call, because a CGI program's start must be fast. */
	if (poll(fds, 3, 0) <= 0)
		return;
	for (int i = 0; i < 3; i++) {
		if ((fds[i].revents & POLLNVAL) == 0)
			continue;
		null = open("/dev/null", O_RDWR);
		if (null > 2)
			(void)close(null);
	}
}

bool
os_is_listener(int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       listens != 0;
}

/* Read the context as the child has left it in its own memory. */
static void
read_report(int fd, void *context, size_t len)
{
	ssize_t n;

	/* At most PIPE_BUF bytes arrive at once or, after an exec, not at
	 * all. */
	do
		n = read(fd, context, len);
	while (n < 0 && errno == EINTR);
	(void)close(fd);
}

/* A pipe for the report of a child.  The writing end must not be one of the
 * first three descriptors, which the child replaces.  It is moved here because
 * the child may have no descriptor left for that, and could not report it. */
static int
report_pipe(int report[2])
{
	int fd;

	if (os_pipe(report) != 0)
		return -1;
	if (report[1] > 2)
		return 0;
	fd = fcntl(report[1], F_DUPFD_CLOEXEC, 3);
	(void)close(report[1]);
	report[1] = fd;
	if (fd < 0)
		(void)close(report[0]);
	return fd < 0 ? -1 : 0;
}

/* os_start by fork(2). */
static pid_t
start_by_fork(int (*run)(void *), void *context, size_t len)
{
	int report[2], rc;
	pid_t pid;

	if (report_pipe(report) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		rc = run(context);
		if (write(report[1], context, len) < 0)
			rc = 127;
		_exit(rc);
	}
	(void)close(report[1]);
	if (pid > 0)
		read_report(report[0], context, len);
	else
		(void)close(report[0]);
	return pid;
}

#ifdef __APPLE__

void
os_condition_init(pthread_cond_t *condition)
{
	(void)pthread_cond_init(condition, NULL);
}

void
os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t ms)
{
	struct timespec time = {(time_t)(ms / 1000),
				(long)(ms % 1000) * 1000000};

	(void)pthread_cond_timedwait_relative_np(condition, lock, &time);
}

#else

void
os_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(condition, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

void
os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_cond_timedwait(condition, lock, &until);
}

#endif

#ifndef OS_POSIX_ONLY

int
os_pipe(int fds[2])
{
	return pipe2(fds, O_CLOEXEC);
}

int
os_pipe_nonblocking(int fds[2])
{
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
}

int
os_socket(int family, bool nonblocking)
{
	return socket(
	    family,
	    SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
}

int
os_accept(int listener, struct sockaddr *address, socklen_t *len)
{
	return accept4(listener, address, len, SOCK_CLOEXEC);
}

int
os_dup_to(int fd, int target)
{
	return dup3(fd, target, O_CLOEXEC);
}

int
os_unsent(int fd)
{
	int bytes;

	return ioctl(fd, TIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

bool
os_random(void *to, size_t len)
{
	return getrandom(to, len, 0) == (ssize_t)len;
}

size_t
os_pipe_room(int fd)
{
	int room = fcntl(fd, F_GETPIPE_SZ);

	return room < 0 ? 0 : (size_t)room;
}

int
os_memory_file(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

int
os_unnamed_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* NFS and others do not support O_TMPFILE. */
	return fd >= 0 ? fd : unlinked_file(folder);
}

int
os_rename_new(const char *from, const char *to)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to,
			    RENAME_NOREPLACE);
}

ssize_t
os_executable(char *buf, size_t cap)
{
	return readlink("/proc/self/exe", buf, cap);
}

int
os_executable_stat(struct stat *st)
{
	return stat("/proc/self/exe", st);
}

ssize_t
os_send_file(int to, int file, off_t *offset, size_t len)
{
	return sendfile(to, file, offset, len);
}

ssize_t
os_splice(int from, int to, size_t len)
{
	return splice(from, NULL, to, NULL, len,
		      SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t
os_splice_to_socket(int pipe, int socket, size_t len, bool more)
{
	return splice(pipe, NULL, socket, NULL, len, more ? SPLICE_F_MORE : 0);
}

bool
os_pipe_resize(int fd, size_t len)
{
	if (fcntl(fd, F_GETPIPE_SZ) <= 0)
		return false;
	/* fails past the user's limit; the size then stays as it is */
	(void)fcntl(fd, F_SETPIPE_SZ, (int)len);
	return true;
}

int
os_poll(struct pollfd *fds, nfds_t count, const struct timespec *time)
{
	return ppoll(fds, count, time, NULL);
}

struct starting {
	int (*run)(void *);
	void *context;
	size_t len;
	pid_t pid;
	int pidfd;
	int error;
};

static void
start_here(void *context)
{
	struct starting *s = context;
	_Alignas(16) char stack[16 * 1024];
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;

	/* The stack grows down on every supported machine. */
	s->pid =
	    clone(s->run, stack + sizeof(stack), flags, s->context, &s->pidfd);
	/* qemu's user mode supports neither CLONE_PIDFD nor a child that writes
	 * to our memory. */
	if (s->pid < 0 && errno == EINVAL)
		s->pid = start_by_fork(s->run, s->context, s->len);
	s->error = errno;
#ifdef __SANITIZE_ADDRESS__
	/* The child's functions never returned, so AddressSanitizer's marks on
	 * their stack are still there. */
	__asan_unpoison_memory_region(stack, sizeof(stack));
#endif
}

pid_t
os_start(int (*run)(void *), void *context, size_t len, int *pidfd)
{
	struct starting s = {run, context, len, -1, -1, 0};

	if (!os_elsewhere(start_here, &s))
		start_here(&s);
	*pidfd = s.pidfd;
	errno = s.error;
	return s.pid;
}

void
os_die_with_parent(int signal)
{
	(void)prctl(PR_SET_PDEATHSIG, signal);
}

int
os_no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void
os_close_on_exec_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U,
		    CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	/* Our own descriptors are all close-on-exec; this is for inherited
	 * ones. */
	mark_each(first, 16);
}

int
os_child_dup(int fd, int target)
{
	return (int)syscall(SYS_dup3, fd, target, 0);
}

int
os_child_open_null(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
}

int
os_name_senders(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
}

ssize_t
os_receive(int fd, void *buf, size_t len, pid_t *sender)
{
	union {
		struct cmsghdr head; /* for its alignment */
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} beside;
	struct iovec piece = {buf, len};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = &beside,
				 .msg_controllen = sizeof(beside)};
	const struct cmsghdr *head;
	struct ucred who;
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	*sender = 0;
	head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (head != NULL && head->cmsg_level == SOL_SOCKET &&
	    head->cmsg_type == SCM_CREDENTIALS &&
	    head->cmsg_len == CMSG_LEN(sizeof(who))) {
		memcpy(&who, CMSG_DATA(head), sizeof(who));
		*sender = who.pid;
	}
	return n;
}

/* Every epoll reports errors and hang-ups; this one reports nothing else. */
int
os_watch_closed(int fd)
{
	struct epoll_event event = {.events = 0};
	int watch = epoll_create1(EPOLL_CLOEXEC), error;

	if (watch < 0 || epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event) == 0)
		return watch;
	error = errno;
	(void)close(watch);
	errno = error;
	return -1;
}

const char *
os_exec_name(void)
{
	return (const char *)getauxval(AT_EXECFN);
}

#else /* OS_POSIX_ONLY */

enum { MARK_MAX = 16384 }; /* descriptors: takes 2 ms, and is enough */

/* Make it close-on-exec, and blocking or non-blocking.  Returns fd. */
static int
mark(int fd, bool nonblocking)
{
	if (fd < 0)
		return fd;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL,
		    (fcntl(fd, F_GETFL) & ~O_NONBLOCK) |
			(nonblocking ? O_NONBLOCK : 0));
	return fd;
}

int
os_pipe(int fds[2])
{
	if (pipe(fds) != 0)
		return -1;
	(void)mark(fds[0], false);
	(void)mark(fds[1], false);
	return 0;
}

int
os_pipe_nonblocking(int fds[2])
{
	if (pipe(fds) != 0)
		return -1;
	(void)mark(fds[0], true);
	(void)mark(fds[1], true);
	return 0;
}

int
os_socket(int family, bool nonblocking)
{
	return mark(socket(family, SOCK_STREAM, 0), nonblocking);
}

int
os_accept(int listener, struct sockaddr *address, socklen_t *len)
{
	return mark(accept(listener, address, len), false);
}

int
os_dup_to(int fd, int target)
{
	int rc = dup2(fd, target);

	if (rc >= 0)
		(void)fcntl(rc, F_SETFD, FD_CLOEXEC);
	return rc;
}

int
os_unsent(int fd)
{
	(void)fd;
	return -1;
}

/* getentropy(3) is in POSIX.1-2024, and gives 256 bytes at most. */
bool
os_random(void *to, size_t len)
{
	return getentropy(to, len) == 0;
}

size_t
os_pipe_room(int fd)
{
	(void)fd;
	return PIPE_BUF; /* POSIX: a write of this size is atomic */
}

int
os_memory_file(const char *name)
{
	(void)name;
	errno = ENOSYS;
	return -1;
}

int
os_unnamed_file(const char *folder)
{
	return unlinked_file(folder);
}

int
os_rename_new(const char *from, const char *to)
{
	(void)from;
	(void)to;
	errno = ENOSYS;
	return -1;
}

ssize_t
os_executable(char *buf, size_t cap)
{
	(void)buf;
	(void)cap;
	errno = ENOSYS;
	return -1;
}

int
os_executable_stat(struct stat *st)
{
	(void)st;
	errno = ENOSYS;
	return -1;
}

ssize_t
os_send_file(int to, int file, off_t *offset, size_t len)
{
	char buf[16 * 1024];
	ssize_t n =
	    pread(file, buf, len < sizeof(buf) ? len : sizeof(buf), *offset);

	if (n <= 0)
		return n;
	n = write(to, buf, (size_t)n);
	if (n > 0)
		*offset += n;
	return n;
}

ssize_t
os_splice(int from, int to, size_t len)
{
	(void)from;
	(void)to;
	(void)len;
	errno = EINVAL;
	return -1;
}

ssize_t
os_splice_to_socket(int pipe, int socket, size_t len, bool more)
{
	(void)more;
	return os_splice(pipe, socket, len);
}

bool
os_pipe_resize(int fd, size_t len)
{
	(void)fd;
	(void)len;
	return false;
}

/* For the writing end of a pipe poll(2) always reports that the reader has
 * closed it, even if no events are requested. */
int
os_watch_closed(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISFIFO(st.st_mode)) {
		errno = ENOSYS;
		return -1;
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

const char *
os_exec_name(void)
{
	return NULL;
}

int
os_poll(struct pollfd *fds, nfds_t count, const struct timespec *time)
{
	int ms = -1;

	if (time != NULL)
		ms = (int)(time->tv_sec * 1000 +
			   (time->tv_nsec + 999999) / 1000000);
	return poll(fds, count, ms);
}

pid_t
os_start(int (*run)(void *), void *context, size_t len, int *pidfd)
{
	*pidfd = -1;
	return start_by_fork(run, context, len);
}

void
os_die_with_parent(int signal)
{
	(void)signal;
}

int
os_no_new_privileges(void)
{
	return 0;
}

void
os_close_on_exec_from(int first)
{
	long most = sysconf(_SC_OPEN_MAX);

	/* Descriptors that another thread is making may not be marked yet. */
	mark_each(first, most < 0 || most > MARK_MAX ? MARK_MAX : (int)most);
}

int
os_child_dup(int fd, int target)
{
	return dup2(fd, target);
}

int
os_child_open_null(void)
{
	return open("/dev/null", O_RDONLY);
}

int
os_name_senders(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return -1;
}

ssize_t
os_receive(int fd, void *buf, size_t len, pid_t *sender)
{
	*sender = 0;
	return recv(fd, buf, len, 0);
}

#endif
