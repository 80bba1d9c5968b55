/*
 * FastCGI records of a client: written records are read back by a simple
 * decoder of the specification; input may be split anywhere, padded, mixed
 * with standard error, or not FastCGI at all.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fastcgi/record.h"

/* Memory that ends at a page that cannot be touched. */
static unsigned char *
fenced(size_t len, void **base, size_t *size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (len + page) / page * page;
	unsigned char *p = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + whole, page, PROT_NONE), 0);
	*base = p;
	*size = whole + page;
	return p + whole - len;
}

/* ---- writing ---- */

struct stream {
	unsigned char *bytes;
	size_t len;
	size_t records;
	bool ended;
};

/* Take the records of one type from p: their contents in one piece. */
static const unsigned char *
gather(const unsigned char *p, const unsigned char *end, unsigned type,
       struct stream *out)
{
	out->bytes = malloc((size_t)(end - p) + 1);
	assert_non_null(out->bytes);
	out->len = out->records = 0;
	out->ended = false;
	while (p < end && p[1] == type && !out->ended) {
		assert_true(end - p >= 8);
		size_t content = (size_t)p[4] << 8 | p[5];
		assert_int_equal(p[0], 1);
		assert_int_equal(p[2] << 8 | p[3], RECORD_ID);
		assert_true((size_t)(end - p) >= 8 + content + p[6]);
		memcpy(out->bytes + out->len, p + 8, content);
		out->len += content;
		out->records++;
		out->ended = content == 0;
		p += 8 + content + p[6];
	}
	return p;
}

static size_t
read_length(const unsigned char **p, const unsigned char *end)
{
	assert_true(*p < end);
	if ((**p & 0x80) == 0)
		return *(*p)++;
	assert_true(end - *p >= 4);
	size_t n = (size_t)((*p)[0] & 0x7f) << 24 | (size_t)(*p)[1] << 16 |
		   (size_t)(*p)[2] << 8 | (*p)[3];
	*p += 4;
	/* the short form must be used if possible */
	assert_true(n > 127);
	return n;
}

static void
check_pairs(const struct stream *stream, char *const *variables)
{
	const unsigned char *p = stream->bytes, *end = p + stream->len;

	for (; *variables != NULL; variables++) {
		const char *equals = strchr(*variables, '=');
		if (equals == NULL || equals == *variables)
			continue;
		size_t name = read_length(&p, end);
		size_t value = read_length(&p, end);
		assert_true((size_t)(end - p) >= name + value);
		assert_int_equal(name, (size_t)(equals - *variables));
		assert_int_equal(value, strlen(equals + 1));
		assert_memory_equal(p, *variables, name);
		assert_memory_equal(p + name, equals + 1, value);
		p += name + value;
	}
	assert_ptr_equal(p, end);
}

/* The request with a body of so many bytes in it. */
static void
check_request(char *const *variables, size_t body, bool keep)
{
	size_t size, room = record_body_size(body), len;
	void *base;
	unsigned char *out =
	    fenced(record_request_size(variables, body), &base, &size);
	const unsigned char *p = out, *end;
	struct stream params, in;

	len = record_request_put(out, variables, keep);
	for (size_t i = 0; i < body; i++)
		out[len + room - body + i] = (unsigned char)(i * 7);
	record_body_put(out + len, body);
	len += room;
	len += fcgi_header_put(out + len, FCGI_STDIN, RECORD_ID, 0);
	assert_int_equal(len, record_request_size(variables, body));
	end = out + len;
	assert_memory_equal(p,
			    keep ? "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
				 : "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0",
			    16);
	p = gather(p + 16, end, FCGI_PARAMS, &params);
	assert_true(params.ended);
	check_pairs(&params, variables);
	p = gather(p, end, FCGI_STDIN, &in);
	assert_true(in.ended);
	assert_ptr_equal(p, end);
	assert_int_equal(in.len, body);
	for (size_t i = 0; i < body; i++)
		assert_int_equal(in.bytes[i], (unsigned char)(i * 7));
	assert_int_equal(in.records,
			 1 + (body + RECORD_CONTENT - 1) / RECORD_CONTENT);
	free(params.bytes);
	free(in.bytes);
	(void)munmap(base, size);
}

