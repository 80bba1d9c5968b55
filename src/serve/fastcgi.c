/*
 * A FastCGI connection as sink and source, on top of libfcgi.
 *
 * libfcgi knows no time limits, closes slowly and loses what it has read behind
 * a request.  Its public structures allow to avoid all that: the caller
 * accepts, the descriptor is put into the request (FCGX_Accept_r then does not
 * accept), FCGX_Detach makes its close a plain close(2), and each request that
 * it reads is the last of its connection.  Bulk output goes around it in whole
 * records.
 *
 * Requests that do not need libfcgi are direct.c's; here both are one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/fastcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fastcgi/protocol.h"
#include "serve/bulk.h"
#include "serve/direct.h"

enum {
	/* Writes from this size on go out as records of their own. */
	DIRECT_MIN = 16384,
	/* Output that libfcgi's buffer (8 KiB) takes without a write. */
	SMALL_OUTPUT = 4096,
	/* Unread body that we throw away to keep the client's answer whole. */
	DRAIN_MAX = 64 * 1024 * 1024
};

struct fastcgi {
	FCGX_Request request;
	struct sink sink;
	struct source source;
	struct scratch *scratch;
	struct bulk bulk;
	int stop_fd;	     /* as in line.h */
	uint64_t bound;	     /* wanted bound of reads and writes, ms */
	uint64_t read_bound; /* what the socket has */
	uint64_t write_bound;
	unsigned char *start; /* of what libfcgi's output buffer holds */
	int exit_status;
	bool complained; /* something went to FCGI_STDERR */
	bool own;	 /* no libfcgi: direct.c */
	bool raw;	 /* the same, and not even read: fastcgi_open_raw */
	bool refused;	 /* END_REQUEST has been sent */
	bool broken;	 /* the answer is not whole */
	bool gone;	 /* the client has closed or aborted */
	struct direct direct; /* own */
};

static struct fastcgi *
of_sink(struct sink *sink)
{
	return (struct fastcgi *)(void *)((char *)sink -
					  offsetof(struct fastcgi, sink));
}

static struct fastcgi *
of_source(struct source *source)
{
	return (struct fastcgi *)(void *)((char *)source -
					  offsetof(struct fastcgi, source));
}

/*
 * Limits of the socket, set on first need alone: a preflight needs none.
 */
static void
bound_socket(struct fastcgi *c, int option, uint64_t *has)
{
	if (*has != c->bound)
		line_bound(c->request.ipcFd, option, c->bound);
	*has = c->bound;
}

/* A write to the client has failed: its only cause that matters is that the
 * client does not take it. */
static int
client_lost(int error)
{
	errno = error == EPIPE ? EPIPE : ECONNRESET;
	return -1;
}

static struct line
line_of(const struct fastcgi *c)
{
	return (struct line){c->request.ipcFd, c->stop_fd};
}

static unsigned
request_id(const struct fastcgi *c)
{
	return (unsigned)c->request.requestId;
}

static int
flush_stream(struct fastcgi *c, FCGX_Stream *stream)
{
	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	if (FCGX_FFlush(stream) < 0 || FCGX_GetError(stream) != 0)
		return client_lost(FCGX_GetError(stream));
	return 0;
}

/* What is buffered goes out, so that what we write comes after it. */
static int
flush_output(struct fastcgi *c)
{
	if (!c->own)
		return flush_stream(c, c->request.out);
	if (c->direct.out.len == 0)
		return 0;
	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	return outlet_flush(&c->direct.out, line_of(c), request_id(c));
}

static int
write_own(struct fastcgi *c, const void *bytes, size_t len)
{
	if (len > OUTLET_CONTENT - c->direct.out.len)
		bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	return outlet_write(&c->direct.out, line_of(c), request_id(c), bytes,
			    len);
}

static int
sink_write(struct sink *sink, const void *bytes, size_t len)
{
	struct fastcgi *c = of_sink(sink);
	FCGX_Stream *out = c->request.out;

	if (len >= DIRECT_MIN) {
		bound_socket(c, SO_SNDTIMEO, &c->write_bound);
		if (flush_output(c) < 0)
			return -1;
		return bulk_records(line_of(c), request_id(c), bytes, len);
	}
	if (c->own)
		return write_own(c, bytes, len);
	if (out->isClosed)
		return client_lost(FCGX_GetError(out));
	if ((size_t)(out->stop - out->wrNext) >= len) {
		/* what FCGX_PutStr would do; an answer has many pieces */
		memcpy(out->wrNext, bytes, len);
		out->wrNext += len;
		return 0;
	}
	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	if (FCGX_PutStr(bytes, (int)len, out) < 0)
		return client_lost(FCGX_GetError(out));
	return 0;
}

