/*
 * The standard error of a program.
 *
 * It is read as soon as there is any, even if it is then dropped: a program
 * that blocks on a full pipe would hang its request (nginx-tests, "large
 * stderr").
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/stderr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/log.h"

void
stderr_init(struct stderr_reader *c, struct exchange *exchange,
	    enum stderr_to to, const char *path, pid_t pid)
{
	const char *slash = strrchr(path, '/');

	c->exchange = exchange;
	c->to = to;
	c->program = slash == NULL ? path : slash + 1;
	c->pid = pid;
	c->refused = 0;
	c->count = c->dropped = c->len = 0;
}

static void
write_line(struct stderr_reader *c)
{
	struct sink *out = c->exchange->out;
	size_t len = c->len;
	bool done = false;

	c->len = 0;
	if (len > 0 && c->line[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (c->to == STDERR_FASTCGI && out->write_stderr != NULL) {
		c->line[len] = '\n';
		done = out->write_stderr(out, c->line, len + 1) == 0;
		/* Otherwise each further line would time out as well. */
		if (!done) {
			c->refused = errno;
			c->to = STDERR_LOG;
		}
	}
	if (!done)
		log_program(c->exchange->log, c->program, (long)c->pid,
			    slice_of(c->line, len));
}

static void
add(struct stderr_reader *c, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			c->line[c->len++] = data[i];
		if (data[i] == '\n' || c->len == STDERR_LINE)
			write_line(c);
	}
}

void
stderr_add(struct stderr_reader *c, const char *data, size_t n)
{
	size_t room = STDERR_MAX - c->count;
	size_t len = n < room ? n : room;

	add(c, data, len);
	c->count += len;
	c->dropped += n - len;
}

bool
stderr_read(struct stderr_reader *c, int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	stderr_add(c, buf, (size_t)n);
	return true;
}

void
stderr_end(struct stderr_reader *c)
{
	char text[64];
	int n;

	write_line(c);
	if (c->dropped == 0)
		return;
	n = snprintf(text, sizeof(text), "(%zu more bytes were dropped)\n",
		     c->dropped);
	add(c, text, (size_t)n);
	c->dropped = 0;
}
