/*
 * The baseline for corswrap: the loop of libfcgi's own examples, printing a
 * constant preflight response.
 *
 *   tiny SOCKET
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcgiapp.h>
#include <stdio.h>

static const char answer[] =
    "Status: 204 No Content\r\n"
    "Access-Control-Allow-Origin: https://app.example.com\r\n"
    "Access-Control-Allow-Credentials: true\r\n"
    "Access-Control-Allow-Methods: PUT,DELETE\r\n"
    "Access-Control-Allow-Headers: x-token,content-type\r\n"
    "Access-Control-Max-Age: 600\r\n"
    "Vary: Origin, Access-Control-Request-Method, "
    "Access-Control-Request-Headers\r\n"
    "\r\n";

int
main(int argc, char **argv)
{
	FCGX_Request request;
	int fd;

	if (argc != 2 || FCGX_Init() != 0)
		return 2;
	fd = FCGX_OpenSocket(argv[1], 1024);
	if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0) {
		perror(argv[1]);
		return 1;
	}
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutStr(answer, (int)sizeof(answer) - 1, request.out);
		FCGX_Finish_r(&request);
	}
	return 0;
}
