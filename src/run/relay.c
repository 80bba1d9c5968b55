/*
 * Sending a program's output to the client.
 *
 * One poll for everything that can happen: output, standard error, the end of
 * the program, and what transfer.c watches.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/os.h"
#include "run/answer.h"
#include "run/child.h"
#include "run/ending.h"
#include "run/log.h"
#include "run/reaper.h"
#include "run/transfer.h"

enum {
	HOUR = 3600 * 1000, /* ms */
	LAST_MOMENT = 50,   /* ms from the end of output to the program's */
	BRIEF = 4096,	    /* bytes: output this small may have been all */
	BRIEF_TIME = 300,   /* us to wait then for the end alone */
	POLL_TICK = 50,	    /* ms between two checks without a pidfd */
	CGI_GRACE = 2500,   /* ms; see end_program */
	REST_READS = 64	    /* of data that a program leaves in its pipes */
};

struct relay {
	struct transfer t;
	const struct script *script;
	struct child child;
	int out;	/* the program's standard output; -1: ended */
	int err;	/* and its standard error */
	ino_t pipes[2]; /* of both */
	uint64_t shut;	/* ms, when out has ended */
	uint64_t count; /* bytes that came from out */
	bool hung;	/* a pipe was closed: it is about to end */
	bool brief;	/* little output has come: it may be about to end */
	bool waited;	/* that has been waited for, once */
	bool ended;	/* the program has */
	bool told;	/* that the response has ended */
	bool handed;	/* the reaper has it */
	bool left;	/* it cannot be ended */
};

/* ---- output ---- */

static void
output_ended(struct relay *r)
{
	file_close(&r->out);
	r->shut = clock_ms();
	transfer_end(&r->t);
}

static void
read_failed(struct relay *r)
{
	transfer_fail(&r->t, 502, "read-failed", NULL, strerror(errno));
}

/* Body: the cheapest way. */
static void
move_output(struct relay *r)
{
	/* A slow client may need long for the content of a pipe. */
	size_t most = r->t.settings->app.total_timeout > 0 ? TRANSFER_CHUNK : 0;
	ssize_t n = transfer_move(&r->t, r->out, most);

	if (n > 0)
		r->count += (uint64_t)n;
	else if (n == 0)
		output_ended(r);
	else if (errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT ||
		 errno == EBUSY || errno == ECANCELED)
		transfer_sink_failed(&r->t);
	else if (errno != EAGAIN && errno != EINTR)
		read_failed(r);
}

/* Header block, or output that is discarded. */
static void
feed_output(struct relay *r)
{
	char *buf = r->t.exchange->scratch->io;
	ssize_t n = read(r->out, buf, TRANSFER_CHUNK);

	r->brief = n > 0 && n < BRIEF && !r->waited;
	r->waited = true;
	if (n > 0) {
		r->count += (uint64_t)n;
		transfer_feed(&r->t, buf, (size_t)n);
	} else if (n == 0) {
		output_ended(r);
	} else if (errno != EINTR && errno != EAGAIN) {
		read_failed(r);
	}
}

static void
read_output(struct relay *r)
{
	if (response_in_body(r->t.response) && !r->t.discard)
		move_output(r);
	else
		feed_output(r);
	/* Afterwards: the program is not silent while its client is slow. */
	r->t.last = clock_ms();
}

static void
read_stderr(struct relay *r)
{
	if (!stderr_read(&r->t.messages, r->err))
		file_close(&r->err);
	transfer_check_messages(&r->t);
}

/* ---- time ---- */

static struct deadline
next_deadline(const struct relay *r)
{
	static const struct deadline first = {
	    0, "first-byte-timeout",
	    "raise first-byte-timeout, or find out what it waits for",
	    "timed out: no header block in time"};
	static const struct deadline late = {
	    0, "idle-timeout", "run long tasks in the background",
	    "it has closed its output but does not exit"};
	const struct transfer *t = &r->t;
	/* Output that is dropped is not parsed: any of it is a beginning. */
	bool begun =
	    t->response->started || r->out < 0 || (t->discard && r->count > 0);

	return transfer_deadline(t, begun, t->started,
				 !begun	      ? &first
				 : r->out < 0 ? &late
					      : NULL);
}

/* ---- the loop ---- */

enum { ON_OUT, ON_ERR, ON_CHILD, ON_OWN };

