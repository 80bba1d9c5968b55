/*
 * The beginning of a connection is understood as libfcgi will understand it,
 * however much of it is there.
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
	enum peek_state state;
	bool body_ended;
	bool keep;
};

#define ROW(name, bytes, state, ended, keep)                                   \
	{                                                                      \
		(name), (bytes), sizeof(bytes) - 1, (state), (ended), (keep)   \
	}

static const struct row rows[] = {
    ROW("nothing", "", PEEK_MORE, false, false),
    ROW("BEGIN alone", BEGIN, PEEK_MORE, false, false),
    ROW("no parameters", BEGIN PARAMS_END, PEEK_READY, false, false),
    ROW("no parameters, no body", BEGIN PARAMS_END STDIN_END, PEEK_READY, true,
	false),
    ROW("kept", BEGIN_KEEP PARAMS_END STDIN_END, PEEK_READY, true, true),
    ROW("a parameter", BEGIN PARAMS("\5") "\1\2ABC" PARAMS_END, PEEK_READY,
	false, false),
    ROW("a parameter in two records",
	BEGIN PARAMS("\3") "\1\2A" PARAMS("\2") "BC" PARAMS_END, PEEK_READY,
	false, false),
    ROW("its lengths in two records",
	BEGIN PARAMS("\1") "\1" PARAMS("\4") "\2ABC" PARAMS_END, PEEK_READY,
	false, false),
    ROW("lengths of four bytes",
	BEGIN PARAMS("\13") "\200\0\0\1\200\0\0\2ABC" PARAMS_END, PEEK_READY,
	false, false),
    ROW("one of four, one of one",
	BEGIN PARAMS("\10") "\200\0\0\1\2ABC" PARAMS_END, PEEK_READY, false,
	false),
    ROW("one of one, one of four",
	BEGIN PARAMS("\10") "\1\200\0\0\2ABC" PARAMS_END, PEEK_READY, false,
	false),
    ROW("empty name and value", BEGIN PARAMS("\2") "\0\0" PARAMS_END,
	PEEK_READY, false, false),
    ROW("padding",
	BEGIN "\1\4\0\1\0\5\3\0"
	      "\1\2ABCxyz" PARAMS_END "\1\5\0\1\0\1\1\0"
	      "bx" STDIN_END,
	PEEK_READY, true, false),
    ROW("padding behind the end of the parameters",
	BEGIN "\1\4\0\1\0\0\2\0"
	      "xy" STDIN_END,
	PEEK_BAD, false, false),
    ROW("a body, not ended", BEGIN PARAMS_END STDIN("\2") "ab", PEEK_READY,
	false, false),
    ROW("a body, ended", BEGIN PARAMS_END STDIN("\2") "ab" STDIN_END,
	PEEK_READY, true, false),
    ROW("another request's record between",
	BEGIN "\1\4\0\7\0\1\0\0"
	      "z" PARAMS_END STDIN_END,
	PEEK_BAD, false, false),
    ROW("another request begun between", BEGIN BEGIN_ID_7 PARAMS_END STDIN_END,
	PEEK_READY, true, false),
    ROW("a management record between",
	BEGIN "\1\11\0\0\0\1\0\0"
	      "z" PARAMS_END STDIN_END,
	PEEK_BAD, false, false),
    ROW("ends in a parameter", BEGIN PARAMS("\5") "\1\7ABC" PARAMS_END,
	PEEK_BAD, false, false),
    ROW("ends in a length", BEGIN PARAMS("\1") "\1" PARAMS_END, PEEK_BAD, false,
	false),
    ROW("version 2",
	"\2\1\0\1\0\10\0\0"
	"\0\1\0\0\0\0\0\0",
	PEEK_BAD, false, false),
    ROW("version 0 behind BEGIN", BEGIN "\0\4\0\1\0\0\0\0", PEEK_BAD, false,
	false),
    ROW("HTTP", "GET / HTTP/1.0\r\n\r\n", PEEK_BAD, false, false),
    ROW("PARAMS first", PARAMS_END, PEEK_BAD, false, false),
    ROW("STDIN for PARAMS", BEGIN STDIN_END, PEEK_BAD, false, false),
    ROW("ABORT for PARAMS", BEGIN "\1\2\0\1\0\0\0\0", PEEK_BAD, false, false),
    ROW("id 0", BEGIN_ID_0, PEEK_BAD, false, false),
    ROW("BEGIN of seven bytes",
	"\1\1\0\1\0\7\0\0"
	"\0\1\0\0\0\0\0",
	PEEK_BAD, false, false),
    ROW("BEGIN with padding", BEGIN_PADDED, PEEK_BAD, false, false),
    ROW("another role", BEGIN_ROLE_2, PEEK_ROLE, false, false),
    ROW("management first",
	"\1\11\0\0\0\2\0\0"
	"ab",
	PEEK_MANAGEMENT, false, false),
    ROW("management not whole",
	"\1\11\0\0\0\2\0\0"
	"a",
	PEEK_MORE, false, false),
    ROW("management too long", "\1\11\0\0\4\1\0\0", PEEK_BAD, false, false),
    ROW("2 GiB announced for a name",
	BEGIN PARAMS("\10") "\377\377\377\377\0ABC", PEEK_LARGE, false, false),
    ROW("2 GiB announced for both",
	BEGIN PARAMS("\10") "\377\377\377\377\377\377\377\377", PEEK_LARGE,
	false, false),
    ROW("64K announced", BEGIN PARAMS("\10") "\200\0\0\1\200\0\377\376",
	PEEK_LARGE, false, false),
    ROW("two bytes under 64K announced",
	BEGIN PARAMS("\10") "\200\0\0\1\200\0\377\375", PEEK_MORE, false,
	false),
};

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct slice s = unit_guard(slice_of(row->bytes, row->len));
	struct peek k = peek_look(s.ptr, s.len);

	assert_int_equal(k.state, row->state);
	assert_int_equal(k.body_ended, row->body_ended);
	if (k.begun)
		assert_int_equal(k.keep, row->keep);
	unit_unguard(s);
}

/* Less of it is never worse or further: a row that is good at its end was
 * MORE all the way, and one that is bad never was good before. */
