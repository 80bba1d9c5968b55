/*
 * corscheck probe: the same walk as explain, with a live server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "ask.h"

#include <stdlib.h>

#include "probe.h"

/* CORSCHECK_TIMEOUT: seconds that an answer may take. */
enum { SECONDS = 30, SECONDS_MAX = 3600 };

static long
read_seconds(void)
{
	const char *text = getenv("CORSCHECK_TIMEOUT");
	long seconds = text == NULL ? SECONDS : strtol(text, NULL, 10);

	return seconds < 1 || seconds > SECONDS_MAX ? SECONDS : seconds;
}

int
probe_command(const struct command *command, int argc, char **argv)
{
	struct probe_client *client = NULL;
	struct explanation e;
	struct ask ask;
	int status = ask_read(&ask, command, ASK_URL_ARGUMENT, argc, argv);

	if (status == ASK_GO_ON) {
		client = probe_client_new(read_seconds());
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
