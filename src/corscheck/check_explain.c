/*
 * corscheck explain: what a browser will do with a request under a policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/ask.h"

#include <stdlib.h>

/* NULL: it has errors or could not be read, and that has been said. */
static struct settings *
load(const char *file)
{
	const struct load_options options = {.use = LOAD_LINT};
	struct diag_list *diags = diag_list_new();
	struct settings *settings;

	if (diags == NULL) {
		fprintf(stderr, "corscheck: no memory\n");
		return NULL;
	}
	settings = settings_load(file, &options, diags);
	if (settings == NULL)
		diag_print(diags, stderr);
	diag_list_free(diags);
	return settings;
}

int
explain_command(const struct command *command, int argc, char **argv)
{
	struct settings *settings = NULL;
	struct explanation e;
	struct ask ask;
	int status = ask_read(&ask, command, ASK_URL_OPTION, argc, argv);

	if (status == ASK_GO_ON && ask.policy != NULL) {
		settings = load(ask.policy);
		if (settings == NULL)
			status = CHECK_USAGE;
	}
	if (status == ASK_GO_ON) {
		explain_begin(&e, ask.arena, &ask.question);
		/* As the web server would set it for corswrap. */
		explain_by_policy(&e, settings,
				  slice_from(getenv("CORSWRAP_POLICY")));
		status = ask_tell(&e, ask.json);
	}
	settings_release(settings);
	ask_free(&ask);
	return status;
}
