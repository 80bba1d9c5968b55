/*
 * A warm interpreter and its forks.
 *
 * A fork receives its whole request, confirms that, and begins when it receives
 * one more byte.  If the request could not be handed over in time, that byte is
 * not sent, and the request runs cold; so no request runs twice.
 *
 * The forks are children of the interpreter and not of this process: libraries
 * reset their locks and random numbers after fork(2), but not after clone(2)
 * with CLONE_PARENT.  A pidfd reports the end of a fork.  The kernel keeps its
 * exit status until the interpreter waits for it; child_reap reads that status
 * first, and then orders the interpreter to wait.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/zygote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/os.h"

enum {
	REPORT_MAX = 4 * 1024 * 1024, /* bytes */
	WATCHED_MAX = 1000,	      /* files in a folder of `watch` */
	STUCK = 2000,		      /* ms until it is killed at the end */
	VARIABLES = 512		      /* the most that it is started with */
};

/* ---- start ---- */

/* Standard input during the compilation: a file with one byte, whose offset
 * shows whether the script has read it.  -1: error. */
static int
one_byte(void)
{
	int fd = os_memory_file("corswrap-compile");

	if (fd < 0)
		fd = os_unnamed_file("/tmp");
	if (fd >= 0 && (write(fd, "\n", 1) != 1 || lseek(fd, 0, SEEK_SET) != 0))
		file_close(&fd);
	return fd;
}

/* The variables for the report: only those that php-cgi itself reads, because
 * with those of a request it would act as a CGI program. */
static size_t
report_variables(char *const *env, char **to, size_t most)
{
	size_t count = 0;

	for (; *env != NULL && count + 1 < most; env++)
		if (interpreter_reads(*env))
			to[count++] = *env;
	to[count] = NULL;
	return count;
}

/* Start php-cgi for its report.  It has no php://fd, so the control socket is
 * its standard input and output. */
static int
start_report(struct zygote *z, const struct zygote_spec *spec,
	     enum child_stage *stage)
{
	int control[2] = {-1, -1}, err[2] = {-1, -1}, rc = -1, error;
	char *env[VARIABLES];
	struct child_spec child = {.argv = spec->interpreter->argv,
				   .env = env,
				   .directory = spec->directory,
				   .files = spec->files,
				   .prepared = true,
				   .death_signal = SIGKILL};

	(void)report_variables(spec->env, env, VARIABLES);
	if (os_pipe(err) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM, 0, control) == 0) {
		(void)fcntl(control[0], F_SETFD, FD_CLOEXEC);
		(void)fcntl(control[1], F_SETFD, FD_CLOEXEC);
		child.in = child.out = control[1];
		child.err = err[1];
		rc = child_start(&child, &z->process, stage);
	}
	error = errno;
	file_close(&control[1]);
	file_close(&err[1]);
	z->control = control[0];
	z->err = err[0];
	if (rc == 0) {
		(void)fcntl(z->control, F_SETFL, O_NONBLOCK);
		(void)fcntl(z->err, F_SETFL, O_NONBLOCK);
	}
	errno = error;
	return rc;
}

/*
 * Add LD_BIND_NOW to the variables: with it ld.so(8) looks up all functions at
 * the start; without it each fork would look up the same ones again.  Warm.pm
 * and corswrap_warm.py recognize it by its value, and remove it before the
 * script is compiled.  If env has such a variable, or most are too few, it is
 * returned as it is.
 */
static char *const *
start_variables(char *const *env, char **to, size_t most)
{
	static char bind[] = "LD_BIND_NOW=corswrap";
	size_t count = 0;

	for (; env[count] != NULL; count++) {
		if (count + 2 >= most ||
		    strncmp(env[count], bind, strcspn(bind, "=") + 1) == 0)
			return env;
		to[count] = env[count];
	}
	to[count++] = bind;
	to[count] = NULL;
	return to;
}

static int
start(struct zygote *z, const struct zygote_spec *spec, enum child_stage *stage)
{
	int control[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
	int in = one_byte(), rc = -1, error;
	char *env[VARIABLES];

	if (in >= 0 && os_pipe(out) == 0 && os_pipe(err) == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control) == 0) {
		/* If this process dies while the zygote is stopped, SIGCONT
		 * makes it run again and notice that its socket is closed. */
		struct child_spec child = {
		    .argv = spec->interpreter->argv,
		    .env = start_variables(spec->env, env, VARIABLES),
		    .directory = spec->directory,
		    .in = in,
		    .out = out[1],
		    .err = err[1],
		    .files = spec->files,
		    .prepared = true,
		    .death_signal = SIGCONT,
		    .control = control[1],
		    .control_as = INTERPRETER_CONTROL};
		(void)fcntl(control[0], F_SETFD, FD_CLOEXEC);
		(void)fcntl(control[1], F_SETFD, FD_CLOEXEC);
		rc = child_start(&child, &z->process, stage);
	}
	error = errno;
	file_close(&in);
	file_close(&control[1]);
	file_close(&out[1]);
	file_close(&err[1]);
	z->control = control[0];
	z->out = out[0];
	z->err = err[0];
	for (int i = 0; rc == 0 && i < 3; i++)
		(void)fcntl((int[]){z->control, z->out, z->err}[i], F_SETFL,
			    O_NONBLOCK);
	errno = error;
	return rc;
}

