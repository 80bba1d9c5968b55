/*
 * The header block of a CGI answer made the head of an HTTP response.
 *
 * Apache passes what a program called nph-* prints to the client untouched.
 * Everything of ours is written as for other CGI programs, one CRLF a line;
 * here `Status:` is taken out of it and put in front as a status line.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/nph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NPH_HEAD_MAX = 1 << 20 }; /* header.c bounds it far below */

bool
nph_wanted(char *const *variables)
{
	struct slice name =
	    slice_from(variables_find(variables, "SCRIPT_FILENAME"));
	size_t at;

	if (!slice_present(name))
		name = slice_from(variables_find(variables, "SCRIPT_NAME"));
	at = name.len;
	while (at > 0 && name.ptr[at - 1] != '/')
		at--;
	return slice_present(name) &&
	       slice_starts(slice_after(name, at), SLICE("nph-"));
}

static int
grow(struct cgi_sink *s, size_t more)
{
	size_t cap = s->head_cap == 0 ? 4096 : s->head_cap;
	char *head;

	if (more > NPH_HEAD_MAX - s->head_len) {
		errno = EMSGSIZE;
		return -1;
	}
	while (cap < s->head_len + more)
		cap *= 2;
	if (cap == s->head_cap)
		return 0;
	head = realloc(s->head, cap);
	if (head == NULL)
		return -1;
	s->head = head;
	s->head_cap = cap;
	return 0;
}

int
nph_feed(struct cgi_sink *s, const char *data, size_t len, size_t *used)
{
	for (*used = 0; *used < len && s->nph; (*used)++) {
		if (grow(s, 1) != 0)
			return -1;
		s->head[s->head_len++] = data[*used];
		if ((s->head_len >= 4 &&
		     memcmp(s->head + s->head_len - 4, "\r\n\r\n", 4) == 0) ||
		    (s->head_len == 2 && memcmp(s->head, "\r\n", 2) == 0))
			s->nph = false;
	}
	return 0;
}

/* The line at the beginning of rest, its CRLF with it. */
static struct slice
line_of(struct slice rest)
{
	const char *end = memchr(rest.ptr, '\n', rest.len);

	return slice_of(rest.ptr,
			end == NULL ? rest.len : (size_t)(end - rest.ptr) + 1);
}

static bool
is_status(struct slice line)
{
	return line.len > 7 &&
	       slice_eq_nocase(slice_of(line.ptr, 7), SLICE("Status:"));
}

static struct slice
skip_blanks(struct slice s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = slice_after(s, 1);
	return s;
}

/* "HTTP/1.1 404 Not Found\r\n" from the block's Status, or 200.  Behind the
 * digits a blank must stand though there is no reason (RFC 9112, 4). */
static int
write_status(struct cgi_sink *s, int (*emit)(void *, struct slice), void *ctx)
{
	struct slice rest = slice_of(s->head, s->head_len), line;
	struct slice value = SLICE("200 OK\r\n");

	for (; rest.len > 0; rest = slice_after(rest, line.len)) {
		line = line_of(rest);
		if (!is_status(line))
			continue;
		line = skip_blanks(slice_after(line, 7));
		if (line.len >= 5) /* digits and CRLF */
			value = line;
		break;
	}
	return emit(ctx, slice_from(s->protocol)) != 0 ||
		       emit(ctx, SLICE(" ")) != 0 ||
		       emit(ctx, slice_of(value.ptr, 3)) != 0 ||
		       emit(ctx, SLICE(" ")) != 0 ||
		       emit(ctx, skip_blanks(slice_after(value, 3))) != 0 ||
		       emit(ctx, SLICE("Connection: close\r\n")) != 0
		   ? -1
		   : 0;
}

int
nph_write(struct cgi_sink *s, int (*emit)(void *ctx, struct slice), void *ctx)
{
	struct slice rest = slice_of(s->head, s->head_len), line;

	if (write_status(s, emit, ctx) != 0)
		return -1;
	for (; rest.len > 0; rest = slice_after(rest, line.len)) {
		line = line_of(rest);
		if (!is_status(line) && emit(ctx, line) != 0)
			return -1;
	}
	return 0;
}
