/*
 * A request whose response is kept in memory, for targets that run a program's
 * or an application's whole response: the client's bytes, and conditions on
 * them for every input.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FUZZ_WHOLE_H
#define FUZZ_WHOLE_H

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "base/executable.h"
#include "fuzz.h"
#include "policy/settings.h"
#include "run/exchange.h"
#include "run/log.h"
#include "serve/respond.h"

enum { WHOLE_MAX = 1 << 20, WHOLE_INPUT_MAX = 8192 };

struct whole {
	struct sink sink; /* first: the sink is the whole */
	struct source source;
	struct exchange exchange;
	struct scratch scratch;
	struct executable self;
	struct slice body; /* of the request, the unread part */
	bool broken;
	size_t len;
	char bytes[WHOLE_MAX];
};

static inline int
whole_write(struct sink *sink, const void *bytes, size_t len)
{
	struct whole *w = (struct whole *)(void *)sink;

	CHECK(len <= sizeof(w->bytes) - w->len);
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
	return 0;
}

static inline int
whole_flush(struct sink *sink)
{
	(void)sink;
	return 0;
}

static inline ssize_t
whole_move(struct sink *sink, int fd, size_t max)
{
	struct whole *w = (struct whole *)(void *)sink;
	size_t room = sizeof(w->bytes) - w->len;
	ssize_t n;

	CHECK(room > 0);
	n = read(fd, w->bytes + w->len, max > 0 && max < room ? max : room);
	if (n > 0)
		w->len += (size_t)n;
	return n;
}

static inline bool
whole_gone(struct sink *sink)
{
	(void)sink;
	return false;
}

static inline void
whole_set_exit(struct sink *sink, int status)
{
	(void)sink;
	(void)status;
}

static inline void
whole_set_broken(struct sink *sink)
{
	((struct whole *)(void *)sink)->broken = true;
}

static inline ssize_t
whole_read(struct source *source, void *to, size_t len)
{
	struct whole *w = (struct whole *)(void *)((char *)source -
						   offsetof(struct whole,
							    source));
	size_t n = w->body.len < len ? w->body.len : len;

	if (n > 0)
		memcpy(to, w->body.ptr, n);
	w->body = slice_after(w->body, n);
	return (ssize_t)n;
}

static inline struct log *
whole_log(void)
{
	static struct log *log;

	if (log == NULL)
		log = log_new(open("/dev/null", O_WRONLY | O_CLOEXEC));
	CHECK(log != NULL);
	return log;
}

static inline struct settings *
whole_settings(const char *policy)
{
	struct load_options options = {.use = LOAD_FASTCGI};
	struct diag_list *diags = diag_list_new();
	struct settings *settings;

	CHECK(diags != NULL);
	settings =
	    settings_parse("fuzz.ini", slice_from(policy), &options, diags);
	CHECK(settings != NULL);
	diag_list_free(diags);
	return settings;
}

/* Respond to a request with that body. */
static inline void
whole_run(struct whole *w, const struct settings *settings, bool head,
	  struct slice body)
{
	char length[64];
	const char *variables[] = {
	    head ? "REQUEST_METHOD=HEAD" : "REQUEST_METHOD=POST",
	    "GATEWAY_INTERFACE=CGI/1.1",
	    "SERVER_PROTOCOL=HTTP/1.1",
	    "REQUEST_URI=/x",
	    "SCRIPT_NAME=/x",
	    "QUERY_STRING=",
	    "HTTP_ORIGIN=https://a.example",
	    length,
	    NULL};

	(void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", body.len);
	w->sink = (struct sink){.write = whole_write,
				.flush = whole_flush,
				.move = whole_move,
				.poll_fd = -1,
				.gone = whole_gone,
				.set_exit = whole_set_exit,
				.set_broken = whole_set_broken};
	w->source = (struct source){.read = whole_read, .fd = -1};
	(void)executable_find(&w->self, "/proc/self/exe");
	w->exchange = (struct exchange){.variables = (char **)(uintptr_t)variables,
					.fastcgi = true,
					.in = &w->source,
					.out = &w->sink,
					.scratch = &w->scratch,
					.self = &w->self,
					.log = whole_log(),
					.stop_fd = -1};
	w->body = body;
	w->broken = false;
	w->len = 0;
	respond(settings, &w->exchange);
	w->exchange.variables = NULL;
}

/* The value of the only header of that name; absent: there is none. */
static inline struct slice
whole_header(struct slice head, const char *name)
{
	struct slice found = SLICE_NONE;
	size_t len = strlen(name);

	while (head.len > 0) {
		struct slice line = fuzz_until(&head, '\n');
		if (line.len <= len + 1 ||
		    strncasecmp(line.ptr, name, len) != 0 ||
		    line.ptr[len] != ':')
			continue;
		CHECK(!slice_present(found));
		found = slice_after(line, len + 1);
	}
	return found;
}

/* Lines that are unambiguous for servers. */
static inline void
whole_check_lines(struct slice head)
{
	while (head.len > 0) {
		struct slice line = fuzz_until(&head, '\n');
		size_t colon = 0;

		CHECK(line.len > 1 && line.ptr[line.len - 1] == '\r');
		while (colon < line.len && line.ptr[colon] != ':')
			colon++;
		CHECK(colon > 0 && colon < line.len);
		for (size_t i = 0; i < line.len - 1; i++) {
			CHECK(line.ptr[i] != '\r' && line.ptr[i] != '\0');
			CHECK(i >= colon || (line.ptr[i] > ' ' &&
					     line.ptr[i] < '\x7f'));
		}
	}
}

/*
 * One response: a header block of well-formed lines with one set of CORS
 * headers, and a body of the announced length with only bytes of the program
 * (said: the program's output with header block).
 */
static inline void
whole_check(const struct whole *w, bool head, struct slice said)
{
	const struct outcome *outcome = &w->exchange.outcome;
	const char *end = memmem(w->bytes, w->len, "\r\n\r\n", 4);
	struct slice block, body, length, origin;
	char *number;

	CHECK(end != NULL);
	block = slice_of(w->bytes, (size_t)(end - w->bytes) + 2);
	body = slice_of(end + 4, w->len - block.len - 2);
	whole_check_lines(block);
	origin = whole_header(block, "Access-Control-Allow-Origin");
	CHECK(slice_eq(origin, SLICE(" https://a.example\r")));
	CHECK(outcome->status >= 200 && outcome->status <= 599);
	if (w->broken)
		return;
	length = whole_header(block, "Content-Length");
	if (slice_present(length) && !head && outcome->status != 204 &&
	    outcome->status != 304)
		CHECK(strtoull(length.ptr, &number, 10) == body.len);
	if (head || outcome->status == 204 || outcome->status == 304)
		CHECK(body.len == 0);
	if (outcome->failure == NULL && body.len > 0)
		CHECK(memmem(said.ptr, said.len, body.ptr, body.len) != NULL);
}

#endif
