/*
 * From the program's output to the client: bytes that are sent or discarded,
 * and responses that replace it, with a sink that records them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "fastcgi/protocol.h"
#include "run/body.h"
#include "run/child.h"
#include "run/forward.h"
#include "run/log.h"
#include "run/response.h"

struct memory_sink {
	struct sink sink;
	char text[1 << 16];
	size_t len;
	size_t room; /* then the client disconnected */
	bool broken;
};

static int
keep(struct sink *sink, const void *bytes, size_t len)
{
	struct memory_sink *m = (struct memory_sink *)(void *)sink;

	if (m->len + len > m->room) {
		errno = EPIPE;
		return -1;
	}
	memcpy(m->text + m->len, bytes, len);
	m->len += len;
	m->text[m->len] = '\0';
	return 0;
}

static void
set_broken(struct sink *sink)
{
	((struct memory_sink *)(void *)sink)->broken = true;
}

/* All that a response needs. */
struct stage {
	struct memory_sink out;
	struct scratch scratch;
	struct exchange exchange;
	struct settings settings;
	struct request request;
	struct cors_decision decision;
	struct arena *arena;
	struct response response;
	FILE *log_file;
	char log[8192];
};

static void
open_stage(struct stage *s, char **variables)
{
	struct server server = {.log = LOG_LEVEL_DEBUG};
	struct policy_spec *spec;
	struct policy_set *set;

	memset(s, 0, sizeof(*s));
	s->out.sink = (struct sink){
	    .write = keep, .set_broken = set_broken, .poll_fd = -1};
	s->out.room = sizeof(s->out.text) - 1;
	s->log_file = tmpfile();
	assert_non_null(s->log_file);
	s->exchange = (struct exchange){.variables = variables,
					.out = &s->out.sink,
					.scratch = &s->scratch,
					.log = log_new(fileno(s->log_file)),
					.stop_fd = -1};
	assert_non_null(s->exchange.log);
	(void)log_configure(s->exchange.log, &server);
	s->settings.app.max_header = 4096;
	request_read(&s->request, variables);
	s->arena = arena_new();
	assert_non_null(s->arena);
	spec = arena_alloc(s->arena, sizeof(*spec));
	assert_non_null(spec);
	spec->any_origin = true;
	spec->max_age = -1;
	set = policy_set_build(s->arena, spec, 1);
	assert_non_null(set);
	decide_by_policy(set->policies[0], &s->request, NULL, &s->decision);
}

static void
begin(struct stage *s)
{
	assert_int_equal(response_init(&s->response, &s->exchange, &s->settings,
				       &s->decision, &s->request),
			 0);
}

static int
feed(struct stage *s, const char *text)
{
	return response_feed(&s->response, text, strlen(text));
}

static const char *
logged(struct stage *s)
{
	ssize_t n = pread(fileno(s->log_file), s->log, sizeof(s->log) - 1, 0);

	assert_true(n >= 0);
	s->log[n] = '\0';
	return s->log;
}

static void
close_stage(struct stage *s)
{
	log_free(s->exchange.log);
	(void)fclose(s->log_file);
	scratch_free(&s->scratch);
	arena_free(s->arena);
}

static char get[] = "REQUEST_METHOD=GET", head[] = "REQUEST_METHOD=HEAD",
	    from[] = "HTTP_ORIGIN=https://a.com",
	    apache[] = "SERVER_SOFTWARE=Apache/2.4.57 (Debian)",
	    lighttpd[] = "SERVER_SOFTWARE=lighttpd/1.4.69";
static char *get_variables[] = {get, from, NULL};
static char *head_variables[] = {head, from, NULL};
static char *apache_variables[] = {get, from, apache, NULL};
static char *lighttpd_variables[] = {get, from, lighttpd, NULL};

#define CORS "Access-Control-Allow-Origin: *\r\n"

/* ---- sent output ---- */

