/*
 * Carrying a program's output to the client.
 *
 * One poll for everything that can happen: output, complaints, the end of the
 * program, the client gone, the end of our time.  Nothing is queued: what is
 * not read from the pipe stops the program, which is the back-pressure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "run/child.h"
#include "run/log.h"
#include "run/metrics.h"
#include "run/stderr.h"

enum {
	CHUNK = 64 * 1024,
	HOUR = 3600 * 1000, /* ms */
	LAST_MOMENT = 50,   /* ms */
	LINGER = 1,	    /* ms to wait for more before a flush */
	BRIEF = 4096,	    /* bytes: less at first may have been all */
	BRIEF_TIME = 300,   /* us to wait then for the end alone */
	OLD_TICK = 50,	    /* ms between two looks without a pidfd */
	FALSE_ALARMS = 8,   /* of the client, before it is left alone */
	CGI_GRACE = 2500,   /* ms; see end_program */
	REST_READS = 64	    /* of what a program leaves in its pipes */
};

struct relay {
	const struct settings *settings;
	struct exchange *exchange;
	const struct script *script;
	struct response *response;
	struct child child;
	struct stderr_reader complaints;
	int out; /* the program's standard output; -1: ended */
	int err;
	uint64_t started; /* ms */
	uint64_t last;	  /* of output */
	uint64_t taken;	  /* bytes of it */
	bool unflushed;
	bool hung;    /* a pipe was closed: it is about to end */
	bool brief;   /* little has come: it may be about to end */
	bool waited;  /* that has been waited for, once */
	bool whole;   /* the response is complete */
	bool ended;   /* the program has */
	bool over;    /* the program must be ended */
	bool lost;    /* the client is gone */
	bool discard; /* the same, with on-abort = finish */
	unsigned alarms;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* ---- what goes wrong ---- */

static void
note(const struct relay *r, enum log_level level, const char *id,
     const char *todo, const char *text)
{
	char path[512];

	log_event(
	    r->exchange->log, level, id, r->response->request, todo, "%s: %s",
	    log_quote(slice_from(r->script->path), path, sizeof(path)), text);
}

static void
fail(struct relay *r, int status, const char *id, const char *todo,
     const char *text)
{
	note(r, LOG_LEVEL_ERROR, id, todo, text);
	if (r->discard || r->whole)
		r->exchange->outcome.failure = id;
	else
		response_fail(r->response, status, id, NULL);
	r->over = true;
}

static void
stopped(struct relay *r)
{
	fail(r, 503, "stopped", NULL, "ended because corswrap is to end");
}

static void
client_gone(struct relay *r)
{
	struct sink *out = r->exchange->out;

	if (out->set_broken != NULL)
		out->set_broken(out);
	r->exchange->outcome.failure = "client-gone";
	r->lost = true;
	r->complaints.to = STDERR_LOG; /* nobody else hears them now */
	if (r->settings->app.on_abort == ON_ABORT_FINISH)
		r->discard = true;
	else
		r->over = true;
	note(r, LOG_LEVEL_INFO, "client-gone", NULL,
	     r->over ? "the client is gone; the program is ended"
		     : "the client is gone; the program runs on");
}

/* The sink could not be written to. */
static void
sink_failed(struct relay *r)
{
	if (errno == ECANCELED)
		stopped(r);
	else
		client_gone(r);
}

/* ---- output ---- */

static void
fed(struct relay *r, int rc)
{
	if (rc == -1)
		sink_failed(r);
	else if (rc == -2)
		r->over = true; /* response_fail has been called */
	else
		r->unflushed = true;
}

static void
output_ended(struct relay *r)
{
	close_fd(&r->out);
	if (r->discard)
		return;
	fed(r, response_end(r->response));
	r->whole = !r->over && !r->discard;
}

/* Body: the cheapest way there is. */
static void
move_output(struct relay *r)
{
	struct sink *out = r->exchange->out;
	/* A slow client may need long for what a pipe holds. */
	size_t most = r->settings->app.total_timeout > 0 ? CHUNK : 0;
	ssize_t n = out->move(out, r->out, most);

	if (n > 0) {
		r->taken += (uint64_t)n;
		r->exchange->outcome.body_bytes += (uint64_t)n;
		r->unflushed = true;
	} else if (n == 0) {
		output_ended(r);
	} else if (errno == EPIPE || errno == ECONNRESET ||
		   errno == ETIMEDOUT || errno == ECANCELED) {
		sink_failed(r);
	} else if (errno != EAGAIN && errno != EINTR) {
		fail(r, 502, "read-failed", NULL, strerror(errno));
	}
}

/* Header block, or output that nobody is to get. */
static void
feed_output(struct relay *r)
{
	char *buf = r->exchange->scratch->io;
	ssize_t n = read(r->out, buf, CHUNK);

	r->brief = n > 0 && n < BRIEF && !r->waited;
	r->waited = true;
	r->taken += n > 0 ? (uint64_t)n : 0;
	if (n > 0 && !r->discard)
		fed(r, response_feed(r->response, buf, (size_t)n));
	else if (n == 0)
		output_ended(r);
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		fail(r, 502, "read-failed", NULL, strerror(errno));
}

static void
read_output(struct relay *r)
{
	if (response_in_body(r->response) && !r->discard)
		move_output(r);
	else
		feed_output(r);
	/* Afterwards: a slow client is not the program's silence. */
	r->last = clock_ms();
}

static void
read_complaints(struct relay *r)
{
	if (!stderr_read(&r->complaints, r->err))
		close_fd(&r->err);
	if (r->complaints.refused && !r->lost)
		client_gone(r);
}

/* ---- time ---- */

static struct deadline
next_deadline(const struct relay *r)
{
	static const struct deadline first = {
	    0, "first-byte-timeout",
	    "raise first-byte-timeout, or find out what it waits for",
	    "no header block in time"};
	static const struct deadline idle = {
	    0, "idle-timeout",
	    "raise idle-timeout, or find out what it waits for",
	    "no output for too long"};
	static const struct deadline late = {
	    0, "idle-timeout", "put what takes long into the background",
	    "it has closed its output but does not end"};
	static const struct deadline total = {
	    0, "total-timeout",
	    "raise total-timeout if such requests are meant",
	    "it took too long"};
	const struct app *app = &r->settings->app;
	struct deadline d = {.at = DEADLINE_NEVER};
	/* What nobody is to get is not looked at: any of it is a beginning. */
	bool begun =
	    r->response->started || r->out < 0 || (r->discard && r->taken > 0);

	if (!begun)
		deadline_sooner(&d, r->started, app->first_byte_timeout,
				&first);
	else
		deadline_sooner(&d, r->last, app->idle_timeout,
				r->out < 0 ? &late : &idle);
	deadline_sooner(&d, r->started, app->total_timeout, &total);
	return d;
}

/* ---- the loop ---- */

enum { ON_OUT, ON_ERR, ON_CHILD, ON_CLIENT, ON_STOP, ON_COUNT };

/* How long to wait: to the deadline, or less. */
static int
patience(const struct relay *r, const struct deadline *deadline)
{
	int ms = deadline_wait(deadline);

	if ((r->unflushed || r->hung) && (ms < 0 || ms > LINGER))
		ms = LINGER;
	/* Old kernels have no pidfd: look now and then. */
	if (r->child.pidfd < 0 && (ms < 0 || ms > OLD_TICK))
		ms = OLD_TICK;
	return ms;
}

/*
 * A program that ends closes one pipe, the other, and is gone, and each would
 * wake us.  So after the first its end alone is waited for, a moment long; and
 * so it is after the first output, if that was little, because most programs
 * end when they have said what they had to say.
 */
static int
wait_for(struct relay *r, struct pollfd fds[ON_COUNT],
	 const struct deadline *deadline)
{
	bool all = (!r->hung && !r->brief) || r->child.pidfd < 0;
	int ms = patience(r, deadline);
	struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
	bool endless = ms < 0 && !r->brief;
	int client = r->exchange->out->poll_fd;

	if (r->discard || r->whole || r->alarms > FALSE_ALARMS)
		client = -1;
	fds[ON_OUT] = (struct pollfd){all ? r->out : -1, POLLIN, 0};
	fds[ON_ERR] = (struct pollfd){all ? r->err : -1, POLLIN, 0};
	fds[ON_CHILD] = (struct pollfd){r->child.pidfd, POLLIN, 0};
	fds[ON_CLIENT] = (struct pollfd){client, POLLIN | OS_POLLRDHUP, 0};
	fds[ON_STOP] = (struct pollfd){r->exchange->stop_fd, POLLIN, 0};
	if (r->brief)
		time = (struct timespec){0, BRIEF_TIME * 1000L};
	r->hung = r->brief = false;
	return os_poll(fds, ON_COUNT, endless ? NULL : &time);
}

/* No more output for a moment: what there is goes out. */
static void
flush_output(struct relay *r)
{
	struct sink *out = r->exchange->out;

	r->unflushed = false;
	if (!r->discard && out->flush(out) != 0)
		sink_failed(r);
}

/* Other things happen, but no output. */
static bool
is_quiet(const struct relay *r, const struct pollfd fds[ON_COUNT])
{
	return fds[ON_OUT].revents == 0 && clock_ms() > r->last + LINGER;
}

/* Looked at after everything else: a program that never pauses (its client is
 * slow, say) would otherwise never be late. */
static void
look_at_clock(struct relay *r)
{
	struct deadline d = next_deadline(r);

	if (deadline_over(&d))
		fail(r, 504, d.id, d.todo, d.text);
}

/* What is in the two pipes, or their end. */
static void
look_into(struct relay *r, const struct pollfd *out, const struct pollfd *err)
{
	if (err->revents & POLLIN)
		read_complaints(r);
	else if (err->revents != 0)
		close_fd(&r->err);
	if (out->revents & POLLIN)
		read_output(r);
	else if (out->revents != 0)
		output_ended(r);
}

/* Nothing is in it, and nobody can write to it any more. */
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

/* The program has ended; a child of its own may still hold the pipes.  Take
 * what is in them and leave that child alone. */
static void
take_rest(struct relay *r, const struct pollfd *seen)
{
	struct pollfd fds[2];
	/* Of the program's own: a read may take less than there is. */
	uint64_t own = r->taken + waiting(r->out);

	r->ended = true;
	if (seen != NULL && is_shut(r->out, &seen[ON_OUT]) &&
	    is_shut(r->err, &seen[ON_ERR])) {
		close_fd(&r->err);
		if (r->out >= 0)
			output_ended(r);
		return;
	}
	/* Bounded: what is left behind may go on writing for ever. */
	for (int i = 0; (i < REST_READS || r->taken < own) && !r->over &&
			(r->out >= 0 || r->err >= 0);
	     i++) {
		fds[ON_OUT] = (struct pollfd){r->out, POLLIN, 0};
		fds[ON_ERR] = (struct pollfd){r->err, POLLIN, 0};
		int rc = poll(fds, 2, 0);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0) /* what is in them is lost: not a whole answer */
			fail(r, 500, "poll-failed", NULL, strerror(errno));
		if (rc <= 0)
			break;
		look_into(r, &fds[ON_OUT], &fds[ON_ERR]);
	}
	if (!r->over && r->out >= 0)
		output_ended(r);
}

