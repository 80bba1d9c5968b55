/*
 * Explanations: user input becomes a question, a browser checks responses of
 * all kinds, and its console has Chromium's messages.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "explain/explanation.h"
#include "unit.h"

#define PAGE "https://a.example"
#define SITE "https://b.example"
#define URL SITE "/x"
#define ACAO "Access-Control-Allow-Origin: "
#define ACAC "Access-Control-Allow-Credentials: "
#define ACAM "Access-Control-Allow-Methods: "
#define ACAH "Access-Control-Allow-Headers: "
#define ACMA "Access-Control-Max-Age: "
#define ACEH "Access-Control-Expose-Headers: "
#define ALLOWED ACAO PAGE "|"
#define CONSOLE                                                                \
	"Access to fetch at '" URL "' from origin '" PAGE                      \
	"' has been blocked by CORS policy: "
#define PREFLIGHT                                                              \
	CONSOLE "Response to preflight request doesn't pass access control "   \
		"check: "

enum { PARTS_MAX = 64 };

/* "a|b|c" as slices. */
static size_t
split(const char *text, struct slice *parts)
{
	size_t count = 0;

	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "|");
		assert_true(count < PARTS_MAX);
		parts[count++] = slice_of(text, len);
		text += len + (text[len] == '|');
	}
	return count;
}

/* "Name: value|Name: value" as a response. */
static struct response
response_of(struct arena *arena, int status, const char *lines)
{
	struct slice parts[PARTS_MAX];
	size_t count = split(lines, parts);
	struct fetch_field *at = arena_array(arena, count, sizeof(*at));

	assert_non_null(at);
	for (size_t i = 0; i < count; i++) {
		const char *colon = memchr(parts[i].ptr, ':', parts[i].len);
		assert_non_null(colon);
		size_t len = (size_t)(colon - parts[i].ptr);
		at[i] = (struct fetch_field){
		    slice_of(parts[i].ptr, len),
		    text_trim_http(slice_after(parts[i], len + 1))};
	}
	return (struct response){
	    .known = true, .status = status, .fields = {at, count}};
}

/* The first fault, or NULL. */
static const char *
read_question(struct arena *arena, const struct question_text *text,
	      struct question *out)
{
	struct question_faults faults = {NULL, 0, 0};
	bool good = question_read(arena, text, out, &faults);

	assert_int_equal(good, faults.count == 0);
	return good ? NULL : faults.at[0].text;
}

static const char *
ask(struct arena *arena, struct question *out, const char *url,
    const char *origin, const char *method, const char *headers,
    bool credentials)
{
	static struct slice parts[PARTS_MAX];
	struct question_text text = {
	    .url = slice_from(url),
	    .origin = slice_from(origin),
	    .method = slice_from(method),
	    .headers = parts,
	    .header_count = split(headers, parts),
	    .credentials = credentials,
	};

	return read_question(arena, &text, out);
}

/* ---- preflights ---- */

struct preflight_row {
	const char *name;
	const char *method;  /* NULL: GET */
	const char *headers; /* of the script */
	bool credentials;
	int status;
	const char *response;
	const char *reason;  /* NULL: it passes */
	const char *message; /* the console's message */
	const char *check;   /* one of the lines of the walk */
};

