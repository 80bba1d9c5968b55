/*
 * Pasted text of an unknown kind: the kind is recognised by features that only
 * it has, and the text is then read as that kind.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/messages.h"
#include "explain/paste.h"

const char *
pasted_kind_name(enum pasted_kind kind)
{
	static const char *const names[] = {
	    [PASTED_UNKNOWN] = "text that is not known here",
	    [PASTED_CURL] = "a cURL command",
	    [PASTED_FETCH] = "a fetch() call",
	    [PASTED_HAR] = "a HAR file",
	    [PASTED_CONSOLE] = "a console message",
	    [PASTED_RESPONSE] = "response headers",
	    [PASTED_APACHE] = "an Apache configuration",
	    [PASTED_NGINX] = "an nginx configuration",
	    [PASTED_OTHER] = "a configuration or a program",
	    [PASTED_POLICY] = "a corswrap policy",
	    [PASTED_URL] = "a URL",
	};

	return names[kind];
}

/* ---- features of each kind ---- */

/* Does it begin with one of the words?  The last one is NULL. */
static bool
starts_with(struct slice line, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (text_starts_nocase(line, slice_from(words[i])))
			return true;
	return false;
}

static bool
any_line(struct slice text, const char *const *words)
{
	while (text.len > 0)
		if (starts_with(text_trim(text_line_next(&text)), words))
			return true;
	return false;
}

/* Skip a prompt that was copied along. */
static struct slice
past_prompt(struct slice text)
{
	text = text_trim(text);
	if (text.len > 1 && strchr("$%#>", text.ptr[0]) != NULL &&
	    text.ptr[1] == ' ')
		text = text_trim(slice_after(text, 1));
	return text;
}

static bool
is_curl(struct slice text)
{
	static const char *const words[] = {"curl ", "curl.exe ", "curl\t",
					    NULL};

	return starts_with(past_prompt(text), words) ||
	       paste_is_powershell(text);
}

static bool
has(struct slice text, const char *part)
{
	return text_has_nocase(text, slice_from(part));
}

static bool
is_fetch(struct slice text)
{
	static const char *const heads[] = {
	    "fetch(", "fetch (", "await fetch", "window.fetch", "return fetch",
	    "const ", "let ",	 "var ",	"async ",	NULL};

	return starts_with(text_trim(text), heads) && has(text, "fetch");
}

static bool
is_policy(struct slice text)
{
	static const char *const heads[] = {"[cors", "[app]", "[warm]",
					    "[handlers]", NULL};

	return any_line(text, heads);
}

static bool
is_apache(struct slice text)
{
	static const char *const heads[] = {
	    "header set ",    "header always ", "header add ",
	    "header append ", "header merge ",	"header unset ",
	    "header edit",    "header echo ",	"header onsuccess ",
	    "header \"set",   "rewriteengine ", "rewritecond ",
	    "rewriterule ",   "setenvif ",	"setenvifnocase ",
	    "<ifmodule ",     "<location ",	"<locationmatch ",
	    "<directory ",    "<files ",	"<filesmatch ",
	    "<virtualhost ",  "<limit ",	"<limitexcept ",
	    "requestheader ", "<if ",		NULL};

	return any_line(text, heads);
}

static bool
is_nginx(struct slice text)
{
	static const char *const heads[] = {"add_header ",
					    "more_set_headers ",
					    "proxy_hide_header ",
					    "fastcgi_hide_header ",
					    "if ($",
					    "map $",
					    "location ",
					    "server {",
					    "proxy_pass ",
					    NULL};

	return any_line(text, heads) && text_find(text, ';') < text.len;
}

/* Does a line begin with a status line (also of curl -v), a CORS header or a
 * label of developer tools? */
static bool
is_response(struct slice text)
{
	static const char *const heads[] = {
	    "HTTP/",	"< HTTP/",     "access-control-", "< access-control-",
	    ":status:", "status code", "request url",	  "response headers",
	    NULL};

	return any_line(text, heads);
}

