/*
 * A whole connection through libfcgi, over a pair of sockets: what the program
 * would be given is what the plain decoder reads, and the answer is FastCGI.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_request.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi.h"
#include "peek.h"
#include "record.h"

enum { INPUT_MAX = 32768 };

static struct fastcgi *connection;

static void
start(void)
{
	static struct scratch scratch;

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

static void
check_body(const struct plain_request *plain)
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
	if (plain->body_ended && !plain->aborted)
		CHECK(n == 0 && len == plain->body_len);
	/* What did not end is not taken for whole. */
	if (!plain->body_ended)
		CHECK(n < 0);
}

/* What came back: records of this request, to the end. */
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

static void
serve(int fd, const struct plain_request *plain, const struct peek *peek)
{
	static const char answer[] = "Status: 200 OK\r\n\r\nbody";
	struct sink *sink = fastcgi_sink(connection);

	fastcgi_open(connection, fd);
	fastcgi_bound(connection, 2000);
	CHECK(fastcgi_next(connection, true) == FASTCGI_REQUEST);
	for (size_t i = 0; i < peek->nul_count; i++)
		fastcgi_mend(connection, peek->nul[i].index, peek->nul[i].len);
	check_variables(plain, peek);
	check_body(plain);
	CHECK(sink->write(sink, answer, sizeof(answer) - 1) >= 0);
	(void)fastcgi_drain(connection);
	CHECK(!fastcgi_finish(connection, false));
}

FUZZ_TARGET(fastcgi)
{
	static struct plain_request plain;
	size_t head = WIRE_HEADER + WIRE_BODY;
	int pair[2];

	if (size > INPUT_MAX)
		return 0;
	start();
	struct peek peek = peek_look(data, size);
	if (peek.state != PEEK_READY)
		return 0;
	plain_records(data + head, size - head, peek.id, &plain);
	/* libfcgi leaks a little at each, and takes what they hold for the
	 * body; web servers send none. */
	if (plain.managed)
		return 0;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(send(pair[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	serve(pair[1], &plain, &peek);
	check_answer(pair[0], peek.id);
	close(pair[0]);
	return 0;
}
