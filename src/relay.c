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

#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "log.h"
#include "status.h"

enum {
	CHUNK = 64 * 1024,
	STDERR_MAX = 64 * 1024, /* bytes a request that reach the log */
	LINE_MAX_BYTES = 1024,
	LAST_MOMENT = 50, /* ms */
	LINGER = 1 /* ms to wait for more before a flush */
};

struct relay {
	const struct settings *settings;
	struct exchange *exchange;
	const struct script *script;
	struct response *response;
	struct child child;
	int out; /* the program's standard output; -1: ended */
	int err;
	uint64_t started; /* ms, monotonic */
	uint64_t last;    /* of output */
	bool unflushed;
	bool over;     /* the program must be ended */
	bool discard;  /* the client is gone, on-abort = finish */
	bool watch;    /* the client is still watched */
	size_t err_bytes;
	size_t line_len;
	char line[LINE_MAX_BYTES];
};

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* ---- what the program complains of ---- */

static void
complain(struct relay *r)
{
	struct sink *out = r->exchange->out;
	struct slice line = slice_of(r->line, r->line_len);

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	r->line_len = 0;
	if (line.len == 0)
		return;
	if (r->settings->app.stderr_to == STDERR_FASTCGI &&
	    out->complain != NULL) {
		(void)out->complain(out, line.ptr, line.len);
		return;
	}
	const char *name = strrchr(r->script->path, '/');
	log_program(r->exchange->log, name == NULL ? r->script->path : name + 1,
	    (long)r->child.pid, line);
}

static void
take_complaints(struct relay *r, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		r->err_bytes++;
		if (r->err_bytes > STDERR_MAX)
			continue;
		if (data[i] != '\n')
			r->line[r->line_len++] = data[i];
		if (data[i] == '\n' || r->line_len == sizeof(r->line))
			complain(r);
	}
}

static void
read_complaints(struct relay *r)
{
	char buf[4096];
	ssize_t n = read(r->err, buf, sizeof(buf));

	if (n > 0)
		take_complaints(r, buf, (size_t)n);
	else if (n == 0 || errno != EINTR)
		close_fd(&r->err);
}

static void
end_complaints(struct relay *r)
{
	char text[96];
	int n;

	complain(r);
	if (r->err_bytes <= STDERR_MAX)
		return;
	n = snprintf(text, sizeof(text), "%zu more bytes were dropped",
	    r->err_bytes - STDERR_MAX);
	r->err_bytes = 0;
	take_complaints(r, text, (size_t)n);
	complain(r);
}

/* ---- what goes wrong ---- */

static void
fail(struct relay *r, int status, const char *id, const char *todo,
    const char *text)
{
	log_event(r->exchange->log, LOG_LEVEL_ERROR, id, r->response->request,
	    todo, "%s: %s", r->script->path, text);
	if (r->discard)
		r->exchange->outcome.failure = id;
	else
		response_fail(r->response, status, id, NULL);
	r->over = true;
}

static void
client_gone(struct relay *r)
{
	r->exchange->outcome.failure = "client-gone";
	r->watch = false;
	if (r->exchange->out->set_broken != NULL)
		r->exchange->out->set_broken(r->exchange->out);
	if (r->settings->app.on_abort == ON_ABORT_FINISH)
		r->discard = true;
	else
		r->over = true;
	log_event(r->exchange->log, LOG_LEVEL_INFO, "client-gone",
	    r->response->request, NULL, "%s: the client is gone; the program "
	    "%s", r->script->path, r->over ? "is ended" : "runs on");
}

/* ---- output ---- */

static void
fed(struct relay *r, int rc)
{
	if (rc == -1)
		client_gone(r);
	else if (rc == -2)
		r->over = true;
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
}

/* Body: the cheapest way there is. */
static void
move_output(struct relay *r)
{
	struct sink *out = r->exchange->out;
	ssize_t n = out->move(out, r->out, 0);

	if (n > 0) {
		r->exchange->outcome.body_bytes += (uint64_t)n;
		r->unflushed = true;
	} else if (n == 0) {
		output_ended(r);
	} else if (errno == EPIPE || errno == ECONNRESET ||
	    errno == ETIMEDOUT) {
		client_gone(r);
	} else if (errno != EAGAIN && errno != EINTR) {
		fail(r, 502, "read-failed", NULL, strerror(errno));
	}
}

static void
read_output(struct relay *r)
{
	struct scratch *scratch = r->exchange->scratch;
	ssize_t n;

	r->last = now_ms();
	if (response_in_body(r->response) && !r->discard) {
		move_output(r);
		return;
	}
	n = read(r->out, scratch->io, CHUNK);
	if (n > 0 && !r->discard)
		fed(r, response_feed(r->response, scratch->io, (size_t)n));
	else if (n == 0)
		output_ended(r);
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		fail(r, 502, "read-failed", NULL, strerror(errno));
}

