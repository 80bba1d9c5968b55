/*
 * URLs as browsers parse them.
 *
 * For "HTTPS://Example.com:443/a/../b#c" a browser requests
 * https://example.com/b, and that request must be judged.  So this is the
 * parser of https://url.spec.whatwg.org/, 4.4, for http and https.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/url.h"

#include "base/host.h"
#include "base/text.h"

/* The URL that is being written; the buffer has room for all of it. */
struct writer {
	char *buf;
	size_t len;
	size_t path; /* where the path begins */
};

static void
put(struct writer *w, struct slice text)
{
	if (text.len > 0)
		memcpy(w->buf + w->len, text.ptr, text.len);
	w->len += text.len;
}

static void
put_byte(struct writer *w, char c)
{
	w->buf[w->len++] = c;
}

/* Write a byte, percent-encoded if it is a control byte, a space, not ASCII or
 * in the set. */
static void
put_encoded(struct writer *w, char c, const char *set)
{
	unsigned char u = (unsigned char)c;

	if (u > ' ' && u < 0x7f && strchr(set, c) == NULL) {
		put_byte(w, c);
		return;
	}
	put_byte(w, '%');
	put_byte(w, "0123456789ABCDEF"[u >> 4]);
	put_byte(w, "0123456789ABCDEF"[u & 15]);
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Cut off the part before the first of these bytes. */
static struct slice
cut_before(struct slice *rest, const char *stop)
{
	struct slice piece = slice_of(rest->ptr, text_find_any(*rest, stop));

	*rest = slice_after(*rest, piece.len);
	return piece;
}

/* Remove blanks and controls at the ends, tabs and line ends everywhere. */
static struct slice
clean(struct slice text, char *buf)
{
	size_t len = 0;

	while (text.len > 0 && (unsigned char)text.ptr[0] <= ' ')
		text = slice_after(text, 1);
	while (text.len > 0 && (unsigned char)text.ptr[text.len - 1] <= ' ')
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		if (memchr("\t\n\r", text.ptr[i], 3) == NULL)
			buf[len++] = text.ptr[i];
	return slice_of(buf, len);
}

/* ---- scheme ---- */

static bool
is_scheme_byte(char c, size_t at)
{
	return ascii_is_alpha(c) || (at > 0 && (ascii_is_digit(c) || c == '+' ||
						c == '-' || c == '.'));
}

/* Cut off "scheme:"; absent if the text has no scheme. */
static struct slice
cut_scheme(struct slice *rest)
{
	size_t i = 0;

	while (i < rest->len && is_scheme_byte(rest->ptr[i], i))
		i++;
	if (i == 0 || i == rest->len || rest->ptr[i] != ':')
		return SLICE_NONE;
	struct slice scheme = slice_of(rest->ptr, i);
	*rest = slice_after(*rest, i + 1);
	return scheme;
}

/* ---- authority ---- */

static void
put_port(struct writer *w, unsigned port)
{
	char digits[TEXT_DECIMAL_MAX];

	put_byte(w, ':');
	put(w, slice_of(digits, text_put_decimal(digits, port)));
}

static enum url_fault
parse_authority(struct writer *w, struct slice text, url_to_ascii *to_ascii,
		struct url *out)
{
	char buf[URL_HOST_ROOM];
	enum url_fault fault;
	struct slice port;

	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] != '@')
			continue;
		/* "https://@host" does not count (URL standard, "includes
		 * credentials"). */
		out->has_userinfo =
		    i > 1 && !slice_eq(slice_of(text.ptr, i - 1), SLICE(":"));
		text = slice_after(text, i);
		break;
	}
	text = host_split(text, &port);
	out->port =
	    port.len > 0 ? port_number(port) : port_default(out->scheme);
	if (out->port == 0)
		return URL_FAULT_PORT;
	struct slice host =
	    url_host_parse(text, to_ascii, buf, &out->is_ip, &fault);
	if (fault != URL_FAULT_NONE)
		return fault;
	out->host = slice_of(w->buf + w->len, host.len);
	put(w, host);
	if (out->port != port_default(out->scheme))
		put_port(w, out->port);
	return URL_FAULT_NONE;
}

/* ---- path and query ---- */

/* 1: the segment is "."; 2: "..", each also percent-encoded; 0: another one. */
static unsigned
dots(struct slice segment)
{
	unsigned count = 0;

	while (segment.len > 0) {
		size_t n = 1;
		if (segment.ptr[0] != '.') {
			n = 3;
			if (segment.len < 3 ||
			    !slice_eq_nocase(slice_of(segment.ptr, 3),
					     SLICE("%2e")))
				return 0;
		}
		segment = slice_after(segment, n);
		if (++count > 2)
			return 0;
	}
	return count;
}

/* Remove the last segment and the slash before it. */
static void
shorten(struct writer *w)
{
	while (w->len > w->path && w->buf[w->len - 1] != '/')
		w->len--;
	if (w->len > w->path)
		w->len--;
}

/* "Path percent-encode set", and '|' as Chromium does. */
#define PATH_SET "\"#<>?^`{|}"

static void
put_path(struct writer *w, struct slice path)
{
	bool more = true;

	while (more) {
		struct slice segment = cut_before(&path, "/\\");
		unsigned count = dots(segment);

		more = path.len > 0;
		if (count == 2)
			shorten(w);
		if (count == 0 || !more)
			put_byte(w, '/');
		for (size_t i = 0; count == 0 && i < segment.len; i++)
			put_encoded(w, segment.ptr[i], PATH_SET);
		if (more)
			path = slice_after(path, 1);
	}
}

