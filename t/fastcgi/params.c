/*
 * The beginning of a request is parsed in the same way however it is split
 * into reads.
 *
 * SPDX-License-Identifier: ISC
 */
#include "fastcgi/params.h"

#include "fastcgi/protocol.h"
#include "unit.h"

#define BEGIN                                                                  \
	"\1\1\0\1\0\10\0\0"                                                    \
	"\0\1\0\0\0\0\0\0"
#define BEGIN_KEEP                                                             \
	"\1\1\0\1\0\10\0\0"                                                    \
	"\0\1\1\0\0\0\0\0"
#define BEGIN_ROLE_2                                                           \
	"\1\1\0\1\0\10\0\0"                                                    \
	"\0\2\0\0\0\0\0\0"
#define BEGIN_ID_0                                                             \
	"\1\1\0\0\0\10\0\0"                                                    \
	"\0\1\0\0\0\0\0\0"
#define BEGIN_ID_7                                                             \
	"\1\1\0\7\0\10\0\0"                                                    \
	"\0\1\0\0\0\0\0\0"
#define BEGIN_PADDED                                                           \
	"\1\1\0\1\0\10\2\0"                                                    \
	"\0\1\0\0\0\0\0\0"                                                     \
	"\0\0"
#define PARAMS(n) "\1\4\0\1\0" n "\0\0"
#define PARAMS_END "\1\4\0\1\0\0\0\0"
#define STDIN(n) "\1\5\0\1\0" n "\0\0"
#define STDIN_END "\1\5\0\1\0\0\0\0"

struct row {
	const char *name;
	const char *bytes;
	size_t len;
	enum params_event event;
	int replies; /* before that */
};

#define ROW(name, bytes, event, replies)                                       \
	{                                                                      \
		(name), (bytes), sizeof(bytes) - 1, (event), (replies)         \
	}

#define MORE PARAMS_MORE
#define READY PARAMS_READY
#define BAD PARAMS_BAD
#define LARGE PARAMS_LARGE

