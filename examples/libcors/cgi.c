/*
 * A CGI program for pages of other origins: CORS by libcors, without a wrapper
 * in front.
 *
 * SPDX-License-Identifier: ISC
 */
#include <cors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef POLICY
#define POLICY "/etc/corswrap/api.ini"
#endif

extern char **environ;

/* Diagnostics of the policy go to the error log of the web server. */
static void
report(void *ctx, const char *message)
{
	(void)ctx;
	fprintf(stderr, "%s\n", message);
}

static int
write_out(void *ctx, const char *bytes, size_t length)
{
	return fwrite(bytes, 1, length, ctx) == length ? 0 : -1;
}

/* The program itself, as without CORS. */
static void
respond(struct cors_request *request)
{
	static const char headers[] = "Content-Type: text/plain\r\n"
				      "X-Count: 1\r\n"
				      "\r\n";
	const char *method = getenv("REQUEST_METHOD");

	cors_apply(request, headers, strlen(headers), write_out, stdout);
	printf("You sent a %s.\n", method == NULL ? "request" : method);
}

int
main(void)
{
	struct cors_policy *policy = cors_load(POLICY, report, NULL);
	struct cors_request *request = cors_request_new();

	if (policy == NULL || request == NULL) {
		puts("Status: 500 Internal Server Error\r\n\r");
		return 1;
	}
	cors_decide(request, policy, environ);
	/* A preflight, or a request that the policy refuses: it must not run.
	 */
	if (cors_status(request) != 0)
		cors_answer(request, write_out, stdout);
	else
		respond(request);
	cors_request_free(request);
	cors_free(policy);
	return fflush(stdout) == 0 ? 0 : 1;
}
