/*
 * A FastCGI program with libfcgi: what was
 *
 *	while (FCGX_Accept_r(&fcgi) == 0) {
 *		FCGX_PutS("Content-Type: text/plain\r\n\r\n", fcgi.out);
 *
 * is now cors_fcgi_accept and cors_fcgi_headers; nothing else has changed.
 *
 *	./fastcgi [SOCKET]	a path, or :PORT; without, the web server's on
 *				descriptor 0
 *
 * SPDX-License-Identifier: ISC
 */
#include <cors_fcgi.h>
#include <stdio.h>

#ifndef POLICY
#define POLICY "/etc/corswrap/api.ini"
#endif

/* Diagnostics of the policy go to the error log of the web server. */
static void
report(void *ctx, const char *message)
{
	(void)ctx;
	fprintf(stderr, "%s\n", message);
}

int
main(int argc, char **argv)
{
	struct cors_policy *policy = cors_load(POLICY, report, NULL);
	struct cors_request *request = NULL;
	unsigned long count = 0;
	FCGX_Request fcgi;
	int socket = 0;

	if (policy == NULL || FCGX_Init() != 0)
		return 1;
	if (argc > 1)
		socket = FCGX_OpenSocket(argv[1], 16);
	if (socket < 0 || FCGX_InitRequest(&fcgi, socket, 0) != 0)
		return 1;
	while (cors_fcgi_accept(&request, policy, &fcgi) == 0) {
		char headers[128];

		(void)snprintf(
		    headers, sizeof(headers),
		    "Content-Type: text/plain\r\nX-Count: %lu\r\n\r\n",
		    ++count);
		cors_fcgi_headers(request, &fcgi, headers);
		FCGX_FPrintF(fcgi.out, "You sent a %s.\n",
			     FCGX_GetParam("REQUEST_METHOD", fcgi.envp));
	}
	cors_request_free(request);
	cors_free(policy);
	return 0;
}