static const struct row rows[] = {
    ROW("nothing", "", MORE, 0),
    ROW("BEGIN alone", BEGIN, MORE, 0),
    ROW("no parameters", BEGIN PARAMS_END, READY, 0),
    ROW("no parameters, no body", BEGIN PARAMS_END STDIN_END, READY, 0),
    ROW("kept", BEGIN_KEEP PARAMS_END STDIN_END, READY, 0),
    ROW("a parameter", BEGIN PARAMS("\5") "\1\2ABC" PARAMS_END, READY, 0),
    ROW("a parameter in two records",
	BEGIN PARAMS("\3") "\1\2A" PARAMS("\2") "BC" PARAMS_END, READY, 0),
    ROW("its lengths in two records",
	BEGIN PARAMS("\1") "\1" PARAMS("\4") "\2ABC" PARAMS_END, READY, 0),
    ROW("lengths of four bytes",
	BEGIN PARAMS("\13") "\200\0\0\1\200\0\0\2ABC" PARAMS_END, READY, 0),
    ROW("one of four, one of one",
	BEGIN PARAMS("\10") "\200\0\0\1\2ABC" PARAMS_END, READY, 0),
    ROW("one of one, one of four",
	BEGIN PARAMS("\10") "\1\200\0\0\2ABC" PARAMS_END, READY, 0),
    ROW("empty name and value", BEGIN PARAMS("\2") "\0\0" PARAMS_END, READY, 0),
    ROW("padding",
	BEGIN "\1\4\0\1\0\5\3\0"
	      "\1\2ABCxyz" PARAMS_END "\1\5\0\1\0\1\1\0"
	      "bx" STDIN_END,
	READY, 0),
    ROW("padding behind the end of the parameters",
	BEGIN "\1\4\0\1\0\0\2\0"
	      "xy" STDIN_END,
	READY, 0),
    ROW("padding behind BEGIN", BEGIN_PADDED PARAMS_END STDIN_END, READY, 0),
    ROW("a body, not ended", BEGIN PARAMS_END STDIN("\2") "ab", READY, 0),
    ROW("another request's record between",
	BEGIN "\1\4\0\7\0\1\0\0"
	      "z" PARAMS_END STDIN_END,
	READY, 0),
    ROW("another request begun between",
	BEGIN BEGIN_ID_7 "\1\4\0\7\0\0\0\0" PARAMS_END STDIN_END, READY, 1),
    ROW("the same request begun between", BEGIN BEGIN PARAMS_END, BAD, 0),
    ROW("a management record between",
	BEGIN PARAMS("\3") "\1\2A"
			   "\1\11\0\0\0\1\0\0"
			   "z" PARAMS("\2") "BC" PARAMS_END STDIN_END,
	READY, 1),
    ROW("ends in a parameter", BEGIN PARAMS("\5") "\1\7ABC" PARAMS_END, BAD, 0),
    ROW("ends in a length", BEGIN PARAMS("\1") "\1" PARAMS_END, BAD, 0),
    ROW("version 2",
	"\2\1\0\1\0\10\0\0"
	"\0\1\0\0\0\0\0\0",
	BAD, 0),
    ROW("version 0 behind BEGIN", BEGIN "\0\4\0\1\0\0\0\0", BAD, 0),
    ROW("HTTP", "GET / HTTP/1.0\r\n\r\n", BAD, 0),
    ROW("PARAMS first", PARAMS_END, BAD, 0),
    ROW("STDIN for PARAMS", BEGIN STDIN_END, BAD, 0),
    ROW("ABORT for PARAMS", BEGIN "\1\2\0\1\0\0\0\0", BAD, 0),
    ROW("ABORT of another request first",
	"\1\2\0\1\0\3\2\0"
	"abcxy" BEGIN PARAMS_END,
	READY, 0),
    ROW("id 0", BEGIN_ID_0, BAD, 0),
    ROW("BEGIN of seven bytes",
	"\1\1\0\1\0\7\0\0"
	"\0\1\0\0\0\0\0",
	BAD, 0),
    ROW("another role", BEGIN_ROLE_2, PARAMS_ROLE, 0),
    ROW("management first",
	"\1\11\0\0\0\2\1\0"
	"abx" BEGIN PARAMS_END,
	READY, 1),
    ROW("management not whole",
	"\1\11\0\0\0\2\0\0"
	"a",
	MORE, 0),
    ROW("management too long", "\1\11\0\0\4\1\0\0", BAD, 0),
    ROW("2 GiB announced for a name",
	BEGIN PARAMS("\10") "\377\377\377\377\0ABC", LARGE, 0),
    ROW("2 GiB announced for both",
	BEGIN PARAMS("\10") "\377\377\377\377\377\377\377\377", LARGE, 0),
    ROW("64K announced", BEGIN PARAMS("\10") "\200\0\0\1\200\0\377\376", LARGE,
	0),
    ROW("two bytes under 64K announced",
	BEGIN PARAMS("\10") "\200\0\0\1\200\0\377\375", MORE, 0),
};

static struct params parsed;

/* Parse it in reads of so many bytes, keeping bytes that were not taken,
 * with no readable byte after it.  Returns the event that ended it; *at:
 * the bytes taken until then. */
static enum params_event
parse(const char *bytes, size_t len, size_t step, int *replies, size_t *at)
{
	enum params_event event = PARAMS_MORE;
	size_t have = 0, used;

	*at = 0;
	*replies = 0;
	params_init(&parsed);
	do {
		have = len - have < step ? len : have + step;
		do {
			struct slice s =
			    unit_guard(slice_of(bytes + *at, have - *at));
			event = params_parse(&parsed, 32, s.ptr, s.len, &used);
			unit_unguard(s);
			assert_in_range(used, 0, have - *at);
			*at += used;
			*replies += event == PARAMS_REPLY;
		} while (event == PARAMS_REPLY);
	} while (event == PARAMS_MORE && have < len);
	return event;
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	static const size_t steps[] = {1 << 20, 1, 2, 3, 7, 8, 9};
	size_t first = 0, at;
	int replies;

	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		assert_int_equal(
		    parse(row->bytes, row->len, steps[i], &replies, &at),
		    row->event);
		assert_int_equal(replies, row->replies);
		if (i == 0)
			first = at;
		if (row->event == PARAMS_READY)
			assert_int_equal(at, first);
	}
	if (row->event == PARAMS_READY)
		assert_int_equal(parsed.keep, strcmp(row->name, "kept") == 0);
}

