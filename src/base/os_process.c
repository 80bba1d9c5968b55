/*
 * What only Linux reports about processes that another process started, mostly
 * in /proc.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/os.h"

#include <errno.h>

#ifndef OS_POSIX_ONLY
#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* glibc has an enum for the resource, POSIX an int. */
#ifdef __GLIBC__
typedef __rlimit_resource_t limit_name;
#else
typedef int limit_name;
#endif

#ifndef OS_POSIX_ONLY

/* The linker sets it to this program's ELF header.  /proc/self/exe has the same,
 * but a process that has changed its user cannot read that. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A look into /proc.  A confined process does it in the unconfined thread
 * (os_confine): the kernel shows a process only to those that have at least its
 * rights. */
struct look {
	pid_t pid;
	const char *name;
	char *buf;
	size_t cap;
	ssize_t n;
	int error;
	/* for pipes: */
	ino_t pipe;
	pid_t *list;
	size_t most;
	size_t count;
	bool writes;
};

static void
look(void (*function)(void *), struct look *at)
{
	if (!os_elsewhere(function, at))
		function(at);
}

static int
open_proc(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void
open_there(void *context)
{
	struct look *at = context;

	at->n = open_proc(at->pid, at->name);
	at->error = errno;
}

int
os_process_file(pid_t pid, const char *name)
{
	struct look at = {.pid = pid, .name = name};

	look(open_there, &at);
	errno = at.error;
	return (int)at.n;
}

static void
read_link(void *context)
{
	struct look *at = context;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)at->pid);
	at->n = readlink(path, at->buf, at->cap);
	at->error = errno;
}

ssize_t
os_process_folder(pid_t pid, char *buf, size_t cap)
{
	struct look at = {.pid = pid, .buf = buf, .cap = cap};

	look(read_link, &at);
	errno = at.error;
	return at.n;
}

static void
read_there(void *context)
{
	struct look *at = context;
	int fd = open_proc(at->pid, at->name);

	at->n = -1;
	if (fd < 0)
		return;
	at->n = read(fd, at->buf, at->cap - 1);
	(void)close(fd);
	if (at->n >= 0)
		at->buf[at->n] = '\0';
}

/* Read a small file of /proc, NUL-terminated.  Returns its length, or -1. */
static ssize_t
read_proc(pid_t pid, const char *name, char *buf, size_t cap)
{
	struct look at = {.pid = pid, .name = name, .buf = buf, .cap = cap};

	look(read_there, &at);
	return at.n;
}

int
os_process_open(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0U); /* close-on-exec */
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

/* proc(5): the state is the first field after the name, the status is field 52
 * of the line.  The name may contain blanks and parentheses. */
int
os_process_status(pid_t pid)
{
	enum { STATE = 3, STATUS = 52 };
	char line[1024], *at;

	if (read_proc(pid, "stat", line, sizeof(line)) <= 0 ||
	    (at = strrchr(line, ')')) == NULL ||
	    (strncmp(at, ") Z", 3) != 0 && strncmp(at, ") X", 3) != 0))
		return -1;
	for (int field = STATE - 1; field < STATUS; field++)
		if ((at = strchr(at + 1, ' ')) == NULL)
			return -1;
	return (int)strtol(at, NULL, 10);
}

pid_t
os_process_parent(pid_t pid)
{
	char line[1024], *at;

	if (read_proc(pid, "stat", line, sizeof(line)) <= 0 ||
	    (at = strrchr(line, ')')) == NULL || strlen(at) < 4)
		return 0;
	return (pid_t)strtol(at + 4, NULL,
			     10); /* after the state, which is one letter */
}

/* Read the numbers of a list.  cut: the text may end within a number, so the
 * last one is ignored. */
static size_t
read_numbers(char *text, bool cut, pid_t *list, size_t most)
{
	size_t count = 0;
	char *at = text, *end;

	for (; count < most; at = end) {
		long number = strtol(at, &end, 10);

		if (end == at || (cut && *end == '\0'))
			break;
		list[count++] = (pid_t)number;
	}
	return count;
}

/* In /proc a child belongs to the thread that started it.  Some programs start
 * children from other threads than the first, so all threads are read. */
size_t
os_process_children(pid_t pid, pid_t *list, size_t most)
{
	char path[64], name[512], text[8192];
	const struct dirent *entry;
	size_t count = 0;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	threads = opendir(path);
	while (threads != NULL && (entry = readdir(threads)) != NULL) {
		ssize_t len;

		(void)snprintf(name, sizeof(name), "task/%s/children",
			       entry->d_name);
		len = entry->d_name[0] == '.'
			  ? 0
			  : read_proc(pid, name, text, sizeof(text));
		if (len > 0)
			count +=
			    read_numbers(text, (size_t)len == sizeof(text) - 1,
					 list + count, most - count);
	}
	if (threads != NULL)
		(void)closedir(threads);
	return count;
}