static const struct preflight_row preflights[] = {
    {"all is well", "PUT", "", false, 204, ALLOWED ACAM "PUT", NULL, NULL,
     "PUT is allowed by Access-Control-Allow-Methods"},
    {"any origin", "PUT", "", false, 200, ACAO "*|" ACAM "PUT", NULL, NULL,
     "Access-Control-Allow-Origin is \"*\""},
    {"the last status that is good", "PUT", "", false, 299, ALLOWED ACAM "PUT",
     NULL, NULL, "the status 299 is from 200 to 299"},
    {"one past it", "PUT", "", false, 300, ALLOWED ACAM "PUT",
     "preflight-status", PREFLIGHT "It does not have HTTP ok status.",
     "the status 300 is not from 200 to 299"},
    {"not found", "PUT", "", false, 404, ALLOWED ACAM "PUT", "preflight-status",
     PREFLIGHT "It does not have HTTP ok status.",
     "the status 404 is not from 200 to 299"},
    {"not found, and no header: the console names the header", "PUT", "", false,
     404, "", "preflight-status",
     PREFLIGHT "No 'Access-Control-Allow-Origin' header is present on the "
	       "requested resource.",
     "no Access-Control-Allow-Origin"},
    {"moved", "PUT", "", false, 301, ALLOWED ACAM "PUT", "preflight-redirect",
     PREFLIGHT "Redirect is not allowed for a preflight request.",
     "the status is 301: a preflight may not be redirected"},
    {"no header", "PUT", "", false, 204, ACAM "PUT", "acao-missing",
     PREFLIGHT "No 'Access-Control-Allow-Origin' header is present on the "
	       "requested resource.",
     "no Access-Control-Allow-Origin"},
    {"the header twice", "PUT", "", false, 204, ALLOWED ALLOWED ACAM "PUT",
     "acao-multiple",
     PREFLIGHT "The 'Access-Control-Allow-Origin' header contains multiple "
	       "values '" PAGE ", " PAGE "', but only one is allowed. Have the "
	       "server send the header with a valid value.",
     "Access-Control-Allow-Origin has several values: " PAGE ", " PAGE},
    {"two stars are none", "PUT", "", false, 204, ACAO "*|" ACAO "*",
     "acao-multiple", NULL, NULL},
    {"another origin", "PUT", "", false, 204, ACAO SITE, "acao-mismatch",
     PREFLIGHT "The 'Access-Control-Allow-Origin' header has a value '" SITE
	       "' that is not equal to the supplied origin. Have the server "
	       "send the header with a valid value.",
     "Access-Control-Allow-Origin is \"" SITE "\", not \"" PAGE "\""},
    {"a slash too much", "PUT", "", false, 204, ACAO PAGE "/", "acao-mismatch",
     NULL, NULL},
    {"upper case", "PUT", "", false, 204, ACAO "https://A.example",
     "acao-mismatch", NULL, NULL},
    {"not a URL", "PUT", "", false, 204, ACAO "a.example", "acao-mismatch",
     PREFLIGHT "The 'Access-Control-Allow-Origin' header contains the invalid "
	       "value 'a.example'. Have the server send the header with a "
	       "valid value.",
     NULL},
    {"control bytes reach nobody", "PUT", "", false, 204, ACAO "\x1b[31m\xff",
     "acao-mismatch", NULL,
     "Access-Control-Allow-Origin is \"\\x1b[31m\\xff\", not \"" PAGE "\""},
    {"the star with credentials", "PUT", "", true, 204, ACAO "*|" ACAM "PUT",
     "wildcard-with-credentials",
     PREFLIGHT "The value of the 'Access-Control-Allow-Origin' header in the "
	       "response must not be the wildcard '*' when the request's "
	       "credentials mode is 'include'.",
     NULL},
    {"credentials, and no word of them", "PUT", "", true, 204,
     ALLOWED ACAM "PUT", "credentials-not-true", NULL,
     "no Access-Control-Allow-Credentials, and the request has credentials"},
    {"True is not true", "PUT", "", true, 204, ALLOWED ACAC "True",
     "credentials-not-true",
     PREFLIGHT "The value of the 'Access-Control-Allow-Credentials' header in "
	       "the response is 'True' which must be 'true' when the "
	       "request's credentials mode is 'include'.",
     "Access-Control-Allow-Credentials is \"True\", not \"true\""},
    {"credentials", "PUT", "", true, 204, ALLOWED ACAC "true|" ACAM "PUT", NULL,
     NULL, "Access-Control-Allow-Credentials is \"true\""},
    {"a method that is not there", "PUT", "", false, 204, ALLOWED ACAM "DELETE",
     "method-not-allowed",
     CONSOLE "Method PUT is not allowed by Access-Control-Allow-Methods in "
	     "preflight response.",
     "PUT is not allowed by Access-Control-Allow-Methods"},
    {"small letters are another method", "patch", "", false, 204,
     ALLOWED ACAM "PATCH", "method-not-allowed", NULL, NULL},
    {"put is PUT", "put", "", false, 204, ALLOWED ACAM "PUT", NULL, NULL, NULL},
    {"any method", "PURGE", "", false, 204, ALLOWED ACAM "*", NULL, NULL, NULL},
    {"any method is one called * with credentials", "PURGE", "", true, 204,
     ALLOWED ACAC "true|" ACAM "*", "method-not-allowed", NULL, NULL},
    {"POST needs no mention", "POST", "X-A: 1", false, 204, ALLOWED ACAH "x-a",
     NULL, NULL, "POST is always allowed"},
    {"methods that are no list", "PUT", "", false, 204,
     ALLOWED ACAM "PUT, [GET]", "list-malformed",
     CONSOLE "Cannot parse Access-Control-Allow-Methods response header field "
	     "in preflight response.",
     "Access-Control-Allow-Methods is not a list of names: \"PUT, [GET]\""},
    {"headers that are no list", "GET", "X-A: 1", false, 204,
     ALLOWED ACAH "x-a x-b", "list-malformed",
     CONSOLE "Cannot parse Access-Control-Allow-Headers response header field "
	     "in preflight response.",
     NULL},
    {"a header that is not there", "GET", "X-A: 1|X-B: 1", false, 204,
     ALLOWED ACAH "x-a", "header-not-allowed",
     CONSOLE "Request header field x-b is not allowed by "
	     "Access-Control-Allow-Headers in preflight response.",
     "x-b is not allowed by Access-Control-Allow-Headers"},
    {"two of them", "GET", "X-A: 1|X-B: 1", false, 204, ALLOWED ACAH "X-B, x-a",
     NULL, NULL, "x-a,x-b are allowed by Access-Control-Allow-Headers"},
    {"in two lines", "GET", "X-A: 1|X-B: 1", false, 204,
     ALLOWED ACAH "X-B|" ACAH "x-a", NULL, NULL, NULL},
    {"any header", "GET", "X-A: 1", false, 204, ALLOWED ACAH "*", NULL, NULL,
     NULL},
    {"any header is one called * with credentials", "GET", "X-A: 1", true, 204,
     ALLOWED ACAC "true|" ACAH "*", "header-not-allowed", NULL, NULL},
    {"any header has authorization in Chromium", "GET", "Authorization: x",
     false, 204, ALLOWED ACAH "*", NULL, NULL, NULL},
    {"the application's status is not known", "PUT", "", false, 0,
     ALLOWED ACAM "PUT", NULL, NULL,
     "the status is the application's: it must be from 200 to 299"},
};