/* Watch a path of [warm] `watch`: of a folder, the files in it too, but not
 * those of its subfolders. */
static bool
watch_path(struct watch *w, const char *path)
{
	char file[PATH_MAX];
	const struct dirent *entry;
	bool ok = watch_add(w, path);
	DIR *folder = opendir(path);

	if (folder == NULL)
		return ok;
	for (int n = 0; ok && n < WATCHED_MAX; n++) {
		if ((entry = readdir(folder)) == NULL)
			break;
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) <
			(int)sizeof(file))
			ok = watch_add(w, file);
	}
	(void)closedir(folder);
	return ok;
}

/* Watch the files that are known before the start, so that a change while they
 * are read is noticed. */
static bool
watch_known(struct zygote *z, const struct zygote_spec *spec)
{
	bool ok = watch_add(z->watch, spec->interpreter->script) &&
		  watch_add(z->watch, spec->interpreter->program) &&
		  (spec->directory == NULL ||
		   watch_add_place(z->watch, spec->directory));

	for (const char *path = spec->loaded;
	     ok && path != NULL && *path != '\0'; path += strlen(path) + 1)
		ok = watch_add(z->watch, path);
	for (const char *const *path = spec->watch; ok && *path != NULL; path++)
		ok = watch_path(z->watch, *path);
	return ok;
}

/* Linux 5.2 returns a pidfd for a process that it starts, but has no
 * pidfd_open(2), which a fork of that process needs. */
