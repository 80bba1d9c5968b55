/*
 * Forwarding a request to a FastCGI application.
 *
 * As in relay.c, a single poll waits for everything that can happen: the
 * connection becomes writable or readable, and what transfer.c watches.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fastcgi/record.h"
#include "run/ending.h"
#include "run/forward_connect.h"
#include "run/forward_send.h"
#include "run/log.h"
#include "run/transfer.h"

enum {
	PIECE_MIN = 16384,  /* bytes: copying more costs more than a write */
	MOVE_MIN = 32768,   /* bytes left of a record: the kernel moves them */
	HOUR = 3600 * 1000, /* ms */
	LAST_MOMENT = 50,   /* ms from the end of a connection to the end of its
			       server */
	REST_READS = 64	    /* the most reads of what it has left */
};

struct forward {
	struct transfer t;
	const struct forward_own *own; /* NULL: an application that we did not
					  start */
	bool idempotent;
	struct forward_request request;
	/* of one attempt, which lasts until t.over or again: */
	bool again; /* it failed, and the request may be sent again */
	struct forward_connection connection;
	int err;      /* standard error of our own server; -1: ended, or none */
	bool sending; /* some of the request is still to be sent */
	bool received;	  /* a byte of any record has come */
	bool fed;	  /* output has come (FCGI_STDOUT) */
	uint64_t fed_at;  /* clock_ms when it last did */
	uint64_t count;	  /* bytes that were read from the connection */
	bool cut;	  /* the application stopped reading the request */
	bool whole;	  /* END_REQUEST has come, and all had been sent: the
			     connection can be reused */
	bool dead;	  /* the connection has ended before END_REQUEST */
	uint64_t sent_at; /* clock_ms when all had been sent */
	struct forward_sender sender;
	struct record_reader reader;
};

static bool
goes_on(const struct forward *f)
{
	return !f->t.over && !f->again;
}

/* ---- what goes wrong ---- */

/*
 * The connection has ended before END_REQUEST.  The request is sent again if
 * the application cannot have seen it (no byte was sent), or has sent no
 * response and the request may be sent twice (RFC 9110, 9.2.2); and only if a
 * retry can have another result, because the connection was a kept one or
 * there is another address.
 */
static void
ended_early(struct forward *f, int error)
{
	if (f->own == NULL && !f->received &&
	    (f->idempotent || f->sender.sent == 0) &&
	    (f->connection.kept ||
	     forward_connection_has_other(&f->connection))) {
		forward_connection_failed(&f->connection);
		f->again = true;
		return;
	}
	f->dead = true;
	transfer_fail(
	    &f->t, 502, f->t.response->started ? "truncated" : "early-end",
	    "read the application's log: it exited before its response was "
	    "complete",
	    error == 0 ? "closed the connection early" : strerror(error));
}

/* The application has not begun (section 5.5, FCGI_OVERLOADED): another
 * address may be tried whatever the method is. */
static void
overloaded(struct forward *f)
{
	if (f->own == NULL && !f->fed &&
	    forward_connection_has_other(&f->connection)) {
		forward_connection_overloaded(&f->connection);
		f->again = true;
		return;
	}
	transfer_fail(&f->t, 503, "overloaded",
		      "give the application more processes", "is overloaded");
}

/* ---- output ---- */

static void
feed(struct forward *f, struct slice data)
{
	if (data.len == 0 || !goes_on(f))
		return;
	f->fed = true;
	transfer_feed(&f->t, data.ptr, data.len);
	f->fed_at = clock_ms();
}

/* The response has ended: check the status in END_REQUEST (section 5.5). */
static void
request_ended(struct forward *f)
{
	struct exchange *x = f->t.exchange;
	uint32_t status = f->reader.app_status;
	char text[32];

	switch (f->reader.protocol_status) {
	case FCGI_REQUEST_COMPLETE:
		break;
	case FCGI_OVERLOADED:
		overloaded(f);
		return;
	case FCGI_UNKNOWN_ROLE:
		transfer_fail(
		    &f->t, 500, "unknown-role",
		    "`forward` needs an application that is a responder",
		    "does not know the role of responder");
		return;
	default:
		transfer_fail(&f->t, 502, "bad-record", NULL,
			      "refused the request");
		return;
	}
	f->whole = !f->sending && !f->cut;
	if (status != 0) {
		(void)snprintf(text, sizeof(text), "exit status %lu",
			       (unsigned long)status);
		transfer_log(&f->t, LOG_LEVEL_WARNING, "exit-status", NULL,
			     text);
	}
	if (!f->t.discard && x->out->set_exit != NULL)
		x->out->set_exit(x->out, (int)(status & 0x7fffffff));
	transfer_end(&f->t);
	if (f->t.complete)
		response_over(f->t.response);
	f->t.over = true;
}

