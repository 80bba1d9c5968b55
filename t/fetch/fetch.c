/*
 * The browser's side: what fetch() sends, when it sends a preflight, and what
 * it requires of the responses.
 *
 * Rows marked Chromium were seen in that browser (version 156).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>

#include "fetch/fetch.h"
#include "unit.h"

#define PAGE "https://a.example"
#define SITE "https://b.example"
#define X8 "xxxxxxxx"
#define X32 X8 X8 X8 X8
#define X128 X32 X32 X32 X32
#define N8 "11111111"
#define N32 N8 N8 N8 N8
#define N128 N32 N32 N32 N32

/* "name: value" lines become fields. */
static struct fetch_fields
fields_of(struct arena *arena, const char *lines)
{
	struct fetch_field *at = arena_array(arena, 64, sizeof(*at));
	size_t count = 0;

	assert_non_null(at);
	while (lines != NULL && *lines != '\0') {
		const char *end = strchr(lines, '|');
		size_t len =
		    end == NULL ? strlen(lines) : (size_t)(end - lines);
		const char *colon = memchr(lines, ':', len);
		assert_non_null(colon);
		assert_true(count < 64);
		at[count].name = slice_of(lines, (size_t)(colon - lines));
		at[count].value =
		    slice_of(colon + 1, (size_t)(lines + len - colon - 1));
		count++;
		lines += len + (end != NULL);
	}
	return (struct fetch_fields){at, count};
}

/* ---- requests ---- */

struct plan_row {
	const char *name;
	const char *method;
	const char *headers; /* "name:value|name:value" */
	const char *asked;   /* NULL: no preflight; "": one without -Headers */
	const char *sent;    /* names and values that are sent, as headers */
	int chromium;	     /* some header differs from Fetch */
};

