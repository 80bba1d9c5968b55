/*
 * The calls of cors.h: what each returns, what is an error, and what they do
 * when several threads share a policy (run under ThreadSanitizer by
 * check-tsan).  Their decisions are tested by t/vectors/cors.tsv and
 * t/cors/decide.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cors/cors.h"
#include "unit.h"

static const char policy_text[] = "[cors]\n"
				  "origins = https://a.com\n"
				  "methods = PUT\n"
				  "expose = X-Total\n"
				  "[cors blocked]\n"
				  "path = /blocked/*\n"
				  "enforce = block\n"
				  "allow = GET\n"
				  "[cors expression]\n"
				  "path = /expression/*\n"
				  "origins-regex = https://[a-z]+\\.b\\.com\n";

/* The output of write, or of each. */
struct output {
	char text[4096];
	size_t length;
	int calls;
	int stop_at; /* the call that returns 7 */
};

static void
append(struct output *o, const char *bytes, size_t length)
{
	assert_true(o->length + length < sizeof(o->text));
	memcpy(o->text + o->length, bytes, length);
	o->length += length;
	o->text[o->length] = '\0';
}

static int
write_text(void *ctx, const char *bytes, size_t length)
{
	struct output *o = ctx;

	append(o, bytes, length);
	return ++o->calls == o->stop_at ? 7 : 0;
}

static int
write_header(void *ctx, const char *name, size_t name_length, const char *value,
	     size_t value_length)
{
	struct output *o = ctx;

	append(o, name, name_length);
	append(o, "=", 1);
	append(o, value, value_length);
	append(o, "\n", 1);
	return ++o->calls == o->stop_at ? 7 : 0;
}

static void
report(void *ctx, const char *message)
{
	write_text(ctx, message, strlen(message));
	write_text(ctx, "\n", 1);
}

static struct cors_policy *
parse(const char *text, struct output *o)
{
	return cors_parse("test.ini", text, strlen(text), report, o);
}

static struct cors_policy *
policy_of(const char *text)
{
	struct output o = {0};
	struct cors_policy *policy = parse(text, &o);

	assert_string_equal(o.text, "");
	assert_non_null(policy);
	return policy;
}

static char method_get[] = "REQUEST_METHOD=GET";
static char uri_x[] = "REQUEST_URI=/x";
static char origin_a[] = "HTTP_ORIGIN=https://a.com";
static char *const actual[] = {method_get, uri_x, origin_a, NULL};

/* ---- policies ---- */

static void
test_errors(void **state)
{
	struct output o = {0};

	(void)state;
	assert_null(
	    parse("[cors]\norigins = https://a.com/\nmehtods = PUT\n", &o));
	assert_non_null(strstr(o.text, "test.ini:2: error: "));
	assert_non_null(strstr(o.text, "[path]\n"));
	assert_non_null(strstr(o.text, "test.ini:3: error: "));
	assert_non_null(strstr(o.text, "[unknown-key]\n"));
	assert_non_null(strstr(o.text, "did you mean \"methods\"?"));
	assert_null(cors_parse("a", "x", 1, NULL, NULL));
	o = (struct output){0};
	assert_null(cors_load("/nonexistent/a.ini", report, &o));
	assert_non_null(strstr(o.text, "/nonexistent/a.ini"));
	assert_null(parse("[cors]\norigins-file = /etc/passwd\n", &o));
	assert_non_null(strstr(o.text, "origins-file-unreadable"));
	cors_free(NULL);
	cors_request_free(NULL);
}

static void
test_changed(void **state)
{
	char name[] = "/tmp/cors-library-XXXXXX";
	int fd = mkstemp(name);
	struct cors_policy *policy;

	(void)state;
	assert_true(fd >= 0);
	assert_true(write(fd, "[cors]\norigins = *\n", 19) == 19);
	policy = cors_load(name, NULL, NULL);
	assert_non_null(policy);
	assert_int_equal(cors_changed(policy), 0);
	assert_true(write(fd, "max-age = 60\n", 13) == 13);
	assert_int_equal(cors_changed(policy), 1);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(cors_changed(policy), 1);
	close(fd);
	cors_free(policy);
	policy = policy_of(policy_text);
	assert_int_equal(cors_changed(policy), 0);
	cors_free(policy);
}

/* ---- decisions ---- */