static const struct row {
	const char *name;
	char **variables;
	const char *in;
	const char *out;
	enum local_redirect redirect;
	bool lenient;
	bool in_body; /* once all has been fed */
	int status;
	uint64_t body;
} rows[] = {
    {.name = "header and body",
     .variables = get_variables,
     .in = "X-A: 1\n\nbody",
     .out = "X-A: 1\r\n" CORS "\r\nbody",
     .in_body = true,
     .status = 200,
     .body = 4},
    {.name = "HEAD has no body",
     .variables = head_variables,
     .in = "X-A: 1\n\nbody",
     .out = "X-A: 1\r\n" CORS "\r\n",
     .status = 200},
    {.name = "204 has no body",
     .variables = get_variables,
     .in = "Status: 204\n\nbody",
     .out = "Status: 204\r\n" CORS "\r\n",
     .status = 204},
    {.name = "304 has no body",
     .variables = get_variables,
     .in = "Status: 304 Not Modified\nETag: x\n\nbody",
     .out = "Status: 304 Not Modified\r\nETag: x\r\n" CORS "\r\n",
     .status = 304},
    {.name = "no header block, lenient",
     .variables = get_variables,
     .in = "<p>body\nof it",
     .out = "Content-Type: text/html\r\n" CORS "\r\n<p>body\nof it",
     .lenient = true,
     .in_body = true,
     .status = 200,
     .body = 13},
    {.name = "no header block, lenient, HEAD",
     .variables = head_variables,
     .in = "<p>body\n",
     .out = "Content-Type: text/html\r\n" CORS "\r\n",
     .lenient = true,
     .status = 200},
    {.name = "local redirect, auto, no server known",
     .variables = get_variables,
     .in = "Location: /x\n\n",
     .out = "Status: 302 Found\r\nLocation: /x\r\n" CORS "\r\n",
     .in_body = true,
     .status = 302},
    {.name = "local redirect, auto, Apache",
     .variables = apache_variables,
     .in = "Location: /x\n\n",
     .out = "Location: /x\r\n\r\n",
     .in_body = true,
     .status = 302},
    {.name = "local redirect, 302, Apache",
     .variables = apache_variables,
     .in = "Location: /x\n\n",
     .out = "Status: 302 Found\r\nLocation: /x\r\n" CORS "\r\n",
     .redirect = LOCAL_REDIRECT_302,
     .in_body = true,
     .status = 302},
    {.name = "local redirect, pass",
     .variables = lighttpd_variables,
     .in = "Location: /x\n\n",
     .out = "Location: /x\r\n\r\n",
     .redirect = LOCAL_REDIRECT_PASS,
     .in_body = true,
     .status = 302},
    {.name = "Transfer-Encoding goes",
     .variables = apache_variables,
     .in = "Transfer-Encoding: chunked\nX-A: 1\n\n0\r\n\r\n",
     .out = "X-A: 1\r\n" CORS "\r\n0\r\n\r\n",
     .in_body = true,
     .status = 200,
     .body = 5},
    {.name = "Transfer-Encoding stays under lighttpd",
     .variables = lighttpd_variables,
     .in = "Transfer-Encoding: chunked\n\n0\r\n\r\n",
     .out = "Transfer-Encoding: chunked\r\n" CORS "\r\n0\r\n\r\n",
     .in_body = true,
     .status = 200,
     .body = 5},
};

static void
test_row(void **state)
{
	static struct stage s;
	const struct row *row = *state;

	for (size_t step = 1; step <= 64; step *= 4) {
		size_t len = strlen(row->in);
		open_stage(&s, row->variables);
		s.settings.app.lenient = row->lenient;
		s.settings.app.local_redirect = row->redirect;
		begin(&s);
		for (size_t at = 0; at < len; at += step)
			assert_int_equal(
			    response_feed(&s.response, row->in + at,
					  len - at < step ? len - at : step),
			    0);
		assert_int_equal(response_in_body(&s.response), row->in_body);
		assert_int_equal(response_end(&s.response), 0);
		assert_string_equal(s.out.text, row->out);
		assert_int_equal(s.exchange.outcome.status, row->status);
		assert_int_equal(s.exchange.outcome.body_bytes, row->body);
		assert_null(s.exchange.outcome.failure);
		assert_false(s.out.broken);
		close_stage(&s);
	}
}

/* ---- failures ---- */

static const struct bad_row {
	const char *name;
	const char *in;
	const char *says; /* in the log */
} bad_rows[] = {
    {"no output", "", "no output [bad-header]"},
    {"no header block", "Can't open x\nmore\n",
     "header block: Can't open x\\x0a [bad-header]"},
    {"a bad status", "Status: abc\n\n", "[bad-header]"},
    {"a bad length", "Content-Length: -\n\n", "[bad-header]"},
};

