/*
 * corscheck init on a terminal: four questions, each until its answer is one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A line without blanks around it, in the arena; what is empty becomes the
 * default, if there is one.  NULL: the input has ended. */
static const char *
answer(struct init_plan *plan, const char *otherwise)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	const char *text = NULL;

	if (otherwise == NULL)
		fputs(": ", stderr);
	else
		fprintf(stderr, " [%s]: ", otherwise);
	len = getline(&line, &room, stdin);
	if (len >= 0) {
		size_t end = strlen(line), start = strspn(line, " \t\r\n");
		while (end > start && strchr(" \t\r\n", line[end - 1]) != NULL)
			end--;
		text = arena_text(plan->arena,
				  slice_of(line + start, end - start));
		if (text != NULL && *text == '\0' && otherwise != NULL)
			text = otherwise;
	} else {
		fputc('\n', stderr);
	}
	free(line);
	return text;
}

static bool
ask_server(struct init_plan *plan)
{
	fprintf(stderr, "1. Which web server?\n");
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		fprintf(stderr, "     %-13s %s\n", s->name, s->purpose);
	while (plan->server == NULL) {
		const char *text = answer(plan, init_servers[0].name);
		if (text == NULL)
			return false;
		plan->server = init_server_find(text);
		if (plan->server == NULL)
			fprintf(stderr, "   One of these names, please");
	}
	return true;
}

static bool
ask_origins(struct init_plan *plan)
{
	fprintf(stderr, "2. Which pages may call it?  Their origins: scheme "
			"and host, as\n"
			"   https://app.example.com; https://*.example.com for "
			"subdomains; * for all");
	while (plan->origins.count == 0) {
		const char *text = answer(plan, NULL);
		bool good = true;
		if (text == NULL)
			return false;
		words_split(plan, &plan->origins, text);
		for (size_t i = 0; i < plan->origins.count; i++)
			good &= init_word_is_good(plan, "origins",
						  plan->origins.at[i],
						  plan->origins.at[i]);
		if (good && plan->origins.count > 0)
			break;
		plan->origins.count = 0;
		fprintf(stderr, "   Once more, all of them");
	}
	return true;
}

static bool
ask_credentials(struct init_plan *plan)
{
	fprintf(stderr,
		"3. May they send the visitor's cookies and logins? (yes, no)");
	for (;;) {
		const char *text = answer(plan, "no");
		if (text == NULL)
			return false;
		plan->credentials = *text == 'y' || *text == 'Y';
		if ((plan->credentials || *text == 'n' || *text == 'N') &&
		    init_policy_is_good(plan))
			return true;
		plan->credentials = false;
		fprintf(stderr, "   yes or no");
	}
}

enum init_app
init_app_of(const char *text)
{
	struct stat st;
	size_t len = strlen(text);

	if (strncmp(text, "unix:", 5) == 0 || strncmp(text, "tcp:", 4) == 0)
		return INIT_APP_FORWARD;
	if ((len > 0 && text[len - 1] == '/') ||
	    (stat(text, &st) == 0 && S_ISDIR(st.st_mode)))
		return INIT_APP_ROOT;
	return INIT_APP_EXEC;
}

static bool
ask_app(struct init_plan *plan)
{
	static const char *const keys[] = {
	    [INIT_APP_EXEC] = "exec",
	    [INIT_APP_ROOT] = "root",
	    [INIT_APP_FORWARD] = "forward",
	};

	fprintf(stderr, "4. What answers?  A program (/srv/app/report.pl), a "
			"folder of scripts, or a\n"
			"   FastCGI application "
			"(unix:/run/php/php-fpm.sock, tcp:127.0.0.1:9000)");
	for (;;) {
		const char *text = answer(plan, init_default_root(plan));
		enum init_app app;
		if (text == NULL)
			return false;
		app = *text == '/' || strchr(text, ':') != NULL
			  ? init_app_of(text)
			  : INIT_APP_UNSET;
		if (app == INIT_APP_UNSET) {
			fprintf(stderr, "   A path that begins with /");
		} else if (init_word_is_good(plan, keys[app], text, text)) {
			plan->app = app;
			plan->app_value = text;
			return true;
		} else {
			fprintf(stderr, "   Once more");
		}
	}
}

bool
init_ask(struct init_plan *plan)
{
	if (plan->server == NULL && !ask_server(plan))
		return false;
	if (plan->origins.count == 0 && !ask_origins(plan))
		return false;
	if (!plan->credentials_known && !ask_credentials(plan))
		return false;
	return plan->app != INIT_APP_UNSET || ask_app(plan);
}