/* A prefix never gives another result: a row that is READY at its end was
 * MORE before, and one that is an error was never READY before. */
static void
test_prefixes(void **state)
{
	const struct row *row = *state;
	int replies;
	size_t at;

	for (size_t n = 0; n < row->len; n++) {
		enum params_event got =
		    parse(row->bytes, n, 1 << 20, &replies, &at);

		if (got != PARAMS_MORE)
			assert_int_equal(got, row->event);
	}
}

/* Many parameters: count, and the size of them all. */
static size_t
put_request(unsigned char *p, size_t count, size_t value)
{
	unsigned char *start = p;

	memcpy(p, BEGIN, sizeof(BEGIN) - 1);
	p += sizeof(BEGIN) - 1;
	for (size_t i = 0; i < count; i++) {
		p += fcgi_header_put(p, FCGI_PARAMS, 1, 5 + 4 + value);
		*p++ = 4;
		*p++ = (unsigned char)(0x80 | value >> 24);
		*p++ = (unsigned char)(value >> 16);
		*p++ = (unsigned char)(value >> 8);
		*p++ = (unsigned char)value;
		memset(p, 'N', 4 + value);
		p += 4 + value;
	}
	p += fcgi_header_put(p, FCGI_PARAMS, 1, 0);
	return (size_t)(p - start);
}

static enum params_event
parse_many(size_t count, size_t value)
{
	static unsigned char bytes[1 << 17];
	int replies;
	size_t at;

	return parse((const char *)bytes, put_request(bytes, count, value),
		     4096, &replies, &at);
}

static void
test_bounds(void **state)
{
	const size_t fits = PARAMS_BYTES / 64 - 4 - 2;

	(void)state;
	assert_int_equal(parse_many(500, 10), PARAMS_READY);
	assert_int_equal(parsed.count, 500);
	assert_int_equal(parse_many(501, 10), PARAMS_LARGE);
	assert_int_equal(parse_many(64, fits), PARAMS_READY);
	assert_int_equal(parsed.used, PARAMS_BYTES);
	assert_int_equal(parse_many(64, fits + 1), PARAMS_LARGE);
	assert_int_equal(parse_many(2, 32762), PARAMS_READY);
	assert_int_equal(parse_many(2, 32763), PARAMS_LARGE);
}

/* The same with short pairs, each in one piece. */
static void
test_short_bounds(void **state)
{
	static char bytes[16 + 8 + 502 * 4 + 8];

	(void)state;
	for (size_t count = 499; count < 502; count++) {
		size_t len = 16, at;
		int replies;

		memcpy(bytes, BEGIN, 16);
		len += fcgi_header_put(bytes + len, FCGI_PARAMS, 1, count * 4);
		for (size_t i = 0; i < count; i++, len += 4)
			memcpy(bytes + len, "\1\1NV", 4);
		len += fcgi_header_put(bytes + len, FCGI_PARAMS, 1, 0);
		assert_int_equal(parse(bytes, len, 1 << 20, &replies, &at),
				 count <= 500 ? PARAMS_READY : PARAMS_LARGE);
	}
}

/* What is taken ends where the body begins. */
static void
test_used(void **state)
{
	static const char whole[] = BEGIN PARAMS_END STDIN_END;
	static const char padded[] = BEGIN "\1\4\0\1\0\0\2\0"
					   "xy" STDIN_END;
	int replies;
	size_t at;

	(void)state;
	(void)parse(whole, sizeof(whole) - 1, 1 << 20, &replies, &at);
	assert_int_equal(at, 24);
	assert_int_equal(parsed.skip, 0);
	(void)parse(padded, sizeof(padded) - 1, 1 << 20, &replies, &at);
	assert_int_equal(at, 24);
	assert_int_equal(parsed.skip, 2);
}