/*
 * Output of several records becomes one write: small pieces are moved together
 * in the buffer, large ones are sent from where they are.
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

/* Handle the bytes that one read has returned. */
static void
parse_records(struct forward *f, char *buf, size_t len)
{
	struct slice run = slice_of(buf, 0), piece = SLICE_NONE;
	enum record_event event = RECORD_STDOUT;
	size_t at = 0, used;

	while (goes_on(f) && event != RECORD_MORE) {
		event =
		    record_read(&f->reader, buf + at, len - at, &used, &piece);
		at += used;
		if (event == RECORD_STDOUT)
			add_output(f, &run, piece, buf);
		else if (event == RECORD_STDERR)
			stderr_add(&f->t.messages, piece.ptr, piece.len);
		else
			feed(f, run);
		if (!goes_on(f))
			return;
		if (event == RECORD_BAD)
			transfer_fail(
			    &f->t, 502, "bad-record",
			    "is it a FastCGI application that listens there?",
			    "sent no FastCGI record");
		else if (event == RECORD_END)
			request_ended(f);
	}
	/* Bytes after END_REQUEST belong to no request: do not reuse the
	 * connection. */
	if (at < len)
		f->whole = false;
}

/*
 * Moving bytes from the application to the client has failed.  True: because of
 * the application's connection.  Its error may have been reported by that move,
 * and then the socket only reads as ended.
 */
