/*
 * Standard output and standard input as sink and source of an exchange.
 *
 * Apache passes what a program called nph-* prints to the client untouched
 * (RFC 3875, 5.2).  Our output is written as for other CGI programs, with one
 * CRLF per line; then `Status:` is removed and becomes the status line in
 * front.
 *
 * Our own output is collected, so that a preflight is one write.  A program's
 * body is spliced from its pipe to the server's without passing through this
 * process (notes/cgi.md 7, trick 2).
 *
 * The web server ends a CGI program with SIGTERM and, seconds later, SIGKILL,
 * and signals only this process (notes/cgi.md 5.6).  The handler makes a pipe
 * readable, and the relay then ends the program's whole group.  The handler
 * also starts an alarm every second, so that a write or read that was about to
 * block when the signal arrived is interrupted, too.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/cgi_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"

enum {
	MOVE_AT_ONCE = 1 << 20, /* a pipe's largest size without privilege */
	COPY_AT_ONCE = 65536,
	NPH_HEAD_MAX = 1 << 20 /* header_block.c has a far lower limit */
};

/* ---- nph-* ---- */

bool
nph_wanted(char *const *variables)
{
	struct slice name =
	    slice_from(variables_find(variables, "SCRIPT_FILENAME"));
	size_t at;

	if (!slice_present(name))
		name = slice_from(variables_find(variables, "SCRIPT_NAME"));
	at = name.len;
	while (at > 0 && name.ptr[at - 1] != '/')
		at--;
	return slice_present(name) &&
	       slice_starts(slice_after(name, at), SLICE("nph-"));
}

static int
grow_head(struct cgi_sink *s, size_t more)
{
	size_t cap = s->head_cap == 0 ? 4096 : s->head_cap;
	char *head;

	if (more > NPH_HEAD_MAX - s->head_len) {
		errno = EMSGSIZE;
		return -1;
	}
	while (cap < s->head_len + more)
		cap *= 2;
	if (cap == s->head_cap)
		return 0;
	head = realloc(s->head, cap);
	if (head == NULL)
		return -1;
	s->head = head;
	s->head_cap = cap;
	return 0;
}

int
nph_feed(struct cgi_sink *s, const char *data, size_t len, size_t *used)
{
	for (*used = 0; *used < len && s->nph; (*used)++) {
		if (grow_head(s, 1) != 0)
			return -1;
		s->head[s->head_len++] = data[*used];
		if ((s->head_len >= 4 &&
		     memcmp(s->head + s->head_len - 4, "\r\n\r\n", 4) == 0) ||
		    (s->head_len == 2 && memcmp(s->head, "\r\n", 2) == 0))
			s->nph = false;
	}
	return 0;
}

/* The line at the beginning of rest, with its CRLF. */
static struct slice
line_of(struct slice rest)
{
	const char *end = memchr(rest.ptr, '\n', rest.len);

	return slice_of(rest.ptr,
			end == NULL ? rest.len : (size_t)(end - rest.ptr) + 1);
}

static bool
is_status(struct slice line)
{
	return line.len > 7 &&
	       slice_eq_nocase(slice_of(line.ptr, 7), SLICE("Status:"));
}

static struct slice
skip_blanks(struct slice s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = slice_after(s, 1);
	return s;
}

/* "HTTP/1.1 404 Not Found\r\n" from the block's Status, or 200.  A blank must
 * follow the digits even without a reason phrase (RFC 9112, 4). */
static int
write_status(struct cgi_sink *s, int (*emit)(void *, struct slice), void *ctx)
{
	struct slice rest = slice_of(s->head, s->head_len), line;
	struct slice value = SLICE("200 OK\r\n");

	for (; rest.len > 0; rest = slice_after(rest, line.len)) {
		line = line_of(rest);
		if (!is_status(line))
			continue;
		line = skip_blanks(slice_after(line, 7));
		if (line.len >= 5) /* digits and CRLF */
			value = line;
		break;
	}
	return emit(ctx, slice_from(s->protocol)) != 0 ||
		       emit(ctx, SLICE(" ")) != 0 ||
		       emit(ctx, slice_of(value.ptr, 3)) != 0 ||
		       emit(ctx, SLICE(" ")) != 0 ||
		       emit(ctx, skip_blanks(slice_after(value, 3))) != 0 ||
		       emit(ctx, SLICE("Connection: close\r\n")) != 0
		   ? -1
		   : 0;
}