static void
test_bad(void **state)
{
	static struct stage s;
	const struct bad_row *row = *state;
	int rc;

	open_stage(&s, get_variables);
	begin(&s);
	rc = feed(&s, row->in);
	if (rc == 0)
		rc = response_end(&s.response);
	assert_int_equal(rc, -2);
	assert_non_null(strstr(s.out.text, "Status: 502 "));
	assert_non_null(strstr(s.out.text, "\r\n" CORS));
	assert_non_null(strstr(s.out.text, "\r\nCache-Control: no-store\r\n"));
	assert_null(strstr(s.out.text, "Retry-After"));
	assert_non_null(strstr(logged(&s), row->says));
	assert_string_equal(s.exchange.outcome.failure, "bad-header");
	assert_int_equal(s.exchange.outcome.status, 502);
	assert_false(s.out.broken);
	/* One response, whatever output follows. */
	size_t len = s.out.len;
	assert_int_equal(feed(&s, "X-A: 1\n\nmore"), -2);
	assert_int_equal(response_end(&s.response), -2);
	response_fail(&s.response, 504, "idle-timeout");
	assert_false(response_in_body(&s.response));
	assert_int_equal(s.out.len, len);
	assert_string_equal(s.exchange.outcome.failure, "bad-header");
	close_stage(&s);
}

static void
test_too_large(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, get_variables);
	begin(&s);
	int rc = 0;
	for (int i = 0; i < 500 && rc == 0; i++)
		rc = feed(&s, "X-A: 0123456789\n");
	assert_int_equal(rc, -2);
	assert_non_null(strstr(s.out.text, "Status: 502 "));
	assert_non_null(strstr(logged(&s), "max-header"));
	close_stage(&s);
}

static void
test_fail_before(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, get_variables);
	begin(&s);
	assert_int_equal(feed(&s, "X-Secret: 1\n"), 0);
	response_fail(&s.response, 503, "overloaded");
	assert_non_null(strstr(s.out.text, "Status: 503 "));
	assert_non_null(strstr(s.out.text, "\r\n" CORS));
	assert_non_null(strstr(s.out.text, "\r\nRetry-After: 1\r\n"));
	assert_null(strstr(s.out.text, "X-Secret"));
	assert_false(s.out.broken);
	assert_string_equal(s.exchange.outcome.failure, "overloaded");
	close_stage(&s);
}

static void
test_fail_after(void **state)
{
	static struct stage s;

	(void)state;
	open_stage(&s, get_variables);
	begin(&s);
	assert_int_equal(feed(&s, "X-A: 1\n\nbody"), 0);
	size_t len = s.out.len;
	response_fail(&s.response, 504, "idle-timeout");
	assert_int_equal(s.out.len, len);
	assert_true(s.out.broken);
	assert_int_equal(s.exchange.outcome.status, 200);
	assert_string_equal(s.exchange.outcome.failure, "idle-timeout");
	assert_false(response_in_body(&s.response));
	close_stage(&s);
}

/* The client disconnects, at each byte of the response. */
static void
test_client_gone(void **state)
{
	static struct stage s;
	static const char in[] = "X-A: 1\nX-B: 2\n\nbody";
	size_t whole;

	(void)state;
	open_stage(&s, get_variables);
	begin(&s);
	assert_int_equal(feed(&s, in), 0);
	whole = s.out.len;
	close_stage(&s);
	for (size_t room = 0; room < whole; room++) {
		open_stage(&s, get_variables);
		s.out.room = room;
		begin(&s);
		assert_int_equal(feed(&s, in), -1);
		assert_int_equal(errno, EPIPE);
		close_stage(&s);
	}
}