static bool
has_check(const struct checks *checks, const char *text, bool passes)
{
	for (size_t i = 0; i < checks->count; i++)
		if (strcmp(checks->at[i].text, text) == 0 &&
		    checks->at[i].passes == passes)
			return true;
	return false;
}

static void
test_preflight(void **state)
{
	const struct preflight_row *row = *state;
	struct arena *arena = arena_new();
	struct explanation e;
	struct question q;
	bool good;

	assert_non_null(arena);
	assert_null(ask(arena, &q, URL, PAGE, row->method, row->headers,
			row->credentials));
	explain_begin(&e, arena, &q);
	assert_false(explain_is_settled(&e));
	assert_true(e.plan.preflight);
	e.preflight = response_of(arena, row->status, row->response);
	good = browser_check_preflight(&e);
	assert_int_equal(good, row->reason == NULL);
	assert_int_equal(e.preflight_passes, good);
	assert_false(e.out_of_memory);
	if (row->check != NULL) {
		/* Failed checks come last, passed ones anywhere. */
		bool fails =
		    !good && !has_check(&e.preflight_checks, row->check, true);
		assert_true(has_check(&e.preflight_checks, row->check, !fails));
	}
	if (good) {
		assert_null(e.reason);
		assert_non_null(e.kept);
		assert_int_equal(e.verdict, VERDICT_UNKNOWN);
	} else {
		assert_string_equal(e.reason, row->reason);
		assert_string_equal(e.preflight_reason, row->reason);
		assert_int_equal(e.verdict, VERDICT_BLOCKED);
		assert_false(e.sent);
		assert_non_null(e.fix);
		assert_null(e.kept);
	}
	if (row->message != NULL)
		assert_string_equal(e.message, row->message);
	arena_free(arena);
}

/* ---- how long they are cached ---- */

struct kept_row {
	const char *name;
	const char *response;
	const char *kept;
};

static const struct kept_row kept[] = {
    {"not said", "", "Browsers remember this for 5 s."},
    {"a minute", ACMA "60", "Browsers remember this for 60 s."},
    {"an hour", ACMA "3600",
     "Browsers remember this: Chromium for 3600 s, Firefox for 3600 s, Safari "
     "for 600 s."},
    {"a year", ACMA "31536000",
     "Browsers remember this: Chromium for 7200 s, Firefox for 86400 s, Safari "
     "for 600 s."},
    {"not at all", ACMA "0", "Browsers remember this for 0 s."},
    {"words", ACMA "long",
     "Browsers remember this: Chromium for 5 s, "
     "Firefox for 0 s, Safari for 5 s."},
    {"less than nothing", ACMA "-1", "Browsers remember this for 0 s."},
};

static void
test_kept(void **state)
{
	const struct kept_row *row = *state;
	struct arena *arena = arena_new();
	char response[200];
	struct explanation e;
	struct question q;

	assert_non_null(arena);
	assert_null(ask(arena, &q, URL, PAGE, "PUT", "", false));
	explain_begin(&e, arena, &q);
	snprintf(response, sizeof(response), "%s%s", ALLOWED ACAM "PUT|",
		 row->response);
	e.preflight = response_of(arena, 204, response);
	assert_true(browser_check_preflight(&e));
	assert_string_equal(e.kept, row->kept);
	arena_free(arena);
}

/* ---- responses ---- */

struct answer_row {
	const char *name;
	const char *origin; /* NULL: PAGE */
	bool credentials;
	int status;
	const char *response;
	const char *reason;   /* NULL: allowed */
	const char *readable; /* "a|b" */
};

