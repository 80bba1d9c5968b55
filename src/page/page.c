/*
 * The analyzer page's side of CGI (RFC 3875): which requests are answered, and
 * with which headers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "fetch/fetch.h"
#include "fetch/url.h"
#include "page/form.h"

/* ---- answers ---- */

/* What every answer has: nothing of it is kept, framed, guessed at. */
static void
print_common(FILE *out)
{
	fputs("Cache-Control: no-store\r\n"
	      "X-Content-Type-Options: nosniff\r\n"
	      "Referrer-Policy: same-origin\r\n"
	      "Cross-Origin-Opener-Policy: same-origin\r\n"
	      "Cross-Origin-Resource-Policy: same-origin\r\n",
	      out);
}

/* A short answer in text; status: "405 Method Not Allowed". */
static int
refuse(const char *status, const char *text)
{
	printf("Status: %s\r\n", status);
	if (strncmp(status, "405", 3) == 0)
		fputs("Allow: GET, HEAD, OPTIONS, POST\r\n", stdout);
	print_common(stdout);
	printf("Content-Security-Policy: default-src 'none'; "
	       "frame-ancestors 'none'\r\n"
	       "Content-Type: text/plain; charset=utf-8\r\n"
	       "Content-Length: %zu\r\n\r\n%s\n",
	       strlen(text) + 1, text);
	return 0;
}

static int
no_memory(void)
{
	return refuse("500 Internal Server Error", "Memory is out.");
}

static int
answer_options(void)
{
	fputs("Status: 204 No Content\r\nAllow: GET, HEAD, OPTIONS, POST\r\n",
	      stdout);
	print_common(stdout);
	fputs("\r\n", stdout);
	return 0;
}

/*
 * CSP 3: nothing but the style and the script that have this answer's nonce;
 * and where there is a button, what it sends.  That may go anywhere, since it
 * may be redirected anywhere.
 */
static void
print_policy(const struct page *page)
{
	printf("Content-Security-Policy: default-src 'none'; "
	       "style-src 'nonce-%s'; ",
	       page->nonce);
	if (page_may_try(page))
		printf("script-src 'nonce-%s'; connect-src http: https:; ",
		       page->nonce);
	fputs("form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n",
	      stdout);
}

/* The whole page is made before its first byte goes out. */
static int
answer_page(struct page *page, bool with_body)
{
	char *text = NULL;
	size_t len = 0;
	bool good;

	page->out = open_memstream(&text, &len);
	if (page->out == NULL)
		return no_memory();
	page_html(page);
	good = ferror(page->out) == 0 &&
	       (page->result == NULL || !page->result->e.out_of_memory);
	if (fclose(page->out) != 0 || !good) {
		free(text);
		return no_memory();
	}
	fputs("Status: 200 OK\r\n", stdout);
	print_common(stdout);
	print_policy(page);
	printf("Content-Type: text/html; charset=utf-8\r\n"
	       "Content-Length: %zu\r\n\r\n",
	       len);
	if (with_body)
		fwrite(text, 1, len, stdout);
	free(text);
	return 0;
}

/* ---- the request ---- */

static struct slice
variable(const char *name)
{
	return slice_from(getenv(name));
}

/* The URL of a server's root; false: the text is none. */
static bool
parse_root(struct arena *arena, const char *text, struct url *out)
{
	return text != NULL &&
	       url_parse(arena, slice_from(text), NULL, NULL, out) ==
		   URL_FAULT_NONE &&
	       !out->has_userinfo && slice_eq(out->target, SLICE("/"));
}

static bool
is_secure(void)
{
	const char *https = getenv("HTTPS");

	return (https != NULL && https[0] != '\0' &&
		strcmp(https, "off") != 0) ||
	       slice_eq(variable("REQUEST_SCHEME"), SLICE("https")) ||
	       slice_eq_nocase(variable("HTTP_X_FORWARDED_PROTO"),
			       SLICE("https"));
}

/*
 * The origin of this page, as far as it is known; absent: it is not.  Servers
 * and proxies may hide scheme and port; of a form that was sent from here the
 * browser itself says it (Fetch, "append a request Origin header").
 */
static struct slice
own_origin(struct arena *arena)
{
	struct slice host = variable("HTTP_HOST");
	struct slice origin = variable("HTTP_ORIGIN");
	char text[300];
	struct url url, said;

	if (host.len == 0 || host.len > 260)
		return SLICE_NONE;
	snprintf(text, sizeof(text), "%s://%s/", is_secure() ? "https" : "http",
		 host.ptr);
	if (!parse_root(arena, text, &url))
		return SLICE_NONE;
	if (parse_root(arena, origin.ptr, &said) &&
	    slice_eq(said.origin, origin) && slice_eq(said.host, url.host))
		return said.origin;
	return url.origin;
}

/* The textarea's line ends count for one byte each. */
static void
take_form(struct page *page, const struct form *form)
{
	page->form = (struct page_form){
	    .url = text_trim_http(form_get(form, SLICE("url"))),
	    .origin = text_trim_http(form_get(form, SLICE("origin"))),
	    .method = text_trim_http(form_get(form, SLICE("method"))),
	    .headers = form_get(form, SLICE("headers")),
	    .policy = form_get(form, SLICE("policy")),
	    .credentials = slice_present(form_get(form, SLICE("credentials"))),
	};
}

