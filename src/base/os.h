/*
 * Features of Linux behind thin functions, so that all other code is
 * POSIX.1-2008.
 *
 * With OS_POSIX_ONLY (configure --enable-posix-only, and on all systems except
 * Linux) the same functions use POSIX only: they are slower, or fail with
 * ENOSYS if the caller can do without them.  t/base/os.c and os-posix.c
 * test both.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#if !defined(OS_POSIX_ONLY) && !defined(__linux__)
#define OS_POSIX_ONLY 1
#endif

/* Files of more than 2 GiB also need a 64-bit off_t on 32-bit machines: config.h
 * requests it, so it must be included before any header of the system. */
_Static_assert(sizeof(off_t) >= 8, "include config.h before any header");

/* The names of POSIX; macOS has others. */
#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif
#endif

/*
 * A signal without a meaning of its own, which other processes do not send.
 * Real-time signals are an option of POSIX that OpenBSD and macOS do not have.
 */
#if defined(SIGRTMIN) && !defined(OS_POSIX_ONLY)
#define OS_SIGNAL_FREE SIGRTMIN
#else
#define OS_SIGNAL_FREE SIGUSR2
#endif

/* The limit of a program's memory: its address space or, on systems without
 * such a limit (OpenBSD), its data. */
#ifdef RLIMIT_AS
#define OS_LIMIT_MEMORY RLIMIT_AS
#else
#define OS_LIMIT_MEMORY RLIMIT_DATA
#endif

/* The type of groups for getgrouplist(3) and initgroups(3). */
#ifdef __APPLE__
typedef int os_group;
#else
typedef gid_t os_group;
#endif

/* The types of msg_iovlen and msg_controllen in struct msghdr: int and
 * socklen_t in POSIX, size_t in glibc. */
typedef __typeof__(((struct msghdr *)NULL)->msg_iovlen) os_piece_count;
typedef __typeof__(((struct msghdr *)NULL)->msg_controllen) os_control_len;

/* ---- descriptors: new ones are close-on-exec ---- */

/* As pipe(2).  0, or -1 with errno. */
int os_pipe(int fds[2]);
/* The same, and neither end blocks. */
int os_pipe_nonblocking(int fds[2]);

/* A stream socket of the family.  The descriptor, or -1 with errno. */
int os_socket(int family, bool nonblocking);

/* As accept(2).  The connection is blocking, even if the listener is not. */
int os_accept(int listener, struct sockaddr *, socklen_t *);

/* Open /dev/null as each of the descriptors 0, 1 and 2 that is closed.  Another
 * file would get its number, and then what is written to standard error. */
void os_open_standard(void);

/* Is fd a listening socket?  False: it is something else, or closed. */
bool os_is_listener(int fd);

/* As dup2(2), for two different descriptors: target becomes a copy of fd and is
 * never closed in between.  Returns target, or -1 with errno. */
int os_dup_to(int fd, int target);

/*
 * A non-blocking descriptor that is readable when one of these signals has
 * arrived.  Every thread must have blocked them.  Call it only once in a
 * process.  -1 with errno.
 */
int os_signals(const sigset_t *);
/* The next signal that has arrived; 0: none. */
int os_signal_next(int fd);

/*
 * A descriptor (close it) for which poll(2) reports an event when the reader of
 * fd has closed it.  -1 with errno: fd is a file, or the system does not
 * support this.
 *
 * It is for sockets whose peer has shut down only its own direction, as
 * mod_cgid does at once: for fd itself POLLIN and OS_POLLRDHUP would always be
 * set.
 */
int os_watch_closed(int fd);

/*
 * A new, non-blocking descriptor for the writing end of a pipe that is shared
 * with other processes (standard error).  The descriptors of the other
 * processes stay blocking.  -1 with errno: fd is not a pipe (ENOTSUP), the pipe
 * belongs to another user, or the system does not support this.
 */
int os_pipe_reopen(int fd);

/* How many bytes fit into an empty pipe, at least; 0: not a pipe. */
size_t os_pipe_room(int fd);

/* How many bytes sent on a socket its peer has not read (unix) or not
 * acknowledged (TCP); -1: unknown. */
int os_unsent(int fd);

/* Write at most 256 random bytes for secrets.  False: the system has none. */
bool os_random(void *, size_t);

/* ---- files ---- */

/* An empty file in memory, for reading and writing; name is for /proc/PID/fd.
 * -1 with errno; ENOSYS: not supported. */
int os_memory_file(const char *name);

/* An empty file without a name in the folder; it is deleted when its last
 * descriptor is closed.  -1 with errno. */
