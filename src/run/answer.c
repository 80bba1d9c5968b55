/*
 * Answers that corswrap makes itself.
 *
 * They are written piece by piece into the sink, which gathers them: nothing
 * is allocated and nothing formatted by stdio, because preflights are answered
 * here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/answer.h"

#include <string.h>

#include "base/text.h"

/* Each status that corswrap sends: its phrase, and the body that the client
 * reads where the cause is for the log alone. */
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
    {400, "Bad Request", "The request cannot be understood."},
    {403, "Forbidden", "This may not be asked for."},
    {404, "Not Found", "There is nothing here."},
    {405, "Method Not Allowed", "The method is not supported here."},
    {413, "Content Too Large", "The request body is too large."},
    {500, "Internal Server Error",
     "The server is not set up well; its log says more."},
    {502, "Bad Gateway", "The application gave no proper answer."},
    {503, "Service Unavailable", "The application cannot be reached just now."},
    {504, "Gateway Timeout", "The application did not answer in time."},
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

/* Write unless an earlier piece failed. */
static void
put(struct sink *out, int *failed, struct slice piece)
{
	if (*failed == 0 && piece.len > 0)
		*failed = out->write(out, piece.ptr, piece.len);
}

static void
put_text(struct sink *out, int *failed, const char *text)
{
	put(out, failed, slice_from(text));
}

/* "NAME: 123", without the end of the line. */
static void
put_number(struct sink *out, int *failed, const char *name, size_t number)
{
	char digits[TEXT_DECIMAL_MAX];

	put_text(out, failed, name);
	put(out, failed, slice_of(digits, text_put_decimal(digits, number)));
}

/* Status line and the CORS lines of the decision, which may be NULL. */
static void
put_head(struct sink *out, int *failed, int status,
	 const struct cors_decision *decision)
{
	struct slice parts[CORS_PARTS_MAX];
	const char *phrase = find_status(status)->phrase;
	size_t count = 0;

	put_number(out, failed, "Status: ", (size_t)status);
	if (phrase[0] != '\0')
		put(out, failed, SLICE(" "));
	put_text(out, failed, phrase);
	put(out, failed, SLICE("\r\n"));
	if (decision != NULL && decision->policy != NULL)
		count = cors_parts(decision, parts);
	for (size_t i = 0; i < count; i++)
		put(out, failed, parts[i]);
}

/* The answer to HEAD has no body (RFC 9110, 9.3.2). */
static bool
is_head(const struct exchange *x)
{
	const char *method = variables_find(x->variables, "REQUEST_METHOD");

	return method != NULL && strcmp(method, "HEAD") == 0;
}

int
answer_error(struct exchange *x, const struct cors_decision *decision,
	     int status, const char *text, const char *extra)
{
	struct sink *out = x->out;
	const char *body = text != NULL ? text : find_status(status)->text;
	size_t len = strlen(body);
	bool newline = len == 0 || body[len - 1] != '\n';
	int failed = 0;

	x->outcome.status = status;
	put_head(out, &failed, status, decision);
	put_text(out, &failed,
		 "Cache-Control: no-store\r\n"
		 "Content-Type: text/plain; charset=utf-8\r\n");
	put_number(out, &failed, "Content-Length: ", len + newline);
	put(out, &failed, SLICE("\r\n"));
	if (extra != NULL)
		put_text(out, &failed, extra);
	put(out, &failed, SLICE("\r\n"));
	if (!is_head(x)) {
		put_text(out, &failed, body);
		if (newline)
			put(out, &failed, SLICE("\n"));
		if (failed == 0)
			x->outcome.body_bytes += len + newline;
	}
	return failed;
}

int
answer_empty(struct exchange *x, const struct cors_decision *decision)
{
	struct sink *out = x->out;
	int failed = 0;

	x->outcome.status = decision->status;
	put_head(out, &failed, decision->status, decision);
	/* RFC 9110, 8.6: no Content-Length with 204. */
	if (decision->status != 204)
		put_text(out, &failed, "Content-Length: 0\r\n");
	put(out, &failed, SLICE("\r\n"));
	return failed;
}
