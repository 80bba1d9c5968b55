/*
 * Sending a request to a FastCGI application: parameters and a small body as
 * one run of bytes, a large body from its file, without copying.  Private to
 * forward.c and forward_send.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_FORWARD_SEND_H
#define RUN_FORWARD_SEND_H

#include "fastcgi/protocol.h"
#include "run/body.h"

/* The bytes of a request.  Each attempt sends them over its own connection. */
struct forward_request {
	unsigned char *bytes;
	size_t len;
	const struct body *file; /* sent after bytes; NULL: nothing */
};

/* -1 with errno: no memory, or the body could not be read. */
int forward_request_make(struct forward_request *, char *const *variables,
			 const struct body *, bool keep);
/* The same without the parameters, which have been sent: this makes the
 * application begin. */
int forward_request_rest(struct forward_request *, const struct body *);
void forward_request_free(struct forward_request *);

struct forward_sender {
	const struct forward_request *request;
	int fd;
	size_t at;	    /* in the bytes of the request */
	uint64_t body_left; /* of the file, not yet in a record */
	size_t record_left; /* of the record being sent */
	off_t offset;	    /* in the file */
	unsigned char header[FCGI_HEADER_LEN];
	size_t header_left;
	bool last;     /* the empty record has been made */
	uint64_t sent; /* bytes that the kernel took */
};

void forward_sender_init(struct forward_sender *,
			 const struct forward_request *, int fd);

/* Send as much as the connection takes without blocking.  1: everything has
 * been sent; 0: call it again when fd is writable; -1 with errno. */
int forward_send(struct forward_sender *);

#endif