/* At least two lines "Name: value", and no other lines. */
static bool
is_header_block(struct slice text)
{
	size_t fields = 0;

	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));
		size_t colon = text_find(line, ':');

		if (line.len == 0)
			continue;
		if (colon == 0 || colon == line.len ||
		    text_find_any(line, " \t'\"/(") < colon)
			return false;
		fields++;
	}
	return fields >= 2;
}

static bool
is_url(struct slice text)
{
	text = text_trim(text);
	return (text_starts_nocase(text, SLICE("http://")) ||
		text_starts_nocase(text, SLICE("https://"))) &&
	       text_find_any(text, " \t\r\n\"'") == text.len;
}

enum pasted_kind
paste_guess(struct arena *arena, struct slice text)
{
	const char *words;

	text = text_trim(text);
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = text_trim(slice_after(text, 3));
	if (text.len == 0)
		return PASTED_UNKNOWN;
	if (text.ptr[0] == '{')
		return PASTED_HAR;
	if (is_curl(text))
		return PASTED_CURL;
	if (is_fetch(text))
		return PASTED_FETCH;
	if (is_policy(text))
		return PASTED_POLICY;
	if (is_apache(text))
		return PASTED_APACHE;
	if (is_nginx(text))
		return PASTED_NGINX;
	if (is_response(text))
		return PASTED_RESPONSE;
	if (is_url(text))
		return PASTED_URL;
	if (message_find(arena, text, &words) != NULL)
		return PASTED_CONSOLE;
	if (is_header_block(text))
		return PASTED_RESPONSE;
	if (has(text, "access-control-allow-"))
		return PASTED_OTHER;
	return has(text, "fetch(") ? PASTED_FETCH : PASTED_UNKNOWN;
}

/* ---- reading it ---- */

/* "curl -i ..." and its output below. */
static bool
read_curl(struct arena *arena, struct slice text, struct pasted *out)
{
	static const char *const heads[] = {"HTTP/", "< ", "> ", "* ", NULL};
	struct slice rest = text, command = text, printed = SLICE_NONE;

	while (rest.len > 0) {
		struct slice before = rest;

		if (!starts_with(text_trim(text_line_next(&rest)), heads) ||
		    before.ptr == text.ptr)
			continue;
		command.len = (size_t)(before.ptr - text.ptr);
		printed = before;
		break;
	}
	if (!paste_curl(arena, command, out))
		return false;
	if (is_response(printed))
		out->response = printed;
	return true;
}

static bool
read_kind(struct arena *arena, struct slice text, enum pasted_kind kind,
	  struct pasted *out)
{
	*out = (struct pasted){.arena = arena};
	switch (kind) {
	case PASTED_CURL:
		return read_curl(arena, text, out);
	case PASTED_FETCH:
		return paste_fetch(arena, text, out);
	case PASTED_HAR:
		return paste_har(arena, text, 0, out);
	case PASTED_CONSOLE:
		return paste_console(arena, text, out);
	case PASTED_RESPONSE:
		return paste_response(arena, text, out);
	case PASTED_URL:
		out->url = text_trim(text);
		return true;
	case PASTED_APACHE:
	case PASTED_NGINX:
	case PASTED_OTHER:
	case PASTED_POLICY:
		return true;
	case PASTED_UNKNOWN:
		break;
	}
	paste_fault(out,
		    "this is not recognised: paste a cURL command, a fetch() "
		    "call, a HAR file, the whole console message, response "
		    "headers with their names, or the configuration of Apache "
		    "or nginx");
	return false;
}

bool
paste_any(struct arena *arena, struct slice text, enum pasted_kind kind,
	  struct pasted *out)
{
	bool good = read_kind(arena, text, kind, out);

	if (good && kind != PASTED_CONSOLE)
		paste_settle(out);
	return good && !out->no_memory;
}