static const struct answer_row answers[] = {
    {"nothing but safelisted headers", NULL, false, 200,
     ALLOWED "X-A: 1|Content-Type: text/plain|ETag: x|Expires: 0", NULL,
     "content-type|expires"},
    {"an exposed one", NULL, false, 200, ALLOWED ACEH "x-a, X-C|X-A: 1|X-B: 1",
     NULL, "x-a"},
    {"all of them", NULL, false, 200, ACAO "*|" ACEH "*|X-A: 1|Set-Cookie: a=b",
     NULL, "access-control-allow-origin|access-control-expose-headers|x-a"},
    {"one called * with credentials", NULL, true, 200,
     ALLOWED ACAC "true|" ACEH "*|X-A: 1|Pragma: x", NULL, "pragma"},
    {"exposed in two lines", NULL, false, 200,
     ALLOWED ACEH "x-a|" ACEH "x-b|X-A: 1|X-B: 1", NULL, "x-a|x-b"},
    {"a list that is none exposes nothing", NULL, false, 200,
     ALLOWED ACEH "x-a, x b|X-A: 1", NULL, ""},
    {"never a cookie", NULL, false, 200,
     ALLOWED ACEH "set-cookie, set-cookie2|Set-Cookie: a=b|Set-Cookie2: a=b",
     NULL, ""},
    {"a header twice", NULL, false, 200, ALLOWED ACEH "x-a|X-A: 1|x-a: 2", NULL,
     "x-a"},
    {"an error is an answer", NULL, false, 500, ALLOWED "Content-Type: a/b",
     NULL, "content-type"},
    {"of the application it is known what is exposed", NULL, false, 0,
     ALLOWED ACEH "x-a,Set-Cookie", NULL, "content-type|x-a"},
    {"no header", NULL, false, 200, "Content-Type: a/b", "acao-missing", NULL},
    {"an empty one", NULL, false, 200, ACAO "", "acao-mismatch", NULL},
    {"the star with credentials", NULL, true, 200, ACAO "*",
     "wildcard-with-credentials", NULL},
    {"the star does for null", "null", false, 200, ACAO "*", NULL, ""},
    {"null", "null", false, 200, ACAO "null", NULL, ""},
    {"null for another", NULL, false, 200, ACAO "null", "acao-mismatch", NULL},
    {"the same origin reads all", SITE, false, 200, "X-A: 1|Set-Cookie: a=b",
     NULL, "x-a"},
    {"the same origin, whatever CORS says", SITE, true, 200, ACAO PAGE, NULL,
     "access-control-allow-origin"},
};

