/*
 * Sending an application's output to the client.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/os.h"
#include "run/answer.h"
#include "run/ending.h"
#include "run/log.h"
#include "run/metrics.h"
#include "run/reaper.h"

static const char total_todo[] =
    "raise total-timeout if such requests are meant";
static const char total_text[] = "timed out: it took too long";

int
transfer_init(struct transfer *t, const struct settings *settings,
	      struct exchange *exchange, struct response *response,
	      const char *name)
{
	struct scratch *scratch = exchange->scratch;

	if (buffer_need(&scratch->io, &scratch->io_cap, TRANSFER_CHUNK) != 0) {
		log_no_memory(exchange->log, response->request);
		response_fail(response, 500, "no-memory");
		return -1;
	}
	t->settings = settings;
	t->exchange = exchange;
	t->response = response;
	t->name = name;
	t->ended = "the program is terminated";
	t->runs_on = "the program continues";
	t->started = t->last = clock_ms();
	t->unflushed = t->complete = t->whole = false;
	t->lost = t->discard = t->over = false;
	return 0;
}

void
transfer_running(const struct transfer *t, int change)
{
	if (t->exchange->metrics != NULL)
		metrics_running(t->exchange->metrics, change);
}

/* ---- what goes wrong ---- */

void
transfer_log(const struct transfer *t, enum log_level level, const char *id,
	     const char *todo, const char *text)
{
	char name[512];

	log_event(t->exchange->log, level, id, t->response->request, todo,
		  "%s: %s", log_quote(slice_from(t->name), name, sizeof(name)),
		  text);
}

void
transfer_fail(struct transfer *t, int status, const char *id, const char *todo,
	      const char *text)
{
	transfer_log(t, LOG_LEVEL_ERROR, id, todo, text);
	if (t->discard || t->complete || t->whole)
		t->exchange->outcome.failure = id;
	else
		response_fail(t->response, status, id);
	/* The output had ended, but too early by its Content-Length. */
	if (t->complete)
		response_over(t->response);
	t->over = true;
}

static void
stopped(struct transfer *t)
{
	transfer_fail(t, 503, "stopped", NULL,
		      "terminated: corswrap is shutting down");
}

/* Has the client the whole response?  It is flushed first, which fails if the
 * client has disconnected. */
static bool
has_all(const struct transfer *t)
{
	struct sink *out = t->exchange->out;

	return t->whole ||
	       (response_whole(t->response) && out->flush(out) == 0);
}

/* Why the client gets no more data. */
struct loss {
	enum log_level level;
	const char *id;
	const char *what;
	const char *todo;
};

/* If it has the whole response, this is not an error. */
static void
lose(struct transfer *t, const struct loss *why)
{
	struct sink *out = t->exchange->out;
	char text[128];

	t->lost = true;
	/* The server no longer takes standard error, so it is logged. */
	t->messages.to = STDERR_LOG;
	if (has_all(t)) {
		t->whole = t->discard = true;
		return;
	}
	if (out->set_broken != NULL)
		out->set_broken(out);
	t->exchange->outcome.failure = why->id;
	if (t->settings->app.on_abort == ON_ABORT_FINISH)
		t->discard = true;
	else
		t->over = true;
	(void)snprintf(text, sizeof(text), "%s; %s", why->what,
		       t->over ? t->ended : t->runs_on);
	transfer_log(t, why->level, why->id, why->todo, text);
}

void
transfer_client_gone(struct transfer *t)
{
	static const struct loss gone = {LOG_LEVEL_INFO, "client-gone",
					 "the client disconnected", NULL};

	lose(t, &gone);
}

void
transfer_sink_failed(struct transfer *t)
{
	static const struct loss idle = {
	    LOG_LEVEL_WARNING, "idle-timeout", "the client does not read",
	    "turn on buffering of responses in the web server, or raise "
	    "idle-timeout"};
	static const struct loss crowd = {LOG_LEVEL_INFO, "slow-clients",
					  "too many clients are slow", NULL};
	uint64_t until = t->exchange->until;

	if (errno == ECANCELED)
		stopped(t);
	else if (errno == EBUSY)
		lose(t, &crowd);
	else if (errno != ETIMEDOUT)
		transfer_client_gone(t);
	else if (until > 0 && clock_ms() >= until)
		transfer_fail(t, 504, "total-timeout", total_todo, total_text);
	else
		lose(t, &idle);
}

void
transfer_check_messages(struct transfer *t)
{
	if (t->messages.refused == 0 || t->lost)
		return;
	errno = t->messages.refused;
	t->messages.refused = 0;
	transfer_sink_failed(t);
}

/* ---- how the program ended ---- */