static const struct plan_row plans[] = {
    {"GET", "GET", "", NULL, "", 0},
    {"HEAD", "HEAD", "", NULL, "", 0},
    {"POST", "POST", "", NULL, "", 0},
    {"get is GET", "get", "", NULL, "", 0},
    {"PUT asks", "PUT", "", "", "", 0},
    {"OPTIONS asks", "OPTIONS", "", "", "", 0},
    {"patch asks", "patch", "", "", "", 0},
    {"a header of one's own", "GET", "X-A:1", "x-a", "x-a:1", 0},
    {"sorted, lower case", "POST", "Zz:1|B:2|a:3", "a,b,zz", "a:3|b:2|zz:1", 0},
    {"each once, values joined", "GET", "X-A:1|x-a: 2 |B:3", "b,x-a",
     "b:3|x-a:1, 2", 0},
    {"bytes are sorted, not words", "GET", "x-a:1|x_a:1|x.a:1|x:1",
     "x,x-a,x.a,x_a", "x:1|x-a:1|x.a:1|x_a:1", 0},
    {"Authorization asks", "GET", "Authorization:x", "authorization",
     "authorization:x", 0},
    {"Cache-Control asks", "GET", "Cache-Control:no-cache", "cache-control",
     "cache-control:no-cache", 0},
    {"an empty value", "GET", "X-A:", "x-a", "x-a:", 0},
    /* Accept */
    {"Accept", "GET", "Accept:text/html, */*;q=0.1", NULL,
     "accept:text/html, */*;q=0.1", 0},
    {"Accept, an unsafe byte", "GET", "Accept:a/b(c)", "accept",
     "accept:a/b(c)", 0},
    {"Accept, tab within", "GET", "Accept:a/b\tc", NULL, "accept:a/b\tc", 0},
    {"Accept, bytes over 127", "GET", "Accept:\xc3\xa9", NULL,
     "accept:\xc3\xa9", 0},
    {"Accept, DEL", "GET", "Accept:a\x7f", "accept", "accept:a\x7f", 0},
    {"Accept, empty", "GET", "Accept:", NULL, "accept:", 0},
    {"128 bytes", "GET", "Accept:" X128, NULL, "accept:" X128, 0},
    {"129 bytes", "GET", "Accept:" X128 "x", "accept", "accept:" X128 "x", 0},
    {"blanks around do not count", "GET", "Accept:  " X128 "\t", NULL,
     "accept:" X128, 0},
    /* languages */
    {"Accept-Language", "GET", "Accept-Language:de-AT, *;q=0.5", NULL,
     "accept-language:de-AT, *;q=0.5", 0},
    {"Accept-Language, a slash", "GET", "Accept-Language:de/at",
     "accept-language", "accept-language:de/at", 0},
    {"Accept-Language, a tab", "GET", "Accept-Language:de\tat",
     "accept-language", "accept-language:de\tat", 0},
    {"Content-Language, an underscore", "GET", "Content-Language:de_AT",
     "content-language", "content-language:de_AT", 0},
    /* Content-Type */
    {"text/plain", "POST", "Content-Type:text/plain", NULL,
     "content-type:text/plain", 0},
    {"text/plain with charset", "POST",
     "Content-Type:Text/Plain ; charset=utf-8", NULL,
     "content-type:Text/Plain ; charset=utf-8", 0},
    {"multipart/form-data", "POST",
     "Content-Type:multipart/form-data; boundary=x", NULL,
     "content-type:multipart/form-data; boundary=x", 0},
    {"urlencoded", "POST", "Content-Type:application/x-www-form-urlencoded",
     NULL, "content-type:application/x-www-form-urlencoded", 0},
    {"JSON", "POST", "Content-Type:application/json", "content-type",
     "content-type:application/json", 0},
    {"text/plain, quoted charset", "POST",
     "Content-Type:text/plain; charset=\"utf-8\"", "content-type",
     "content-type:text/plain; charset=\"utf-8\"", 0},
    {"text/html", "POST", "Content-Type:text/html", "content-type",
     "content-type:text/html", 0},
    {"no MIME type", "POST", "Content-Type:text", "content-type",
     "content-type:text", 0},
    {"text/ plain", "POST", "Content-Type:text/ plain", "content-type",
     "content-type:text/ plain", 0},
    {"an empty Content-Type", "POST", "Content-Type:", "content-type",
     "content-type:", 0},
    {"text/plain and an empty one (Chromium)", "POST",
     "Content-Type:text/plain|Content-Type:", "content-type",
     "content-type:text/plain,", 0},
    {"text/plain twice is one value that is none (Chromium)", "POST",
     "Content-Type:text/plain|Content-Type:text/plain", "content-type",
     "content-type:text/plain, text/plain", 1},
    {"Accept-Language twice, 129 bytes together (Chromium)", "GET",
     "Accept-Language:" X128 "|Accept-Language:", "accept-language",
     "accept-language:" X128 ",", 1},
    {"Accept-Language twice, 128 bytes without the last blank", "GET",
     "Accept-Language:" N32 N32 N32 N8 N8 N8 "1234567|Accept-Language:", NULL,
     "accept-language:" N32 N32 N32 N8 N8 N8 "1234567,", 0},
    {"Accept-Language twice, an empty one first (Chromium)", "GET",
     "Accept-Language:|Accept-Language:" N32 N32 N32 N8 N8 N8 "1234567",
     "accept-language", "accept-language:, " N32 N32 N32 N8 N8 N8 "1234567", 1},
    /* Range */
    {"Range", "GET", "Range:bytes=0-99", NULL, "range:bytes=0-99", 0},
    {"Range, open", "GET", "Range:bytes=5-", NULL, "range:bytes=5-", 0},
    {"Range, one byte", "GET", "Range:bytes=5-5", NULL, "range:bytes=5-5", 0},
    {"Range, zeros go (Chromium)", "GET", "Range:bytes=000-0012", NULL,
     "range:bytes=0-12", 0},
    {"Range, zeros stay but for GET", "HEAD", "Range:bytes=000-0012", NULL,
     "range:bytes=000-0012", 0},
    {"Range, written anew (Chromium)", "GET", "Range:Bytes = 05 - 6", "range",
     "range:bytes=5-6", 0},
    {"Range, a longer end (Chromium)", "GET", "Range:bytes=09-10", NULL,
     "range:bytes=9-10", 0},
    {"Range, no zeros before the end", "GET", "Range:bytes=05-04", "range",
     "range:bytes=05-04", 0},
    {"Range, empty", "GET", "Range:bytes=", "range", "range:bytes=", 0},
    {"Range, only a dash", "GET", "Range:bytes=-", "range", "range:bytes=-", 0},
    {"Range, no digits", "GET", "Range:bytes=1-x", "range", "range:bytes=1-x",
     0},
    {"Range, no =", "GET", "Range:bytes", "range", "range:bytes", 0},
    {"Range, no value", "GET", "Range:", "range", "range:", 0},
    {"Range, suffix", "GET", "Range:bytes=-5", "range", "range:bytes=-5", 0},
    {"Range, backwards", "GET", "Range:bytes=5-3", "range", "range:bytes=5-3",
     0},
    {"Range, two", "GET", "Range:bytes=0-1,3-4", "range", "range:bytes=0-1,3-4",
     0},
    {"Range, upper case", "GET", "Range:BYTES=0-", "range", "range:bytes=0-",
     0},
    {"Range, a blank", "GET", "Range:bytes= 0-", "range", "range:bytes=0-", 0},
    {"Range, another unit", "GET", "Range:lines=0-", "range", "range:lines=0-",
     0},
    {"Range, 2^63-2", "GET", "Range:bytes=0-9223372036854775806", NULL,
     "range:bytes=0-9223372036854775806", 0},
    {"Range, 2^63-1 (Chromium)", "GET", "Range:bytes=0-9223372036854775807",
     "range", "range:bytes=0-9223372036854775807", 1},
    /* Chromium's own */
    {"Save-Data: on (Chromium)", "GET", "Save-Data:On", NULL, "save-data:On",
     1},
    {"Save-Data: off", "GET", "Save-Data:off", "save-data", "save-data:off", 0},
    {"DPR (Chromium)", "GET", "DPR:1.50", NULL, "dpr:1.50", 1},
    {"DPR, no digit behind the point", "GET", "DPR:1.", "dpr", "dpr:1.", 0},
    {"DPR, none before it", "GET", "DPR:.5", "dpr", "dpr:.5", 0},
    {"DPR twice", "GET", "DPR:1|DPR:2", "dpr", "dpr:1, 2", 0},
    {"DPR, empty", "GET", "DPR:", "dpr", "dpr:", 0},
    {"Downlink (Chromium)", "GET", "Downlink:0.4", NULL, "downlink:0.4", 1},
    {"RTT (Chromium)", "GET", "RTT:007", NULL, "rtt:007", 1},
    {"RTT with a point", "GET", "RTT:1.5", "rtt", "rtt:1.5", 0},
    {"ECT (Chromium)", "GET", "ECT:slow-2g", NULL, "ect:slow-2g", 1},
    {"ECT, unknown", "GET", "ECT:5g", "ect", "ect:5g", 0},
    {"Width (Chromium)", "GET", "Width:1|Viewport-Width:2", NULL,
     "viewport-width:2|width:1", 1},
    {"Device-Memory (Chromium)", "GET", "Device-Memory:0.25", NULL,
     "device-memory:0.25", 1},
    {"Intervention (Chromium)", "GET", "Intervention:\"(x", NULL,
     "intervention:\"(x", 1},
    {"Intervention, 129 bytes", "GET", "Intervention:" X128 "x", "intervention",
     "intervention:" X128 "x", 0},
    /* left out */
    {"forbidden names", "GET",
     "Cookie:a|Host:b|Sec-X:c|Proxy-Y:d|DNT:1|Content-Length:5|Origin:e", NULL,
     "", 0},
    {"names that merely begin so", "GET", "Security:1|Hosts:1",
     "hosts,security", "hosts:1|security:1", 0},
    {"an override of TRACE", "GET", "X-HTTP-Method-Override:GET, trace", NULL,
     "", 0},
    {"an override of PUT", "GET", "X-HTTP-Method-Override:PUT",
     "x-http-method-override", "x-http-method-override:PUT", 0},
    {"TRACE in quotes is another word", "GET", "X-HTTP-Method:\"TRACE\"",
     "x-http-method", "x-http-method:\"TRACE\"", 0},
    {"a comma in quotes parts nothing", "GET", "X-Method-Override:\"a,TRACE\"",
     "x-method-override", "x-method-override:\"a,TRACE\"", 0},
    {"one of two values is left out", "GET",
     "X-HTTP-Method:GET|X-HTTP-Method:TRACE", "x-http-method",
     "x-http-method:GET", 0},
    {"User-Agent (Chromium)", "GET", "User-Agent:x", NULL, "", 1},
    /* 1024 bytes of them */
    {"1024 bytes with Chromium's Accept", "GET",
     "Accept-Language:" X128 "|Content-Language:" X128 "|Intervention:" X128
     "|DPR:" N128 "|RTT:" N128 "|Downlink:" N128 "|Width:" N128
     "|Viewport-Width:" N32 N32 N32 N8 N8 N8 "11111",
     NULL,
     "accept-language:" X128 "|content-language:" X128 "|downlink:" N128
     "|dpr:" N128 "|intervention:" X128 "|rtt:" N128
     "|viewport-width:" N32 N32 N32 N8 N8 N8 "11111|width:" N128,
     1},
    {"1025 bytes: none is safe (Chromium)", "GET",
     "Accept-Language:" X128 "|Content-Language:" X128 "|Intervention:" X128
     "|DPR:" N128 "|RTT:" N128 "|Downlink:" N128 "|Width:" N128
     "|Viewport-Width:" N32 N32 N32 N8 N8 N8 "111111",
     "accept,accept-language,content-language,downlink,dpr,intervention,rtt,"
     "viewport-width,width",
     "accept:*/*|accept-language:" X128 "|content-language:" X128
     "|downlink:" N128 "|dpr:" N128 "|intervention:" X128 "|rtt:" N128
     "|viewport-width:" N32 N32 N32 N8 N8 N8 "111111|width:" N128,
     1},
};

