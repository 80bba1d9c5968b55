/*
 * The text of a first policy, checked by the loader that will read it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <stdlib.h>

#include "policy/settings.h"

/* ---- checking ---- */

/* Errors, and warnings too if wanted, as "corscheck: init: WHAT: ...". */
static bool
tell(const struct diag_list *diags, const char *what, bool warnings)
{
	bool good = true;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *d = diag_at(diags, i);
		bool is_error = d->severity == SEVERITY_ERROR;
		if (d->severity == SEVERITY_NOTE || (!is_error && !warnings))
			continue;
		good &= !is_error;
		fprintf(stderr, "corscheck: init: %s%s%s%s", what,
			*what == '\0' ? "" : ": ",
			is_error ? "" : "warning: ", d->message);
		if (d->fix != NULL)
			fprintf(stderr, " (did you mean \"%s\"?)", d->fix);
		fprintf(stderr, " [%s]\n", d->id);
	}
	return good;
}

static bool
text_is_good(const struct init_plan *plan, struct slice text, const char *what,
	     bool warnings)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = warnings};
	struct diag_list *diags = diag_list_new();
	bool good = false;

	if (diags != NULL) {
		settings_release(settings_parse(
		    plan->policy != NULL ? plan->policy : "/policy.ini", text,
		    &options, diags));
		good = tell(diags, what, warnings);
	}
	diag_list_free(diags);
	return good;
}

/* Nothing that ends the line, or begins a comment in it. */
static bool
fits_a_line(const char *word, bool blanks)
{
	for (const char *p = word; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
		if (*p == ' ' && (!blanks || p[1] == ';'))
			return false;
	}
	return *word != '\0' && *word != ';';
}

bool
init_word_is_good(const struct init_plan *plan, const char *key,
		  const char *word, const char *what)
{
	bool app = strcmp(key, "exec") == 0 || strcmp(key, "root") == 0 ||
		   strcmp(key, "forward") == 0;
	char *text = NULL;
	size_t len = 0;
	bool good;

	if (!fits_a_line(word, strcmp(key, "exec") == 0)) {
		fprintf(stderr,
			"corscheck: init: %s: is empty, or has a blank, a "
			"control byte or a comment in it\n",
			what);
		return false;
	}
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return false;
	if (app)
		fprintf(out, "[app]\n%s = %s\n", key, word);
	fprintf(out, "[cors]\n");
	if (strcmp(key, "origins") != 0)
		fprintf(out, "origins = https://app.example.com\n");
	if (!app)
		fprintf(out, "%s = %s\n", key, word);
	good = fclose(out) == 0 &&
	       text_is_good(plan, slice_of(text, len), what, true);
	free(text);
	return good;
}

bool
init_policy_is_good(const struct init_plan *plan)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool good = false;

	if (out == NULL)
		return false;
	init_policy_write(plan, out);
	if (fclose(out) == 0)
		good = text_is_good(plan, slice_of(text, len), "", false);
	free(text);
	return good;
}

/* ---- writing ---- */

static void
write_list(FILE *out, const char *key, const struct words *words,
	   const char *example)
{
	if (words->count == 0)
		fprintf(out, "; %-11s = %s\n", key, example);
	/* A line each: they are limited to 198 bytes. */
	for (size_t i = 0; i < words->count; i++)
		fprintf(out, "%-13s = %s\n", key, words->at[i]);
}

static void
write_app(const struct init_plan *plan, FILE *out)
{
	fprintf(out, "[app]\n");
	switch (plan->app) {
	case INIT_APP_EXEC:
		fprintf(out,
			"; The program behind it, with its arguments.  It "
			"needs to know nothing of CORS.\n"
			"exec          = %s\n",
			plan->app_value);
		break;
	case INIT_APP_FORWARD:
		fprintf(out,
			"; The FastCGI application behind it.\n"
			"forward       = %s\n",
			plan->app_value);
		break;
	case INIT_APP_ROOT:
	case INIT_APP_UNSET:
		fprintf(out,
			"; The scripts that the web server names, if they lie "
			"in or below this folder.\n"
			"; Those that are not executable need a line in "
			"[handlers].\n");
		if (plan->app_value != NULL)
			fprintf(out, "root          = %s\n", plan->app_value);
		fprintf(out, "\n; [handlers]\n"
			     "; .pl  = /usr/bin/perl\n"
			     "; .php = /usr/bin/php-cgi\n");
		break;
	}
}

void
init_policy_write(const struct init_plan *plan, FILE *out)
{
	fprintf(out,
		"; A policy of corswrap.  corswrap.ini(5) has every key; after "
		"a change let\n"
		"; `corscheck lint` look at it.\n\n");
	write_app(plan, out);
	fprintf(out,
		"\n[cors]\n"
		"; The pages that may call: scheme, host and port, no path and "
		"no / at the end.\n"
		"; https://*.example.com covers every subdomain.\n");
	write_list(out, "origins", &plan->origins, "https://app.example.com");
	fprintf(out,
		"; What their scripts may send beside GET, HEAD and POST.\n");
	write_list(out, "methods", &plan->methods, "PUT DELETE");
	fprintf(out, "; Headers that they may set; JSON needs Content-Type.\n");
	write_list(out, "headers", &plan->headers,
		   "Content-Type Authorization");
	fprintf(out,
		"; Headers of the answer that they may read beside the usual "
		"ones.\n"
		"; expose      = X-Total-Count\n"
		"; Whether they may send the visitor's cookies and logins.\n"
		"credentials   = %s\n"
		"; For how many seconds browsers remember what is allowed.\n"
		"max-age       = 600\n",
		plan->credentials ? "yes" : "no");
}