void
transfer_ended(struct transfer *t, int status, bool by_us)
{
	struct sink *out = t->exchange->out;
	char text[128];

	if (WIFSIGNALED(status) && !by_us) {
		(void)snprintf(text, sizeof(text),
			       "terminated by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
		transfer_log(
		    t, LOG_LEVEL_ERROR, "killed",
		    "run it by hand; a limit in [app] may have terminated it",
		    text);
		if (t->exchange->outcome.failure == NULL)
			t->exchange->outcome.failure = "killed";
		response_cut(t->response);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		(void)snprintf(text, sizeof(text), "exit status %d",
			       WEXITSTATUS(status));
		transfer_log(t, LOG_LEVEL_WARNING, "exit-status", NULL, text);
	}
	if (t->complete && !WIFSIGNALED(status))
		response_over(t->response);
	if (out->set_exit != NULL)
		out->set_exit(out, WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						       : WEXITSTATUS(status));
}

void
transfer_left(struct transfer *t, const struct child *child)
{
	struct exchange *x = t->exchange;

	if (x->metrics != NULL)
		metrics_failed(x->metrics, "not-ended");
	ending_report(x->log, child, t->name);
	if (x->reaper != NULL)
		reaper_leave(x->reaper, child, t->name);
}

/* ---- output ---- */

/* Handle the result of response_feed or response_end. */
static void
fed(struct transfer *t, int rc)
{
	if (rc == -1)
		transfer_sink_failed(t);
	else if (rc == -2)
		t->over = true; /* response_fail has been called */
	else
		t->unflushed = true;
}

void
transfer_feed(struct transfer *t, const char *data, size_t len)
{
	if (!t->discard)
		fed(t, response_feed(t->response, data, len));
}

void
transfer_end(struct transfer *t)
{
	if (t->discard)
		return;
	fed(t, response_end(t->response));
	t->complete = !t->over && !t->discard;
}

ssize_t
transfer_move(struct transfer *t, int fd, size_t most)
{
	struct sink *out = t->exchange->out;
	uint64_t room = response_room(t->response);
	ssize_t n;

	if (room < (most == 0 ? SIZE_MAX : most))
		most = (size_t)room;
	n = out->move(out, fd, most);
	if (n > 0) {
		t->exchange->outcome.body_bytes += (uint64_t)n;
		t->unflushed = true;
	}
	return n;
}

uint64_t
transfer_waiting(int fd)
{
	int have = 0;

	return fd >= 0 && ioctl(fd, FIONREAD, &have) == 0 && have > 0
		   ? (uint64_t)have
		   : 0;
}

void
transfer_flush(struct transfer *t)
{
	struct sink *out = t->exchange->out;

	if (t->unflushed && !t->discard && out->flush(out) != 0)
		transfer_sink_failed(t);
	else if (response_whole(t->response))
		t->whole = true;
	t->unflushed = false;
}

/* ---- time ---- */

struct deadline
transfer_deadline(const struct transfer *t, bool begun, uint64_t from,
		  const struct deadline *which)
{
	static const struct deadline idle = {
	    0, "idle-timeout",
	    "raise idle-timeout, or find out what it waits for",
	    "timed out: no output for too long"};
	const struct app *app = &t->settings->app;
	uint64_t until = t->exchange->until;
	struct deadline d = {.at = DEADLINE_NEVER};

	if (begun)
		deadline_sooner(&d, t->last, app->idle_timeout,
				which == NULL ? &idle : which);
	else
		deadline_sooner(&d, from, app->first_byte_timeout, which);
	if (until > 0 && until < d.at)
		d = (struct deadline){until, "total-timeout", total_todo,
				      total_text};
	return d;
}

void
transfer_check(struct transfer *t, const struct deadline *d)
{
	if (deadline_over(d))
		transfer_fail(t, 504, d->id, d->todo, d->text);
}

/* ---- waiting ---- */

int
transfer_poll(struct transfer *t, struct pollfd *fds, nfds_t own,
	      const struct timespec *time)
{
	const struct sink *out = t->exchange->out;
	bool watch = !t->lost && !t->complete;
	int rc;

	fds[own] =
	    (struct pollfd){watch ? out->poll_fd : -1, out->poll_events, 0};
	fds[own + 1] = (struct pollfd){t->exchange->stop_fd, POLLIN, 0};
	rc = os_poll(fds, own + TRANSFER_FDS, time);
	if (rc < 0 && errno != EINTR)
		transfer_fail(t, 500, "poll-failed", NULL, strerror(errno));
	return rc;
}

bool
transfer_stopped(struct transfer *t, const struct pollfd *fds, nfds_t own)
{
	if (fds[own + 1].revents != 0)
		stopped(t);
	return t->over;
}

void
transfer_check_client(struct transfer *t, const struct pollfd *fds, nfds_t own)
{
	struct sink *out = t->exchange->out;

	if (t->over || t->complete || t->lost || fds[own].revents == 0)
		return;
	if (out->gone(out))
		transfer_client_gone(t);
}