static int
sink_flush(struct sink *sink)
{
	struct fastcgi *c = of_sink(sink);

	if (!c->own && flush_stream(c, c->request.err) < 0)
		return -1;
	return flush_output(c);
}

/* Little output is left to the buffer, so that a small answer and
 * END_REQUEST are one write; the rest goes around it. */
static ssize_t
copy_output(struct fastcgi *c, int fd, size_t max)
{
	size_t len = max > 0 && max < BULK_RECORD ? max : BULK_RECORD;
	struct iovec v;
	char *room;
	ssize_t n;

	if (buffer_need(&c->scratch->io, &c->scratch->io_cap, BULK_ROOM) < 0)
		return -1;
	room = c->scratch->io;
	n = read(fd, room + WIRE_HEADER, len);
	if (n <= 0)
		return n;
	if (n <= SMALL_OUTPUT)
		return sink_write(&c->sink, room + WIRE_HEADER, (size_t)n) < 0
			   ? -1
			   : n;
	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	if (flush_output(c) < 0)
		return -1;
	wire_header_put((unsigned char *)room, WIRE_STDOUT, request_id(c),
			(size_t)n);
	v = (struct iovec){room, WIRE_HEADER + (size_t)n};
	return bulk_vector(line_of(c), &v, 1) < 0 ? -1 : n;
}

static ssize_t
sink_move(struct sink *sink, int fd, size_t max)
{
	struct fastcgi *c = of_sink(sink);

	if (!bulk_wanted(&c->bulk, fd))
		return copy_output(c, fd, max);
	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	if (flush_output(c) < 0)
		return -1;
	return bulk_move(&c->bulk, line_of(c), request_id(c), fd, max);
}

static int
sink_complain(struct sink *sink, const void *bytes, size_t len)
{
	struct fastcgi *c = of_sink(sink);

	bound_socket(c, SO_SNDTIMEO, &c->write_bound);
	c->complained = true;
	if (c->own)
		return len > 0 && len <= BULK_RECORD
			   ? direct_complain(&c->direct, bytes, len)
			   : 0;
	if (FCGX_PutStr(bytes, (int)len, c->request.err) < 0)
		return client_lost(FCGX_GetError(c->request.err));
	return 0;
}

/*
 * There is something on the socket while the program runs: its end,
 * FCGI_ABORT_REQUEST (HAProxy), the end of STDIN, or, from a client that does
 * not wait for answers, more.  In that last case there is nothing to be learned
 * from polling any longer.
 */
static bool
sink_gone(struct sink *sink)
{
	struct fastcgi *c = of_sink(sink);
	enum direct_news news = DIRECT_GONE;

	if (!c->gone)
		news = c->own ? direct_hear(&c->direct)
			      : direct_glance(c->request.ipcFd);
	if (news == DIRECT_DEAF)
		sink->poll_fd = -1;
	c->gone = news == DIRECT_GONE;
	return c->gone;
}

static void
sink_set_exit(struct sink *sink, int status)
{
	of_sink(sink)->exit_status = status;
}

static void
sink_set_broken(struct sink *sink)
{
	of_sink(sink)->broken = true;
}

/*
 * As much of the body as is there.  FCGX_GetStr would wait until the buffer is
 * full; fillBuffProc is what it calls for more.
 */
static ssize_t
source_read(struct source *source, void *buf, size_t len)
{
	struct fastcgi *c = of_source(source);
	FCGX_Stream *in = c->request.in;
	size_t there;

	if (c->raw || len == 0)
		return 0;
	if (c->own) {
		if (!c->direct.ended)
			bound_socket(c, SO_RCVTIMEO, &c->read_bound);
		return direct_read(&c->direct, buf, len);
	}
	while (in->rdNext == in->stop && !in->isClosed) {
		bound_socket(c, SO_RCVTIMEO, &c->read_bound);
		in->fillBuffProc(in);
		in->stopUnget = in->rdNext;
		/* An error of read(2) has taken nothing from the stream. */
		errno = FCGX_GetError(in);
		if (line_goes_on(line_of(c)))
			in->FCGI_errno = in->isClosed = 0;
	}
	/* After an error in the midst of a record libfcgi has read past stop.
	 */
	there = in->rdNext < in->stop ? (size_t)(in->stop - in->rdNext) : 0;
	if (there == 0 && FCGX_GetError(in) != 0)
		return line_cut(FCGX_GetError(in));
	if (there > len)
		there = len;
	return FCGX_GetStr(buf, (int)there, in);
}