static void
check_sent(struct arena *arena, const struct fetch_plan *plan, const char *want,
	   int chromium)
{
	struct fetch_fields fields = fields_of(arena, want);
	size_t count = 0;
	int differs = 0;

	for (size_t i = 0; i < plan->header_count; i++) {
		const struct fetch_header *h = &plan->headers[i];
		differs |= h->differs;
		if (!fetch_is_sent(h))
			continue;
		assert_true(count < fields.count);
		assert_true(slice_eq(h->name, fields.at[count].name));
		assert_true(slice_eq(h->value, fields.at[count].value));
		count++;
	}
	assert_int_equal(count, fields.count);
	assert_int_equal(differs, chromium);
}

static void
test_plan(void **state)
{
	const struct plan_row *row = *state;
	struct arena *arena = arena_new();
	struct fetch_request request = {
	    .origin = SLICE(PAGE),
	    .url_origin = SLICE(SITE),
	    .method = slice_from(row->method),
	    .headers = fields_of(arena, row->headers),
	};
	struct fetch_plan plan;

	assert_true(fetch_plan(arena, &request, &plan));
	assert_int_equal(plan.refusal, FETCH_ACCEPTED);
	assert_true(plan.cross_origin);
	assert_int_equal(plan.preflight, row->asked != NULL);
	if (row->asked == NULL || row->asked[0] == '\0')
		assert_null(plan.asked.ptr);
	else
		unit_assert_slice(plan.asked, row->asked);
	check_sent(arena, &plan, row->sent, row->chromium);

	/* The same on one origin: no preflight. */
	request.url_origin = request.origin;
	assert_true(fetch_plan(arena, &request, &plan));
	assert_false(plan.preflight);
	assert_false(plan.cross_origin);
	arena_free(arena);
}

