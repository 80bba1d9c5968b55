/*
 * Request path and host compared with simple versions that work on lists of
 * segments.  Variables, NUL between them: REQUEST_URI, SCRIPT_NAME, PATH_INFO,
 * HTTP_HOST, SERVER_NAME.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "cors/path.h"

enum { PATH_ROOM = 4096, SEGMENTS_MAX = 4096 };

/* Decoded once; -1: a bad '%' or NUL. */
static int
plain_decode(const char *text, size_t len, char *to)
{
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = {0}, *end;
		if (text[i] != '%') {
			to[n++] = text[i];
			continue;
		}
		if (i + 2 >= len)
			return -1;
		memcpy(hex, text + i + 1, 2);
		if (strspn(hex, "0123456789abcdefABCDEF") != 2)
			return -1;
		to[n] = (char)strtol(hex, &end, 16);
		if (to[n++] == '\0')
			return -1;
		i += 2;
	}
	return n;
}

enum { DECODED_SEPARATOR = 256 };

/* The bytes of a valid URI, with DECODED_SEPARATOR for "%2f" and "%5c". */
static size_t
plain_marks(const char *text, size_t len, int *to)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = {0};
		to[n++] = (unsigned char)text[i];
		if (text[i] != '%')
			continue;
		memcpy(hex, text + i + 1, 2);
		int byte = (int)strtol(hex, NULL, 16);
		to[n - 1] = byte == '/' || byte == '\\' ? DECODED_SEPARATOR
							 : byte;
		i += 2;
	}
	return n;
}

static bool
is_separator(int mark)
{
	return mark == '/' || mark == DECODED_SEPARATOR;
}

/* Is there a dot segment beside a decoded separator, or ".." behind one? */
static bool
plain_ambiguous(const char *text, size_t len)
{
	static int marks[PATH_ROOM];
	size_t n = plain_marks(text, len, marks);
	bool seen = false;

	for (size_t i = 0; i < n; i++) {
		size_t end = i;
		seen = seen || marks[i] == DECODED_SEPARATOR;
		if (i > 0 && !is_separator(marks[i - 1]))
			continue;
		while (end < n && end < i + 2 && marks[end] == '.')
			end++;
		if (end == i || (end < n && !is_separator(marks[end])))
			continue;
		if ((i > 0 && marks[i - 1] == DECODED_SEPARATOR) ||
		    (end < n && marks[end] == DECODED_SEPARATOR) ||
		    (end == i + 2 && seen))
			return true;
	}
	return false;
}

/* A path of the server's with a dot segment, '\\' taken for '/' too. */
static bool
has_dots(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/\\");
		if (len > 0 && len < 3 && strspn(path, ".") >= len)
			return true;
		path += len;
		path += *path != '\0';
	}
	return false;
}

/* The part of REQUEST_URI that is its path; NULL: it has none. */
static const char *
plain_uri(const char *uri, size_t *len)
{
	const char *mark, *slash;

	*len = strcspn(uri, "?#");
	if (uri[0] == '/' || (*len == 1 && uri[0] == '*'))
		return uri;
	mark = memmem(uri, *len, "://", 3);
	if (mark == NULL || mark == uri ||
	    strcspn(uri, ":/") != (size_t)(mark - uri))
		return NULL;
	mark += 3;
	slash = memchr(mark, '/', *len - (size_t)(mark - uri));
	if (slash == NULL) {
		*len = 1;
		return "/";
	}
	*len -= (size_t)(slash - uri);
	return slash;
}

/* The path without "", "." and ".." segments. */
static size_t
plain_resolve(const char *path, size_t len, char *to)
{
	static struct slice kept[SEGMENTS_MAX];
	struct slice rest = slice_of(path + 1, len - 1), segment;
	size_t n = 0, out = 0;
	bool folder = false, more = true;

	while (more) {
		more = rest.len > 0 && memchr(rest.ptr, '/', rest.len) != NULL;
		segment = fuzz_until(&rest, '/');
		folder = segment.len == 0 || slice_eq(segment, SLICE(".")) ||
			 slice_eq(segment, SLICE(".."));
		if (!folder)
			kept[n++] = segment;
		else if (segment.len == 2 && n > 0)
			n--;
	}
	for (size_t i = 0; i < n; i++) {
		to[out++] = '/';
		memcpy(to + out, kept[i].ptr, kept[i].len);
		out += kept[i].len;
	}
	if (folder || n == 0)
		to[out++] = '/';
	return out;
}

