/*
 * Responses that corswrap makes itself.
 *
 * They are written piece by piece; the sink joins the pieces to one write.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/answer.h"

#include <string.h>

#include "cors/own_response.h"

/* The response to HEAD has no body (RFC 9110, 9.3.2). */
static bool
is_head(const struct exchange *x)
{
	const char *method = variables_find(x->variables, "REQUEST_METHOD");

	return method != NULL && strcmp(method, "HEAD") == 0;
}

static int
send(struct exchange *x, const struct own_response *r)
{
	x->outcome.status = r->status;
	for (size_t i = 0; i < r->count; i++)
		if (x->out->write(x->out, r->pieces[i].ptr, r->pieces[i].len) !=
		    0)
			return -1;
	x->outcome.body_bytes += r->body_bytes;
	return 0;
}

int
answer_error(struct exchange *x, const struct cors_decision *decision,
	     int status, const char *text)
{
	struct own_response r;

	own_response_error(&r, decision, status, text, is_head(x));
	return send(x, &r);
}

int
answer_decision(struct exchange *x, const struct cors_decision *decision)
{
	struct own_response r;

	own_response_make(&r, decision, is_head(x));
	return send(x, &r);
}
