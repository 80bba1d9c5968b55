/*
 * The request body, read whole before the application sees any of it: small
 * into a pipe, larger into a memfd or an unlinked file (notes/cgi.md 4.3).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_BODY_H
#define RUN_BODY_H

#include "cors/request.h"
#include "policy/settings.h"
#include "run/exchange.h"

struct body {
	int fd;		 /* at the beginning of the body; -1: no body */
	bool is_file;	 /* memfd or file (sendfile works), else a pipe */
	uint64_t length; /* bytes in it; becomes CONTENT_LENGTH */
};

/*
 * Read the body of the exchange.  0: *out holds it (close with body_close).
 * Else the status of the response: 400 (malformed CONTENT_LENGTH, or the
 * client disconnected or sent less than announced: the program must not run),
 * 408 (body-timeout or total-timeout), 413 (over max-body; the rest has not
 * been read), 500 (no room), 503 (too many slow clients, or corswrap stops);
 * the cause has been logged.
 */
int body_read(struct exchange *, const struct app *, const struct request *,
	      struct body *out);
void body_close(struct body *);

/* The folder for bodies that neither fit into a pipe nor may be kept in
 * memory. */
const char *body_folder(void);

/*
 * The response to a body that is too large has been sent: read the rest, until
 * its end or body-timeout.  A web server that cannot write all of the body
 * discards the response.
 */
void body_discard(struct exchange *);

#endif
