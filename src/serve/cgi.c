/*
 * Plain CGI: one request from the environment, standard input and output.
 *
 * The path to a preflight's response is short on purpose: read the policy,
 * decide, one write.  A user who has only a browser must be able to fix an
 * invalid policy, so the response has the lines and ids of its errors, but no
 * other part of the policy.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/cgi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/executable.h"
#include "base/os.h"
#include "run/answer.h"
#include "run/log.h"
#include "serve/cgi_io.h"
#include "serve/locate.h"
#include "serve/prepend.h"
#include "serve/respond.h"

enum {
	PATH_ROOM = 4096,
	DIAGNOSTICS_SHOWN = 100, /* in the response; the log has them all */
	LINE_ROOM = 64		 /* bytes of each */
};

struct cgi {
	struct exchange x; /* must be first: watch casts it back */
	const struct settings *settings;
	struct scratch scratch;
	struct cgi_sink sink;
	char policy[PATH_ROOM];
	struct executable self;
};

static void
set_up(struct cgi *c, const char *script, char **environment)
{
	const char *protocol;

	cgi_sink_init(&c->sink);
	c->scratch = (struct scratch){0};
	c->x = (struct exchange){.variables = environment,
				 .server_script = slice_from(script),
				 .in = &c->sink.source,
				 .out = &c->sink.sink,
				 .scratch = &c->scratch,
				 .self = &c->self,
				 .stop_fd = -1,
				 .outcome = {.policy = -1}};
	if (!nph_wanted(environment))
		return;
	c->x.nph = c->sink.nph = true;
	protocol = variables_find(environment, "SERVER_PROTOCOL");
	if (protocol != NULL && strcmp(protocol, "HTTP/1.0") == 0)
		c->sink.protocol = "HTTP/1.0";
}

/* A policy that cannot be used: no CORS header, and a body that helps the
 * author of the policy, but not an attacker. */
static int
answer_bad(struct cgi *c, const char *body)
{
	answer_error(&c->x, NULL, 500, body);
	c->sink.sink.flush(&c->sink.sink);
	return 1;
}

static int
no_policy(struct cgi *c)
{
	char quoted[PATH_ROOM];

	c->x.log = log_new(STDERR_FILENO);
	if (c->x.log != NULL)
		log_event(
		    c->x.log, LOG_LEVEL_ERROR, "no-policy", NULL,
		    "put the policy beside the program under the program's "
		    "name with .ini, or name it in CORSWRAP_CONFIG",
		    "there is no policy file; the last one looked for is %s",
		    log_quote(slice_from(c->policy), quoted, sizeof(quoted)));
	answer_bad(c, "[no-policy]");
	log_free(c->x.log);
	return 1;
}

/* There is no memory, not even for a log line. */
static int
no_memory(struct cgi *c)
{
	(void)fputs("corswrap: out of memory [no-memory]\n", stderr);
	return answer_bad(c, "[no-memory]");
}

/* Write "LINE: [ID]", or "[ID]" if the diagnostic has no line. */
static size_t
show(char line[static LINE_ROOM], const struct diag *d)
{
	int len = d->line == 0 ? snprintf(line, LINE_ROOM, "[%.40s]\n", d->id)
			       : snprintf(line, LINE_ROOM, "%u: [%.40s]\n",
					  d->line, d->id);

	return (size_t)len;
}

/* Respond with the errors of the policy, each on a line of its own. */
static int
bad_policy(struct cgi *c, struct diag_list *list)
{
	char body[DIAGNOSTICS_SHOWN * LINE_ROOM];
	size_t len = 0, shown = 0;

	body[0] = '\0';
	for (size_t i = 0; i < diag_total(list); i++) {
		const struct diag *d = diag_at(list, i);

		if (d->severity != SEVERITY_ERROR)
			continue;
		if (shown++ == DIAGNOSTICS_SHOWN)
			break;
		len += show(body + len, d);
	}
	diag_print(list, stderr);
	return len == 0 ? no_memory(c) : answer_bad(c, body);
}

/*
 * Can the program inherit our standard input?  Only if it is a file that
 * contains exactly the body: lighttpd spools bodies to such a file.
 */
static int
direct_input(char *const *variables)
{
	const char *length = variables_find(variables, "CONTENT_LENGTH");
	struct stat st;
	char *end;
	off_t at;

	if (length == NULL || length[0] < '0' || length[0] > '9' ||
	    fstat(STDIN_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	if (at != 0 || strtoll(length, &end, 10) != st.st_size || *end != '\0')
		return -1;
	return STDIN_FILENO;
}

/*
 * A program may run from now on, so a signal that ends this process must reach
 * the program's process group, too.  Neither a preflight needs a handler for
 * that, nor a program that replaces this process: it is enough to kill it.
 */
static void
watch(struct exchange *x)
{
	struct cgi *c = (struct cgi *)x;
	const struct app *app = &c->settings->app;

	os_open_standard();
	c->sink.source.fd = direct_input(x->variables);
	cgi_sink_bound(&c->sink, app);
	if (app->inject == INJECT_PREPEND && prepend_possible(x))
		return;
	if (cgi_sink_watch(&c->sink, app) != 0)
		log_event(x->log, LOG_LEVEL_WARNING, "no-signals", NULL, NULL,
			  "cannot make a pipe: %s", strerror(errno));
	x->stop_fd = c->sink.stop[0];
	x->until = c->sink.until;
}

static int
serve(struct cgi *c, struct settings *settings)
{
	c->x.log = log_new(STDERR_FILENO);
	if (c->x.log == NULL)
		return no_memory(c);
	if (log_configure(c->x.log, &settings->server) != 0)
		log_event(c->x.log, LOG_LEVEL_ERROR, "log-file", NULL,
			  "make it writable by the web server's user",
			  "cannot open log-file: %s", strerror(errno));
	c->settings = settings;
	c->x.will_block = watch;
	respond(settings, &c->x);
	if (c->sink.sink.flush(&c->sink.sink) != 0)
		c->sink.broken = true;
	log_free(c->x.log);
	return c->sink.broken ? 1 : c->sink.exit_status;
}

static int
load_and_serve(struct cgi *c, const struct load_options *options)
{
	struct diag_list *list = diag_list_new();
	struct settings *settings;
	int status;

	if (list == NULL)
		return no_memory(c);
	settings = settings_load(c->policy, options, list);
	if (settings == NULL) {
		status = bad_policy(c, list);
	} else {
		status = serve(c, settings);
		settings_release(settings);
	}
	diag_list_free(list);
	return status;
}

int
cgi_run(const struct load_options *options, int argc, char **argv,
	char **environment)
{
	struct cgi c;
	int status;

	set_up(&c, started_with_script(argc, argv), environment);
	(void)locate_program(&c.self, argc > 0 ? argv[0] : NULL);
	if (locate_policy(NULL, &c.self, c.policy, sizeof(c.policy)) != 0)
		status = no_policy(&c);
	else
		status = load_and_serve(&c, options);
	cgi_sink_close(&c.sink);
	scratch_free(&c.scratch);
	return status;
}