/* ---- methods, and what fetch() throws for ---- */

static const struct method_row {
	const char *name;
	const char *method;
	const char *headers;
	const char *normalized;
	enum fetch_refusal refusal;
	const char *refused;
} methods[] = {
    {"method: dElEtE", "dElEtE", "", "DELETE", FETCH_ACCEPTED, NULL},
    {"method: options", "options", "", "OPTIONS", FETCH_ACCEPTED, NULL},
    {"method: put", "put", "", "PUT", FETCH_ACCEPTED, NULL},
    {"method: Post", "Post", "", "POST", FETCH_ACCEPTED, NULL},
    {"method: hEAD", "hEAD", "", "HEAD", FETCH_ACCEPTED, NULL},
    {"method: Patch stays", "Patch", "", "Patch", FETCH_ACCEPTED, NULL},
    {"method: query stays", "query", "", "query", FETCH_ACCEPTED, NULL},
    {"method: TRACE", "TRACE", "", "TRACE", FETCH_METHOD_FORBIDDEN, "TRACE"},
    {"method: trAck", "trAck", "", "trAck", FETCH_METHOD_FORBIDDEN, "trAck"},
    {"method: connect", "connect", "", "connect", FETCH_METHOD_FORBIDDEN,
     "connect"},
    {"method: two words", "A B", "", "A B", FETCH_METHOD_NO_TOKEN, "A B"},
    {"method: empty", "", "", "", FETCH_METHOD_NO_TOKEN, ""},
    {"method: no ASCII", "\xc3\xa9", "", "\xc3\xa9", FETCH_METHOD_NO_TOKEN,
     "\xc3\xa9"},
    {"header: a blank in its name", "GET", "a b:1", "GET",
     FETCH_HEADER_NO_TOKEN, "a b"},
    {"header: no name", "GET", ":1", "GET", FETCH_HEADER_NO_TOKEN, ""},
    {"header: a line end in its value", "GET", "a:b\nc", "GET",
     FETCH_HEADER_VALUE, "a"},
    {"header: one at its end", "GET", "a:b\n", "GET", FETCH_ACCEPTED, NULL},
    {"header: a control", "GET",
     "a:b\x01"
     "c",
     "GET", FETCH_ACCEPTED, NULL},
};

static void
test_method(void **state)
{
	const struct method_row *row = *state;
	struct arena *arena = arena_new();
	struct fetch_request request = {
	    .origin = SLICE(PAGE),
	    .url_origin = SLICE(SITE),
	    .method = slice_from(row->method),
	    .headers = fields_of(arena, row->headers),
	};
	struct fetch_plan plan;

	assert_true(fetch_plan(arena, &request, &plan));
	unit_assert_slice(plan.method, row->normalized);
	assert_int_equal(plan.refusal, row->refusal);
	if (row->refused == NULL) {
		assert_null(plan.refused.ptr);
	} else {
		unit_assert_slice(plan.refused, row->refused);
		assert_false(plan.preflight);
	}
	arena_free(arena);
}

static void
test_origin_header(void **state)
{
	static const struct {
		const char *origin, *method;
		bool cross, sent;
	} rows[] = {
	    {PAGE, "GET", true, true},	   {SITE, "GET", false, false},
	    {SITE, "HEAD", false, false},  {SITE, "POST", false, true},
	    {SITE, "PUT", false, true},	   {"null", "GET", true, true},
	    {SITE "/", "GET", true, true},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct fetch_request request = {
		    .origin = slice_from(rows[i].origin),
		    .url_origin = SLICE(SITE),
		    .method = slice_from(rows[i].method),
		};
		struct fetch_plan plan;
		assert_true(fetch_plan(arena, &request, &plan));
		assert_int_equal(plan.cross_origin, rows[i].cross);
		assert_int_equal(plan.sends_origin, rows[i].sent);
	}
	arena_free(arena);
}