int os_unnamed_file(const char *folder);

/* malloc of glibc has an arena for each thread and keeps freed memory.
 * os_limit_arenas limits the number of arenas, os_trim_memory returns free
 * memory to the system.  With other C libraries both do nothing. */
void os_limit_arenas(int count);
void os_trim_memory(void);

/* Rename the file unless the new name exists.  It is for file systems without
 * hard links; on others use link(2).  0, or -1 with errno: EEXIST, or ENOSYS or
 * EINVAL if that is not supported. */
int os_rename_new(const char *from, const char *to);

/* Write the path of this process's executable, without NUL, cut to cap bytes.
 * Returns its length, or -1 with errno. */
ssize_t os_executable(char *buf, size_t cap);
/* The path with which execve(2) started this process; NULL: unknown. */
const char *os_exec_name(void);
/* stat(2) of the executable, even if its path was replaced or deleted since.
 * -1 with errno. */
int os_executable_stat(struct stat *);

/* ---- moving bytes ---- */

/*
 * Copy at most len bytes of a file, from *offset on, to any descriptor, and
 * advance *offset.  Returns the number of bytes, 0 at the end of the file, or
 * -1 with errno.
 */
ssize_t os_send_file(int to, int file, off_t *offset, size_t len);

/*
 * Move at most len bytes between two descriptors, one of them a pipe, without
 * copying or blocking.  Returns the number of bytes, 0 at the end of `from`, or
 * -1 with errno; EINVAL: not possible between these two, so copy the bytes.
 */
ssize_t os_splice(int from, int to, size_t len);

/*
 * The same from a pipe to a socket; it blocks unless the socket is
 * non-blocking.  more: more bytes follow at once, so do not send a short
 * packet.
 */
ssize_t os_splice_to_socket(int pipe, int socket, size_t len, bool more);

/* Set the capacity of a pipe to len bytes, if the user's limit allows that.
 * True: it is a pipe that can be spliced, even if its capacity stays as it was;
 * false: it is not, or the system cannot splice. */
bool os_pipe_resize(int fd, size_t len);

/* A flag of send(2): more bytes follow at once, so do not send a short packet.
 * 0 if the system has no such flag. */
#if defined(MSG_MORE) && !defined(OS_POSIX_ONLY)
#define OS_MSG_MORE MSG_MORE
#else
#define OS_MSG_MORE 0
#endif

/* poll(2) events: the peer has closed its side of the connection. */
#if defined(POLLRDHUP) && !defined(OS_POSIX_ONLY)
#define OS_POLLRDHUP POLLRDHUP
#else
#define OS_POLLRDHUP 0
#endif

/* As poll(2) with a finer timeout; NULL: no timeout. */
int os_poll(struct pollfd *, nfds_t, const struct timespec *);

/* ---- processes ---- */

/* One more than the largest signal. */
#ifdef OS_POSIX_ONLY
#ifdef NSIG
#define OS_SIGNALS NSIG
#else
#define OS_SIGNALS 32
#endif
#else
#define OS_SIGNALS 65
#endif

/*
 * Start a child process that calls run(context).  If run returns, its value is
 * the exit status; else it calls exec.  os_start returns after that, and the
 * caller can then read what run has written into the len bytes of context (at
 * most PIPE_BUF), if it returned.  The caller must have blocked all signals.
 *
 * Like vfork(2), this does not copy page tables: run uses the memory of this
 * process and a stack of 16 KiB, and may call only async-signal-safe functions.
 *
 * Returns the process, or -1 with errno.  *pidfd is readable when the process
 * has ended (close it); -1: the system has no pidfds (Linux before 5.2).
 */
pid_t os_start(int (*run)(void *), void *context, size_t len, int *pidfd);

/* For the function given to os_start: ThreadSanitizer counts calls, and would
 * miss the return of one that execs. */
#ifdef __SANITIZE_THREAD__
#define OS_UNSEEN __attribute__((no_sanitize("thread")))
#else
#define OS_UNSEEN
#endif

/* The calling process gets the signal when the thread that started it ends.
 * Linux only; elsewhere this does nothing. */
void os_die_with_parent(int signal);
/* Make the calling process the parent of processes that its descendants leave
 * behind (a subreaper), also after an exec; its children do not inherit that.
 * Linux only; elsewhere this does nothing. */
void os_adopt_orphans(void);
/* From now on programs that this process starts get no rights by set-user-ID
 * bits.  0, also on systems that do not support this; or -1 with errno. */
int os_no_new_privileges(void);

/* ---- giving up access rights ---- */

