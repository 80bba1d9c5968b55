/*
 * A whole connection over a pair of sockets: the program's input equals that
 * of the simple decoder, and, if both follow the same rules, of libfcgi; the
 * response is FastCGI.  Read as a worker does; byte by byte; and by a caller
 * that knows the length of the body, and then checks whether the client
 * disconnected.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_request.h"

#include <fcgiapp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fastcgi/params.h"
#include "serve/connection.h"

enum {
	INPUT_MAX = 32768,
	REQUESTS_MAX = 8,
	REPLIES_MAX = 64, /* that always fit into a socket */
	SINGLE_MAX = 200  /* packets, the same */
};

struct way {
	bool single; /* a byte at each read */
	bool known;  /* not more is read than the body */
};

static struct connection *connection;
static struct scratch scratch;

static void
start(void)
{
	if (connection != NULL)
		return;
	CHECK(FCGX_Init() == 0);
	connection = connection_new(&scratch, &(struct client){.fd = -1});
	CHECK(connection != NULL);
}

/* A variable, whose NULs have become \x01 in ours. */
static void
check_variable(const char *got, const struct plain_pair *pair, bool ours)
{
	size_t len = pair->name.len + 1 + pair->value.len;
	char *text = malloc(len + 1), *end = text;

	CHECK(text != NULL && got != NULL);
	end = mempcpy(end, pair->name.ptr, pair->name.len);
	*end++ = '=';
	end = mempcpy(end, pair->value.ptr, pair->value.len);
	*end = '\0';
	for (size_t i = 0; i < len && ours; i++)
		if (text[i] == '\0')
			text[i] = '\1';
	CHECK(memcmp(got, text, len + 1) == 0);
	free(text);
}

static void
check_variables(const struct plain_request *plain, char **variables, bool ours)
{
	const unsigned char *p = plain->params;
	size_t left = plain->params_len, n = 0;
	struct plain_pair pair;

	while (plain_pair(&p, &left, &pair) > 0)
		check_variable(variables[n++], &pair, ours);
	CHECK(variables[n] == NULL);
}

/* Is there an ABORT_REQUEST after this? */
static bool
abort_follows(const uint8_t *data, size_t size)
{
	while (size >= FCGI_HEADER_LEN) {
		struct fcgi_header h = fcgi_header_get(data);
		size_t len = FCGI_HEADER_LEN + h.content + h.padding;

		if (h.version != FCGI_VERSION_1)
			return false;
		if (h.type == FCGI_ABORT_REQUEST)
			return true;
		if (len > size)
			return false;
		data += len;
		size -= len;
	}
	return false;
}

static void
check_body(const struct plain_request *plain, bool aborted_behind)
{
	static unsigned char body[PLAIN_BYTES];
	struct source *source = connection_source(connection);
	size_t len = 0;
	ssize_t n;

	while ((n = source->read(source, body + len, sizeof(body) - len)) > 0)
		len += (size_t)n;
	/* Invalid records may end it. */
	if (plain->others)
		return;
	CHECK(len <= plain->body_len);
	CHECK(memcmp(body, plain->body, len) == 0);
	/* Whether an abort behind the end has been seen depends on the reads.
	 */
	if (plain->body_ended && !plain->aborted && !aborted_behind)
		CHECK(n == 0 && len == plain->body_len);
	/* An unfinished response is not taken for complete. */
	if (!plain->body_ended)
		CHECK(n < 0);
}

/* Not more is read than the body; if no input follows, the disconnect is
 * noticed. */
static void
check_known(const struct plain_request *plain, size_t behind, bool aborted)
{
	static unsigned char body[PLAIN_BYTES];
	struct source *source = connection_source(connection);
	struct sink *sink = connection_sink(connection);
	size_t len = 0;
	ssize_t n = 0;
	bool gone = false;

	while (len < plain->body_len &&
	       (n = source->read(source, body + len, plain->body_len - len)) >
		   0)
		len += (size_t)n;
	if (plain->others)
		return;
	CHECK(memcmp(body, plain->body, len) == 0);
	if (n < 0)
		CHECK(!plain->body_ended || aborted);
	if (n < 0 || behind >= FCGI_HEADER_LEN)
		return;
	CHECK(len == plain->body_len);
	/* Each check reads a limited amount; there would be another. */
	for (size_t i = 0; i < INPUT_MAX && !gone && sink->poll_fd >= 0; i++)
		gone = sink->gone(sink);
	/* The peer has closed its sending side alone: it is not gone, and only
	 * its end is waited for. */
	CHECK(gone || sink->poll_fd < 0 || sink->poll_events == 0);
}

/* The output: records; with the end of this request if there was a response
 * and the client sent only requests (a close with unread input is a reset). */
static void
check_response(int fd, unsigned id, bool answered)
{
	static unsigned char bytes[PLAIN_BYTES];
	size_t len = 0, at = 0;
	bool ended = false;
	ssize_t n;

	while ((n = recv(fd, bytes + len, sizeof(bytes) - len, 0)) > 0)
		len += (size_t)n;
	while (at + FCGI_HEADER_LEN <= len) {
		struct fcgi_header h = fcgi_header_get(bytes + at);
		CHECK(h.version == FCGI_VERSION_1);
		if (h.id == id && h.type == FCGI_END_REQUEST)
			ended = true;
		at += FCGI_HEADER_LEN + h.content + h.padding;
	}
	CHECK(at == len && (ended || !answered || n < 0));
}