/* Every byte in every safelisted value, against the standard's sets. */
static void
test_bytes(void **state)
{
	static const char unsafe[] = "\"():<>?@[\\]{}\x7f";
	static const char language[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    " *,-.;=";
	bool chromium;

	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[] = {'a', (char)c, 'b'};
		struct slice value = slice_of(text, 3);
		bool bad = (c < 0x20 && c != '\t') || strchr(unsafe, c) != NULL;
		bool good = strchr(language, c) != NULL;
		assert_int_equal(fetch_safelist(FETCH_CHROMIUM, SLICE("Accept"),
						value, &chromium),
				 bad ? FETCH_BYTES : FETCH_SAFELISTED);
		assert_int_equal(fetch_safelist(FETCH_CHROMIUM,
						SLICE("ACCEPT-language"), value,
						&chromium),
				 good ? FETCH_SAFELISTED : FETCH_BYTES);
		char type[] = "text/plain;x=.";
		type[13] = (char)c;
		assert_int_equal(fetch_safelist(FETCH_CHROMIUM,
						SLICE("content-type"),
						slice_of(type, 14), &chromium),
				 bad ? FETCH_BYTES : FETCH_SAFELISTED);
	}
}

/* ---- responses ---- */

static const struct check_row {
	const char *name;
	const char *origin;
	bool credentials;
	const char *headers;
	enum fetch_reason reason;
	const char *value; /* that it names; NULL: none */
} checks[] = {
#define O "Access-Control-Allow-Origin:"
#define C "Access-Control-Allow-Credentials:"
    {"check: the origin", PAGE, false, O PAGE, FETCH_PASSES, NULL},
    {"check: blanks around it", PAGE, false, O " " PAGE "\t", FETCH_PASSES,
     NULL},
    {"check: *", PAGE, false, O "*", FETCH_PASSES, NULL},
    {"check: null for null", "null", false, O "null", FETCH_PASSES, NULL},
    {"check: * for null", "null", false, O "*", FETCH_PASSES, NULL},
    {"check: none", PAGE, false, "X:1", FETCH_ACAO_MISSING, NULL},
    {"check: the same twice", PAGE, false, O PAGE "|" O PAGE,
     FETCH_ACAO_MULTIPLE, PAGE ", " PAGE},
    {"check: an empty one before it", PAGE, false, O "|" O "*",
     FETCH_ACAO_MULTIPLE, ", *"},
    {"check: an empty one behind it", PAGE, false, O "*|" O,
     FETCH_ACAO_MULTIPLE, "*, "},
    {"check: * twice", PAGE, false, O "*|" O "*", FETCH_ACAO_MULTIPLE, "*, *"},
    {"check: a list", PAGE, false, O PAGE ",https://c.example",
     FETCH_ACAO_MULTIPLE, PAGE ",https://c.example"},
    {"check: two with a blank", PAGE, false, O PAGE " https://c.example",
     FETCH_ACAO_MULTIPLE, PAGE " https://c.example"},
    {"check: another", PAGE, false, O SITE, FETCH_ACAO_MISMATCH, SITE},
    {"check: a slash too much", PAGE, false, O PAGE "/", FETCH_ACAO_MISMATCH,
     PAGE "/"},
    {"check: upper case", PAGE, false, O "https://A.example",
     FETCH_ACAO_MISMATCH, "https://A.example"},
    {"check: empty", PAGE, false, O, FETCH_ACAO_MISMATCH, ""},
    {"check: null for a page", PAGE, false, O "null", FETCH_ACAO_MISMATCH,
     "null"},
    {"check: * with credentials", PAGE, true, O "*|" C "true",
     FETCH_WILDCARD_WITH_CREDENTIALS, "*"},
    {"check: credentials", PAGE, true, O PAGE "|" C "true", FETCH_PASSES, NULL},
    {"check: credentials not said", PAGE, true, O PAGE,
     FETCH_CREDENTIALS_NOT_TRUE, NULL},
    {"check: TRUE", PAGE, true, O PAGE "|" C "TRUE", FETCH_CREDENTIALS_NOT_TRUE,
     "TRUE"},
    {"check: true twice", PAGE, true, O PAGE "|" C "true|" C "true",
     FETCH_CREDENTIALS_NOT_TRUE, "true, true"},
    {"check: not asked for", PAGE, false, O PAGE "|" C "no", FETCH_PASSES,
     NULL},
#undef O
#undef C
};

static void
test_check(void **state)
{
	const struct check_row *row = *state;
	struct arena *arena = arena_new();
	struct fetch_fields fields = fields_of(arena, row->headers);
	struct fetch_check check = fetch_check_origin(
	    arena, slice_from(row->origin), row->credentials, &fields);

	assert_int_equal(check.reason, row->reason);
	if (row->value == NULL)
		assert_null(check.value.ptr);
	else
		unit_assert_slice(check.value, row->value);
	arena_free(arena);
}