/* "NAME=xxx" with so many bytes on each side. */
static char *
variable(size_t name, size_t value)
{
	char *text = malloc(name + value + 2);

	assert_non_null(text);
	memset(text, 'N', name);
	text[name] = '=';
	memset(text + name + 1, 'v', value);
	text[name + 1 + value] = '\0';
	return text;
}

static const struct request_row {
	const char *name;
	size_t names[4], values[4];
	size_t body;
} request_rows[] = {
    {"no parameter", {0}, {0}, 0},
    {"a few parameters", {1, 12, 20}, {0, 1, 100}, 0},
    {"lengths around 127", {127, 128, 126, 129}, {128, 127, 129, 126}, 0},
    {"parameters that fill a record", {4}, {65528 - 4 - 1 - 4}, 1},
    {"one byte more", {4}, {65528 - 4 - 1 - 4 + 1}, 1},
    {"parameters in many records", {300, 5}, {400000, 70000}, 10},
    {"a body of one byte", {5}, {5}, 1},
    {"a body that fills a record", {5}, {5}, 65528},
    {"a body of one byte more", {5}, {5}, 65529},
    {"a body of three records", {5}, {5}, 3 * 65528 - 1},
};

static void
test_request(void **state)
{
	const struct request_row *row = *state;
	char *variables[5] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < 4 && row->names[i] > 0; i++)
		variables[n++] = variable(row->names[i], row->values[i]);
	check_request(variables, row->body, false);
	check_request(variables, row->body, true);
	while (n > 0)
		free(variables[--n]);
}

/* Strings that are not variables are left out. */
static void
test_no_variable(void **state)
{
	char none[] = "NONE", empty[] = "=x", good[] = "A=b=c", last[] = "B=";
	char *variables[] = {none, empty, good, last, NULL};

	(void)state;
	check_request(variables, 3, false);
	assert_int_equal(record_request_size(variables, 0),
			 16 + 8 + (2 + 4) + (2 + 1) + 8 + 8);
}

/* ---- reading ---- */

struct answer {
	char out[1 << 18], err[4096];
	size_t out_len, err_len;
	enum record_event last;
	uint32_t app;
	unsigned protocol;
	size_t used; /* bytes taken */
};

/* Read text in steps of at most step bytes, each before a fence. */
static void
read_all(const unsigned char *text, size_t len, size_t step,
	 struct answer *answer)
{
	struct record_reader reader;
	void *base;
	size_t size, at = 0;

	record_reader_init(&reader);
	answer->out_len = answer->err_len = 0;
	answer->last = RECORD_MORE;
	unsigned char *end = fenced(step, &base, &size) + step;
	while (at < len && answer->last == RECORD_MORE) {
		size_t n = len - at < step ? len - at : step, done = 0, used;
		char *data = (char *)end - n;
		memcpy(data, text + at, n);
		do {
			struct slice piece = SLICE_NONE;
			answer->last = record_read(&reader, data + done,
						   n - done, &used, &piece);
			assert_true(used <= n - done);
			done += used;
			if (answer->last == RECORD_STDOUT) {
				assert_true(piece.len > 0);
				memcpy(answer->out + answer->out_len, piece.ptr,
				       piece.len);
				answer->out_len += piece.len;
			} else if (answer->last == RECORD_STDERR) {
				assert_true(piece.len > 0);
				memcpy(answer->err + answer->err_len, piece.ptr,
				       piece.len);
				answer->err_len += piece.len;
			}
		} while (answer->last == RECORD_STDOUT ||
			 answer->last == RECORD_STDERR);
		at += done;
	}
	answer->used = at;
	answer->app = reader.app_status;
	answer->protocol = reader.protocol_status;
	(void)munmap(base, size);
}

/* Records under construction. */
struct text {
	unsigned char bytes[1 << 18];
	size_t len;
};

static void
add(struct text *text, unsigned type, unsigned id, const void *content,
    size_t len, size_t padding)
{
	unsigned char *p = text->bytes + text->len;

	fcgi_header_put(p, type, id, len);
	p[6] = (unsigned char)padding;
	memcpy(p + 8, content, len);
	memset(p + 8 + len, 0xee, padding);
	text->len += 8 + len + padding;
}

