/*
 * Handles requests only by the calls of libcors, for t/cors/installed.t, which
 * builds it against the installed library.
 *
 * 	answer_rows POLICY <REQUESTS
 *
 * A request is its variables, each ended by NUL, and an empty one behind the
 * last.  APP_OUTPUT is the output of the program.  For each: the length of the
 * response, a newline, and the response.
 *
 * SPDX-License-Identifier: ISC
 */
#include <cors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLES = 256, ROOM = 4 << 20 };

struct response {
	char *bytes;
	size_t length;
};

static void
report(void *ctx, const char *message)
{
	(void)ctx;
	fprintf(stderr, "%s\n", message);
}

static int
append(void *ctx, const char *bytes, size_t length)
{
	struct response *r = ctx;

	r->bytes = realloc(r->bytes, r->length + length + 1);
	if (r->bytes == NULL)
		abort();
	memcpy(r->bytes + r->length, bytes, length);
	r->length += length;
	return 0;
}

static int
answer(struct cors_request *request, const struct cors_policy *policy,
       char **variables)
{
	const char *output = "";
	struct response r = {NULL, 0};

	for (char **v = variables; *v != NULL; v++)
		if (strncmp(*v, "APP_OUTPUT=", 11) == 0)
			output = *v + 11;
	if (cors_decide(request, policy, variables) != 0)
		return 1;
	if ((cors_status(request) != 0
		 ? cors_answer(request, append, &r)
		 : cors_apply(request, output, strlen(output), append, &r)) !=
	    0)
		return 1;
	printf("%zu\n", r.length);
	fwrite(r.bytes, 1, r.length, stdout);
	free(r.bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	struct cors_policy *policy = cors_load(argv[argc - 1], report, NULL);
	struct cors_request *request = cors_request_new();
	char *text = malloc(ROOM), *variables[VARIABLES];
	size_t length, count = 0;

	if (policy == NULL || request == NULL || text == NULL)
		return 2;
	length = fread(text, 1, ROOM - 1, stdin);
	text[length] = '\0';
	for (char *at = text; at < text + length; at += strlen(at) + 1) {
		if (*at != '\0' && count + 1 < VARIABLES) {
			variables[count++] = at;
			continue;
		}
		variables[count] = NULL;
		if (answer(request, policy, variables) != 0)
			return 1;
		count = 0;
	}
	cors_request_free(request);
	cors_free(policy);
	free(text);
	return 0;
}
