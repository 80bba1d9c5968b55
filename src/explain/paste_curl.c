/*
 * "Copy as cURL": a command line of a POSIX shell or of cmd.exe, with the
 * options of curl that affect the request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/array.h"
#include "base/text.h"
#include "explain/paste.h"

struct words {
	struct slice *at;
	size_t count;
	size_t room;
};

/* ---- the shell ---- */

struct shell {
	struct pasted *p;
	struct slice rest;
	char *word; /* being written; as long as the text */
	size_t len;
	bool windows; /* cmd.exe: '^' escapes */
};

static char
next(struct shell *s)
{
	char c = s->rest.ptr[0];

	s->rest = slice_after(s->rest, 1);
	return c;
}

static void
put(struct shell *s, char c)
{
	s->word[s->len++] = c;
}

/* '...': no escapes. */
static void
read_single(struct shell *s)
{
	while (s->rest.len > 0) {
		char c = next(s);
		if (c == '\'')
			return;
		put(s, c);
	}
	paste_fault(s->p, "a ' is not closed");
}

/* "...": a backslash escapes only these bytes (POSIX, 2.2.3).  cmd.exe writes
 * "" or ^" or \" for a quote. */
static void
read_double(struct shell *s)
{
	while (s->rest.len > 0) {
		char c = next(s);
		if (c == '"') {
			if (!s->windows || s->rest.len == 0 ||
			    s->rest.ptr[0] != '"')
				return;
			c = next(s);
		} else if (s->windows && c == '^' && s->rest.len > 0) {
			c = next(s);
			if (c == '"')
				return; /* ^" closes what ^" opened */
		} else if (c == '\\' && s->rest.len > 0 &&
			   strchr("$`\"\\\n", s->rest.ptr[0]) != NULL) {
			c = next(s);
			if (c == '\n')
				continue;
		}
		put(s, c);
	}
	paste_fault(s->p, "a \" is not closed");
}

/* Up to `most` hexadecimal digits. */
static unsigned
read_hex(struct shell *s, int most)
{
	unsigned value = 0;

	while (most-- > 0 && s->rest.len > 0 && ascii_hex(s->rest.ptr[0]) >= 0)
		value = value << 4 | (unsigned)ascii_hex(next(s));
	return value;
}

/* $'...': escapes as in C; Chromium writes special characters so. */
static void
read_ansi(struct shell *s)
{
	static const char escapes[] = "abefnrtv";
	static const char meanings[] = "\a\b\033\f\n\r\t\v";

	while (s->rest.len > 0) {
		char c = next(s);
		if (c == '\'')
			return;
		if (c != '\\' || s->rest.len == 0) {
			put(s, c);
			continue;
		}
		c = next(s);
		const char *at = strchr(escapes, c);
		if (c == 'u')
			s->len +=
			    text_put_utf8(s->word + s->len, read_hex(s, 4));
		else if (c == 'x')
			put(s, (char)read_hex(s, 2));
		else
			put(s, at == NULL || c == '\0'
				   ? c
				   : meanings[at - escapes]);
	}
	paste_fault(s->p, "a $' is not closed");
}

static bool
is_end_of_word(char c)
{
	return ascii_is_blank(c) || c == '\n' || c == '\r';
}

/* A byte outside of quotes, or a quoted part. */
static void
read_part(struct shell *s)
{
	char c = next(s);

	if (c == '\'' && !s->windows) {
		read_single(s);
	} else if (c == '"') {
		read_double(s);
	} else if (c == '$' && s->rest.len > 0 && s->rest.ptr[0] == '\'') {
		next(s);
		read_ansi(s);
	} else if (c == (s->windows ? '^' : '\\') && s->rest.len > 0) {
		c = next(s);
		if (c == '\r' && s->rest.len > 0 && s->rest.ptr[0] == '\n')
			c = next(s);
		if (s->windows && c == '"')
			read_double(s);
		else if (c != '\n')
			put(s, c);
	} else {
		put(s, c);
	}
}