static bool
is_ours(const struct forward *f)
{
	char byte;
	ssize_t n = recv(f->connection.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

/* Send the rest of a large record on.  The sink moves it without copying if it
 * can. */
static void
move_output(struct forward *f, size_t most)
{
	ssize_t n = transfer_move(&f->t, f->connection.fd, most);
	int error = errno;

	if (n > 0) {
		record_skip(&f->reader, (size_t)n);
		f->count += (uint64_t)n;
		f->fed_at = clock_ms();
	} else if (n == 0) {
		ended_early(f, 0);
	} else if (error == EAGAIN || error == EINTR) {
		return;
	} else if (is_ours(f)) {
		ended_early(f, error);
	} else {
		errno = error;
		transfer_sink_failed(&f->t);
	}
}

static void
read_output(struct forward *f)
{
	struct scratch *scratch = f->t.exchange->scratch;
	size_t most = record_output_left(&f->reader);
	ssize_t n;

	if (most >= MOVE_MIN && !f->t.discard &&
	    response_in_body(f->t.response)) {
		move_output(f, most);
		f->t.last = clock_ms();
		return;
	}
	n = recv(f->connection.fd, scratch->io, TRANSFER_CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ended_early(f, n == 0 ? 0 : errno);
		return;
	}
	f->received = true;
	f->count += (uint64_t)n;
	f->t.last = clock_ms();
	forward_connection_answered(&f->connection);
	parse_records(f, scratch->io, (size_t)n);
	/* Set this again: while a slow client kept us waiting, the application
	 * was not idle. */
	f->t.last = clock_ms();
}

/* Is the network connection lost, so that no response can come?  (After EPIPE
 * and ECONNRESET there may be one to read.) */
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
		f->t.last = clock_ms();
	if (rc == 0)
		return;
	f->sending = false;
	f->sent_at = clock_ms();
	/* It may have responded without reading all of the body. */
	f->cut = rc < 0;
	if (rc < 0 && is_cut_off(error))
		ended_early(f, error);
	else if (rc < 0 && error != EPIPE && error != ECONNRESET)
		transfer_fail(&f->t, 500, "send-failed", NULL, strerror(error));
}

/* ---- time ---- */

static struct deadline
next_deadline(const struct forward *f)
{
	static const struct deadline first = {
	    0, "first-byte-timeout",
	    "raise first-byte-timeout, give the application more processes, or "
	    "find out what it waits for",
	    "timed out: no header block in time"};
	static const struct deadline own = {
	    0, "first-byte-timeout",
	    "raise first-byte-timeout, or find out what it waits for",
	    "timed out: no header block in time"};
	static const struct deadline deaf = {
	    0, "idle-timeout",
	    "raise idle-timeout, or find out what it waits for",
	    "did not take the request"};
	const struct transfer *t = &f->t;
	/* Discarded output is not parsed, so any byte of it counts as the
	 * beginning of the response. */
	bool begun =
	    f->sending || t->response->started || (t->discard && f->fed);

	return transfer_deadline(t, begun, f->sent_at,
				 !begun && f->own != NULL ? &own
				 : !begun		  ? &first
				 : f->sending		  ? &deaf
							  : NULL);
}

/* ---- our own server ---- */

static void
read_errors(struct forward *f)
{
	if (!stderr_read(&f->t.messages, f->err))
		f->err = -1; /* not ours to close */
	transfer_check_messages(&f->t);
}

/* The server has ended.  Read what it has sent, but do not wait for the end of
 * the connection, because a child of it may still hold that, and write without
 * end (relay.c, read_rest). */
static void
server_ended(struct forward *f)
{
	struct pollfd output = {.fd = f->connection.fd, .events = POLLIN};
	uint64_t own = f->count + transfer_waiting(f->connection.fd);

	for (int i = 0; (i < REST_READS || f->count < own) && goes_on(f) &&
			poll(&output, 1, 0) > 0;
	     i++)
		read_output(f);
	if (goes_on(f))
		ended_early(f, 0);
}

/* Log what the server has written to its standard error until now. */
static void
read_last_errors(struct forward *f)
{
	struct pollfd errors = {.fd = f->err, .events = POLLIN};

	for (int i = 0; i < REST_READS && f->err >= 0; i++) {
		if (poll(&errors, 1, 0) <= 0 ||
		    !stderr_read(&f->t.messages, f->err))
			break;
	}
}

/* Terminate the server.  After SIGTERM it would first finish its request, which
 * a program that was started for the request would not do: so it gets SIGKILL,
 * and only its children get time to end. */
static void
end_server(struct forward *f)
{
	struct transfer *t = &f->t;
	struct child *child = f->own->child;
	uint64_t grace = t->settings->app.kill_grace;
	/* If the connection has ended, the server is probably exiting: wait
	 * for its status, which says why. */
	bool by_us = !child_wait(child, f->dead ? LAST_MOMENT : 0);
	struct ending ending;

	ending_begin(&ending, child, f->own->pipe, 0,
		     grace > HOUR ? HOUR : grace);
	(void)kill(child->pid, SIGKILL);
	if (by_us && !t->lost)
		(void)t->exchange->out->flush(t->exchange->out);
	read_last_errors(f);
	if (ending_run(&ending, -1) == ENDING_LEFT)
		transfer_left(t, child);
	else if (!t->complete)
		transfer_ended(t, ending.status, by_us);
	*child = (struct child){0, -1, 0};
}

/* ---- the loop ---- */

enum { ON_APP, ON_ERR, ON_END, ON_OWN };

static int
wait_for(struct forward *f, struct pollfd fds[ON_OWN + TRANSFER_FDS],
	 const struct deadline *deadline)
{
	int ms = deadline_wait(deadline);
	int patience = forward_connection_patience(&f->connection);
	struct timespec time;

	if (f->t.unflushed)
		ms = transfer_sooner(ms, TRANSFER_LINGER);
	if (patience >= 0)
		ms = transfer_sooner(ms, patience);
	time = (struct timespec){ms / 1000, ms % 1000 * 1000000L};
	fds[ON_APP] = (struct pollfd){
	    f->connection.fd, (short)(POLLIN | (f->sending ? POLLOUT : 0)), 0};
	fds[ON_ERR] = (struct pollfd){f->err, POLLIN, 0};
	fds[ON_END] = (struct pollfd){
	    f->own == NULL ? -1 : f->own->child->pidfd, POLLIN, 0};
	return transfer_poll(&f->t, fds, ON_OWN, ms < 0 ? NULL : &time);
}

static void
handle(struct forward *f, const struct pollfd *fds)
{
	short app = fds[ON_APP].revents;

	if (transfer_stopped(&f->t, fds, ON_OWN))
		return;
	if (fds[ON_ERR].revents != 0)
		read_errors(f);
	if (f->sending && (app & (POLLOUT | POLLERR)) != 0)
		send_more(f);
	if (goes_on(f) && (app & (POLLIN | POLLHUP | POLLERR)) != 0)
		read_output(f);
	if (goes_on(f) && fds[ON_END].revents != 0)
		server_ended(f);
	if (goes_on(f))
		transfer_check_client(&f->t, fds, ON_OWN);
}

/* The request has been sent: poll for a moment before sleeping, because the
 * response may come soon (spin.h). */
static void
spin(struct forward *f)
{
	struct spin *spin = &f->t.exchange->scratch->spin_application;
	int rounds = spin_rounds(spin);

	if (rounds == 0)
		return;
	while (rounds-- > 0 && goes_on(f) && !f->received) {
		(void)sched_yield();
		read_output(f);
	}
	spin_ended(spin, f->received);
}

/* No output has come for a moment, though other events have, such as messages:
 * so what is buffered must be flushed. */
static bool
is_quiet(const struct forward *f)
{
	return f->t.unflushed && clock_ms() > f->fed_at + TRANSFER_LINGER;
}

static void
run(struct forward *f)
{
	struct pollfd fds[ON_OWN + TRANSFER_FDS];

	send_more(f); /* usually all of it at once */
	if (!f->sending)
		spin(f);
	while (goes_on(f)) {
		struct deadline deadline = next_deadline(f);
		int rc = wait_for(f, fds, &deadline);

		if (rc > 0)
			handle(f, fds);
		else if (rc == 0)
			forward_connection_check(&f->connection);
		if (rc == 0 || (goes_on(f) && is_quiet(f)))
			transfer_flush(&f->t);
		deadline = next_deadline(f);
		if (goes_on(f))
			transfer_check(&f->t, &deadline);
	}
}

/* ---- an attempt ---- */

static void
not_connected(struct forward *f, const struct forward_failure *failure)
{
	if (failure->error == ECANCELED)
		transfer_client_gone(&f->t);
	else
		transfer_fail(&f->t, failure->status, failure->id,
			      failure->todo, failure->text);
	f->t.over = true;
}

/* After connecting: send the request, and relay the response. */
static void
exchange(struct forward *f)
{
	f->sending = true;
	f->t.last = f->sent_at = f->fed_at = clock_ms();
	f->count = 0;
	forward_sender_init(&f->sender, &f->request, f->connection.fd);
	record_reader_init(&f->reader);
	run(f);
}

static void
attempt(struct forward *f)
{
	struct forward_failure failure;
	int rc = forward_connect(&f->connection, &failure);

	f->again = f->received = f->fed = f->cut = f->whole = false;
	f->t.unflushed = false;
	if (f->connection.address != NULL)
		f->t.name = f->connection.address->text;
	if (rc != 0) {
		not_connected(f, &failure);
		return;
	}
	f->t.messages.program = f->t.name;
	exchange(f);
	stderr_end(&f->t.messages);
	forward_connection_close(&f->connection, f->whole);
}

/* Each address is tried once at most, and once more if the first connection
 * was a kept one, so the loop over forward_connect ends. */
static void
forward(struct forward *f)
{
	attempt(f);
	while (f->again) {
		transfer_log(&f->t, LOG_LEVEL_DEBUG, "forward-again", NULL,
			     "has not responded, trying the next one");
		attempt(f);
	}
}

static struct forward_connection
connection_for(const struct forward *f, struct forward_pool *pool)
{
	const struct app *app = &f->t.settings->app;
	struct exchange *x = f->t.exchange;

	return (struct forward_connection){
	    .app = app,
	    .pool = pool,
	    .log = x->log,
	    .watch = {x->stop_fd,
		      app->on_abort == ON_ABORT_FINISH ? NULL : x->out},
	    .until = x->until == 0 ? UINT64_MAX : x->until,
	    .fresh = !f->idempotent,
	    .fd = -1};
}

void
forward_run(struct forward_pool *pool, const struct settings *settings,
	    struct exchange *exchange, char **variables, struct body *body,
	    struct response *response, bool idempotent)
{
	const struct app *app = &settings->app;
	struct forward f;

	if (transfer_init(&f.t, settings, exchange, response, "forward") != 0)
		return;
	f.t.ended = "the connection to the application is closed";
	f.t.runs_on = "the application continues";
	f.own = NULL;
	f.err = -1;
	f.idempotent = idempotent;
	f.connection = connection_for(&f, pool);
	stderr_init(&f.t.messages, exchange, app->stderr_to, "forward", 0);
	if (forward_request_make(&f.request, variables, body,
				 pool != NULL && app->keep > 0) != 0) {
		transfer_fail(&f.t, 500, "memory", NULL, strerror(errno));
		return;
	}
	exchange->outcome.ran = true;
	transfer_running(&f.t, 1);
	forward(&f);
	transfer_running(&f.t, -1);
	forward_request_free(&f.request);
}

bool
forward_own(const struct forward_own *own, const struct settings *settings,
	    struct exchange *x, struct body *body, struct response *response)
{
	struct forward f = {
	    .own = own,
	    .err = own->err,
	    .connection = {.app = &settings->app, .fd = own->fd}};

	if (transfer_init(&f.t, settings, x, response, own->name) != 0) {
		child_kill(own->child, SIGKILL);
		(void)child_reap(own->child);
		return false;
	}
	stderr_init(&f.t.messages, x, settings->app.stderr_to, own->name,
		    own->child->pid);
	if (forward_request_rest(&f.request, body) != 0)
		transfer_fail(&f.t, 500, "memory", NULL, strerror(errno));
	x->outcome.ran = true;
	transfer_running(&f.t, 1);
	if (goes_on(&f))
		exchange(&f);
	forward_request_free(&f.request);
	if (f.whole)
		read_last_errors(&f);
	else
		end_server(&f);
	stderr_end(&f.t.messages);
	transfer_running(&f.t, -1);
	return f.whole;
}