/* Corrections are logged once per request, with what to do. */
static void
test_notes(void **state)
{
	static struct stage s;
	const char *log, *first;

	(void)state;
	open_stage(&s, get_variables);
	begin(&s);
	assert_int_equal(feed(&s, "X-A: 1\nbad\x01line\nworse\nConnection: x\n"
				  "Access-Control-Allow-Origin: y\n"),
			 0);
	assert_int_equal(response_end(&s.response), 0);
	assert_string_equal(s.out.text, "X-A: 1\r\n" CORS "\r\n");
	log = logged(&s);
	first = strstr(log, "[header-dropped]");
	assert_non_null(first);
	assert_null(strstr(first + 1, "[header-dropped]"));
	assert_non_null(strstr(log, "bad\\x01line"));
	assert_non_null(strstr(log, "print Name: value"));
	assert_non_null(strstr(log, "[header-cut]"));
	assert_non_null(strstr(log, "hop-by-hop fields dropped, "
				    "has Access-Control-* of its own"));
	close_stage(&s);
}

/* ---- a server of our own ---- */

enum { FLOOD_PIECE = 16000, FLOOD_PIECES = 2000 };

/* A client that takes everything, each piece only when the server has sent
 * more. */
struct flood_sink {
	struct sink sink;
	int server;
	size_t len;
};

static int
take_slowly(struct sink *sink, const void *bytes, size_t len)
{
	struct flood_sink *f = (struct flood_sink *)(void *)sink;
	struct pollfd more = {.fd = f->server, .events = POLLIN};

	(void)bytes;
	f->len += len;
	(void)poll(&more, 1, 5000);
	return 0;
}

static int
flush_nothing(struct sink *sink)
{
	(void)sink;
	return 0;
}

static bool
send_output(int fd, const char *text, size_t len)
{
	char record[FCGI_HEADER_LEN + FLOOD_PIECE];

	fcgi_header_put(record, FCGI_STDOUT, 1, len);
	memcpy(record + FCGI_HEADER_LEN, text, len);
	len += FCGI_HEADER_LEN;
	return send(fd, record, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Start a process that ends at once, and whose child writes on and on. */
static struct child
start_flood(int ends[2])
{
	static const char piece[FLOOD_PIECE];
	struct child child = {.pid = fork(), .pidfd = -1};
	int fd = ends[1];

	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		(void)setpgid(0, 0);
		(void)close(ends[0]);
		if (fork() != 0 || !send_output(fd, "A: 1\n\n", 6))
			_exit(0);
		for (int i = 0; i < FLOOD_PIECES; i++)
			if (!send_output(fd, piece, sizeof(piece)))
				break;
		_exit(0);
	}
	(void)setpgid(child.pid, child.pid);
	child.pidfd = os_process_open(child.pid);
	return child;
}

/* The response ends, although the child holds the connection and its output
 * never pauses. */
static void
test_flood(void **state)
{
	static struct stage s;
	struct flood_sink out = {.sink = {.write = take_slowly,
					  .flush = flush_nothing,
					  .poll_fd = -1}};
	struct forward_own own = {.err = -1, .name = "php-cgi"};
	struct body body = {.fd = -1};
	struct child child;
	int ends[2], pidfd = os_process_open(getpid());

	(void)state;
	/* [warm] needs it. */
	if (pidfd < 0)
		return;
	(void)close(pidfd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	child = start_flood(ends);
	(void)close(ends[1]);
	open_stage(&s, get_variables);
	out.server = own.fd = ends[0];
	own.child = &child;
	s.exchange.out = &out.sink;
	begin(&s);
	assert_false(
	    forward_own(&own, &s.settings, &s.exchange, &body, &s.response));
	assert_true(out.len > FLOOD_PIECE);
	assert_true(out.len < (size_t)FLOOD_PIECES * FLOOD_PIECE / 2);
	assert_string_equal(s.exchange.outcome.failure, "truncated");
	(void)close(ends[0]);
	close_stage(&s);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*test)(void **);
	} more[] = {
	    {"a header block past max-header", test_too_large},
	    {"failure before the header", test_fail_before},
	    {"failure after the header", test_fail_after},
	    {"the client goes", test_client_gone},
	    {"what the log says", test_notes},
	    {"a server ends, its child writes on", test_flood},
	};
	static struct CMUnitTest
	    tests[UNIT_COUNT(rows) + UNIT_COUNT(bad_rows) + UNIT_COUNT(more)];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	UNIT_ROWS(tests, n, bad_rows, test_bad);
	for (size_t i = 0; i < UNIT_COUNT(more); i++)
		tests[n++] = (struct CMUnitTest){.name = more[i].name,
						 .test_func = more[i].test};
	return unit_run(tests, n);
}
