/*
 * Reading whole files: policies and lists of origins.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 5, PAUSE_MS = 20, CHUNK = 64 * 1024 };

/* Read fd to its end into a buffer that grows; -1 with errno. */
static int
read_all(int fd, size_t expected, size_t max, char **bytes, size_t *len)
{
	size_t cap = expected < max ? expected + 1 : max + 1;
	char *buf = malloc(cap);

	*len = 0;
	while (buf != NULL) {
		ssize_t got = read(fd, buf + *len, cap - *len);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0)
			*len += (size_t)got;
		if (*len > max)
			errno = EFBIG;
		if (got < 0 || *len > max) {
			free(buf);
			return -1;
		}
		if (*len < cap)
			continue;
		cap = cap < CHUNK ? CHUNK : cap * 2;
		char *grown = realloc(buf, cap);
		if (grown == NULL)
			free(buf);
		buf = grown;
	}
	*bytes = buf;
	return buf == NULL ? -1 : 0;
}

struct file_state
file_state_of(const struct stat *st)
{
	return (struct file_state){true,	st->st_dev,  st->st_ino,
				   st->st_size, st->st_mtim, st->st_ctim};
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
file_same_state(const struct file_state *a, const struct file_state *b)
{
	if (!a->exists || !b->exists)
		return a->exists == b->exists;
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && same_time(a->modified, b->modified) &&
	       same_time(a->changed, b->changed);
}

/* Was the file unchanged between the two, and were len bytes all of it? */
static bool
at_rest(const struct stat *before, const struct stat *after, size_t len)
{
	const struct file_state a = file_state_of(before),
				b = file_state_of(after);

	return !S_ISREG(after->st_mode) ||
	       (file_same_state(&a, &b) && (size_t)b.size == len);
}

/*
 * Read only files that end and that do not wait for another process: regular
 * files, and devices that are empty (/dev/null).  -1 with errno.
 */
static int
read_kind(int fd, const struct stat *status, size_t max, char **bytes,
	  size_t *len)
{
	if (S_ISCHR(status->st_mode)) {
		int result = read_all(fd, 0, 0, bytes, len);
		if (result != 0 && errno == EAGAIN)
			errno = ENODEV; /* a terminal */
		return result;
	}
	if (S_ISREG(status->st_mode) && (uintmax_t)status->st_size <= max)
		return read_all(fd, (size_t)status->st_size, max, bytes, len);
	errno = S_ISREG(status->st_mode)   ? EFBIG
		: S_ISDIR(status->st_mode) ? EISDIR
					   : ENODEV;
	return -1;
}

/*
 * Read the file once.  0: done; 1: it changed meanwhile; -1 with errno.
 * Without O_NONBLOCK, open(2) of a FIFO would wait for a writer, which no
 * signal would interrupt.
 */
static int
read_once(const char *path, size_t max, char **bytes, size_t *len,
	  struct stat *status)
{
	struct stat before;
	int result = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	*bytes = NULL;
	if (fd < 0)
		return -1;
	if (fstat(fd, &before) == 0)
		result = read_kind(fd, &before, max, bytes, len);
	if (result == 0 && fstat(fd, status) != 0)
		result = -1;
	else if (result == 0 && !at_rest(&before, status, *len))
		result = 1;
	int saved = errno;
	if (result != 0) {
		free(*bytes);
		*bytes = NULL;
	}
	close(fd);
	errno = saved;
	return result;
}

int
read_file(const char *path, size_t max, char **bytes, size_t *len,
	  struct stat *status)
{
	const struct timespec pause = {0, PAUSE_MS * 1000000L};

	for (int i = 0; i < TRIES; i++) {
		int result = read_once(path, max, bytes, len, status);
		if (result <= 0)
			return result;
		nanosleep(&pause, NULL);
	}
	errno = EAGAIN;
	return -1;
}

const char *
read_file_cause(int error)
{
	switch (error) {
	case EAGAIN:
		return "it keeps changing";
	case ENODEV:
		return "it is not a regular file";
	default:
		return strerror(error);
	}
}

void
file_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