/* ms until the program is passed to the reaper; -1: never. */
static int
leave_wait(const struct relay *r)
{
	const struct exchange *x = r->t.exchange;
	uint64_t now = clock_ms();

	if (r->told || (r->out >= 0 && !r->t.discard) ||
	    (x->reaper == NULL && (r->out >= 0 || x->out->end == NULL)))
		return -1;
	if (r->t.discard || now >= r->shut + LAST_MOMENT)
		return 0;
	return (int)(r->shut + LAST_MOMENT - now);
}

/* ending: its end has begun; NULL: it goes on. */
static void
hand_over(struct relay *r, const struct ending *ending)
{
	const struct transfer *t = &r->t;
	struct exchange *x = t->exchange;
	struct reaper_program program = {.child = r->child,
					 .out = r->out,
					 .err = r->err,
					 .pipes = {r->pipes[0], r->pipes[1]},
					 .messages = &t->messages,
					 .name = t->name,
					 .app = &t->settings->app,
					 .started = t->started,
					 .last = t->last,
					 .left = x->left};

	(void)atomic_fetch_add(x->left, 1);
	r->handed =
	    (ending == NULL ? reaper_take(x->reaper, &program)
			    : reaper_end(x->reaper, &program, ending)) == 0;
	if (!r->handed)
		(void)atomic_fetch_sub(x->left, 1);
}

/*
 * The response has ended but the program has not: no worker waits for it any
 * longer.  It gets a moment, because most end then, and so their exit status
 * is sent with the response.  With plain CGI the server need not wait.
 */
static void
leave(struct relay *r)
{
	struct sink *out = r->t.exchange->out;

	r->told = true;
	if (r->t.complete)
		response_over(r->t.response);
	if (r->t.exchange->reaper != NULL)
		hand_over(r, NULL);
	else if (!r->t.discard && out->end(out) != 0)
		transfer_sink_failed(&r->t);
}

/* How long to wait in ms: to the deadline, or less; -1: no limit. */
static int
patience(const struct relay *r, const struct deadline *deadline)
{
	int ms = deadline_wait(deadline);

	if (r->t.unflushed || r->hung)
		ms = transfer_sooner(ms, TRANSFER_LINGER);
	if (leave_wait(r) >= 0)
		ms = transfer_sooner(ms, leave_wait(r));
	/* Old kernels have no pidfd: check now and then. */
	if (r->child.pidfd < 0)
		ms = transfer_sooner(ms, POLL_TICK);
	return ms;
}

/*
 * A program that ends closes one pipe, then the other, and exits, and each of
 * these would wake us.  So after the first only its end is waited for, for a
 * moment; and likewise after the first output, if it was small, because most
 * programs end when they have written their response.
 */
static int
wait_for(struct relay *r, struct pollfd fds[ON_OWN + TRANSFER_FDS],
	 const struct deadline *deadline)
{
	bool all = (!r->hung && !r->brief) || r->child.pidfd < 0;
	int ms = patience(r, deadline);
	struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
	bool endless = ms < 0 && !r->brief;

	fds[ON_OUT] = (struct pollfd){all ? r->out : -1, POLLIN, 0};
	fds[ON_ERR] = (struct pollfd){all ? r->err : -1, POLLIN, 0};
	fds[ON_CHILD] = (struct pollfd){r->child.pidfd, POLLIN, 0};
	if (r->brief)
		time = (struct timespec){0, BRIEF_TIME * 1000L};
	r->hung = r->brief = false;
	return transfer_poll(&r->t, fds, ON_OWN, endless ? NULL : &time);
}

/* Other things happen, but no output comes. */
static bool
is_quiet(const struct relay *r, const struct pollfd *fds)
{
	return fds[ON_OUT].revents == 0 &&
	       clock_ms() > r->t.last + TRANSFER_LINGER;
}

/* Read the two pipes, or their end. */
static void
read_pipes(struct relay *r, const struct pollfd *out, const struct pollfd *err)
{
	if (err->revents & POLLIN)
		read_stderr(r);
	else if (err->revents != 0)
		file_close(&r->err);
	if (out->revents & POLLIN)
		read_output(r);
	else if (out->revents != 0)
		output_ended(r);
}

/* The pipe is empty, and no process can write to it any more. */
static bool
is_shut(int fd, const struct pollfd *seen)
{
	return fd < 0 || (seen->fd == fd && (seen->revents & POLLHUP) != 0 &&
			  (seen->revents & POLLIN) == 0);
}

