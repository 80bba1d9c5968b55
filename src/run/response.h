/*
 * The application's answer on its way to the client: header block first,
 * rewritten, then the body as it is.  relay.c (exec) and forward.c share it.
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
 * Begin.  The header buffer comes from the exchange's scratch.  -1: no memory
 * (the caller answers 500).
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

/* Has all of it been sent: the Content-Length that it has, or the header block
 * where it has no body (HEAD, 204, 304)?  The end of the output tells of all
 * others. */
bool response_whole(const struct response *);

/*
 * How much of the body may still be sent: never more than Content-Length, or
 * the server would take the rest for the beginning of its next response (RFC
 * 9110, 8.6).
 */
uint64_t response_room(const struct response *);

/* The application has said all that it has to say.  If that is less than its
 * Content-Length, this is logged, and the sink is marked broken.  Does nothing
 * the second time. */
void response_over(struct response *);

/* The application went wrong after the header block was sent: unless the
 * response is whole, or one of ours, the sink is marked broken. */
void response_cut(struct response *);

/* Is the body being sent, so that sink->move may be used for response_room of
 * what follows?  False as well where the response has no body, or has all of it
 * (response_whole), and response_feed drops the rest. */
bool response_in_body(const struct response *);

/* The output has ended as it should: send what is still held back, or 502 if
 * there was no header block.  Returns as response_feed does. */
int response_end(struct response *);

/*
 * The response has failed; id ("first-byte-timeout") is for the outcome. Before
 * the header block was sent: answer_error.  After: the sink is marked
 * broken, unless the response is whole.  Does nothing the second time.
 */
void response_fail(struct response *, int status, const char *id);

#endif
