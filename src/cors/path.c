/*
 * Paths and hosts in normal form, and the patterns that policies have for them.
 *
 * If the policy and the program read a path in different ways, an attacker can
 * choose the wrong policy: CVE-2024-6866 (case), CVE-2024-6844 ('+'),
 * CVE-2024-6839 (length of the pattern instead of specificity), and "/api/../x"
 * in others.  So there is one normal form, and whatever is ambiguous is
 * refused.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/path.h"

#include "base/host.h"
#include "base/text.h"
#include "cors/origin.h"

/* The output so far.  bad: there was a NUL, or no room. */
struct out {
	char *buf;
	size_t cap;
	size_t len;
	bool bad;
};

static void
put_byte(struct out *out, char c)
{
	if (c == '\0' || out->len == out->cap)
		out->bad = true;
	else
		out->buf[out->len++] = c;
}

static void
put_plain(struct out *out, struct slice text)
{
	for (size_t i = 0; i < text.len && !out->bad; i++)
		put_byte(out, text.ptr[i]);
}

/*
 * Servers decode at different times: for one that resolves dot segments first,
 * "a%2fb" is one segment; for another it is two; and a third reads "%5c" as
 * '/'.  So a dot segment beside such a separator is ambiguous, and so is ".."
 * after one, which may remove the segment before it: the script could belong to
 * one path and the policy to another.
 */
struct reading {
	bool has_decoded;   /* there was a "%2f" or "%5c" */
	bool opened_by_one; /* this segment begins after one */
	unsigned int dots;  /* if the segment is only dots; else NAME */
	bool ambiguous;
};
enum { NAME = 3 };

static void
end_segment(struct reading *r, bool closed_by_decoded)
{
	bool is_dots = r->dots == 1 || r->dots == 2;

	if (is_dots && (r->opened_by_one || closed_by_decoded))
		r->ambiguous = true;
	if (r->dots == 2 && r->has_decoded)
		r->ambiguous = true;
	r->has_decoded = r->has_decoded || closed_by_decoded;
	r->opened_by_one = closed_by_decoded;
	r->dots = 0;
}

static void
read_byte(struct reading *r, char c, bool decoded)
{
	if (c == '/' || (decoded && c == '\\'))
		end_segment(r, decoded);
	else if (c == '.' && r->dots < NAME)
		r->dots++;
	else
		r->dots = NAME;
}

/* Percent-decode (RFC 3986, 2.1) once: "%2561" becomes "%61". */
static void
put_decoded(struct out *out, struct slice text)
{
	struct reading reading = {0};

	for (size_t i = 0; i < text.len && !out->bad; i++) {
		if (text.ptr[i] != '%') {
			read_byte(&reading, text.ptr[i], false);
			put_byte(out, text.ptr[i]);
			continue;
		}
		int byte = text_hex_byte(slice_after(text, i + 1));
		if (byte < 0) {
			out->bad = true;
			return;
		}
		char c = (char)byte;
		read_byte(&reading, c, true);
		put_byte(out, c);
		i += 2;
	}
	end_segment(&reading, false);
	if (reading.ambiguous)
		out->bad = true;
}

/*
 * SCRIPT_NAME and PATH_INFO are decoded, and most servers have resolved their
 * dot segments.  If some are left (HAProxy, Caddy, and others that decode
 * afterwards), it is unknown how the script reads them.  For a C program NUL
 * would end the string.
 */
static bool
is_resolved(struct slice decoded)
{
	struct reading reading = {0};

	for (size_t i = 0; i < decoded.len; i++) {
		char c = decoded.ptr[i];
		if (c == '\0')
			return false;
		/* Treat each separator as "%2f": any dot segment is an
		 * error. */
		read_byte(&reading, c, c == '/' || c == '\\');
	}
	end_segment(&reading, true);
	return !reading.ambiguous;
}

