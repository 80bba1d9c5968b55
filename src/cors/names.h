/*
 * Method and header names that the Fetch standard treats specially.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef NAMES_H
#define NAMES_H

#include "base/slice.h"

/* Token of RFC 9110, 5.6.2 (at least one byte)? */
bool token_is_valid(struct slice);
/* Write a token in lower case to `to`, which has room for its length; no NUL.
 * False: not a token (or empty); the contents of `to` are then undefined. */
bool token_lower(char *to, struct slice);

/* Fetch, 2.2.1: CONNECT, TRACE, TRACK in any case. */
bool method_is_forbidden(struct slice);
/* GET, HEAD, POST, byte for byte. */
bool method_is_safelisted(struct slice);
/* Methods that only read (RFC 9110, 9.2.1; QUERY: RFC 10008), byte for byte;
 * TRACE is not among them: no page can send it. */
bool method_is_safe(struct slice);
/* May a request be sent twice (RFC 9110, 9.2.2)?  The safe ones and PUT, DELETE
 * and TRACE. */
bool method_is_idempotent(struct slice);
/* "Normalize": DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case, all
 * other methods as they are. */
struct slice method_normalize(struct slice);

/* Fetch, 2.2.2, whatever the value; names in any case. */
bool request_header_is_forbidden(struct slice);
/* Names that need no preflight if the value is harmless, and that a policy need
 * not list.  Content-Type and Range are not among them, since JSON and suffix
 * ranges must be allowed. */
bool request_header_is_plain(struct slice);
/* Response headers of the CORS protocol, written by mistake where request
 * headers belong. */
bool request_header_is_misplaced(struct slice);

/* Set-Cookie, Set-Cookie2: never readable. */
bool response_header_is_forbidden(struct slice);
/* CORS-safelisted response-header names: readable without being exposed. */
bool response_header_is_safelisted(struct slice);
/* Request headers, and headers of preflights, written by mistake in a list of
 * response headers. */
bool response_header_is_misplaced(struct slice);

#endif
