/*
 * Sending the application's response to the client: first the rewritten header
 * block, then the body unchanged.  relay.c (exec) and forward.c share it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_RESPONSE_H
#define RUN_RESPONSE_H

#include "cors/decide.h"
#include "cors/header_block.h"
#include "policy/settings.h"
#include "run/exchange.h"

struct response {
	struct exchange *exchange;
	const struct settings *settings;
	const struct cors_decision *decision;
	const struct request *request;
	struct header_block block;
	bool failed;   /* response_fail has been called */
	bool bodyless; /* HEAD, 204, 304: drop the body */
	bool started;  /* the header block has been sent, with its status */
	bool excess;   /* the body was longer than `length`, which is logged */
	bool over;     /* response_over has been called */
	uint64_t length; /* of the body, by its Content-Length */
};

/*
 * Begin a response.  The header buffer is in the exchange's scratch.  -1: no
 * memory; the caller responds with 500.
 */
int response_init(struct response *, struct exchange *, const struct settings *,
		  const struct cors_decision *, const struct request *);

/*
 * Output of the application, any number of bytes: header block, body, or the
 * end of one and the beginning of the other.  0; -1: the client is gone (errno
 * from the sink); -2: the header block is bad: response_fail has been called
 * and the program should be ended.
 */
int response_feed(struct response *, const char *, size_t);

/* Is the response known to be complete, because as many bytes as its
 * Content-Length have been sent, or the header block if it has no body (HEAD,
 * 204, 304)?  Any other response is complete when the output ends. */
bool response_whole(const struct response *);

/*
 * How much of the body may still be sent: never more than Content-Length, or
 * the client would take the rest for the beginning of the next response (RFC
 * 9110, 8.6).
 */
uint64_t response_room(const struct response *);

/* The application's output is complete.  If it is shorter than its
 * Content-Length, that is logged, and the sink is marked broken.  A second
 * call does nothing. */
void response_over(struct response *);

/* The application failed after the header block was sent: the sink is
 * marked broken, unless the response is complete, or our own. */
void response_cut(struct response *);

/* Is the body being sent, so that sink->move may be used for the next
 * response_room bytes?  Also false if the response has no body, or has all
 * of it (response_whole), and response_feed drops the rest. */
bool response_in_body(const struct response *);

/* The output has ended correctly: send buffered data, or 502 if there was
 * no header block.  Returns as response_feed does. */
int response_end(struct response *);

/*
 * The response has failed; id ("first-byte-timeout") is for the outcome.
 * Before the header block was sent: answer_error.  After: the sink is marked
 * broken, unless the response is complete.  A second call does nothing.
 */
void response_fail(struct response *, int status, const char *id);

#endif
