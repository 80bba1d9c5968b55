/*
 * The header block against a second implementation that is slow and plain:
 * lines are copied out of the text one by one and rules applied in the order
 * in which they are written down.  If the two differ, one of them is wrong.
 * The inputs are random, but the same in every run.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "header_plain.h"

enum { ROUNDS = 3000 };

/* ---- random output of a program ---- */

static const char *const pieces[] = {
    "Status: 200 OK",
    "Status: 404",
    "status:  301 X ",
    "Status: 103",
    "Status: 700",
    "Status: x",
    "HTTP/1.1 200 OK",
    "HTTP/1.0 404",
    "HTTP/1.1",
    "HTTP/ 200",
    "Content-Type: text/html",
    "Content-Length: 5",
    "content-length:5",
    "Content-Length: 6",
    "Content-Length: x",
    "Location: /x",
    "Location: http://b/",
    "LOCATION: //x",
    "Vary: Accept, Origin",
    "vary: *",
    "Vary: a,,b ,c d",
    "Access-Control-Allow-Origin: *",
    "access-control-allow-origin: x",
    "Access-Control-Max-Age: 5",
    "Access-Control-Expose-Headers: X-One, *, x-total,x-two",
    "Access-Control-",
    "Access-Control-: x",
    "Timing-Allow-Origin: *",
    "Set-Cookie: a=b",
    "Set-Cookie: c=d",
    "X-A: 1",
    "x-a: 2",
    "X-B : 1",
    "X-C:",
    ": x",
    ":",
    " folded",
    "\tfolded: twice ",
    " ",
    "no colon",
    "Connection: close",
    "Keep-Alive: 1",
    "Proxy-X: 1",
    "Proxy-: 1",
    "TE: x",
    "Trailer: x",
    "Upgrade: x",
    "Transfer-Encoding: chunked",
    "X-D: a\rb",
    "X-E: a\x01",
    "X-F: \xc3\xa9",
    "X-G: a\tb ",
    "X(H): 1",
    "ETag: \"x\"",
    "Expires: 0",
    "<p>a</p>",
    "\r",
    "X-Long: 012345678901234567890123456789012345678901234567890123456789"};

static size_t
random_text(char text[TEXT_MAX], uint64_t *seed)
{
	static const char *const ends[] = {"\n",   "\n",   "\r\n",     "\r\n",
					   "\r\n", "\n\n", "\r\n\r\n", "\n\r\n",
					   "\r",   ""};
	size_t len = 0, lines = (size_t)(kit_random(seed) % 12);

	for (size_t i = 0; i < lines; i++) {
		const char *piece =
		    pieces[kit_random(seed) % UNIT_COUNT(pieces)];
		const char *end =
		    ends[kit_random(seed) %
			 (kit_random(seed) % 3 == 0 ? UNIT_COUNT(ends) : 5)];
		len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s%s",
					piece, end);
	}
	if (kit_random(seed) % 4 != 0)
		len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s",
					"\n\nbody\n\nof it");
	/* Sometimes a byte that is invalid there. */
	if (len > 0 && kit_random(seed) % 3 == 0)
		text[kit_random(seed) % len] = "\0\n\r :\t\x7f"
					       "A"[kit_random(seed) % 8];
	return len;
}

/* Print the details of a difference. */
static void
report(struct slice text, size_t cap, const struct result *got,
       enum header_fault fault)
{
	print_message("# cap %zu, fault %d, expected %d, input:\n# ", cap,
		      (int)got->fault, (int)fault);
	for (size_t i = 0; i < text.len; i++)
		print_message(isprint((unsigned char)text.ptr[i]) ? "%c"
								  : "\\x%02x",
			      (unsigned char)text.ptr[i]);
	print_message("\n# got: %.*s\n# expected: %s\n", (int)got->body,
		      got->out, out);
}

static void
one_round(const struct kit *kit, enum kit_case which, uint64_t *seed)
{
	static const size_t caps[] = {64, 200, 4096, 4096};
	static struct result whole, some;
	char text[TEXT_MAX];
	struct slice input = slice_of(text, random_text(text, seed));
	uint64_t bits = kit_random(seed);
	size_t cap = caps[kit_random(seed) % UNIT_COUNT(caps)], body = 0;
	const struct header_options options = {
	    .lenient = bits & 256,
	    .redirect_302 = bits & 512,
	    .keep_transfer_encoding = bits & 1024,
	    .server_redirects = bits & 2048,
	};
	const struct cors_decision *decision = kit_decision(kit, which);
	bool early, same;

	kit_run(input, cap, &options, decision, kit_whole, NULL, &whole);
	kit_run(input, cap, &options, decision, kit_some, seed, &some);
	kit_same(&whole, &some);
	kit_run(input, cap, &options, decision, kit_byte, NULL, &some);
	kit_same(&whole, &some);
	enum header_fault fault =
	    read_plain(input, cap, &options, &early, &body);
	out[0] = '\0';
	if (fault == HEADER_FAULT_NONE) {
		if (early) {
			plain.count = 0;
			plain.status = 0;
		}
		write_plain(which, early, &options);
	}
	same = whole.fault == fault && whole.body == strlen(out) &&
	       memcmp(whole.out, out, whole.body) == 0;
	if (same && fault == HEADER_FAULT_NONE)
		same = whole.len - whole.body == input.len - body &&
		       memcmp(whole.out + whole.body, text + body,
			      input.len - body) == 0;
	if (!same)
		report(input, cap, &whole, fault);
	assert_true(same);
}

/* Random bytes: the output may only have well-formed lines. */
static void
noise(const struct kit *kit, enum kit_case which, uint64_t *seed)
{
	static const char alphabet[] = "\r\n\n\n: \t:aZ-*,/\0\x80";
	static struct result result;
	char text[256];
	struct header_options options = {.lenient = true};
	size_t len = kit_random(seed) % sizeof(text);

	for (size_t i = 0; i < len; i++)
		text[i] = alphabet[kit_random(seed) % (sizeof(alphabet) - 1)];
	kit_run(slice_of(text, len), 128, &options, kit_decision(kit, which),
		kit_some, seed, &result);
	if (result.state == HEADER_DONE)
		check_lines(&result);
}

static struct kit kit;

static void
test_case(void **state)
{
	const struct expected *e = *state;
	enum kit_case which = (enum kit_case)(e - expected);
	uint64_t seed = 0x9e3779b97f4a7c15u + which;

	for (int i = 0; i < ROUNDS; i++) {
		one_round(&kit, which, &seed);
		noise(&kit, which, &seed);
	}
}

int
main(void)
{
	static struct CMUnitTest tests[KIT_CASES];
	size_t n = 0;
	int failed;

	kit_open(&kit);
	UNIT_ROWS(tests, n, expected, test_case);
	failed = unit_run(tests, n);
	kit_close(&kit);
	return failed;
}
