/*
 * A whole connection over a pair of sockets: what the program would be given is
 * what the plain decoder reads, and the answer is FastCGI.  As a worker reads
 * it; through libfcgi where direct.c would have done; with the bytes coming one
 * by one; and by one who knows how long the body is, and then asks whether the
 * client is gone.  As all are held against the one decoder, direct.c and
 * libfcgi are held against each other.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_request.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi/params.h"
#include "fastcgi/record.h"
#include "serve/fastcgi.h"

enum {
	INPUT_MAX = 32768,
	REQUESTS_MAX = 8,
	SINGLE_MAX = 200 /* packets that a socket holds for sure */
};

struct way {
	bool libfcgi; /* even where direct.c would do */
	bool single;  /* a byte at each read */
	bool known;   /* no more is read than the body */
};

static struct fastcgi *connection;
static struct scratch scratch;

static void
start(void)
{
	if (connection != NULL)
		return;
	CHECK(fastcgi_start() == 0);
	connection = fastcgi_new(&scratch);
	CHECK(connection != NULL);
}

/* A variable as libfcgi makes it, NULs as fastcgi_mend leaves them. */
static void
check_variable(const char *got, const struct plain_pair *pair, bool mended)
{
	size_t len = pair->name.len + 1 + pair->value.len;
	char *text = malloc(len + 1), *end = text;

	CHECK(text != NULL && got != NULL);
	end = mempcpy(end, pair->name.ptr, pair->name.len);
	*end++ = '=';
	end = mempcpy(end, pair->value.ptr, pair->value.len);
	*end = '\0';
	for (size_t i = 0; i < len && mended; i++)
		if (text[i] == '\0')
			text[i] = '\1';
	CHECK(strcmp(got, text) == 0 && strlen(got) == len);
	free(text);
}

static void
check_variables(const struct plain_request *plain, const struct peek *peek)
{
	char **variables = fastcgi_variables(connection);
	const unsigned char *p = plain->params;
	size_t left = plain->params_len, n = 0;
	struct plain_pair pair;

	while (plain_pair(&p, &left, &pair) > 0)
		check_variable(variables[n++], &pair, peek->nul_count > 0);
	CHECK(variables[n] == NULL);
}

/* A whole ABORT_REQUEST of what has ended already; its size, or 0. */
static size_t
stale(const uint8_t *data, size_t size)
{
	struct wire_header h;

	if (size < WIRE_HEADER)
		return 0;
	h = wire_header_get(data);
	if (h.version != WIRE_VERSION || h.type != WIRE_ABORT_REQUEST ||
	    h.id == 0)
		return 0;
	return WIRE_HEADER + h.content + h.padding;
}