#define ADD(text, type, content, padding)                                      \
	add(text, type, RECORD_ID, content, sizeof(content) - 1, padding)
#define END_OK "\0\0\0\0\0\0\0\0"

static void
mixed(struct text *text)
{
	text->len = 0;
	ADD(text, FCGI_STDOUT, "Content-Type: text/", 3);
	ADD(text, FCGI_STDERR, "PHP message: one\n", 7);
	ADD(text, FCGI_STDOUT, "", 5);
	ADD(text, FCGI_STDOUT, "plain\r\n\r\nbody", 255);
	add(text, FCGI_UNKNOWN_TYPE, 0, "\13\0\0\0\0\0\0\0", 8, 1);
	ADD(text, FCGI_STDERR, "two\n", 0);
	ADD(text, FCGI_STDERR, "", 0);
	ADD(text, FCGI_STDOUT, "", 0);
	ADD(text, FCGI_END_REQUEST, "\1\2\3\4\2\0\0\0", 9);
}

static void
check_mixed(size_t step)
{
	static struct text text;
	static struct answer answer;

	mixed(&text);
	read_all(text.bytes, text.len, step, &answer);
	assert_int_equal(answer.last, RECORD_END);
	assert_int_equal(answer.used, text.len);
	assert_int_equal(answer.out_len, 32);
	assert_memory_equal(answer.out, "Content-Type: text/plain\r\n\r\nbody",
			    32);
	assert_int_equal(answer.err_len, 21);
	assert_memory_equal(answer.err, "PHP message: one\ntwo\n", 21);
	assert_int_equal(answer.app, 0x01020304);
	assert_int_equal(answer.protocol, FCGI_OVERLOADED);
}

static void
test_mixed(void **state)
{
	(void)state;
	for (size_t step = 1; step < 600; step++)
		check_mixed(step);
}

/* CGI-125: records of the largest size there is, padded. */
static void
test_largest(void **state)
{
	static struct text text;
	static struct answer answer;
	static char content[65535];
	static const size_t steps[] = {1, 7, 8, 4096, 65535, 65536, 1 << 18};

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 31 >> 3);
	text.len = 0;
	for (int i = 0; i < 3; i++)
		add(&text, FCGI_STDOUT, RECORD_ID, content, 65535, 7);
	ADD(&text, FCGI_END_REQUEST, END_OK, 0);
	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		read_all(text.bytes, text.len, steps[i], &answer);
		assert_int_equal(answer.last, RECORD_END);
		assert_int_equal(answer.out_len, 3 * 65535);
		for (int k = 0; k < 3; k++)
			assert_memory_equal(answer.out + k * 65535, content,
					    65535);
	}
}

static const struct bad_row {
	const char *name;
	const char *bytes;
	size_t len;
	enum record_event last;
} bad_rows[] = {
#define ROW(name, bytes, last)                                                 \
	{                                                                      \
		name, bytes, sizeof(bytes) - 1, last                           \
	}
    ROW("version 2", "\2\6\0\1\0\1\0\0x", RECORD_BAD),
    ROW("version 0", "\0\6\0\1\0\1\0\0x", RECORD_BAD),
    ROW("text", "HTTP/1.1 400 Bad Request\r\n\r\n", RECORD_BAD),
    ROW("another request's output", "\1\6\0\2\0\1\0\0x", RECORD_BAD),
    ROW("output without a request", "\1\6\0\0\0\1\0\0x", RECORD_BAD),
    ROW("a client's record", "\1\5\0\1\0\1\0\0x", RECORD_BAD),
    ROW("a record of no known type", "\1\143\0\1\0\1\0\0x", RECORD_BAD),
    ROW("an end without status", "\1\3\0\1\0\7\0\0xxxxxxx", RECORD_BAD),
    ROW("a long end", "\1\3\0\1\0\11\0\0\0\0\0\0\0\0\0\0x", RECORD_END),
    ROW("an end that has only begun", "\1\3\0\1\0\10\0\0\0\0\0\0", RECORD_MORE),
    ROW("an end whose padding is missing",
	"\1\3\0\1\0\10\2\0\0\0\0\0\0\0\0\0\0", RECORD_MORE),
    ROW("half a header", "\1\6\0\1", RECORD_MORE),
    ROW("nothing", "", RECORD_MORE),
    ROW("bytes after the end", "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0garbage",
	RECORD_END),
#undef ROW
};

