/*
 * The request body, read whole before the program starts.
 *
 * Reading it first is what makes the deadlocks of other wrappers impossible
 * (a program that writes before it reads, one that never reads) and what lets
 * a truncated upload be refused before anything has run.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

enum {
	CHUNK = 64 * 1024,         /* also what a fresh pipe holds */
	MEMFD_MAX = 16 * 1024 * 1024,
	DRAIN_MAX = 8 * 1024 * 1024
};

/* RFC 9110, 8.6.  False: not digits, or past any size. */
static bool
parse_length(struct slice text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 18)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*out = value;
	return true;
}

/* Take what the client is still sending, so that it reads our answer rather
 * than a reset; within bounds, because it may never end. */
static void
drain(struct exchange *exchange)
{
	size_t taken = 0;
	ssize_t n;

	while (taken < DRAIN_MAX &&
	    (n = exchange->in->read(exchange->in, exchange->scratch->io,
		 CHUNK)) > 0)
		taken += (size_t)n;
}

static int
unlinked_file(void)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];
	int fd;

	if (folder == NULL || folder[0] != '/')
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (snprintf(name, sizeof(name), "%s/corswrap.XXXXXX", folder) >=
	    (int)sizeof(name))
		return -1;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

static int
spool_open(bool small)
{
	int fd = -1;

	if (small)
		fd = memfd_create("corswrap-body", MFD_CLOEXEC);
	if (fd < 0)
		fd = unlinked_file();
	if (fd < 0)
		fd = memfd_create("corswrap-body", MFD_CLOEXEC);
	return fd;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A pipe that holds all of it: the program reads, nobody writes. */
static int
into_pipe(const char *data, size_t len, struct body *out)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	/* Past the user's soft limit new pipes are small (pipe(7)). */
	if (len > 4096 && (size_t)fcntl(fds[1], F_GETPIPE_SZ) < len) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return 1;
	}
	int rc = write_all(fds[1], data, len);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return -1;
	}
	*out = (struct body){ fds[0], false, len };
	return 0;
}

struct spooling {
	struct exchange *exchange;
	const struct app *app;
	bool known;        /* the length was said */
	uint64_t expected;
	uint64_t got;
	int fd;
};

static int
no_room(struct spooling *s)
{
	log_event(s->exchange->log, LOG_LEVEL_ERROR, "spool", NULL,
	    "make room in TMPDIR (/tmp), or lower max-body",
	    "cannot keep the request body: %s", strerror(errno));
	if (s->fd >= 0)
		(void)close(s->fd);
	return 500;
}

static int
cut_short(struct spooling *s)
{
	log_event(s->exchange->log, LOG_LEVEL_WARNING, "upload-cut", NULL, NULL,
	    "the client went away inside the request body "
	    "(%llu of %llu bytes): nothing was run",
	    (unsigned long long)s->got, (unsigned long long)s->expected);
	s->exchange->outcome.failure = "upload-cut";
	if (s->fd >= 0)
		(void)close(s->fd);
	return 400;
}

/* Fill the buffer as far as the body goes.  1: the body has ended. */
static int
fill(struct spooling *s, size_t *len)
{
	char *buf = s->exchange->scratch->io;
	struct source *in = s->exchange->in;

	*len = 0;
	while (*len < CHUNK) {
		size_t want = CHUNK - *len;
		if (s->known && s->expected - s->got < want)
			want = (size_t)(s->expected - s->got);
		if (want == 0)
			return 1;
		ssize_t n = in->read(in, buf + *len, want);
		if (n < 0 || (n == 0 && s->known))
			return -1;
		if (n == 0)
			return 1;
		*len += (size_t)n;
		s->got += (uint64_t)n;
		if (s->got > s->app->max_body)
			return 2;
	}
	return s->known && s->got == s->expected;
}

static int
too_large(struct spooling *s)
{
	log_event(s->exchange->log, LOG_LEVEL_WARNING, "body-too-large", NULL,
	    "raise max-body if such uploads are meant",
	    "the request body is larger than max-body (%llu)",
	    (unsigned long long)s->app->max_body);
	s->exchange->outcome.failure = "body-too-large";
	if (s->fd >= 0)
		(void)close(s->fd);
	drain(s->exchange);
	return 413;
}

static int
spool_rest(struct spooling *s, size_t len, struct body *out)
{
	int end = 0;

	s->fd = spool_open(s->known && s->expected <= MEMFD_MAX);
	if (s->fd < 0)
		return no_room(s);
	for (;;) {
		if (write_all(s->fd, s->exchange->scratch->io, len) != 0)
			return no_room(s);
		if (end == 1)
			break;
		end = fill(s, &len);
		if (end < 0)
			return cut_short(s);
		if (end == 2)
			return too_large(s);
	}
	if (lseek(s->fd, 0, SEEK_SET) != 0)
		return no_room(s);
	*out = (struct body){ s->fd, true, s->got };
	return 0;
}

/* The server keeps the body in a file of its own (lighttpd): as it is. */
static bool
is_given(const struct source *in, uint64_t length)
{
	struct stat st;

	return in->fd >= 0 && fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == length &&
	    lseek(in->fd, 0, SEEK_CUR) == 0;
}

int
body_read(struct exchange *exchange, const struct app *app,
    struct slice content_length, struct body *out)
{
	struct spooling s = { exchange, app, content_length.len > 0, 0, 0, -1 };
	struct scratch *scratch = exchange->scratch;
	size_t len;

	*out = (struct body){ -1, false, 0 };
	if (s.known && !parse_length(content_length, &s.expected)) {
		exchange->outcome.failure = "content-length";
		return 400;
	}
	if (s.known && s.expected == 0)
		return 0;
	if (scratch_need(&scratch->io, &scratch->io_cap, CHUNK) != 0)
		return no_room(&s);
	if (s.known && s.expected > app->max_body)
		return too_large(&s);
	if (s.known && is_given(exchange->in, s.expected)) {
		int fd = fcntl(exchange->in->fd, F_DUPFD_CLOEXEC, 3);
		*out = (struct body){ fd, true, s.expected };
		return fd < 0 ? no_room(&s) : 0;
	}
	int end = fill(&s, &len);
	if (end < 0)
		return cut_short(&s);
	if (end == 2)
		return too_large(&s);
	if (end == 1) {
		int rc = len == 0 ? 0 : into_pipe(scratch->io, len, out);
		if (rc <= 0)
			return rc == 0 ? 0 : no_room(&s);
		s.known = true;
		s.expected = s.got;
	}
	return spool_rest(&s, len, out);
}

void
body_close(struct body *body)
{
	if (body->fd >= 0)
		(void)close(body->fd);
	*body = (struct body){ -1, false, 0 };
}