enum { OS_MAY_READ = 1, OS_MAY_WRITE = 2 /* make and remove, too */ };

/* A file, or a folder with everything below it; or, if path is NULL, a TCP port
 * to which connections are allowed. */
struct os_grant {
	const char *path;
	unsigned may; /* OS_MAY_... */
	uint16_t port;
};

/*
 * Confine the calling thread and the threads that it starts: from now on they
 * can open, make and remove only the granted files, bind no TCP port, connect
 * only to the granted ports (ports are restricted since Linux 6.7), and start
 * no program themselves.  os_start uses a thread that keeps its rights, so
 * programs are not confined.  Call it once, before the process has other
 * threads.
 *
 * 0, or -1 with errno, and all rights are unchanged (except no_new_privs);
 * ENOSYS, EOPNOTSUPP: the system does not support it.
 */
int os_confine(const struct os_grant *, size_t count);

/* Run function(context) in a thread that keeps its rights, and wait for it.
 * False: the process is not confined, and function was not called. */
bool os_elsewhere(void (*function)(void *), void *context);

/*
 * Restore the default action of a signal; is a signal ignored?  Both also work
 * for the two signals that C libraries on Linux reserve (32 and 33): our parent
 * may ignore them, and programs would inherit that.
 */
void os_signal_default(int signal);
bool os_signal_is_ignored(int signal);

/* Make all descriptors from first on close-on-exec.  Without a system call for
 * that, only those below 16 (Linux before 5.11) or 16384 (other systems). */
void os_close_on_exec_from(int first);

/*
 * For the child of os_start: dup2(2) of two different descriptors, and open(2)
 * of /dev/null for reading.  Linux: by system call number, because the child
 * has our memory but its own descriptors, so a sanitizer would take the change
 * for one of the parent's descriptors.
 */
int os_child_dup(int fd, int target);
int os_child_open_null(void);

/*
 * The numbers of recvmsg, write, close, dup3, fcntl and exit_group, for
 * programs that make system calls by number (Perl's syscall).  All 0 where the
 * system has no such calls.
 */
enum { OS_CALL_NUMBERS = 6 };
void os_call_numbers(long numbers[OS_CALL_NUMBERS]);

/*
 * The architecture that these numbers are of: class, byte order and machine of
 * this program's ELF header, as (class << 24 | order << 16 | machine).  0 where
 * os_call_numbers has none.
 */
long os_architecture(void);

/* ---- processes that another process started ---- */

/* A descriptor that is readable when the process has ended (close it).  -1 with
 * errno; ENOSYS: not supported (Linux before 5.3). */
int os_process_open(pid_t);

/* From now on os_receive reports the sender of each message on this unix
 * socket.  0, or -1 with errno. */
int os_name_senders(int fd);
/* As recv(2).  *sender is the process that sent it; 0: unknown. */
ssize_t os_receive(int fd, void *, size_t, pid_t *sender);

/* The wait status of a process that has ended and that its parent has not
 * waited for yet; -1: it has not ended, or this is unknown. */
int os_process_status(pid_t);

/* The parent of a process; 0: unknown. */
pid_t os_process_parent(pid_t);
/* Write at most `most` children of a process.  Returns their number; 0 also if
 * they are unknown. */
size_t os_process_children(pid_t, pid_t *, size_t most);
/* Send a signal to the process of a descriptor of os_process_open.  0, or -1
 * with errno. */
int os_process_signal(int fd, int signal);

/* Find at most `most` processes that have the pipe with that inode open for
 * writing.  Returns their number.  Processes that run our own program are left
 * out: a child between clone and exec has all our descriptors.  Those of other
 * users may be invisible. */
size_t os_pipe_writers(ino_t, pid_t *, size_t most);
/* The same for one process: does it have the pipe open for writing? */
bool os_writes_to(pid_t, ino_t);

/* Write the working folder of a process, without NUL, cut to cap bytes.
 * Returns its length, or -1 with errno. */
ssize_t os_process_folder(pid_t, char *buf, size_t cap);

/* A file of /proc/PID, open for reading (close it); -1 with errno. */
int os_process_file(pid_t, const char *name);

/* The memory of the process in bytes, shared pages included; 0: unknown. */
uint64_t os_process_memory(pid_t);

/* Read a limit of a process of our user into *had, and set it to *set; either
 * may be NULL.  pid 0 is the calling process, the only one that systems other
 * than Linux support.  0, or -1 with errno. */
int os_process_limit(pid_t, int resource, const struct rlimit *set,
		     struct rlimit *had);

#endif