static void
test_bad(void **state)
{
	static struct answer answer;
	const struct bad_row *row = *state;

	for (size_t step = 1; step < 40; step++) {
		read_all((const unsigned char *)row->bytes, row->len, step,
			 &answer);
		assert_int_equal(answer.last, row->last);
		assert_int_equal(answer.out_len, 0);
		if (row->last == RECORD_END)
			assert_true(answer.used <= 17);
	}
}

static void
test_random(void **state)
{
	static unsigned char bytes[512];
	static struct answer answer, other;
	uint64_t seed = 0x5eed;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = 0;
		while (len + 16 < sizeof(bytes)) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			/* mostly bytes that look like a record */
			bytes[len++] =
			    seed >> 60 == 0 ? (unsigned char)(seed >> 33) : 1;
			bytes[len++] = (unsigned char)((seed >> 40) % 12);
			bytes[len++] = 0;
			bytes[len++] = (seed >> 50) % 8 != 0;
			bytes[len++] = 0;
			bytes[len++] = (unsigned char)((seed >> 20) % 20);
			bytes[len++] = (unsigned char)((seed >> 25) % 4);
			bytes[len++] = 0;
			for (unsigned k = bytes[len - 3] + bytes[len - 2];
			     k > 0 && len < sizeof(bytes); k--)
				bytes[len++] = (unsigned char)(seed >> k);
		}
		read_all(bytes, len, sizeof(bytes), &answer);
		read_all(bytes, len, 1 + (size_t)(seed % 9), &other);
		assert_int_equal(answer.last, other.last);
		assert_int_equal(answer.out_len, other.out_len);
		assert_int_equal(answer.err_len, other.err_len);
		assert_int_equal(answer.used, other.used);
		assert_memory_equal(answer.out, other.out, answer.out_len);
	}
}

/* Output that is taken around the reader. */
static void
test_skip(void **state)
{
	struct record_reader r;
	struct slice piece;
	size_t used;

	(void)state;
	record_reader_init(&r);
	assert_int_equal(record_output_left(&r), 0);
	assert_int_equal(
	    record_read(&r, "\1\6\0\1\0\12\2\0abc", 11, &used, &piece),
	    RECORD_STDOUT);
	assert_int_equal(used, 11);
	assert_int_equal(record_output_left(&r), 7);
	record_skip(&r, 5);
	assert_int_equal(record_output_left(&r), 2);
	record_skip(&r, 2);
	assert_int_equal(record_output_left(&r), 0);
	/* the padding, and a record without any */
	assert_int_equal(
	    record_read(&r, "pp\1\6\0\1\0\4\0\0", 10, &used, &piece),
	    RECORD_MORE);
	assert_int_equal(record_output_left(&r), 4);
	record_skip(&r, 4);
	assert_int_equal(record_read(&r, "\1\7\0\1\0\4\0\0e", 9, &used, &piece),
			 RECORD_STDERR);
	assert_int_equal(record_output_left(&r), 0);
}

int
main(void)
{
	static struct CMUnitTest
	    tests[UNIT_COUNT(request_rows) + UNIT_COUNT(bad_rows) + 5];
	size_t n = 0;

	UNIT_ROWS(tests, n, request_rows, test_request);
	UNIT_ROWS(tests, n, bad_rows, test_bad);
	tests[n++] = (struct CMUnitTest){.name = "what is no variable",
					 .test_func = test_no_variable};
	tests[n++] = (struct CMUnitTest){.name = "CGI-120 mixed, cut anywhere",
					 .test_func = test_mixed};
	tests[n++] = (struct CMUnitTest){.name = "CGI-125 largest records",
					 .test_func = test_largest};
	tests[n++] = (struct CMUnitTest){.name = "random records",
					 .test_func = test_random};
	tests[n++] = (struct CMUnitTest){.name = "output taken around",
					 .test_func = test_skip};
	return unit_run(tests, n);
}
