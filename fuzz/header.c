/*
 * The header block of a program: whole, byte by byte, and by the plain
 * implementation of t/header_plain.h.  Three bytes choose its environment.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "header_plain.h"

FUZZ_TARGET(header)
{
	static struct result whole, bytes;
	static struct kit kit;
	static const size_t caps[] = {64, 200, 1024, 4096};
	struct slice text = fuzz_slice(data, size);
	enum kit_case which = (enum kit_case)(fuzz_byte(&text) % KIT_CASES);
	unsigned bits = fuzz_byte(&text);
	size_t cap = caps[bits >> 4 & 3], body = 0;
	const struct header_options options = {
	    .lenient = bits & 1,
	    .redirect_302 = bits & 2,
	    .keep_transfer_encoding = bits & 4,
	    .server_redirects = bits & 8,
	};
	bool early;

	if (kit.arena == NULL)
		kit_open(&kit);
	/* The limit of the simple one. */
	if (text.len >= TEXT_MAX)
		text.len = TEXT_MAX - 1;
	const struct cors_decision *decision = kit_decision(&kit, which);
	kit_run(text, cap, &options, decision, kit_whole, NULL, &whole);
	kit_run(text, cap, &options, decision, kit_byte, NULL, &bytes);
	kit_same(&whole, &bytes);
	enum header_fault fault =
	    read_plain(text, cap, &options, &early, &body);
	CHECK(whole.fault == fault);
	if (fault != HEADER_FAULT_NONE)
		return 0;
	check_lines(&whole);
	if (early) {
		plain.count = 0;
		plain.status = 0;
	}
	write_plain(which, early, &options);
	CHECK(whole.body == strlen(out));
	CHECK(memcmp(whole.out, out, whole.body) == 0);
	CHECK(whole.len - whole.body == text.len - body);
	CHECK(memcmp(whole.out + whole.body, text.ptr + body,
		     text.len - body) == 0);
	return 0;
}
