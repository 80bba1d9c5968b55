/*
 * The request body, read whole before the program starts.
 *
 * Reading it first prevents the deadlocks of other wrappers (a program that
 * writes before it reads, or that never reads), and allows a truncated upload
 * to be refused before a program runs.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/body.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "run/log.h"

enum {
	CHUNK = 64 * 1024,	 /* bytes; also the size of a new pipe */
	MEMFD_MAX = 1024 * 1024	 /* larger bodies go to a file */
};
/* The most that body_discard reads. */
#define DISCARD_MAX (UINT64_C(1) << 30)
/* The longest valid CONTENT_LENGTH; the sum of two still fits. */
#define LENGTH_MAX UINT64_C(999999999999999999)

struct reading {
	struct exchange *exchange;
	const struct request *request; /* for the log */
	const struct app *app;
	bool known; /* the request has a length */
	uint64_t expected;
	uint64_t got;
	int fd;
	bool in_memory; /* fd is a memfd */
};

/*
 * May a request without CONTENT_LENGTH have a body?  In FastCGI a record marks
 * its end, so it can be read in any case.  In CGI it ends with standard input,
 * which some servers leave open (RFC 3875, 4.2: a program must not read beyond
 * CONTENT_LENGTH), so it is only read if a body is announced or usual.
 */
static bool
is_expected(const struct exchange *exchange, struct slice method)
{
	static const char *const bare[] = {"GET", "HEAD", "OPTIONS", "DELETE",
					   "TRACE"};

	if (exchange->fastcgi ||
	    variables_find(exchange->variables, "HTTP_TRANSFER_ENCODING") !=
		NULL)
		return true;
	for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++)
		if (slice_eq(method, slice_from(bare[i])))
			return false;
	return true;
}

/* ---- where the body is kept ---- */

const char *
body_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder == NULL || folder[0] != '/' ? "/tmp" : folder;
}

/* Writing past RLIMIT_FSIZE must fail with EFBIG instead of killing us.
 * The program still begins with an empty mask (child.c). */
static void
block_file_signal(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGXFSZ);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int
open_store(struct reading *s, bool small)
{
	s->in_memory = small;
	s->fd = small ? os_memory_file("corswrap-body") : -1;
	if (s->fd >= 0)
		return 0;
	s->in_memory = false;
	block_file_signal();
	s->fd = os_unnamed_file(body_folder());
	/* No writable folder: use memory, up to max-body. */
	if (s->fd < 0)
		s->fd = os_memory_file("corswrap-body");
	return s->fd < 0 ? -1 : 0;
}

/* A body of unknown length has become too large for memory: copy it to a
 * file. */