static void
test_prefixes(void **state)
{
	const struct row *row = *state;

	for (size_t n = 0; n < row->len; n++) {
		struct slice s = unit_guard(slice_of(row->bytes, n));
		enum peek_state got = peek_look(s.ptr, s.len).state;

		if (got != PEEK_MORE)
			assert_int_equal(got, row->state);
		unit_unguard(s);
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
		p += wire_header_put(p, WIRE_PARAMS, 1, 5 + 4 + value);
		*p++ = 4;
		*p++ = (unsigned char)(0x80 | value >> 24);
		*p++ = (unsigned char)(value >> 16);
		*p++ = (unsigned char)(value >> 8);
		*p++ = (unsigned char)value;
		memset(p, 'N', 4 + value);
		p += 4 + value;
	}
	p += wire_header_put(p, WIRE_PARAMS, 1, 0);
	return (size_t)(p - start);
}

static void
test_bounds(void **state)
{
	static unsigned char bytes[1 << 17];
	const size_t fits = WIRE_PARAMETERS_BYTES / 64 - 4 - 2;

	(void)state;
	assert_int_equal(peek_look(bytes, put_request(bytes, 500, 10)).state,
			 PEEK_READY);
	assert_int_equal(peek_look(bytes, put_request(bytes, 501, 10)).state,
			 PEEK_LARGE);
	assert_int_equal(peek_look(bytes, put_request(bytes, 64, fits)).state,
			 PEEK_READY);
	assert_int_equal(
	    peek_look(bytes, put_request(bytes, 64, fits + 1)).state,
	    PEEK_LARGE);
	assert_int_equal(peek_look(bytes, put_request(bytes, 2, 32762)).state,
			 PEEK_READY);
	assert_int_equal(peek_look(bytes, put_request(bytes, 2, 32763)).state,
			 PEEK_LARGE);
}

static void
test_used(void **state)
{
	static const char whole[] = BEGIN PARAMS_END STDIN_END;
	static const char management[] = "\1\11\0\0\0\2\1\0"
					 "abx" BEGIN;

	(void)state;
	assert_int_equal(peek_look(whole, sizeof(whole) - 1).used, 24);
	assert_int_equal(peek_look(management, sizeof(management) - 1).used,
			 11);
}

/* Which requests lie there whole and without a body, and how long they are. */
static void
test_whole(void **state)
{
	static const char bare[] = BEGIN PARAMS_END STDIN_END;
	static const char more[] = BEGIN PARAMS_END STDIN_END "more";
	static const char body[] = BEGIN PARAMS_END STDIN("\2") "ab" STDIN_END;
	static const char open[] = BEGIN PARAMS_END;
	static const char other[] = BEGIN BEGIN_ID_7 PARAMS_END STDIN_END;

	(void)state;
	assert_int_equal(peek_look(bare, sizeof(bare) - 1).whole, 32);
	assert_int_equal(peek_look(more, sizeof(more) - 1).whole, 32);
	assert_int_equal(peek_look(body, sizeof(body) - 1).whole, 0);
	assert_int_equal(peek_look(open, sizeof(open) - 1).whole, 0);
	assert_int_equal(peek_look(other, sizeof(other) - 1).whole, 0);
	assert_true(peek_look(other, sizeof(other) - 1).strange);
	assert_false(peek_look(bare, sizeof(bare) - 1).strange);
}

