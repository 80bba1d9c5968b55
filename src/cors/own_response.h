/*
 * Responses that do not come from the application: to a preflight or an
 * OPTIONS, a refusal, an error.  A script cannot read an error without CORS
 * headers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_OWN_RESPONSE_H
#define CORS_OWN_RESPONSE_H

#include "base/text.h"
#include "cors/decide.h"

enum { OWN_RESPONSE_PIECES = CORS_PARTS_MAX + 16 };

/*
 * A response in pieces to send in order: header lines that end in CRLF, a blank
 * line, the body.  Nothing is copied or allocated: the pieces point into the
 * decision, its policy, the text and this structure, and are valid as long as
 * all of these.  So do not copy or move the structure.
 */
struct own_response {
	int status;
	struct slice pieces[OWN_RESPONSE_PIECES];
	size_t count;
	size_t head;       /* the number of pieces before the blank line */
	size_t body_bytes; /* 0 for HEAD */
	char status_digits[TEXT_DECIMAL_MAX];
	char length_digits[TEXT_DECIMAL_MAX];
};

/*
 * Make an error: Status, the CORS lines of the decision (may be NULL),
 * Cache-Control: no-store, a short text/plain body, and with 503, because a
 * retry may succeed, Retry-After (RFC 9110, 15.6.4).  text is sent to the
 * client, so it must not contain a path or a part of the policy; NULL: the
 * meaning of the status.  head: the request is a HEAD, whose response has no
 * body (RFC 9110, 9.3.2).
 */
void own_response_error(struct own_response *, const struct cors_decision *,
    int status, const char *text, bool head);

/* Make the response to a request whose verdict is not CORS_RUN. */
void own_response_make(struct own_response *, const struct cors_decision *,
    bool head);

#endif