/* RFC 3986, 5.2.4, in place, after runs of '/' have been reduced to one. */
static size_t
resolve_dots(char *path, size_t len)
{
	size_t to = 0; /* path[0..to) is resolved and ends before a '/' */
	size_t from = 0;

	while (from < len) {
		size_t end = from + 1;
		while (end < len && path[end] != '/')
			end++;
		struct slice segment =
		    slice_of(path + from + 1, end - from - 1);
		bool last = end == len;

		if (slice_eq(segment, SLICE(".")) ||
		    slice_eq(segment, SLICE(".."))) {
			if (segment.len == 2)
				while (to > 0 && path[--to] != '/')
					continue;
			if (last)
				path[to++] = '/';
		} else if (segment.len > 0 || last) {
			memmove(path + to, path + from, end - from);
			to += end - from;
		}
		from = end;
	}
	return to;
}

/*
 * The path of REQUEST_URI, up to '?'; in an absolute form the part after the
 * authority (RFC 9112, 3.2.2).  A valid request has no '#', but if a client
 * sends one, servers use the part before it, so this does, too.
 *
 * Absent: it has another form.  Apache finds a path even in "http:/path", which
 * has no authority, so such a target must not be one that no section covers.
 */
static struct slice
uri_path(struct slice uri)
{
	size_t scheme, end;

	uri.len = text_find_any(uri, "?#");
	if (slice_starts(uri, SLICE("/")) || slice_eq(uri, SLICE("*")))
		return uri;
	scheme = text_find_any(uri, ":/");
	if (scheme == 0 ||
	    !slice_starts(slice_after(uri, scheme), SLICE("://")))
		return SLICE_NONE;
	uri = slice_after(uri, scheme + 3);
	end = text_find(uri, '/');
	return end == uri.len ? SLICE("/") : slice_after(uri, end);
}

static struct slice
normal_form(struct out *out)
{
	if (out->bad)
		return SLICE_NONE;
	if (out->len > 0 && out->buf[0] == '/')
		out->len = resolve_dots(out->buf, out->len);
	return slice_of(out->buf, out->len);
}

struct slice
path_resolve(struct slice decoded, char *buf, size_t cap)
{
	struct out out = {buf, cap, 0, false};

	put_plain(&out, decoded);
	return normal_form(&out);
}

/*
 * With `location /open { alias /srv/open/; }` nginx turns "/open../secret" into
 * "/srv/open/../secret": SCRIPT_FILENAME has a dot segment that the URL does
 * not have.  It comes from the URL if SCRIPT_NAME ends with the dots and all
 * text after them; other dot segments may come from the configuration.
 */
static bool
is_traversed(struct slice filename, struct slice script_name)
{
	for (size_t i = 1; i < filename.len; i++) {
		struct slice tail, segment;

		if (filename.ptr[i] != '.' || filename.ptr[i - 1] != '/')
			continue;
		tail = slice_after(filename, i);
		segment = slice_of(tail.ptr, text_find(tail, '/'));
		if ((slice_eq(segment, SLICE(".")) ||
		     slice_eq(segment, SLICE(".."))) &&
		    text_ends(script_name, tail))
			return true;
	}
	return false;
}

/* Add the URL of the script that the server runs instead of the requested one.
 * With Apache's Action, SCRIPT_NAME is corswrap, and REDIRECT_URL is that
 * URL. */
static bool
put_what_runs(struct out *out, const struct request *request)
{
	if (slice_present(request->redirect_handler)) {
		put_plain(out, request->redirect_url);
		return is_resolved(request->redirect_url);
	}
	put_plain(out, request->script_name);
	put_plain(out, request->path_info);
	return true;
}

struct slice
path_normalize(const struct request *request, char *buf, size_t cap)
{
	struct out out = {buf, cap, 0, false};

	if (!is_resolved(request->script_name) ||
	    !is_resolved(request->path_info) ||
	    is_traversed(request->script_filename, request->script_name))
		return SLICE_NONE;
	if (request->server_redirected) {
		if (!put_what_runs(&out, request))
			return SLICE_NONE;
	} else if (request->uri.len > 0) {
		struct slice path = uri_path(request->uri);

		out.bad = !slice_present(path);
		put_decoded(&out, path);
	} else {
		put_plain(&out, request->script_name);
		put_plain(&out, request->path_info);
	}
	return normal_form(&out);
}