/* The expected result if all bytes have arrived. */
static enum connection_event
expected(const uint8_t *data, size_t size)
{
	static struct params params;
	enum params_event event;
	size_t used, replies = 0;

	params_init(&params);
	do {
		event = params_parse(&params, 32, data, size, &used);
		data += used;
		size -= used;
	} while (event == PARAMS_REPLY && ++replies < INPUT_MAX);
	switch (event) {
	case PARAMS_READY:
		return CONNECTION_REQUEST;
	case PARAMS_LARGE:
		return CONNECTION_LARGE;
	case PARAMS_ROLE:
		return CONNECTION_ROLE;
	case PARAMS_MORE:
	case PARAMS_REPLY:
	case PARAMS_BAD:
		break;
	}
	return CONNECTION_CLOSED;
}

/* Respond to a request that has been read; false: the connection is closed. */
static bool
answer(const struct plain_request *plain, size_t behind, bool aborted,
       bool known, bool keep)
{
	static const char text[] = "Status: 200 OK\r\n\r\nbody";
	struct sink *sink = connection_sink(connection);

	check_variables(plain, connection_variables(connection), true);
	connection_bound(connection, 2000, DEADLINE_NEVER, -1);
	connection_bound_body(connection, clock_ms(), 2000);
	if (known)
		check_known(plain, behind, aborted);
	else
		check_body(plain, aborted);
	CHECK(sink->write(sink, text, sizeof(text) - 1) >= 0);
	keep = connection_drain(connection, clock_ms() + 2000, false) &&
	       keep && plain->body_ended;
	return connection_finish(connection, keep);
}

/* As a worker does it.  Returns whether the first request got a response. */
static bool
converse(int fd, const uint8_t *data, size_t size, bool known)
{
	static struct plain_request plain;
	enum connection_event event;
	size_t at = 0, start, next;
	unsigned id = 0;
	bool clean;

	connection_open(connection, fd);
	for (int i = 0; i < REQUESTS_MAX; i++) {
		event = i == 0 ? connection_read(connection, 32)
			       : connection_read_next(connection, 32, false);
		CHECK(event == expected(data + at, size - at));
		if (event != CONNECTION_REQUEST) {
			if (event != CONNECTION_CLOSED)
				(void)connection_finish(connection, false);
			return i > 0;
		}
		start = at + plain_begin(data + at, size - at, &id, &clean);
		plain_records(data + start, size - start, id, &plain);
		next = start + plain.used;
		/* The last is always closed. */
		if (!answer(&plain, size - next,
			    abort_follows(data + next, size - next), known,
			    i + 1 < REQUESTS_MAX))
			return true;
		at = next;
	}
	return true;
}

/* ---- libfcgi ---- */

static void
read_by_libfcgi(int fd, const struct plain_request *plain)
{
	static char body[PLAIN_BYTES];
	FCGX_Request r;
	int len;

	CHECK(FCGX_InitRequest(&r, -1, 0) == 0);
	/* notes of HACKING.md: it then neither accepts nor waits for the end */
	r.ipcFd = fd;
	r.keepConnection = 1;
	FCGX_Detach(&r);
	CHECK(FCGX_Accept_r(&r) == 0);
	/* the first is its own FCGI_ROLE=RESPONDER */
	check_variables(plain, r.envp + 1, false);
	len = FCGX_GetStr(body, sizeof(body), r.in);
	CHECK(len == (int)plain->body_len);
	CHECK(memcmp(body, plain->body, plain->body_len) == 0);
	FCGX_Free(&r, 1);
}

/*
 * The second opinion, on the first request, where libfcgi follows the
 * specification: it fails on some paddings, takes management records and those
 * of other requests for parameters, and an end within a record for the end of
 * the body.
 */
static void
ask_libfcgi(const uint8_t *data, size_t size)
{
	static struct plain_request plain;
	unsigned id = 0;
	bool clean = false;
	size_t start = plain_begin(data, size, &id, &clean);
	int pair[2];

	if (start == 0 || !clean)
		return;
	plain_records(data + start, size - start, id, &plain);
	if (plain.managed || plain.others || plain.end_padded ||
	    !plain.body_ended || plain.aborted)
		return;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(send(pair[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	read_by_libfcgi(pair[1], &plain);
	close(pair[0]);
}

/* ---- the target ---- */

static void
connect_and_read(const uint8_t *data, size_t size, struct way way)
{
	int type = way.single ? SOCK_SEQPACKET : SOCK_STREAM, pair[2];
	/* A packet is one read. */
	size_t step = way.single ? 1 : size;
	unsigned id = 0;
	bool clean, answered;

	if (way.single && size > SINGLE_MAX)
		return;
	CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0);
	for (size_t i = 0; i < size; i += step)
		CHECK(send(pair[0], data + i, step, MSG_NOSIGNAL) ==
		      (ssize_t)step);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	answered = converse(pair[1], data, size, way.known);
	(void)plain_begin(data, size, &id, &clean);
	check_response(pair[0], id, answered);
	close(pair[0]);
}

/* Records that we reply to. */
static size_t
asking(const uint8_t *data, size_t size)
{
	size_t count = 0;

	while (size >= FCGI_HEADER_LEN) {
		struct fcgi_header h = fcgi_header_get(data);
		size_t len = FCGI_HEADER_LEN + h.content + h.padding;

		count += h.id == 0 || h.type == FCGI_BEGIN_REQUEST;
		if (len > size)
			break;
		data += len;
		size -= len;
	}
	return count;
}

FUZZ_TARGET(fastcgi)
{
	static const struct way ways[] = {
	    {false, false}, {true, false}, {false, true}, {true, true}};

	if (size > INPUT_MAX || asking(data, size) > REPLIES_MAX)
		return 0;
	start();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		connect_and_read(data, size, ways[i]);
	if (expected(data, size) == CONNECTION_REQUEST)
		ask_libfcgi(data, size);
	return 0;
}