int
nph_write(struct cgi_sink *s, int (*emit)(void *ctx, struct slice), void *ctx)
{
	struct slice rest = slice_of(s->head, s->head_len), line;

	if (write_status(s, emit, ctx) != 0)
		return -1;
	for (; rest.len > 0; rest = slice_after(rest, line.len)) {
		line = line_of(rest);
		if (!is_status(line) && emit(ctx, line) != 0)
			return -1;
	}
	return 0;
}

/* ---- the signal to end ---- */

/* The descriptor that the signal handler writes to; 0: none. */
static volatile sig_atomic_t stop_pipe;

static void
on_signal(int signal_number)
{
	int saved = errno;

	/* The pipe does not block; once it has a byte, more are not needed. */
	if (signal_number != SIGALRM && stop_pipe > 0 &&
	    write(stop_pipe, "", 1) < 0)
		errno = saved;
	alarm(1);
	errno = saved;
}

static bool
is_stopped(const struct cgi_sink *s)
{
	struct pollfd p = {.fd = s->stop[0], .events = POLLIN};

	return s->stop[0] >= 0 && poll(&p, 1, 0) > 0;
}

/* The deadline for waiting since that time; 0: from now on. */
static struct deadline
deadline_for(const struct cgi_sink *s, short events, uint64_t since)
{
	struct deadline d = {.at = DEADLINE_NEVER};

	if (events == POLLIN)
		d.at = deadline_at_rate(s->body_from, s->body_time,
					s->body_count, clock_ms());
	else if (s->wait >= 0)
		d.at = (since > 0 ? since : clock_ms()) + (uint64_t)s->wait;
	if (s->until > 0 && s->until < d.at)
		d.at = s->until;
	return d;
}

/* Wait until fd is ready.  0: it may be ready; -1: the time is over, or we
 * must end. */
static int
wait_for(struct cgi_sink *s, int fd, short events, uint64_t since)
{
	const struct deadline d = deadline_for(s, events, since);
	struct pollfd p[2] = {{.fd = fd, .events = events},
			      {.fd = s->stop[0], .events = POLLIN}};
	int n;

	do
		n = poll(p, 2, deadline_wait(&d));
	while (n == 0 && !deadline_over(&d));

	if (n < 0)
		return errno == EINTR ? 0 : -1;
	if (n > 0 && p[1].revents == 0)
		return 0;
	errno = n == 0 ? ETIMEDOUT : ECANCELED;
	return -1;
}

/* The time, for after_failure; 0 before cgi_sink_watch, when no alarm ends a
 * call: a response to a preflight reads no clock. */
static uint64_t
time_for(const struct cgi_sink *s)
{
	return s->stop[0] < 0 ? 0 : clock_ms();
}

/* Has total-timeout passed, or idle-timeout since that time (0: unknown)? */
static bool
is_late(const struct cgi_sink *s, uint64_t since)
{
	uint64_t now = clock_ms();

	return (s->until > 0 && now >= s->until) ||
	       (s->wait >= 0 && since > 0 && now >= since + (uint64_t)s->wait);
}

/* A call on fd failed, which has moved nothing since that time.  0: retry it;
 * -1 with errno. */
static int
after_failure(struct cgi_sink *s, int fd, short events, uint64_t since)
{
	if (errno == EINTR && is_late(s, since)) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (errno == EINTR && !is_stopped(s))
		return 0;
	if (errno == EINTR)
		errno = ECANCELED;
	return errno == EAGAIN ? wait_for(s, fd, events, since) : -1;
}

/* A write to standard output has failed, as above.  Its errors become those of
 * a client (exchange.h), or the caller would take them for the program's. */