static const struct decided {
	const char *name;
	const char *method;
	const char *uri;
	const char *origin;
	const char *extra;
	int status;
	const char *reason;
} decided[] = {
    {"allowed", "GET", "/x", "https://a.com", "A=", 0, "none"},
    {"a stranger's request runs", "GET", "/x", "https://b.com", "A=", 0,
     "origin-not-allowed"},
    {"a preflight", "OPTIONS", "/x", "https://a.com",
     "HTTP_ACCESS_CONTROL_REQUEST_METHOD=PUT", 204, "none"},
    {"a refused preflight", "OPTIONS", "/x", "https://a.com",
     "HTTP_ACCESS_CONTROL_REQUEST_METHOD=DELETE", 403, "method-not-allowed"},
    {"a blocked request", "GET", "/blocked/x", "https://b.com", "A=", 403,
     "enforced"},
    {"a method that is not allowed", "PUT", "/blocked/x", "https://a.com",
     "A=", 405, "not-in-allow"},
    {"an OPTIONS", "OPTIONS", "/blocked/x", "https://a.com", "A=", 204, "none"},
    {"an expression", "GET", "/expression/x", "https://x.b.com", "A=", 0,
     "none"},
    {"not matched by it", "GET", "/expression/x", "https://x.b.org", "A=", 0,
     "origin-not-allowed"},
    {"a bad path", "GET", "/%zz", "https://a.com", "A=", 400, "bad-path"},
    {"an unknown policy", "GET", "/x", "https://a.com",
     "CORSWRAP_POLICY=nobody", 500, "unknown-policy"},
};

/* The variables of a row; they must live as long as the decision. */
struct variables {
	char text[3][64];
	char *list[5];
};

static void
set_variables(struct variables *v, const struct decided *row)
{
	(void)snprintf(v->text[0], sizeof(v->text[0]), "REQUEST_METHOD=%s",
		       row->method);
	(void)snprintf(v->text[1], sizeof(v->text[1]), "REQUEST_URI=%s",
		       row->uri);
	(void)snprintf(v->text[2], sizeof(v->text[2]), "HTTP_ORIGIN=%s",
		       row->origin);
	for (size_t i = 0; i < 3; i++)
		v->list[i] = v->text[i];
	v->list[3] = (char *)(uintptr_t)row->extra;
	v->list[4] = NULL;
}

static void
decide(struct cors_request *r, const struct cors_policy *policy,
       const struct decided *row, struct variables *v)
{
	set_variables(v, row);
	assert_int_equal(cors_decide(r, policy, v->list), 0);
	assert_int_equal(cors_status(r), row->status);
	assert_string_equal(cors_reason(r), row->reason);
}

static void
test_decided(void **state)
{
	const struct decided *row = *state;
	struct cors_policy *policy = policy_of(policy_text);
	struct cors_request *r = cors_request_new();
	struct variables v;

	/* Twice: a request leaves no state behind. */
	decide(r, policy, row, &v);
	decide(r, policy, &decided[0], &v);
	decide(r, policy, row, &v);
	cors_request_free(r);
	cors_free(policy);
}

static void
test_no_policy(void **state)
{
	struct cors_policy *policy =
	    policy_of("[cors a]\norigins = *\npath = /a\n");
	struct cors_request *r = cors_request_new();
	struct output o = {0};

	(void)state;
	/* Everything is refused before a decision. */
	assert_int_equal(cors_status(r), 500);
	assert_string_equal(cors_reason(r), "undecided");
	assert_int_equal(cors_answer(r, write_text, &o), 0);
	assert_memory_equal(o.text, "Status: 500 ", 12);
	assert_null(strstr(o.text, "Access-Control"));
	assert_int_equal(cors_apply(r, "A: b\n\n", 6, write_text, &o), -1);
	assert_int_equal(errno, EINVAL);
	/* Not covered: its response is not changed. */
	assert_int_equal(cors_decide(r, policy, actual), 0);
	assert_int_equal(cors_status(r), 0);
	assert_string_equal(cors_reason(r), "no-policy");
	o = (struct output){0};
	assert_int_equal(cors_apply(r, "Access-Control-Allow-Origin: x\n\n", 32,
				    write_text, &o),
			 0);
	assert_string_equal(o.text, "Access-Control-Allow-Origin: x\r\n\r\n");
	cors_request_free(r);
	cors_free(policy);
}

