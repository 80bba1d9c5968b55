/*
 * Response headers, and text that is copied along with them: the request of
 * curl -v, "General" and "Request Headers" of the developer tools.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/paste.h"

struct reader {
	struct pasted *p;
	char *response; /* the lines of it; room for all of the text */
	size_t len;
	struct slice host;
	struct slice target; /* of curl -v */
	bool https;
	bool in_request; /* below "Request Headers" */
};

static void
put(struct reader *r, struct slice text)
{
	if (text.len > 0)
		memcpy(r->response + r->len, text.ptr, text.len);
	r->len += text.len;
}

/* ---- names that have no colon ---- */

/* Newer developer tools copy "access-control-allow-origin", and its value in
 * the line below. */
static bool
is_bare_name(struct slice line)
{
	static const char *const labels[] = {"Request URL", "Request Method",
					     "Status Code", "Remote Address",
					     "Referrer Policy"};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (slice_eq_nocase(line, slice_from(labels[i])))
			return true;
	for (size_t i = 0; i < line.len; i++)
		if ((line.ptr[i] < 'a' || line.ptr[i] > 'z') &&
		    line.ptr[i] != '-' && !ascii_is_digit(line.ptr[i]))
			return false;
	return line.len > 0;
}

static bool
has_bare_names(struct slice text)
{
	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));

		if (slice_eq_nocase(line, SLICE("Request URL")) ||
		    slice_eq_nocase(line, SLICE("Status Code")) ||
		    (slice_starts(line, SLICE("access-control-")) &&
		     is_bare_name(line)))
			return true;
	}
	return false;
}

/* The value in the line below a name.  An empty value leaves its line out. */
static struct slice
value_below(struct slice *rest)
{
	struct slice at = *rest, value = text_trim(text_line_next(&at));

	*rest = at;
	return value;
}

/* ---- lines ---- */

static bool
is_named(struct slice line, const char *name, struct slice *value)
{
	struct slice text = slice_from(name);

	if (!text_starts_nocase(line, text) || line.len <= text.len ||
	    line.ptr[text.len] != ':')
		return false;
	*value = text_trim(slice_after(line, text.len + 1));
	return true;
}

/* "> GET /x HTTP/1.1" and the fields after it. */
static void
read_sent(struct reader *r, struct slice line)
{
	struct slice value;
	size_t blank = text_find(line, ' ');

	if (is_named(line, "Host", &value))
		r->host = value;
	if (text_has_nocase(line, SLICE(" HTTP/")) &&
	    text_find(line, ':') > blank) {
		struct slice rest = text_trim(slice_after(line, blank));

		r->p->method = slice_of(line.ptr, blank);
		r->target = slice_of(rest.ptr, text_find(rest, ' '));
	} else if (text_find(line, ':') < line.len) {
		paste_line(r->p, line);
	}
}

/* "* Connected to api.example.net (192.0.2.1) port 443" */
static void
read_remark(struct reader *r, struct slice line)
{
	r->https |= text_has_nocase(line, SLICE("port 443")) ||
		    text_has_nocase(line, SLICE("TLSv1")) ||
		    text_has_nocase(line, SLICE("ALPN"));
}

/* Read a line of "General"; false: it is another line. */
static bool
read_general(struct reader *r, struct slice line, struct slice *rest)
{
	struct slice value;

	if (is_named(line, "Request URL", &value)) {
		r->p->url = value.len > 0 ? value : value_below(rest);
		return true;
	}
	if (is_named(line, "Request Method", &value)) {
		r->p->method = value.len > 0 ? value : value_below(rest);
		return true;
	}
	return is_named(line, "Remote Address", &value) ||
	       is_named(line, "Referrer Policy", &value);
}

static void
read_line(struct reader *r, struct slice line, struct slice *rest)
{
	if (slice_starts(line, SLICE("* "))) {
		read_remark(r, line);
		return;
	}
	if (slice_starts(line, SLICE(">"))) {
		read_sent(r, text_trim(slice_after(line, 1)));
		return;
	}
	if (text_starts_nocase(line, SLICE("Request Headers")) ||
	    text_starts_nocase(line, SLICE("Response Headers"))) {
		r->in_request = text_starts_nocase(line, SLICE("Req"));
		return;
	}
	if (read_general(r, line, rest))
		return;
	if (!r->in_request) {
		put(r, line);
		put(r, SLICE("\n"));
	} else if (line.len > 0 && line.ptr[line.len - 1] == ':') {
		/* older tools: the value is in the line below */
		paste_header(r->p, slice_of(line.ptr, line.len - 1),
			     value_below(rest));
	} else {
		read_sent(r, line);
	}
}

/* Write "name: value" where the tools leave the colon out. */
static struct slice
add_colons(struct pasted *p, struct slice text)
{
	char *out = arena_array(p->arena, text.len + 1, 2);
	size_t len = 0;

	if (out == NULL) {
		p->no_memory = true;
		return SLICE("");
	}
	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));
		struct slice value = SLICE_NONE;

		if (is_bare_name(line))
			value = value_below(&text);
		if (line.len > 0)
			memcpy(out + len, line.ptr, line.len);
		len += line.len;
		if (slice_present(value)) {
			out[len++] = ':';
			memcpy(out + len, value.ptr, value.len);
			len += value.len;
		}
		out[len++] = '\n';
	}
	return slice_of(out, len);
}

/* The URL, which curl -v prints in three places. */
static void
join_url(struct reader *r)
{
	struct slice parts[] = {r->https ? SLICE("https://") : SLICE("http://"),
				r->host, r->target};
	const char *url;

	if (slice_present(r->p->url) || r->host.len == 0 ||
	    r->target.len == 0 || r->target.ptr[0] != '/')
		return;
	url = arena_join(r->p->arena, parts, 3);
	if (url == NULL)
		r->p->no_memory = true;
	else
		r->p->url = slice_from(url);
}

bool
paste_response(struct arena *arena, struct slice text, struct pasted *out)
{
	struct reader r = {.p = out};

	*out = (struct pasted){.arena = arena};
	if (has_bare_names(text))
		text = add_colons(out, text);
	r.response = arena_array(arena, text.len + 1, 2);
	if (r.response == NULL || out->no_memory) {
		out->no_memory = true;
		return false;
	}
	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));
		read_line(&r, line, &text);
	}
	join_url(&r);
	out->response = slice_of(r.response, r.len);
	return !out->no_memory;
}
