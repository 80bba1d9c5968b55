/*
 * Streams into memory that fail if memory was out.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/memory_stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os.h"

#ifndef OS_POSIX_ONLY

struct stream {
	char *bytes;
	size_t count;
	size_t room;
	bool failed;
	/* Of the caller: */
	char **text;
	size_t *len;
};

/* With room for a NUL behind it.  0: no memory. */
static ssize_t
write_bytes(void *cookie, const char *data, size_t len)
{
	struct stream *s = cookie;

	if (s->failed || len > SIZE_MAX / 4 - s->count ||
	    !array_reserve(&s->bytes, s->count + len + 1, &s->room, 1)) {
		s->failed = true;
		return 0;
	}
	if (len > 0)
		memcpy(s->bytes + s->count, data, len);
	s->count += len;
	return (ssize_t)len;
}

static int
finish(void *cookie)
{
	struct stream *s = cookie;
	int result = s->failed ? EOF : 0;

	s->bytes[s->count] = '\0';
	*s->text = s->bytes;
	*s->len = s->count;
	free(s);
	return result;
}

FILE *
memory_stream(char **text, size_t *len)
{
	const cookie_io_functions_t functions = {.write = write_bytes,
						 .close = finish};
	struct stream *s = calloc(1, sizeof(*s));
	FILE *stream = NULL;

	*text = NULL;
	*len = 0;
	if (s == NULL)
		return NULL;
	s->text = text;
	s->len = len;
	(void)write_bytes(s, "", 0);
	if (!s->failed)
		stream = fopencookie(s, "w", functions);
	if (stream == NULL) {
		free(s->bytes);
		free(s);
	}
	return stream;
}

#else

FILE *
memory_stream(char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	return open_memstream(text, len);
}

#endif
