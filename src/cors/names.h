/*
 * Method and header names that the Fetch standard treats specially.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef NAMES_H
#define NAMES_H

#include "base/slice.h"

/* Is it a token (RFC 9110, 5.6.2; at least one byte)? */
bool token_is_valid(struct slice);
/* Write a token in lower case, without NUL, to `to`, which has room for its
 * length.  False: not a token; the contents of `to` are then undefined. */
bool token_lower(char *to, struct slice);

/* Fetch, 2.2.1: CONNECT, TRACE, TRACK in any case. */
bool method_is_forbidden(struct slice);
/* GET, HEAD, POST, byte for byte. */
bool method_is_safelisted(struct slice);
/* Safe methods (RFC 9110, 9.2.1; QUERY: RFC 10008), byte for byte, except
 * TRACE, which no page can send. */
bool method_is_safe(struct slice);
/* May a request be repeated (RFC 9110, 9.2.2)?  The safe methods, PUT, DELETE
 * and TRACE, byte for byte. */
bool method_is_idempotent(struct slice);
/* Fetch, "normalize" a method: DELETE, GET, HEAD, OPTIONS, POST and PUT become
 * upper case, all others stay unchanged. */
struct slice method_normalize(struct slice);

/* Fetch, "forbidden request-header", by the name alone.  Here and below names
 * are in any case. */
bool request_header_is_forbidden(struct slice);
/* Safelisted names that a policy need not list.  Not Content-Type and Range: a
 * policy must list them to allow JSON or suffix ranges. */
bool request_header_is_plain(struct slice);
/* Response headers of the CORS protocol, by mistake in a list of request
 * headers. */
bool request_header_is_misplaced(struct slice);

/* Set-Cookie, Set-Cookie2: never readable. */
bool response_header_is_forbidden(struct slice);
/* CORS-safelisted response-header names: readable without being exposed. */
bool response_header_is_safelisted(struct slice);
/* Request headers, and headers of responses to preflights, by mistake in a list
 * of response headers. */
bool response_header_is_misplaced(struct slice);

#endif
