/*
 * Starting a php-cgi as a FastCGI server for this process, and sending it the
 * parameters of requests.
 *
 * Its socket is bound to a name in a private folder and connected, and the name
 * is removed, all before php-cgi starts.  So no file is left if this process is
 * killed later.
 *
 * php-cgi closes a connection on which it receives nothing for five seconds
 * after it has accepted it, so BEGIN_REQUEST is sent in advance.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/php.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "fastcgi/record.h"
#include "run/ending.h"

enum {
	BEGIN = 2 * FCGI_HEADER_LEN, /* bytes of BEGIN_REQUEST */
	REQUESTS = 500,		     /* default of PHP_FCGI_MAX_REQUESTS */
	YIELDS = 30,		     /* calls of sched_yield before sleeping */
	NAP = 50,		     /* us */
	POLITE = 200		     /* ms from SIGTERM to SIGKILL */
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* ---- start ---- */

/* Make a private folder below TMPDIR.  folder: its path, of cap bytes. */
static bool
make_folder(char *folder, size_t cap)
{
	const char *parent = getenv("TMPDIR");

	/* The path of a socket is limited (sun_path). */
	if (parent == NULL || parent[0] != '/' || strlen(parent) > cap - 32)
		parent = "/tmp";
	(void)snprintf(folder, cap, "%s/corswrap-XXXXXX", parent);
	return mkdtemp(folder) != NULL;
}

/* Make a listening socket and a connection to it.  The caller closes both, even
 * after an error.  -1 with errno. */
static int
make_sockets(int *listener, int *connection)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char folder[sizeof(name.sun_path) - sizeof("/s")];
	int rc = -1, error;

	*listener = os_socket(AF_UNIX, false);
	*connection = os_socket(AF_UNIX, true);
	if (*listener < 0 || *connection < 0 ||
	    !make_folder(folder, sizeof(folder)))
		return -1;
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/s", folder);
	if (bind(*listener, (struct sockaddr *)&name, sizeof(name)) == 0) {
		if (listen(*listener, 1) == 0)
			rc = connect(*connection, (struct sockaddr *)&name,
				     sizeof(name));
		error = errno;
		(void)unlink(name.sun_path);
		errno = error;
	}
	error = errno;
	(void)rmdir(folder);
	errno = error;
	return rc;
}

/* Send BEGIN_REQUEST, which is the beginning of what record_request_put
 * writes. */
static bool
send_begin(struct php *php)
{
	char *none[] = {NULL};
	unsigned char bytes[64];
	size_t len = record_request_size(none, 0);

	if (len > sizeof(bytes))
		return false;
	(void)record_request_put(bytes, none, true);
	php->begun = send(php->connection, bytes, BEGIN,
			  MSG_NOSIGNAL | MSG_DONTWAIT) == BEGIN;
	return php->begun;
}

/* After how many requests php-cgi exits by itself. */
static unsigned
requests_of(char *const *env)
{
	static const char name[] = "PHP_FCGI_MAX_REQUESTS=";
	unsigned long count = REQUESTS;

	for (; *env != NULL; env++)
		if (strncmp(*env, name, sizeof(name) - 1) == 0)
			count = strtoul(*env + sizeof(name) - 1, NULL, 10);
	return count == 0 || count > UINT32_MAX ? UINT32_MAX : (unsigned)count;
}

static int
start(struct php *php, const struct child_spec *spec, enum child_stage *stage)
{
	struct child_spec own = *spec;
	int listener = -1, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int err[2] = {-1, -1}, rc = -1, error;

	if (null < 0)
		*stage = CHILD_STAGE_NULL;
	if (null >= 0 && make_sockets(&listener, &php->connection) == 0 &&
	    os_pipe(err) == 0) {
		php->err = err[0];
		php->pipe = ending_pipe(err[0]);
		(void)fcntl(err[0], F_SETFL, O_NONBLOCK);
		own.in = listener;
		own.out = null;
		own.err = err[1];
		/* After SIGTERM it would finish its request first. */
		own.death_signal = SIGKILL;
		rc = child_start(&own, &php->process, stage);
	}
	error = errno;
	close_fd(&null);
	close_fd(&listener);
	close_fd(&err[1]);
	errno = error;
	return rc;
}

