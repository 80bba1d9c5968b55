/*
 * Handing a request on to a FastCGI application.
 *
 * One poll for everything that can happen, as in relay.c: room to send in,
 * output, the client gone, the end of our time.  Nothing is queued: what we do
 * not read stops the application.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "fastcgi/record.h"
#include "run/forward_connect.h"
#include "run/forward_send.h"
#include "run/log.h"
#include "run/metrics.h"
#include "run/stderr.h"

enum {
	CHUNK = 64 * 1024,
	LINGER = 1,	   /* ms to wait for more before a flush */
	PIECE_MIN = 16384, /* from here on a copy costs more than a write */
	MOVE_MIN = 32768,  /* left of a record, to be handed on by the kernel */
	FALSE_ALARMS = 8   /* of the client, before it is left alone */
};

/* How an attempt ends. */
enum ending {
	GOING,
	OVER, /* answered, or failed for good */
	AGAIN /* nothing has come of it: another may be tried */
};

struct forward {
	const struct settings *settings;
	struct exchange *exchange;
	struct response *response;
	bool idempotent;
	struct forward_request request;
	uint64_t started; /* ms, monotonic */
	bool discard;	  /* the client is gone, on-abort = finish */
	bool watch;	  /* the client is still watched */
	unsigned alarms;  /* from it that were false */
	/* of one attempt: */
	enum ending ending;
	struct forward_link link;
	bool sending;
	bool received; /* a byte has come */
	bool fed;      /* output has come */
	bool cut;      /* the application stopped reading */
	bool whole;    /* END_REQUEST has come, after a whole request */
	bool unflushed;
	uint64_t last;	  /* something was sent or has come */
	uint64_t sent_at; /* all was sent */
	struct forward_sender sender;
	struct record_reader reader;
	struct stderr_reader complaints;
};

/* ---- what goes wrong ---- */

static void
fail(struct forward *f, int status, const char *id, const char *todo,
     const char *text)
{
	const char *extra = status == 503 ? "Retry-After: 1\r\n" : NULL;

	log_event(f->exchange->log, LOG_LEVEL_ERROR, id, f->response->request,
		  todo, "%s: %s",
		  f->link.address == NULL ? "forward" : f->link.address->text,
		  text);
	if (f->discard)
		f->exchange->outcome.failure = id;
	else
		response_fail(f->response, status, id, extra);
	f->ending = OVER;
}

static void
client_gone(struct forward *f)
{
	f->exchange->outcome.failure = "client-gone";
	f->watch = false;
	if (f->exchange->out->set_broken != NULL)
		f->exchange->out->set_broken(f->exchange->out);
	if (f->settings->app.on_abort == ON_ABORT_FINISH)
		f->discard = true;
	else
		f->ending = OVER;
	log_event(f->exchange->log, LOG_LEVEL_INFO, "client-gone",
		  f->response->request, NULL,
		  "the client is gone; the application %s",
		  f->discard ? "runs on" : "is told by a closed connection");
}

/*
 * The connection has ended before END_REQUEST.  Where nothing has come at all
 * it may be that the application never saw the request: sure, where no byte
 * was sent; and where it may be sent twice (RFC 9110, 9.2.2), worth another
 * try if the connection was an old one or there is somebody else to ask.
 */
static void
ended_early(struct forward *f, int error)
{
	if (!f->received && (f->idempotent || f->sender.sent == 0) &&
	    (f->link.kept || forward_link_others(&f->link))) {
		forward_link_useless(&f->link);
		f->ending = AGAIN;
		return;
	}
	fail(f, 502, f->response->started ? "truncated" : "early-end",
	     "look into the application's log: it ended within its answer",
	     error == 0 ? "closed the connection early" : strerror(error));
}

/* It says that it has not begun: whatever the method, another may. */
static void
overloaded(struct forward *f)
{
	if (!f->fed && forward_link_others(&f->link)) {
		forward_link_busy(&f->link);
		f->ending = AGAIN;
		return;
	}
	fail(f, 503, "overloaded", "let the application have more processes",
	     "is overloaded");
}

/* ---- output ---- */