static void
test_answer(void **state)
{
	const struct answer_row *row = *state;
	struct arena *arena = arena_new();
	struct slice parts[PARTS_MAX];
	struct explanation e;
	struct question q;
	size_t count;

	assert_non_null(arena);
	assert_null(ask(arena, &q, URL,
			row->origin == NULL ? PAGE : row->origin, NULL, "",
			row->credentials));
	explain_begin(&e, arena, &q);
	assert_false(e.plan.preflight);
	e.response = response_of(arena, row->status, row->response);
	browser_check_response(&e);
	assert_false(e.out_of_memory);
	assert_non_null(e.message);
	if (row->reason != NULL) {
		assert_int_equal(e.verdict, VERDICT_BLOCKED);
		assert_string_equal(e.reason, row->reason);
		assert_non_null(e.fix);
		assert_false(e.has_readable);
		arena_free(arena);
		return;
	}
	assert_int_equal(e.verdict, VERDICT_ALLOWED);
	assert_null(e.reason);
	assert_true(e.has_readable);
	count = split(row->readable, parts);
	assert_int_equal(e.readable_count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(slice_eq(e.readable[i], parts[i]));
	arena_free(arena);
}

/* ---- requests that fetch() refuses, and notes with the verdict ---- */

struct begin_row {
	const char *name;
	const char *url;
	const char *origin;
	const char *method;
	const char *headers;
	const char *message; /* of a refusal; NULL: it is sent */
	const char *note;    /* part of one; NULL: no such note */
	struct {
		const char *reason; /* of a message; NULL: forbidden-method */
		enum url_space page_space;
	} more;
};

static const struct begin_row begins[] = {
    {"a method that is forbidden",
     URL,
     PAGE,
     "connect",
     "",
     "TypeError: Failed to execute 'fetch' on 'Window': 'connect' HTTP method "
     "is unsupported.",
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a method that is none",
     URL,
     PAGE,
     "P T",
     "",
     "TypeError: Failed to execute 'fetch' on 'Window': 'P T' is not a valid "
     "HTTP method.",
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"no method at all",
     URL,
     PAGE,
     "",
     "",
     "TypeError: Failed to execute 'fetch' on 'Window': '' is not a valid HTTP "
     "method.",
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a name that is none",
     URL,
     PAGE,
     NULL,
     "X A: 1",
     "TypeError: Failed to execute 'fetch' on 'Window': Invalid name (the "
     "header \"X A\")",
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a value with a line end",
     URL,
     PAGE,
     NULL,
     "X-A: a\nb",
     "TypeError: Failed to execute 'fetch' on 'Window': Invalid value (of the "
     "header X-A)",
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"an https page asks http",
     "http://b.example/",
     PAGE,
     NULL,
     "",
     "Mixed Content: The page at 'https://a.example/' was loaded over HTTPS, "
     "but requested an insecure resource 'http://b.example/'. This request has "
     "been blocked; the content must be served over HTTPS.",
     NULL,
     {"mixed-content", SPACE_UNKNOWN}},
    {"no method makes a difference",
     "http://b.example/",
     PAGE,
     "PUT",
     "X-A: 1",
     "Mixed Content: The page at 'https://a.example/' was loaded over HTTPS, "
     "but requested an insecure resource 'http://b.example/'. This request has "
     "been blocked; the content must be served over HTTPS.",
     NULL,
     {"mixed-content", SPACE_UNKNOWN}},
    {"an address of the local network is asked for",
     "http://192.168.1.5/",
     PAGE,
     NULL,
     "",
     NULL,
     "the visitor's permission",
     {NULL, SPACE_UNKNOWN}},
    {"a name of the link, too",
     "http://printer.local./",
     PAGE,
     NULL,
     "",
     NULL,
     "the visitor's permission",
     {NULL, SPACE_UNKNOWN}},
    {"an http page of the web asks this machine",
     "http://localhost/",
     "http://a.example",
     NULL,
     "",
     "Access to fetch at 'http://localhost/' from origin 'http://a.example' "
     "has been blocked by CORS policy: The request client is not a secure "
     "context and the resource is in more-private address space `loopback`.",
     NULL,
     {"local-network", SPACE_PUBLIC}},
    {"one of an address does",
     "http://10.0.0.1/",
     "http://93.184.216.34",
     NULL,
     "",
     "Access to fetch at 'http://10.0.0.1/' from origin 'http://93.184.216.34' "
     "has been blocked by CORS policy: The request client is not a secure "
     "context and the resource is in more-private address space `local`.",
     NULL,
     {"local-network", SPACE_UNKNOWN}},
    {"a page of the local network",
     "http://10.0.0.1/",
     "http://a.example",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_LOCAL}},
    {"an http page asks https",
     URL,
     "http://a.example",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"an https page asks this machine",
     "http://127.0.0.1:8080/",
     PAGE,
     NULL,
     "",
     NULL,
     "reach this machine or the local network",
     {NULL, SPACE_UNKNOWN}},
    {"an http page asks this machine",
     "http://localhost/",
     "http://a.example",
     NULL,
     "",
     NULL,
     "only if they came over https",
     {NULL, SPACE_UNKNOWN}},
    {"one of the local network does",
     "http://[::1]/",
     "http://10.1.2.3",
     NULL,
     "",
     "Access to fetch at 'http://[::1]/' from origin 'http://10.1.2.3' has "
     "been blocked by CORS policy: The request client is not a secure context "
     "and the resource is in more-private address space `loopback`.",
     NULL,
     {"local-network", SPACE_UNKNOWN}},
    {"its own pages may",
     "http://127.0.0.1:8080/",
     "http://localhost:3000",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"172.31 is local",
     "http://172.31.0.1/",
     "http://a.example",
     NULL,
     "",
     NULL,
     "local network",
     {NULL, SPACE_UNKNOWN}},
    {"172.32 is not",
     "http://172.32.0.1/",
     "http://a.example",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"10 is a number, not a name",
     "http://10.example/",
     "http://a.example",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a port of mail",
     SITE ":25/",
     PAGE,
     NULL,
     "",
     "TypeError: Failed to fetch (browsers do not connect to port 25, which is "
     "another protocol's)",
     NULL,
     {"blocked-port", SPACE_UNKNOWN}},
    {"a port of X11",
     "http://b.example:6000/",
     "http://b.example",
     NULL,
     "",
     "TypeError: Failed to fetch (browsers do not connect to port 6000, which "
     "is another protocol's)",
     NULL,
     {"blocked-port", SPACE_UNKNOWN}},
    {"a port beside them",
     SITE ":6001/",
     PAGE,
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a file asks anybody",
     URL,
     "null",
     NULL,
     "",
     NULL,
     NULL,
     {NULL, SPACE_UNKNOWN}},
    {"a hint",
     URL,
     PAGE,
     NULL,
     "DPR: 2",
     NULL,
     "Chromium sends the header dpr without a preflight",
     {NULL, SPACE_UNKNOWN}},
    {"its own name",
     URL,
     PAGE,
     NULL,
     "User-Agent: x",
     NULL,
     "Chromium leaves the header user-agent out",
     {NULL, SPACE_UNKNOWN}},
    {"a range past its numbers",
     URL,
     PAGE,
     NULL,
     "Range: bytes=9223372036854775807-",
     NULL,
     "Chromium sends a preflight because of the header range",
     {NULL, SPACE_UNKNOWN}},
};