/* NULL: it is in the page; else the status of the refusal, *text why. */
static const char *
read_form(struct page *page, struct slice bytes, const char **text)
{
	struct form *form = arena_alloc(page->arena, sizeof(*form));

	*text = "Memory is out.";
	if (form == NULL)
		return "500 Internal Server Error";
	switch (form_parse(page->arena, bytes, form)) {
	case FORM_TOO_MANY:
		*text = "This is not the form of this page.";
		return "400 Bad Request";
	case FORM_NO_MEMORY:
		return "500 Internal Server Error";
	case FORM_GOOD:
		break;
	}
	take_form(page, form);
	if (page->form.policy.len > PAGE_POLICY_MAX) {
		*text = "The policy has more than 64 KiB.";
		return "413 Content Too Large";
	}
	return NULL;
}

static int
answer_get(struct page *page, bool with_body)
{
	struct slice query = variable("QUERY_STRING");
	const char *text, *status;

	if (query.len > PAGE_QUERY_MAX)
		return refuse("414 URI Too Long",
			      "The query has more than 64 KiB.");
	status = read_form(page, query, &text);
	if (status != NULL)
		return refuse(status, text);
	return answer_page(page, with_body);
}

/* ---- POST ---- */

static bool
is_form_type(struct slice type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct slice essence = slice_of(type.ptr, text_find(type, ';'));

	return slice_eq_nocase(text_trim_http(essence), slice_from(form));
}

/* RFC 3875, 4.1.2: digits.  -1: something else; too many are a lot. */
static long
content_length(struct slice text)
{
	long length = 0;

	if (text.len == 0)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		if (length <= PAGE_BODY_MAX)
			length = length * 10 + (text.ptr[i] - '0');
	}
	return length;
}

/* Exactly so many bytes of standard input; false: there are fewer. */
static bool
read_body(char *to, size_t length)
{
	size_t len = 0;

	while (len < length) {
		ssize_t n = read(STDIN_FILENO, to + len, length - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return true;
}

/*
 * Did another site's page send the form?  Then it is only filled in: else that
 * page chose what the button sends, with this page's origin and the visitor's
 * cookies (Fetch Metadata, 2.3; browsers that do not have it send Origin).
 */
static bool
is_foreign(const struct page *page)
{
	struct slice site = variable("HTTP_SEC_FETCH_SITE");
	struct slice origin = variable("HTTP_ORIGIN");

	if (slice_present(site))
		return !slice_eq(site, SLICE("same-origin")) &&
		       !slice_eq(site, SLICE("none"));
	return slice_present(origin) && !slice_eq(origin, page->own);
}

/* The form is good: what does it ask? */
static int
answer_form(struct page *page)
{
	struct page_result result = {.diags = NULL};
	int status;

	page->foreign = is_foreign(page);
	if (page->foreign)
		return answer_page(page, true);
	/* cppcheck-suppress autoVariables ; it is taken back below */
	page->result = &result;
	status =
	    page_ask(page, &result) ? answer_page(page, true) : no_memory();
	page->result = NULL;
	page_result_free(&result);
	return status;
}

static int
answer_post(struct page *page)
{
	struct slice type = variable("CONTENT_TYPE");
	struct slice length_text = variable("CONTENT_LENGTH");
	long length = content_length(length_text);
	const char *text, *status;
	char *body;

	if (length_text.len == 0)
		return refuse("411 Length Required", "How long is the form?");
	if (length < 0)
		return refuse("400 Bad Request",
			      "The Content-Length is no number.");
	if (!is_form_type(type))
		return refuse("415 Unsupported Media Type",
			      "This page takes application/"
			      "x-www-form-urlencoded.");
	if (length > PAGE_BODY_MAX)
		return refuse("413 Content Too Large",
			      "The form has more than 256 KiB.");
	body = arena_alloc(page->arena, (size_t)length);
	if (body == NULL)
		return no_memory();
	if (!read_body(body, (size_t)length))
		return refuse("400 Bad Request", "The form ends too early.");
	status = read_form(page, slice_of(body, (size_t)length), &text);
	if (status != NULL)
		return refuse(status, text);
	return answer_form(page);
}

/* ---- the whole ---- */

/* 128 bits that nobody can guess. */
static bool
make_nonce(char nonce[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		nonce[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		nonce[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	nonce[32] = '\0';
	return true;
}

static int
answer(struct page *page)
{
	struct slice method = variable("REQUEST_METHOD");

	if (slice_eq(method, SLICE("OPTIONS")))
		return answer_options();
	if (slice_eq(method, SLICE("GET")))
		return answer_get(page, true);
	if (slice_eq(method, SLICE("HEAD")))
		return answer_get(page, false);
	if (slice_eq(method, SLICE("POST")))
		return answer_post(page);
	return refuse("405 Method Not Allowed",
		      "This page knows GET, HEAD, OPTIONS and POST.");
}

int
page_main(void)
{
	/* No form takes so long; a server waits no longer. */
	static const struct rlimit ten_seconds = {10, 10};
	struct page page = {.arena = arena_new()};
	int status;

	setrlimit(RLIMIT_CPU, &ten_seconds);
	if (page.arena == NULL || !make_nonce(page.nonce)) {
		status = refuse("500 Internal Server Error",
				"There is no memory, or no randomness.");
	} else {
		page.own = own_origin(page.arena);
		status = answer(&page);
	}
	arena_free(page.arena);
	if (fflush(stdout) != 0)
		return 1;
	return status;
}