static void
feed(struct forward *f, struct slice data)
{
	if (data.len == 0 || f->ending != GOING)
		return;
	f->fed = true;
	if (f->discard)
		return;
	switch (response_feed(f->response, data.ptr, data.len)) {
	case 0:
		f->unflushed = true;
		break;
	case -1:
		client_gone(f);
		break;
	default: /* a bad header block, answered and logged */
		f->ending = OVER;
		break;
	}
}

/* The answer is over: what does END_REQUEST say of it? (section 5.5) */
static void
request_ended(struct forward *f)
{
	struct exchange *x = f->exchange;
	uint32_t status = f->reader.app_status;

	switch (f->reader.protocol_status) {
	case RECORD_COMPLETE:
		break;
	case RECORD_OVERLOADED:
		overloaded(f);
		return;
	case RECORD_UNKNOWN_ROLE:
		fail(f, 500, "unknown-role",
		     "`forward` needs an application that is a responder",
		     "does not know the role of responder");
		return;
	default:
		fail(f, 502, "bad-record", NULL, "refused the request");
		return;
	}
	f->whole = !f->sending && !f->cut;
	f->ending = OVER;
	if (status != 0)
		log_event(x->log, LOG_LEVEL_WARNING, "exit-status",
			  f->response->request, NULL, "%s: exit status %lu",
			  f->link.address->text, (unsigned long)status);
	if (f->discard)
		return;
	if (x->out->set_exit != NULL)
		x->out->set_exit(x->out, (int)(status & 0x7fffffff));
	if (response_end(f->response) == -1)
		client_gone(f);
}

/*
 * Output of several records becomes one write: small pieces are moved together
 * in the buffer, large ones are handed on where they are.
 */
static void
add_output(struct forward *f, struct slice *run, struct slice piece, char *buf)
{
	size_t at = (size_t)(run->ptr - buf);

	if (run->len > 0 && piece.len < PIECE_MIN) {
		memmove(buf + at + run->len, piece.ptr, piece.len);
		run->len += piece.len;
		return;
	}
	feed(f, *run);
	*run = piece;
}

/* What one read has brought. */
static void
take_records(struct forward *f, char *buf, size_t len)
{
	struct slice run = slice_of(buf, 0), piece = SLICE_NONE;
	enum record_event event = RECORD_STDOUT;
	size_t at = 0, used;

	while (f->ending == GOING && event != RECORD_MORE) {
		event =
		    record_read(&f->reader, buf + at, len - at, &used, &piece);
		at += used;
		if (event == RECORD_STDOUT)
			add_output(f, &run, piece, buf);
		else if (event == RECORD_STDERR)
			stderr_add(&f->complaints, piece.ptr, piece.len);
		else
			feed(f, run);
		if (f->ending != GOING)
			return;
		if (event == RECORD_BAD)
			fail(f, 502, "bad-record",
			     "is it a FastCGI application that listens there?",
			     "sent no FastCGI record");
		else if (event == RECORD_END)
			request_ended(f);
	}
	/* Bytes after the end belong to nobody. */
	if (at < len)
		f->whole = false;
}

/*
 * A read on behalf of the client has failed: which of the two was it?  Once
 * an error has been reported, a socket that is done for reads as ended.
 */