static bool
can_watch_forks(const struct zygote *z)
{
	int fd = z->process.pidfd < 0 ? -1 : os_process_open(z->process.pid);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

struct zygote *
zygote_start(const struct zygote_spec *spec, enum child_stage *stage)
{
	struct zygote *z = calloc(1, sizeof(*z));
	int error;

	*stage = CHILD_STAGE_START;
	if (z == NULL)
		return NULL;
	z->control = z->out = z->err = -1;
	z->started = clock_wall_ms();
	z->watch = watch_new();
	if (z->watch != NULL && watch_known(z, spec) &&
	    (spec->interpreter->server > 0 ? start_report
					   : start)(z, spec, stage) == 0) {
		if (spec->interpreter->server > 0 ? z->process.pidfd >= 0
						  : can_watch_forks(z))
			return z;
		errno = ENOSYS;
	}
	error = errno;
	zygote_free(z);
	errno = error;
	return NULL;
}

/* ---- the report ---- */

/* A reported path may be relative to the interpreter's current folder.  False:
 * the result is too long. */
static bool
absolute(const struct zygote *z, const char *path, char to[static PATH_MAX])
{
	ssize_t n;

	if (path[0] == '/')
		return snprintf(to, PATH_MAX, "%s", path) < PATH_MAX;
	n = os_process_folder(z->process.pid, to, PATH_MAX - 1);
	return n > 0 && snprintf(to + n, (size_t)(PATH_MAX - n), "/%s", path) <
			    PATH_MAX - n;
}

/*
 * Record a file that the interpreter has read.  If it was watched before the
 * start, no change is missed.  If it was not, it may have changed between the
 * read and now; `surprised` leads to another start, which watches it in time.
 */
static bool
take_loaded(struct zygote *z, const char *path)
{
	size_t len = strlen(path) + 1;

	if (!array_reserve(&z->loaded, z->loaded_len + len + 1, &z->loaded_room,
			   1))
		return false;
	memcpy(z->loaded + z->loaded_len, path, len);
	z->loaded_len += len;
	z->loaded[z->loaded_len] = '\0';
	z->surprised = z->surprised || !watch_has(z->watch, path);
	return true;
}

/* Record the shared libraries that are mapped, so that an upgrade of them is
 * noticed. */
static bool
watch_mapped(struct zygote *z)
{
	char *line = NULL, *path;
	size_t cap = 0;
	bool ok = true;
	int fd = os_process_file(z->process.pid, "maps");
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (f == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return true;
	}
	while (ok && getline(&line, &cap, f) > 0) {
		/* Each of them has one executable mapping:
		 * "7f00-7f01 r-xp ... /path" */
		if (strstr(line, " r-xp ") == NULL ||
		    (path = strchr(line, '/')) == NULL)
			continue;
		path[strcspn(path, "\n")] = '\0';
		ok = take_loaded(z, path);
	}
	free(line);
	(void)fclose(f);
	return ok;
}

/* Handle an entry of the report.  False: no memory, or an unknown entry. */
static bool
take_entry(struct zygote *z, const char *entry)
{
	char path[PATH_MAX];

	if (entry[0] == '!') {
		if (z->obstacle[0] == '\0')
			(void)snprintf(z->obstacle, sizeof(z->obstacle), "%s",
				       entry + 1);
		return true;
	}
	/* Ignore a path that is too long: it cannot be opened. */
	if (!absolute(z, entry + 1, path))
		return true;
	switch (entry[0]) {
	case '=':
		return take_loaded(z, path);
	case '/':
		return watch_add_folder(z->watch, path);
	case '?':
		return watch_absent(z->watch, path);
	default:
		return false;
	}
}

static void
obstacle(struct zygote *z, const char *text)
{
	if (z->obstacle[0] == '\0')
		(void)snprintf(z->obstacle, sizeof(z->obstacle), "%s", text);
}

/* Decide from the whole report whether requests may run in forks. */
static enum zygote_news
judge(struct zygote *z)
{
	struct pollfd out = {.fd = z->out, .events = POLLIN};
	const char *entry = z->report;
	bool ok = watch_mapped(z);

	for (; ok && *entry != '\0'; entry += strlen(entry) + 1)
		ok = take_entry(z, entry);
	free(z->report);
	z->report = NULL;
	if (poll(&out, 1, 0) > 0)
		obstacle(z, "it writes while it is compiled");
	if (!ok)
		obstacle(z, "its report is not understood");
	if (z->obstacle[0] != '\0')
		return ZYGOTE_UNFIT;
	if (z->surprised || watch_has_young(z->watch, z->started) ||
	    watch_changed(z->watch))
		return ZYGOTE_YOUNG;
	return ZYGOTE_READY;
}

/* The report ends with an empty entry. */
static bool
is_whole(const struct zygote *z)
{
	const char *end = z->report + z->report_len;

	return z->report_len > 0 && end[-1] == '\0' &&
	       (z->report_len == 1 || end[-2] == '\0');
}

enum zygote_news
zygote_read(struct zygote *z)
{
	enum { PIECE = 64 * 1024 };
	ssize_t n;

	for (;;) {
		if (z->report_len > REPORT_MAX ||
		    !array_reserve(&z->report, z->report_len + PIECE,
				   &z->report_room, 1)) {
			obstacle(z, "its report is too long");
			return ZYGOTE_UNFIT;
		}
		n = recv(z->control, z->report + z->report_len, PIECE,
			 MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return ZYGOTE_COMPILING;
		if (n <= 0)
			return ZYGOTE_DEAD;
		z->report_len += (size_t)n;
		if (is_whole(z))
			return judge(z);
	}
}

bool
zygote_is_stale(const struct zygote *z)
{
	return watch_changed(z->watch);
}

/* ---- the end ---- */

void
zygote_close_orders(struct zygote *z)
{
	file_close(&z->control);
	/* It may be stopped, and must run to notice that. */
	if (z->process.pid > 0)
		(void)kill(z->process.pid, SIGCONT);
}

void
zygote_free(struct zygote *z)
{
	if (z == NULL)
		return;
	zygote_close_orders(z);
	if (z->process.pid > 0) {
		if (!child_wait(&z->process, STUCK))
			(void)kill(z->process.pid, SIGKILL);
		(void)child_reap(&z->process);
	}
	file_close(&z->out);
	file_close(&z->err);
	watch_free(z->watch);
	free(z->loaded);
	free(z->report);
	free(z);
}

/* ---- forks ---- */

/* Send bytes with descriptors, at most three.  Does not block.  Returns how
 * many bytes were sent; -1 with errno. */
static ssize_t
send_with(int socket, const void *bytes, size_t len, const int *fds,
	  size_t count)
{
	enum { FDS = 3 };
	union {
		struct cmsghdr head; /* for its alignment */
		char room[CMSG_SPACE(FDS * sizeof(int))];
	} beside;
	/* iov_base is not const, but sendmsg does not write to it. */
	struct iovec piece = {(void *)(uintptr_t)bytes, len};
	struct msghdr message = {
	    .msg_iov = &piece,
	    .msg_iovlen = 1,
	    .msg_control = &beside,
	    .msg_controllen = (os_control_len)CMSG_SPACE(count * sizeof(int))};

	memset(&beside, 0, sizeof(beside));
	beside.head.cmsg_level = SOL_SOCKET;
	beside.head.cmsg_type = SCM_RIGHTS;
	beside.head.cmsg_len = (os_control_len)CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&beside.head), fds, count * sizeof(int));
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

const char *
zygote_start_fault(int error)
{
	return error == ENOSYS ? "this needs Linux 5.3 or later"
			       : strerror(error);
}

int
zygote_fork(struct zygote *z)
{
	int ends[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	n = os_name_senders(ends[0]);
	if (n == 0)
		n = send_with(z->control, "f", 1, &ends[1], 1);
	(void)close(ends[1]);
	if (n == 1)
		return ends[0];
	(void)close(ends[0]);
	return -1;
}

/* Wait for events on the socket.  False: `until` has passed, or poll failed. */
static bool
ready_for(int socket, short events, uint64_t until)
{
	struct pollfd fd = {.fd = socket, .events = events};
	uint64_t now;
	int rc;

	do {
		now = clock_ms();
		rc = poll(&fd, 1, now < until ? (int)(until - now) : 0);
	} while (rc < 0 && errno == EINTR);
	return rc > 0;
}

/* Receive the byte `what` from the fork.  *pid: the sender, from the kernel;
 * pid may be NULL. */
static bool
expect(int socket, char what, uint64_t until, pid_t *pid)
{
	char byte = '\0';
	pid_t sender = 0;

	if (!ready_for(socket, POLLIN, until) ||
	    os_receive(socket, &byte, 1, &sender) != 1 || byte != what)
		return false;
	if (pid != NULL)
		*pid = sender;
	return pid == NULL || sender > 0;
}

/* The request as it is sent to a fork: the length of the environment in four
 * bytes of this machine's byte order, then the environment.  NULL: no memory.
 */
static char *
request_text(char *const *env, size_t *len)
{
	uint32_t length = 0;
	char *text, *at;

	for (char *const *v = env; *v != NULL; v++)
		length += (uint32_t)strlen(*v) + 1;
	text = malloc(sizeof(length) + length);
	if (text == NULL)
		return NULL;
	memcpy(text, &length, sizeof(length));
	at = text + sizeof(length);
	for (char *const *v = env; *v != NULL; v++) {
		size_t n = strlen(*v) + 1;

		memcpy(at, *v, n);
		at += n;
	}
	*len = sizeof(length) + length;
	return text;
}

static bool
send_request(int socket, const struct child_spec *spec, uint64_t until)
{
	int null = spec->in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	int fds[3] = {spec->in < 0 ? null : spec->in, spec->out, spec->err};
	size_t len = 0, sent = 0;
	char *text = request_text(spec->env, &len);
	ssize_t n = text == NULL || fds[0] < 0
			? -1
			: send_with(socket, text, len, fds, 3);

	while (n > 0 && (sent += (size_t)n) < len) {
		n = -1;
		if (ready_for(socket, POLLOUT, until))
			n = send(socket, text + sent, len - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	free(text);
	file_close(&null);
	return sent == len && len > 0;
}

int
zygote_hand(struct zygote *z, int socket, const struct child_spec *spec,
	    uint64_t until, struct child *out)
{
	*out = (struct child){0, -1, 0};
	if (!expect(socket, 'r', until, &out->pid)) {
		(void)close(socket); /* the fork, if there is one, exits */
		return -1;
	}
	out->parent = fcntl(z->control, F_DUPFD_CLOEXEC, 3);
	out->pidfd = out->parent < 0 ? -1 : os_process_open(out->pid);
	if (out->pidfd < 0) {
		file_close(&out->parent);
		(void)close(socket);
		return -1;
	}
	if (send_request(socket, spec, until))
		return 0;
	zygote_discard(socket, out);
	return -1;
}

int
zygote_taken(int socket, const struct child_spec *spec, uint64_t until,
	     struct child *child)
{
	if (expect(socket, 'a', until, NULL) &&
	    (spec->limits == NULL ||
	     child_limit(child->pid, spec->limits) == 0))
		return 0;
	zygote_discard(socket, child);
	return -1;
}

void
zygote_go(int socket)
{
	(void)send(socket, "g", 1, MSG_NOSIGNAL);
	(void)close(socket);
}

void
zygote_go_and_tell(int socket)
{
	(void)send(socket, "l", 1, MSG_NOSIGNAL);
}

void
zygote_discard(int socket, struct child *child)
{
	(void)kill(child->pid, SIGKILL);
	(void)close(socket);
	(void)child_reap(child);
}