static int
after_write(struct cgi_sink *s, uint64_t since)
{
	if (after_failure(s, STDOUT_FILENO, POLLOUT, since) == 0)
		return 0;
	if (errno != EPIPE && errno != ETIMEDOUT && errno != ECANCELED)
		errno = ECONNRESET;
	return -1;
}

static int
write_all(struct cgi_sink *s, const char *data, size_t len)
{
	uint64_t since = time_for(s);

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0) {
			if (after_write(s, since) != 0)
				return -1;
			continue;
		}
		data += n;
		len -= (size_t)n;
		if (len > 0)
			since = time_for(s);
	}
	return 0;
}

static int
sink_flush(struct sink *sink)
{
	struct cgi_sink *s = (struct cgi_sink *)sink;
	size_t used = s->used;

	s->used = 0;
	return used == 0 ? 0 : write_all(s, s->buffer, used);
}

/* Collect small writes; pass large ones on. */
static int
put(struct cgi_sink *s, const char *data, size_t len)
{
	if (len > sizeof(s->buffer) - s->used && sink_flush(&s->sink) != 0)
		return -1;
	if (len > sizeof(s->buffer))
		return write_all(s, data, len);
	memcpy(s->buffer + s->used, data, len);
	s->used += len;
	return 0;
}

static int
put_slice(void *ctx, struct slice piece)
{
	return put(ctx, piece.ptr, piece.len);
}

static int
sink_write(struct sink *sink, const void *data, size_t len)
{
	struct cgi_sink *s = (struct cgi_sink *)sink;

	if (s->nph) {
		size_t used;

		if (nph_feed(s, data, len, &used) != 0)
			return -1;
		if (s->nph)
			return 0; /* the head is not complete */
		if (nph_write(s, put_slice, s) != 0)
			return -1;
		data = (const char *)data + used;
		len -= used;
	}
	return len == 0 ? 0 : put(s, data, len);
}

/* EAGAIN from splice means that fd is empty, or that standard output is full.
 * True: fd has bytes (or has ended), so the output is full. */
static bool
has_input(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLIN | POLLHUP)) != 0;
}

static ssize_t
copy(struct cgi_sink *s, int fd, size_t max)
{
	ssize_t n;

	if (s->copy == NULL && (s->copy = malloc(COPY_AT_ONCE)) == NULL)
		return -1;
	if (max == 0 || max > COPY_AT_ONCE)
		max = COPY_AT_ONCE;
	do
		n = read(fd, s->copy, max);
	while (n < 0 && errno == EINTR && !is_stopped(s));
	if (n > 0 && write_all(s, s->copy, (size_t)n) != 0)
		return -1;
	return n;
}

static ssize_t
sink_move(struct sink *sink, int fd, size_t max)
{
	struct cgi_sink *s = (struct cgi_sink *)sink;

	uint64_t since;

	if (sink_flush(sink) != 0)
		return -1;
	since = time_for(s);
	while (!s->no_splice) {
		ssize_t n = os_splice(
		    fd, STDOUT_FILENO,
		    max == 0 || max > MOVE_AT_ONCE ? MOVE_AT_ONCE : max);

		if (n >= 0)
			return n;
		if (errno == EINVAL) { /* a terminal, or O_APPEND: copy */
			s->no_splice = true;
			break;
		}
		if (errno == EAGAIN && !has_input(fd)) {
			errno = EAGAIN;
			return -1;
		}
		if (after_write(s, since) != 0)
			return -1;
	}
	return copy(s, fd, max);
}

static int
sink_write_stderr(struct sink *sink, const void *data, size_t len)
{
	ssize_t n = write(STDERR_FILENO, data, len);

	/* Errors are ignored: the reader of standard error is not the
	 * client. */
	(void)sink;
	(void)n;
	return 0;
}

static bool
sink_gone(struct sink *sink)
{
	struct cgi_sink *s = (struct cgi_sink *)sink;
	struct pollfd p = {s->watch, POLLIN, 0};

	return s->watch >= 0 && poll(&p, 1, 0) > 0;
}

/* For the server the response ends when standard output is closed, so
 * /dev/null takes its place. */
