/*
 * What only Linux has, in thin functions, so that all other code is
 * POSIX.1-2008.
 *
 * With OS_POSIX_ONLY (configure --enable-posix-only, and where the system is
 * not Linux) the same functions use POSIX only: they are slower, or return -1
 * with ENOSYS where the caller has another way.  t/base/os.c and os-posix.c
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

/* Files of more than 2 GiB, also on machines of 32 bits: config.h says so to
 * the system's headers, and must come first. */
_Static_assert(sizeof(off_t) >= 8, "include config.h before any header");

/* POSIX has these names, and macOS others. */
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

/* The limit of a program's memory: of all addresses, and where no such limit is
 * (OpenBSD) of its data. */
#ifdef RLIMIT_AS
#define OS_LIMIT_MEMORY RLIMIT_AS
#else
#define OS_LIMIT_MEMORY RLIMIT_DATA
#endif

/* What getgrouplist(3) and initgroups(3) take. */
#ifdef __APPLE__
typedef int os_group;
#else
typedef gid_t os_group;
#endif

/* What struct msghdr counts pieces in, and struct cmsghdr bytes: POSIX has int
 * and socklen_t, glibc size_t. */
typedef __typeof__(((struct msghdr *)NULL)->msg_iovlen) os_piece_count;
typedef __typeof__(((struct msghdr *)NULL)->msg_controllen) os_control_len;

/* ---- descriptors: all are made close-on-exec ---- */

/* As pipe(2).  0, or -1 with errno. */
int os_pipe(int fds[2]);
/* The same, and neither end blocks. */
int os_pipe_nonblocking(int fds[2]);

/* A stream socket of the family.  The descriptor, or -1 with errno. */
int os_socket(int family, bool nonblocking);

/* As accept(2); the connection blocks, whatever the listener does. */
int os_accept(int listener, struct sockaddr *, socklen_t *);

/* Is fd a listening socket?  False: it is something else, or closed. */
bool os_is_listener(int fd);

/* As dup2(2): target becomes a copy of fd atomically: it is never closed in
 * between.  Returns target, or -1 with errno. */
int os_dup_to(int fd, int target);

/*
 * A descriptor that is readable when one of these signals has arrived.  Every
 * thread must have blocked them.  It is non-blocking.  Only once in a process;
 * -1 with errno.
 */
int os_signals(const sigset_t *);
/* The next signal that has arrived; 0: none. */
int os_signal_next(int fd);

/*
 * A descriptor that becomes readable when the reader of fd has closed it.  -1
 * with errno: fd is a file, or the system cannot do it.
 *
 * For sockets whose peer has shut only its own direction, as mod_cgid does at
 * once: POLLIN and OS_POLLRDHUP would then always be set.
 */
int os_watch_closed(int fd);

/*
 * A descriptor of our own for the writing end of a pipe that other processes
 * have too (standard error).  If the pipe is full, a write to it fails with
 * EAGAIN; the other processes' descriptors still block.  -1 with errno: it is
 * not a pipe, belongs to another user, or cannot be opened.
 */
int os_pipe_reopen(int fd);

/* The capacity of an empty pipe in bytes. */
size_t os_pipe_room(int fd);

/* Bytes sent on a socket that its peer has not read (unix) or its system has
 * not received (TCP).  -1: the system does not tell. */
int os_unsent(int fd);

/* Random bytes for secrets.  False: the system has none. */
bool os_random(void *, size_t);

/* ---- files ---- */

/* An empty file in memory, for reading and writing; name is for /proc/PID/fd.
 * -1 with errno; ENOSYS: not supported. */
int os_memory_file(const char *name);

/* An empty file without a name in the folder; it is deleted when its last
 * descriptor is closed.  -1 with errno. */
int os_unnamed_file(const char *folder);

/* glibc's malloc has an arena for each thread and keeps freed memory.  These
 * two limit the arenas, and return free memory to the system.  Other C
 * libraries do not keep it; there both do nothing. */
void os_limit_arenas(int count);
void os_trim_memory(void);

/* Rename the file unless the new name exists: -1 with EEXIST.  For file systems
 * without hard links; elsewhere use link(2). */
int os_rename_new(const char *from, const char *to);

/* The path of this process's executable, without NUL; returns its length, or -1
 * with errno. */
ssize_t os_executable(char *buf, size_t cap);
/* The path that execve(2) was given; NULL: unknown. */
const char *os_exec_name(void);
/* stat(2) of that executable, even if it was replaced or deleted meanwhile. */
int os_executable_stat(struct stat *);

/* ---- moving bytes ---- */

/*
 * Copy up to len bytes of a file from *offset to any descriptor, and move
 * *offset.  The number of bytes, 0 at the end of the file, -1 with errno.
 */
ssize_t os_send_file(int to, int file, off_t *offset, size_t len);