/* The parameters, however they were split. */
static void
check_parameters(const char *request, size_t len)
{
	static const char want[] = "A=BC\0DE=\0F=\1x";
	static const size_t steps[] = {1, 5, 100};
	int replies;
	size_t at;

	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		assert_int_equal(parse(request, len, steps[i], &replies, &at),
				 PARAMS_READY);
		assert_int_equal(parsed.count, 3);
		assert_int_equal(parsed.used, sizeof(want));
		assert_memory_equal(parsed.text, want, sizeof(want));
		assert_ptr_equal(parsed.list[0], parsed.text);
		assert_ptr_equal(parsed.list[1], parsed.text + 5);
		assert_ptr_equal(parsed.list[2], parsed.text + 9);
		assert_null(parsed.list[3]);
	}
}

static void
test_parameters(void **state)
{
	static const char one[] =
	    BEGIN PARAMS("\16") "\1\2ABC\2\0DE\1\2F\0x" PARAMS_END STDIN_END;
	static const char cut[] =
	    BEGIN "\1\4\0\1\0\3\5\0"
		  "\1\2Axxxxx" PARAMS("\4") "BC\2\0" PARAMS(
		      "\7") "DE\1\2F\0x" PARAMS_END STDIN_END;

	(void)state;
	check_parameters(one, sizeof(one) - 1);
	check_parameters(cut, sizeof(cut) - 1);
}

/* Each NUL, wherever it stands. */
static void
test_nuls(void **state)
{
	static const char request[] =
	    BEGIN PARAMS("\15") "\3\5\0A\0\0\0b\0\0\1\0N" PARAMS_END;
	static const char want[] = "\1A\1=\1\1b\1\1\0N=";
	int replies;
	size_t at;

	(void)state;
	assert_int_equal(
	    parse(request, sizeof(request) - 1, 1 << 20, &replies, &at),
	    PARAMS_READY);
	assert_memory_equal(parsed.text, want, sizeof(want));
}

/* The reply that refuses a role or a second request has the right id. */
static void
test_refusals(void **state)
{
	static const char second[] = BEGIN BEGIN_ID_7;
	size_t used;

	(void)state;
	params_init(&parsed);
	assert_int_equal(params_parse(&parsed, 32, BEGIN_ROLE_2, 16, &used),
			 PARAMS_ROLE);
	assert_int_equal(parsed.reply_len, 16);
	assert_memory_equal(parsed.reply,
			    "\1\3\0\1\0\10\0\0"
			    "\0\0\0\0\3\0\0\0",
			    16);
	params_init(&parsed);
	assert_int_equal(params_parse(&parsed, 32, second, 32, &used),
			 PARAMS_REPLY);
	assert_memory_equal(parsed.reply,
			    "\1\3\0\7\0\10\0\0"
			    "\0\0\0\0\1\0\0\0",
			    16);
}

/* For any input: no crash, no read beyond the end, and the same result
 * however it is split. */
static void
test_noise(void **state)
{
	uint32_t seed = 20240517;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char bytes[96];
		int replies[2];
		size_t len = 0, at;

		memcpy(bytes, BEGIN, 16);
		for (len = i % 3 == 0 ? 0 : 16; len < sizeof(bytes); len++) {
			seed = seed * 1664525 + 1013904223;
			bytes[len] = (char)(seed >> 24);
			if (i % 2 == 0 && len % 8 < 6)
				bytes[len] = "\1\4\0\1\0\12"[len % 8];
		}
		len = (seed >> 8 & 63) + 32;
		enum params_event whole =
		    parse(bytes, len, 1 << 20, &replies[0], &at);
		assert_int_equal(
		    parse(bytes, len, (size_t)i % 16 + 1, &replies[1], &at),
		    whole);
		assert_int_equal(replies[0], replies[1]);
	}
}

static void
assert_answer(const char *record, size_t len, const char *want, size_t want_len)
{
	unsigned char answer[PARAMS_REPLY_MAX];
	struct slice s = unit_guard(slice_of(record, len));
	size_t n = params_manage(s.ptr, 32, answer);

	assert_int_equal(n, want_len);
	assert_memory_equal(answer, want, want_len);
	unit_unguard(s);
}

