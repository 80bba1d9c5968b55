/*
 * corscheck probe: the same walk as explain, with a live server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "probe/probe.h"

/* CORSCHECK_TIMEOUT: seconds that an answer may take. */
enum { SECONDS = 30, SECONDS_MAX = 3600 };

/* 0: it is no such number, and that has been said. */
static long
read_seconds(void)
{
	const char *text = getenv("CORSCHECK_TIMEOUT");
	char *end;
	long seconds;

	if (text == NULL || *text == '\0')
		return SECONDS;
	seconds = strtol(text, &end, 10);
	if (*end == '\0' && seconds >= 1 && seconds <= SECONDS_MAX)
		return seconds;
	fprintf(stderr,
		"corscheck: CORSCHECK_TIMEOUT is a number of seconds from 1 to "
		"%d\n",
		SECONDS_MAX);
	return 0;
}

int
probe_command(const struct command *command, int argc, char **argv)
{
	struct probe_client *client = NULL;
	struct explanation e;
	struct ask ask;
	int status = ask_read(&ask, command, ASK_URL_ARGUMENT, argc, argv);
	long seconds = 0;

	if (status == ASK_GO_ON) {
		seconds = read_seconds();
		if (seconds == 0)
			status = CHECK_USAGE;
	}
	if (status == ASK_GO_ON) {
		client = probe_client_new(seconds);
		if (client == NULL) {
			fprintf(stderr, "corscheck: no memory\n");
			status = CHECK_USAGE;
		}
	}
	if (status == ASK_GO_ON) {
		explain_begin(&e, ask.arena, &ask.question);
		probe(&e, client);
		status = ask_tell(&e, ask.json);
	}
	probe_client_free(client);
	ask_free(&ask);
	return status;
}