static void
test_begin(void **state)
{
	const struct begin_row *row = *state;
	struct arena *arena = arena_new();
	struct explanation e;
	struct question q;

	assert_non_null(arena);
	assert_null(ask(arena, &q, row->url, row->origin, row->method,
			row->headers, false));
	q.page_space = row->more.page_space;
	explain_begin(&e, arena, &q);
	assert_int_equal(explain_is_settled(&e), row->message != NULL);
	assert_int_equal(e.sent, row->message == NULL);
	if (row->message != NULL) {
		assert_string_equal(e.reason, row->more.reason != NULL
						  ? row->more.reason
						  : "forbidden-method");
		assert_string_equal(e.message, row->message);
		assert_non_null(e.fix);
		assert_false(e.plan.preflight);
	}
	assert_int_equal(e.notes.count, row->note != NULL);
	if (row->note != NULL)
		assert_non_null(strstr(e.notes.at[0], row->note));
	arena_free(arena);
}

/* ---- user input ---- */

struct question_row {
	const char *name;
	const char *url;
	const char *origin;
	const char *headers;
	const char *fault; /* part of it; NULL: none */
	const char *value; /* of the first header */
};

static const struct question_row questions[] = {
    {"a question", URL, PAGE, "", NULL, NULL},
    {"null", URL, "null", "", NULL, NULL},
    {"NULL is not null", URL, "NULL", "", "it is written null", NULL},
    {"an underscore", URL, "https://a_b.example", "", NULL, NULL},
    {"a final dot", URL, "https://a.example.", "", NULL, NULL},
    {"bytes that browsers take in hosts", URL, "https://a~b!c.example", "",
     NULL, NULL},
    {"an extension", URL, "chrome-extension://abc", "", NULL, NULL},
    {"an application", URL, "capacitor://localhost", "", NULL, NULL},
    {"an empty origin", URL, "", "", "no browser sends this", NULL},
    {"no origin", URL, NULL, "", "of which origin is the page?", NULL},
    {"an empty one", URL, "", "", "no browser sends this", NULL},
    {"two origins", URL, PAGE " " SITE, "", "no browser sends this", NULL},
    {"a short address", URL, "http://127.1", "",
     "it sends http://127.0.0.1: write that", NULL},
    {"a long IPv6 address", URL, "http://[0:0:0:0:0:0:0:1]", "",
     "it sends http://[::1]: write that", NULL},
    {"a name with a password", URL, "https://u:p@a.example", "",
     "it sends https://a.example: write that", NULL},
    {"a data: URL", URL, "data:text/html,x", "", "send null: write that", NULL},
    {"no URL", NULL, PAGE, "", "what does the page request?", NULL},
    {"an empty URL", "", PAGE, "", "a URL begins with http:// or https://",
     NULL},
    {"half a URL", "https://", PAGE, "", "URL \"https://\": ", NULL},
    {"a WebSocket", "wss://a.example/", PAGE, "",
     "CORS has no part in WebSockets", NULL},
    {"a URL without host", "https://:80/", PAGE, "", "URL ", NULL},
    {"a port that is none", "https://a:0/", PAGE, "", "a port is a number",
     NULL},
    {"a header", URL, PAGE, "X-A:  b ", NULL, "  b "},
    {"one without value", URL, PAGE, "X-A:", NULL, ""},
    {"Latin 1 is one byte a character", URL, PAGE, "X-A:\xc3\xa9", NULL,
     "\xe9"},
    {"bytes that are no UTF-8 stay", URL, PAGE, "X-A:\xe9 \xc3", NULL,
     "\xe9 \xc3"},
    {"nor is a long form", URL, PAGE, "X-A:\xc1\x81", NULL, "\xc1\x81"},
    {"a character past it", URL, PAGE, "X-A:\xe2\x82\xac",
     "fetch() takes no character past U+00FF", NULL},
    {"no colon", URL, PAGE, "X-A", "a header is written 'Name: value'", NULL},
};

static void
test_question(void **state)
{
	const struct question_row *row = *state;
	struct arena *arena = arena_new();
	struct question q;
	const char *fault;

	assert_non_null(arena);
	fault = ask(arena, &q, row->url, row->origin, NULL, row->headers, true);
	if (row->fault != NULL) {
		assert_non_null(fault);
		assert_non_null(strstr(fault, row->fault));
		arena_free(arena);
		return;
	}
	if (fault != NULL)
		fail_msg("%s", fault);
	assert_true(q.credentials);
	assert_true(slice_eq(q.method, SLICE("GET")));
	assert_true(slice_eq(q.origin, slice_from(row->origin)));
	if (row->value != NULL)
		assert_true(
		    slice_eq(q.headers.at[0].value, slice_from(row->value)));
	arena_free(arena);
}