int
fastcgi_start(void)
{
	static const int theirs[] = {SIGTERM, SIGUSR1};
	struct sigaction a = {.sa_handler = SIG_DFL};

	if (FCGX_Init() != 0)
		return -1;
	/* libfcgi takes SIGTERM and SIGUSR1 for itself and a SIGPIPE that is
	 * ignored too; the program must be able to tell them all. */
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		sigaction(theirs[i], &a, NULL);
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
	return 0;
}

struct fastcgi *
fastcgi_new(struct scratch *scratch)
{
	struct fastcgi *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	/* No listening socket: FCGX_Accept_r can never wait in accept(2). */
	if (FCGX_InitRequest(&c->request, -1, 0) != 0) {
		free(c);
		return NULL;
	}
	c->request.ipcFd = -1;
	c->stop_fd = -1;
	c->scratch = c->direct.scratch = scratch;
	c->source = (struct source){.read = source_read, .fd = -1};
	c->sink = (struct sink){
	    .write = sink_write,
	    .flush = sink_flush,
	    .move = sink_move,
	    .write_stderr = sink_complain,
	    .poll_fd = -1,
	    .gone = sink_gone,
	    .set_exit = sink_set_exit,
	    .set_broken = sink_set_broken,
	};
	return c;
}

static void
forget(struct fastcgi *c)
{
	c->own = c->raw = false;
	c->refused = c->broken = c->gone = c->complained = false;
	c->exit_status = 0;
	c->direct.out.len = 0;
	bulk_end(&c->bulk);
	c->sink.poll_fd = c->request.ipcFd;
}

static void
shut(struct fastcgi *c)
{
	if (c->own) {
		close(c->request.ipcFd);
		c->request.ipcFd = -1;
	} else {
		FCGX_Free(&c->request, 1);
	}
	forget(c);
}

void
fastcgi_free(struct fastcgi *c)
{
	if (c == NULL)
		return;
	if (c->request.ipcFd >= 0)
		shut(c);
	free(c);
}

void
fastcgi_open(struct fastcgi *c, int fd)
{
	c->request.ipcFd = fd;
	/* The FCGX_Finish_r in FCGX_Accept_r shall not close it. */
	c->request.keepConnection = 1;
	FCGX_Detach(&c->request);
	c->read_bound = c->write_bound = 0;
	direct_open(&c->direct, fd);
	forget(c);
}

void
fastcgi_open_raw(struct fastcgi *c, int fd, unsigned id)
{
	fastcgi_open(c, fd);
	c->request.requestId = (int)id;
	c->own = c->raw = true;
}

static void
refuse_role(struct fastcgi *c)
{
	outlet_refuse(c->request.ipcFd, request_id(c));
	c->refused = true;
}

static void
be_own(struct fastcgi *c)
{
	forget(c);
	c->request.requestId = (int)c->direct.id;
	c->own = true;
}

enum fastcgi_next
fastcgi_take(struct fastcgi *c, const struct peek *peek)
{
	bool taken = direct_take(&c->direct, peek);

	be_own(c);
	if (taken)
		return FASTCGI_REQUEST;
	shut(c);
	return FASTCGI_CLOSED;
}

enum fastcgi_next
fastcgi_again(struct fastcgi *c, unsigned workers, bool stay)
{
	enum peek_state state;

	/* The bound of a body's reads is not that of the wait for a request. */
	c->bound = 0;
	bound_socket(c, SO_RCVTIMEO, &c->read_bound);
	state = direct_next(&c->direct, workers, stay);
	be_own(c);
	switch (state) {
	case PEEK_READY:
		return FASTCGI_REQUEST;
	case PEEK_LARGE:
		c->raw = true;
		return FASTCGI_LARGE;
	case PEEK_ROLE:
		refuse_role(c);
		return FASTCGI_ROLE;
	case PEEK_MORE:
	case PEEK_MANAGEMENT:
	case PEEK_BAD:
		break;
	}
	shut(c);
	return FASTCGI_CLOSED;
}

enum fastcgi_next
fastcgi_next(struct fastcgi *c, bool checked)
{
	if (c->request.ipcFd < 0)
		return FASTCGI_CLOSED;
	if (FCGX_Accept_r(&c->request) < 0) {
		c->sink.poll_fd = -1;
		return FASTCGI_CLOSED;
	}
	forget(c);
	/* FCGX_Accept_r takes parameters that break off between two pairs for
	 * whole.  Half of a request is none. */
	if (FCGX_GetError(c->request.in) != 0) {
		shut(c);
		return FASTCGI_CLOSED;
	}
	c->start = c->request.out->wrNext;
	if (c->request.role != WIRE_RESPONDER) {
		refuse_role(c);
		return FASTCGI_ROLE;
	}
	if (!checked && !peek_bounded(fastcgi_variables(c)))
		return FASTCGI_LARGE;
	return FASTCGI_REQUEST;
}