static struct slice
plain_path(const char *uri, const char *script, const char *info, char *buf)
{
	static char decoded[PATH_ROOM + 1];
	size_t len;
	int n;

	if (has_dots(script) || has_dots(info))
		return SLICE_NONE;
	if (uri[0] != '\0') {
		uri = plain_uri(uri, &len);
		if (uri == NULL)
			return SLICE_NONE;
		n = plain_decode(uri, len, decoded);
		if (n < 0 || plain_ambiguous(uri, len))
			return SLICE_NONE;
	} else {
		n = snprintf(decoded, sizeof(decoded), "%s%s", script, info);
	}
	if (n == 0 || decoded[0] != '/') {
		memcpy(buf, decoded, (size_t)n);
		return slice_of(buf, (size_t)n);
	}
	return slice_of(buf, plain_resolve(decoded, (size_t)n, buf));
}

static void
check_patterns(struct slice path)
{
	char again[PATH_ROOM];
	struct request request = {.script_name = path};

	if (path.len == 0 || path.ptr[0] != '/')
		return;
	/* A normalized path does not change; but a '\\' in a server's
	 * variable is a separator. */
	if (memchr(path.ptr, '\\', path.len) == NULL)
		CHECK(slice_eq(path_normalize(&request, again, sizeof(again)),
			       path));
	bool star = memchr(path.ptr, '*', path.len) != NULL;
	if (!star)
		CHECK(path_pattern_valid(path));
	if (!star)
		CHECK(path_pattern_match(path, path));
	CHECK(path_pattern_match(SLICE("/*"), path));
}

static void
check_host(const struct request *request)
{
	char buf[512];
	struct slice host = host_normalize(request, buf, sizeof(buf));

	if (!slice_present(host))
		return;
	CHECK(host.len > 0 && host_pattern_valid(host));
	for (size_t i = 0; i < host.len; i++)
		CHECK(ascii_lower(host.ptr[i]) == host.ptr[i] &&
		      host.ptr[i] > ' ' && host.ptr[i] < '\x7f');
	struct slice given =
	    request->host.len > 0 ? request->host : request->server_name;
	CHECK(given.len >= host.len &&
	      slice_eq_nocase(slice_of(given.ptr, host.len), host));
}

FUZZ_TARGET(path)
{
	static char buf[PATH_ROOM], plain[PATH_ROOM + 2];
	struct slice rest = fuzz_slice(data, size > 2048 ? 2048 : size);
	char *uri = fuzz_text(fuzz_until(&rest, '\0'));
	char *script = fuzz_text(fuzz_until(&rest, '\0'));
	char *info = fuzz_text(fuzz_until(&rest, '\0'));
	char *host = fuzz_text(fuzz_until(&rest, '\0'));
	char *name = fuzz_text(rest);
	struct request request = {
	    .uri = slice_from(uri),
	    .script_name = slice_from(script),
	    .path_info = slice_from(info),
	    .host = slice_from(host),
	    .server_name = slice_from(name),
	};
	struct slice got = path_normalize(&request, buf, sizeof(buf));
	struct slice expected = plain_path(uri, script, info, plain);

	CHECK(slice_present(got) == slice_present(expected));
	CHECK(slice_eq(got, expected));
	if (slice_present(got))
		check_patterns(got);
	/* One byte less is not enough room. */
	if (got.len > 0 && uri[0] == '\0' && strlen(script) == got.len &&
	    info[0] == '\0')
		CHECK(
		    !slice_present(path_normalize(&request, buf, got.len - 1)));
	check_host(&request);
	free(uri);
	free(script);
	free(info);
	free(host);
	free(name);
	return 0;
}
