/*
 * The analyzer page as a CGI program (RFC 3875): one request, in the
 * environment and on standard input.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ; /* not declared by any header of POSIX */

static size_t
read_stdin(void *ctx, char *to, size_t len)
{
	size_t have = 0;

	(void)ctx;
	while (have < len) {
		ssize_t n = read(STDIN_FILENO, to + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

int
page_cgi(void)
{
	/* A form never takes so long, and servers do not wait longer. */
	static const struct rlimit limit = {PAGE_CPU_SECONDS, PAGE_CPU_SECONDS};
	const struct page_request request = {
	    .variables = environ, .read = read_stdin, .out = stdout};

	setrlimit(RLIMIT_CPU, &limit);
	page_respond(&request);
	return fflush(stdout) == 0 ? 0 : 1;
}