#define ANSWER(record, want)                                                   \
	assert_answer((record), sizeof(record) - 1, (want), sizeof(want) - 1)

static void
test_answers(void **state)
{
	(void)state;
	ANSWER("\1\11\0\0\0\20\0\0"
	       "\16\0FCGI_MAX_CONNS",
	       "\1\12\0\0\0\22\0\0"
	       "\16\2FCGI_MAX_CONNS32");
	ANSWER("\1\11\0\0\0\40\0\0"
	       "\15\0FCGI_MAX_REQS\17\0FCGI_MPXS_CONNS",
	       "\1\12\0\0\0\43\0\0"
	       "\15\2FCGI_MAX_REQS32\17\1FCGI_MPXS_CONNS0");
	ANSWER("\1\11\0\0\0\5\0\0"
	       "\3\0FOO",
	       "\1\12\0\0\0\0\0\0");
	ANSWER("\1\11\0\0\0\2\0\0"
	       "\377\0",
	       "\1\12\0\0\0\0\0\0");
	ANSWER("\1\11\0\0\0\1\0\0"
	       "\3",
	       "\1\12\0\0\0\0\0\0");
	ANSWER("\1\11\0\0\0\0\0\0", "\1\12\0\0\0\0\0\0");
	ANSWER("\1\115\0\0\0\3\0\0"
	       "abc",
	       "\1\13\0\0\0\10\0\0"
	       "\115\0\0\0\0\0\0\0");
}

/* Names that are unknown and long take no room in the reply. */
static void
test_answer_unknown(void **state)
{
	enum { LONG = 200 };
	unsigned char record[FCGI_HEADER_LEN + 5 + LONG + 17] = "";
	unsigned char answer[PARAMS_REPLY_MAX];
	unsigned char *at = record + FCGI_HEADER_LEN;

	(void)state;
	fcgi_header_put(record, FCGI_GET_VALUES, 0, 5 + LONG + 17);
	memcpy(at, "\200\0\0\310\0", 5);
	memset(at + 5, 'N', LONG);
	memcpy(at + 5 + LONG, "\17\0FCGI_MPXS_CONNS", 17);
	assert_int_equal(params_manage(record, 32, answer),
			 FCGI_HEADER_LEN + 18);
	assert_memory_equal(answer + FCGI_HEADER_LEN, "\17\1FCGI_MPXS_CONNS0",
			    18);
}

/* If the same variable is requested repeatedly, the reply stays within its
 * buffer. */
static void
test_answer_bound(void **state)
{
	unsigned char record[FCGI_HEADER_LEN + 60 * 16];
	unsigned char answer[PARAMS_REPLY_MAX];

	(void)state;
	fcgi_header_put(record, FCGI_GET_VALUES, 0, 60 * 16);
	for (size_t i = 0; i < 60; i++)
		memcpy(record + FCGI_HEADER_LEN + i * 16, "\16\0FCGI_MAX_CONNS",
		       16);
	assert_in_range(params_manage(record, UINT32_MAX, answer),
			FCGI_HEADER_LEN + 26, PARAMS_REPLY_MAX);
}

int
main(void)
{
	static struct CMUnitTest tests[2 * UNIT_COUNT(rows) + 13];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	UNIT_ROWS(tests, n, rows, test_prefixes);
	UNIT_TEST(tests, n, test_bounds);
	UNIT_TEST(tests, n, test_short_bounds);
	UNIT_TEST(tests, n, test_used);
	UNIT_TEST(tests, n, test_parameters);
	UNIT_TEST(tests, n, test_nuls);
	UNIT_TEST(tests, n, test_refusals);
	UNIT_TEST(tests, n, test_noise);
	UNIT_TEST(tests, n, test_answers);
	UNIT_TEST(tests, n, test_answer_unknown);
	UNIT_TEST(tests, n, test_answer_bound);
	return unit_run(tests, n);
}