static const struct list_row {
	const char *name;
	const char *method;
	const char *script;
	bool credentials;
	const char *headers;
	enum fetch_reason lists, methods, headers_ok;
	const char *who; /* the header that is not allowed */
	bool chromium;
} lists[] = {
#define M "Access-Control-Allow-Methods:"
#define H "Access-Control-Allow-Headers:"
#define OK FETCH_PASSES
#define NOM FETCH_METHOD_NOT_ALLOWED
#define NOH FETCH_HEADER_NOT_ALLOWED
#define BAD FETCH_LIST_MALFORMED
    {"lists: listed", "PUT", "X-A:1", false, M "GET, PUT|" H "x-b,X-a", OK, OK,
     OK, NULL, false},
    {"lists: over two lines", "PUT", "X-A:1|x-b:2", false,
     M "GET|" M "PUT|" H "x-b|" H "X-A", OK, OK, OK, NULL, false},
    {"lists: empty elements", "PUT", "X-A:1", false, M ",,PUT, ,|" H "\t,x-a,",
     OK, OK, OK, NULL, false},
    {"lists: nothing", "PUT", "X-A:1", false, "", OK, NOM, NOH, "x-a", false},
    {"lists: case of methods", "PUT", "", false, M "put", OK, NOM, OK, NULL,
     false},
    {"lists: patch", "patch", "", false, M "PATCH", OK, NOM, OK, NULL, false},
    {"lists: POST needs none", "POST", "X-A:1", false, H "x-a", OK, OK, OK,
     NULL, false},
    {"lists: *", "PUT", "X-A:1", false, M "*|" H "*", OK, OK, OK, NULL, false},
    {"lists: * with credentials is a word", "PUT", "X-A:1", true, M "*|" H "*",
     OK, NOM, NOH, "x-a", false},
    {"lists: a method called *", "*", "", true, M "*", OK, OK, OK, NULL, false},
    {"lists: * and Authorization (Chromium)", "PUT", "Authorization:1", false,
     M "*|" H "*", OK, OK, OK, NULL, true},
    {"lists: Authorization by name", "GET", "Authorization:1", false,
     H "*,Authorization", OK, OK, OK, NULL, false},
    {"lists: the first in order is named", "GET", "x-c:1|x-b:1|x-a:1", false,
     H "x-a", OK, OK, NOH, "x-b", false},
    {"lists: safelisted values need none", "GET", "Accept:x|X-A:1", false,
     H "x-a", OK, OK, OK, NULL, false},
    {"lists: unparsable methods", "POST", "X-A:1", false, M "PUT;x|" H "x-a",
     BAD, OK, OK, NULL, false},
    {"lists: unparsable headers", "POST", "X-A:1", false, H "x-a,a b", BAD, OK,
     OK, NULL, false},
    {"lists: quotes", "PUT", "", false, M "\"PUT\"", BAD, NOM, OK, NULL, false},
#undef M
#undef H
};

static void
test_lists(void **state)
{
	const struct list_row *row = *state;
	struct arena *arena = arena_new();
	struct fetch_fields fields = fields_of(arena, row->headers);
	struct fetch_request request = {
	    .origin = SLICE(PAGE),
	    .url_origin = SLICE(SITE),
	    .method = slice_from(row->method),
	    .headers = fields_of(arena, row->script),
	    .credentials = row->credentials,
	};
	struct fetch_plan plan;
	struct fetch_check check;

	assert_true(fetch_plan(arena, &request, &plan));
	check = fetch_check_lists(arena, &fields);
	assert_int_equal(check.reason, row->lists);
	check = fetch_check_method(arena, &plan, row->credentials, &fields);
	assert_int_equal(check.reason, row->methods);
	check = fetch_check_headers(arena, &plan, row->credentials, &fields);
	assert_int_equal(check.reason, row->headers_ok);
	assert_int_equal(check.differs, row->chromium);
	if (row->who != NULL)
		unit_assert_slice(check.name, row->who);
	arena_free(arena);
}

static void
test_status(void **state)
{
	(void)state;
	for (int status = 100; status < 600; status++) {
		bool redirect = status == 301 || status == 302 ||
				status == 303 || status == 307 || status == 308;
		assert_int_equal(fetch_check_status(status).reason,
				 redirect	     ? FETCH_PREFLIGHT_REDIRECT
				 : status / 100 == 2 ? FETCH_PASSES
						     : FETCH_PREFLIGHT_STATUS);
	}
}