struct php *
php_start(const struct child_spec *spec, enum child_stage *stage)
{
	struct php *php = calloc(1, sizeof(*php));
	int error;

	*stage = CHILD_STAGE_START;
	if (php == NULL)
		return NULL;
	php->process.pidfd = php->connection = php->err = -1;
	php->used = clock_ms();
	php->fresh = true;
	php->left = requests_of(spec->env);
	if (start(php, spec, stage) == 0) {
		if (php->process.pidfd < 0)
			errno = ENOSYS; /* Linux before 5.2 */
		else if (send_begin(php))
			return php;
	}
	error = errno;
	php_free(php);
	errno = error;
	return NULL;
}

/* ---- requests ---- */

bool
php_lives(const struct php *php)
{
	return php->process.pid > 0 && !child_wait(&php->process, 0);
}

/* The records with the parameters, in reverse order: then $_SERVER has the same
 * order as when php-cgi is started for a request and reads its environment.
 * NULL: no memory. */
static unsigned char *
parameters(char *const *variables, size_t *len)
{
	size_t count = 0;
	unsigned char *bytes;
	char **turned;

	while (variables[count] != NULL)
		count++;
	turned = calloc(count + 1, sizeof(*turned));
	bytes =
	    turned == NULL ? NULL : malloc(record_request_size(variables, 0));
	if (bytes != NULL) {
		for (size_t i = 0; i < count; i++)
			turned[i] = variables[count - 1 - i];
		*len = record_request_put(bytes, turned, true) -
		       FCGI_HEADER_LEN; /* without their end */
	}
	free(turned);
	return bytes;
}

/* Wait a moment; the first times without sleeping, because php-cgi mostly reads
 * at once.  False: it has ended. */
static bool
nap(const struct php *php, unsigned round)
{
	struct timespec time = {0, NAP * 1000L};

	if (round < YIELDS)
		(void)sched_yield();
	else
		(void)nanosleep(&time, NULL);
	return round % YIELDS != 0 || php_lives(php);
}

/* Has it read everything that was sent? */
static bool
is_read(const struct php *php)
{
	return os_unsent(php->connection) == 0;
}

bool
php_ready(const struct php *php)
{
	return !php->begun || is_read(php);
}

int
php_offer(struct php *php, char *const *variables, uint64_t until)
{
	size_t len = 0, at = php->begun ? BEGIN : 0;
	unsigned char *bytes = parameters(variables, &len);
	bool ok = bytes != NULL;
	unsigned round = 0;

	while (ok && (at < len || !is_read(php))) {
		ssize_t n = at < len
				? send(php->connection, bytes + at, len - at,
				       MSG_NOSIGNAL | MSG_DONTWAIT)
				: 0;

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			ok = false;
		else
			ok = nap(php, ++round) && clock_ms() < until;
	}
	free(bytes);
	php->begun = false;
	/* It must not have sent anything, nor closed the connection, because
	 * no request has begun. */
	return ok && poll(&(struct pollfd){php->connection, POLLIN, 0}, 1, 0) ==
			   0
		   ? 0
		   : -1;
}

/* ---- the end ---- */

void
php_free(struct php *php)
{
	if (php == NULL)
		return;
	close_fd(&php->connection);
	if (php->process.pid > 0) {
		/* An idle php-cgi exits at SIGTERM, unless it is stopped. */
		(void)kill(php->process.pid, SIGTERM);
		if (!child_wait(&php->process, POLITE))
			(void)kill(php->process.pid, SIGKILL);
		(void)child_reap(&php->process);
	}
	close_fd(&php->err);
	free(php);
}
