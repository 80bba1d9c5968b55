/*
 * What only Linux has, one thin function each, so that everything else can be
 * read as POSIX.1-2008.
 *
 * With OS_POSIX_ONLY (configure --enable-posix-only, and set where the system
 * is no Linux) the same functions do with what POSIX has: slower, or -1 with
 * ENOSYS where the caller has another way.  t/base/os.c and os-posix.c test
 * both.
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

/* POSIX has these names, and macOS others. */
#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif
#endif

/*
 * A signal without a meaning of its own, which nobody else sends to a process.
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

/* Is fd a socket that listens?  False: it is something else, or closed. */
bool os_is_listener(int fd);

/* As dup2(2): target becomes what fd is, at once and without a moment in which
 * it is closed.  target, or -1 with errno. */
int os_dup_to(int fd, int target);

/*
 * A descriptor that is readable when one of these signals has come, which every
 * thread must have blocked.  It does not block.  Once in a process; -1 with
 * errno.
 */
int os_signals(const sigset_t *);
/* The next signal that has come; 0: none. */
int os_signal_next(int fd);

/*
 * A descriptor that is readable once nobody reads what is written to fd.  -1
 * with errno: fd is a file, or the system has no such thing.
 *
 * For a socket of which only the other direction was shut, which POLLIN and
 * OS_POLLRDHUP would report for ever (mod_cgid does so at once).
 */
int os_watch_closed(int fd);

/*
 * A descriptor of our own for the writing end of a pipe that others have as
 * well (standard error): a write that finds no room fails with EAGAIN, and
 * theirs do as before.  -1 with errno: it is no pipe, another user's, or not to
 * be had.
 */
int os_pipe_reopen(int fd);

/* Bytes that an empty pipe takes before a writer waits. */
size_t os_pipe_room(int fd);

/* Bytes sent on a socket that its peer has not read (unix) or its system has
 * not received (TCP).  -1: the system does not tell. */
int os_unsent(int fd);

/* Bytes that nobody can guess.  False: the system has none. */
bool os_random(void *, size_t);

/* ---- files ---- */

/* A file in memory alone, empty, to be read and written; name is for
 * /proc/PID/fd.  -1 with errno; ENOSYS: there is no such thing. */
int os_memory_file(const char *name);

/* An empty file in the folder that has no name, so that it is gone with its
 * last descriptor.  -1 with errno. */
int os_unnamed_file(const char *folder);

/* glibc's malloc has an arena a thread and keeps what is freed: at most so many
 * arenas, and back to the system with what is free.  Other C libraries do
 * neither, and then nor do these. */
void os_limit_arenas(int count);
void os_trim_memory(void);

/* Give the file the other name, unless something has that: -1 with EEXIST.
 * For file systems without hard links; others have link(2). */
int os_rename_new(const char *from, const char *to);

/* The path of the file that this process runs, without a NUL; its length, or -1
 * with errno. */
ssize_t os_executable(char *buf, size_t cap);
/* The path that execve(2) was given; NULL: unknown. */
const char *os_exec_name(void);
/* What stat(2) says of it, even where it was replaced or deleted meanwhile. */
int os_executable_stat(struct stat *);

/* ---- moving bytes ---- */

/*
 * Up to len bytes of a file from *offset on, to any descriptor; *offset is
 * moved.  The number of bytes, 0 at the end of the file, -1 with errno.
 */
ssize_t os_send_file(int to, int file, off_t *offset, size_t len);

/*
 * Up to len bytes between two descriptors, one of them a pipe, without copying
 * and without waiting.  0 at the end of from, -1 with errno; EINVAL: not
 * between these two, copy them.
 */
ssize_t os_splice(int from, int to, size_t len);

/*
 * The same from a pipe to a socket, which waits unless the socket is
 * non-blocking; more: more follows at once, so that no short packet goes out.
 */
ssize_t os_splice_to_socket(int pipe, int socket, size_t len, bool more);

/* Make a pipe hold so many bytes, if we may; false: it is no pipe, or cannot be
 * spliced from. */
bool os_pipe_resize(int fd, size_t len);

/* send(2): more follows at once, so that no short packet goes out.  0 where
 * that cannot be said. */
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

/* As poll(2) with a finer time; NULL: for ever. */
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
 * A child process that runs run(context) until that execs or returns, which
 * ends it with that exit status.  The caller waits meanwhile, with all signals
 * blocked, and sees then what run has written into the len bytes of context.
 *
 * As vfork(2) does it, without copying page tables: run works on our memory,
 * on a stack of 16 KiB, and may call only what is async-signal-safe.
 *
 * The process, or -1 with errno.  *pidfd becomes readable once it has ended
 * (close it); -1: the system has no such descriptors (Linux before 5.2).
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
 * Only Linux can; elsewhere nothing happens. */
