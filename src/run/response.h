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
	bool failed;   /* response_fail has been called: the answer is over */
	bool bodyless; /* HEAD, 204, 304: what else comes is thrown away */
	bool started;  /* the header block has gone out: no other status now */
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

/*
 * Is the body being sent, so that sink->move may be used on what follows?  Not
 * where a body is not to be sent: response_feed then throws it away.
 */
bool response_in_body(const struct response *);

/* The application has ended its output well: send what is still held back
 * (or 502 if it never gave a header block).  As response_feed. */
int response_end(struct response *);

/*
 * It went wrong: id is for the outcome and the log ("first-byte-timeout").
 * Before the header block went out, an error answer with status and CORS
 * headers; after, the sink is marked broken.  extra as in answer_error.
 */
void response_fail(struct response *, int status, const char *id,
		   const char *extra);

#endif