void
os_adopt_orphans(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int
os_process_signal(int fd, int signal)
{
#ifdef SYS_pidfd_send_signal
	return (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0U);
#else
	(void)fd;
	(void)signal;
	errno = ENOSYS;
	return -1;
#endif
}

/* Does it run that file? */
static bool
runs(pid_t pid, const struct stat *file)
{
	char path[64];
	struct stat its;

	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	return stat(path, &its) == 0 && its.st_dev == file->st_dev &&
	       its.st_ino == file->st_ino;
}

/* Does it have the pipe open for writing, and run another program than ours?
 * The program is checked first: a child that another thread is just starting
 * has all our descriptors until its exec, but not afterwards. */
static bool
writes_to(pid_t pid, ino_t pipe, const struct stat *ours)
{
	char path[64];
	const struct dirent *entry;
	bool writes = false;
	struct stat st;
	DIR *fds;

	if (runs(pid, ours))
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	fds = opendir(path);
	if (fds == NULL)
		return false;
	while (!writes && (entry = readdir(fds)) != NULL)
		/* The link's own mode says how it is open (proc(5)). */
		writes = fstatat(dirfd(fds), entry->d_name, &st, 0) == 0 &&
			 S_ISFIFO(st.st_mode) && st.st_ino == pipe &&
			 fstatat(dirfd(fds), entry->d_name, &st,
				 AT_SYMLINK_NOFOLLOW) == 0 &&
			 (st.st_mode & S_IWUSR) != 0;
	(void)closedir(fds);
	return writes;
}

static void
look_at_one(void *context)
{
	struct look *at = context;
	struct stat ours;

	at->writes = os_executable_stat(&ours) == 0 &&
		     writes_to(at->pid, at->pipe, &ours);
}

bool
os_writes_to(pid_t pid, ino_t pipe)
{
	struct look at = {.pid = pid, .pipe = pipe};

	look(look_at_one, &at);
	return at.writes;
}

static void
look_at_all(void *context)
{
	struct look *at = context;
	const struct dirent *entry;
	struct stat ours;
	DIR *all;

	if (os_executable_stat(&ours) != 0 || (all = opendir("/proc")) == NULL)
		return;
	while (at->count < at->most && (entry = readdir(all)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid() &&
		    writes_to(pid, at->pipe, &ours))
			at->list[at->count++] = pid;
	}
	(void)closedir(all);
}

size_t
os_pipe_writers(ino_t pipe, pid_t *list, size_t most)
{
	struct look at = {.pipe = pipe, .list = list, .most = most};

	look(look_at_all, &at);
	return at.count;
}

void
os_call_numbers(long numbers[OS_CALL_NUMBERS])
{
	static const long all[OS_CALL_NUMBERS] = {SYS_recvmsg, SYS_write,
						  SYS_close,   SYS_dup3,
						  SYS_fcntl,   SYS_exit_group};

	memcpy(numbers, all, sizeof(all));
}

long
os_architecture(void)
{
	const ElfW(Ehdr) *header = &__ehdr_start;

	return (long)header->e_ident[EI_CLASS] << 24 |
	       (long)header->e_ident[EI_DATA] << 16 | (long)header->e_machine;
}

uint64_t
os_process_memory(pid_t pid)
{
	char line[256], *rest;

	if (read_proc(pid, "statm", line, sizeof(line)) <= 0)
		return 0;
	(void)strtoul(line, &rest, 10); /* the size; then what is resident */
	return strtoul(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int
os_process_limit(pid_t pid, int resource, const struct rlimit *set,
		 struct rlimit *had)
{
	return prlimit(pid, (limit_name)resource, set, had);
}

int
os_pipe_reopen(int fd)
{
	char name[32];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISFIFO(st.st_mode)) {
		errno = ENOTSUP;
		return -1;
	}
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

#else /* OS_POSIX_ONLY */

int
os_process_open(pid_t pid)
{
	(void)pid;
	errno = ENOSYS;
	return -1;
}

int
os_process_status(pid_t pid)
{
	(void)pid;
	return -1;
}

pid_t
os_process_parent(pid_t pid)
{
	(void)pid;
	return 0;
}

size_t
os_process_children(pid_t pid, pid_t *list, size_t most)
{
	(void)pid;
	(void)list;
	(void)most;
	return 0;
}

void
os_adopt_orphans(void)
{
}

int
os_process_signal(int fd, int signal)
{
	(void)fd;
	(void)signal;
	errno = ENOSYS;
	return -1;
}

bool
os_writes_to(pid_t pid, ino_t pipe)
{
	(void)pid;
	(void)pipe;
	return false;
}

size_t
os_pipe_writers(ino_t pipe, pid_t *list, size_t most)
{
	(void)pipe;
	(void)list;
	(void)most;
	return 0;
}

ssize_t
os_process_folder(pid_t pid, char *buf, size_t cap)
{
	(void)pid;
	(void)buf;
	(void)cap;
	errno = ENOSYS;
	return -1;
}

int
os_process_file(pid_t pid, const char *name)
{
	(void)pid;
	(void)name;
	errno = ENOSYS;
	return -1;
}

void
os_call_numbers(long numbers[OS_CALL_NUMBERS])
{
	for (int i = 0; i < OS_CALL_NUMBERS; i++)
		numbers[i] = 0;
}

long
os_architecture(void)
{
	return 0;
}

uint64_t
os_process_memory(pid_t pid)
{
	(void)pid;
	return 0;
}

int
os_process_limit(pid_t pid, int resource, const struct rlimit *set,
		 struct rlimit *had)
{
	if (pid != 0) {
		errno = ENOSYS;
		return -1;
	}
	if (had != NULL && getrlimit((limit_name)resource, had) != 0)
		return -1;
	return set == NULL ? 0 : setrlimit((limit_name)resource, set);
}

int
os_pipe_reopen(int fd)
{
	(void)fd;
	errno = ENOTSUP;
	return -1;
}
#endif
