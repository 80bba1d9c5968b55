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

/* Read all of a small body. */
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

/* Append a small body of `in` bytes, and its end unless the file follows; bytes
 * has room for them.  -1: the body could not be read; request is freed. */
static int
add_body(struct forward_request *request, const struct body *body, size_t in)
{
	size_t room = record_body_size(in);
	unsigned char *end = request->bytes + request->len;

	if (in > 0) {
		if (read_body(body, end + (room - in)) != 0) {
			forward_request_free(request);
			return -1;
		}
		record_body_put(end, in);
		request->len += room;
		end += room;
	}
	/* The end of STDIN, also without a body (section 5.3): php-fpm
	 * would wait for it without limit. */
	if (request->file == NULL)
		request->len += fcgi_header_put(end, FCGI_STDIN, RECORD_ID, 0);
	return 0;
}

/* Is the body sent from its file?  If not, *in is its length, and it is copied
 * into the bytes of the request. */
static bool
is_large(const struct body *body, size_t *in)
{
	bool some = body->fd >= 0 && body->length > 0;
	bool file = some && body->is_file && body->length > SMALL_BODY;

	*in = some && !file ? (size_t)body->length : 0;
	return file;
}

int
forward_request_make(struct forward_request *request, char *const *variables,
		     const struct body *body, bool keep)
{
	size_t in;
	bool file = is_large(body, &in);
	unsigned char *bytes = malloc(record_request_size(variables, in));

	*request = (struct forward_request){bytes, 0, file ? body : NULL};
	if (bytes == NULL)
		return -1;
	request->len = record_request_put(bytes, variables, keep);
	return add_body(request, body, in);
}

int
forward_request_rest(struct forward_request *request, const struct body *body)
{
	size_t in;
	bool file = is_large(body, &in);
	unsigned char *bytes =
	    malloc(record_body_size(in) + (size_t)2 * FCGI_HEADER_LEN);

	*request = (struct forward_request){bytes, 0, file ? body : NULL};
	if (bytes == NULL)
		return -1;
	request->len = fcgi_header_put(bytes, FCGI_PARAMS, RECORD_ID, 0);
	return add_body(request, body, in);
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

/* more: other bytes follow at once, so the kernel need not send these alone. */
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

/* Begin the next record of the body. */
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

/* Make one system call.  Returns what that returns; 0: everything has been
 * sent. */
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
