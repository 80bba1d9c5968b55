/*
 * The analyzer page as a FastCGI responder, on top of libfcgi.
 *
 * It handles one request after the other: each takes milliseconds, and several
 * processes can share a socket.  We accept connections ourselves, because
 * FCGX_Accept_r waits without a time limit, and because a signal that arrives
 * just before its accept(2) is lost.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/os.h"

/* How long to wait for a web server that does not send or read. */
enum { PEER_SECONDS = 10 };

/* ---- one request ---- */

/* Limit a request to the processor time of a CGI program.  If it uses more, the
 * process is killed, and its supervisor must start it again. */
static void
limit_cpu(void)
{
	struct rusage used;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &used) != 0 ||
	    getrlimit(RLIMIT_CPU, &limit) != 0)
		return;
	limit.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			 1 + PAGE_CPU_SECONDS;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CPU, &limit);
}

static size_t
read_stream(void *ctx, char *to, size_t len)
{
	FCGX_Stream *in = ctx;
	int n = FCGX_GetStr(to, (int)len, in); /* len: PAGE_BODY_MAX at most */

	return n < 0 ? 0 : (size_t)n;
}

static void
respond(FCGX_Request *fcgi)
{
	char *text = NULL;
	size_t len = 0;
	struct page_request request = {.variables = fcgi->envp,
				       .read = read_stream,
				       .ctx = fcgi->in,
				       .out = memory_stream(&text, &len)};
	bool good = request.out != NULL;

	if (good) {
		page_respond(&request);
		good = ferror(request.out) == 0;
		good = fclose(request.out) == 0 && good && len <= INT_MAX;
	}
	if (good)
		FCGX_PutStr(text, (int)len, fcgi->out);
	else
		FCGX_PutS("Status: 500 Internal Server Error\r\n\r\n",
			  fcgi->out);
	free(text);
}

/*
 * A close with bytes unread would reset the connection, and the web server
 * could lose the response.  So the rest of its input is read first; if that
 * does not end, libfcgi waits at most two seconds for each piece.
 */
static void
finish(FCGX_Request *fcgi)
{
	char rest[4096];
	size_t len = 0;
	int n = FCGX_GetError(fcgi->in) == 0 ? 1 : -1;

	while (n > 0 && len <= PAGE_BODY_MAX) {
		n = FCGX_GetStr(rest, (int)sizeof(rest), fcgi->in);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n == 0 && FCGX_GetError(fcgi->in) == 0)
		FCGX_Detach(fcgi); /* an immediate close */
	FCGX_Finish_r(fcgi);
}

/* ---- connections ---- */

static void
serve(int fd)
{
	static const struct timeval limit = {PEER_SECONDS, 0};
	FCGX_Request fcgi;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	/* Not a listening socket, so that it cannot accept by itself. */
	if (FCGX_InitRequest(&fcgi, -1, 0) != 0) {
		close(fd);
		return;
	}
	fcgi.ipcFd = fd;
	/* FCGX_Accept_r begins with FCGX_Finish_r, which must not close fd. */
	fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&fcgi) != 0)
		return; /* FCGX_Accept_r has closed fd */
	/* A kept connection would block all others. */
	fcgi.keepConnection = 0;
	/* FCGX_Accept_r takes truncated parameters for complete, and a 200
	 * from an authorizer would allow a request. */
	if (FCGX_GetError(fcgi.in) != 0 || fcgi.role != FCGI_RESPONDER) {
		FCGX_PutS("Status: 403 Forbidden\r\n\r\n", fcgi.out);
	} else {
		limit_cpu();
		respond(&fcgi);
	}
	finish(&fcgi);
}

/* Wait for the next connection.  -1: a signal has come (*stopped), or the
 * socket cannot be used.  Signals are only checked here, so a request that has
 * begun is finished. */
static int
next_connection(int listener, int signals, bool *stopped)
{
	/* After accept(2) failed because too many files are open, or memory is
	 * out. */
	static const struct timespec pause = {0, 100000000L};
	struct pollfd fds[2] = {{listener, POLLIN, 0}, {signals, POLLIN, 0}};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0)
			continue;
		*stopped = fds[1].revents != 0;
		if (*stopped)
			return -1;
		fd = os_accept(listener, NULL, NULL);
		if (fd >= 0)
			return fd;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			nanosleep(&pause, NULL);
		else if (errno == EBADF || errno == EINVAL)
			return -1;
	}
}

/* A descriptor that is readable when the process must end; -1 with errno. */
static int
take_signals(void)
{
	sigset_t ending;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGUSR1);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	return os_signals(&ending);
}

int
page_fastcgi(int listener)
{
	int flags = fcntl(listener, F_GETFL), signals = -1, fd;
	bool stopped = false;

	/* Another process may accept the connection that poll reported to
	 * both. */
	if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    FCGX_Init() != 0 || (signals = take_signals()) < 0) {
		perror("corscheck: FastCGI");
		return 1;
	}
	while ((fd = next_connection(listener, signals, &stopped)) >= 0)
		serve(fd);
	close(signals);
	return stopped ? 0 : 1;
}