static void
look_at_client(struct relay *r)
{
	struct sink *out = r->exchange->out;

	if (out->gone(out))
		client_gone(r);
	else
		r->alarms++; /* the sink may be wiser when more has come */
}

static void
happened(struct relay *r, const struct pollfd fds[ON_COUNT])
{
	int open = (r->out >= 0) + (r->err >= 0);

	if (fds[ON_STOP].revents != 0) {
		stopped(r);
		return;
	}
	if (fds[ON_CHILD].revents != 0) {
		take_rest(r, fds);
		return;
	}
	look_into(r, &fds[ON_OUT], &fds[ON_ERR]);
	r->hung = (r->out >= 0) + (r->err >= 0) < open;
	if (!r->over && !r->whole && fds[ON_CLIENT].revents != 0)
		look_at_client(r);
}

static bool
goes_on(const struct relay *r)
{
	return !r->over && !r->ended;
}

static void
run(struct relay *r)
{
	struct pollfd fds[ON_COUNT];

	while (goes_on(r)) {
		struct deadline deadline = next_deadline(r);
		int rc = wait_for(r, fds, &deadline);
		bool dry = rc == 0 || (rc > 0 && is_quiet(r, fds));

		if (rc < 0 && errno != EINTR)
			fail(r, 500, "poll-failed", NULL, strerror(errno));
		else if (rc > 0)
			happened(r, fds);
		if (dry && r->unflushed && goes_on(r))
			flush_output(r);
		if (r->child.pidfd < 0 && goes_on(r) &&
		    child_wait(&r->child, 0))
			take_rest(r, NULL);
		if (goes_on(r))
			look_at_clock(r);
	}
}