void os_die_with_parent(int signal);
/* While it lives the calling process is made the parent of what its descendants
 * leave behind, also after an exec; its children do not inherit that.  Only
 * Linux can; elsewhere nothing happens. */
void os_adopt_orphans(void);
/* From here on no program that is started gains rights by set-user-ID bits.
 * -1: not possible; where the system has no such thing, 0. */
int os_no_new_privileges(void);

/* ---- rights that the process gives up ---- */

enum { OS_MAY_READ = 1, OS_MAY_WRITE = 2 /* make and remove, too */ };

/* A file, or a folder with all below it; or, where path is NULL, a TCP port
 * that may be connected to. */
struct os_grant {
	const char *path;
	unsigned may; /* OS_MAY_... */
	uint16_t port;
};

/*
 * From here on the calling thread, and those that it starts, open, make and
 * remove files as granted and no others, bind no TCP port, connect to those
 * granted, and start no program themselves: os_start does so in a thread that
 * keeps its rights, so that programs have those that they had before.  Once in
 * a process, before it has other threads.
 *
 * 0, or -1 with errno and all rights as they were (but for no_new_privs);
 * ENOSYS, EOPNOTSUPP: the system has no such thing.
 */
int os_confine(const struct os_grant *, size_t count);

/* Run function(context) in a thread that keeps its rights, and wait for it.
 * False: the process is not confined, and nothing was done. */
bool os_elsewhere(void (*function)(void *), void *context);

/*
 * The signal's default action, or whether it is ignored, even for those two
 * that the C library of Linux keeps to itself (32 and 33): whoever started us
 * may have passed them on ignored.
 */
void os_signal_default(int signal);
bool os_signal_is_ignored(int signal);

/* All descriptors from first on become close-on-exec; below 16 alone where
 * Linux cannot do that at once (before 5.11). */
void os_close_on_exec_from(int first);

/*
 * For the child of os_start: dup2(2), and /dev/null open for reading.  By the
 * number of the system call on Linux: the table of descriptors is the child's
 * alone, and a sanitizer that kept account of it would do so for the parent.
 */
int os_child_dup(int fd, int target);
int os_child_open_null(void);

/*
 * The numbers of recvmsg, write, close, dup3, fcntl and exit_group, for
 * programs that make system calls by number (Perl's syscall).  All 0 where they
 * cannot be made so.
 */
enum { OS_CALL_NUMBERS = 6 };
void os_call_numbers(long numbers[OS_CALL_NUMBERS]);

/* ---- processes that another one started ---- */

/* Readable once the process has ended (close it).  -1 with errno: ENOSYS, the
 * system cannot tell (Linux before 5.3). */
int os_process_open(pid_t);

/* From now on os_receive says who has sent what is received on that unix
 * socket.  -1 with errno. */
int os_name_senders(int fd);
/* As recv(2); *sender is the process, 0: the kernel does not say. */
ssize_t os_receive(int fd, void *, size_t, pid_t *sender);

/* The wait status of a process that has ended and was not waited for yet; -1:
 * there is none, or the system does not tell. */
int os_process_status(pid_t);

/* The parent of a process; 0: unknown. */
pid_t os_process_parent(pid_t);
/* Its children, at most so many; 0 where the system does not tell. */
size_t os_process_children(pid_t, pid_t *, size_t most);
/* Signal the process behind a descriptor of os_process_open.  -1 with errno. */
int os_process_signal(int fd, int signal);

/* Processes that have the pipe of that inode open for writing, at most so many;
 * of other users' none may be seen. */
size_t os_pipe_writers(ino_t, pid_t *, size_t most);
/* Has that process?  None that runs our own program: a child between clone and
 * exec holds every descriptor that we have. */
bool os_writes_to(pid_t, ino_t);

/* The folder that a process is in, without a NUL; its length, or -1 with errno.
 */
ssize_t os_process_folder(pid_t, char *buf, size_t cap);

/* A file of /proc/PID, open for reading (close it); -1 with errno. */
int os_process_file(pid_t, const char *name);

/* Bytes of memory that the process has to itself or shares; 0: unknown. */
uint64_t os_process_memory(pid_t);

/* Reads and sets a limit of a process of our user (0: the calling one;
 * elsewhere than on Linux that alone).  Both may be NULL.  -1 with errno. */
int os_process_limit(pid_t, int resource, const struct rlimit *set,
		     struct rlimit *had);

#endif
