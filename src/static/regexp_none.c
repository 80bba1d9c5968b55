/*
 * No regular expressions: the static CGI program has no PCRE2, and says so
 * when a policy wants them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/regex.h"

struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	static const char why[] = "this program is built without PCRE2";

	(void)pattern;
	if (error_cap > 0) {
		size_t len = sizeof(why) - 1;

		if (len > error_cap - 1)
			len = error_cap - 1;
		memcpy(error, why, len);
		error[len] = '\0';
	}
	return NULL;
}

void
regex_free(struct regex *regex)
{
	(void)regex;
}

struct regex_scratch *
regex_scratch_new(void)
{
	return NULL;
}

void
regex_scratch_free(struct regex_scratch *scratch)
{
	(void)scratch;
}

bool
regex_match(const struct regex *regex, struct slice subject,
	    struct regex_scratch *scratch)
{
	(void)regex;
	(void)subject;
	(void)scratch;
	return false;
}