/* ---- start and end ---- */

static int
start(struct relay *r, char **variables, const struct body *body)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	enum child_stage stage = CHILD_STAGE_START;
	int rc = -1, error, status;

	if (os_pipe(out) == 0 && os_pipe(err) == 0) {
		struct child_spec spec = {
		    r->script->argv, variables, r->script->directory, body->fd,
		    out[1], err[1], &r->settings->app, r->exchange->file_limit,
		    /* server.c has */
		    r->exchange->fastcgi,
		    /* Whoever kills us as a CGI program has sent TERM. */
		    r->exchange->fastcgi ? SIGTERM : SIGKILL};
		rc = child_start(&spec, &r->child, &stage);
	}
	error = errno;
	close_fd(&out[1]);
	close_fd(&err[1]);
	r->out = out[0];
	r->err = err[0];
	if (rc == 0)
		return 0;
	close_fd(&r->out);
	close_fd(&r->err);
	status = child_report(r->exchange->log, r->response->request,
			      r->script->argv[0], stage, error);
	response_fail(r->response, status, "start-failed",
		      status == 503 ? CHILD_RETRY : NULL);
	return -1;
}

/* It has been told to end, and may want to say something. */
static void
hear_out(struct relay *r, uint64_t until)
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
			read_complaints(r);
		else if (fds[0].revents != 0 || fds[1].revents != 0)
			return;
		if (left == 0 || r->child.pidfd < 0)
			return;
	}
}

