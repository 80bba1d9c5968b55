/*
 * System calls that fail when a test needs it: preloaded, and controlled
 * through a file that both processes have mapped (t/lib/Corswrap/Shim.pm).
 *
 * A fault is a call's name, a number n and an error: the nth such call fails,
 * or each from the nth on.  Memory only fails where the caller is the program
 * itself, not a library that it uses.  Programs that a responder starts are
 * not affected: they do not get LD_*.
 *
 * SPDX-License-Identifier: ISC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* As Shim.pm packs it. */
struct control {
	_Atomic int32_t armed;
	_Atomic int32_t countdown; /* calls to go until the fault */
	int32_t error;
	int32_t lasting; /* every call from the nth on */
	int32_t share;	 /* bytes that reads and writes move at most; 0: all */
	_Atomic int32_t hits;
	char call[40];
};

static struct control *control;
static uintptr_t program_from, program_to;

static int
find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_LOAD)
			continue;
		if (program_from == 0)
			program_from = info->dlpi_addr + p->p_vaddr;
		program_to = info->dlpi_addr + p->p_vaddr + p->p_memsz;
	}
	return 1; /* the first is the program */
}

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("FAULTS");
	long fd = path == NULL
		      ? -1
		      : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dl_iterate_phdr(find_program, NULL);
	void *map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
			 MAP_SHARED, (int)fd, 0);
	(void)syscall(SYS_close, fd);
	if (map != MAP_FAILED)
		control = map;
}

/* Does this call fail?  Sets errno. */
static bool
fails(const char *call)
{
	if (control == NULL || control->armed == 0 ||
	    strcmp(call, control->call) != 0)
		return false;
	int32_t left = atomic_fetch_sub(&control->countdown, 1);
	if (left > 1 || (left < 1 && !control->lasting))
		return false;
	atomic_fetch_add(&control->hits, 1);
	errno = control->error;
	return true;
}

