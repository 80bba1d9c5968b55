/*
 * The corrected text of a `path` and a `host`.
 *
 * A path of a request is brought into normal form before it is compared
 * (DESIGN.md section 3, "Choosing"), so a pattern that is not in that form
 * covers nothing, and silently.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "cors/path.h"
#include "policy/idn.h"

enum { PATH_FIX_MAX = 512 };

/* Without "https://" and what may stand before it. */
static struct slice
after_scheme(struct slice text)
{
	const char *at =
	    text.len == 0 ? NULL : memmem(text.ptr, text.len, "://", 3);

	return at == NULL ? text
			  : slice_after(text, (size_t)(at - text.ptr) + 3);
}

/* The path of a URL; else the text. */
static struct slice
url_path(struct slice text)
{
	struct slice rest = after_scheme(text);
	const char *slash =
	    rest.len == 0 ? NULL : memchr(rest.ptr, '/', rest.len);

	if (rest.ptr == text.ptr || slash == NULL)
		return text;
	return slice_after(rest, (size_t)(slash - rest.ptr));
}

/* The part of a pattern that a normal form can be given: of a glob the whole
 * segments before its '*'. */
static size_t
whole_segments(struct slice path)
{
	size_t len = path.len;

	if (len == 0 || path.ptr[len - 1] != '*')
		return len;
	while (len > 0 && path.ptr[len - 1] != '/')
		len--;
	return len;
}

const char *
path_fix(struct arena *arena, struct slice text)
{
	char raw[PATH_FIX_MAX], normal[PATH_FIX_MAX], fixed[PATH_FIX_MAX];
	struct slice path = url_path(text);
	size_t slash = path.len > 0 && path.ptr[0] == '/' ? 0 : 1;

	if (path.len == 0 || path.len + 2 > sizeof(raw))
		return NULL;
	raw[0] = '/';
	memcpy(raw + slash, path.ptr, path.len);
	path = slice_of(raw, path.len + slash);
	size_t whole = whole_segments(path);
	struct slice result =
	    path_resolve(slice_of(raw, whole), normal, sizeof(normal));
	if (!slice_present(result) ||
	    result.len + path.len - whole > sizeof(fixed))
		return NULL;
	memcpy(fixed, result.ptr, result.len);
	memcpy(fixed + result.len, raw + whole, path.len - whole);
	path = slice_of(fixed, result.len + path.len - whole);
	if (slice_eq(path, text) || !path_pattern_valid(path))
		return NULL;
	return arena_text(arena, path);
}

/* Without path and port. */
static struct slice
host_alone(struct slice text)
{
	text = after_scheme(text);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '/')
			text.len = i;
	size_t digits = text.len;
	while (digits > 0 && text.ptr[digits - 1] >= '0' &&
	       text.ptr[digits - 1] <= '9')
		digits--;
	if (digits > 0 && text.ptr[digits - 1] == ':' &&
	    (memchr(text.ptr, ':', digits - 1) == NULL ||
	     memchr(text.ptr, ']', digits - 1) != NULL))
		text.len = digits - 1;
	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	return text;
}

const char *
host_fix(struct arena *arena, struct slice text)
{
	struct slice host = host_alone(text);
	struct slice star = slice_of(host.ptr, 0);
	char ascii[IDN_MAX], *fix;
	size_t len;

	if (slice_starts(host, SLICE("*.")))
		star.len = 2;
	host = slice_after(host, star.len);
	if (!idn_to_ascii(host, ascii))
		return NULL;
	len = strlen(ascii);
	fix = arena_alloc(arena, star.len + len + 1);
	if (fix == NULL)
		return NULL;
	memcpy(fix, "*.", star.len);
	for (size_t i = 0; i < len; i++)
		fix[star.len + i] = ascii_lower(ascii[i]);
	if (slice_eq(slice_from(fix), text) ||
	    !host_pattern_valid(slice_from(fix)))
		return NULL;
	return fix;
}