static void
test_readable(void **state)
{
	static const struct {
		const char *name, *exposed;
		bool credentials, readable;
	} rows[] = {
	    {"Content-Type", NULL, false, true},
	    {"content-length", NULL, true, true},
	    {"pragma", "", false, true},
	    {"X-A", NULL, false, false},
	    {"X-A", "x-b, x-a", false, true},
	    {"X-A", "x-b", false, false},
	    {"X-A", "*", false, true},
	    {"X-A", "*", true, false},
	    {"*", "*", true, true},
	    {"X-A", "*, x-a", true, true},
	    {"Set-Cookie", "set-cookie", false, false},
	    {"Set-Cookie2", "*", false, false},
	    {"Authorization", "*", false, true},
	    {"X-A", "x-a, b c", false, false}, /* ignored whole */
	    {"Expires", "b c", false, true},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		assert_int_equal(fetch_is_readable(slice_from(rows[i].name),
						   slice_from(rows[i].exposed),
						   rows[i].credentials),
				 rows[i].readable);
}

static void
test_max_age(void **state)
{
	static const struct {
		const char *value;
		unsigned chromium, firefox, safari;
	} rows[] = {
	    {NULL, 5, 5, 5},
	    {"0", 0, 0, 0},
	    {"60", 60, 60, 60},
	    {"601", 601, 601, 600},
	    {"86401", 7200, 86400, 600},
	    {"-1", 0, 0, 0},
	    {"+600", 600, 0, 600},
	    {"600x", 5, 0, 5},
	    {"6.5", 5, 0, 5},
	    {"1e3", 5, 0, 5},
	    {"0x10", 5, 0, 5},
	    {"00600", 600, 600, 600},
	    {"\"600\"", 5, 0, 5},
	    {"600, 600", 5, 0, 5},
	    {"", 5, 5, 5},
	    {"-", 5, 0, 5},
	    {"1000000000000000000", 7200, 86400, 600},
	    {"10000000000000000000", 5, 86400, 5},
	    {"99999999999999999999999", 5, 86400, 5},
	    {"-99999999999999999999999", 5, 0, 5},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct slice value = slice_from(rows[i].value);
		assert_int_equal(fetch_max_age(value, FETCH_CHROMIUM),
				 rows[i].chromium);
		assert_int_equal(fetch_max_age(value, FETCH_FIREFOX),
				 rows[i].firefox);
		assert_int_equal(fetch_max_age(value, FETCH_SAFARI),
				 rows[i].safari);
	}
}

/* One row per rule: how each engine treats a header. */
static void
test_engines(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		/* P: a preflight; -: none; d: dropped */
		char engine[FETCH_BROWSERS + 1];
	} rows[] = {
	    {"Accept", "a\xe9", "-P-"},
	    {"Content-Type", "text/plain; a=\xff", "-P-"},
	    {"Accept-Language", "\xe9", "PPP"},
	    {"Content-Type", "text/plain; a=b,c", "-P-"},
	    {"Content-Type", "text/plain;,", "-P-"},
	    {"Content-Type", "text/plain, text/plain", "PPP"},
	    {"Content-Type", "text/plain", "---"},
	    {"Range", "bytes=0-5", "---"},
	    {"Range", "bytes=9223372036854775806-", "---"},
	    {"Range", "bytes=9223372036854775807-", "P--"},
	    {"Range", "bytes=0-18446744073709551615", "P--"},
	    {"Range", "bytes=0-18446744073709551616", "PPP"},
	    {"Range", "BYTES=0-5", "PP-"},
	    {"Range", "bytes=+0-5", "PP-"},
	    {"Range", "bytes=0-+5", "PP-"},
	    {"Range", "bytes=5-3", "PPP"},
	    {"Range", "bytes=0-5x", "PPP"},
	    {"User-Agent", "x", "dPP"},
	    {"Save-Data", "on", "-PP"},
	    {"DPR", "2", "-PP"},
	    {"ECT", "4g", "-PP"},
	    {"X-A", "1", "PPP"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct fetch_field field = {slice_from(rows[i].name),
					    slice_from(rows[i].value)};
		for (int b = 0; b < FETCH_BROWSERS; b++) {
			struct arena *arena = arena_new();
			struct fetch_request request = {
			    .browser = (enum fetch_browser)b,
			    .origin = SLICE(PAGE),
			    .url_origin = SLICE(SITE),
			    .method = SLICE("GET"),
			    .headers = {&field, 1},
			};
			struct fetch_plan plan;
			char got;

			assert_true(fetch_plan(arena, &request, &plan));
			got = !fetch_is_sent(&plan.headers[0]) ? 'd'
			      : plan.preflight		       ? 'P'
							       : '-';
			if (got != rows[i].engine[b])
				fail_msg(
				    "%s: %s: %s: %c", rows[i].name,
				    rows[i].value,
				    fetch_engine((enum fetch_browser)b)->id,
				    got);
			arena_free(arena);
		}
	}
}

/* Only Chromium serializes it again. */
static void
test_tidied(void **state)
{
	static const char *const wire[] = {"bytes=0-5", "bytes=00-5",
					   "bytes=00-5"};
	struct fetch_field field = {SLICE("Range"), SLICE("bytes=00-5")};

	(void)state;
	for (int b = 0; b < FETCH_BROWSERS; b++) {
		struct arena *arena = arena_new();
		struct fetch_request request = {
		    .browser = (enum fetch_browser)b,
		    .origin = SLICE(PAGE),
		    .url_origin = SLICE(SITE),
		    .method = SLICE("GET"),
		    .headers = {&field, 1},
		};
		struct fetch_plan plan;

		assert_true(fetch_plan(arena, &request, &plan));
		unit_assert_slice(plan.headers[0].value, wire[b]);
		arena_free(arena);
	}
}

static void
test_essence(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	unit_assert_slice(
	    fetch_mime_essence(arena, SLICE(" Text/HTML ;charset=x")),
	    "text/html");
	assert_null(fetch_mime_essence(arena, SLICE("text")).ptr);
	assert_null(fetch_mime_essence(arena, SLICE("/x")).ptr);
	assert_null(fetch_mime_essence(arena, SLICE("x/")).ptr);
	assert_null(fetch_mime_essence(arena, SLICE_NONE).ptr);
	arena_free(arena);
}

/* Nothing is read beyond a value's end. */
static void
test_guarded(void **state)
{
	static const char *const values[] = {
	    "",	      "bytes=", "bytes=1", "bytes=1-",	 "text/plain",
	    "text/",  "\"a",	"\"a\\",   "a,",	 "1.",
	    "slow-2", "1",	"text",	   "text/plain;"};
	static const char *const names[] = {
	    "accept", "range", "content-type", "accept-language",
	    "dpr",    "ect",   "x-http-method"};
	bool chromium;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		struct slice value = unit_guard(slice_from(values[i]));
		for (size_t j = 0; j < UNIT_COUNT(names); j++) {
			struct slice name = unit_guard(slice_from(names[j]));
			fetch_safelist(FETCH_CHROMIUM, name, value, &chromium);
			assert_false(fetch_overrides_forbidden(name, value));
			fetch_is_readable(name, value, false);
			unit_unguard(name);
		}
		fetch_max_age(value, FETCH_CHROMIUM);
		fetch_is_list(value);
		unit_unguard(value);
	}
}