/* More than a command line can have, from a form. */
static void
test_too_many(void **state)
{
	static struct slice lines[QUESTION_HEADERS + 1];
	struct arena *arena = arena_new();
	struct question_text text = {
	    .url = SLICE(URL),
	    .origin = SLICE(PAGE),
	    .headers = lines,
	    .header_count = QUESTION_HEADERS,
	};
	struct question q;

	(void)state;
	assert_non_null(arena);
	for (size_t i = 0; i < UNIT_COUNT(lines); i++)
		lines[i] = SLICE("X-A: 1");
	assert_null(read_question(arena, &text, &q));
	text.header_count++;
	assert_non_null(
	    strstr(read_question(arena, &text, &q), "there are 501 headers"));
	arena_free(arena);
}

/* ---- how the request is made ---- */

struct how_row {
	const char *name;
	struct fetch_how how;
	const char *method;
	const char *headers;
	bool credentials;
	const char *fault; /* NULL: none */
	const char *asked; /* NULL: no preflight */
	const char *sent;  /* the names of headers that are sent */
	enum fetch_browser browser;
};

static const struct how_row hows[] = {
    {.name = "an image",
     .how = {.as = FETCH_AS_IMAGE},
     .method = "GET",
     .headers = "",
     .sent = "Origin "},
    {.name = "without crossorigin",
     .how = {.as = FETCH_AS_IMAGE, .no_cors = true},
     .method = "GET",
     .headers = "",
     .sent = ""},
    {.name = "an image by POST",
     .how = {.as = FETCH_AS_IMAGE},
     .method = "POST",
     .headers = "",
     .fault = "as image: browsers send GET"},
    {.name = "a script with a header",
     .how = {.as = FETCH_AS_SCRIPT},
     .method = "GET",
     .headers = "X-A: 1",
     .fault = "as script: browsers send GET"},
    {.name = "a font",
     .how = {.as = FETCH_AS_FONT},
     .method = "GET",
     .headers = "",
     .sent = "Origin "},
    {.name = "a font in Safari",
     .how = {.as = FETCH_AS_FONT},
     .method = "GET",
     .headers = "",
     .sent = "",
     .browser = FETCH_SAFARI},
    {.name = "a font with credentials",
     .how = {.as = FETCH_AS_FONT},
     .method = "GET",
     .headers = "",
     .credentials = true,
     .fault = "as font: browsers load fonts"},
    {.name = "XMLHttpRequest without CORS",
     .how = {.as = FETCH_AS_XHR, .no_cors = true},
     .method = "GET",
     .headers = "",
     .fault = "always requested in mode cors"},
    {.name = "a listener that fetch() has not",
     .how = {.listens = true},
     .method = "POST",
     .headers = "",
     .fault = "only XMLHttpRequest has one"},
    {.name = "no-cors that does not follow redirects",
     .how = {.no_cors = true, .redirect = FETCH_MANUAL},
     .method = "GET",
     .headers = "",
     .fault = "unless they may follow redirects"},
    {.name = "a redirect of XMLHttpRequest",
     .how = {.as = FETCH_AS_XHR, .redirect = FETCH_ERROR},
     .method = "GET",
     .headers = "",
     .fault = "only fetch() has a choice"},
    {.name = "a body",
     .how = {.has_body = true},
     .method = "POST",
     .headers = "",
     .sent = "Origin content-type "},
    {.name = "a body with a type",
     .how = {.has_body = true},
     .method = "POST",
     .headers = "Content-Type: application/json",
     .asked = "content-type",
     .sent = "Origin content-type "},
    {.name = "a listener and a body",
     .how = {.as = FETCH_AS_XHR, .listens = true, .has_body = true},
     .method = "POST",
     .headers = "",
     .asked = "",
     .sent = "Origin content-type "},
    {.name = "a listener alone",
     .how = {.as = FETCH_AS_XHR, .listens = true},
     .method = "POST",
     .headers = "",
     .sent = "Origin "},
    {.name = "a listener alone in Firefox",
     .how = {.as = FETCH_AS_XHR, .listens = true},
     .method = "POST",
     .headers = "",
     .asked = "",
     .sent = "Origin ",
     .browser = FETCH_FIREFOX},
    {.name = "no-cors",
     .how = {.no_cors = true},
     .method = "POST",
     .headers =
	 "X-A: 1|Content-Type: application/json|Accept: a/b|Range: bytes=0-1",
     .sent = "Origin accept "},
    {.name = "no-cors: the value that makes it unsafe is left out",
     .how = {.no_cors = true},
     .method = "GET",
     .headers = "Accept: a|Accept: \"(",
     .sent = "accept "},
};