static size_t
share(size_t len)
{
	size_t most = control == NULL ? 0 : (size_t)control->share;

	return most > 0 && len > most ? most : len;
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

#define WRAP_AS(type, failure, symbol, call, parameters, arguments)            \
	type symbol parameters                                                 \
	{                                                                      \
		static type(*next) parameters;                                 \
		if (next == NULL)                                              \
			next = (type(*) parameters)real(#symbol);              \
		if (fails(call))                                               \
			return failure;                                        \
		return next arguments;                                         \
	}
#define WRAP(type, failure, name, parameters, arguments)                       \
	WRAP_AS(type, failure, name, #name, parameters, arguments)

/* Programs with large files call these by other names where a long has 32
 * bits. */
#define WRAP_LARGE(type, failure, name, parameters, arguments)                 \
	WRAP_AS(type, failure, name##64, #name, parameters, arguments)

/* ---- descriptors ---- */

WRAP(ssize_t, -1, read, (int fd, void *b, size_t n), (fd, b, share(n)))
WRAP(ssize_t, -1, write, (int fd, const void *b, size_t n), (fd, b, share(n)))
WRAP(ssize_t, -1, pread, (int fd, void *b, size_t n, off_t o),
     (fd, b, share(n), o))
WRAP_LARGE(ssize_t, -1, pread, (int fd, void *b, size_t n, off64_t o),
	   (fd, b, share(n), o))
WRAP(ssize_t, -1, recv, (int fd, void *b, size_t n, int f),
     (fd, b, share(n), f))
WRAP(ssize_t, -1, __recv_chk, (int fd, void *b, size_t n, size_t m, int f),
     (fd, b, share(n), m, f))
WRAP(ssize_t, -1, send, (int fd, const void *b, size_t n, int f),
     (fd, b, share(n), f))
WRAP(ssize_t, -1, splice,
     (int in, off64_t *i, int out, off64_t *o, size_t n, unsigned f),
     (in, i, out, o, share(n), f))
WRAP(ssize_t, -1, sendfile, (int out, int in, off_t *o, size_t n),
     (out, in, o, share(n)))
WRAP_LARGE(ssize_t, -1, sendfile, (int out, int in, off64_t *o, size_t n),
	   (out, in, o, share(n)))
WRAP(int, -1, pipe, (int fds[2]), (fds))
WRAP(int, -1, pipe2, (int fds[2], int f), (fds, f))
WRAP(pid_t, -1, fork, (void), ())
WRAP(int, -1, memfd_create, (const char *n, unsigned f), (n, f))
WRAP(int, -1, dup2, (int a, int b), (a, b))
WRAP(int, -1, dup3, (int a, int b, int f), (a, b, f))
WRAP(int, -1, signalfd, (int fd, const sigset_t *s, int f), (fd, s, f))
WRAP(off_t, -1, lseek, (int fd, off_t o, int w), (fd, o, w))
WRAP_LARGE(off64_t, -1, lseek, (int fd, off64_t o, int w), (fd, o, w))
WRAP(int, -1, mkostemp, (char *t, int f), (t, f))
WRAP(int, -1, mkstemp, (char *t), (t))
WRAP(int, -1, flock, (int fd, int o), (fd, o))

/* Only a part, even if there is no limit. */
ssize_t
writev(int fd, const struct iovec *v, int n)
{
	static ssize_t (*next)(int, const struct iovec *, int);

	if (next == NULL)
		next =
		    (ssize_t(*)(int, const struct iovec *, int))real("writev");
	if (fails("writev"))
		return -1;
	if (control != NULL && control->share > 0 && n > 0) {
		struct iovec first = {v[0].iov_base, share(v[0].iov_len)};
		return next(fd, &first, 1);
	}
	return next(fd, v, n);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	static ssize_t (*next)(int, const struct msghdr *, int);

	if (next == NULL)
		next = (ssize_t(*)(int, const struct msghdr *, int))real(
		    "sendmsg");
	if (fails("sendmsg"))
		return -1;
	if (control != NULL && control->share > 0 && m->msg_iovlen > 0) {
		struct iovec first = {m->msg_iov[0].iov_base,
				      share(m->msg_iov[0].iov_len)};
		struct msghdr part = {.msg_iov = &first, .msg_iovlen = 1};
		return next(fd, &part, flags);
	}
	return next(fd, m, flags);
}

/* POSIX leaves the descriptor's state undefined; Linux closes it anyway. */
int
close(int fd)
{
	bool failed = fails("close");
	int error = errno, rc = (int)syscall(SYS_close, fd);

	if (!failed)
		return rc;
	errno = error;
	return -1;
}

#define WRAP_OPEN(symbol)                                                      \
	int symbol(const char *path, int flags, ...)                           \
	{                                                                      \
		static int (*next)(const char *, int, ...);                    \
		mode_t mode = 0;                                               \
		va_list list;                                                  \
		if (next == NULL)                                              \
			next = (int (*)(const char *, int, ...))real(#symbol); \
		va_start(list, flags);                                         \
		if ((flags & (O_CREAT | __O_TMPFILE)) != 0)                    \
			mode = va_arg(list, mode_t);                           \
		va_end(list);                                                  \
		return fails("open") ? -1 : next(path, flags, mode);           \
	}
WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_FCNTL(symbol)                                                     \
	int symbol(int fd, int command, ...)                                   \
	{                                                                      \
		static int (*next)(int, int, ...);                             \
		void *argument;                                                \
		va_list list;                                                  \
		if (next == NULL)                                              \
			next = (int (*)(int, int, ...))real(#symbol);          \
		va_start(list, command);                                       \
		argument = va_arg(list, void *);                               \
		va_end(list);                                                  \
		return fails("fcntl") ? -1 : next(fd, command, argument);      \
	}
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

int
ioctl(int fd, unsigned long command, ...)
{
	static int (*next)(int, unsigned long, ...);
	va_list list;

	if (next == NULL)
		next = (int (*)(int, unsigned long, ...))real("ioctl");
	va_start(list, command);
	void *argument = va_arg(list, void *);
	va_end(list);
	if (fails("ioctl"))
		return -1;
	return next(fd, command, argument);
}

long
syscall(long number, ...)
{
	static long (*next)(long, ...);
	va_list list;
	long a[6];

	if (next == NULL)
		next = (long (*)(long, ...))real("syscall");
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
#ifdef SYS_close_range
	if (number == SYS_close_range && fails("close_range"))
		return -1;
#endif
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- sockets ---- */

WRAP(int, -1, socket, (int d, int t, int p), (d, t, p))
WRAP(int, -1, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(int, -1, listen, (int fd, int n), (fd, n))
WRAP(int, -1, connect, (int fd, const struct sockaddr *a, socklen_t n),
     (fd, a, n))
WRAP(int, -1, accept, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
WRAP(int, -1, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f),
     (fd, a, n, f))
WRAP(int, -1, getsockname, (int fd, struct sockaddr *a, socklen_t *n),
     (fd, a, n))
WRAP(int, -1, getsockopt, (int fd, int l, int o, void *v, socklen_t *n),
     (fd, l, o, v, n))
WRAP(int, -1, setsockopt, (int fd, int l, int o, const void *v, socklen_t n),
     (fd, l, o, v, n))
WRAP(int, -1, shutdown, (int fd, int how), (fd, how))
WRAP(int, -1, poll, (struct pollfd * p, nfds_t n, int t), (p, n, t))
WRAP(int, -1, epoll_create1, (int f), (f))
WRAP(int, -1, epoll_ctl, (int e, int o, int fd, struct epoll_event *v),
     (e, o, fd, v))
WRAP(int, -1, epoll_wait, (int e, struct epoll_event *v, int n, int t),
     (e, v, n, t))

/* ---- files ---- */

WRAP(int, -1, stat, (const char *p, struct stat *s), (p, s))
WRAP(int, -1, lstat, (const char *p, struct stat *s), (p, s))
WRAP(int, -1, fstat, (int fd, struct stat *s), (fd, s))
WRAP_LARGE(int, -1, stat, (const char *p, struct stat64 *s), (p, s))
WRAP_LARGE(int, -1, lstat, (const char *p, struct stat64 *s), (p, s))
WRAP_LARGE(int, -1, fstat, (int fd, struct stat64 *s), (fd, s))
WRAP(int, -1, access, (const char *p, int m), (p, m))
WRAP(int, -1, unlink, (const char *p), (p))
WRAP(int, -1, chdir, (const char *p), (p))
WRAP(char *, NULL, getcwd, (char *b, size_t n), (b, n))
WRAP(char *, NULL, realpath, (const char *p, char *b), (p, b))
WRAP(char *, NULL, __realpath_chk, (const char *p, char *b, size_t n),
     (p, b, n))
WRAP(ssize_t, -1, readlink, (const char *p, char *b, size_t n), (p, b, n))
WRAP(FILE *, NULL, open_memstream, (char **b, size_t *n), (b, n))
WRAP(FILE *, NULL, fopencookie,
     (void *c, const char *m, cookie_io_functions_t f), (c, m, f))

/* ---- processes ---- */

WRAP(int, -1, execve, (const char *p, char *const a[], char *const e[]),
     (p, a, e))
WRAP(int, -1, setpgid, (pid_t p, pid_t g), (p, g))
WRAP(pid_t, -1, waitpid, (pid_t p, int *s, int o), (p, s, o))
WRAP(int, -1, getrlimit, (__rlimit_resource_t w, struct rlimit *l), (w, l))
WRAP(int, -1, setrlimit, (__rlimit_resource_t w, const struct rlimit *l),
     (w, l))
WRAP_LARGE(int, -1, getrlimit, (__rlimit_resource_t w, struct rlimit64 *l),
	   (w, l))
WRAP_LARGE(int, -1, setrlimit,
	   (__rlimit_resource_t w, const struct rlimit64 *l), (w, l))
WRAP(int, -1, sigaction,
     (int s, const struct sigaction *n, struct sigaction *o), (s, n, o))
WRAP(int, -1, nanosleep, (const struct timespec *t, struct timespec *r), (t, r))
WRAP(int, control->error, pthread_create,
     (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *c),
     (t, a, f, c))

int
clone(int (*run)(void *), void *stack, int flags, void *argument, ...)
{
	static int (*next)(int (*)(void *), void *, int, void *, ...);
	va_list list;

	if (next == NULL)
		next = (int (*)(int (*)(void *), void *, int, void *, ...))real(
		    "clone");
	va_start(list, argument);
	void *pidfd = va_arg(list, void *);
	va_end(list);
	if (fails("clone"))
		return -1;
	return next(run, stack, flags, argument, pidfd, NULL, NULL);
}

/* ---- memory ---- */

/* Memory for dlsym itself before it has found calloc. */
static _Alignas(16) char early[4096];
static size_t early_used;

static void *
early_alloc(size_t size)
{
	size = (size + 15) / 16 * 16;
	if (size > sizeof(early) - early_used)
		return NULL;
	early_used += size;
	return early + early_used - size;
}

static bool
is_early(const void *p)
{
	return (const char *)p >= early &&
	       (const char *)p < early + sizeof(early);
}

/* The next one's address, NULL while dlsym looks for it. */
#define NEXT(type, name)                                                       \
	static __typeof__(type) next;                                          \
	static _Thread_local bool looking;                                     \
	if (next == NULL && !looking) {                                        \
		looking = true;                                                \
		next = (__typeof__(type))real(name);                           \
		looking = false;                                               \
	}

#define MEMORY_FAILS(name)                                                     \
	((uintptr_t)__builtin_return_address(0) - program_from <               \
	     program_to - program_from &&                                      \
	 fails(name))

void *
malloc(size_t size)
{
	NEXT(void *(*)(size_t), "malloc")
	if (next == NULL)
		return early_alloc(size);
	return MEMORY_FAILS("malloc") ? NULL : next(size);
}

void *
calloc(size_t count, size_t size)
{
	NEXT(void *(*)(size_t, size_t), "calloc")
	if (next == NULL)
		return early_alloc(count * size);
	return MEMORY_FAILS("malloc") ? NULL : next(count, size);
}

void *
realloc(void *p, size_t size)
{
	NEXT(void *(*)(void *, size_t), "realloc")
	if (next == NULL || is_early(p))
		return NULL;
	return MEMORY_FAILS("malloc") ? NULL : next(p, size);
}

void
free(void *p)
{
	NEXT(void (*)(void *), "free")
	if (next != NULL && !is_early(p))
		next(p);
}

char *
strdup(const char *text)
{
	size_t len = strlen(text) + 1;

	if (MEMORY_FAILS("malloc"))
		return NULL;
	char *copy = malloc(len);
	return copy == NULL ? NULL : memcpy(copy, text, len);
}