static int
move_to_file(struct reading *s)
{
	off_t from = 0;
	int memory = s->fd;

	if (open_store(s, false) != 0) {
		s->fd = memory;
		return -1;
	}
	while ((uint64_t)from < s->got) {
		ssize_t n = os_send_file(s->fd, memory, &from,
					 (size_t)(s->got - (uint64_t)from));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
	}
	(void)close(memory);
	return (uint64_t)from == s->got ? 0 : -1;
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

/* Write the whole body into a pipe, so that no thread has to write while the
 * program reads.  0; 1: a pipe cannot be that large; -1 with errno. */
static int
into_pipe(const char *data, size_t len, struct body *out)
{
	int fds[2], rc;

	if (os_pipe(fds) != 0)
		return -1;
	/* Past the user's soft limit new pipes are small (pipe(7)). */
	if (len > 4096 && os_pipe_room(fds[1]) < len)
		rc = 1;
	else
		rc = write_all(fds[1], data, len);
	(void)close(fds[1]);
	if (rc != 0)
		(void)close(fds[0]);
	else
		*out = (struct body){fds[0], false, len};
	return rc;
}

/* ---- what goes wrong ---- */

static void
drop(struct reading *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

static int
no_room(struct reading *s)
{
	int error = errno;
	const char *todo = "make room in TMPDIR (/tmp), or lower max-body";

	if (error == EMFILE || error == ENFILE)
		todo = "raise the limit of open files, or lower workers";
	else if (error == EFBIG)
		todo = "raise the limit of file sizes (ulimit -f), or lower "
		       "max-body";
	log_event(s->exchange->log, LOG_LEVEL_ERROR, "spool", s->request, todo,
		  "cannot keep the request body: %s", strerror(error));
	s->exchange->outcome.failure = "spool";
	drop(s);
	return 500;
}

/* The body has not come in time, or (crowded) too many clients are slow. */
static int
too_slow(struct reading *s, bool crowded)
{
	struct exchange *x = s->exchange;
	bool total = x->until > 0 && clock_ms() >= x->until;
	const char *id = crowded ? "slow-clients"
			 : total ? "total-timeout"
				 : "body-timeout";

	log_event(x->log, LOG_LEVEL_WARNING, id, s->request,
		  crowded ? NULL
		  : total ? "raise total-timeout if such requests are meant"
			  : "raise body-timeout if such clients are meant",
		  "%s (%llu bytes of it came): nothing was run",
		  crowded ? "too many clients send their bodies slowly"
			  : "the request body takes too long",
		  (unsigned long long)s->got);
	x->outcome.failure = id;
	drop(s);
	return crowded ? 503 : 408;
}

static int
stopped(struct reading *s)
{
	struct exchange *x = s->exchange;

	log_event(x->log, LOG_LEVEL_ERROR, "stopped", s->request, NULL,
		  "corswrap stops inside the request body (%llu bytes of it "
		  "came): nothing was run",
		  (unsigned long long)s->got);
	x->outcome.failure = "stopped";
	drop(s);
	return 503;
}

static int
cut_short(struct reading *s)
{
	const char *why = "the client disconnected";

	if (errno == ETIMEDOUT || errno == EBUSY)
		return too_slow(s, errno == EBUSY);
	if (errno == ECANCELED)
		return stopped(s);
	if (s->known)
		log_event(s->exchange->log, LOG_LEVEL_WARNING, "upload-cut",
			  s->request, NULL,
			  "%s inside the request body (%llu of %llu bytes): "
			  "nothing was run",
			  why, (unsigned long long)s->got,
			  (unsigned long long)s->expected);
	else
		log_event(s->exchange->log, LOG_LEVEL_WARNING, "upload-cut",
			  s->request, NULL,
			  "%s inside the request body (after %llu bytes): "
			  "nothing was run",
			  why, (unsigned long long)s->got);
	s->exchange->outcome.failure = "upload-cut";
	drop(s);
	return 400;
}

static int
too_large(struct reading *s)
{
	log_event(s->exchange->log, LOG_LEVEL_WARNING, "body-too-large",
		  s->request, "raise max-body if such uploads are meant",
		  "the request body is larger than max-body (%llu)",
		  (unsigned long long)s->app->max_body);
	s->exchange->outcome.failure = "body-too-large";
	drop(s);
	return 413;
}

static int
malformed(struct reading *s)
{
	char quoted[128];

	log_event(
	    s->exchange->log, LOG_LEVEL_WARNING, "content-length", s->request,
	    "check what the web server passes on",
	    "CONTENT_LENGTH is not a number: \"%s\"",
	    log_quote(s->request->content_length, quoted, sizeof(quoted)));
	s->exchange->outcome.failure = "content-length";
	return 400;
}

/* ---- reading ---- */

enum filled { MORE, ENDED, SHORT, LARGE };

/* Fill the buffer, or read to the end of the body. */
static enum filled
fill(struct reading *s, size_t *len)
{
	char *buf = s->exchange->scratch->io;
	struct source *in = s->exchange->in;

	*len = 0;
	while (*len < CHUNK) {
		size_t want = CHUNK - *len;
		if (s->known && s->expected - s->got < want)
			want = (size_t)(s->expected - s->got);
		if (want == 0)
			return ENDED;
		errno = 0;
		ssize_t n = in->read(in, buf + *len, want);
		if (n < 0 || (n == 0 && s->known))
			return SHORT;
		if (n == 0)
			return ENDED;
		*len += (size_t)n;
		s->got += (uint64_t)n;
		if (s->got > s->app->max_body)
			return LARGE;
	}
	return s->known && s->got == s->expected ? ENDED : MORE;
}

/* Keep the body in memory or in a file.  Its first len bytes are in the buffer;
 * end: whether more follow. */
static int
store_rest(struct reading *s, size_t len, enum filled end, struct body *out)
{
	bool small = !s->known || s->expected <= MEMFD_MAX;

	if (open_store(s, small) != 0 ||
	    write_all(s->fd, s->exchange->scratch->io, len) != 0)
		return no_room(s);
	while (end == MORE) {
		if (s->in_memory && s->got > MEMFD_MAX && move_to_file(s) != 0)
			return no_room(s);
		end = fill(s, &len);
		if (end == SHORT)
			return cut_short(s);
		if (end == LARGE)
			return too_large(s);
		if (write_all(s->fd, s->exchange->scratch->io, len) != 0)
			return no_room(s);
	}
	if (lseek(s->fd, 0, SEEK_SET) != 0)
		return no_room(s);
	*out = (struct body){s->fd, true, s->got};
	return 0;
}

static int
read_body(struct reading *s, struct body *out)
{
	struct scratch *scratch = s->exchange->scratch;
	enum filled end;
	size_t len;
	int rc;

	if (buffer_need(&scratch->io, &scratch->io_cap, CHUNK) != 0)
		return no_room(s);
	if (s->known && s->expected > s->app->max_body)
		return too_large(s);
	end = fill(s, &len);
	if (end == SHORT)
		return cut_short(s);
	if (end == LARGE)
		return too_large(s);
	if (end == MORE)
		return store_rest(s, len, MORE, out);
	rc = len == 0 ? 0 : into_pipe(scratch->io, len, out);
	if (rc == 1)
		return store_rest(s, len, ENDED, out);
	return rc == 0 ? 0 : no_room(s);
}

/* Is standard input a file that contains exactly the body (lighttpd)?  Then the
 * program can inherit it. */
static bool
is_given(const struct reading *s)
{
	int fd = s->exchange->in->fd;
	struct stat st;

	return s->known && s->expected <= s->app->max_body && fd >= 0 &&
	       fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == s->expected &&
	       lseek(fd, 0, SEEK_CUR) == 0;
}

int
body_read(struct exchange *exchange, const struct app *app,
	  const struct request *request, struct body *out)
{
	struct slice length = request->content_length;
	struct reading s = {.exchange = exchange,
			    .request = request,
			    .app = app,
			    .known = length.len > 0,
			    .fd = -1};

	*out = (struct body){-1, false, 0};
	if (s.known && !text_number(length, LENGTH_MAX, &s.expected))
		return malformed(&s);
	if (s.known ? s.expected == 0 : !is_expected(exchange, request->method))
		return 0;
	if (is_given(&s)) {
		int fd = fcntl(exchange->in->fd, F_DUPFD_CLOEXEC, 3);
		*out = (struct body){fd, true, s.expected};
		return fd < 0 ? no_room(&s) : 0;
	}
	return read_body(&s, out);
}

void
body_discard(struct exchange *exchange)
{
	struct scratch *scratch = exchange->scratch;
	uint64_t count = 0;
	ssize_t n = 1;

	if (buffer_need(&scratch->io, &scratch->io_cap, CHUNK) != 0)
		return;
	while (n > 0 && count < DISCARD_MAX) {
		n = exchange->in->read(exchange->in, scratch->io, CHUNK);
		count += n > 0 ? (uint64_t)n : 0;
	}
}

void
body_close(struct body *body)
{
	if (body->fd >= 0)
		(void)close(body->fd);
	*body = (struct body){-1, false, 0};
}