static bool
word_add(struct shell *s, struct words *words)
{
	struct slice word = arena_slice(s->p->arena, slice_of(s->word, s->len));

	if (!slice_present(word) ||
	    !array_grow_in(s->p->arena, &words->at, words->count, &words->room,
			   sizeof(*words->at))) {
		s->p->no_memory = true;
		return false;
	}
	words->at[words->count++] = word;
	return true;
}

/* One command: up to a separate ';', '|' or '&'. */
static void
split(struct shell *s, struct words *words)
{
	while (s->rest.len > 0 && s->p->fault == NULL) {
		char c = s->rest.ptr[0];
		if (is_end_of_word(c)) {
			next(s);
			continue;
		}
		if ((c == '\\' || c == '^') && s->rest.len > 1 &&
		    (s->rest.ptr[1] == '\n' || s->rest.ptr[1] == '\r')) {
			s->rest = slice_after(s->rest, 2);
			continue;
		}
		if (strchr(";|&#<>", c) != NULL)
			return;
		s->len = 0;
		while (s->rest.len > 0 && !is_end_of_word(s->rest.ptr[0]) &&
		       strchr(";|&", s->rest.ptr[0]) == NULL)
			read_part(s);
		if (!word_add(s, words))
			return;
	}
}

/* ---- curl ---- */

enum option {
	OPTION_HEADER,
	OPTION_METHOD,
	OPTION_DATA,
	OPTION_JSON,
	OPTION_FORM,
	OPTION_COOKIE,
	OPTION_USER,
	OPTION_BEARER,
	OPTION_REFERER,
	OPTION_URL,
	OPTION_UPLOAD,
	OPTION_RANGE,
	OPTION_OTHER, /* with a value that does not matter here */
	OPTION_HEAD,
	OPTION_GET,
	OPTION_FLAG, /* without a value */
	OPTION_UNKNOWN
};

struct option_name {
	const char *name; /* "-H", "--header" */
	enum option option;
};

static const struct option_name options[] = {
    {"-H", OPTION_HEADER},
    {"--header", OPTION_HEADER},
    {"-X", OPTION_METHOD},
    {"--request", OPTION_METHOD},
    {"-d", OPTION_DATA},
    {"--data", OPTION_DATA},
    {"--data-ascii", OPTION_DATA},
    {"--data-raw", OPTION_DATA},
    {"--data-binary", OPTION_DATA},
    {"--data-urlencode", OPTION_DATA},
    {"--json", OPTION_JSON},
    {"-F", OPTION_FORM},
    {"--form", OPTION_FORM},
    {"--form-string", OPTION_FORM},
    {"-b", OPTION_COOKIE},
    {"--cookie", OPTION_COOKIE},
    {"-u", OPTION_USER},
    {"--user", OPTION_USER},
    {"--oauth2-bearer", OPTION_BEARER},
    {"-e", OPTION_REFERER},
    {"--referer", OPTION_REFERER},
    {"--url", OPTION_URL},
    {"-T", OPTION_UPLOAD},
    {"--upload-file", OPTION_UPLOAD},
    {"-r", OPTION_RANGE},
    {"--range", OPTION_RANGE},
    {"-I", OPTION_HEAD},
    {"--head", OPTION_HEAD},
    {"-G", OPTION_GET},
    {"--get", OPTION_GET},
    {"-A", OPTION_OTHER},
    {"--user-agent", OPTION_OTHER},
    {"-o", OPTION_OTHER},
    {"--output", OPTION_OTHER},
    {"-m", OPTION_OTHER},
    {"--max-time", OPTION_OTHER},
    {"--connect-timeout", OPTION_OTHER},
    {"-x", OPTION_OTHER},
    {"--proxy", OPTION_OTHER},
    {"-w", OPTION_OTHER},
    {"--write-out", OPTION_OTHER},
    {"-c", OPTION_OTHER},
    {"--cookie-jar", OPTION_OTHER},
    {"-D", OPTION_OTHER},
    {"--dump-header", OPTION_OTHER},
    {"-E", OPTION_OTHER},
    {"--cert", OPTION_OTHER},
    {"--cacert", OPTION_OTHER},
    {"--key", OPTION_OTHER},
    {"--resolve", OPTION_OTHER},
    {"--connect-to", OPTION_OTHER},
    {"--interface", OPTION_OTHER},
    {"--retry", OPTION_OTHER},
    {"--unix-socket", OPTION_OTHER},
    {"-K", OPTION_OTHER},
    {"--config", OPTION_OTHER},
    {"--ciphers", OPTION_OTHER},
    {"--max-redirs", OPTION_OTHER},
    {"--limit-rate", OPTION_OTHER},
};

