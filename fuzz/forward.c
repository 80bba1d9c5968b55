/*
 * A hostile FastCGI application: its output on the connection, the pieces, and
 * when it closes.  The first byte says how: HEAD; whether it reads the request
 * first; whether it closes or waits for us to; the pieces.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "whole.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fastcgi/record.h"

enum { HOW_HEAD = 1, HOW_READS = 2, HOW_WAITS = 4, HOW_PIECES = 8 };

/* The application's thread takes one connection after the other; its output
 * is set here before the request. */
static struct {
	int listener;
	unsigned how;
	struct slice bytes;
	char folder[32];
	char path[64];
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned served; /* connections */
} app = {.folder = "/tmp/fuzz-forward-XXXXXX",
	 .lock = PTHREAD_MUTEX_INITIALIZER,
	 .change = PTHREAD_COND_INITIALIZER};

static void
send_pieces(int fd)
{
	size_t step = app.how / HOW_PIECES % 4 * 7 + 1;
	size_t at = 0;

	if (app.how / HOW_PIECES % 4 == 3)
		step = app.bytes.len;
	while (at < app.bytes.len) {
		size_t left = app.bytes.len - at;
		ssize_t n = send(fd, app.bytes.ptr + at,
				 left < step ? left : step, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void *
serve(void *nothing)
{
	static char request[65536];

	for (;;) {
		int fd = accept(app.listener, NULL, NULL);

		if (fd < 0)
			continue;
		if ((app.how & HOW_READS) != 0)
			(void)!recv(fd, request, sizeof(request), 0);
		send_pieces(fd);
		if ((app.how & HOW_WAITS) != 0)
			while (recv(fd, request, sizeof(request), 0) > 0)
				continue;
		(void)close(fd);
		pthread_mutex_lock(&app.lock);
		app.served++;
		pthread_cond_broadcast(&app.change);
		pthread_mutex_unlock(&app.lock);
	}
	return nothing;
}

static void
clean_up(void)
{
	(void)unlink(app.path);
	(void)rmdir(app.folder);
}

static struct settings *
start(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char policy[256];
	pthread_t thread;

	CHECK(mkdtemp(app.folder) != NULL);
	(void)snprintf(app.path, sizeof(app.path), "%s/s", app.folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       app.path);
	app.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(app.listener, (struct sockaddr *)&address,
		   sizeof(address)) == 0);
	CHECK(listen(app.listener, 16) == 0);
	CHECK(pthread_create(&thread, NULL, serve, NULL) == 0);
	CHECK(pthread_detach(thread) == 0);
	CHECK(atexit(clean_up) == 0);
	(void)snprintf(policy, sizeof(policy),
		       "[cors]\norigins = https://a.example\n"
		       "[app]\nforward = unix:%s\nfirst-byte-timeout = 20ms\n"
		       "idle-timeout = 20ms\n",
		       app.path);
	return whole_settings(policy);
}

/* The content of records of standard output, by our own reader (record.c
 * compares that with a simple one). */
static struct slice
standard_output(struct slice bytes, char *to)
{
	struct record_reader reader;
	size_t len = 0, at = 0, used;
	enum record_event event;
	struct slice piece;

	record_reader_init(&reader);
	while (at < bytes.len) {
		event = record_read(&reader, bytes.ptr + at, bytes.len - at,
				    &used, &piece);
		at += used;
		if (event == RECORD_STDOUT) {
			memcpy(to + len, piece.ptr, piece.len);
			len += piece.len;
		} else if (event != RECORD_STDERR &&
			   (event != RECORD_MORE || used == 0)) {
			break;
		}
	}
	return slice_of(to, len);
}

FUZZ_TARGET(forward)
{
	static struct settings *settings;
	static struct whole whole;
	static char said[WHOLE_INPUT_MAX];
	struct slice bytes = fuzz_slice(data, size);
	unsigned how = fuzz_byte(&bytes), served;

	if (size > WHOLE_INPUT_MAX)
		return 0;
	if (settings == NULL)
		settings = start();
	pthread_mutex_lock(&app.lock);
	app.how = how;
	app.bytes = bytes;
	served = app.served;
	pthread_mutex_unlock(&app.lock);
	whole_run(&whole, settings, (how & HOW_HEAD) != 0, SLICE("body"));
	/* The input must not be used while the connection is still served. */
	pthread_mutex_lock(&app.lock);
	while (app.served == served)
		pthread_cond_wait(&app.change, &app.lock);
	pthread_mutex_unlock(&app.lock);
	whole_check(&whole, (how & HOW_HEAD) != 0,
		    standard_output(bytes, said));
	return 0;
}