/* Is there an ABORT_REQUEST before another request begins? */
static bool
abort_follows(const uint8_t *data, size_t size)
{
	while (size >= WIRE_HEADER) {
		struct wire_header h = wire_header_get(data);
		size_t len = WIRE_HEADER + h.content + h.padding;

		if (h.version != WIRE_VERSION || h.type == WIRE_BEGIN_REQUEST)
			return false;
		if (h.type == WIRE_ABORT_REQUEST)
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
	struct source *source = fastcgi_source(connection);
	size_t len = 0;
	ssize_t n;

	while ((n = source->read(source, body + len, sizeof(body) - len)) > 0)
		len += (size_t)n;
	/* Records that have no place there may end it. */
	if (plain->others)
		return;
	CHECK(len <= plain->body_len);
	CHECK(memcmp(body, plain->body, len) == 0);
	/* Whether an abort behind the end has been seen depends on the reads.
	 */
	if (plain->body_ended && !plain->aborted && !aborted_behind)
		CHECK(n == 0 && len == plain->body_len);
	/* What did not end is not taken for whole. */
	if (!plain->body_ended)
		CHECK(n < 0);
}

/* No more is read than the body has; where nothing follows that, the client is
 * seen to be gone. */
static void
check_known(const struct plain_request *plain, size_t behind, bool aborted)
{
	static unsigned char body[PLAIN_BYTES];
	struct source *source = fastcgi_source(connection);
	struct sink *sink = fastcgi_sink(connection);
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
	if (n < 0 || behind >= WIRE_HEADER)
		return;
	CHECK(len == plain->body_len);
	/* Each look is bounded; there would be another. */
	for (size_t i = 0; i < INPUT_MAX && !gone && sink->poll_fd >= 0; i++)
		gone = sink->gone(sink);
	CHECK(gone || sink->poll_fd < 0);
}

/* What came back: records, to the end of the first request at least. */
static void
check_answer(int fd, unsigned id)
{
	static unsigned char bytes[PLAIN_BYTES];
	size_t len = 0, at = 0;
	bool ended = false;
	ssize_t n;

	while ((n = recv(fd, bytes + len, sizeof(bytes) - len, 0)) > 0)
		len += (size_t)n;
	while (at + WIRE_HEADER <= len) {
		struct wire_header h = wire_header_get(bytes + at);
		CHECK(h.version == WIRE_VERSION);
		if (h.id == id && h.type == WIRE_END_REQUEST)
			ended = true;
		at += WIRE_HEADER + h.content + h.padding;
	}
	CHECK(at == len && (ended || len == 0));
}

/* What fastcgi_take takes at once; 0: the request is libfcgi's. */
static size_t
taken(const struct peek *peek)
{
	if (peek->strange)
		return 0;
	return peek->whole > 0 ? peek->whole : peek->used;
}

/* As a worker does it: without libfcgi where that can be. */
static void
take_first(int fd, const struct peek *peek)
{
	size_t len = taken(peek);

	fastcgi_open(connection, fd);
	fastcgi_bound(connection, 2000, -1);
	if (len > 0) {
		CHECK(buffer_need(&scratch.peeked, &scratch.peeked_cap,
				  INPUT_MAX) == 0);
		CHECK(recv(fd, scratch.peeked, len, MSG_PEEK) == (ssize_t)len);
		CHECK(fastcgi_take(connection, peek) == FASTCGI_REQUEST);
		return;
	}
	CHECK(fastcgi_next(connection, true) == FASTCGI_REQUEST);
	for (size_t i = 0; i < peek->nul_count; i++)
		fastcgi_mend(connection, peek->nul[i].index, peek->nul[i].len);
}

/* Where the next request begins: management records are answered, late aborts
 * ignored. */
static size_t
skip_between(const uint8_t *data, size_t size, size_t at)
{
	for (;;) {
		size_t aborted = stale(data + at, size - at);
		struct peek peek = peek_look(data + at, size - at);

		if (aborted > size - at)
			return size;
		if (aborted == 0 && peek.state != PEEK_MANAGEMENT)
			return at;
		at += aborted > 0 ? aborted : peek.used;
	}
}

/* peek: of the first request. */
static void
converse(int fd, const uint8_t *data, size_t size, struct peek peek,
	 struct plain_request *plain, bool known)
{
	static const char answer[] = "Status: 200 OK\r\n\r\nbody";
	struct sink *sink = fastcgi_sink(connection);
	bool direct = taken(&peek) > 0, kept;
	size_t at = 0, head = WIRE_HEADER + WIRE_BODY;

	take_first(fd, &peek);
	for (int i = 0; i < REQUESTS_MAX; i++) {
		check_variables(plain, &peek);
		size_t next_at = at + head + plain->used;
		bool aborted = abort_follows(data + next_at, size - next_at);
		if (known)
			check_known(plain, size - next_at, aborted);
		else
			check_body(plain, aborted);
		CHECK(sink->write(sink, answer, sizeof(answer) - 1) >= 0);
		kept = fastcgi_drain(connection) && direct && plain->body_ended;
		/* The last is always closed. */
		kept = kept && i + 1 < REQUESTS_MAX;
		if (!fastcgi_finish(connection, kept))
			return;
		at = skip_between(data, size, next_at);
		peek = peek_look(data + at, size - at);
		enum fastcgi_next next = fastcgi_again(connection, 32, false);
		CHECK((next == FASTCGI_REQUEST) ==
		      (peek.state == PEEK_READY && !peek.strange));
		if (next != FASTCGI_REQUEST) {
			if (next != FASTCGI_CLOSED)
				(void)fastcgi_finish(connection, false);
			return;
		}
		fastcgi_bound(connection, 2000, -1);
		plain_records(data + at + head, size - at - head, peek.id,
			      plain);
	}
}

/* A packet is what one read takes: the first request in one, if it is taken in
 * one, and the rest by its bytes. */
static void
send_singly(int fd, const uint8_t *data, size_t size, size_t first)
{
	if (first > 0)
		CHECK(send(fd, data, first, MSG_NOSIGNAL) == (ssize_t)first);
	for (size_t i = first; i < size; i++)
		CHECK(send(fd, data + i, 1, MSG_NOSIGNAL) == 1);
}

static void
connect_and_read(const uint8_t *data, size_t size, struct way way)
{
	static struct plain_request plain;
	size_t head = WIRE_HEADER + WIRE_BODY;
	struct peek peek = peek_look(data, size);
	int type = way.single ? SOCK_SEQPACKET : SOCK_STREAM, pair[2];

	plain_records(data + head, size - head, peek.id, &plain);
	if (way.libfcgi)
		peek.strange = true;
	/* libfcgi leaks a little at each, and takes what they hold for the
	 * body; web servers send none within a request. */
	if (plain.managed && taken(&peek) == 0)
		return;
	if (way.single && size - taken(&peek) > SINGLE_MAX)
		return;
	CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0);
	if (way.single)
		send_singly(pair[0], data, size, taken(&peek));
	else
		CHECK(send(pair[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	converse(pair[1], data, size, peek, &plain, way.known);
	check_answer(pair[0], peek.id);
	close(pair[0]);
}

FUZZ_TARGET(fastcgi)
{
	static const struct way ways[] = {
	    {false, false, false}, {true, false, false}, {false, true, false},
	    {true, true, false},   {false, false, true}, {false, true, true}};
	struct peek peek;

	if (size > INPUT_MAX)
		return 0;
	start();
	peek = peek_look(data, size);
	if (peek.state != PEEK_READY)
		return 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		/* Without direct.c it is the same twice. */
		if (!ways[i].libfcgi || taken(&peek) > 0)
			connect_and_read(data, size, ways[i]);
	return 0;
}