struct curl {
	struct pasted *p;
	bool data;
	bool form;
	bool json;
	bool get;
	bool head;
	bool upload;
	struct slice get_data; /* of the last -d, for -G */
};

/* One-letter options without a value. */
static const char flags[] = "svSLkiIGgfnNaOJR0123468#jlpqZ";

static enum option
find_option(struct slice name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (slice_eq(name, slice_from(options[i].name)))
			return options[i].option;
	if (slice_starts(name, SLICE("--")))
		return OPTION_FLAG;
	return name.len == 2 && strchr(flags, name.ptr[1]) != NULL
		   ? OPTION_FLAG
		   : OPTION_UNKNOWN;
}

/* "user:password" as Authorization has it (RFC 7617). */
static void
add_basic(struct pasted *p, struct slice user)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
				     "opqrstuvwxyz0123456789+/";
	char *text = arena_alloc(p->arena, 6 + (user.len + 2) / 3 * 4);
	size_t len = 6;

	if (text == NULL) {
		p->no_memory = true;
		return;
	}
	memcpy(text, "Basic ", 6);
	for (size_t i = 0; i < user.len; i += 3) {
		unsigned bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < user.len
						? (unsigned char)user.ptr[i + k]
						: 0);
		for (int k = 3; k >= 0; k--)
			text[len++] = i + (size_t)(3 - k) > user.len
					  ? '='
					  : digits[bits >> 6 * k & 63];
	}
	paste_header(p, SLICE("Authorization"), slice_of(text, len));
}

/* "Name: value"; "Name;" sends an empty header, and "Name:" removes a
 * header. */
static void
add_header(struct pasted *p, struct slice line)
{
	size_t colon = text_find(line, ':');

	if (line.len > 0 && colon == line.len && line.ptr[line.len - 1] == ';')
		paste_header(p, text_chop(line, ';'), SLICE(""));
	else if (line.len > 0 && line.ptr[0] == '@')
		paste_note(p, "the headers in a file (-H @...) are not read");
	else if (colon + 1 < line.len || line.len == 0 || line.ptr[0] == ':')
		paste_line(p, line);
}

static void
apply(struct curl *c, enum option option, struct slice value)
{
	struct pasted *p = c->p;

	switch (option) {
	case OPTION_HEADER:
		add_header(p, value);
		break;
	case OPTION_METHOD:
		p->method = value;
		break;
	case OPTION_DATA:
		c->data = true;
		c->get_data = value;
		break;
	case OPTION_JSON:
		c->data = c->json = true;
		break;
	case OPTION_FORM:
		c->form = true;
		break;
	case OPTION_COOKIE:
		p->credentials = true;
		break;
	case OPTION_USER:
		add_basic(p, value);
		break;
	case OPTION_BEARER:
		paste_header(p, SLICE("Authorization"), SLICE("Bearer ..."));
		break;
	case OPTION_REFERER:
		p->page = value;
		break;
	case OPTION_URL:
		p->url = value;
		break;
	case OPTION_UPLOAD:
		c->upload = true;
		break;
	case OPTION_RANGE:
		paste_header(p, SLICE("Range"), SLICE("bytes=0-"));
		break;
	case OPTION_HEAD:
		c->head = true;
		break;
	case OPTION_GET:
		c->get = true;
		break;
	case OPTION_OTHER:
	case OPTION_FLAG:
		break;
	case OPTION_UNKNOWN:
		paste_note(p, "an option of curl is not known here, and left "
			      "out");
		break;
	}
}