static void
test_bad_host(void **state)
{
	struct cors_policy *policy =
	    policy_of("[cors a]\norigins = *\nhost = a.com\n");
	struct cors_request *r = cors_request_new();
	char method[] = "REQUEST_METHOD=GET", host[] = "HTTP_HOST=a.com,b.com";
	char uri[] = "REQUEST_URI=/x";
	char *variables[] = {method, uri, host, NULL};

	(void)state;
	assert_int_equal(cors_decide(r, policy, variables), 0);
	assert_int_equal(cors_status(r), 400);
	assert_string_equal(cors_reason(r), "bad-host");
	cors_request_free(r);
	cors_free(policy);
}

/* ---- responses ---- */

static void
test_answer(void **state)
{
	struct cors_policy *policy = policy_of(policy_text);
	struct cors_request *r = cors_request_new();
	struct variables v;
	struct output o = {0};

	(void)state;
	decide(r, policy, &decided[2], &v);
	assert_int_equal(cors_answer(r, write_text, &o), 0);
	assert_int_equal(o.calls, 1);
	assert_string_equal(o.text,
			    "Status: 204 No Content\r\n"
			    "Access-Control-Allow-Origin: https://a.com\r\n"
			    "Access-Control-Allow-Methods: PUT\r\n"
			    "Vary: Origin, Access-Control-Request-Method, "
			    "Access-Control-Request-Headers\r\n\r\n");
	o = (struct output){0};
	assert_int_equal(cors_answer_list(r, write_header, &o), 0);
	assert_string_equal(o.text,
			    "Access-Control-Allow-Origin=https://a.com\n"
			    "Access-Control-Allow-Methods=PUT\n"
			    "Vary=Origin, Access-Control-Request-Method, "
			    "Access-Control-Request-Headers\n");
	o = (struct output){.stop_at = 2};
	assert_int_equal(cors_answer_list(r, write_header, &o), 7);
	assert_int_equal(o.calls, 2);
	/* A refusal has a text, but the list of its headers has none. */
	decide(r, policy, &decided[4], &v);
	o = (struct output){.stop_at = 1};
	assert_int_equal(cors_answer(r, write_text, &o), 7);
	assert_non_null(strstr(o.text, "\r\n\r\nThe CORS policy refuses"));
	o = (struct output){0};
	assert_int_equal(cors_answer_list(r, write_header, &o), 0);
	assert_string_equal(o.text, "Vary=Origin\nCache-Control=no-store\n");
	/* A request that the program handles has no such response. */
	decide(r, policy, &decided[0], &v);
	assert_int_equal(cors_answer(r, write_text, &o), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(cors_answer_list(r, write_header, &o), -1);
	assert_int_equal(errno, EINVAL);
	cors_request_free(r);
	cors_free(policy);
}

static const struct applied {
	const char *name;
	const char *block;
	const char *want; /* NULL: EBADMSG */
} applied[] = {
    {"a block", "Content-Type: a/b\r\nVary: Accept\r\n\r\n",
     "Content-Type: a/b\r\nAccess-Control-Allow-Origin: https://a.com\r\n"
     "Access-Control-Expose-Headers: x-total\r\nVary: Accept, Origin\r\n\r\n"},
    {"with LF, and no blank line", "Content-Type: a/b\nX: y",
     "Content-Type: a/b\r\nX: y\r\n"
     "Access-Control-Allow-Origin: https://a.com\r\n"
     "Access-Control-Expose-Headers: x-total\r\nVary: Origin\r\n\r\n"},
    {"with its own CORS, and a body",
     "Content-Type: a/b\nAccess-Control-Allow-Origin: *\n\nbody\n\nA: b\n",
     "Content-Type: a/b\r\nAccess-Control-Allow-Origin: https://a.com\r\n"
     "Access-Control-Expose-Headers: x-total\r\nVary: Origin\r\n\r\n"
     "body\n\nA: b\n"},
    {"a status line", "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n",
     "Status: 404 Not Found\r\nA: b\r\n"
     "Access-Control-Allow-Origin: https://a.com\r\n"
     "Access-Control-Expose-Headers: x-total\r\nVary: Origin\r\n\r\n"},
    {"nothing", "", NULL},
    {"no headers", "<html>\n", NULL},
    {"a bad status", "Status: 99\n\n", NULL},
    {"a bad length", "Content-Length: x\n\n", NULL},
};

static void
test_applied(void **state)
{
	const struct applied *row = *state;
	struct cors_policy *policy = policy_of(policy_text);
	struct cors_request *r = cors_request_new();
	struct output o = {0};
	int result;

	assert_int_equal(cors_decide(r, policy, actual), 0);
	result = cors_apply(r, row->block, strlen(row->block), write_text, &o);
	assert_int_equal(result, row->want == NULL ? -1 : 0);
	if (row->want == NULL)
		assert_int_equal(errno, EBADMSG);
	assert_string_equal(o.text, row->want == NULL ? "" : row->want);
	if (row->want != NULL) {
		o = (struct output){.stop_at = 1};
		assert_int_equal(cors_apply(r, row->block, strlen(row->block),
					    write_text, &o),
				 7);
		assert_int_equal(o.calls, 1);
	}
	cors_request_free(r);
	cors_free(policy);
}

#define OURS                                                                   \
	"Access-Control-Allow-Origin=https://a.com\n"                          \
	"Access-Control-Expose-Headers=x-total\nVary=Origin\n"

static const struct listed {
	const char *name;
	const char *headers[4];
	const char *want; /* NULL: EBADMSG */
} listed[] = {
    {"none", {NULL}, OURS},
    {"some", {"Content-Type: a/b", "X:y"}, "Content-Type=a/b\nX=y\n" OURS},
    {"its own CORS", {"Access-Control-Allow-Origin: *"}, OURS},
    /* No internal redirect of a server: only CGI has that. */
    {"a Location", {"Location: /a"}, "Location=/a\n" OURS},
    {"a Status", {"status: 404 No"}, "status=404 No\n" OURS},
    {"no colon", {"Content-Type"}, NULL},
    {"no name", {": a"}, NULL},
    {"a blank in the name", {"A : a"}, NULL},
    {"two lines", {"A: b\r\nC: d"}, NULL},
    {"a bad length", {"Content-Length: x"}, NULL},
};

static void
test_listed(void **state)
{
	const struct listed *row = *state;
	struct cors_policy *policy = policy_of(policy_text);
	struct cors_request *r = cors_request_new();
	struct output o = {0};
	int result;

	assert_int_equal(cors_apply_list(r, row->headers, write_header, &o),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(cors_decide(r, policy, actual), 0);
	result = cors_apply_list(r, row->headers, write_header, &o);
	assert_int_equal(result, row->want == NULL ? -1 : 0);
	if (row->want == NULL)
		assert_int_equal(errno, EBADMSG);
	assert_string_equal(o.text, row->want == NULL ? "" : row->want);
	if (row->want != NULL) {
		o = (struct output){.stop_at = 1};
		assert_int_equal(
		    cors_apply_list(r, row->headers, write_header, &o), 7);
		assert_int_equal(o.calls, 1);
	}
	cors_request_free(r);
	cors_free(policy);
}

/* ---- threads ---- */

enum { THREADS = 8, TURNS = 300 };

/* Every row repeatedly; returns the number of wrong ones.  cmocka's
 * assertions are not thread-safe. */
static void *
decide_many(void *arg)
{
	const struct cors_policy *policy = arg;
	struct cors_request *r = cors_request_new();
	uintptr_t wrong = r == NULL;

	for (size_t i = 0; r != NULL && i < TURNS * UNIT_COUNT(decided); i++) {
		const struct decided *row = &decided[i % UNIT_COUNT(decided)];
		struct variables v;
		struct output o = {0};

		set_variables(&v, row);
		wrong += cors_decide(r, policy, v.list) != 0;
		wrong += cors_status(r) != row->status;
		wrong += strcmp(cors_reason(r), row->reason) != 0;
		if (row->status != 0)
			wrong += cors_answer(r, write_text, &o) != 0;
		else
			wrong +=
			    cors_apply(r, "A: b\n\n", 6, write_text, &o) != 0;
		wrong += cors_changed(policy) != 0;
	}
	cors_request_free(r);
	return (void *)wrong;
}

static void
test_threads(void **state)
{
	struct cors_policy *policy = policy_of(policy_text);
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, decide_many, policy), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	cors_free(policy);
}

int
main(void)
{
	struct CMUnitTest tests[64];
	size_t n = 0;

	UNIT_TEST(tests, n, test_errors);
	UNIT_TEST(tests, n, test_changed);
	UNIT_ROWS(tests, n, decided, test_decided);
	UNIT_TEST(tests, n, test_no_policy);
	UNIT_TEST(tests, n, test_bad_host);
	UNIT_TEST(tests, n, test_answer);
	UNIT_ROWS(tests, n, applied, test_applied);
	UNIT_ROWS(tests, n, listed, test_listed);
	UNIT_TEST(tests, n, test_threads);
	return unit_run(tests, n);
}
