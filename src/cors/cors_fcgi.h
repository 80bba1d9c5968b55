/*
 * libcors for programs that use libfcgi (fcgiapp.h), in three calls: cors_load
 * once, cors_fcgi_accept instead of FCGX_Accept_r, and cors_fcgi_headers for
 * the header block of each response.
 *
 * 	struct cors_policy *policy = cors_load("api.ini", NULL, NULL);
 * 	struct cors_request *request = NULL;
 * 	FCGX_Request fcgi;
 *
 * 	...
 * 	while (cors_fcgi_accept(&request, policy, &fcgi) == 0) {
 * 		cors_fcgi_headers(request, &fcgi,
 * 		    "Content-Type: text/plain\r\n\r\n");
 * 		FCGX_PutS("hello\n", fcgi.out);
 * 	}
 *
 * All functions are inline, so that libcors is not linked with libfcgi: the
 * program links both.  As in fcgiapp.h, each thread has its own FCGX_Request
 * and cors_request; the policy is shared.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_FCGI_H
#define CORS_FCGI_H

#include <string.h>

#include <cors.h>
#include <fcgiapp.h>

/* For cors_answer and cors_apply: ctx is an FCGX_Stream.  0, or -1: the
 * client has disconnected. */
static inline int
cors_fcgi_write(void *ctx, const char *bytes, size_t length)
{
	/* FCGX_PutStr counts in int. */
	while (length > 0) {
		int part = length > 1 << 20 ? 1 << 20 : (int)length;

		if (FCGX_PutStr(bytes, part, (FCGX_Stream *)ctx) != part)
			return -1;
		bytes += part;
		length -= (size_t)part;
	}
	return 0;
}

/*
 * Wait for the next request that the program must handle; it has been decided
 * by the policy.  This function itself responds to preflights and refused
 * requests, and finishes them.  If *request is NULL, a request is made (free it
 * with cors_request_free).
 *
 * Returns 0; or, as FCGX_Accept_r, a negative number if no request can be
 * accepted; -1 also if memory for *request is exhausted.
 */
static inline int
cors_fcgi_accept(struct cors_request **request,
    const struct cors_policy *policy, FCGX_Request *fcgi)
{
	if (*request == NULL && (*request = cors_request_new()) == NULL)
		return -1;
	for (;;) {
		int result = FCGX_Accept_r(fcgi);

		if (result < 0)
			return result;
		/* If memory is exhausted, the status is 500. */
		(void)cors_decide(*request, policy, fcgi->envp);
		if (cors_status(*request) == 0)
			return 0;
		(void)cors_answer(*request, cors_fcgi_write, fcgi->out);
		FCGX_Finish_r(fcgi);
	}
}

/*
 * Write the header block of the response, rewritten by cors_apply: a string of
 * header lines and a blank line, after which a body may follow.  Returns as
 * cors_apply does: -1, and nothing is written, if the block is invalid.
 */
static inline int
cors_fcgi_headers(struct cors_request *request, FCGX_Request *fcgi,
    const char *block)
{
	return cors_apply(request, block, strlen(block), cors_fcgi_write,
	    fcgi->out);
}

#endif