/* ---- time ---- */

struct deadline {
	uint64_t at; /* UINT64_MAX: none */
	const char *id;
	const char *todo;
	const char *text;
};

static void
sooner(struct deadline *d, uint64_t from, uint64_t ms, struct deadline other)
{
	if (ms == 0 || from + ms >= d->at)
		return;
	other.at = from + ms;
	*d = other;
}

static struct deadline
next_deadline(const struct relay *r)
{
	const struct app *app = &r->settings->app;
	struct deadline d = { UINT64_MAX, NULL, NULL, NULL };

	if (!r->response->started)
		sooner(&d, r->started, app->first_byte_timeout,
		    (struct deadline){ 0, "first-byte-timeout",
			"raise first-byte-timeout, or find out what it waits "
			"for",
			"no header block in time" });
	else
		sooner(&d, r->last, app->idle_timeout,
		    (struct deadline){ 0, "idle-timeout",
			"raise idle-timeout, or find out what it waits for",
			"no output for too long" });
	sooner(&d, r->started, app->total_timeout,
	    (struct deadline){ 0, "total-timeout",
		"raise total-timeout if such requests are meant",
		"it took too long" });
	return d;
}

/* ---- the loop ---- */

enum { ON_OUT, ON_ERR, ON_CHILD, ON_CLIENT, ON_STOP, ON_COUNT };

static int
wait_for(struct relay *r, struct pollfd fds[ON_COUNT],
    const struct deadline *deadline)
{
	int ms = -1;

	fds[ON_OUT] = (struct pollfd){ r->out, POLLIN, 0 };
	fds[ON_ERR] = (struct pollfd){ r->err, POLLIN, 0 };
	fds[ON_CHILD] = (struct pollfd){ r->child.pidfd, POLLIN, 0 };
	fds[ON_CLIENT] = (struct pollfd){
		r->watch ? r->exchange->out->poll_fd : -1,
		POLLIN | POLLRDHUP, 0
	};
	fds[ON_STOP] = (struct pollfd){ r->exchange->stop_fd, POLLIN, 0 };
	if (deadline->at != UINT64_MAX) {
		uint64_t now = now_ms();
		uint64_t left = deadline->at > now ? deadline->at - now : 0;
		ms = left > 60000 ? 60000 : (int)left;
	}
	if (r->unflushed && (ms < 0 || ms > LINGER))
		ms = LINGER;
	/* Old kernels have no pidfd: look now and then. */
	if (r->child.pidfd < 0 && (ms < 0 || ms > 50))
		ms = 50;
	return poll(fds, ON_COUNT, ms);
}

static void
nothing_came(struct relay *r, const struct deadline *deadline)
{
	struct sink *out = r->exchange->out;

	if (r->unflushed && !r->discard) {
		r->unflushed = false;
		if (out->flush(out) != 0)
			client_gone(r);
		return;
	}
	if (deadline->at != UINT64_MAX && now_ms() >= deadline->at)
		fail(r, 504, deadline->id, deadline->todo, deadline->text);
}

/* The program has ended; a child of its own may still hold the pipes.  Take
 * what is in them and leave that child alone. */
static void
take_rest(struct relay *r)
{
	struct pollfd fds[2];

	/* Bounded: what is left behind may go on writing for ever. */
	for (int i = 0; i < 64 && !r->over && (r->out >= 0 || r->err >= 0);
	     i++) {
		fds[0] = (struct pollfd){ r->out, POLLIN, 0 };
		fds[1] = (struct pollfd){ r->err, POLLIN, 0 };
		int rc = poll(fds, 2, 0);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			break;
		if (fds[1].revents != 0)
			read_complaints(r);
		if (fds[0].revents != 0)
			read_output(r);
	}
	if (!r->over && r->out >= 0)
		output_ended(r);
}

static void
happened(struct relay *r, struct pollfd fds[ON_COUNT])
{
	struct sink *out = r->exchange->out;

	if (fds[ON_STOP].revents != 0) {
		fail(r, 503, "stopped", NULL, "ended because corswrap stops");
		return;
	}
	if (fds[ON_ERR].revents != 0)
		read_complaints(r);
	if (fds[ON_OUT].revents != 0)
		read_output(r);
	if (!r->over && fds[ON_CLIENT].revents != 0) {
		if (out->gone(out))
			client_gone(r);
		else
			r->watch = false; /* early bytes: of no use now */
	}
}