static bool
is_ours(const struct forward *f)
{
	char byte;
	ssize_t n = recv(f->link.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

/* The rest of a large record, the cheapest way there is. */
static void
move_output(struct forward *f, size_t most)
{
	struct sink *out = f->exchange->out;
	ssize_t n = out->move(out, f->link.fd, most);
	int error = errno;

	if (n > 0) {
		record_skip(&f->reader, (size_t)n);
		f->exchange->outcome.body_bytes += (uint64_t)n;
		f->unflushed = true;
	} else if (n == 0) {
		ended_early(f, 0);
	} else if (error == EAGAIN || error == EINTR) {
		return;
	} else if (is_ours(f)) {
		ended_early(f, error);
	} else {
		client_gone(f);
	}
}

static void
read_output(struct forward *f)
{
	struct scratch *scratch = f->exchange->scratch;
	size_t most = record_output_left(&f->reader);
	ssize_t n;

	if (most >= MOVE_MIN && !f->discard && response_in_body(f->response)) {
		move_output(f, most);
		f->last = clock_ms();
		return;
	}
	n = recv(f->link.fd, scratch->io, CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ended_early(f, n == 0 ? 0 : errno);
		return;
	}
	f->received = true;
	f->last = clock_ms();
	forward_link_heard(&f->link);
	take_records(f, scratch->io, (size_t)n);
	/* A client that takes its time is not the application's fault. */
	f->last = clock_ms();
}

/* The way to the application is gone, which tells of no answer. */
static bool
is_cut_off(int error)
{
	return error == ETIMEDOUT || error == EHOSTUNREACH ||
	       error == ENETUNREACH || error == ENETDOWN || error == ENOTCONN;
}

static void
send_more(struct forward *f)
{
	uint64_t before = f->sender.sent;
	int rc = forward_send(&f->sender);
	int error = errno;

	if (f->sender.sent > before)
		f->last = clock_ms();
	if (rc == 0)
		return;
	f->sending = false;
	f->sent_at = clock_ms();
	/* It may have answered without reading all of the body. */
	f->cut = rc < 0;
	if (rc < 0 && is_cut_off(error))
		ended_early(f, error);
	else if (rc < 0 && error != EPIPE && error != ECONNRESET)
		fail(f, 500, "send-failed", NULL, strerror(error));
}

/* ---- time ---- */

static struct deadline
next_deadline(const struct forward *f)
{
	static const struct deadline first = {
	    0, "first-byte-timeout",
	    "raise first-byte-timeout, give the application more processes, or "
	    "find out what it waits for",
	    "no header block in time"};
	static const struct deadline idle = {
	    0, "idle-timeout",
	    "raise idle-timeout, or find out what it waits for",
	    "no output for too long"};
	static const struct deadline deaf = {
	    0, "idle-timeout",
	    "raise idle-timeout, or find out what it waits for",
	    "did not take the request"};
	static const struct deadline total = {
	    0, "total-timeout",
	    "raise total-timeout if such requests are meant",
	    "it took too long"};
	const struct app *app = &f->settings->app;
	struct deadline d = {.at = DEADLINE_NEVER};
	/* What nobody is to get is not looked at: any of it is a beginning. */
	bool begun = f->response->started || (f->discard && f->fed);

	if (f->sending || begun)
		deadline_sooner(&d, f->last, app->idle_timeout,
				f->sending ? &deaf : &idle);
	else
		deadline_sooner(&d, f->sent_at, app->first_byte_timeout,
				&first);
	deadline_sooner(&d, f->started, app->total_timeout, &total);
	return d;
}

/* ---- the loop ---- */

enum { POLL_APP, POLL_CLIENT, POLL_STOP, POLL_COUNT };

static int
wait_for(struct forward *f, struct pollfd fds[POLL_COUNT],
	 const struct deadline *deadline)
{
	int ms = deadline_wait(deadline);
	int patience = forward_link_patience(&f->link);

	fds[POLL_APP] = (struct pollfd){
	    .fd = f->link.fd,
	    .events = (short)(POLLIN | (f->sending ? POLLOUT : 0))};
	fds[POLL_CLIENT] =
	    (struct pollfd){.fd = f->watch ? f->exchange->out->poll_fd : -1,
			    .events = POLLIN | OS_POLLRDHUP};
	fds[POLL_STOP] =
	    (struct pollfd){.fd = f->exchange->stop_fd, .events = POLLIN};
	if (f->unflushed && (ms < 0 || ms > LINGER))
		ms = LINGER;
	if (patience >= 0 && (ms < 0 || ms > patience))
		ms = patience;
	return poll(fds, POLL_COUNT, ms);
}

static void
nothing_came(struct forward *f)
{
	struct sink *out = f->exchange->out;
	bool flush = f->unflushed && !f->discard;

	forward_link_wait(&f->link);
	f->unflushed = false;
	if (flush && out->flush(out) != 0)
		client_gone(f);
}

/* Looked at after everything else: an application that never pauses would
 * otherwise never be late. */
static void
look_at_clock(struct forward *f)
{
	struct deadline d = next_deadline(f);

	if (deadline_over(&d))
		fail(f, 504, d.id, d.todo, d.text);
}

static void
happened(struct forward *f, const struct pollfd fds[POLL_COUNT])
{
	struct sink *out = f->exchange->out;

	if (fds[POLL_STOP].revents != 0) {
		fail(f, 503, "stopped", NULL, "ended because corswrap stops");
		return;
	}
	if (f->sending && (fds[POLL_APP].revents & (POLLOUT | POLLERR)) != 0)
		send_more(f);
	if (f->ending == GOING &&
	    (fds[POLL_APP].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		read_output(f);
	if (f->ending == GOING && fds[POLL_CLIENT].revents != 0) {
		if (out->gone(out))
			client_gone(f);
		else
			f->watch = ++f->alarms < FALSE_ALARMS;
	}
}

/* All was sent: the answer may be about to come. */
static void
stay(struct forward *f)
{
	struct spin *stay = &f->exchange->scratch->spin_application;
	int looks = spin_rounds(stay);

	if (looks == 0)
		return;
	while (looks-- > 0 && f->ending == GOING && !f->received) {
		(void)sched_yield();
		read_output(f);
	}
	spin_ended(stay, f->received);
}

static void
run(struct forward *f)
{
	struct pollfd fds[POLL_COUNT];

	send_more(f); /* mostly all of it at once */
	if (!f->sending)
		stay(f);
	while (f->ending == GOING) {
		struct deadline deadline = next_deadline(f);
		int rc = wait_for(f, fds, &deadline);
		if (rc > 0)
			happened(f, fds);
		else if (rc == 0)
			nothing_came(f);
		else if (errno != EINTR)
			fail(f, 500, "poll-failed", NULL, strerror(errno));
		if (f->ending == GOING)
			look_at_clock(f);
	}
}

/* ---- an attempt ---- */

static void
attempt(struct forward *f)
{
	struct forward_failure failure;

	f->ending = GOING;
	f->received = f->fed = f->cut = f->whole = f->unflushed = false;
	if (forward_link_open(&f->link, &failure) != 0) {
		if (failure.error == ECANCELED)
			client_gone(f);
		else
			fail(f, failure.status, failure.id, failure.todo,
			     failure.text);
		f->ending = OVER;
		return;
	}
	f->sending = true;
	f->last = f->sent_at = clock_ms();
	forward_sender_init(&f->sender, &f->request, f->link.fd);
	record_reader_init(&f->reader);
	f->complaints.program = f->link.address->text;
	run(f);
	stderr_end(&f->complaints);
	forward_link_close(&f->link, f->whole);
}

/* Each address is asked once at most, and one more where the first connection
 * was an old one: forward_link_open comes to an end. */
static void
forward(struct forward *f)
{
	attempt(f);
	while (f->ending == AGAIN) {
		log_event(f->exchange->log, LOG_LEVEL_DEBUG, "forward-again",
			  f->response->request, NULL,
			  "%s: has not answered, trying another",
			  f->link.address->text);
		attempt(f);
	}
}

static struct forward_link
link_for(const struct app *app, struct forward_pool *pool,
	 struct exchange *exchange, uint64_t started, bool idempotent)
{
	return (struct forward_link){
	    .app = app,
	    .pool = pool,
	    .log = exchange->log,
	    .watch = {exchange->stop_fd,
		      app->on_abort == ON_ABORT_FINISH ? NULL : exchange->out},
	    .until = app->total_timeout == 0 ? UINT64_MAX
					     : started + app->total_timeout,
	    .fresh = !idempotent,
	    .fd = -1};
}

void
forward_run(struct forward_pool *pool, const struct settings *settings,
	    struct exchange *exchange, char **variables, struct body *body,
	    struct response *response, bool idempotent)
{
	const struct app *app = &settings->app;
	struct forward f = {.settings = settings,
			    .exchange = exchange,
			    .response = response,
			    .idempotent = idempotent,
			    .watch = true,
			    .started = clock_ms()};
	struct scratch *scratch = exchange->scratch;

	f.link = link_for(app, pool, exchange, f.started, idempotent);
	stderr_init(&f.complaints, exchange, app->stderr_to, "forward", 0);
	if (buffer_need(&scratch->io, &scratch->io_cap, CHUNK) != 0 ||
	    forward_request_make(&f.request, variables, body,
				 pool != NULL && app->keep > 0) != 0) {
		fail(&f, 500, "memory", NULL, strerror(errno));
		return;
	}
	exchange->outcome.ran = true;
	if (exchange->metrics != NULL)
		metrics_running(exchange->metrics, 1);
	forward(&f);
	if (exchange->metrics != NULL)
		metrics_running(exchange->metrics, -1);
	forward_request_free(&f.request);
}
