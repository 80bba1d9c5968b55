/*
 * Regular expressions in the one-file page: cors/regex.h with the browser's
 * RegExp instead of PCRE2.
 *
 * Not all expressions mean the same in both: the page says that its results
 * about expressions are approximate.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cors/regex.h"

#include <stdlib.h>

#include "onefile/browser.h"

struct regex {
	int number;
	bool names_file;
};

/* Matching needs no scratch; but for the callers NULL means "no memory". */
struct regex_scratch {
	char unused;
};

struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	struct regex *regex = calloc(1, sizeof(*regex));

	if (error_cap > 0)
		error[0] = '\0';
	if (regex == NULL)
		return NULL;
	regex->number =
	    browser_regex_compile(pattern.ptr, pattern.len, error, error_cap);
	regex->names_file = pattern.len > 0 &&
			    memmem(pattern.ptr, pattern.len, "file", 4) != NULL;
	if (regex->number >= 0)
		return regex;
	free(regex);
	return NULL;
}

void
regex_free(struct regex *regex)
{
	free(regex);
}

struct regex_scratch *
regex_scratch_new(void)
{
	return calloc(1, sizeof(struct regex_scratch));
}

void
regex_scratch_free(struct regex_scratch *scratch)
{
	free(scratch);
}

bool
regex_match(const struct regex *regex, struct slice subject,
	    struct regex_scratch *scratch)
{
	if (scratch == NULL)
		return false;

	/* As in cors/regex.c. */
	if (!regex->names_file && slice_eq(subject, SLICE("file://")))
		return false;
	return browser_regex_match(regex->number, subject.ptr, subject.len);
}