static void
test_how(void **state)
{
	static struct slice parts[PARTS_MAX];
	const struct how_row *row = *state;
	struct arena *arena = arena_new();
	struct question_text text = {
	    .url = SLICE(URL),
	    .origin = SLICE(PAGE),
	    .method = slice_from(row->method),
	    .headers = parts,
	    .header_count = split(row->headers, parts),
	    .credentials = row->credentials,
	    .how = row->how,
	    .browser = row->browser,
	};
	struct explanation e;
	struct question q;
	const char *fault = read_question(arena, &text, &q);
	char sent[256] = "";

	if (row->fault != NULL) {
		assert_non_null(fault);
		assert_non_null(strstr(fault, row->fault));
		arena_free(arena);
		return;
	}
	assert_null(fault);
	explain_begin(&e, arena, &q);
	assert_int_equal(e.plan.preflight, row->asked != NULL);
	if (row->asked != NULL && row->asked[0] != '\0')
		unit_assert_slice(e.plan.asked, row->asked);
	for (size_t i = 0; i < e.request.count; i++)
		snprintf(sent + strlen(sent), sizeof(sent) - strlen(sent),
			 "%s ", explain_quote(&e, e.request.at[i].name));
	assert_string_equal(sent, row->sent);
	arena_free(arena);
}

/* The exceptions for a body with GET and for a method of mode no-cors. */
static void
test_thrown(void **state)
{
	static const struct {
		struct fetch_how how;
		const char *method;
		const char *words;
	} rows[] = {
	    {{.has_body = true},
	     "GET",
	     "TypeError: Failed to execute 'fetch' on 'Window': Request with "
	     "GET/HEAD method cannot have body."},
	    {{.no_cors = true},
	     "put",
	     "TypeError: Failed to execute 'fetch' on 'Window': 'PUT' is "
	     "unsupported in no-cors mode."},
	    {{.as = FETCH_AS_XHR},
	     "TRACE",
	     "SecurityError: Failed to execute 'open' on 'XMLHttpRequest': "
	     "'TRACE' HTTP method is unsupported."},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct question_text text = {
		    .url = SLICE(URL),
		    .origin = SLICE(PAGE),
		    .method = slice_from(rows[i].method),
		    .how = rows[i].how,
		};
		struct explanation e;
		struct question q;
		assert_null(read_question(arena, &text, &q));
		explain_begin(&e, arena, &q);
		assert_string_equal(e.message, rows[i].words);
		assert_false(e.sent);
	}
	arena_free(arena);
}

/* ---- Cross-Origin-Resource-Policy ---- */

static const struct {
	const char *page;
	const char *url;
	const char *policy;
	bool passes;
} policies[] = {
    {"https://a.example", "https://b.example/", NULL, true},
    {"https://a.example", "https://b.example/", "cross-origin", true},
    {"https://a.example", "https://b.example/", "same-origin", false},
    {"https://a.example", "https://b.example/", "Same-Origin", true},
    {"https://a.example", "https://b.example/", "same-site", false},
    {"https://a.b.example", "https://b.example/", "same-site", true},
    {"https://a.b.example", "https://c.b.example/", "same-site", true},
    {"https://a.co.uk", "https://b.co.uk/", "same-site", false},
    {"https://a.github.io", "https://b.github.io/", "same-site", false},
    {"http://a.b.example", "https://b.example/", "same-site", false},
    {"http://10.0.0.1", "http://10.0.0.2/", "same-site", false},
    {"http://10.0.0.1:8000", "http://10.0.0.1:81/", "same-site", true},
    {"null", "https://b.example/", "same-site", false},
};

static void
test_resource_policy(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
		struct fetch_field field = {
		    SLICE("Cross-Origin-Resource-Policy"),
		    slice_from(policies[i].policy)};
		struct question_text text = {
		    .url = slice_from(policies[i].url),
		    .origin = slice_from(policies[i].page),
		    .how = {.no_cors = true},
		};
		struct explanation e;
		struct question q;
		assert_null(read_question(arena, &text, &q));
		explain_begin(&e, arena, &q);
		e.response = (struct response){.known = true, .status = 200};
		if (policies[i].policy != NULL)
			e.response.fields = (struct fetch_fields){&field, 1};
		browser_check_response(&e);
		assert_int_equal(e.verdict, policies[i].passes
						? VERDICT_ALLOWED
						: VERDICT_BLOCKED);
		if (!policies[i].passes)
			assert_string_equal(e.reason, "resource-policy");
		assert_int_equal(e.readable_count, 0);
	}
	arena_free(arena);
}

int
main(void)
{
	static struct CMUnitTest
	    tests[UNIT_COUNT(hows) + 2 + UNIT_COUNT(preflights) +
		  UNIT_COUNT(kept) + UNIT_COUNT(answers) + UNIT_COUNT(begins) +
		  UNIT_COUNT(questions) + 1];
	size_t n = 0;

	UNIT_ROWS(tests, n, preflights, test_preflight);
	UNIT_ROWS(tests, n, kept, test_kept);
	UNIT_ROWS(tests, n, answers, test_answer);
	UNIT_ROWS(tests, n, begins, test_begin);
	UNIT_ROWS(tests, n, questions, test_question);
	UNIT_TEST(tests, n, test_too_many);
	UNIT_ROWS(tests, n, hows, test_how);
	UNIT_TEST(tests, n, test_thrown);
	UNIT_TEST(tests, n, test_resource_policy);
	return unit_run(tests, n);
}