/* 500 headers in any order come out sorted, each once. */
static void
test_many(void **state)
{
	struct arena *arena = arena_new();
	struct fetch_field fields[500];
	char names[500][8];
	struct fetch_request request = {.origin = SLICE(PAGE),
					.url_origin = SLICE(SITE),
					.method = SLICE("GET"),
					.headers = {fields, 500}};
	struct fetch_plan plan;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		/* 7 and 500 have no common factor; every name comes twice. */
		snprintf(names[i], sizeof(names[i]), "X-%03u", i * 7 % 500 / 2);
		fields[i].name = slice_from(names[i]);
		fields[i].value = SLICE("v");
	}
	assert_true(fetch_plan(arena, &request, &plan));
	assert_int_equal(plan.header_count, 250);
	for (unsigned i = 0; i < 250; i++) {
		char want[8];
		snprintf(want, sizeof(want), "x-%03u", i);
		unit_assert_slice(plan.headers[i].name, want);
		unit_assert_slice(plan.headers[i].value, "v, v");
	}
	assert_int_equal(plan.asked.len, 250 * 6 - 1);
	arena_free(arena);
}

static void
test_embedder(void **state)
{
	enum fetch_embedder got;

	(void)state;
	for (int i = 0; i < FETCH_EMBEDDERS; i++) {
		const char *name = fetch_embedder_name((enum fetch_embedder)i);
		assert_true(fetch_embedder_parse(slice_from(name), &got));
		assert_int_equal(got, i);
	}
	assert_false(fetch_embedder_parse(SLICE("Require-Corp"), &got));
}

/* fetch() of Firefox, and headers with more than one value. */
static const struct firefox_row {
	const char *name;
	const char *headers;
	const char *sent;
} firefox_rows[] = {
    {"Firefox: a list is joined", "X-A:1|x-a:2", "x-a:1, 2"},
    {"Firefox: of a single value, the last",
     "Authorization:a|authorization:b|User-Agent:c|user-agent:d",
     "authorization:b|user-agent:d"},
    {"Firefox: an empty value removes the others", "X-A:1|X-A:", "x-a:"},
    {"Firefox: nothing is added to an empty value", "X-A:|X-A:1", "x-a:1"},
};

static void
test_firefox(void **state)
{
	const struct firefox_row *row = *state;
	struct arena *arena = arena_new();
	struct fetch_request request = {
	    .browser = FETCH_FIREFOX,
	    .origin = SLICE(PAGE),
	    .url_origin = SLICE(SITE),
	    .method = SLICE("GET"),
	    .headers = fields_of(arena, row->headers),
	};
	struct fetch_plan plan;

	assert_true(fetch_plan(arena, &request, &plan));
	check_sent(arena, &plan, row->sent, 0);
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[300];
	size_t n = 0;

	UNIT_ROWS(tests, n, plans, test_plan);
	UNIT_ROWS(tests, n, methods, test_method);
	UNIT_ROWS(tests, n, checks, test_check);
	UNIT_ROWS(tests, n, lists, test_lists);
	UNIT_TEST(tests, n, test_origin_header);
	UNIT_TEST(tests, n, test_bytes);
	UNIT_TEST(tests, n, test_status);
	UNIT_TEST(tests, n, test_readable);
	UNIT_TEST(tests, n, test_max_age);
	UNIT_TEST(tests, n, test_engines);
	UNIT_TEST(tests, n, test_tidied);
	UNIT_TEST(tests, n, test_essence);
	UNIT_TEST(tests, n, test_guarded);
	UNIT_TEST(tests, n, test_many);
	UNIT_TEST(tests, n, test_embedder);
	UNIT_ROWS(tests, n, firefox_rows, test_firefox);
	return unit_run(tests, n);
}
