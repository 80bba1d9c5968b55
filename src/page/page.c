/*
 * The requests of the analyzer page, and the headers of its responses (RFC
 * 3875).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/memory_stream.h"
#include "base/os.h"
#include "base/text.h"
#include "cors/request.h"
#include "fetch/url.h"

/* ---- responses ---- */

/* Headers of every response: no caching, no MIME sniffing, no other origin. */
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

/* A short response in text; status: "405 Method Not Allowed". */
static void
refuse(const struct page *page, const char *status, const char *text)
{
	FILE *out = page->request->out;

	fprintf(out, "Status: %s\r\n", status);
	if (strncmp(status, "405", 3) == 0)
		fputs("Allow: GET, HEAD, OPTIONS, POST\r\n", out);
	print_common(out);
	fprintf(out,
		"Content-Security-Policy: default-src 'none'; "
		"frame-ancestors 'none'\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\n\r\n%s\n",
		strlen(text) + 1, text);
}

static void
no_memory(const struct page *page)
{
	refuse(page, "500 Internal Server Error", "Memory is out.");
}

static void
answer_options(const struct page *page)
{
	FILE *out = page->request->out;

	fputs("Status: 204 No Content\r\nAllow: GET, HEAD, OPTIONS, POST\r\n",
	      out);
	print_common(out);
	fputs("\r\n", out);
}

/*
 * CSP 3: only the style and the script that have this response's nonce.  The
 * script sends the policy to this page as the user types.  If there is a "Try
 * it" button, connect-src allows every URL, because the request may be
 * redirected to any.
 */
static void
print_policy(const struct page *page)
{
	FILE *out = page->request->out;

	fprintf(out,
		"Content-Security-Policy: default-src 'none'; "
		"style-src 'nonce-%s'; ",
		page->nonce);
	if (page->form.part != PAGE_REFERENCE)
		fprintf(out, "script-src 'nonce-%s'; connect-src %s; ",
			page->nonce,
			page_may_try(page) ? "http: https:" : "'self'");
	fputs("form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n",
	      out);
}

/* Write the HTML into memory, which the caller frees.  False: memory is out. */
static bool
make_html(struct page *page, void (*write)(struct page *), char **text,
	  size_t *len)
{
	bool good;

	page->out = memory_stream(text, len);
	if (page->out == NULL)
		return false;
	write(page);
	good = ferror(page->out) == 0 && !arena_failed(page->arena) &&
	       (page->result == NULL || !page->result->e.out_of_memory);
	return fclose(page->out) == 0 && good;
}

/* The page is complete before its first byte is sent, for Content-Length and so
 * that an error can still be reported. */
static void
answer_html(struct page *page, void (*write)(struct page *), bool with_body)
{
	FILE *out = page->request->out;
	char *text = NULL;
	size_t len = 0;

	if (make_html(page, write, &text, &len)) {
		fputs("Status: 200 OK\r\n", out);
		print_common(out);
		print_policy(page);
		fprintf(out,
			"Content-Type: text/html; charset=utf-8\r\n"
			"Content-Length: %zu\r\n\r\n",
			len);
		if (with_body)
			fwrite(text, 1, len, out);
	} else {
		no_memory(page);
	}
	free(text);
}

static void
answer_page(struct page *page, bool with_body)
{
	answer_html(page, page_html, with_body);
}

/* ---- the request ---- */

/* The value of a variable that struct request does not have, because CORS does
 * not need it. */
static struct slice
variable(const struct page *page, struct slice name)
{
	char *const *at = page->request->variables;

	for (; *at != NULL; at++) {
		struct slice text = slice_from(*at);

		if (slice_starts(text, name) && text.len > name.len &&
		    text.ptr[name.len] == '=')
			return slice_after(text, name.len + 1);
	}
	return SLICE_NONE;
}

/* Parse the URL of a server's root; false: it is something else. */
static bool
parse_root(struct arena *arena, struct slice text, struct url *out)
{
	return slice_present(text) &&
	       url_parse(arena, text, NULL, NULL, out) == URL_FAULT_NONE &&
	       !out->has_userinfo && slice_eq(out->target, SLICE("/"));
}

/*
 * The origin of this page; absent: unknown.  Servers and proxies may hide
 * scheme and port, but with a form of this page the browser sends Origin
 * (Fetch, "append a request Origin header").
 */
static struct slice
own_origin(struct arena *arena, const struct request *request)
{
	struct slice pieces[] = {request_is_https(request) ? SLICE("https://")
							   : SLICE("http://"),
				 request->host, SLICE("/")};
	struct url url, said;

	if (request->host.len == 0 || request->host.len > 260 ||
	    !parse_root(arena, slice_from(arena_join(arena, pieces, 3)), &url))
		return SLICE_NONE;
	if (parse_root(arena, request->origin, &said) &&
	    slice_eq(said.origin, request->origin) &&
	    slice_eq(said.host, url.host))
		return said.origin;
	return url.origin;
}

/* Read page->form.  NULL: done; else the status for the error, and *text is the
 * body. */
static const char *
read_form(struct page *page, struct slice bytes, const char **text)
{
	switch (page_read(page, bytes)) {
	case PAGE_GOOD:
		return NULL;
	case PAGE_NO_FORM:
		*text = "This is not the form of this page.";
		return "400 Bad Request";
	case PAGE_LONG_POLICY:
		*text = "The policy has more than 64 KiB.";
		return "413 Content Too Large";
	case PAGE_LONG_PASTE:
		*text = "What was pasted has more than 1 MiB. Of a HAR file "
			"paste the entry that failed.";
		return "413 Content Too Large";
	case PAGE_NO_MEMORY:
		break;
	}
	*text = "Memory is out.";
	return "500 Internal Server Error";
}