/* Bytes that lie in a pipe. */
static uint64_t
waiting(int fd)
{
	int have = 0;

	return fd >= 0 && ioctl(fd, FIONREAD, &have) == 0 && have > 0
		   ? (uint64_t)have
		   : 0;
}

/*
 * The program has ended; a child of it may still hold the pipes and go on
 * writing without end.  So the program's own output is read completely, more
 * only up to a limit, and the child is left alone.
 */
static void
read_rest(struct relay *r)
{
	struct pollfd fds[2];
	/* A read may return less than there is. */
	uint64_t own = r->count + waiting(r->out);

	for (int i = 0; (i < REST_READS || r->count < own) && !r->t.over &&
			(r->out >= 0 || r->err >= 0);
	     i++) {
		fds[ON_OUT] = (struct pollfd){r->out, POLLIN, 0};
		fds[ON_ERR] = (struct pollfd){r->err, POLLIN, 0};
		int rc = poll(fds, 2, 0);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0) /* their content is lost: the response is cut off */
			transfer_fail(&r->t, 500, "poll-failed", NULL,
				      strerror(errno));
		if (rc <= 0)
			break;
		read_pipes(r, &fds[ON_OUT], &fds[ON_ERR]);
	}
}

/* fds: of the poll that reported the end; NULL: there was none. */
static void
program_ended(struct relay *r, const struct pollfd *fds)
{
	r->ended = true;
	if (fds != NULL && is_shut(r->out, &fds[ON_OUT]) &&
	    is_shut(r->err, &fds[ON_ERR]))
		file_close(&r->err);
	else
		read_rest(r);
	if (!r->t.over && r->out >= 0)
		output_ended(r);
}

static void
handle(struct relay *r, const struct pollfd *fds)
{
	int open = (r->out >= 0) + (r->err >= 0);

	if (transfer_stopped(&r->t, fds, ON_OWN))
		return;
	if (fds[ON_CHILD].revents != 0) {
		program_ended(r, fds);
		return;
	}
	read_pipes(r, &fds[ON_OUT], &fds[ON_ERR]);
	r->hung = (r->out >= 0) + (r->err >= 0) < open;
	transfer_check_client(&r->t, fds, ON_OWN);
}

static bool
goes_on(const struct relay *r)
{
	return !r->t.over && !r->ended && !r->handed;
}

static void
run(struct relay *r)
{
	struct pollfd fds[ON_OWN + TRANSFER_FDS];

	while (goes_on(r)) {
		struct deadline deadline = next_deadline(r);
		int rc = wait_for(r, fds, &deadline);
		bool dry = rc == 0 || (rc > 0 && is_quiet(r, fds));

		if (rc > 0)
			handle(r, fds);
		if (dry && goes_on(r))
			transfer_flush(&r->t);
		if (r->child.pidfd < 0 && goes_on(r) &&
		    child_wait(&r->child, 0))
			program_ended(r, NULL);
		deadline = next_deadline(r);
		if (goes_on(r))
			transfer_check(&r->t, &deadline);
		if (goes_on(r) && leave_wait(r) == 0)
			leave(r);
	}
}

/* ---- start and end ---- */

/* In a fork of an interpreter that has compiled it, if there is one. */
static bool
start_warm(struct relay *r, const struct child_spec *spec)
{
	struct exchange *x = r->t.exchange;

	if (x->warm_start == NULL || x->outcome.warm != WARM_NONE)
		return false; /* warm_serve has found that it must run cold */
	x->outcome.warm =
	    x->warm_start(x->warm, r->t.settings, r->script, spec, &r->child);
	return x->outcome.warm == WARM_USED;
}

static int
start(struct relay *r, char **variables, const struct body *body)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	enum child_stage stage = CHILD_STAGE_START;
	int rc = -1, error, status;

	if (os_pipe(out) == 0 && os_pipe(err) == 0) {
		struct child_spec spec = {
		    .argv = r->script->argv,
		    .env = variables,
		    .directory = r->script->directory,
		    .in = body->fd,
		    .out = out[1],
		    .err = err[1],
		    .limits = &r->t.settings->app,
		    .files = r->t.exchange->file_limit,
		    .prepared = r->t.exchange->fastcgi, /* server.c has */
		    .adopts = true,
		    /* The server that kills us as a CGI program has sent
		     * TERM. */
		    .death_signal = r->t.exchange->fastcgi ? SIGTERM : SIGKILL};
		r->pipes[0] = ending_pipe(out[0]);
		r->pipes[1] = ending_pipe(err[0]);
		rc = start_warm(r, &spec)
			 ? 0
			 : child_start(&spec, &r->child, &stage);
	}
	error = errno;
	file_close(&out[1]);
	file_close(&err[1]);
	r->out = out[0];
	r->err = err[0];
	if (rc == 0)
		return 0;
	file_close(&r->out);
	file_close(&r->err);
	status = child_report(r->t.exchange->log, r->t.response->request,
			      r->script->argv[0], stage, error);
	response_fail(r->t.response, status, "start-failed");
	return -1;
}

