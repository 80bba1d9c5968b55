/*
 * The output of a browser's console: the message, and the parts of the request
 * that it names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/paste.h"

/* The text after the words, up to a quote, a blank or the end of a
 * sentence. */
static struct slice
behind(struct slice text, const char *words)
{
	size_t len = strlen(words);
	const char *at =
	    text.len < len ? NULL : memmem(text.ptr, text.len, words, len);

	if (at == NULL)
		return SLICE_NONE;
	text = slice_after(text, (size_t)(at - text.ptr) + len);
	if (text.len > 0 && strchr("'\"`", text.ptr[0]) != NULL)
		text = slice_after(text, 1);
	text.len = text_find_any(text, "'\"` \t\r\n,)");
	/* "https://a.example." at the end of a sentence */
	return text_chop(text, '.');
}

/* The text after the first of these words that the text contains. */
static struct slice
behind_any(struct slice text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		struct slice found = behind(text, words[i]);
		if (found.len > 0)
			return found;
	}
	return SLICE_NONE;
}

static bool
is_url(struct slice text)
{
	return slice_starts(text, SLICE("http://")) ||
	       slice_starts(text, SLICE("https://"));
}

/* Firefox writes typographic quotes, of three bytes; here they are plain. */
static struct slice
plain_quotes(struct pasted *p, struct slice text)
{
	char *out = arena_alloc(p->arena, text.len + 1);
	size_t len = 0;

	if (out == NULL) {
		p->no_memory = true;
		return SLICE("");
	}
	for (size_t i = 0; i < text.len; i++) {
		bool quote =
		    i + 2 < text.len && text.ptr[i] == '\xe2' &&
		    text.ptr[i + 1] == '\x80' &&
		    memchr("\x98\x99\x9c\x9d", text.ptr[i + 2], 4) != NULL;
		out[len++] = quote ? '\'' : text.ptr[i];
		i += quote ? 2 : 0;
	}
	return slice_of(out, len);
}

bool
paste_console(struct arena *arena, struct slice text, struct pasted *out)
{
	static const char *const urls[] = {"Access to fetch at ",
					   "Access to XMLHttpRequest at ",
					   "Access to script at ",
					   "Access to font at ",
					   "Access to image at ",
					   "Access to resource at ",
					   "remote resource at ",
					   "Fetch API cannot load ",
					   "Refused to connect to ",
					   "Connecting to ",
					   "Redirect from ",
					   "insecure resource ",
					   "insecure XMLHttpRequest endpoint ",
					   "XMLHttpRequest cannot load ",
					   "Failed to load ",
					   "GET ",
					   "POST ",
					   "PUT ",
					   NULL};
	static const char *const origins[] = {"from origin ", "Origin ", NULL};
	static const char *const pages[] = {"The page at ", NULL};
	static const char *const headers[] = {"Request header field ",
					      "(Reason: header ", NULL};

	*out = (struct pasted){.arena = arena};
	text = plain_quotes(out, text);
	struct slice url = behind_any(text, urls);
	struct slice origin = behind_any(text, origins);
	struct slice method = behind(text, "Method ");
	struct slice header = behind_any(text, headers);
	if (is_url(url))
		out->url = url;
	struct slice page = behind_any(text, pages);
	if (is_url(page))
		out->page = page;
	if (is_url(origin) || slice_eq(origin, SLICE("null")))
		out->origin = origin;
	if (method.len > 0 && ascii_is_alpha(method.ptr[0]))
		out->method = method;
	if (header.len > 0)
		paste_header(out, header,
			     slice_eq_nocase(header, SLICE("content-type"))
				 ? SLICE("application/json")
				 : SLICE("1"));
	/* These messages only occur with credentials. */
	out->credentials =
	    text.len > 0 &&
	    memmem(text.ptr, text.len, "credentials mode", 16) != NULL;
	return !out->no_memory;
}
