/*
 * Sending a program's output to the client.
 *
 * A single poll waits for everything that can happen: output, standard error,
 * the end of the program, and what transfer.c watches.
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
	LAST_MOMENT = 50,   /* ms to exit, after its output has ended */
	BRIEF = 4096,	    /* bytes: fewer may be the whole output */
	BRIEF_TIME = 300,   /* us to wait then for the exit alone */
	POLL_TICK = 50,	    /* ms between two checks without a pidfd */
	CGI_GRACE = 2500,   /* ms; see end_program */
	REST_READS = 64	    /* the most reads of what an ended program left */
};

struct relay {
	struct transfer t;
	const struct script *script;
	struct child child;
	int out;	/* the program's standard output; -1: closed */
	int err;	/* its standard error; -1: closed */
	ino_t pipes[2]; /* the inodes of both (ending.h) */
	uint64_t shut;	/* clock_ms when out ended */
	uint64_t count; /* bytes read from out */
	bool hung;	/* a pipe has just ended: it probably exits now */
	bool brief;	/* its first output was small: it may exit now */
	bool waited;	/* output has been read: brief is set only once */
	bool ended;	/* the program has ended */
	bool told;	/* leave has been called */
	bool handed;	/* the reaper has taken the program over */
	bool left;	/* it could not be terminated */
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

/* Send output on as body.  The sink moves it without copying if it can. */
static void
move_output(struct relay *r)
{
	/* A slow client may take long for a full pipe, and total-timeout is
	 * only checked in between. */
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

/* Read output that must be parsed (the header block), or is discarded. */
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
	/* Set this last: while a slow client kept us waiting, the program was
	 * not idle. */
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
	/* Discarded output is not parsed, so any byte of it counts as the
	 * beginning of the response. */
	bool begun =
	    t->response->started || r->out < 0 || (t->discard && r->count > 0);

	return transfer_deadline(t, begun, t->started,
				 !begun	      ? &first
				 : r->out < 0 ? &late
					      : NULL);
}

/* ---- the loop ---- */

enum { ON_OUT, ON_ERR, ON_CHILD, ON_OWN };

/* Milliseconds until leave is to be called; -1: not at all, as things are. */
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

/* Pass the program to the reaper.  ending: it is being terminated; NULL: it
 * runs. */
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
 * The response has ended but the program still runs.  It had a moment to exit,
 * because most do, and their exit status is sent with the response.  Now the
 * reaper takes it over, so that no worker waits for it.  Plain CGI has no
 * reaper: there the sink tells the server that the response is complete.
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

/* How many ms to wait, at most until the deadline; -1: no limit. */
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
 * A program that exits closes one pipe, then the other, and then ends, and each
 * of these would wake this thread.  So after the first, poll waits for a moment
 * for the end alone.  It does the same after the first output, if that was
 * small, because most programs exit when they have written their response.
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

/* No output has come for a moment, though other events have: so what is
 * buffered must be flushed. */
static bool
is_quiet(const struct relay *r, const struct pollfd *fds)
{
	return fds[ON_OUT].revents == 0 &&
	       clock_ms() > r->t.last + TRANSFER_LINGER;
}

/* Read from the pipes that have data, and close those that have ended. */
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

/*
 * The program has ended, but a child of it may still hold the pipes and write
 * without end.  So everything that is in the pipe now is read, because the
 * program may have written it, and what comes later only up to a limit.
 */
static void
read_rest(struct relay *r)
{
	struct pollfd fds[2];
	/* A read may return less than there is. */
	uint64_t own = r->count + transfer_waiting(r->out);

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

/* fds: the result of the poll that reported the end; NULL: no poll did. */
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

/* Run the program in a fork of a warm interpreter, if there is one. */
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
		    /* server.c calls child_prepare */
		    .prepared = r->t.exchange->fastcgi,
		    .adopts = true,
		    /* A web server that kills this CGI process has sent it
		     * SIGTERM before, and the program has got that, too. */
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

/* The program has got SIGTERM: read what it still writes to standard error,
 * until `until` (clock_ms) at most. */
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
 * Wait for the end of a program that has got SIGTERM.  Most end at once.  The
 * reaper takes over one that does not, so that no worker waits for it; plain
 * CGI has no reaper, and waits.
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

/* Terminate the program.  Returns its wait status; *by_us: it had not ended by
 * itself. */
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
	/* If it has closed both pipes, it is probably exiting: let it, so that
	 * the log has its own exit status. */
	*by_us = !child_wait(&r->child, silent ? LAST_MOMENT : 0);
	file_close(&r->out);
	ending_begin(&ending, &r->child, r->pipes[0], r->pipes[1], grace);
	/* The client need not wait for the grace period. */
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