/* It has got SIGTERM, and may still write. */
static void
read_last_stderr(struct relay *r, uint64_t until)
{
	struct pollfd fds[2];

	while (r->err >= 0) {
		uint64_t now = clock_ms();
		int left = now < until ? (int)(until - now) : 0;

		fds[0] = (struct pollfd){r->err, POLLIN, 0};
		fds[1] = (struct pollfd){r->child.pidfd, POLLIN, 0};
		if (poll(fds, 2, left) < 0 && errno != EINTR)
			return;
		if (fds[0].revents & POLLIN)
			read_stderr(r);
		else if (fds[0].revents != 0 || fds[1].revents != 0)
			return;
		if (left == 0 || r->child.pidfd < 0)
			return;
	}
}

/*
 * Its end has begun.  Most end at once; no worker waits for one that does not,
 * but under plain CGI the web server does.
 */
static void
see_end(struct relay *r, struct ending *ending, uint64_t grace)
{
	bool alone = r->t.exchange->reaper == NULL;
	enum ending_state state;

	read_last_stderr(
	    r,
	    clock_ms() + (alone || grace < LAST_MOMENT ? grace : LAST_MOMENT));
	state = ending_run(ending, alone ? -1 : LAST_MOMENT);
	if (state == ENDING_GOES_ON) {
		hand_over(r, ending);
		if (!r->handed)
			state = ending_run(ending, -1);
	}
	r->left = state == ENDING_LEFT;
	if (r->left)
		transfer_left(&r->t, &r->child);
}

/* Returns its wait status; *by_us: we ended it. */
static int
end_program(struct relay *r, bool *by_us)
{
	struct sink *out = r->t.exchange->out;
	bool silent = r->out < 0 && r->err < 0;
	uint64_t grace = r->t.settings->app.kill_grace;
	struct ending ending;

	if (grace > HOUR)
		grace = HOUR;
	/* A web server that gives up on a CGI program kills it 3 s after
	 * TERM (APR, APR_KILL_AFTER_TIMEOUT).  Programs that we have not
	 * ended by then would be left without a parent. */
	if (!r->t.exchange->fastcgi && grace > CGI_GRACE)
		grace = CGI_GRACE;
	/* With both pipes closed it is about to end by itself: let it, so
	 * that the log has its own exit status. */
	*by_us = !child_wait(&r->child, silent ? LAST_MOMENT : 0);
	file_close(&r->out);
	ending_begin(&ending, &r->child, r->pipes[0], r->pipes[1], grace);
	/* The client need not wait for the grace. */
	if (*by_us && !r->t.lost)
		(void)out->flush(out);
	see_end(r, &ending, grace);
	return ending.status;
}

static void
run_to_end(struct relay *r)
{
	bool by_us = false;
	int status = 0;

	transfer_running(&r->t, 1);
	run(r);
	if (!r->handed)
		status =
		    r->t.over ? end_program(r, &by_us) : child_reap(&r->child);
	if (r->handed)
		return;
	file_close(&r->out);
	file_close(&r->err);
	stderr_end(&r->t.messages);
	if (!r->left)
		transfer_ended(&r->t, status, by_us);
	transfer_running(&r->t, -1);
}

void
relay_run(const struct settings *settings, struct exchange *exchange,
	  const struct script *script, char **variables, struct body *body,
	  struct response *response)
{
	struct relay r;

	if (transfer_init(&r.t, settings, exchange, response, script->path) !=
	    0)
		return;
	r.script = script;
	r.count = 0;
	r.shut = 0;
	r.hung = r.brief = r.waited = r.ended = r.told = false;
	r.handed = r.left = false;
	if (start(&r, variables, body) != 0)
		return;
	exchange->outcome.ran = true;
	body_close(body);
	stderr_init(&r.t.messages, exchange, settings->app.stderr_to,
		    script->path, r.child.pid);
	run_to_end(&r);
}