/* "-sSL", "-XPUT", "-H 'a: b'": letters, the last of which may take a value. */
static void
read_letters(struct curl *c, const struct words *words, size_t *at)
{
	struct slice word = words->at[*at];

	for (size_t i = 1; i < word.len; i++) {
		char name[] = {'-', word.ptr[i]};
		enum option option = find_option(slice_of(name, 2));
		if (option >= OPTION_HEAD) {
			apply(c, option, SLICE_NONE);
			continue;
		}
		struct slice value = slice_after(word, i + 1);
		if (value.len == 0 && *at + 1 < words->count)
			value = words->at[++*at];
		apply(c, option, value);
		return;
	}
}

static void
read_long(struct curl *c, const struct words *words, size_t *at)
{
	enum option option = find_option(words->at[*at]);

	if (option >= OPTION_HEAD)
		apply(c, option, SLICE_NONE);
	else if (*at + 1 < words->count)
		apply(c, option, words->at[++*at]);
}

/* The method and headers that the options together result in (curl(1)). */
static void
settle_curl(struct curl *c)
{
	struct pasted *p = c->p;

	if (c->get) {
		c->data = false;
		struct slice parts[] = {p->url,
					text_find(p->url, '?') < p->url.len
					    ? SLICE("&")
					    : SLICE("?"),
					c->get_data};
		if (slice_present(c->get_data))
			p->url = slice_from(arena_join(p->arena, parts, 3));
	}
	p->body = c->data || c->form || c->upload;
	if (!slice_present(p->method))
		p->method = c->head	? SLICE("HEAD")
			    : c->upload ? SLICE("PUT")
			    : p->body	? SLICE("POST")
					: SLICE("GET");
	if (paste_has(p, SLICE("content-type")) || (!c->data && !c->form))
		return;
	paste_header(p, SLICE("Content-Type"),
		     c->json   ? SLICE("application/json")
		     : c->form ? SLICE("multipart/form-data")
			       : SLICE("application/x-www-form-urlencoded"));
}

static void
read_command(struct curl *c, const struct words *words)
{
	struct pasted *p = c->p;

	for (size_t i = 1; i < words->count; i++) {
		struct slice word = words->at[i];
		if (slice_starts(word, SLICE("--")) && word.len > 2)
			read_long(c, words, &i);
		else if (word.len > 1 && word.ptr[0] == '-')
			read_letters(c, words, &i);
		else if (!slice_present(p->url))
			p->url = word;
		else
			paste_note(p, "of several URLs the first is taken");
	}
	settle_curl(c);
}

static bool
is_curl(const struct words *words)
{
	if (words->count == 0)
		return false;
	struct slice name = words->at[0];
	return text_ends(name, SLICE("curl")) ||
	       text_ends(name, SLICE("curl.exe"));
}

bool
paste_curl(struct arena *arena, struct slice text, struct pasted *out)
{
	struct shell shell = {.p = out, .rest = text};
	struct words words = {NULL, 0, 0};
	struct curl curl = {.p = out, .get_data = SLICE_NONE};

	*out = (struct pasted){.arena = arena};
	if (paste_is_powershell(text))
		return paste_powershell(arena, text, out);
	shell.word = arena_alloc(arena, text.len + 1);
	if (shell.word == NULL) {
		out->no_memory = true;
		return false;
	}
	/* A prompt that was copied along. */
	while (shell.rest.len > 1 &&
	       strchr("$>% \t\r\n", shell.rest.ptr[0]) != NULL &&
	       shell.rest.ptr[0] != '\0')
		shell.rest = slice_after(shell.rest, 1);
	shell.windows = memmem(text.ptr, text.len, "^\"", 2) != NULL;
	split(&shell, &words);
	if (!is_curl(&words))
		paste_fault(out, "a command of curl begins with \"curl\"");
	if (out->fault == NULL && !out->no_memory)
		read_command(&curl, &words);
	return out->fault == NULL && !out->no_memory;
}