static int
sink_end(struct sink *sink)
{
	struct cgi_sink *s = (struct cgi_sink *)sink;
	int null, ends[2], rc;

	if (sink->flush(sink) != 0)
		return -1;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	/* A chroot may have no /dev/null; a pipe without a reader will do. */
	if (null < 0 && os_pipe(ends) == 0) {
		(void)close(ends[0]);
		null = ends[1];
	}
	rc = null < 0 ? -1 : dup2(null, STDOUT_FILENO);
	if (null >= 0)
		(void)close(null);
	if (s->watch >= 0)
		(void)close(s->watch);
	s->watch = sink->poll_fd = -1;
	return rc < 0 ? -1 : 0;
}

static void
sink_set_exit(struct sink *sink, int status)
{
	((struct cgi_sink *)sink)->exit_status = status;
}

static void
sink_set_broken(struct sink *sink)
{
	((struct cgi_sink *)sink)->broken = true;
}

static ssize_t
source_read(struct source *source, void *data, size_t len)
{
	struct cgi_sink *s =
	    (struct cgi_sink *)((char *)source -
				offsetof(struct cgi_sink, source));

	ssize_t n;

	do {
		if (wait_for(s, STDIN_FILENO, POLLIN, 0) != 0)
			return -1;
		n = read(STDIN_FILENO, data, len);
		s->body_count += n > 0 ? (uint64_t)n : 0;
	} while (n < 0 && after_failure(s, STDIN_FILENO, POLLIN, 0) == 0);
	return n;
}

void
cgi_sink_init(struct cgi_sink *s)
{
	/* Field by field, so that the pages of the buffer are not touched. */
	s->sink = (struct sink){.write = sink_write,
				.flush = sink_flush,
				.move = sink_move,
				.write_stderr = sink_write_stderr,
				.poll_fd = -1,
				.poll_events = POLLIN | OS_POLLRDHUP,
				.gone = sink_gone,
				.end = sink_end,
				.set_exit = sink_set_exit,
				.set_broken = sink_set_broken};
	s->source = (struct source){.read = source_read, .fd = -1};
	s->used = 0;
	s->copy = NULL;
	s->no_splice = false;
	s->stop[0] = s->stop[1] = -1;
	s->watch = -1;
	s->wait = -1;
	s->body_from = s->body_time = s->body_count = s->until = 0;
	s->exit_status = 0;
	s->broken = false;
	s->nph = false;
	s->protocol = "HTTP/1.1";
	s->head = NULL;
	s->head_len = s->head_cap = 0;
}

void
cgi_sink_bound(struct cgi_sink *s, const struct app *app)
{
	s->wait = app->idle_timeout == 0	 ? -1
		  : app->idle_timeout > 86400000 ? 86400000
						 : (int)app->idle_timeout;
	s->body_from = clock_ms();
	s->body_time = app->body_timeout;
	if (app->total_timeout > 0)
		s->until = s->body_from + app->total_timeout;
}

int
cgi_sink_watch(struct cgi_sink *s, const struct app *app)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM};
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	uint64_t first;

	if (os_pipe_nonblocking(s->stop) != 0)
		return -1;
	stop_pipe = s->stop[1];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* The alarm, then one a second, ends a write that still blocks at
	 * total-timeout or idle-timeout. */
	first = (uint64_t)(s->wait < 0 ? 0 : s->wait);
	if (s->until > 0 && (first == 0 || app->total_timeout < first))
		first = app->total_timeout;
	if (first > 0)
		alarm((unsigned)((first + 999) / 1000));
	s->watch = s->sink.poll_fd = os_watch_closed(STDOUT_FILENO);
	return 0;
}

void
cgi_sink_unwatch(struct cgi_sink *s)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	(void)s;
	alarm(0);
	sigaction(SIGPIPE, &action, NULL);
}

void
cgi_sink_close(struct cgi_sink *s)
{
	if (s->stop[0] >= 0) {
		cgi_sink_unwatch(s);
		stop_pipe = 0;
		close(s->stop[0]);
		close(s->stop[1]);
	}
	if (s->watch >= 0)
		close(s->watch);
	free(s->copy);
	free(s->head);
}