char **
fastcgi_variables(struct fastcgi *c)
{
	/* The first is libfcgi's own FCGI_ROLE=RESPONDER. */
	return c->own ? c->direct.list : c->request.envp + 1;
}

void
fastcgi_mend(struct fastcgi *c, size_t index, size_t len)
{
	char *text = fastcgi_variables(c)[index];

	/* libfcgi keeps the whole of it, however many NULs it holds. */
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '\x01';
}

struct sink *
fastcgi_sink(struct fastcgi *c)
{
	return &c->sink;
}

struct source *
fastcgi_source(struct fastcgi *c)
{
	return &c->source;
}

void
fastcgi_bound(struct fastcgi *c, uint64_t milliseconds, int stop_fd)
{
	c->bound = milliseconds;
	c->stop_fd = c->direct.line.stop_fd = stop_fd;
}

static bool
drain_own(struct fastcgi *c)
{
	if (c->direct.ended)
		return true;
	if (flush_output(c) != 0) {
		c->broken = true; /* no END_REQUEST behind what is lost */
		return false;
	}
	return direct_drain(&c->direct, DRAIN_MAX);
}

/*
 * Read what is left of the body: a socket that is closed with input unread
 * takes the answer with it.  The end of STDIN is mostly in the buffer already;
 * where it is not, the answer goes ahead.
 */
bool
fastcgi_drain(struct fastcgi *c)
{
	FCGX_Stream *in = c->request.in;
	size_t drained = 0;
	bool ahead = false;

	/* From here on the main thread interrupts what takes too long. */
	c->stop_fd = c->direct.line.stop_fd = -1;
	if (c->raw || c->refused || c->broken || c->gone)
		return false;
	if (c->own)
		return drain_own(c);
	while (!in->isClosed && drained < DRAIN_MAX) {
		drained += (size_t)(in->stop - in->rdNext);
		in->rdNext = in->stop;
		in->fillBuffProc(in);
		in->stopUnget = in->rdNext;
		if (!in->isClosed && !ahead &&
		    flush_stream(c, c->request.out) < 0)
			return false;
		ahead = true;
	}
	return in->isClosed && FCGX_GetError(in) == 0;
}

/*
 * What is left in the buffer and the end, in one write.  This is what
 * FCGX_Finish_r would send, without a walk through its streams.  libfcgi's
 * buffer begins with room for the header, too.
 */
static bool
send_rest(struct fastcgi *c)
{
	FCGX_Stream *out = c->request.out;
	unsigned status = (unsigned)c->exit_status;

	if (c->own)
		return outlet_end(c->request.ipcFd, request_id(c), status,
				  c->direct.out.bytes + WIRE_HEADER,
				  c->direct.out.len);
	if ((size_t)(out->stop - out->wrNext) < OUTLET_END &&
	    flush_stream(c, out) < 0)
		return false;
	if (out->isClosed)
		return false;
	return outlet_end(c->request.ipcFd, request_id(c), status, c->start,
			  (size_t)(out->wrNext - c->start));
}

static void
finish_raw(struct fastcgi *c)
{
	send_rest(c);
	shutdown(c->request.ipcFd, SHUT_WR);
	outlet_take_rest(c->request.ipcFd);
	shut(c);
}

/* No END_REQUEST: the server must not take this for a whole answer. */
static void
break_off(struct fastcgi *c)
{
	if (c->broken)
		flush_output(c);
	outlet_take_rest(c->request.ipcFd);
	shut(c);
}

/* The end of FCGI_STDERR, if anything went there. */
static bool
end_complaints(struct fastcgi *c)
{
	if (!c->complained)
		return true;
	if (c->own)
		return direct_complain(&c->direct, NULL, 0) == 0;
	return FCGX_FClose(c->request.err) == 0;
}

bool
fastcgi_finish(struct fastcgi *c, bool keep)
{
	bool sent;

	if (c->raw) {
		finish_raw(c);
		return false;
	}
	if (c->refused || (c->broken && !c->gone)) {
		break_off(c);
		return false;
	}
	/* Who has aborted is told the end all the same. */
	if (c->gone)
		outlet_take_rest(c->request.ipcFd);
	bulk_end(&c->bulk);
	sent = end_complaints(c) && send_rest(c);
	/* What libfcgi has read behind its request nobody gets out of it: who
	 * waited for an answer to that would wait for ever. */
	if (sent && keep && !c->gone && c->own && c->direct.keep)
		return true;
	shut(c);
	return false;
}