/* Does the path have only segments that a normalized path can have: not ".",
 * "..", or an empty one before the end? */
static bool
is_normal(struct slice path)
{
	while (path.len > 0) {
		path = slice_after(path, 1); /* the '/' */
		size_t end = text_find(path, '/');
		struct slice segment = slice_of(path.ptr, end);
		if (slice_eq(segment, SLICE(".")) ||
		    slice_eq(segment, SLICE("..")) ||
		    (end == 0 && path.len > 0))
			return false;
		path = slice_after(path, end);
	}
	return true;
}

bool
path_pattern_valid(struct slice pattern)
{
	if (pattern.len == 0 || pattern.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < pattern.len; i++)
		if (pattern.ptr[i] == '\0' ||
		    (pattern.ptr[i] == '*' && i + 1 != pattern.len))
			return false;
	return is_normal(pattern);
}

bool
path_pattern_match(struct slice pattern, struct slice path)
{
	if (pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*')
		return slice_starts(path,
				    slice_of(pattern.ptr, pattern.len - 1));
	return slice_eq(pattern, path);
}

/* ---- hosts ---- */

/* The host without its port; absent if the port is invalid. */
static struct slice
without_port(struct slice text)
{
	struct slice port, host = host_split(text, &port);

	return port.len == 0 || text_is_digits(port) ? host : SLICE_NONE;
}

/* Labels of lower-case letters, digits, '-' and '_', not empty, without a final
 * dot; or an address in brackets. */
static bool
is_host(struct slice host)
{
	bool brackets =
	    host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	char before = '.';

	if (brackets)
		host = slice_of(host.ptr + 1, host.len - 2);
	if (host.len == 0 || host.len > ORIGIN_HOST_MAX ||
	    host.ptr[host.len - 1] == '.')
		return false;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		bool label = (c >= 'a' && c <= 'z') || ascii_is_digit(c) ||
			     c == '-' || c == '_';
		if (!label && !(c == '.' && before != '.') &&
		    !(brackets && c == ':'))
			return false;
		before = c;
	}
	return true;
}

struct slice
host_normalize(const struct request *request, char *buf, size_t cap)
{
	struct slice host = request->host;

	/* RFC 9112, 3.2: Host is empty if the URL has no authority. */
	if (host.len == 0)
		host = request->server_name;
	if (host.len > ORIGIN_HOST_MAX + 16)
		return SLICE_NONE;
	host = text_chop(without_port(host), '.');
	if (host.len == 0 || host.len > cap)
		return SLICE_NONE;
	host = text_lower(buf, host);
	return is_host(host) ? host : SLICE_NONE;
}

/* The authority of a target in absolute form; absent: another form.  It
 * overrides Host (RFC 9112, 3.2.2), but most servers pass both on unchanged. */
static struct slice
uri_authority(struct slice uri)
{
	size_t scheme = text_find_any(uri, ":/?#");

	if (scheme == 0 ||
	    !slice_starts(slice_after(uri, scheme), SLICE("://")))
		return SLICE_NONE;
	uri = slice_after(uri, scheme + 3);
	return slice_of(uri.ptr, text_find_any(uri, "/?#"));
}

bool
host_is_clear(const struct request *request, struct slice host)
{
	char buf[ORIGIN_HOST_MAX + 16];
	struct request named = {.host = uri_authority(request->uri)};

	if (!slice_present(host))
		return request->host.len == 0 && request->server_name.len == 0;
	return named.host.len == 0 ||
	       slice_eq(host_normalize(&named, buf, sizeof(buf)), host);
}

bool
host_pattern_valid(struct slice pattern)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return is_host(pattern);
	pattern = slice_after(pattern, 2);
	return is_host(pattern) && pattern.ptr[0] != '[';
}

bool
host_pattern_match(struct slice pattern, struct slice host)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq(pattern, host);
	struct slice suffix = slice_after(pattern, 1); /* with its dot */
	return host.len > suffix.len && text_ends(host, suffix);
}