static void
run(struct relay *r)
{
	struct pollfd fds[ON_COUNT];

	while (!r->over) {
		struct deadline deadline = next_deadline(r);
		int rc = wait_for(r, fds, &deadline);
		if (rc < 0 && errno != EINTR) {
			fail(r, 500, "poll-failed", NULL, strerror(errno));
			return;
		}
		if (rc == 0)
			nothing_came(r, &deadline);
		if (rc > 0)
			happened(r, fds);
		if (r->out < 0 && r->err < 0)
			return;
		if (rc >= 0 && !r->over &&
		    (r->child.pidfd < 0 ? child_wait(&r->child, 0) :
			rc > 0 && fds[ON_CHILD].revents != 0)) {
			take_rest(r);
			return;
		}
	}
}

/* ---- start and end ---- */

static void
start_failed(struct relay *r, enum child_stage stage, int error)
{
	bool retry = error == EAGAIN || error == ENOMEM || error == EMFILE ||
	    error == ENFILE;
	const char *todo = child_hint(r->script->argv[0], stage, error);

	log_event(r->exchange->log, LOG_LEVEL_ERROR, "start-failed",
	    r->response->request, todo, "%s: cannot start: %s",
	    r->script->argv[0], strerror(error));
	response_fail(r->response, retry ? 503 :
	    error == ENOENT &&
	    access(r->script->argv[0], F_OK) != 0 ? 404 : 500,
	    "start-failed", retry ? "Retry-After: 1\r\n" : NULL);
}

static int
start(struct relay *r, char **variables, const struct body *body)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, null = -1;
	enum child_stage stage = CHILD_STAGE_START;
	int rc = -1, error;

	if (body->fd < 0)
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if ((body->fd >= 0 || null >= 0) && pipe2(out, O_CLOEXEC) == 0 &&
	    pipe2(err, O_CLOEXEC) == 0) {
		struct child_spec spec = { r->script->argv, variables,
			r->script->directory, body->fd >= 0 ? body->fd : null,
			out[1], err[1], &r->settings->app };
		rc = child_start(&spec, &r->child, &stage);
	}
	error = errno;
	close_fd(&null);
	close_fd(&out[1]);
	close_fd(&err[1]);
	if (rc != 0) {
		close_fd(&out[0]);
		close_fd(&err[0]);
		start_failed(r, stage, error);
		return -1;
	}
	r->out = out[0];
	r->err = err[0];
	return 0;
}

static void
report_end(struct relay *r, int status, bool by_us)
{
	struct exchange *e = r->exchange;

	if (WIFSIGNALED(status) && !by_us)
		log_event(e->log, LOG_LEVEL_ERROR, "killed",
		    r->response->request, "run it by hand; a limit in [app] "
		    "may have ended it", "%s: ended by signal %d (%s)",
		    r->script->path, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_event(e->log, LOG_LEVEL_WARNING, "exit-status",
		    r->response->request, NULL, "%s: exit status %d",
		    r->script->path, WEXITSTATUS(status));
	if (e->out->set_exit != NULL)
		e->out->set_exit(e->out, WIFSIGNALED(status) ?
			128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Both pipes are closed, but the program runs on: it has its time. */
static void
wait_end(struct relay *r)
{
	struct pollfd fds[ON_COUNT];

	while (!r->over && !child_wait(&r->child, 0)) {
		struct deadline deadline = next_deadline(r);
		int rc = wait_for(r, fds, &deadline);
		if (rc == 0)
			nothing_came(r, &deadline);
		if (rc > 0 && fds[ON_STOP].revents != 0)
			r->over = true;
		if (rc > 0 && fds[ON_CLIENT].revents != 0)
			r->watch = false;
	}
}

void
relay_run(const struct settings *settings, struct exchange *exchange,
    const struct script *script, char **variables, struct body *body,
    struct response *response)
{
	struct relay r = { .settings = settings, .exchange = exchange,
		.script = script, .response = response, .child = { 0, -1 },
		.out = -1, .err = -1, .watch = true };
	struct scratch *scratch = exchange->scratch;
	int status;
	bool by_us;

	if (scratch_need(&scratch->io, &scratch->io_cap, CHUNK) != 0) {
		response_fail(response, 500, "memory", NULL);
		return;
	}
	r.started = r.last = now_ms();
	if (start(&r, variables, body) != 0)
		return;
	exchange->outcome.ran = true;
	body_close(body);
	if (exchange->status != NULL)
		status_running(exchange->status, 1);
	run(&r);
	wait_end(&r);
	/* With both pipes closed it is about to end by itself: let it, so that
	 * the log tells what it died of. */
	by_us = r.over &&
	    !child_wait(&r.child, r.out < 0 && r.err < 0 ? LAST_MOMENT : 0);
	if (r.over)
		status = child_end(&r.child, settings->app.kill_grace);
	else
		status = child_reap(&r.child);
	close_fd(&r.out);
	close_fd(&r.err);
	end_complaints(&r);
	report_end(&r, status, by_us);
	if (exchange->status != NULL)
		status_running(exchange->status, -1);
}
