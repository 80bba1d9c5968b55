/*
 * Responses that do not come from the application.
 *
 * They are collected in pieces: nothing is allocated, copied or formatted by
 * stdio, because responses to preflights must be fast.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/own_response.h"

/* The reason phrase of each status, and the default body of an error, which
 * does not tell the client the cause. */
static const struct status_text {
	int status;
	const char *phrase;
	const char *text;
} status_texts[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {203, "Non-Authoritative Information", ""},
    {204, "No Content", ""},
    {205, "Reset Content", ""},
    {206, "Partial Content", ""},
    {302, "Found", ""},
    {400, "Bad Request", "The request is invalid."},
    {403, "Forbidden", "Access denied. The log has the reason."},
    {404, "Not Found", "Not found."},
    {405, "Method Not Allowed", "The method is not supported."},
    {408, "Request Timeout", "The request body timed out."},
    {413, "Content Too Large", "The request body is too large."},
    {500, "Internal Server Error",
     "The server is misconfigured. The log has the reason."},
    {502, "Bad Gateway", "The application sent an invalid response."},
    {503, "Service Unavailable",
     "The application is not available at the moment."},
    {504, "Gateway Timeout", "The application did not respond in time."},
    {0, "", ""},
};

static const struct status_text *
find_status(int status)
{
	const struct status_text *t = status_texts;

	while (t->status != 0 && t->status != status)
		t++;
	return t;
}

static void
add(struct own_response *r, struct slice piece)
{
	if (piece.len > 0 && r->count < OWN_RESPONSE_PIECES)
		r->pieces[r->count++] = piece;
}

static void
add_number(struct own_response *r, struct slice name,
	   char digits[static TEXT_DECIMAL_MAX], size_t number)
{
	add(r, name);
	add(r, slice_of(digits, text_put_decimal(digits, number)));
}

/* Add Status and the CORS lines of the decision, which may be NULL. */
static void
begin(struct own_response *r, int status, const struct cors_decision *decision)
{
	struct slice phrase = slice_from(find_status(status)->phrase);

	r->status = status;
	r->count = 0;
	r->body_bytes = 0;
	add_number(r, SLICE("Status: "), r->status_digits, (size_t)status);
	if (phrase.len > 0)
		add(r, SLICE(" "));
	add(r, phrase);
	add(r, SLICE("\r\n"));
	if (decision != NULL && decision->policy != NULL)
		r->count += cors_parts(decision, r->pieces + r->count);
}

static void
end_head(struct own_response *r)
{
	r->head = r->count;
	add(r, SLICE("\r\n"));
}

void
own_response_error(struct own_response *r, const struct cors_decision *decision,
		   int status, const char *text, bool head)
{
	struct slice body =
	    slice_from(text != NULL ? text : find_status(status)->text);
	bool newline = !text_ends(body, SLICE("\n"));

	begin(r, status, decision);
	add(r, SLICE("Cache-Control: no-store\r\n"
		     "Content-Type: text/plain; charset=utf-8\r\n"));
	add_number(r, SLICE("Content-Length: "), r->length_digits,
		   body.len + newline);
	add(r, SLICE("\r\n"));
	if (status == 503)
		add(r, SLICE("Retry-After: 1\r\n"));
	end_head(r);
	if (head)
		return;
	add(r, body);
	if (newline)
		add(r, SLICE("\n"));
	r->body_bytes = body.len + newline;
}

void
own_response_make(struct own_response *r, const struct cors_decision *decision,
		  bool head)
{
	const char *text = NULL;

	switch (decision->verdict) {
	case CORS_ANSWER_PREFLIGHT:
	case CORS_ANSWER_OPTIONS:
		begin(r, decision->status, decision);
		/* RFC 9110, 8.6: no Content-Length with 204. */
		if (decision->status != 204)
			add(r, SLICE("Content-Length: 0\r\n"));
		end_head(r);
		return;
	case CORS_REFUSE_PREFLIGHT:
		text = "The CORS policy refuses this preflight.";
		break;
	case CORS_BLOCK:
		text = decision->reason == CORS_ISOLATED
			   ? "The policy refuses requests from other sites."
			   : "The CORS policy refuses requests from this "
			     "origin.";
		break;
	case CORS_REFUSE_METHOD:
	case CORS_BAD_PATH:
	case CORS_BAD_HOST:
	case CORS_UNKNOWN_POLICY:
	case CORS_RUN:
		break;
	}
	own_response_error(r, decision, decision->status, text, head);
}
