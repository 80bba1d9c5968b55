/*
 * Sending a request to a FastCGI application.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_send.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "fastcgi/record.h"

enum { SMALL_BODY = 65536 }; /* what a pipe holds */

/* All of a small body. */
static int
read_body(const struct body *body, unsigned char *to)
{
	size_t at = 0, len = (size_t)body->length;

	while (at < len) {
		ssize_t n = body->is_file
				? pread(body->fd, to + at, len - at, (off_t)at)
				: read(body->fd, to + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return -1;
		}
		at += (size_t)n;
	}
	return 0;
}

int
forward_request_make(struct forward_request *request, char *const *variables,
		     const struct body *body, bool keep)
{
	bool some = body->fd >= 0 && body->length > 0;
	bool file = some && body->is_file && body->length > SMALL_BODY;
	size_t in = some && !file ? (size_t)body->length : 0;
	size_t room = record_body_size(in), len;
	unsigned char *bytes = malloc(record_request_size(variables, in));

	*request = (struct forward_request){bytes, 0, file ? body : NULL};
	if (bytes == NULL)
		return -1;
	len = record_request_put(bytes, variables, keep);
	if (in > 0) {
		if (read_body(body, bytes + len + (room - in)) != 0) {
			forward_request_free(request);
			return -1;
		}
		record_body_put(bytes + len, in);
		len += room;
	}
	/* The end of STDIN, also without a body (section 5.3): php-fpm would
	 * wait for it for ever. */
	if (!file)
		len += fcgi_header_put(bytes + len, FCGI_STDIN, RECORD_ID, 0);
	request->len = len;
	return 0;
}

void
forward_request_free(struct forward_request *request)
{
	free(request->bytes);
	request->bytes = NULL;
}

void
forward_sender_init(struct forward_sender *sender,
		    const struct forward_request *request, int fd)
{
	*sender = (struct forward_sender){.request = request, .fd = fd};
	if (request->file != NULL)
		sender->body_left = request->file->length;
	else
		sender->last = true;
}

/* Bytes from memory; more follow. */
static ssize_t
send_bytes(struct forward_sender *s, const unsigned char *from, size_t len,
	   bool more)
{
	ssize_t n =
	    send(s->fd, from, len,
		 MSG_NOSIGNAL | MSG_DONTWAIT | (more ? OS_MSG_MORE : 0));

	if (n > 0)
		s->sent += (uint64_t)n;
	return n;
}

/* The next record's header. */
static void
next_record(struct forward_sender *s)
{
	s->record_left = s->body_left < RECORD_CONTENT ? (size_t)s->body_left
						       : RECORD_CONTENT;
	s->body_left -= s->record_left;
	s->last = s->record_left == 0;
	s->header_left =
	    fcgi_header_put(s->header, FCGI_STDIN, RECORD_ID, s->record_left);
}

/* One step; 0: there is no more to send. */
static ssize_t
send_step(struct forward_sender *s)
{
	const struct forward_request *r = s->request;
	ssize_t n;

	if (s->at < r->len) {
		n = send_bytes(s, r->bytes + s->at, r->len - s->at, !s->last);
		if (n > 0)
			s->at += (size_t)n;
		return n;
	}
	if (s->header_left == 0 && s->record_left == 0 && !s->last)
		next_record(s);
	if (s->header_left > 0) {
		n = send_bytes(s, s->header + FCGI_HEADER_LEN - s->header_left,
			       s->header_left, !s->last);
		if (n > 0)
			s->header_left -= (size_t)n;
		return n;
	}
	if (s->record_left == 0)
		return 0;
	n = os_send_file(s->fd, r->file->fd, &s->offset, s->record_left);
	if (n > 0) {
		s->record_left -= (size_t)n;
		s->sent += (uint64_t)n;
	} else if (n == 0) {
		errno = EIO; /* the file was truncated */
		n = -1;
	}
	return n;
}

int
forward_send(struct forward_sender *s)
{
	for (;;) {
		ssize_t n = send_step(s);
		if (n == 0)
			return 1;
		if (n > 0 || errno == EINTR)
			continue;
		return errno == EAGAIN ? 0 : -1;
	}
}