/*
 * Move up to len bytes between two descriptors, one of them a pipe, without
 * copying or blocking.  0 at the end of from, -1 with errno; EINVAL: not
 * possible between these two, copy them.
 */
ssize_t os_splice(int from, int to, size_t len);

/*
 * The same from a pipe to a socket; it blocks unless the socket is
 * non-blocking.  more: more bytes follow at once, so do not send a short
 * packet.
 */
ssize_t os_splice_to_socket(int pipe, int socket, size_t len, bool more);

/* Let a pipe hold so many bytes, if we may; false: it is not a pipe, or cannot
 * be spliced from. */
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
 * Start a child process that runs run(context) until it execs or returns; the
 * return value is then its exit status.  The caller waits until then, with all
 * signals blocked, and afterwards sees what run has written into the len bytes
 * of context.
 *
 * As vfork(2) does it, without copying page tables: run works on our memory, on
 * a stack of 16 KiB, and may call only async-signal-safe functions.
 *
 * Returns the process, or -1 with errno.  *pidfd becomes readable when the
 * process has ended (close it); -1: the system has no pidfds (Linux before
 * 5.2).
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
/* From here on programs that are started gain no rights by set-user-ID bits.
 * -1: not possible; 0 also where the system cannot do it. */
int os_no_new_privileges(void);

/* ---- rights that the process gives up ---- */

enum { OS_MAY_READ = 1, OS_MAY_WRITE = 2 /* make and remove, too */ };

/* A file, or a folder with everything below it; or, if path is NULL, a TCP port
 * to which connections are allowed. */
struct os_grant {
	const char *path;
	unsigned may; /* OS_MAY_... */
	uint16_t port;
};

/*
 * Confine the calling thread and the threads that it starts: from here on they
 * open, make and remove only the granted files, bind no TCP port, connect only
 * to the granted ports, and start no program themselves.  os_start does so in a
 * thread that keeps its rights, so programs are not confined.  Call it once,
 * before the process has other threads.
 *
 * 0, or -1 with errno and all rights unchanged (except no_new_privs); ENOSYS,
 * EOPNOTSUPP: the system does not support it.
 */
int os_confine(const struct os_grant *, size_t count);

/* Run function(context) in a thread that keeps its rights, and wait for it.
 * False: the process is not confined, and function was not called. */
bool os_elsewhere(void (*function)(void *), void *context);

/*
 * Restore a signal's default action; and whether a signal is ignored.  Both
 * also work for the two signals that the C library of Linux reserves (32 and
 * 33): our parent may have ignored them, and programs would inherit that.
 */
void os_signal_default(int signal);
bool os_signal_is_ignored(int signal);

/* Mark all descriptors from first on close-on-exec; only those below 16 where
 * Linux cannot do that in one call (before 5.11). */
void os_close_on_exec_from(int first);

/*
 * For the child of os_start: dup2(2), and /dev/null open for reading.  On Linux
 * by system call number: the child shares our memory but not our table of
 * descriptors, and a sanitizer would record the change for the parent.
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

/* ---- processes that another one started ---- */

/* A descriptor that is readable when the process has ended (close it).  -1 with
 * errno; ENOSYS: not supported (Linux before 5.3). */
int os_process_open(pid_t);

/* From now on os_receive reports the sender of what is received on that unix
 * socket.  -1 with errno. */
int os_name_senders(int fd);
/* As recv(2); *sender is the sending process, 0: unknown. */
ssize_t os_receive(int fd, void *, size_t, pid_t *sender);

/* The wait status of a process that has ended and was not waited for yet; -1:
 * it has not ended, or the system does not tell. */
int os_process_status(pid_t);

/* The parent of a process; 0: unknown. */
pid_t os_process_parent(pid_t);
/* Its children, at most so many; 0 if the system does not tell. */
size_t os_process_children(pid_t, pid_t *, size_t most);
/* Signal the process behind a descriptor of os_process_open.  -1 with errno. */
int os_process_signal(int fd, int signal);

/* Processes that have the pipe with that inode open for writing, at most so
 * many.  Processes of other users may not be visible. */
size_t os_pipe_writers(ino_t, pid_t *, size_t most);
/* Does that process have it open?  Never true for a process that runs our own
 * program: a child between clone and exec holds all our descriptors. */
bool os_writes_to(pid_t, ino_t);

/* The working folder of a process, without NUL; returns its length, or -1 with
 * errno.
 */
ssize_t os_process_folder(pid_t, char *buf, size_t cap);

/* A file of /proc/PID, open for reading (close it); -1 with errno. */
int os_process_file(pid_t, const char *name);

/* The memory of the process in bytes, shared pages included; 0: unknown. */
uint64_t os_process_memory(pid_t);

/* Read and set a limit of a process of our user (0: the calling one; only that
 * one where the system is not Linux).  Both may be NULL.  -1 with errno. */
int os_process_limit(pid_t, int resource, const struct rlimit *set,
		     struct rlimit *had);

#endif