static void
answer_get(struct page *page, bool with_body)
{
	struct slice query = variable(page, SLICE("QUERY_STRING"));
	const char *text, *status;

	if (query.len > PAGE_QUERY_MAX) {
		refuse(page, "414 URI Too Long",
		       "The query has more than 64 KiB.");
		return;
	}
	status = read_form(page, query, &text);
	if (status != NULL)
		refuse(page, status, text);
	else
		answer_page(page, with_body);
}

/* ---- POST ---- */

static bool
is_form_type(struct slice type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct slice essence = slice_of(type.ptr, text_find(type, ';'));

	return slice_eq_nocase(text_trim_http(essence), slice_from(form));
}

/*
 * Did another site's page send the form?  Then it is only filled in: otherwise
 * that page could choose the request of the button, which has this page's
 * origin and the user's cookies (Fetch Metadata, 2.3; browsers without it send
 * Origin).
 */
static bool
is_foreign(const struct page *page, const struct request *request)
{
	struct slice site = request->fetch_site;

	if (slice_present(site))
		return !slice_eq(site, SLICE("same-origin")) &&
		       !slice_eq(site, SLICE("none"));
	return slice_present(request->origin) &&
	       !slice_eq(request->origin, page->own);
}

/* page_explain opens no file.  If that ever changed, it would get no
 * descriptor. */
static bool
explain_without_files(struct page *page, struct page_result *result)
{
	struct rlimit saved, none;
	bool limited = getrlimit(RLIMIT_NOFILE, &saved) == 0, good;

	none = (struct rlimit){0, saved.rlim_max};
	limited = limited && setrlimit(RLIMIT_NOFILE, &none) == 0;
	good = page_explain(page, result);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &saved);
	return good;
}

static void
answer_form(struct page *page)
{
	struct page_result result = {.diags = NULL};

	/* cppcheck-suppress autoVariables ; it is taken back below */
	page->result = &result;
	if (explain_without_files(page, &result))
		answer_html(page,
			    page->form.part == PAGE_LINT ? page_lint_html
							 : page_html,
			    true);
	else
		no_memory(page);
	page->result = NULL;
	page_result_free(&result);
}

/* Read the body into *out.  NULL: done; else the status for the error, and
 * *text is the body of the response. */
static const char *
read_body(struct page *page, struct slice length_text, struct slice *out,
	  const char **text)
{
	uint64_t announced;
	size_t length;
	char *body;

	*text = "How long is the form?";
	if (length_text.len == 0)
		return "411 Length Required";
	/* RFC 3875, 4.1.2 */
	*text = "The Content-Length is not a number.";
	if (!text_number_capped(length_text, PAGE_BODY_MAX + 1, &announced))
		return "400 Bad Request";
	*text = "This page takes application/x-www-form-urlencoded.";
	if (!is_form_type(variable(page, SLICE("CONTENT_TYPE"))))
		return "415 Unsupported Media Type";
	*text = "The form has more than 4 MiB.";
	if (announced > PAGE_BODY_MAX)
		return "413 Content Too Large";
	length = (size_t)announced;
	*text = "Memory is out.";
	body = arena_alloc(page->arena, length);
	if (body == NULL)
		return "500 Internal Server Error";
	*text = "The form ends too early.";
	if (page->request->read(page->request->ctx, body, length) != length)
		return "400 Bad Request";
	*out = slice_of(body, length);
	return NULL;
}

static void
answer_post(struct page *page, const struct request *request)
{
	struct slice body;
	const char *text, *status;

	status = read_body(page, request->content_length, &body, &text);
	if (status == NULL)
		status = read_form(page, body, &text);
	if (status != NULL) {
		refuse(page, status, text);
		return;
	}
	page->foreign = is_foreign(page, request);
	if (page->foreign || page->form.part == PAGE_FORM ||
	    page->form.part == PAGE_REFERENCE)
		answer_page(page, true);
	else
		answer_form(page);
}

/* ---- the whole ---- */

/* 128 random bits. */
static bool
make_nonce(char nonce[33])
{
	unsigned char bytes[16];

	if (!os_random(bytes, sizeof(bytes)))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static void
response(struct page *page)
{
	struct request request;

	request_read(&request, page->request->variables);
	page->own = own_origin(page->arena, &request);
	/* Names of client headers begin with HTTP_. */
	page->alone =
	    slice_present(variable(page, SLICE("CORSCHECK_ONE_FILE")));
	if (slice_eq(request.method, SLICE("OPTIONS")))
		answer_options(page);
	else if (slice_eq(request.method, SLICE("GET")))
		answer_get(page, true);
	else if (slice_eq(request.method, SLICE("HEAD")))
		answer_get(page, false);
	else if (slice_eq(request.method, SLICE("POST")))
		answer_post(page, &request);
	else
		refuse(page, "405 Method Not Allowed",
		       "This page knows GET, HEAD, OPTIONS and POST.");
}

void
page_respond(const struct page_request *request)
{
	struct page page = {.request = request, .arena = arena_new()};

	if (page.arena != NULL && make_nonce(page.nonce))
		response(&page);
	else
		refuse(&page, "500 Internal Server Error",
		       "Out of memory, or no random numbers.");
	arena_free(page.arena);
}