/* Returns its wait status; *by_us: not what it would have come to. */
static int
end_program(struct relay *r, bool *by_us)
{
	struct sink *out = r->exchange->out;
	bool silent = r->out < 0 && r->err < 0;
	uint64_t grace = r->settings->app.kill_grace, until, now;

	if (grace > HOUR)
		grace = HOUR;
	/* A web server that gives up on a CGI program kills it 3 s after TERM
	 * (APR, APR_KILL_AFTER_TIMEOUT).  What we have not ended by then would
	 * be nobody's. */
	if (!r->exchange->fastcgi && grace > CGI_GRACE)
		grace = CGI_GRACE;
	/* With both pipes closed it is about to end by itself: let it, so that
	 * the log tells what it died of. */
	*by_us = !child_wait(&r->child, silent ? LAST_MOMENT : 0);
	close_fd(&r->out);
	until = clock_ms() + grace;
	child_kill(&r->child, SIGTERM);
	/* The client need not wait for the grace. */
	if (*by_us && !r->lost)
		(void)out->flush(out);
	hear_out(r, until);
	now = clock_ms();
	return child_end(&r->child, now < until ? until - now : 0);
}

static void
report_end(struct relay *r, int status, bool by_us)
{
	struct sink *out = r->exchange->out;
	char text[128];

	if (WIFSIGNALED(status) && !by_us) {
		(void)snprintf(text, sizeof(text), "ended by signal %d (%s)",
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
		note(r, LOG_LEVEL_ERROR, "killed",
		     "run it by hand; a limit in [app] may have ended it",
		     text);
		if (r->exchange->outcome.failure == NULL)
			r->exchange->outcome.failure = "killed";
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		(void)snprintf(text, sizeof(text), "exit status %d",
			       WEXITSTATUS(status));
		note(r, LOG_LEVEL_WARNING, "exit-status", NULL, text);
	}
	if (out->set_exit != NULL)
		out->set_exit(out, WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						       : WEXITSTATUS(status));
}

static void
run_to_end(struct relay *r)
{
	struct metrics *counters = r->exchange->metrics;
	bool by_us = false;
	int status;

	if (counters != NULL)
		metrics_running(counters, 1);
	run(r);
	status = r->over ? end_program(r, &by_us) : child_reap(&r->child);
	close_fd(&r->out);
	close_fd(&r->err);
	stderr_end(&r->complaints);
	report_end(r, status, by_us);
	if (counters != NULL)
		metrics_running(counters, -1);
}

void
relay_run(const struct settings *settings, struct exchange *exchange,
	  const struct script *script, char **variables, struct body *body,
	  struct response *response)
{
	struct scratch *scratch = exchange->scratch;
	struct relay r;

	if (buffer_need(&scratch->io, &scratch->io_cap, CHUNK) != 0) {
		log_event(exchange->log, LOG_LEVEL_ERROR, "no-memory",
			  response->request,
			  "lower `workers`, or give the machine more memory",
			  "memory is out");
		response_fail(response, 500, "no-memory", NULL);
		return;
	}
	r.settings = settings;
	r.exchange = exchange;
	r.script = script;
	r.response = response;
	r.brief = r.waited = false;
	r.unflushed = r.hung = r.whole = r.ended = r.over = false;
	r.lost = r.discard = false;
	r.alarms = 0;
	r.taken = 0;
	r.started = r.last = clock_ms();
	if (start(&r, variables, body) != 0)
		return;
	exchange->outcome.ran = true;
	body_close(body);
	stderr_init(&r.complaints, exchange, settings->app.stderr_to,
		    script->path, r.child.pid);
	run_to_end(&r);
}