/* The parameters, however they were cut; nothing is written past their size. */
static void
check_parameters(const char *request, size_t len)
{
	static const char want[] = "A=BC\0DE=\0F=\1x";
	char bytes[256];
	char *list[4];
	struct peek k;
	struct slice text = unit_guard(slice_of(want, sizeof(want)));
	char *to = (char *)(uintptr_t)text.ptr;

	memcpy(bytes, request, len);
	k = peek_look(bytes, len);
	assert_int_equal(k.state, PEEK_READY);
	assert_int_equal(k.count, 3);
	assert_int_equal(k.text, sizeof(want));
	peek_parameters(&k, bytes, to, list);
	assert_memory_equal(to, want, sizeof(want));
	assert_ptr_equal(list[0], to);
	assert_ptr_equal(list[1], to + 5);
	assert_ptr_equal(list[2], to + 9);
	assert_null(list[3]);
	unit_unguard(text);
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

static void
test_bounded(void **state)
{
	static char large[WIRE_PARAMETERS_BYTES];
	static char *many[WIRE_PARAMETERS + 2];
	static char *one[2] = {large, NULL};

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	assert_true(peek_bounded(one));
	for (size_t i = 0; i < WIRE_PARAMETERS; i++)
		many[i] = large + sizeof(large) - 2;
	assert_true(peek_bounded(many));
	many[WIRE_PARAMETERS] = many[0];
	assert_false(peek_bounded(many));
	one[0] = large;
	many[0] = large;
	many[1] = large + sizeof(large) - 1;
	many[2] = NULL;
	assert_false(peek_bounded(many));
}

/* Whatever comes: no crash, no read beyond the end. */
static void
test_noise(void **state)
{
	uint32_t seed = 20240517;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char bytes[96];
		size_t len = 0;

		memcpy(bytes, BEGIN, 16);
		for (len = i % 3 == 0 ? 0 : 16; len < sizeof(bytes); len++) {
			seed = seed * 1664525 + 1013904223;
			bytes[len] = (char)(seed >> 24);
			if (i % 2 == 0 && len % 8 < 6)
				bytes[len] = "\1\4\0\1\0\12"[len % 8];
		}
		len = seed >> 8 & 63;
		struct slice s = unit_guard(slice_of(bytes, len + 32));
		struct peek k = peek_look(s.ptr, s.len);
		assert_true(k.state <= PEEK_BAD);
		unit_unguard(s);
	}
}

static void
assert_answer(const char *record, size_t len, const char *want, size_t want_len)
{
	unsigned char answer[PEEK_ANSWER_MAX];
	struct slice s = unit_guard(slice_of(record, len));
	size_t n = peek_answer(s.ptr, s.len, 32, answer);

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

/* Asked for the same again and again, the answer keeps within its buffer. */
static void
test_answer_bound(void **state)
{
	unsigned char record[WIRE_HEADER + 60 * 16];
	unsigned char answer[PEEK_ANSWER_MAX];

	(void)state;
	wire_header_put(record, WIRE_GET_VALUES, 0, 60 * 16);
	for (size_t i = 0; i < 60; i++)
		memcpy(record + WIRE_HEADER + i * 16, "\16\0FCGI_MAX_CONNS",
		       16);
	assert_in_range(peek_answer(record, sizeof(record), UINT32_MAX, answer),
			WIRE_HEADER + 26, PEEK_ANSWER_MAX);
}

int
main(void)
{
	static struct CMUnitTest tests[2 * UNIT_COUNT(rows) + 12];
	size_t n = 0;

	UNIT_ROWS(tests, n, rows, test_row);
	UNIT_ROWS(tests, n, rows, test_prefixes);
	UNIT_TEST(tests, n, test_bounds);
	UNIT_TEST(tests, n, test_used);
	UNIT_TEST(tests, n, test_whole);
	UNIT_TEST(tests, n, test_parameters);
	UNIT_TEST(tests, n, test_bounded);
	UNIT_TEST(tests, n, test_noise);
	UNIT_TEST(tests, n, test_answers);
	UNIT_TEST(tests, n, test_answer_bound);
	return unit_run(tests, n);
}