static void
put_query(struct writer *w, struct slice query)
{
	if (!slice_present(query))
		return;
	put_byte(w, '?');
	for (size_t i = 0; i < query.len; i++)
		put_encoded(w, query.ptr[i], "\"#<>'");
}

/* A relative path replaces the last segment of base. */
static void
put_relative(struct writer *w, struct slice path, const struct url *base)
{
	struct slice target = base->target;
	struct slice old = cut_before(&target, "?");

	put(w, old);
	if (path.len == 0)
		return;
	shorten(w);
	put_path(w, path);
}

/* "fragment state". */
static void
put_fragment(struct writer *w, struct slice fragment)
{
	for (size_t i = 0; i < fragment.len; i++)
		if (i == 0)
			put_byte(w, '#');
		else
			put_encoded(w, fragment.ptr[i], "\"<>`");
}

/* The part after the authority: [path] ["?" query]. */
static void
put_target(struct writer *w, struct slice all, const struct url *base)
{
	struct slice path = cut_before(&all, "?");
	struct slice query = all.len > 0 ? slice_after(all, 1) : SLICE_NONE;

	w->path = w->len;
	if (path.len > 0 && is_slash(path.ptr[0])) {
		put_path(w, slice_after(path, 1));
	} else if (base != NULL) {
		put_relative(w, path, base);
		if (path.len == 0 && !slice_present(query)) {
			struct slice target = base->target;
			cut_before(&target, "?");
			put(w, target);
		}
	} else {
		put_byte(w, '/');
	}
	put_query(w, query);
}

/* ---- the whole ---- */

/* Write scheme and authority, from the text or from *base, and cut them off
 * *rest.  *base becomes NULL if the URL is not relative to it. */
static enum url_fault
parse_front(struct writer *w, struct slice *rest, const struct url **base,
	    url_to_ascii *to_ascii, struct url *out)
{
	struct slice scheme = cut_scheme(rest);
	size_t slashes = 0;

	while (slashes < rest->len && is_slash(rest->ptr[slashes]))
		slashes++;
	if (!slice_present(scheme)) {
		if (*base == NULL)
			return URL_FAULT_SCHEME;
		scheme = (*base)->scheme;
	} else if (*base != NULL &&
		   (!slice_eq_nocase(scheme, (*base)->scheme) ||
		    (slashes >= 2 && rest->ptr[0] == '/' &&
		     rest->ptr[1] == '/'))) {
		*base = NULL; /* the URL is absolute */
	}
	bool https = slice_eq_nocase(scheme, SLICE("https"));
	if (!https && !slice_eq_nocase(scheme, SLICE("http")))
		return URL_FAULT_SCHEME;
	out->scheme = slice_of(w->buf, https ? 5 : 4);
	put(w, https ? SLICE("https://") : SLICE("http://"));
	if (*base != NULL && slashes < 2) {
		out->port = (*base)->port;
		out->is_ip = (*base)->is_ip;
		out->host = slice_of(w->buf + w->len, (*base)->host.len);
		put(w, (*base)->authority);
		return URL_FAULT_NONE;
	}
	*base = NULL;
	*rest = slice_after(*rest, slashes);
	return parse_authority(w, cut_before(rest, "/\\?#"), to_ascii, out);
}

enum url_fault
url_parse(struct arena *arena, struct slice text, const struct url *base,
	  url_to_ascii *to_ascii, struct url *out)
{
	struct writer w = {NULL, 0, 0};
	size_t room = URL_HOST_ROOM + 32 + 3 * text.len;
	char *copy = arena_alloc(arena, text.len + 1);
	enum url_fault fault;

	*out = (struct url){.scheme = SLICE_NONE};
	if (base != NULL)
		room += base->href.len;
	w.buf = arena_alloc(arena, room);
	if (copy == NULL || w.buf == NULL)
		return URL_FAULT_NO_MEMORY;
	struct slice rest = clean(text, copy);
	fault = parse_front(&w, &rest, &base, to_ascii, out);
	if (fault != URL_FAULT_NONE)
		return fault;
	out->origin = slice_of(w.buf, w.len);
	out->authority = slice_after(out->origin, out->scheme.len + 3);
	size_t front = w.len;
	put_target(&w, cut_before(&rest, "#"), base);
	out->target = slice_of(w.buf + front, w.len - front);
	out->href = slice_of(w.buf, w.len);
	put_fragment(&w, rest);
	out->full = slice_of(w.buf, w.len);
	return URL_FAULT_NONE;
}

const char *
url_fault_text(enum url_fault fault)
{
	static const char *const texts[] = {
	    [URL_FAULT_NONE] = "nothing",
	    [URL_FAULT_SCHEME] = "a URL begins with http:// or https://",
	    [URL_FAULT_HOST] = "the URL has an invalid host",
	    [URL_FAULT_NON_ASCII] = "its host is not ASCII",
	    [URL_FAULT_PORT] = "a port is a number from 1 to 65535",
	    [URL_FAULT_NO_MEMORY] = "out of memory",
	};

	return texts[fault];
}

bool
url_is_trustworthy(const struct url *url)
{
	return slice_eq(url->scheme, SLICE("https")) ||
	       host_is_loopback(url->host);
}
