/*
 * A hostile program: its output goes through the relay to the client, in a
 * process of its own.  The program is cat(1), and writes the request's body.
 * The first byte: HEAD; and whether the program dies by a signal at the end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "whole.h"

#include "run/child.h"

#define POLICY "[cors]\norigins = https://a.example\n[app]\n"

FUZZ_TARGET(relay)
{
	static struct settings *cat, *dies;
	static struct whole whole;
	struct slice text = fuzz_slice(data, size);
	unsigned how = fuzz_byte(&text);
	bool head = (how & 1) != 0, killed = (how & 6) == 6;

	if (size > WHOLE_INPUT_MAX)
		return 0;
	if (cat == NULL) {
		child_prepare();
		cat = whole_settings(POLICY "exec = /bin/cat\n");
		dies = whole_settings(
		    POLICY "exec = /bin/sh -c 'cat; kill -KILL $$'\n");
	}
	whole_run(&whole, killed ? dies : cat, head, text);
	whole_check(&whole, head, text);
	CHECK(whole.exchange.outcome.ran);
	return 0;
}
